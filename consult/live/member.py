"""One socket of a person in a room: what goes out to it, in which order, and how much may be under way."""

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed

from consult.domain.room_kinds import CLOSES, CREDIT, LIMITS
from consult.domain.room_tickets import Ticket


def framed(frame: dict[str, Any]) -> str:
    """A frame as it goes over the wire."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


class Member:
    """Durable frames leave in order and are never dropped; of what only counts now the newest leaves, on credit."""

    def __init__(self, socket: ServerConnection, ticket: Ticket) -> None:
        self.socket, self.ticket = socket, ticket
        self.person_id = ticket.person_id
        self.role = ticket.role
        self.why = "gone"
        self.is_welcome = False
        self._waiting: deque[str] = deque()
        self._newest: dict[tuple[str, str], str] = {}
        self._under_way = 0
        self._wake = asyncio.Event()
        self._ended: asyncio.Task[None] | None = None

    @property
    def is_inside(self) -> bool:
        """Whether they were welcomed, and are not being sent away."""
        return self.is_welcome and self._ended is None

    def tell(self, frame: str) -> None:
        """Send what must arrive; a peer that leaves too much of it lying is sent away, to come back and resume."""
        self._waiting.append(frame)
        self._pump()
        if len(self._waiting) > LIMITS["outbox"]:
            self.end("slow")

    def show(self, key: tuple[str, str], frame: str) -> None:
        """Send what only counts now, in place of what it replaces."""
        self._newest[key] = frame
        self._pump()

    def seen(self, count: int) -> None:
        """The peer has taken so many of the frames that go on credit."""
        self._under_way = max(0, self._under_way - count)
        self._pump()

    def _pump(self) -> None:
        """Hand over what may go while nothing lies in our own buffer; the rest waits for the writer."""
        while self._may_go():
            if self.socket.transport.get_write_buffer_size():
                self._wake.set()
                return
            broadcast((self.socket,), self._next())

    def _may_go(self) -> bool:
        return self._ended is None and bool(self._waiting or (self._newest and self._under_way < CREDIT))

    def _next(self) -> str:
        if self._waiting:
            return self._waiting.popleft()
        self._under_way += 1
        return self._newest.pop(next(iter(self._newest)))

    async def write(self) -> None:
        """Work off what a slow peer left lying, until cancelled."""
        with suppress(ConnectionClosed):
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._may_go():
                    await self.socket.send(self._next())

    def end(self, why: str) -> None:
        """Send them away for one of CLOSES; said once."""
        if self._ended is None:
            self.why = why
            close = CLOSES[why]
            self._ended = asyncio.create_task(self.socket.close(close.code, close.reason))
