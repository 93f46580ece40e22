"""What people were told: rows a person, found by whom a fact concerns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, false, func, insert, or_, select, update

from consult.domain.access import What
from consult.domain.cases import Case, Party, case_of
from consult.domain.errors import NotFound
from consult.domain.notices import Audience, Urgency
from consult.domain.people import Actor, Person, Role
from consult.store import people, rota
from consult.store.cases import visible_to
from consult.store.tables import cases
from consult.store.tables_notices import notices
from consult.store.unit import Reader, Unit


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as a person has it."""

    id: int
    fact_seq: int
    person_id: str
    notice: str
    urgency: Urgency
    case_id: str
    said: Mapping[str, Any]
    rung: int
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Looked:
    """Which of their notices a person looked at: these, all up to an id, or all of a case."""

    ids: Sequence[int] = ()
    up_to: int | None = None
    case_id: str | None = None


def add(unit: Unit, told: Sequence[Told]) -> list[Told]:
    """Tell these people; answers those who had not been told of that fact yet, each with its id."""
    seqs = {each.fact_seq for each in told}
    query = select(notices.c.fact_seq, notices.c.person_id).where(notices.c.fact_seq.in_(seqs))
    known = {(row.fact_seq, row.person_id) for row in unit.connection.execute(query)}
    added: list[Told] = []
    for each in told:
        if (each.fact_seq, each.person_id) in known:
            continue
        known.add((each.fact_seq, each.person_id))
        values = {
            "fact_seq": each.fact_seq, "person_id": each.person_id, "notice": each.notice,
            "urgency": str(each.urgency), "case_id": each.case_id, "said": dict(each.said), "rung": each.rung,
            "at": each.at, "read_at": None,
        }  # fmt: skip
        unit.connection.execute(insert(notices).values(**values))
        added.append(each)
    return added


def of_fact(connection: Connection, fact_seq: int) -> list[Told]:
    """Who was told of a fact, in the order in which they were."""
    query = select(notices).where(notices.c.fact_seq == fact_seq).order_by(notices.c.id)
    return [_told(row) for row in connection.execute(query)]


def of_case(connection: Connection, case_id: str) -> list[Told]:
    """Who was told what of a case, in the order in which they were."""
    query = select(notices).where(notices.c.case_id == case_id).order_by(notices.c.id)
    return [_told(row) for row in connection.execute(query)]


def page(connection: Connection, person_id: str, unread: bool, before: int | None, limit: int) -> list[Told]:
    """A person's notices, newest first, below an id."""
    query = select(notices).where(notices.c.person_id == person_id).order_by(notices.c.id.desc()).limit(limit)
    if unread:
        query = query.where(notices.c.read_at.is_(None))
    if before is not None:
        query = query.where(notices.c.id < before)
    return [_told(row) for row in connection.execute(query)]


def count_unread(connection: Connection, person_id: str) -> dict[Urgency, int]:
    """How many a person has not looked at, by urgency."""
    query = (
        select(notices.c.urgency, func.count())
        .where(notices.c.person_id == person_id, notices.c.read_at.is_(None))
        .group_by(notices.c.urgency)
    )
    return {Urgency(row[0]): int(row[1]) for row in connection.execute(query)}


def mark_read(unit: Unit, person_id: str, which: Looked, now: datetime) -> int:
    """A person looked at these of their own notices; how many they had not."""
    rows = (notices.c.person_id == person_id, notices.c.read_at.is_(None), _which(which))
    return unit.connection.execute(update(notices).where(*rows).values(read_at=now)).rowcount


def _which(looked: Looked) -> ColumnElement[bool]:
    return or_(
        notices.c.id.in_(looked.ids),
        false() if looked.up_to is None else notices.c.id <= looked.up_to,
        false() if looked.case_id is None else notices.c.case_id == looked.case_id,
    )


def oldest_before(connection: Reader, before: datetime, limit: int) -> list[int]:
    """The oldest notices from before a moment: they come in the order of time, so only the beginning is looked at."""
    rows = connection.execute(select(notices.c.id, notices.c.at).order_by(notices.c.id).limit(limit))
    return [row.id for row in rows if row.at < before]


def forget(unit: Unit, ids: Sequence[int]) -> None:
    """Remove these."""
    unit.connection.execute(delete(notices).where(notices.c.id.in_(ids)))


def head(connection: Connection) -> int:
    """The id of the newest notice of all; 0 when there is none."""
    return connection.scalar(select(func.max(notices.c.id))) or 0


def told_since(connection: Connection, after: int, limit: int) -> list[tuple[int, str]]:
    """Who was told after an id: (id, person id), in order."""
    query = select(notices.c.id, notices.c.person_id).where(notices.c.id > after).order_by(notices.c.id).limit(limit)
    return [(row.id, row.person_id) for row in connection.execute(query)]


def seen_of(connection: Connection, case_ids: Iterable[str], actor: Actor, what: What) -> dict[str, Case]:
    """Of these cases those of which the actor sees ``what``, by id."""
    query = select(cases.c.document).where(cases.c.id.in_(list(case_ids)), visible_to(actor, what))
    found = (case_of(document) for document in connection.scalars(query))
    return {case.id: case for case in found}


def _told(row: Any) -> Told:
    return Told(
        row.id, row.fact_seq, row.person_id, row.notice, Urgency(row.urgency), row.case_id, row.said, row.rung,
        row.at, row.read_at,
    )  # fmt: skip


# ---- whom a fact concerns ----


def audience(connection: Connection, whom: Audience, before: Case, after: Case, now: datetime) -> list[Person]:
    """The active people whom an audience means for a case, ``before`` and ``after`` a fact."""
    return [person for person in AUDIENCES[whom](connection, before, after, now) if person.active]


def _one(connection: Connection, party: Party | None) -> list[Person]:
    try:
        return [people.person(connection, party.id)] if party else []
    except NotFound:
        return []


def _requester(connection: Connection, before: Case, after: Case, now: datetime) -> list[Person]:
    asked = [person for person in _one(connection, after.requester) if person.active]
    return asked or _requesters(connection, before, after, now)


def _requesters(connection: Connection, _before: Case, after: Case, _now: datetime) -> list[Person]:
    return people.holders_of(connection, after.requesting_site, Role.REQUESTER)


def _coordinators(connection: Connection, _before: Case, after: Case, _now: datetime) -> list[Person]:
    houses = dict.fromkeys(site for site in (after.centre, after.performing_site) if site)
    return [person for site in houses for person in people.holders_of(connection, site, Role.COORDINATOR)]


def _second(connection: Connection, before: Case, after: Case, now: datetime) -> list[Person]:
    """Who claimed the error is not asked to confirm it."""
    asked = _coordinators(connection, before, after, now) + people.all_holding(connection, Role.PLATFORM_ADMIN)
    return [person for person in asked if person.id != after.error_claimed_by]


def _on_call(connection: Connection, _before: Case, after: Case, now: datetime) -> list[Person]:
    here = {
        shift.person_id
        for shift in rota.shifts_of(connection, after.performing_site, now)
        if shift.start <= now < shift.end
    }
    return [
        person
        for person in people.specialists_of(connection, after.performing_site)
        if person.id in here and any(skill.covers(after.modality, after.body_part) for skill in person.skills)
    ]


def _heads(connection: Connection, _before: Case, after: Case, _now: datetime) -> list[Person]:
    heads = people.holders_of(connection, after.performing_site, Role.APPROVER)
    return heads or people.reviewers_of(connection, after.performing_site)


AUDIENCES: Mapping[Audience, Callable[[Connection, Case, Case, datetime], list[Person]]] = {
    Audience.REQUESTER: _requester,
    Audience.REQUESTERS: _requesters,
    Audience.HEADS_ASKING: lambda connection, _before, after, _now: people.holders_of(
        connection, after.requesting_site, Role.APPROVER
    ),
    Audience.ASSIGNEE: lambda connection, _before, after, _now: _one(connection, after.assignee),
    Audience.FORMER_ASSIGNEE: lambda connection, before, _after, _now: _one(connection, before.assignee),
    Audience.AUTHOR: lambda connection, _before, after, _now: _one(connection, after.author),
    Audience.REVIEWERS: lambda connection, _before, after, _now: people.reviewers_of(connection, after.performing_site),
    Audience.COORDINATORS: _coordinators,
    Audience.SECOND: _second,
    Audience.ON_CALL: _on_call,
    Audience.HEADS: _heads,
}
