"""`consult live` as a process of its own, and people in its rooms: they apply what they are told, resend, come back."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from consult.domain.room_kinds import RoomRole
from consult.domain.room_log import Op
from consult.domain.room_tickets import Ticket, expiry, sealed
from consult.domain.rooms import Room
from consult.settings import Database, Live, Settings, Web, as_environment
from tests.bench.orthanc import await_http, free_port

SECRET = "a secret that the tests share: 0123456789"
PAGE = "http://127.0.0.1:8080"
PATIENCE_S = 60.0
Frame = dict[str, Any]


class LiveDoor:
    """The process on a free port over a database. A context manager; ``kill`` and ``start`` as often as one likes."""

    def __init__(self, store_url: str, folder: Path) -> None:
        self.settings = Settings(
            database=Database(url=store_url),
            web=Web(public_url=PAGE),
            live=Live(port=free_port(), secret=SECRET),
        )
        self._log = folder / "live.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where to open a socket."""
        return self.settings.live.url

    @property
    def pid(self) -> int:
        """The process."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def start(self) -> None:
        """Begin, and wait until it answers."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "consult", "live"],
                stdout=out, stderr=out, env={**os.environ, **as_environment(self.settings)},
            )  # fmt: skip
        await_http(f"http://127.0.0.1:{self.settings.live.port}/livez", self._process, self._log)

    def kill(self) -> None:
        """End it as a power cut would, with the process that begins it again."""
        for pid in (self.pid, self.rooms_pid):
            os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(timeout=PATIENCE_S)

    @property
    def rooms_pid(self) -> int:
        """The process in which the rooms are."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])

    def kill_rooms(self) -> None:
        """End the process with the rooms as running out of memory would; it is begun again by itself."""
        os.kill(self.rooms_pid, signal.SIGKILL)

    def stop(self) -> int:
        """End it as an administrator would; its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self._process.wait(timeout=PATIENCE_S) if self._process is not None else 0

    def said(self) -> str:
        """What it wrote."""
        return self._log.read_text(encoding="utf-8")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


def a_ticket(room_id: str, case_id: str, person_id: str, **changes: Any) -> Ticket:
    """A ticket as the web door would make it now."""
    said: dict[str, Any] = {
        "id": uuid4().hex, "room_id": room_id, "case_id": case_id, "person_id": person_id, "name": person_id,
        "site": "GUIYANG", "role": RoomRole.PARTICIPANT, "images": True, "until": expiry(datetime.now(UTC)),
    } | changes  # fmt: skip
    return Ticket(**said)


async def opened(url: str, origin: str | None = PAGE) -> ClientConnection:
    """A socket as a page of ours opens it."""
    said = None if origin is None else Origin(origin)
    return await connect(url, origin=said, compression=None, proxy=None, close_timeout=1)


class Caller:
    """Somebody in a room, as our page is: applies deeds in order, gives credit back, resends what was not acknowledged.

    ``frames`` is all that came, ``room`` what they know, ``heard`` every deed in order, ``now`` the newest of what only
    counts now, ``refused`` what they could not do.
    """

    def __init__(self, url: str, ticket: Callable[[], Ticket], secret: str = SECRET) -> None:
        self.url, self._ticket, self._secret = url, ticket, secret
        self.room = Room()
        self.welcome: Frame = {}
        self.now: dict[tuple[str, str], Any] = {}
        self.people: list[Frame] = []
        self.refused: list[Frame] = []
        self.said_no: list[Frame] = []
        self.heard: list[int] = []
        self.frames: list[Frame] = []
        self.joins = self.paced = 0
        self.closed: tuple[int, str] | None = None
        self.gives_credit = True
        self.socket: ClientConnection | None = None
        self._unsaid: dict[str, Frame] = {}
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay())
        await self.until(lambda: self.joins > 0 or self.closed is not None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self.socket is not None:
            await self.socket.close()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what must come; TimeoutError when it does not."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._came.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._came.wait(), 0.05)

    async def _stay(self) -> None:
        while self.closed is None:
            with suppress(OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                socket = await opened(self.url)
                await self._join(socket)
                self.socket = socket
                async for raw in socket:
                    await self._hear(json.loads(raw))
            if self.socket is not None and self.socket.close_code in (4000, 4001, 4003, 4004, 4009, 4010):
                self.closed = (self.socket.close_code, self.socket.close_reason or "")
                self._came.set()
                return
            await asyncio.sleep(0.02)

    async def _join(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps({"t": "join", "ticket": sealed(self._ticket(), self._secret),
                                      "since": self.room.seq}))  # fmt: skip

    async def _hear(self, frame: Frame) -> None:
        self.frames.append(frame)
        await self._ON[frame["t"]](self, frame)
        self._came.set()

    async def _welcomed(self, frame: Frame) -> None:
        self.welcome, self.people = frame, frame["people"]
        if "snapshot" in frame:
            self.room = Room(**frame["snapshot"])
            self.heard = list(range(1, self.room.seq + 1))
        for told in frame["ops"]:
            self._take(told)
        self.joins += 1
        for unsaid in list(self._unsaid.values()):
            await self._send(unsaid)

    async def _op(self, frame: Frame) -> None:
        self._take(frame)

    def _take(self, told: Frame) -> None:
        self._apply(Op(told["seq"], datetime.fromisoformat(told["at"]), told["by"], "", told["kind"], told["body"]))

    def _apply(self, op: Op) -> None:
        if op.seq > self.room.seq:
            self.room.take(op)
            self.heard.append(op.seq)

    async def _acked(self, frame: Frame) -> None:
        said = self._unsaid.pop(frame["cid"], None)
        if said is not None and "at" in frame:
            at = datetime.fromisoformat(frame["at"])
            self._apply(Op(frame["seq"], at, self.welcome["you"], "", said["kind"], said["body"]))

    async def _naked(self, frame: Frame) -> None:
        if frame["why"] == "pace":  # as it asks: wait, and say it again
            self.paced += 1
            await asyncio.sleep(0.1)
            if frame["cid"] in self._unsaid:
                await self._send(self._unsaid[frame["cid"]])
            return
        self._unsaid.pop(frame["cid"], None)
        self.refused.append(frame)

    async def _eph(self, frame: Frame) -> None:
        self.now[frame["by"], frame["kind"]] = frame["body"]
        await self._credit()

    async def _people(self, frame: Frame) -> None:
        self.people = frame["people"]
        await self._credit()

    async def _credit(self) -> None:
        if self.gives_credit:
            await self._send({"t": "seen", "n": 1})

    async def _no(self, frame: Frame) -> None:
        self.said_no.append(frame)

    async def _waits(self, frame: Frame) -> None:
        self.welcome = frame
        self.joins += 1

    _ON: ClassVar[dict[str, Callable[["Caller", Frame], Awaitable[None]]]] = {
        "welcome": _welcomed, "op": _op, "ack": _acked, "nak": _naked, "eph": _eph, "people": _people, "no": _no,
        "waiting": _waits,
    }  # fmt: skip

    async def _send(self, frame: Frame) -> None:
        if self.socket is not None:
            with suppress(ConnectionClosed):
                await self.socket.send(json.dumps(frame))

    async def do(self, kind: str, cid: str | None = None, **body: Any) -> str:
        """A durable deed; it is sent again after a drop until it is answered. Its key."""
        frame = {"t": "op", "cid": cid or uuid4().hex, "kind": kind, "body": body}
        self._unsaid[frame["cid"]] = frame
        await self._send(frame)
        return str(frame["cid"])

    async def done(self) -> None:
        """Until all of it was answered."""
        await self.until(lambda: not self._unsaid)

    async def show(self, kind: str, **body: Any) -> None:
        """What only counts now."""
        await self._send({"t": "eph", "kind": kind, "body": body})

    async def raw(self, text: str | bytes) -> None:
        """Whatever one likes."""
        if self.socket is not None:
            with suppress(ConnectionClosed):
                await self.socket.send(text)

    def abort(self) -> None:
        """The network is gone, without a word."""
        if self.socket is not None:
            self.socket.transport.abort()


async def agree(callers: "list[Caller]") -> str:
    """Wait until all know the same; its hash."""
    head = max(caller.room.seq for caller in callers)
    for caller in callers:
        await caller.until(lambda caller=caller: caller.room.seq >= head)
    digests = {caller.room.digest() for caller in callers}
    assert len(digests) == 1, digests
    return digests.pop()
