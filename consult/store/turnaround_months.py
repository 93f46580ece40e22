"""Monthly reports of turnaround, kept as they were made."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from consult.store.tables_turnaround import turnaround_months as months
from consult.store.unit import Unit


def keep(unit: Unit, institution: str, month: str, pdf: bytes, now: datetime) -> None:
    """Keep a report, unless there is one: it is made once."""
    there = select(months.c.month).where(months.c.institution == institution, months.c.month == month)
    if unit.connection.scalar(there) is None:
        row = {"institution": institution, "month": month, "made_at": now, "pdf": pdf}
        unit.connection.execute(insert(months).values(row))


def made(connection: Connection, month: str) -> set[str]:
    """The institutions whose report of a month is there."""
    return set(connection.scalars(select(months.c.institution).where(months.c.month == month)))


def of(connection: Connection, institution: str) -> Sequence[tuple[str, datetime]]:
    """An institution's months, newest first, each with the moment its report was made."""
    query = (
        select(months.c.month, months.c.made_at)
        .where(months.c.institution == institution)
        .order_by(months.c.month.desc())
    )
    return [(row.month, row.made_at) for row in connection.execute(query)]


def pdf(connection: Connection, institution: str, month: str) -> bytes | None:
    """The report itself; None where there is none."""
    query = select(months.c.pdf).where(months.c.institution == institution, months.c.month == month)
    found: bytes | None = connection.scalar(query)
    return found
