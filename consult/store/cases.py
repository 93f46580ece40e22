"""Cases in the database: kept whole, found by what a person may see, listed by what is due first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)

from consult.domain.access import Scope, What, scope_of
from consult.domain.cases import Case, State, case_of
from consult.domain.errors import NotFound, Stale
from consult.domain.events import TALK, Fact
from consult.domain.members import Answer
from consult.domain.people import ANY, Actor, Role
from consult.store.case_rows import row_of
from consult.store.tables import case_studies, cases, counters, facts
from consult.store.tables_members import case_members
from consult.store.tables_studies import studies
from consult.store.unit import Unit
from consult.store.upsert import put

Condition = ColumnElement[bool]


def visible_to(actor: Actor, what: What) -> Condition:
    """The start of every query on cases: the rows in which the actor sees ``what``, by the ACCESS table's scopes."""
    seen = within(scope_of(actor, what), actor, cases)
    if what is What.IMAGES and not actor.is_system:  # T30: its images are nobody's business any more
        return and_(seen, cases.c.state != State.ENTERED_IN_ERROR)
    return seen


def within(scopes: Iterable[Scope], actor: Actor, table: Table) -> Condition:
    """The rows of a table with the columns of ``cases`` that lie in any of these scopes of the actor."""
    asked = frozenset(scopes)
    return true() if Scope.ALL in asked else or_(false(), *(_scope(scope, actor, table) for scope in asked))


def _scope(scope: Scope, actor: Actor, table: Table) -> Condition:
    site, person = actor.institution_code, actor.person_id
    if site is None or person is None:
        return false()
    row = table.c
    conditions: dict[Scope, Callable[[], Condition]] = {
        Scope.OWN_SITE: lambda: row.requesting_site == site,
        Scope.REGION: lambda: or_(row.centre == site, row.performing_site == site, row.requesting_site == site),
        Scope.ASSIGNED: lambda: or_(row.assignee_id == person, row.author_id == person),
        Scope.CLAIMABLE: lambda: _claimable(actor),
        Scope.IN_REVIEW: lambda: or_(
            and_(row.performing_site == site, row.state == State.IN_REVIEW), row.reviewer_id == person
        ),
        Scope.MEMBER: lambda: _member(person),
        Scope.SAMPLE: lambda: row.sampled,
    }
    return conditions[scope]()


def _claimable(actor: Actor) -> Condition:
    skilled: list[Condition] = []
    for skill in actor.skills:  # what a case does not tell yet rules nobody out; who has no skill reads nothing
        part = true() if skill.body_part == ANY else cases.c.body_part.in_(("", skill.body_part))
        skilled.append(and_(cases.c.modality.in_(("", skill.modality)), part))
    return and_(
        cases.c.performing_site == actor.institution_code, cases.c.state == State.QUEUED, or_(false(), *skilled)
    )


def _member(person_id: str) -> Condition:
    sits = case_members.c.person_id == person_id, case_members.c.answer != Answer.DECLINED
    return and_(cases.c.state != State.DRAFT, cases.c.id.in_(select(case_members.c.case_id).where(*sits)))


def claimable_by(actor: Actor) -> Condition:
    """The pool as this specialist sees it."""
    return _claimable(actor)


def add(unit: Unit, case: Case, told: Fact, due_at: datetime | None) -> None:
    """Keep a new case and tell its first fact."""
    unit.connection.execute(insert(cases).values(row_of(case, due_at)))
    _link(unit.connection, case)
    _seat(unit.connection, case)
    unit.tell(told)


def save(unit: Unit, before: Case, after: Case, told: Fact, due_at: datetime | None) -> None:
    """Keep a moved case if nobody was faster, and tell the fact. Raises Stale."""
    changed = unit.connection.execute(
        update(cases).where(cases.c.id == before.id, cases.c.version == before.version).values(row_of(after, due_at))
    )
    if changed.rowcount != 1:
        raise Stale
    if after.study_uids != before.study_uids:
        unit.connection.execute(delete(case_studies).where(case_studies.c.case_id == after.id))
        _link(unit.connection, after)
    if after.members != before.members:
        unit.connection.execute(delete(case_members).where(case_members.c.case_id == after.id))
        _seat(unit.connection, after)
    unit.tell(told)


def _link(connection: Connection, case: Case) -> None:
    if case.study_uids:
        connection.execute(
            insert(case_studies), [{"case_id": case.id, "study_uid": uid} for uid in dict.fromkeys(case.study_uids)]
        )


def _seat(connection: Connection, case: Case) -> None:
    if case.members:
        seats = [{"case_id": case.id, "person_id": m.id, "role": m.role, "answer": m.answer} for m in case.members]
        connection.execute(insert(case_members), seats)


def find(connection: Connection, case_id: str, actor: Actor, what: What = What.CASE) -> Case:
    """The case, if the actor sees ``what`` of it; NotFound otherwise, whether or not it exists."""
    document = connection.scalar(select(cases.c.document).where(cases.c.id == case_id, visible_to(actor, what)))
    if document is None:
        raise NotFound
    return case_of(document)


def sees(connection: Connection, case_id: str, actor: Actor, what: What) -> bool:
    """Whether the actor sees ``what`` of the case."""
    return connection.scalar(select(cases.c.id).where(cases.c.id == case_id, visible_to(actor, what))) is not None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a worklist is narrowed to; ``queue`` is mine, pool or site."""

    states: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    queue: str | None = None
    text: str = ""


def page(
    connection: Connection, actor: Actor, filters: Filters, after: tuple[str, str] | None, limit: int
) -> list[tuple[Case, datetime | None, tuple[str, str]]]:
    """Up to ``limit`` cases after a cursor, each with its due time and its own cursor."""
    query = (
        select(cases.c.document, cases.c.due_at, cases.c.rank, cases.c.id)
        .where(_matching(actor, filters))
        .order_by(cases.c.rank, cases.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(cases.c.rank, cases.c.id) > after)
    return [(case_of(row.document), row.due_at, (row.rank, row.id)) for row in connection.execute(query)]


def count(connection: Connection, actor: Actor, filters: Filters) -> int:
    """How many cases the whole list has."""
    return connection.scalar(select(func.count()).select_from(cases).where(_matching(actor, filters))) or 0


def _matching(actor: Actor, filters: Filters) -> Condition:
    conditions = [visible_to(actor, What.LIST)]
    if filters.states:
        conditions.append(cases.c.state.in_(filters.states))
    if filters.priorities:
        conditions.append(cases.c.priority.in_(filters.priorities))
    if filters.queue == "mine":
        conditions.append(_mine(actor))
    elif filters.queue == "pool":
        conditions.append(_claimable(actor))
    elif filters.queue == "site":
        site = actor.institution_code
        conditions.append(or_(cases.c.requesting_site == site, cases.c.performing_site == site, cases.c.centre == site))
    if filters.text:
        like = "%" + filters.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        named = or_(cases.c.patient_name.ilike(like, escape="\\"), cases.c.number.ilike(like, escape="\\"))
        conditions.append(or_(named, _with_accession(like)))
    return and_(*conditions)


def _with_accession(like: str) -> Condition:
    """The cases whose own site sent a study with such an accession number."""
    linked = cases.alias("linked")
    found = (
        select(case_studies.c.case_id)
        .join(studies, studies.c.study_uid == case_studies.c.study_uid)
        .join(linked, linked.c.id == case_studies.c.case_id)
        .where(studies.c.institution == linked.c.requesting_site, studies.c.accession_number.ilike(like, escape="\\"))
    )
    return cases.c.id.in_(found)


def _mine(actor: Actor) -> Condition:
    """What a person had their hands on, and what waits for someone in their role at their site."""
    person, site = actor.person_id, actor.institution_code
    mine = [
        cases.c.assignee_id == person,
        cases.c.requester_id == person,
        cases.c.reviewer_id == person,
        cases.c.author_id == person,
        _member(person or ""),
    ]
    if Role.COORDINATOR in actor.roles:
        waits = cases.c.state.in_((State.SUBMITTED, State.QUEUED))
        mine.append(and_(waits, or_(cases.c.centre == site, cases.c.performing_site == site)))
    if Role.REVIEWER in actor.roles:
        mine.append(and_(cases.c.state == State.IN_REVIEW, cases.c.performing_site == site))
    if Role.APPROVER in actor.roles:
        asked = cases.c.state == State.DRAFT, cases.c.approval_asked_at.is_not(None)
        mine.append(and_(*asked, cases.c.requesting_site == site))
    return or_(*mine)


def facts_of(connection: Connection, case_id: str, after: int = 0) -> list[Fact]:
    """What happened to a case after a place in the log, in order."""
    query = (
        select(facts)
        .where(facts.c.subject == "case", facts.c.subject_id == case_id, facts.c.seq > after)
        .order_by(facts.c.seq)
    )
    return [fact_of(row) for row in connection.execute(query)]


def facts_seen(connection: Connection, actor: Actor, after: int, limit: int) -> list[Fact]:
    """Facts of cases that the actor may list, after a place in the log, in order."""
    query = (
        select(facts)
        .join(cases, and_(facts.c.subject.in_(("case", TALK)), cases.c.id == facts.c.subject_id))
        .where(facts.c.seq > after, visible_to(actor, What.LIST))
        .order_by(facts.c.seq)
        .limit(limit)
    )
    return [fact_of(row) for row in connection.execute(query)]


def seeing(connection: Connection, case_id: str, actors: Iterable[tuple[str, Actor]]) -> list[str]:
    """Of these keyed actors, the keys of those who may list the case."""
    return [key for key, actor in actors if sees(connection, case_id, actor, What.LIST)]


def head(connection: Connection) -> int:
    """The last place in the log; 0 when nothing happened yet."""
    return connection.scalar(select(func.max(facts.c.seq))) or 0


def fact_of(row: Any) -> Fact:
    """A row of the log as its fact."""
    return Fact(row.subject, row.subject_id, row.kind, row.at, row.by_id, row.by_name, row.version, row.data, row.seq)


def next_number(unit: Unit, day: str) -> str:
    """The next case number of a day: HZ20261124-0007."""
    taken = put(
        unit.connection,
        counters,
        {"name": f"case-{day}"},
        {"value": 1},
        change={"value": counters.c.value + 1},
        returning=counters.c.value,
    )
    return f"HZ{day}-{taken:04d}"


def twin_of(connection: Connection, case: Case) -> str | None:
    """The number of another open case with the same patient, question and studies, if there is one."""
    query = select(cases.c.document).where(
        cases.c.requesting_site == case.requesting_site,
        cases.c.patient_name == case.patient.name,
        cases.c.live,
        cases.c.state != State.DRAFT,
        cases.c.id.not_in([case.id, *([case.parent_id] if case.parent_id else [])]),
    )
    for document in connection.scalars(query):
        other = case_of(document)
        if other.question.strip() == case.question.strip() and set(other.study_uids) == set(case.study_uids):
            return other.number
    return None


def children_of(connection: Connection, case_id: str, actor: Actor) -> list[Case]:
    """The cases that were begun from this one, oldest first, as far as the actor may list them."""
    query = (
        select(cases.c.document)
        .where(cases.c.parent_id == case_id, visible_to(actor, What.LIST))
        .order_by(cases.c.created_at, cases.c.id)
    )
    return [case_of(document) for document in connection.scalars(query)]


def of_study(connection: Connection, study_uid: str, states: Sequence[State]) -> list[Case]:
    """The cases in these states that a study is linked to."""
    query = (
        select(cases.c.document)
        .join(case_studies, case_studies.c.case_id == cases.c.id)
        .where(case_studies.c.study_uid == study_uid, cases.c.state.in_([str(state) for state in states]))
    )
    return [case_of(document) for document in connection.scalars(query)]


def in_states(connection: Connection, performing_site: str, states: Sequence[State]) -> list[Case]:
    """The cases of a performing site in these states, in the order of their rank."""
    query = (
        select(cases.c.document)
        .where(cases.c.performing_site == performing_site, cases.c.state.in_([str(state) for state in states]))
        .order_by(cases.c.rank)
    )
    return [case_of(document) for document in connection.scalars(query)]


def appointments_of(connection: Connection, person_id: str, without: str) -> tuple[datetime, ...]:
    """When a specialist meets somebody for another case than ``without``."""
    query = select(cases.c.document).where(
        cases.c.assignee_id == person_id, cases.c.state == State.SCHEDULED, cases.c.id != without
    )
    booked = (case_of(document).appointment_at for document in connection.scalars(query))
    return tuple(at for at in booked if at is not None)


REPORTED = (State.SIGNED, State.DELIVERED, State.ACKNOWLEDGED, State.CLOSED)
HELD = (State.ASSIGNED, State.ACCEPTED, State.SCHEDULED, State.IN_PROGRESS, State.PRELIMINARY)


class Held(NamedTuple):
    """A case that somebody has on their hands."""

    person_id: str
    modality: str
    body_part: str
    case_id: str
    state: str


def held_by(connection: Connection, person_ids: Sequence[str]) -> list[Held]:
    """The open work of these people, a row a case."""
    query = select(cases.c.assignee_id, cases.c.modality, cases.c.body_part, cases.c.id, cases.c.state).where(
        cases.c.assignee_id.in_(person_ids), cases.c.state.in_([str(state) for state in HELD])
    )
    return [Held(*row) for row in connection.execute(query)]


def readers_of(connection: Connection, patient_name: str, requesting_site: str) -> dict[str, int]:
    """Who wrote how many reports for a patient of this name at this site: the prior readers."""
    query = (
        select(cases.c.author_id, func.count())
        .where(
            cases.c.patient_name == patient_name,
            cases.c.requesting_site == requesting_site,
            cases.c.author_id.is_not(None),
            cases.c.state.in_(REPORTED),
        )
        .group_by(cases.c.author_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
