"""Cases measured, in the database: written when facts come, read as blocks of figures."""

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select

from consult.domain.access import What, scope_of
from consult.domain.cases import Case, rebuild
from consult.domain.events import Fact
from consult.domain.people import Actor
from consult.domain.turnaround import COLUMNS, Timed, measure
from consult.store import cases, limits
from consult.store.tables import case_studies, facts
from consult.store.tables import cases as every_case
from consult.store.tables_turnaround import turnaround, turnaround_alerts
from consult.store.unit import Unit
from consult.store.upsert import put

FIGURES = struct.Struct(f"<{len(COLUMNS)}q")
PART = 500
IMAGE_FACTS = ("study_received", "study_settled")
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Period:
    """Cases submitted from ``since`` (inclusive) until ``until`` (exclusive)."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which cases are counted, by equality; an empty text narrows nothing.

    ``person`` and ``house`` leave only the cases that this person read, or that were read in this institution; both
    set: either.
    """

    requesting_site: str = ""
    performing_site: str = ""
    modality: str = ""
    priority: str = ""
    service_type: str = ""
    person: str = ""
    house: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Cases side by side: packed figures, case ids, and the texts of the one column that was asked for."""

    figures: bytes
    ids: Sequence[str]
    keys: Sequence[str]
    labels: Sequence[str]


def keep(unit: Unit, case_id: str, timed: Timed | None) -> None:
    """Write a case's measures over the old ones; None takes them away."""
    unit.connection.execute(delete(turnaround_alerts).where(turnaround_alerts.c.case_id == case_id))
    if timed is None:
        unit.connection.execute(delete(turnaround).where(turnaround.c.case_id == case_id))
        return
    put(unit.connection, turnaround, {"case_id": case_id}, row_of(timed))
    if timed.alerts:
        unit.connection.execute(insert(turnaround_alerts), alert_rows(timed))


def row_of(timed: Timed) -> dict[str, Any]:
    """A measured case as its row, without the key."""
    case = timed.case
    reader = case.author or case.assignee
    return {
        "number": case.number,
        "submitted_at": timed.submitted_at,
        "state": str(case.state),
        "priority": str(case.priority),
        "service_type": str(case.service_type),
        "requesting_site": case.requesting_site,
        "performing_site": case.performing_site,
        "centre": case.centre,
        "modality": case.modality,
        "body_part": case.body_part,
        "assignee_id": case.assignee.id if case.assignee else None,
        "author_id": case.author.id if case.author else None,
        "reviewer_id": case.reviewer.id if case.reviewer else None,
        "specialist_id": reader.id if reader else None,
        "specialist_name": reader.name if reader else "",
        "figures": FIGURES.pack(*timed.figures),
    }


def alert_rows(timed: Timed) -> list[dict[str, Any]]:
    """The verdicts of a case's critical findings as rows."""
    return [
        {"case_id": timed.case.id, "place": place, "submitted_at": timed.submitted_at, "verdict": verdict}
        for place, verdict in enumerate(timed.alerts)
    ]


def measured(connection: Connection, case_id: str) -> Timed | None:
    """A case measured from its facts alone; None where there is nothing to measure."""
    told = cases.facts_of(connection, case_id)
    if not told:
        return None
    case = rebuild(told)
    return measure(case, told, _images(connection, case), limits.book(connection))


def _images(connection: Connection, case: Case) -> list[Fact]:
    if not case.study_uids:
        return []
    query = (
        select(facts)
        .where(facts.c.subject == "study", facts.c.subject_id.in_(case.study_uids), facts.c.kind.in_(IMAGE_FACTS))
        .order_by(facts.c.seq)
    )
    return [
        Fact(row.subject, row.subject_id, row.kind, row.at, row.by_id, row.by_name, row.version, row.data, row.seq)
        for row in connection.execute(query)
        if row.data["institution"] == case.requesting_site
    ]


def with_study(connection: Connection, study_uid: str) -> list[str]:
    """The cases that a study is linked to."""
    return list(connection.scalars(select(case_studies.c.case_id).where(case_studies.c.study_uid == study_uid)))


def told_cases(connection: Connection) -> list[str]:
    """The ids of every case that the log tells of."""
    query = select(facts.c.subject_id).where(facts.c.subject == "case").distinct().order_by(facts.c.subject_id)
    return list(connection.scalars(query))


def _in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many at a time that no statement has more parameters than an engine takes."""
    return (ids[first : first + PART] for first in range(0, len(ids), PART))


def forget_others(unit: Unit, kept: set[str]) -> int:
    """Take away what was measured of cases that the log does not tell of; how many."""
    there = set(unit.connection.scalars(select(turnaround.c.case_id)))
    for some in _in_parts(sorted(there - kept)):
        unit.connection.execute(delete(turnaround).where(turnaround.c.case_id.in_(some)))
        unit.connection.execute(delete(turnaround_alerts).where(turnaround_alerts.c.case_id.in_(some)))
    return len(there - kept)


def block(
    connection: Connection,
    actor: Actor,
    period: Period,
    narrowed: Narrowed,
    key: str = "",
    label: str = "",
    *,
    named: bool = False,
) -> Block:
    """The cases of a period that the actor may count, in no order; ``key`` and ``label`` name columns to take along.

    ``named`` takes the case ids along. Rows are read as the driver gives them: for 100,000 of them anything else costs
    more than all the counting.
    """
    columns = [turnaround.c.figures]
    columns += [turnaround.c[name] for name in (key, label) if name]
    columns += [turnaround.c.case_id] if named else []
    found = connection.execute(select(*columns).where(_counted(actor, period, narrowed)))
    rows: Sequence[Any] = found.cursor.fetchall() if found.cursor is not None else []
    found.close()
    keys = [row[1] or "" for row in rows] if key else []
    return Block(
        b"".join([row[0] for row in rows]),
        [row[-1] for row in rows] if named else [],
        keys,
        [row[2] for row in rows] if label else keys,
    )


def alerts(connection: Connection, actor: Actor, period: Period, narrowed: Narrowed) -> list[tuple[str, int]]:
    """The verdicts on the critical findings of those cases: (case id, verdict)."""
    told = turnaround_alerts.c
    query = (
        select(told.case_id, told.verdict)
        .join(turnaround, turnaround.c.case_id == told.case_id)
        .where(told.submitted_at >= period.since, told.submitted_at < period.until)
        .where(_counted(actor, period, narrowed))
        .order_by(told.case_id, told.place)
    )
    return [(row.case_id, row.verdict) for row in connection.execute(query)]


def lines(connection: Connection, ids: Sequence[str]) -> dict[str, Any]:
    """What is shown of these cases, by id: nothing of the patient."""
    shown = [column for column in turnaround.c if column.name not in ("figures", "specialist_name")]
    return {
        row.case_id: row
        for some in _in_parts(ids)
        for row in connection.execute(select(*shown).where(turnaround.c.case_id.in_(some)))
    }


def opens(connection: Connection, actor: Actor, ids: Sequence[str]) -> set[str]:
    """Which of these cases the actor may open."""
    seen = cases.visible_to(actor, What.CASE)
    return {
        found
        for some in _in_parts(ids)
        for found in connection.scalars(select(every_case.c.id).where(every_case.c.id.in_(some), seen))
    }


def choices(connection: Connection, actor: Actor, period: Period) -> dict[str, list[str]]:
    """What the cases of a period can be narrowed by: the values that occur."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    names = ("requesting_site", "performing_site", "modality")
    query = (
        select(*(turnaround.c[name] for name in names), func.count())
        .where(_counted(actor, period, Narrowed()))
        .group_by(*(turnaround.c[name] for name in names))
    )
    for row in connection.execute(query):
        for name, value in zip(names, row, strict=False):
            found[name].add(value)
    return {name: sorted(found[name]) for name in names}


def _counted(actor: Actor, period: Period, narrowed: Narrowed) -> Condition:
    row = turnaround.c
    equal = [
        row[name] == value
        for name in ("requesting_site", "performing_site", "modality", "priority", "service_type")
        if (value := getattr(narrowed, name))
    ]
    read_by = [
        condition
        for asked, condition in (
            (narrowed.person, row.specialist_id == narrowed.person),
            (narrowed.house, and_(row.performing_site == narrowed.house, row.specialist_id.is_not(None))),
        )
        if asked
    ]
    return and_(
        row.submitted_at >= period.since,
        row.submitted_at < period.until,
        cases.within(scope_of(actor, What.TURNAROUND), actor, turnaround),
        *equal,
        *([or_(*read_by)] if read_by else []),
    )
