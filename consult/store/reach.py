"""How people are reached, by person."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from consult.domain.errors import Stale
from consult.domain.notices import Urgency
from consult.domain.reach import Channel, Reach
from consult.store.tables_notices import reach
from consult.store.unit import Unit

UNKNOWN = Reach()


def of_person(connection: Connection, person_id: str) -> Reach:
    """How a person is reached; where nothing is on record, by the page alone."""
    return of_people(connection, [person_id]).get(person_id, UNKNOWN)


def of_people(connection: Connection, person_ids: Collection[str]) -> dict[str, Reach]:
    """How these people are reached, of those who have anything on record."""
    query = select(reach).where(reach.c.person_id.in_(list(person_ids)))
    return {row.person_id: _reach(row) for row in connection.execute(query)}


def keep(unit: Unit, person_id: str, kept: Reach, now: datetime) -> None:
    """Bring a person's record to these values if it still stands at their version. Raises Stale."""
    values: dict[str, Any] = {
        "version": kept.version + 1,
        "email": kept.email,
        "mobile": kept.mobile,
        "quiet_from": kept.quiet_from,
        "quiet_to": kept.quiet_to,
        "ways": {str(channel): sorted(wanted) for channel, wanted in kept.ways.items()},
        "changed_at": now,
    }
    if kept.version == 0:
        if _exists(unit.connection, person_id):
            raise Stale
        unit.connection.execute(insert(reach).values(person_id=person_id, **values))
        return
    there = (reach.c.person_id == person_id, reach.c.version == kept.version)
    if unit.connection.execute(update(reach).where(*there).values(**values)).rowcount != 1:
        raise Stale


def _exists(connection: Connection, person_id: str) -> bool:
    return connection.scalar(select(reach.c.person_id).where(reach.c.person_id == person_id)) is not None


def _reach(row: Any) -> Reach:
    ways = {Channel(name): frozenset(Urgency(each) for each in wanted) for name, wanted in row.ways.items()}
    return Reach(row.email, row.mobile, row.quiet_from, row.quiet_to, ways, row.version)
