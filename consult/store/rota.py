"""The rota in the database: shifts and absences of an institution's people, and the days of its calendar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, delete, func, insert, select

from consult.domain.calendars import CHINA, Calendar
from consult.domain.house_days import HouseDay, calendar_with
from consult.domain.rota import Absence, Shift, present
from consult.store.tables_people import people
from consult.store.tables_people import sessions as signed_in
from consult.store.tables_rota import absences, calendar_days, missed_offers, shifts
from consult.store.unit import Unit
from consult.store.upsert import put

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Numbered(Generic[T]):
    """A row of the rota with the number to remove it by."""

    id: int
    value: T


def shifts_of(connection: Connection, site: str, now: datetime) -> list[Shift]:
    """The shifts of an institution's people that have not ended, by their start, without the time of absences."""
    away = [each.value for each in absences_between(connection, site, now)]
    return present((each.value for each in shifts_between(connection, site, now)), away)


def shifts_between(
    connection: Connection, site: str, begin: datetime, end: datetime | None = None
) -> list[Numbered[Shift]]:
    """The shifts as planned that lie at least in part between two moments, by their start."""
    return [Numbered(row.id, Shift(row.person_id, row.start_at, row.end_at, row.on_call))
            for row in connection.execute(_between(shifts, site, begin, end))]  # fmt: skip


def absences_between(
    connection: Connection, site: str, begin: datetime, end: datetime | None = None
) -> list[Numbered[Absence]]:
    """The absences that lie at least in part between two moments, by their start."""
    return [Numbered(row.id, Absence(row.person_id, row.start_at, row.end_at, row.reason))
            for row in connection.execute(_between(absences, site, begin, end))]  # fmt: skip


def _between(table: Any, site: str, begin: datetime, end: datetime | None) -> Any:
    query = (
        select(table)
        .join(people, people.c.id == table.c.person_id)
        .where(people.c.institution == site, table.c.end_at > begin)
        .order_by(table.c.start_at, table.c.person_id)
    )
    return query if end is None else query.where(table.c.start_at < end)


def add_shifts(unit: Unit, added: Iterable[Shift]) -> int:
    """Put these shifts on the rota, each once; how many were new. Raises ValueError for one that ends as it begins."""
    planned = {(s.person_id, s.start, s.end): s for s in added}
    if any(shift.end <= shift.start for shift in planned.values()):
        raise ValueError("a shift ends after it begins")
    query = select(shifts.c.person_id, shifts.c.start_at, shifts.c.end_at)
    rows_held = unit.connection.execute(query.where(shifts.c.person_id.in_(_who(planned))))
    held = {(row.person_id, row.start_at, row.end_at) for row in rows_held}
    new = [shift for at, shift in planned.items() if at not in held]
    rows = [{"person_id": s.person_id, "start_at": s.start, "end_at": s.end, "on_call": s.on_call} for s in new]
    if rows:
        unit.connection.execute(insert(shifts), rows)
    return len(rows)


def _who(planned: Iterable[tuple[str, datetime, datetime]]) -> list[str]:
    return sorted({person_id for person_id, *_ in planned})


def add_absence(unit: Unit, added: Absence) -> int:
    """Keep an absence; its number."""
    values = {"person_id": added.person_id, "start_at": added.start, "end_at": added.end, "reason": added.reason}
    return int(unit.connection.execute(insert(absences).values(**values).returning(absences.c.id)).scalar_one())


def remove_shift(unit: Unit, site: str, number: int) -> Shift | None:
    """Take a shift of an institution's people off the rota; None when it is not there."""
    row = _taken(unit, shifts, site, number)
    return None if row is None else Shift(row.person_id, row.start_at, row.end_at, row.on_call)


def remove_absence(unit: Unit, site: str, number: int) -> Absence | None:
    """Take an absence back; None when it is not there."""
    row = _taken(unit, absences, site, number)
    return None if row is None else Absence(row.person_id, row.start_at, row.end_at, row.reason)


def _taken(unit: Unit, table: Any, site: str, number: int) -> Any:
    query = select(table).join(people, people.c.id == table.c.person_id)
    row = unit.connection.execute(query.where(table.c.id == number, people.c.institution == site)).first()
    if row is not None:
        unit.connection.execute(delete(table).where(table.c.id == number))
    return row


def house_days(connection: Connection, site: str, year: int | None = None) -> list[HouseDay]:
    """The days an institution keeps against the week, by date; of one year where that is asked."""
    query = select(calendar_days).where(calendar_days.c.institution == site).order_by(calendar_days.c.day)
    if year is not None:
        query = query.where(calendar_days.c.day >= date(year, 1, 1), calendar_days.c.day <= date(year, 12, 31))
    return [HouseDay(row.day, row.works, row.name, row.source) for row in connection.execute(query)]


def keep_year(unit: Unit, site: str, year: int, days: Sequence[HouseDay]) -> None:
    """These are the days of that year; what was kept of it before is gone."""
    begin, end = date(year, 1, 1), date(year, 12, 31)
    theirs = calendar_days.c.institution == site
    unit.connection.execute(delete(calendar_days).where(theirs, calendar_days.c.day.between(begin, end)))
    rows = [{"institution": site, "day": d.day, "works": d.works, "name": d.name, "source": d.source} for d in days]
    if rows:
        unit.connection.execute(insert(calendar_days), rows)


def calendar_of(connection: Connection, site: str) -> Calendar:
    """An institution's calendar: its own days for the years it has, the published ones for the rest."""
    own = house_days(connection, site)
    return calendar_with(CHINA, own) if own else CHINA


def missed(unit: Unit, person_id: str, now: datetime) -> None:
    """An offer to this person ran out."""
    values = {"at": now, "times": 1}
    change = {"at": now, "times": missed_offers.c.times + 1}
    put(unit.connection, missed_offers, {"person_id": person_id}, values, change)


def answered(unit: Unit, person_id: str) -> None:
    """This person took a case: what they missed before no longer counts."""
    unit.connection.execute(delete(missed_offers).where(missed_offers.c.person_id == person_id))


def last_seen(connection: Connection, ids: Sequence[str]) -> dict[str, datetime]:
    """When these people were last here with a session, by id; who never was is absent."""
    query = (
        select(signed_in.c.person_id, func.max(signed_in.c.seen_at).label("at"))
        .where(signed_in.c.person_id.in_(ids))
        .group_by(signed_in.c.person_id)
    )
    return {row.person_id: row.at for row in connection.execute(query)}


def last_missed(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[datetime, int]]:
    """When the last offer to each of these people ran out, and how many did since they took one."""
    query = select(missed_offers).where(missed_offers.c.person_id.in_(ids))
    return {row.person_id: (row.at, row.times) for row in connection.execute(query)}
