"""Pictures from anybody, made small: decoded in a bounded process only, drawn anew so that nothing else comes along."""

import io
from pathlib import Path

from consult.domain.errors import Broken, Words

LONGEST = 1024  # pixels on a side
MOST_PIXELS = 120_000_000
_FORMATS = {"jpeg": "JPEG", "png": "PNG"}
UNREADABLE = Words("图片无法读取，请重新导出后上传。", "The picture cannot be read; export it again, then upload.")


def shrink(path: Path, kind: str) -> bytes:
    """The picture (``jpeg`` or ``png``) upright as a JPEG of at most 1024 pixels a side, without its metadata.

    Raises Broken where it cannot be decoded to the end, or has more than 120 million pixels.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(path, formats=[_FORMATS[kind]]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Broken(UNREADABLE)
            image.draft("RGB", (LONGEST, LONGEST))
            image.load()
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Broken(UNREADABLE) from error
    upright.thumbnail((LONGEST, LONGEST))
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=82)
    return out.getvalue()
