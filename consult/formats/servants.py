"""A bounded process that does one thing with one object after the other: decoders eat what anybody sends.

It is begun when first needed, and anew after it died or took too long. Requests are lines of JSON, replies bytes.
"""

import json
import os
import resource
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

START_S = 60.0  # s to come up, on a machine that starts everything at once
_REPLY = struct.Struct("<cQ")  # kind, bytes that follow
_READY, _DONE, _NOT_DONE = b"R", b"D", b"N"


class Undone(Exception):
    """The process could not do it, took too long, or died of it."""


class Servant:
    """The process behind ``consult.formats.<module>``'s function ``serve``. A context manager; for one thread."""

    def __init__(self, module: str, timeout_s: float) -> None:
        self._module = module
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, *request: str) -> bytes:
        """What it makes of a request. Raises Undone."""
        try:
            process = self._process if self._process is not None else self._begun()
            _pipe(process.stdin).write(json.dumps(request).encode() + b"\n")
            kind, made = _reply(process, self._timeout_s)
        except OSError as died:
            self._end()
            raise Undone from died
        if kind != _DONE:
            raise Undone
        return made

    def _begun(self) -> "subprocess.Popen[bytes]":
        root = str(Path(__file__).parents[2])
        # No secret of ours is in its environment, and what it might print could be of a patient.
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from consult.formats.{self._module} import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
            cwd=root,
            bufsize=0,
        )
        _reply(self._process, START_S)
        return self._process

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()
        self._process = None


def _pipe(end: Any) -> Any:
    """An end of a pipe that was asked for when the process began."""
    if end is None:
        raise BrokenPipeError
    return end


def _reply(process: "subprocess.Popen[bytes]", patience_s: float) -> tuple[bytes, bytes]:
    """Kind and bytes of a reply. Raises OSError when the process dies or takes too long."""
    until = time.monotonic() + patience_s
    kind, length = _REPLY.unpack(_exactly(process, _REPLY.size, until))
    return kind, _exactly(process, length, until)


def _exactly(process: "subprocess.Popen[bytes]", length: int, until: float) -> bytes:
    file = _pipe(process.stdout).fileno()
    poll = select.poll()
    poll.register(file, select.POLLIN)
    got = bytearray()
    while len(got) < length:
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError
        chunk = os.read(file, length - len(got))
        if not chunk:
            raise BrokenPipeError
        got += chunk
    return bytes(got)


# in the process


def serve_requests(answer: Callable[..., bytes], memory_mb: int, file_bytes: int) -> None:
    """Bound this process in memory and in the size of its files, then answer line by line until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _told(_READY, b"")
    for line in sys.stdin.buffer:
        try:
            kind, made = _DONE, answer(*json.loads(line))
        except Exception:  # noqa: BLE001  the process edge: whatever a file provokes, it cannot be done with that file
            kind, made = _NOT_DONE, b""
        _told(kind, made)


def _told(kind: bytes, made: bytes) -> None:
    out = sys.stdout.buffer
    out.write(_REPLY.pack(kind, len(made)) + made)
    out.flush()
