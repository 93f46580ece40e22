"""Decodes frames, and encodes them losslessly for the viewer; for the worker alone, never in a door."""

import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consult.domain.errors import Broken, Words
from consult.formats.dicom import EXPLICIT, open_dicom
from consult.formats.frames import frame_table, inflated_copy, read_frame
from consult.formats.instances import Values, is_video
from consult.formats.names import Charset
from consult.formats.sources import broken

Image = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """How stored values lie in a decoded frame."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    planar: bool  # colours one plane after the other
    photometric: str
    float_width: int  # 32 or 64 for float pixel data, else 0


def layout_of(path: Path) -> Layout:
    """The pixel layout that a file declares; the reading of the file checked it."""
    with open_dicom(path) as opened:
        values = Values(opened.data, Charset(), opened.encoding.big)
        bits = values.whole(0x00280100) or 8
        return Layout(
            rows=values.whole(0x00280010) or 0,
            columns=values.whole(0x00280011) or 0,
            samples=values.whole(0x00280002) or 1,
            bits_allocated=bits,
            bits_stored=values.whole(0x00280101) or bits,
            signed=values.whole(0x00280103) == 1,
            planar=values.whole(0x00280006) == 1,
            photometric=values.text(0x00280004),
            float_width=32 if 0x7FE00008 in opened.data else 64 if 0x7FE00009 in opened.data else 0,
        )


def decode(raw: bytes, transfer_syntax: str, layout: Layout) -> tuple[Image, str]:
    """One frame's stored values and the photometric interpretation they then have.

    An array of rows × columns, or rows × columns × 3 for colour, in the smallest type that holds the stored bits;
    YBR is turned into RGB. Raises Broken where the codestream is damaged or of a kind that nothing here reads.
    """
    if is_video(transfer_syntax):
        raise broken("视频不能逐帧解码。", "Video is not decoded frame by frame.")
    decoder = _DECODERS.get(transfer_syntax)
    if decoder is None:
        raise broken("暂不支持该压缩格式。", "This compression is not supported.")
    try:
        values, photometric = decoder(raw, layout)
        shape = (layout.rows, layout.columns, layout.samples) if layout.samples > 1 else (layout.rows, layout.columns)
        return _as_declared(values.reshape(shape), layout), photometric
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise Broken(
            Words("压缩图像已损坏，无法解码。", "The compressed image is damaged and cannot be decoded.")
        ) from error


def _jpeg(raw: bytes, layout: Layout) -> tuple[Image, str]:
    """Lossy JPEG. Colour is YCbCr unless the header says RGB; what the stream says of itself is often wrong."""
    import imagecodecs

    if layout.samples == 1:
        return imagecodecs.jpeg8_decode(raw), layout.photometric
    space = "RGB" if layout.photometric == "RGB" else "YCBCR"
    return imagecodecs.jpeg8_decode(raw, colorspace=space, outcolorspace="RGB"), "RGB"


def _jpeg_lossless(raw: bytes, layout: Layout) -> tuple[Image, str]:
    import imagecodecs

    return _ybr_to_rgb(imagecodecs.ljpeg_decode(raw), layout.photometric)


def _jpeg_ls(raw: bytes, layout: Layout) -> tuple[Image, str]:
    import imagecodecs

    return _ybr_to_rgb(imagecodecs.jpegls_decode(raw), layout.photometric)


def _jpeg_2000(raw: bytes, layout: Layout) -> tuple[Image, str]:
    """JPEG 2000 and HTJ2K; YBR_RCT and YBR_ICT are undone by the codec (PS3.5 §8.2.4)."""
    import imagecodecs

    return imagecodecs.jpeg2k_decode(raw), "RGB" if layout.photometric.startswith("YBR") else layout.photometric


def _jpeg_xl(raw: bytes, layout: Layout) -> tuple[Image, str]:
    import imagecodecs

    return imagecodecs.jpegxl_decode(raw), layout.photometric


def _rle(raw: bytes, layout: Layout) -> tuple[Image, str]:
    """PS3.5 Annex G; its planes come one after the other."""
    import imagecodecs

    kind = np.dtype(f"<u{layout.bits_allocated // 8}")
    values = np.frombuffer(imagecodecs.dicomrle_decode(raw, kind), kind)
    planes = values.reshape(layout.samples, layout.rows, layout.columns)
    return _ybr_to_rgb(planes[0] if layout.samples == 1 else np.moveaxis(planes, 0, -1), layout.photometric)


def _native(raw: bytes, layout: Layout) -> tuple[Image, str]:
    size = layout.rows * layout.columns * layout.samples
    if layout.float_width:
        return np.frombuffer(raw, f"<f{layout.float_width // 8}", size), layout.photometric
    if layout.bits_allocated == 1:
        return np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[:size], layout.photometric
    if layout.photometric == "YBR_FULL_422" and layout.samples == 3:
        return _ybr_to_rgb(_spread_422(raw, layout), "YBR_FULL")
    values = np.frombuffer(raw, f"<u{layout.bits_allocated // 8}", size)
    if layout.samples > 1 and layout.planar:
        values = np.moveaxis(values.reshape(layout.samples, layout.rows, layout.columns), 0, -1)
    return _ybr_to_rgb(values.reshape(layout.rows, layout.columns, -1), layout.photometric)


def _spread_422(raw: bytes, layout: Layout) -> Image:
    """Y Y Cb Cr of two neighbours to Y Cb Cr of each (PS3.3 §C.7.6.3.1.2)."""
    pairs = np.frombuffer(raw, np.uint8, layout.rows * layout.columns * 2).reshape(-1, 4)
    spread = np.stack([pairs[:, [0, 2, 3]], pairs[:, [1, 2, 3]]], axis=1)
    return spread.reshape(layout.rows, layout.columns, 3)


def _ybr_to_rgb(values: Image, photometric: str) -> tuple[Image, str]:
    """Colour space of PS3.3 §C.7.6.3.1.2, full range; other values pass."""
    if photometric not in ("YBR_FULL", "YBR_FULL_422") or values.ndim != 3:
        return values, photometric
    y, cb, cr = (values[..., plane].astype(np.float32) for plane in range(3))
    rgb = np.stack(
        [y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), y + 1.772 * (cb - 128)], axis=-1
    )
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8), "RGB"


def _as_declared(values: Image, layout: Layout) -> Image:
    """Stored values with the sign and width that the header declares, whatever the codestream said of itself."""
    if values.dtype.kind == "f" or layout.bits_allocated == 1:
        return np.ascontiguousarray(values)
    width = max(8, 1 << (layout.bits_allocated - 1).bit_length())
    kept = values.astype(f"<u{width // 8}") if values.dtype.itemsize * 8 != width else values.view(f"u{width // 8}")
    spare = width - layout.bits_stored
    if not layout.signed:
        mask = (1 << layout.bits_stored) - 1
        return np.ascontiguousarray(kept & mask if spare else kept)
    return np.ascontiguousarray((kept << spare).view(f"i{width // 8}") >> spare)


_DECODERS: dict[str, Callable[[bytes, Layout], tuple[Image, str]]] = {
    EXPLICIT: _native,
    "1.2.840.10008.1.2.5": _rle,
    **{f"1.2.840.10008.1.2.4.{tail}": _jpeg for tail in (50, 51, 53, 55)},
    **{f"1.2.840.10008.1.2.4.{tail}": _jpeg_lossless for tail in (57, 70)},
    **{f"1.2.840.10008.1.2.4.{tail}": _jpeg_ls for tail in (80, 81)},
    **{f"1.2.840.10008.1.2.4.{tail}": _jpeg_2000 for tail in (90, 91, 92, 93, 201, 202, 203)},
    **{f"1.2.840.10008.1.2.4.{tail}": _jpeg_xl for tail in (110, 111, 112)},
}


@contextmanager
def seekable(path: Path) -> Generator[Path]:
    """The file itself, or a passing inflated copy of a deflated one, in which frames can be found by offset."""
    with open_dicom(path) as opened:
        deflated = opened.inflated
    if not deflated:
        yield path
        return
    with tempfile.NamedTemporaryFile() as copy:
        copy.write(inflated_copy(path))
        copy.flush()
        yield Path(copy.name)


def decode_frame(path: Path, frame: int) -> tuple[Image, str]:
    """Frame ``frame`` (from 1) of a file: its stored values and their photometric interpretation."""
    with seekable(path) as place:
        table = frame_table(place)
        return decode(read_frame(place, table, frame), table.transfer_syntax, layout_of(place))


def to_htj2k(frame: Image) -> bytes:
    """A frame as lossless HTJ2K codestream in RPCL order with tile-part lengths, syntax 1.2.840.10008.1.2.4.202.

    A viewer can show it from its first bytes on. ``frame`` is rows × columns (× 3), of 8 or 16 bits. Raises Broken
    unless decoding gives back exactly what went in.
    """
    import imagecodecs

    if frame.dtype.kind not in "ui" or frame.dtype.itemsize > 2:
        raise broken("该像素类型不能转为 HTJ2K。", "Pixels of this kind are not encoded as HTJ2K.")
    tile_parts = imagecodecs.HTJ2K.TILEPART.RESOLUTIONS
    encoded = bytes(imagecodecs.htj2k_encode(frame, reversible=True, tlm=True, tilepart=tile_parts))
    back = imagecodecs.htj2k_decode(encoded)
    if back.shape != frame.shape or not np.array_equal(back, frame):
        raise broken("HTJ2K 编码后与原图不一致。", "The HTJ2K copy does not equal the original.")
    return encoded
