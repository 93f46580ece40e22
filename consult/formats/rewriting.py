"""Objects in a syntax that a peer takes, made by a bounded process that serves one retrieval after its start."""

import json
import os
import resource
import select
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from consult.domain.errors import Broken, Words
from consult.formats.datasets import data_set_at
from consult.formats.dicom import EXPLICIT, IMPLICIT
from consult.formats.elements import SEQUENCE_END, UNDEFINED, DataSet, Encoding, Walk
from consult.formats.sources import MAX_INFLATED, Source

TARGETS = (EXPLICIT, IMPLICIT)
"""What an object can be rewritten to: nothing is lost on the way, and every peer takes the second (PS3.5 §10.1)."""

MEMORY_MB = 2048
START_S, TIMEOUT_S = 60.0, 60.0
_REPLY = struct.Struct("<cQ")  # kind, bytes of data set
_READY, _MADE, _NOT_MADE = b"R", b"M", b"N"
NOT_REWRITTEN = Words(
    "该对象无法转换为接收方支持的格式。", "The object cannot be put into a syntax that the peer takes."
)


class Rewriter:
    """A process that rewrites objects one by one; begun when first needed, begun anew when it died. A context manager.

    Used by one thread.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def data_set(self, path: Path, syntax: str) -> bytes:
        """The data set of the file at ``path`` in one of ``TARGETS``. Raises Broken where that cannot be made."""
        process = self._process if self._process is not None else self._begun()
        try:
            _write(process, json.dumps([str(path.absolute()), syntax]).encode() + b"\n")
            kind, made = self._reply(process, TIMEOUT_S)
        except OSError as died:
            self._end()
            raise Broken(NOT_REWRITTEN) from died
        if kind != _MADE:
            raise Broken(NOT_REWRITTEN)
        return made

    def _begun(self) -> "subprocess.Popen[bytes]":
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from consult.formats.rewriting import serve; serve()", str(MEMORY_MB)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
            cwd=root,
            bufsize=0,
        )
        self._reply(self._process, START_S)
        return self._process

    def _reply(self, process: "subprocess.Popen[bytes]", patience_s: float) -> tuple[bytes, bytes]:
        """Kind and data set of a reply. Raises OSError when the process dies or takes too long."""
        until = time.monotonic() + patience_s
        kind, length = _REPLY.unpack(_exactly(process, _REPLY.size, until))
        return kind, _exactly(process, length, until)

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None


def _write(process: "subprocess.Popen[bytes]", line: bytes) -> None:
    if process.stdin is None:
        raise BrokenPipeError
    process.stdin.write(line)


def _exactly(process: "subprocess.Popen[bytes]", length: int, until: float) -> bytes:
    if process.stdout is None:
        raise BrokenPipeError
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    got = bytearray()
    while len(got) < length:
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError
        chunk = os.read(process.stdout.fileno(), length - len(got))
        if not chunk:
            raise BrokenPipeError
        got += chunk
    return bytes(got)


# in the process


def serve() -> None:
    """Bound this process, then rewrite one object a line until the input ends."""
    memory = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MAX_INFLATED, 2 * MAX_INFLATED))  # a deflated object is laid aside
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    out.write(_REPLY.pack(_READY, 0))
    out.flush()
    for line in sys.stdin.buffer:
        path, syntax = json.loads(line)
        try:
            kind, made = _MADE, rewritten(Path(path), syntax)
        except Exception:  # noqa: BLE001  the process edge: whatever a file provokes, it cannot be made of that file
            kind, made = _NOT_MADE, b""
        out.write(_REPLY.pack(kind, len(made)) + made)
        out.flush()


def rewritten(path: Path, syntax: str) -> bytes:
    """The data set of a file in one of ``TARGETS``, with native pixels; every other value keeps its bytes."""
    from consult.formats.transcoding import to_explicit

    whole = to_explicit(path)
    explicit = whole[data_set_at(whole) :]
    if syntax == EXPLICIT:
        return explicit
    source = Source.of(explicit)
    out: list[bytes] = []
    _write_implicit(out, Walk(source, Encoding(explicit=True, big=False)).run(), source)
    return b"".join(out)


def _write_implicit(out: list[bytes], data: DataSet, source: Source) -> None:
    """Append the elements in implicit VR (PS3.5 §7.1.3); sequences in undefined lengths."""
    for tag in sorted(data):
        element = data[tag]
        group, number = tag >> 16, tag & 0xFFFF
        if element.items is None:
            value = element.value if element.value is not None else source.peek(element.at, element.length)
            out.append(struct.pack("<HHI", group, number, len(value)) + value)
            continue
        out.append(struct.pack("<HHI", group, number, UNDEFINED))
        for item in element.items:
            out.append(struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED))
            _write_implicit(out, item, source)
            out.append(struct.pack("<HHI", 0xFFFE, 0xE00D, 0))
        out.append(struct.pack("<HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0))
