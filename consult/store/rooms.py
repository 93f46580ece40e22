"""Live rooms in the database: opened and closed, their deeds and views only ever added, visits begun and ended."""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from consult.domain.errors import NotFound
from consult.domain.meetings import Invitation, Meeting, Visit
from consult.domain.room_log import Op, canonical
from consult.store.tables import cases
from consult.store.tables_people import people
from consult.store.tables_rooms import room_invitations, room_ops, room_views, room_visits, rooms
from consult.store.unit import Unit

AT_ONCE = 2000


def add(unit: Unit, opened: Meeting) -> None:
    """Keep a new room. Raises Taken at commit when the case has an open one."""
    values = {name: getattr(opened, name) for name in Meeting.__slots__}
    unit.connection.execute(insert(rooms).values(**values, open_case_id=opened.case_id))


def _meeting(row: Any) -> Meeting:
    return Meeting(**{name: getattr(row, name) for name in Meeting.__slots__})


def meeting(connection: Connection, room_id: str) -> Meeting:
    """A room. Raises NotFound."""
    row = connection.execute(select(rooms).where(rooms.c.id == room_id)).first()
    if row is None:
        raise NotFound
    return _meeting(row)


def open_room(connection: Connection, case_id: str) -> Meeting | None:
    """The open room of a case."""
    row = connection.execute(select(rooms).where(rooms.c.open_case_id == case_id)).first()
    return None if row is None else _meeting(row)


def of_case(connection: Connection, case_id: str) -> list[Meeting]:
    """Every room that a case had, oldest first."""
    query = select(rooms).where(rooms.c.case_id == case_id).order_by(rooms.c.opened_at)
    return [_meeting(row) for row in connection.execute(query)]


def met(unit: Unit, room_id: str, now: datetime) -> bool:
    """Two were in the room for the first time; False when they were before."""
    first = update(rooms).where(rooms.c.id == room_id, rooms.c.met_at.is_(None)).values(met_at=now)
    return unit.connection.execute(first).rowcount == 1


def rings(unit: Unit, room_id: str, now: datetime, every_s: float) -> bool:
    """Somebody calls; False when somebody did within so many seconds."""
    before = now - timedelta(seconds=every_s)
    quiet = or_(rooms.c.rung_at.is_(None), rooms.c.rung_at <= before)
    called = update(rooms).where(rooms.c.id == room_id, quiet).values(rung_at=now)
    return unit.connection.execute(called).rowcount == 1


def close(unit: Unit, room_id: str, by_name: str, ending: str, reason: str, now: datetime) -> bool:
    """End a room; False when it was ended before."""
    ended = (
        update(rooms)
        .where(rooms.c.id == room_id, rooms.c.closed_at.is_(None))
        .values(closed_at=now, closed_by_name=by_name, ending=ending, reason=reason, open_case_id=None)
    )
    return unit.connection.execute(ended).rowcount == 1


def append(unit: Unit, told: Sequence[tuple[str, Op]]) -> None:
    """Add deeds of rooms. Raises Taken at once when another process wrote into one of them."""
    rows = [
        {"room_id": room_id, "seq": op.seq, "at": op.at, "by_id": op.by, "cid": op.cid, "kind": op.kind,
         "body": canonical(dict(op.body)), "hash": op.hash}
        for room_id, op in told
    ]  # fmt: skip
    unit.connection.execute(insert(room_ops), rows)


def ops(connection: Connection, room_id: str, after: int = 0) -> Iterator[Op]:
    """The deeds of a room after a number, in order, some thousand in memory at a time."""
    while rows := connection.execute(
        select(room_ops)
        .where(room_ops.c.room_id == room_id, room_ops.c.seq > after)
        .order_by(room_ops.c.seq)
        .limit(AT_ONCE)
    ).all():
        for row in rows:
            yield Op(row.seq, row.at, row.by_id, row.cid, row.kind, json.loads(row.body), row.hash)
        after = rows[-1].seq


def closed_among(connection: Connection, room_ids: Collection[str]) -> frozenset[str]:
    """Those of these rooms that are closed."""
    query = select(rooms.c.id).where(rooms.c.id.in_(room_ids), rooms.c.closed_at.is_not(None))
    return frozenset(connection.scalars(query))


def add_views(unit: Unit, seen: Sequence[tuple[str, datetime, str, Any]]) -> None:
    """Add to the view track: (room, when, who showed it, the view)."""
    rows = [{"room_id": room, "at": at, "by_id": by, "view": canonical(view)} for room, at, by, view in seen]
    unit.connection.execute(insert(room_views), rows)


def views(connection: Connection, room_id: str) -> Iterator[tuple[datetime, str, Any]]:
    """The view track of a room in order: when, who showed it, the view."""
    after = 0
    while rows := connection.execute(
        select(room_views)
        .where(room_views.c.room_id == room_id, room_views.c.id > after)
        .order_by(room_views.c.id)
        .limit(AT_ONCE)
    ).all():
        for row in rows:
            yield row.at, row.by_id, json.loads(row.view)
        after = rows[-1].id


def came(unit: Unit, visit: Visit) -> None:
    """Somebody came. Raises Taken at once when their ticket was used before."""
    unit.connection.execute(insert(room_visits).values({name: getattr(visit, name) for name in Visit.__slots__}))


def left(unit: Unit, visit_id: str, now: datetime, why: str) -> None:
    """A visit is over."""
    gone = update(room_visits).where(room_visits.c.id == visit_id, room_visits.c.left_at.is_(None))
    unit.connection.execute(gone.values(left_at=now, why=why))


def left_behind(unit: Unit, rooms_here: Collection[str], now: datetime) -> None:
    """End the visits that a process which is gone left open in these rooms."""
    gone = update(room_visits).where(room_visits.c.room_id.in_(rooms_here), room_visits.c.left_at.is_(None))
    unit.connection.execute(gone.values(left_at=now, why="lost"))


def visits(connection: Connection, room_id: str) -> list[Visit]:
    """Every visit to a room, in the order of coming."""
    query = select(room_visits).where(room_visits.c.room_id == room_id).order_by(room_visits.c.came_at)
    return [Visit(**{name: getattr(row, name) for name in Visit.__slots__}) for row in connection.execute(query)]


def inside(connection: Connection, room_id: str) -> int:
    """How many people are in a room, as far as it was written down."""
    present = room_visits.c.room_id == room_id, room_visits.c.left_at.is_(None)
    return connection.scalar(select(func.count(room_visits.c.person_id.distinct())).where(*present)) or 0


def invite(unit: Unit, made: Invitation) -> None:
    """Keep a guest's link."""
    values = {name: getattr(made, name) for name in Invitation.__slots__}
    unit.connection.execute(insert(room_invitations).values(values))


def invitations(connection: Connection, room_id: str) -> list[Invitation]:
    """The guests' links of a room, oldest first."""
    query = select(room_invitations).where(room_invitations.c.room_id == room_id).order_by(room_invitations.c.made_at)
    return [_invitation(row) for row in connection.execute(query)]


def invitation_of(connection: Connection, token_sha256: str) -> Invitation:
    """The link with this token. Raises NotFound."""
    row = connection.execute(select(room_invitations).where(room_invitations.c.token_sha256 == token_sha256)).first()
    if row is None:
        raise NotFound
    return _invitation(row)


def _invitation(row: Any) -> Invitation:
    return Invitation(**{name: getattr(row, name) for name in Invitation.__slots__})


def use_invitation(unit: Unit, known: Invitation, next_sha256: str, now: datetime) -> None:
    """A guest follows a link, which from now on opens by another token only. Raises NotFound when one was faster."""
    mine = room_invitations.c.id == known.id, room_invitations.c.token_sha256 == known.token_sha256
    used = update(room_invitations).where(*mine).values(used_at=now, token_sha256=next_sha256)
    if unit.connection.execute(used).rowcount != 1:
        raise NotFound


def end_invitation(unit: Unit, room_id: str, invitation_id: str, now: datetime) -> bool:
    """Take a link back, and its guest out of the room; False when there is none, or it was taken back before."""
    mine = room_invitations.c.id == invitation_id, room_invitations.c.room_id == room_id
    ended = update(room_invitations).where(*mine, room_invitations.c.ended_at.is_(None)).values(ended_at=now)
    return unit.connection.execute(ended).rowcount == 1


def marks(connection: Connection, room_ids: Sequence[str], person_ids: Sequence[str]) -> dict[str, str]:
    """For each room and person a text that changes whenever something did on which their being there depends.

    Closing, the case's version, the account's version, a guest's link: two or three look-ups by key for all of them.
    """
    told: dict[str, str] = {}
    row: Any
    of_rooms = (
        select(rooms.c.id, rooms.c.closed_at, cases.c.version)
        .join(cases, cases.c.id == rooms.c.case_id)
        .where(rooms.c.id.in_(room_ids))
    )
    for row in connection.execute(of_rooms):
        told[row.id] = f"{row.version}{' closed' if row.closed_at else ''}"
    of_people = select(people.c.id, people.c.version, people.c.active).where(people.c.id.in_(person_ids))
    told.update((row.id, f"{row.version} {row.active}") for row in connection.execute(of_people))
    of_guests = select(room_invitations.c.id, room_invitations.c.ended_at)
    for row in connection.execute(of_guests.where(room_invitations.c.id.in_(person_ids))):
        told[row.id] = "ended" if row.ended_at else "open"
    return told
