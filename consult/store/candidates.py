"""Who might read a case, with what they have on their hands: what the router looks at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from consult.domain.calendars import Calendar
from consult.domain.cases import Case, State, case_of
from consult.domain.members import chair_of, is_mdt
from consult.domain.people import SYSTEM
from consult.domain.routing import Candidate, Need
from consult.domain.routing_policy import Policy
from consult.domain.work_units import units_of
from consult.store import cases as case_store
from consult.store import people, rota, routing_rules
from consult.store.tables import cases

FAIRNESS_WINDOW = timedelta(days=7)
NO_DUE_TIME = timedelta(days=1)
HERE_WITHIN = timedelta(minutes=15)
UNOPENED = (State.ASSIGNED, State.ACCEPTED)


@dataclass(frozen=True, slots=True)
class House:
    """A performing institution as its cases are routed: what holds there, and its people with their work."""

    policy: Policy
    calendar: Calendar
    candidates: tuple[Candidate, ...]


def need_of(connection: Connection, case: Case, due_at: datetime | None, now: datetime) -> Need:
    """What a case asks of a reader; a second opinion is never the first reader's."""
    chair = chair_of(case)
    return Need(
        requesting_site=case.requesting_site,
        performing_site=case.performing_site,
        service_type=str(case.service_type),
        priority=str(case.priority),
        modality=case.modality,
        body_part=case.body_part,
        due_at=due_at or now + NO_DUE_TIME,
        conflicts=frozenset({case.requester.id, *_first_readers(connection, case)}),
        chair=chair.id if chair else None,
        passed_over=case.passed_over,
        affinity=case.affinity,
        agreements=tuple(people.agreements_of(connection, case.requesting_site)),
    )


def _first_readers(connection: Connection, case: Case) -> tuple[str, ...]:
    if case.parent_id is None or is_mdt(case):
        return ()
    return case_store.find(connection, case.parent_id, SYSTEM).authors


def house_of(connection: Connection, site: str, now: datetime, without: str = "") -> House:
    """The specialists of an institution with open and recent work; the case ``without`` counts for nobody."""
    policy = routing_rules.policy_of(connection, site)
    persons = people.specialists_of(connection, site)
    ids = [person.id for person in persons]
    shifts = rota.shifts_of(connection, site, now)
    open_units: dict[str, float] = {}
    unopened: dict[str, int] = {}
    for held in case_store.held_by(connection, ids):
        if held.case_id != without:
            units = units_of(policy.units, held.modality, held.body_part)
            open_units[held.person_id] = open_units.get(held.person_id, 0.0) + units
            unopened[held.person_id] = unopened.get(held.person_id, 0) + (held.state in UNOPENED)
    recent = _recent_units(connection, ids, policy, now)
    seen, missed = rota.last_seen(connection, ids), rota.last_missed(connection, ids)
    candidates = tuple(
        Candidate(
            person,
            tuple(shift for shift in shifts if shift.person_id == person.id),
            open_units.get(person.id, 0.0),
            recent.get(person.id, 0.0),
            unopened=unopened.get(person.id, 0),
            unanswered=_unanswered(missed.get(person.id), seen.get(person.id)),
            seen=person.id in seen and seen[person.id] >= now - HERE_WITHIN,
        )
        for person in persons
    )
    return House(policy, rota.calendar_of(connection, site), candidates)


def _unanswered(missed: tuple[datetime, int] | None, seen: datetime | None) -> int:
    """How many offers somebody let run out and did not come back after."""
    return 0 if missed is None or (seen is not None and seen > missed[0]) else missed[1]


def known_to(connection: Connection, house: House, case: Case) -> tuple[Candidate, ...]:
    """The house's people with what they read of this patient and for this requesting site."""
    ids = [each.person.id for each in house.candidates]
    prior = case_store.readers_of(connection, case.patient.name, case.requesting_site)
    known = _site_reads(connection, ids, case.requesting_site)
    return tuple(
        replace(each, prior_reads=prior.get(each.person.id, 0), site_reads=known.get(each.person.id, 0))
        for each in house.candidates
    )


def candidates_for(connection: Connection, case: Case, now: datetime) -> House:
    """The house of a case as this case meets it; it does not count against itself."""
    house = house_of(connection, case.performing_site, now, without=case.id)
    return replace(house, candidates=known_to(connection, house, case))


def _recent_units(connection: Connection, ids: Sequence[str], policy: Policy, now: datetime) -> dict[str, float]:
    kind = cases.c.assignee_id, cases.c.modality, cases.c.body_part
    query = (
        select(*kind, func.count())
        .where(cases.c.assignee_id.in_(ids), cases.c.updated_at >= now - FAIRNESS_WINDOW)
        .group_by(*kind)
    )
    given: dict[str, float] = {}
    for person_id, modality, body_part, n in connection.execute(query):
        given[person_id] = given.get(person_id, 0.0) + n * units_of(policy.units, modality, body_part)
    return given


def _site_reads(connection: Connection, ids: Sequence[str], site: str) -> dict[str, int]:
    query = (
        select(cases.c.author_id, func.count())
        .where(cases.c.author_id.in_(ids), cases.c.requesting_site == site, cases.c.state.in_(case_store.REPORTED))
        .group_by(cases.c.author_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def in_pool(connection: Connection, site: str) -> list[Case]:
    """The cases that wait for a reader of this institution, in the order of a worklist."""
    query = (
        select(cases.c.document)
        .where(cases.c.performing_site == site, cases.c.state == State.QUEUED)
        .order_by(cases.c.rank, cases.c.id)
    )
    return [case_of(document) for document in connection.execute(query).scalars()]


def came_to(connection: Connection, site: str, since: datetime) -> list[Case]:
    """The cases that institutions asked of this one since then, by when they were begun."""
    query = (
        select(cases.c.document)
        .where(cases.c.performing_site == site, cases.c.created_at >= since)
        .order_by(cases.c.created_at, cases.c.id)
    )
    return [case_of(document) for document in connection.execute(query).scalars()]
