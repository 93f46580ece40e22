"""Reads headers in subprocesses with little memory and little time, so that no file can harm the rest."""

import json
import os
import queue
import resource
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from consult.domain.errors import Broken, Unavailable, Words
from consult.domain.studies import Instance, PatientName
from consult.formats.elements import SMALL
from consult.formats.instances import read_instance

_START_S = 60.0  # s for a parser to come up, on a machine that is busy starting everything
_STOP_S = 5.0  # s for a parser to leave by itself
_REPLY = struct.Struct("<cII")  # kind, bytes of JSON, bytes of metadata
_READY, _READ, _REFUSED, _MISSING = b"R", b"I", b"B", b"M"
_NAMES = tuple(field.name for field in fields(Instance) if field.type is PatientName)
_TUPLES = tuple(field.name for field in fields(Instance) if "tuple" in str(field.type))

_TOO_MUCH = Words("解析该文件占用内存过多，已拒收。", "Parsing the file took too much memory; refused.")
_TOO_LONG = Words("解析该文件耗时过长，已拒收。", "Parsing the file took too long; refused.")
_DIED = Words("解析该文件时解析进程异常退出，已拒收。", "The parser died on the file; refused.")


class _Died(Exception):
    """A parser process was gone, or went, before it answered."""


class HeaderReader:
    """Bounded parser processes: ``workers`` of them, each with at most ``memory_mb`` MB and ``timeout_s`` s a file.

    A context manager. ``read`` may be called from any thread; as many files as there are workers are read at once,
    more calls wait their turn. A worker that dies, or is killed for its time, is replaced. Open it in the process that
    uses it: it does not survive a fork.
    """

    def __init__(self, workers: int, memory_mb: int, timeout_s: float) -> None:
        self._workers = workers
        self._memory_mb = memory_mb
        self._timeout_s = timeout_s
        self._idle: queue.LifoQueue[_Parser] = queue.LifoQueue()

    def __enter__(self) -> Self:
        for _ in range(self._workers):
            self._idle.put(_Parser(self._memory_mb))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in range(self._workers):
            self._idle.get().stop()

    def read(self, path: Path, charset_override: str | None = None) -> Instance:
        """What the DICOM file at ``path`` (Part 10, or a bare data set) says of itself.

        ``charset_override`` is the character set to believe instead of the declared one ("GB18030"), set for a sender
        known to label wrongly. Raises :class:`consult.domain.errors.Broken` with the reason where the file is not what
        it claims, would take too much memory or time, or nests too deep; FileNotFoundError where it is not there;
        :class:`consult.domain.errors.Unavailable` where no parser comes up.
        """
        if (plain := _read_plain(path, charset_override)) is not None:
            return plain
        try:
            return self._read_once(path, charset_override)
        except _Died:  # perhaps it was dead before it saw this file
            try:
                return self._read_once(path, charset_override)
            except _Died as again:
                raise Broken(_DIED) from again

    def _read_once(self, path: Path, charset_override: str | None) -> Instance:
        parser = self._idle.get()
        try:
            return parser.read(path, charset_override, self._timeout_s)
        finally:
            self._idle.put(parser if parser.alive else _Parser(self._memory_mb))

    def process_ids(self) -> list[int]:
        """The process ids of the parsers that are idle now, for whoever watches their memory."""
        return [parser.process_id for parser in list(self._idle.queue)]


def _read_plain(path: Path, charset_override: str | None) -> Instance | None:
    """The instance where its header is small and plain, as nearly all are; None where a bounded process must look.

    Safe here: the walk is by hand, without recursion, and stops at some thousand elements and a quarter of a megabyte.
    """
    if not path.is_file():
        return None
    try:
        return read_instance(path, charset_override, SMALL)
    except Exception:  # noqa: BLE001  nothing is refused for what happens here: the bounded process has the word
        return None


class _Parser:
    """One parser process and the pipes to it; used by one thread at a time."""

    def __init__(self, memory_mb: int) -> None:
        root = str(Path(__file__).parents[2])
        # No secret of ours is in its environment, and what it might print could be of a patient.
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from consult.formats.bounded import serve; serve()", str(memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
            cwd=root,
            bufsize=0,
        )
        self._ready = False
        self.alive = True

    @property
    def process_id(self) -> int:
        """The operating system's id of the process."""
        return self._process.pid

    def read(self, path: Path, charset_override: str | None, timeout_s: float) -> Instance:
        if not self._ready:
            self._await_ready()
        request = json.dumps([str(path.absolute()), charset_override]).encode() + b"\n"
        kind, head, metadata = self._ask(request, time.monotonic() + timeout_s)
        if kind == _READ:
            return _unpack(head, metadata)
        if kind == _MISSING:
            raise FileNotFoundError(path)
        raise Broken(Words(*json.loads(head)))

    def _await_ready(self) -> None:
        try:
            kind, _, _ = self._receive(time.monotonic() + _START_S)
        except (Broken, _Died) as error:
            raise Unavailable(
                Words("影像解析进程无法启动，请稍后重发。", "No parser comes up; send again later.")
            ) from error
        self._ready = kind == _READY

    def _ask(self, request: bytes, deadline: float) -> tuple[bytes, bytes, bytes]:
        pipe = self._process.stdin
        if pipe is None:
            raise RuntimeError("a parser without a pipe")
        try:
            pipe.write(request)
        except BrokenPipeError as error:
            self._kill()
            raise _Died from error
        return self._receive(deadline)

    def _receive(self, deadline: float) -> tuple[bytes, bytes, bytes]:
        """Kind, JSON and metadata of a reply; the process is stopped where it does not come whole and in time."""
        lead = self._exactly(_REPLY.size, deadline)
        kind, head_length, metadata_length = _REPLY.unpack(lead)
        body = self._exactly(head_length + metadata_length, deadline)
        return kind, body[:head_length], body[head_length:]

    def _exactly(self, length: int, deadline: float) -> bytes:
        pipe = self._process.stdout
        if pipe is None:
            raise RuntimeError("a parser without a pipe")
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        got = bytearray()
        while len(got) < length:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                self._kill()
                raise Broken(_TOO_LONG)
            chunk = os.read(pipe.fileno(), length - len(got))
            if not chunk:
                self._kill()
                raise _Died
            got += chunk
        return bytes(got)

    def stop(self) -> None:
        """End an idle process by closing its input."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._kill()

    def _kill(self) -> None:
        """End the process at once and close the pipes to it."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


def _pack(instance: Instance) -> tuple[bytes, bytes]:
    """An instance for the pipe: JSON of all but the metadata, and the metadata."""
    known = {field.name: getattr(instance, field.name) for field in fields(instance) if field.name != "metadata"}
    for name in _NAMES:
        known[name] = asdict(known[name]) | {"raw": known[name].raw.decode("latin_1")}
    return json.dumps(known).encode(), instance.metadata


def _unpack(head: bytes, metadata: bytes) -> Instance:
    known: dict[str, Any] = json.loads(head)
    for name in _NAMES:
        known[name] = PatientName(**known[name] | {"raw": known[name]["raw"].encode("latin_1")})
    for name in _TUPLES:
        if known[name] is not None:
            known[name] = tuple(known[name])
    return Instance(**known, metadata=metadata)


def _answer(line: bytes, read: Callable[[Path, str | None], Instance]) -> tuple[bytes, bytes, bytes]:
    path, charset_override = json.loads(line)
    try:
        return (_READ, *_pack(read(Path(path), charset_override)))
    except Broken as error:
        words = error.sentence
    except FileNotFoundError:
        return _MISSING, b"", b""
    except MemoryError:
        words = _TOO_MUCH
    except Exception as error:  # noqa: BLE001  the process edge: whatever a file provokes is a refusal of that file
        kind = type(error).__name__
        words = Words(f"无法解析该文件（{kind}），已拒收。", f"The file cannot be parsed ({kind}); refused.")
    return _REFUSED, json.dumps(words).encode(), b""


def _reply(out: BinaryIO, kind: bytes, head: bytes, metadata: bytes) -> None:
    out.write(_REPLY.pack(kind, len(head), len(metadata)) + head + metadata)
    out.flush()


def serve() -> None:
    """The parser process: bound itself, then answer one line of request after the other until the input ends."""
    memory = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    _reply(out, _READY, b"", b"")
    for line in sys.stdin.buffer:
        _reply(out, *_answer(line, read_instance))
