"""Keeps deeds before anybody sees them: one batch after another, in a thread, while the next one gathers."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import structlog

from consult.domain.errors import Refusal, Unavailable
from consult.domain.room_log import Op

log = structlog.get_logger("live")
Keep = Callable[[Sequence[tuple[str, Op]]], Collection[str]]
"""Keeps deeds in one transaction; answers the rooms of which it kept none, as they are closed. Raises refusals."""
TRIES, PAUSE_S = 25, 0.2
"""A database that restarts is waited for; longer, and the rooms begin anew from what was kept."""


class Waiting(Protocol):
    """A room that waits for its deeds to be kept."""

    id: str

    def kept(self, ops: Sequence[Op]) -> None:
        """These are on disk."""
        ...

    def lost(self) -> None:
        """What waited was not kept, or it is not known whether it was."""
        ...


class Log:
    """The one way from all rooms of this process to the database."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._next: list[tuple[Waiting, Op]] = []
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def add(self, room: Waiting, op: Op) -> None:
        """Keep a deed; its room is told when it was."""
        self._next.append((room, op))
        self._quiet.clear()
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._next = self._next, []
            by_room: dict[Waiting, list[Op]] = {}
            for room, op in batch:
                by_room.setdefault(room, []).append(op)
            refused = await self._kept([(room.id, op) for room, op in batch])
            for room, ops in by_room.items():
                if refused is None or room.id in refused:
                    self._next = [(other, op) for other, op in self._next if other is not room]
                    room.lost()
                else:
                    room.kept(ops)
            if not self._next:
                self._quiet.set()

    async def _kept(self, batch: Sequence[tuple[str, Op]]) -> Collection[str] | None:
        """The rooms that were refused; None when nothing was kept."""
        for _ in range(TRIES):
            try:
                return await asyncio.to_thread(self._keep, batch)
            except Unavailable:
                await asyncio.sleep(PAUSE_S)
            except Refusal as refused:  # another process wrote into one of these rooms, or a lost answer was a yes
                log.warning("deeds not kept", code=refused.code)
                return None
        log.warning("deeds not kept", code=Unavailable.code)
        return None

    async def drained(self) -> None:
        """Until nothing waits."""
        await self._quiet.wait()
