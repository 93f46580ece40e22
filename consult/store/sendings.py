"""What goes out: rows that are added once, claimed before anything is sent, and concluded after it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select, update

from consult.domain.errors import NotFound
from consult.domain.notices import Urgency
from consult.domain.reach import Channel
from consult.domain.sendings import Sending, Standing
from consult.store.tables_notices import sendings
from consult.store.unit import Reader, Unit

OPEN = (Standing.WAITING, Standing.HELD)


@dataclass(frozen=True, slots=True)
class NewSending:
    """A sending before it has its place."""

    key: str
    channel: Channel
    urgency: Urgency
    notice: str
    said: dict[str, Any]
    due_at: datetime
    standing: Standing = Standing.WAITING
    case_id: str | None = None
    person_id: str | None = None
    institution: str | None = None


def add(unit: Unit, new: Sequence[NewSending], now: datetime) -> None:
    """Keep what is to go out; what has its key already stays as it is."""
    keys = [each.key for each in new]
    known = set(unit.connection.scalars(select(sendings.c.key).where(sendings.c.key.in_(keys))))
    rows = {
        each.key: {
            "key": each.key, "channel": str(each.channel), "urgency": str(each.urgency), "notice": each.notice,
            "said": each.said, "case_id": each.case_id, "person_id": each.person_id,
            "institution": each.institution, "standing": str(each.standing), "due_at": each.due_at, "attempts": 0,
            "repeats": 0, "claimed_at": None, "receipt": "", "trouble": "", "created_at": now, "sent_at": None,
            "delivered_at": None,
        }
        for each in new
        if each.key not in known
    }  # fmt: skip
    if rows:
        unit.connection.execute(insert(sendings), list(rows.values()))


def due(connection: Connection, channel: Channel, now: datetime, limit: int) -> list[Sending]:
    """What is to go out by a way now: emergencies first, then as they came due."""
    rank = case({str(each): place for place, each in enumerate(Urgency)}, value=sendings.c.urgency)
    query = (
        select(sendings)
        .where(
            sendings.c.channel == str(channel), sendings.c.standing.in_([str(each) for each in OPEN]),
            sendings.c.due_at <= now,
        )
        .order_by(rank, sendings.c.due_at, sendings.c.id)
        .limit(limit)
    )  # fmt: skip
    return [_sending(row) for row in connection.execute(query)]


def held_with(connection: Connection, one: Sending, now: datetime) -> list[Sending]:
    """All that was held for the same person by the same way and is due now, oldest first."""
    query = (
        select(sendings)
        .where(
            sendings.c.channel == str(one.channel), sendings.c.standing == str(Standing.HELD),
            sendings.c.due_at <= now, sendings.c.person_id == one.person_id,
        )
        .order_by(sendings.c.id)
    )  # fmt: skip
    return [_sending(row) for row in connection.execute(query)]


def claim(unit: Unit, sending: Sending, until: datetime, now: datetime) -> bool:
    """Take a due sending by pushing it into the future; False when another worker had it first.

    A sending that was claimed before and never concluded may have arrived: that is counted.
    """
    again = case((sendings.c.claimed_at.is_not(None), 1), else_=0)
    claimed = unit.connection.execute(
        update(sendings)
        .where(
            sendings.c.id == sending.id, sendings.c.due_at == sending.due_at,
            sendings.c.standing == str(sending.standing),
        )
        .values(
            due_at=until, attempts=sendings.c.attempts + 1, repeats=sendings.c.repeats + again, claimed_at=now
        )
    )  # fmt: skip
    return claimed.rowcount == 1


def arrived(unit: Unit, ids: Sequence[int], receipt: str, delivered: bool, now: datetime) -> None:
    """The other side has these."""
    standing = Standing.DELIVERED if delivered else Standing.SENT
    _conclude(unit, ids, standing=str(standing), receipt=receipt, trouble="", sent_at=now,
              delivered_at=now if delivered else None)  # fmt: skip


def failed(unit: Unit, ids: Sequence[int], trouble: str, again: datetime | None) -> None:
    """These did not go: tried again at a time, or (None) given up."""
    if again is None:
        _conclude(unit, ids, standing=str(Standing.DEAD), trouble=trouble)
    else:
        _conclude(unit, ids, due_at=again, trouble=trouble)


def _conclude(unit: Unit, ids: Sequence[int], **values: Any) -> None:
    unit.connection.execute(
        update(sendings).where(sendings.c.id.in_(ids)).values(claimed_at=None, **values)
    )  # fmt: skip


def reported(unit: Unit, channel: Channel, receipt: str, delivered: bool, now: datetime) -> int:
    """The carrier says what became of a message; how many sendings it was. A second report changes nothing."""
    there = (
        sendings.c.channel == str(channel), sendings.c.receipt == receipt, sendings.c.standing == str(Standing.SENT)
    )  # fmt: skip
    values: dict[str, Any] = (
        {"standing": str(Standing.DELIVERED), "delivered_at": now}
        if delivered
        else {"standing": str(Standing.DEAD), "trouble": "reported"}
    )
    return unit.connection.execute(update(sendings).where(*there).values(**values)).rowcount


def again(unit: Unit, number: int, now: datetime) -> bool:
    """Send one that was given up once more, as if it were new; False when it was not given up."""
    there = (sendings.c.id == number, sendings.c.standing == str(Standing.DEAD))
    values = {"standing": str(Standing.WAITING), "due_at": now, "attempts": 0, "claimed_at": None}
    return unit.connection.execute(update(sendings).where(*there).values(**values)).rowcount == 1


def find(connection: Connection, number: int) -> Sending:
    """One of them. Raises NotFound."""
    row = connection.execute(select(sendings).where(sendings.c.id == number)).first()
    if row is None:
        raise NotFound
    return _sending(row)


def newest_test(connection: Connection, person_id: str, channel: Channel) -> Sending | None:
    """The last test message of a person by a way."""
    beginning = f"test/{person_id}/{channel}/"
    query = (
        select(sendings)
        .where(sendings.c.key >= beginning, sendings.c.key < beginning + "~")
        .order_by(sendings.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _sending(row)


def of_case(connection: Connection, case_id: str) -> list[Sending]:
    """All that went out about a case, in the order it was to."""
    query = select(sendings).where(sendings.c.case_id == case_id).order_by(sendings.c.id)
    return [_sending(row) for row in connection.execute(query)]


def page(connection: Connection, standing: Standing, before: int | None, limit: int) -> list[Sending]:
    """Those that stand so, newest first, below an id."""
    query = select(sendings).where(sendings.c.standing == str(standing)).order_by(sendings.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(sendings.c.id < before)
    return [_sending(row) for row in connection.execute(query)]


def count(connection: Connection) -> dict[Standing, int]:
    """How many stand how."""
    query = select(sendings.c.standing, func.count()).group_by(sendings.c.standing)
    return {Standing(row[0]): int(row[1]) for row in connection.execute(query)}


def open_by_way(connection: Reader) -> dict[tuple[Channel, Standing], int]:
    """How many wait, are held, or were given up, by way; what went is not counted."""
    unsent = [str(each) for each in (*OPEN, Standing.DEAD)]
    query = (
        select(sendings.c.channel, sendings.c.standing, func.count())
        .where(sendings.c.channel.in_([str(each) for each in Channel]), sendings.c.standing.in_(unsent))
        .group_by(sendings.c.channel, sendings.c.standing)
    )
    counted = {(Channel(row[0]), Standing(row[1])): int(row[2]) for row in connection.execute(query)}
    every = [(channel, standing) for channel in Channel for standing in (*OPEN, Standing.DEAD)]
    return {each: counted.get(each, 0) for each in every}


def oldest_before(connection: Reader, before: datetime, limit: int) -> list[int]:
    """The oldest from before a moment: they come in the order of time, so only the beginning is looked at."""
    rows = connection.execute(select(sendings.c.id, sendings.c.created_at).order_by(sendings.c.id).limit(limit))
    return [row.id for row in rows if row.created_at < before]


def forget(unit: Unit, ids: Sequence[int]) -> None:
    """Remove these."""
    unit.connection.execute(delete(sendings).where(sendings.c.id.in_(ids)))


def _sending(row: Any) -> Sending:
    return Sending(
        id=row.id, key=row.key, channel=Channel(row.channel), urgency=Urgency(row.urgency), notice=row.notice,
        said=row.said, case_id=row.case_id, person_id=row.person_id, institution=row.institution,
        standing=Standing(row.standing), due_at=row.due_at, attempts=row.attempts, repeats=row.repeats,
        created_at=row.created_at, receipt=row.receipt, trouble=row.trouble, sent_at=row.sent_at,
        delivered_at=row.delivered_at,
    )  # fmt: skip
