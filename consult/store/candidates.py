"""Who might read a case, with what they have on their hands: what the router looks at."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from consult.domain.cases import Case
from consult.domain.members import chair_of, is_mdt
from consult.domain.people import SYSTEM
from consult.domain.routing import WORK_UNITS, Candidate, Need
from consult.store import cases as case_store
from consult.store import people
from consult.store.tables import cases

FAIRNESS_WINDOW = timedelta(days=7)
NO_DUE_TIME = timedelta(days=1)


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


def candidates_for(connection: Connection, case: Case, now: datetime) -> list[Candidate]:
    """The specialists of the performing site, each with open and recent work; a case does not count against itself."""
    persons = people.specialists_of(connection, case.performing_site)
    ids = [person.id for person in persons]
    shifts = people.shifts_of(connection, case.performing_site, now)
    open_units: dict[str, float] = {}
    for person_id, modality, case_id in case_store.held_by(connection, ids):
        if case_id != case.id:
            open_units[person_id] = open_units.get(person_id, 0.0) + WORK_UNITS.get(modality, 1.0)
    recent = _recent_units(connection, ids, now)
    prior = case_store.readers_of(connection, case.patient.name, case.requesting_site)
    known = _site_reads(connection, ids, case.requesting_site)
    return [
        Candidate(
            person,
            tuple(shift for shift in shifts if shift.person_id == person.id),
            open_units.get(person.id, 0.0),
            recent.get(person.id, 0.0),
            prior.get(person.id, 0),
            known.get(person.id, 0),
        )
        for person in persons
    ]


def _recent_units(connection: Connection, ids: list[str], now: datetime) -> dict[str, float]:
    query = (
        select(cases.c.assignee_id, cases.c.modality, func.count())
        .where(cases.c.assignee_id.in_(ids), cases.c.updated_at >= now - FAIRNESS_WINDOW)
        .group_by(cases.c.assignee_id, cases.c.modality)
    )
    given: dict[str, float] = {}
    for person_id, modality, n in connection.execute(query):
        given[person_id] = given.get(person_id, 0.0) + n * WORK_UNITS.get(modality, 1.0)
    return given


def _site_reads(connection: Connection, ids: list[str], site: str) -> dict[str, int]:
    query = (
        select(cases.c.author_id, func.count())
        .where(cases.c.author_id.in_(ids), cases.c.requesting_site == site, cases.c.state.in_(case_store.REPORTED))
        .group_by(cases.c.author_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
