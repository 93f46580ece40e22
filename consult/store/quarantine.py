"""Refused objects as operators go through them, and what became of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from consult.domain.errors import NotFound, Words
from consult.store.tables_audit import refused_settled
from consult.store.tables_studies import refused
from consult.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of it: ``taken`` after all, ``refused`` again, or ``dismissed``."""

    how: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RefusedObject:
    """An object that was not taken; ``settled`` is None while nobody saw to it."""

    id: int
    at: datetime
    institution: str
    sender: str
    door: str
    code: str
    reason: Words
    sop_uid: str
    sha256: str
    size: int
    kept: bool
    settled: Settled | None


def _query(institution: str | None) -> Select[Any]:
    query = select(refused, refused_settled).join_from(
        refused, refused_settled, refused.c.id == refused_settled.c.refused_id, isouter=True
    )
    return query if institution is None else query.where(refused.c.institution == institution)


def page(
    connection: Connection, institution: str | None, settled: bool, before: int | None, limit: int
) -> list[RefusedObject]:
    """Those that are settled, or those that are not, newest first; of one institution, or (None) of all."""
    there = refused_settled.c.refused_id.is_not(None) if settled else refused_settled.c.refused_id.is_(None)
    query = _query(institution).where(there).order_by(refused.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(refused.c.id < before)
    return [_object(row) for row in connection.execute(query)]


def count_open(connection: Connection, institution: str | None) -> tuple[int, int]:
    """How many nobody saw to, and the bytes of those that were kept."""
    query = select(func.count(), func.coalesce(func.sum(refused.c.size), 0)).select_from(
        refused.outerjoin(refused_settled, refused.c.id == refused_settled.c.refused_id)
    )
    query = query.where(refused_settled.c.refused_id.is_(None))
    if institution is not None:
        query = query.where(refused.c.institution == institution)
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


def find(connection: Connection, number: int, institution: str | None) -> RefusedObject:
    """One of them. Raises NotFound."""
    row = connection.execute(_query(institution).where(refused.c.id == number)).first()
    if row is None:
        raise NotFound
    return _object(row)


def settle(unit: Unit, number: int, by_id: str | None, became: Settled) -> None:
    """Say what became of one; a second time is Taken."""
    values = {"refused_id": number, "how": became.how, "reason": became.reason, "by_id": by_id}
    unit.connection.execute(insert(refused_settled).values(**values, by_name=became.by, at=became.at))


def _object(row: Any) -> RefusedObject:
    told = row._mapping
    became = None
    if told[refused_settled.c.refused_id] is not None:
        columns = refused_settled.c
        became = Settled(told[columns.how], told[columns.reason], told[columns.by_name], told[columns.at])
    return RefusedObject(
        id=told[refused.c.id],
        at=told[refused.c.at],
        institution=told[refused.c.institution],
        sender=told[refused.c.sender],
        door=told[refused.c.door],
        code=told[refused.c.code],
        reason=Words(told[refused.c.reason_zh], told[refused.c.reason_en]),
        sop_uid=told[refused.c.sop_uid],
        sha256=told[refused.c.sha256],
        size=told[refused.c.size],
        kept=told[refused.c.kept],
        settled=became,
    )
