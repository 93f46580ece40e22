"""Frames made ready for viewers: lossless HTJ2K, each in the multipart wrapping in which it is sent, a file a frame."""

import os
from pathlib import Path

from consult.domain.errors import Broken, Words
from consult.formats.dicom import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT
from consult.formats.frames import HTJ2K_LOSSLESS_RPCL, frame_table, read_frame
from consult.formats.servants import Servant, Undone, serve_requests

MEDIA_TYPE = "image/jphc"
MEMORY_MB = 2048
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


def frame_name(sha256: str, frame: int) -> str:
    """The name in the cache of a prepared frame of an object, 1 being the first."""
    return f"frames/{sha256[:2]}/{sha256}-{frame}"


def boundary(sha256: str, frame: int) -> str:
    """The boundary of the multipart body that a prepared frame is kept as."""
    return f"consult-{sha256[:40]}-{frame}"


def content_type(sha256: str, frame: int) -> str:
    """The media type of that body (PS3.18 §8.6.1.2)."""
    return f'multipart/related; type="{MEDIA_TYPE}"; boundary={boundary(sha256, frame)}'


def codestream(sha256: str, frame: int, size: int) -> tuple[int, int]:
    """Offset and length of the codestream in a prepared file of ``size`` bytes."""
    lead, end = _wrapping(sha256, frame)
    return len(lead), size - len(lead) - len(end)


def _wrapping(sha256: str, frame: int) -> tuple[bytes, bytes]:
    mark = boundary(sha256, frame)
    head = f"--{mark}\r\nContent-Type: {MEDIA_TYPE}; transfer-syntax={HTJ2K_LOSSLESS_RPCL}\r\n\r\n"
    return head.encode(), f"\r\n--{mark}--\r\n".encode()


class FrameMaker(Servant):
    """A process that makes objects' frames ready, one object at a time. A context manager; for one thread."""

    def __init__(self) -> None:
        super().__init__("prepared", TIMEOUT_S)

    def make(self, path: Path, sha256: str, cache: Path) -> int:
        """Write every frame of the object at ``path`` into the cache, those that are there left alone; their number.

        Each was decoded again and equals the original bit for bit. Raises Broken where that cannot be had; what is
        missing is then given as it is stored.
        """
        try:
            return int(self.ask(str(path.absolute()), sha256, str(cache.absolute())))
        except Undone as impossible:
            raise Broken(NOT_MADE) from impossible


def serve() -> None:
    """The process; whoever waits for an answer goes before it."""
    os.nice(5)
    serve_requests(
        lambda path, sha256, cache: b"%d" % make_frames(Path(path), sha256, Path(cache)), MEMORY_MB, LARGEST_FRAME
    )


def make_frames(path: Path, sha256: str, cache: Path) -> int:
    """What ``FrameMaker.make`` does, in this process."""
    from consult.formats.pixels import decode, layout_of, seekable, to_htj2k

    made = 0
    with seekable(path) as place:
        table, layout = frame_table(place), layout_of(place)
        if layout.samples > 1 and layout.photometric != "RGB":
            raise Broken(NOT_MADE)  # decoding would turn its colours, and the header tells a viewer to turn them again
        for number in range(1, table.frames + 1):
            target = cache / frame_name(sha256, number)
            if target.exists():
                continue
            pixels, _ = decode(read_frame(place, table, number), table.transfer_syntax, layout)
            lead, end = _wrapping(sha256, number)
            _write_whole(target, lead + to_htj2k(pixels) + end)
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
