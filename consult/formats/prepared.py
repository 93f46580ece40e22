"""Frames made ready for viewers: lossless HTJ2K, each in the multipart wrapping in which it is sent, a file a frame."""

import os
import re
from pathlib import Path

from consult.domain.errors import Broken, Words
from consult.formats.dicom import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT
from consult.formats.frames import HTJ2K_LOSSLESS_RPCL, frame_table, read_frame
from consult.formats.servants import Servant, Undone, serve_requests

MEDIA_TYPE = "image/jphc"
MEMORY_MB = 2048
STUDIES = "studies"  # folder of the cache in which each study has one
TIMEOUT_S = 120.0  # a multi-frame object is one job
LARGEST_FRAME = 512 << 20  # bytes of one file that the process may write
NOT_MADE = Words("该影像无法预先转换，将按原样提供。", "The image cannot be made ready; it is given as it is stored.")

# What gains by it and loses nothing: pixels without compression, or in a lossless one that browsers decode slowly.
_WORTH_IT = frozenset(
    {IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, "1.2.840.10008.1.2.5"}
    | {f"1.2.840.10008.1.2.4.{tail}" for tail in ("57", "70", "80", "90")}
)


def worth_preparing(transfer_syntax: str, frames: int | None, bits_allocated: int | None) -> bool:
    """Whether an object's frames may be had as HTJ2K: it holds images of 8 or 16 bits, lossless, and not so already."""
    return bool(frames) and bits_allocated in (8, 16) and transfer_syntax in _WORTH_IT


BOUNDARY = "consult-frame-8c1f6f1b5f0e4a0d9d0c7b52e3a964d1"
"""Between the parts of every body: the same for all, so that a server in front can name it without asking us."""
CONTENT_TYPE = f'multipart/related; type="{MEDIA_TYPE}"; boundary={BOUNDARY}'
"""The media type of a prepared frame as a body (PS3.18 §8.6.1.2)."""
_LEAD = f"--{BOUNDARY}\r\nContent-Type: {MEDIA_TYPE}; transfer-syntax={HTJ2K_LOSSLESS_RPCL}\r\n\r\n".encode()
_END = f"\r\n--{BOUNDARY}--\r\n".encode()
_AS_A_NAME = re.compile(r"[0-9][0-9.]{0,63}")  # never ``.`` or ``..``; the server in front asks for the same


def object_name(folder: str, series_uid: str, sop_uid: str) -> str | None:
    """The name in the cache under which a study's ``folder`` holds an object's frames; None for UIDs that are no names.

    A frame's name is this, ``-`` and its number.
    """
    if not (_AS_A_NAME.fullmatch(series_uid) and _AS_A_NAME.fullmatch(sop_uid)):
        return None
    return f"{STUDIES}/{folder}/{series_uid}/{sop_uid}"


def frame_of(name: Path, frame: int) -> Path:
    """The file of a frame of the object of that name, 1 being the first."""
    return name.with_name(f"{name.name}-{frame}")


def codestream(size: int) -> tuple[int, int]:
    """Offset and length of the codestream in a prepared file of ``size`` bytes."""
    return len(_LEAD), size - len(_LEAD) - len(_END)


class FrameMaker(Servant):
    """A process that makes objects' frames ready, one object at a time. A context manager; for one thread."""

    def __init__(self) -> None:
        super().__init__("prepared", TIMEOUT_S)

    def make(self, path: Path, name: Path) -> int:
        """Write every frame of the object at ``path``, as ``frame_of`` names them; how many were not there before.

        Each was decoded again and equals the original bit for bit. Raises Broken where that cannot be had; what is
        missing is then given as it is stored.
        """
        try:
            return int(self.ask(str(path.absolute()), str(name.absolute())))
        except Undone as impossible:
            raise Broken(NOT_MADE) from impossible


def serve() -> None:
    """The process; whoever waits for an answer goes before it."""
    os.nice(5)
    serve_requests(lambda path, name: b"%d" % make_frames(Path(path), Path(name)), MEMORY_MB, LARGEST_FRAME)


def make_frames(path: Path, name: Path) -> int:
    """What ``FrameMaker.make`` does, in this process."""
    from consult.formats.pixels import decode, layout_of, seekable, to_htj2k

    made = 0
    with seekable(path) as place:
        table, layout = frame_table(place), layout_of(place)
        if layout.samples > 1 and layout.photometric != "RGB":
            raise Broken(NOT_MADE)  # decoding would turn its colours, and the header tells a viewer to turn them again
        for number in range(1, table.frames + 1):
            target = frame_of(name, number)
            if target.exists():
                continue
            pixels, _ = decode(read_frame(place, table, number), table.transfer_syntax, layout)
            squeezed = to_htj2k(pixels)
            if BOUNDARY.encode() in squeezed:  # somebody drew it: a reader would take it for the end
                raise Broken(NOT_MADE)
            _write_whole(target, _LEAD + squeezed + _END)
            made += 1
    return made


def _write_whole(target: Path, data: bytes) -> None:
    """A file that is there whole or not at all, even after a power cut: a cut codestream would show a coarse image."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        with memoryview(data) as view:
            written = 0
            while written < len(view):
                written += os.write(file, view[written:])
        os.fsync(file)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)
    aside.rename(target)
