"""Copies of objects that are not shown as they are stored: which need one, and how it is made without risk."""

import subprocess
import sys
from pathlib import Path

from consult.domain.errors import Broken, Words
from consult.formats.dicom import DEFLATED
from consult.formats.frames import misread_by_browsers

TIMEOUT_S = 60.0
MEMORY_MB = 2048
NOT_SHOWN = Words("该影像的像素数据无法解码。", "The pixels of this image cannot be decoded.")
_REWRITE = """
import resource, sys
from pathlib import Path
memory = int(sys.argv[2]) << 20
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
from consult.formats.transcoding import to_explicit
sys.stdout.buffer.write(to_explicit(Path(sys.argv[1])))
"""


def shown_from_copy(transfer_syntax: str, bits_allocated: int | None) -> bool:
    """Whether the frames of an object are given out of its ``explicit_copy``.

    A deflated object cannot be sent frame by frame, and browsers misread some lossy JPEG.
    """
    return transfer_syntax == DEFLATED or misread_by_browsers(transfer_syntax, bits_allocated)


def copy_name(sha256: str) -> str:
    """The name of an object's copy in the cache."""
    return f"explicit/{sha256[:2]}/{sha256}"


def explicit_copy(path: Path) -> bytes:
    """The object in Explicit VR Little Endian with plain pixels, made by a process of its own, bounded.

    A process an object takes half a second, and few objects need one. Raises Broken where the pixels cannot be decoded.
    """
    root = str(Path(__file__).parents[2])
    try:
        done = subprocess.run(
            [sys.executable, "-c", _REWRITE, str(path.absolute()), str(MEMORY_MB)],
            env={"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Broken(NOT_SHOWN) from error
    return done.stdout
