"""Several receiving processes behind one port: connections are dealt to them here, and their rows are written here."""

import logging
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from consult.actions.rows import Kept, Rows, unpacked
from consult.domain.errors import Refusal, Unavailable
from consult.listeners.handing import AWAY, CONNECTED, HUNG_UP, READY, ROW, HandedRows
from consult.listeners.places import SharedCounts, SharedPlaces

log = logging.getLogger(__name__)

BACKLOG = 128
PAUSE_S = 0.5  # before a receiver that ended is started anew
COME_S = 60.0  # for the first receiver to come up; the door opens without it then, and whoever calls waits
LEAVE_S = 70.0  # for a receiver to hang up on its peers: a little more than its associations take
Begin = Callable[["Line"], "subprocess.Popen[bytes]"]
"""Begins a receiver that inherits this line."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a receiver inherits, as file descriptors: the pipe for rows, the counts, and a line for each port."""

    slot: int
    slots: int
    rows: int
    counts: int
    handed: tuple[int, ...]

    @property
    def files(self) -> tuple[int, ...]:
        """All of the file descriptors."""
        return (self.rows, self.counts, *self.handed)

    def told(self) -> str:
        """As an argument of a command."""
        return ",".join(map(str, (self.slot, self.slots, *self.files)))

    @classmethod
    def of(cls, told: str) -> "Line":
        """From an argument of a command. Raises ValueError."""
        slot, slots, rows, counts, *handed = map(int, told.split(","))
        return cls(slot, slots, rows, counts, tuple(handed))


@dataclass(slots=True, eq=False)
class _Receiver:
    """A running receiver, our ends of its lines, and the studies that its associations send into."""

    slot: int
    process: "subprocess.Popen[bytes]"
    pipe: "Connection[Any, Any]"
    handed: tuple[socket.socket, ...]
    is_ready: bool = False
    studies: set[str] = field(default_factory=set[str])
    answering: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, number: int, done: "Future[Kept]") -> None:
        """Tell what became of a row; a receiver that has gone need not know."""
        why = done.exception()
        kept = None if why is not None else done.result()
        told = why.sentence if isinstance(why, Refusal) else AWAY
        with self.answering, suppress(OSError):
            self.pipe.send((number, kept, tuple(told)))


class Receivers:
    """Listens on ``addresses`` and deals connections to ``processes`` receivers, each started by ``begin``.

    Their rows go to ``rows``. A receiver that ends is replaced; what it had said it keeps is kept. A context manager.
    """

    def __init__(self, rows: Rows, addresses: Sequence[tuple[str, int]], processes: int, begin: Begin) -> None:
        self._rows = rows
        self._addresses = addresses
        self._begin = begin
        self._counts = SharedCounts.new(processes)
        self._slots = range(processes)
        self._receivers: dict[int, _Receiver] = {}
        self._lock = threading.Lock()
        self._ending, self._ready = threading.Event(), threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._turn = count()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._sockets[0].getsockname()[1])

    @property
    def secure_port(self) -> int:
        """The port that is listened on by TLS."""
        return int(self._sockets[1].getsockname()[1])

    @property
    def coming(self) -> int:
        """How many objects the receivers are about to bring."""
        return self._counts.coming()

    @property
    def serving(self) -> dict[int, int]:
        """The receivers that are ready, by process id, and how many associations each has."""
        with self._lock:
            return {
                each.process.pid: self._counts.places(each.slot) for each in self._receivers.values() if each.is_ready
            }

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            for address in self._addresses:
                self._sockets.append(undo.enter_context(socket.create_server(address, backlog=BACKLOG)))
            undo.pop_all()
        for slot in self._slots:
            self._run(f"receiver-{slot}", partial(self._keep, slot))
        self._ready.wait(COME_S)
        for number, listening in enumerate(self._sockets):
            self._run(f"dimse-accept-{number}", partial(self._deal, number, listening))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        for listening in self._sockets:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        with self._lock:
            for each in self._receivers.values():
                each.process.terminate()
        for thread in self._threads:
            thread.join()
        self._counts.close()

    def _run(self, name: str, what: Callable[[], None]) -> None:
        thread = threading.Thread(target=what, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    # connections

    def _deal(self, number: int, listening: socket.socket) -> None:
        while not self._ending.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                if not self._ending.is_set():
                    log.exception("no connection could be accepted")
                    self._ending.wait(PAUSE_S)
                continue
            with connection:
                self._hand_on(number, connection)

    def _hand_on(self, number: int, connection: socket.socket) -> None:
        """Give a connection to a receiver; while none takes one, this and those behind it wait."""
        while not self._ending.is_set():
            for each in self._in_turn():
                with suppress(OSError):  # it has just ended, or is stuck with more than it takes over
                    socket.send_fds(each.handed[number], [b"."], [connection.fileno()], socket.MSG_DONTWAIT)
                    return
            self._ending.wait(PAUSE_S / 10)

    def _in_turn(self) -> list[_Receiver]:
        """The receivers, those with the fewest associations first, in turn where they have as many."""
        with self._lock:
            turn = next(self._turn)
            return sorted(
                (each for each in self._receivers.values() if each.is_ready),
                key=lambda each: (self._counts.places(each.slot), (each.slot + turn) % len(self._slots)),
            )

    # receivers

    def _keep(self, slot: int) -> None:
        """Run a receiver, hear it to its end, and begin anew."""
        while not self._ending.is_set():
            try:
                receiver = self._begun(slot)
            except OSError:
                log.exception("a receiver could not be started")
                self._ending.wait(PAUSE_S)
                continue
            self._heed(receiver)
            self._end(receiver)
            if not self._ending.is_set():
                log.warning("a receiver ended (%s) and is started anew", receiver.process.returncode)
                self._ending.wait(PAUSE_S)

    def _begun(self, slot: int) -> _Receiver:
        ours: list[socket.socket] = []
        with ExitStack() as theirs:
            files: list[int] = []
            for kind in (socket.SOCK_STREAM, *(socket.SOCK_SEQPACKET for _ in self._sockets)):
                mine, other = socket.socketpair(socket.AF_UNIX, kind)
                ours.append(mine)
                files.append(theirs.enter_context(other).fileno())
            line = Line(slot, len(self._slots), files[0], self._counts.file, tuple(files[1:]))
            process = self._begin(line)
        receiver = _Receiver(slot, process, Connection(ours[0].detach()), tuple(ours[1:]))
        with self._lock:
            self._receivers[slot] = receiver
            if self._ending.is_set():
                process.terminate()
        return receiver

    def _end(self, receiver: _Receiver) -> None:
        with self._lock:
            del self._receivers[receiver.slot]
        for each in receiver.handed:
            each.close()
        with receiver.answering:
            receiver.pipe.close()
        try:
            receiver.process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            receiver.process.kill()
            receiver.process.wait()
        self._counts.clear(receiver.slot)

    def _heed(self, receiver: _Receiver) -> None:
        """Do what a receiver says until its line ends."""
        with suppress(EOFError, OSError):
            while True:
                kind, number, said = receiver.pipe.recv()
                if kind == ROW:
                    arrival = unpacked(said)
                    receiver.studies.add(arrival.study_id)
                    self._rows.put(arrival).add_done_callback(partial(receiver.answer, number))
                elif kind == READY:
                    receiver.is_ready = True
                    self._ready.set()
                else:
                    self._hear_of(receiver, kind, said)

    def _hear_of(self, receiver: _Receiver, kind: str, studies: tuple[str, ...]) -> None:
        """A receiver says who hung up, or who has not: the study is settled when no other receives it either."""
        try:
            if kind == CONNECTED:
                receiver.studies = set(studies)
                self._rows.still_connected(studies)
            elif kind == HUNG_UP:
                receiver.studies.difference_update(studies)
                with self._lock:
                    held = {study for each in self._receivers.values() for study in each.studies}
                if left := set(studies) - held:
                    self._rows.hung_up(left)
        except Unavailable:
            log.warning("the database is away; open studies will be looked at again")


def until_told(ended: threading.Event) -> None:
    """Wait for the end of the process that began this one, or for its word; the terminal's is for that process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()


def inherited(line: Line, most: int) -> tuple[HandedRows, SharedPlaces, tuple[socket.socket, ...]]:
    """A receiver's ends of its line: where its rows go, ``most`` places for all, and where connections come from."""
    for file in line.files:
        os.set_inheritable(file, False)  # not for the parsers that it begins
    counts = SharedCounts(line.counts, line.slots)
    rows = HandedRows(Connection(line.rows), counts, line.slot)
    return rows, SharedPlaces(counts, line.slot, most), tuple(socket.socket(fileno=file) for file in line.handed)
