"""Frames made ready for viewers: lossless HTJ2K, each in the multipart wrapping in which it is sent, a file a frame.

The decoders eat what anybody sends, so they run in a bounded process, which is begun anew when it dies.
"""

import json
import os
import resource
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from consult.domain.errors import Broken, Words
from consult.formats.dicom import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT
from consult.formats.frames import HTJ2K_LOSSLESS_RPCL, frame_table, read_frame

MEDIA_TYPE = "image/jphc"
MEMORY_MB = 2048
START_S, TIMEOUT_S = 60.0, 120.0  # a multi-frame object is one job
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


class FrameMaker:
    """A bounded process that makes objects' frames ready, one object at a time. A context manager, for one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def make(self, path: Path, sha256: str, cache: Path) -> int:
        """Write every frame of the object at ``path`` into the cache, those that are there left alone; their number.

        Each was decoded again and equals the original bit for bit. Raises Broken where that cannot be had; what is
        missing is then given as it is stored.
        """
        try:
            process = self._process if self._process is not None else self._begun()
            answer = self._ask(process, json.dumps([str(path.absolute()), sha256, str(cache.absolute())]))
        except OSError as died:
            self._end()
            raise Broken(NOT_MADE) from died
        if not answer.startswith("made "):
            raise Broken(NOT_MADE)
        return int(answer.removeprefix("made "))

    def _begun(self) -> "subprocess.Popen[bytes]":
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            ["nice", "-n", "5", sys.executable, "-c", "from consult.formats.prepared import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "PATH": os.defpath},
            cwd=root,
            bufsize=0,
        )
        _line(self._process, START_S)
        return self._process

    def _ask(self, process: "subprocess.Popen[bytes]", request: str) -> str:
        if process.stdin is None:
            raise BrokenPipeError
        process.stdin.write(request.encode() + b"\n")
        return _line(process, TIMEOUT_S)

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None


def _line(process: "subprocess.Popen[bytes]", patience_s: float) -> str:
    """The next line that the process says. Raises OSError when it dies or takes too long."""
    if process.stdout is None:
        raise BrokenPipeError
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    until, got = time.monotonic() + patience_s, b""
    while not got.endswith(b"\n"):
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError
        chunk = os.read(process.stdout.fileno(), 256)
        if not chunk:
            raise BrokenPipeError
        got += chunk
    return got.decode().strip()


# in the process


def serve() -> None:
    """Bound this process, then make one object's frames a line until the input ends."""
    memory = MEMORY_MB << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FRAME, LARGEST_FRAME))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print("ready", flush=True)  # noqa: T201  the pipe to the parent
    for line in sys.stdin.buffer:
        path, sha256, cache = json.loads(line)
        try:
            told = f"made {make_frames(Path(path), sha256, Path(cache))}"
        except Exception:  # noqa: BLE001  the process edge: whatever a file provokes, it is given as it is stored
            told = "not made"
        print(told, flush=True)  # noqa: T201


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
