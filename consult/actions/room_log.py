"""What the live door keeps of a room: its deeds before anybody sees them, who came and went, what was shown."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from consult.domain.events import TALK, Fact
from consult.domain.meetings import Meeting, Visit
from consult.domain.people import SYSTEM
from consult.domain.room_log import Op
from consult.store import cases, rooms
from consult.store.unit import Store, Unit


def keep(store: Store, told: Sequence[tuple[str, Op]]) -> Collection[str]:
    """Keep deeds of rooms together; answers the closed rooms, of which nothing was kept.

    Raises Taken when another process wrote into one of the rooms, Unavailable.
    """
    with store.write() as unit:
        closed = rooms.closed_among(unit.connection, {room_id for room_id, _ in told})
        open_ones = [(room_id, op) for room_id, op in told if room_id not in closed]
        if open_ones:
            rooms.append(unit, open_ones)
    return closed


def opening(store: Store, room_id: str, now: datetime) -> tuple[Meeting, Sequence[Op]]:
    """A room and all its deeds, for the process in which it lives from now on; what another left open is ended.

    Raises NotFound.
    """
    with store.write() as unit:
        meeting = rooms.meeting(unit.connection, room_id)
        rooms.left_behind(unit, [room_id], now)
        return meeting, tuple(rooms.ops(unit.connection, room_id))


def arrive(store: Store, visit: Visit) -> None:
    """Somebody comes in. Raises Taken when their ticket was used before."""
    with store.write() as unit:
        rooms.came(unit, visit)


def leave(store: Store, gone: Sequence[tuple[str, str]], now: datetime) -> None:
    """Visits are over, each with the reason."""
    with store.write() as unit:
        for visit_id, why in gone:
            rooms.left(unit, visit_id, now, why)


def meet(store: Store, room_id: str, now: datetime) -> None:
    """Two are in a room: from the first time on the meeting counts as held."""
    with store.write() as unit:
        if rooms.met(unit, room_id, now):
            tell(unit, rooms.meeting(unit.connection, room_id), "room_met", now)


def tell(unit: Unit, meeting: Meeting, kind: str, now: datetime, data: dict[str, Any] | None = None) -> None:
    """A fact of the case's meeting, by the product itself."""
    case = cases.find(unit.connection, meeting.case_id, SYSTEM)
    unit.tell(Fact(TALK, case.id, kind, now, None, SYSTEM.name, case.version, {"room": meeting.id, **(data or {})}))


def keep_views(store: Store, seen: Sequence[tuple[str, datetime, str, Any]]) -> None:
    """Add to the view tracks: (room, when, who showed it, the view)."""
    with store.write() as unit:
        rooms.add_views(unit, seen)
