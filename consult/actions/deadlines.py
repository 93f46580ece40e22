"""What the system does by itself: routing, offers that run out, escalation, images that came or lack, closing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from consult.actions.workflow import move_by_system, until_when
from consult.domain import critical, reminders
from consult.domain.cases import Case, State, Why
from consult.domain.clocks import RETURNED_EXPIRES_S
from consult.domain.dispatch import Waiting, dispatch
from consult.domain.errors import NotFound, Unmet, WrongState
from consult.domain.events import Fact
from consult.domain.limits import LimitBook
from consult.domain.people import SYSTEM
from consult.domain.reminders import Topic
from consult.domain.routing import Candidate, Explained, Routing
from consult.domain.workflow import AFTER_DRAFT, LIVE, Verb
from consult.domain.workflow_needs import lacks_images
from consult.store import cases, limits, outbox, people, races
from consult.store.candidates import house_of, in_pool, known_to, need_of
from consult.store.outbox import Timer
from consult.store.patients import differences_of
from consult.store.unit import Store, Unit
from consult.store.world import images_of, readings_of, report_due, world_of

RETRY_ROUTING = timedelta(seconds=30)
CLOSES_AFTER = timedelta(days=7)
STUDY_SETTLED = "study_settled"
REMINDERS: dict[Topic, Verb] = {
    Topic.REQUEST: Verb.REMIND_REQUEST,
    Topic.SUPPLEMENT: Verb.REMIND_SUPPLEMENT,
    Topic.APPOINTMENT: Verb.REMIND_APPOINTMENT,
}
FREEING = frozenset(
    map(str, (Verb.OPEN, Verb.SIGN, Verb.SUBMIT_FOR_REVIEW, Verb.CANCEL, Verb.WITHDRAW, Verb.RETURN_FOR_SUPPLEMENT,
              Verb.REASSIGN, Verb.SCHEDULE))
)  # fmt: skip
"""Moves after which somebody's hands are freer than before."""
CASE_JOBS = ("route", "offer_ran_out", "expire", "escalate", "close", "call_contact", *map(str, REMINDERS.values()))


def on_case_fact(store: Store, fact: Fact, now: datetime) -> None:
    """A case changed: set its timers anew, look at its images, and route it at once when it waits for a reader."""
    with store.write() as unit:
        case = _held(unit, fact.subject_id)
        if case is None:
            return
        case = _judge_images(unit, case, now)
        _set_timers(unit, case, now)
    if case.state is State.QUEUED:
        route_case(store, case.id, now)
    elif fact.kind in FREEING:
        with store.write() as unit:
            route_house(unit, case.performing_site, now)


def on_study_fact(store: Store, fact: Fact, now: datetime) -> None:
    """A study settled: the cases that wait for it, or were taken in with it, are judged anew."""
    if fact.kind != STUDY_SETTLED:
        return
    with store.write() as unit:
        for case in cases.of_study(unit.connection, fact.subject_id, (State.SUBMITTED, State.AWAITING_IMAGES)):
            if case.requesting_site == fact.data["institution"]:
                _judge_images(unit, case, now)


def _held(unit: Unit, case_id: str) -> Case | None:
    try:
        return races.hold(unit, case_id, SYSTEM)
    except NotFound:
        return None


def _judge_images(unit: Unit, case: Case, now: datetime) -> Case:
    """T03, T04, and T07 where the performing site lets complete cases pass without a coordinator."""
    if case.state not in (State.SUBMITTED, State.AWAITING_IMAGES):
        return case
    status = images_of(unit.connection, case).status
    if case.state is State.SUBMITTED and lacks_images(case, status):
        return move_by_system(unit, case, Verb.IMAGES_INCOMPLETE, {}, now)
    if case.state is State.AWAITING_IMAGES and status in ("complete", "quiet"):
        case = move_by_system(unit, case, Verb.IMAGES_COMPLETE, {}, now)
    performing = people.institution(unit.connection, case.performing_site)
    if case.state is State.SUBMITTED and status in ("complete", "quiet") and performing.policy.auto_triage:
        if differences_of(unit.connection, case):
            return case  # a person looks at it
        case = move_by_system(unit, case, Verb.TRIAGE, {}, now)
    return case


def _set_timers(unit: Unit, case: Case, now: datetime) -> None:
    # a mark that passed and was not told yet stays due, whatever moves the case meanwhile
    late = outbox.is_due(unit.connection, "escalate", case.id, now)
    outbox.drop_timers(unit, case.id, [job for job in CASE_JOBS if not (late and job == "escalate")])
    if case.state is State.ASSIGNED and case.offer_until is not None:
        outbox.set_timer(unit, "offer_ran_out", case.id, case.offer_until)
    if case.state is State.QUEUED:
        outbox.set_timer(unit, "route", case.id, now + RETRY_ROUTING)
    if case.state is State.RETURNED:
        outbox.set_timer(unit, "expire", case.id, case.stays[-1].since + timedelta(seconds=RETURNED_EXPIRES_S))
    if case.state is State.ACKNOWLEDGED:
        outbox.set_timer(unit, "close", case.id, case.stays[-1].since + CLOSES_AFTER)
    for topic, verb in REMINDERS.items():
        due = reminders.due_at(case, topic)
        if due is not None and case.state in LIVE:
            outbox.set_timer(unit, str(verb), case.id, due)
    call = critical.next_call_of(case)
    if call is not None and case.state in AFTER_DRAFT:
        outbox.set_timer(unit, "call_contact", case.id, call)
    mark = _next_mark(case, now, limits.book(unit.connection))
    if mark is not None and not late:
        outbox.set_timer(unit, "escalate", case.id, mark)


def _next_mark(case: Case, now: datetime, book: LimitBook) -> datetime | None:
    """The first moment since the last move at which the consult clock escalates (50, 80, 100 %)."""
    coming = [
        mark.at
        for reading in readings_of(case, now, book)
        if reading.name == "consult" and reading.running
        for mark in reading.marks
        if mark.at > case.updated_at
    ]
    return min(coming) if coming else None


def route_case(store: Store, case_id: str, now: datetime) -> None:
    """T09: give every waiting case of its house that somebody is free for, in their turn; remember why."""
    with store.write() as unit:
        try:
            case = cases.find(unit.connection, case_id, SYSTEM)
        except NotFound:
            return
        if case.state is not State.QUEUED:
            return
        for waits in route_house(unit, case.performing_site, now):
            outbox.set_timer(unit, "route", waits, now + RETRY_ROUTING)


def route_house(unit: Unit, site: str, now: datetime) -> list[str]:
    """The waiting cases of a house against its people, the first in turn to whoever is best for it; who still waits."""
    house = house_of(unit.connection, site, now)
    pool = {case.id: case for case in in_pool(unit.connection, site)}
    book = limits.book(unit.connection)
    waiting = [
        Waiting(case.id, need_of(unit.connection, case, report_due(case, now, book), now)) for case in pool.values()
    ]

    def known(each: Waiting, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return known_to(unit.connection, replace(house, candidates=tuple(candidates)), pool[each.case_id])

    for each, decision in dispatch(waiting, house.candidates, now, house.calendar, house.policy, known):
        if decision.chosen is not None:
            _offer(unit, pool.pop(each.case_id), decision, decision.chosen, now)
    return list(pool)


def _offer(unit: Unit, case: Case, decision: Routing, chosen: Explained, now: datetime) -> None:
    say = {
        "assignee": {"id": chosen.person_id, "name": chosen.name},
        "offer_until": until_when(unit, case, chosen.person_id, now),
        "why": tuple(_why(explained, chosen.person_id) for explained in decision.ranking),
    }
    move_by_system(unit, case, Verb.ASSIGN, say, now)


def _why(explained: Explained, chosen: str) -> Why:
    return Why(
        explained.person_id,
        explained.name,
        explained.person_id == chosen,
        explained.score,
        tuple((reason.code, reason.words.zh, reason.words.en, reason.points) for reason in explained.reasons),
        tuple((out.code, out.words.zh, out.words.en) for out in explained.excluded_by),
    )


def _by_timer(verb: Verb) -> Callable[[Store, Timer, datetime], None]:
    def due(store: Store, timer: Timer, now: datetime) -> None:
        with store.write() as unit:
            case = _held(unit, timer.subject_id)
            # the timer goes with its effect: a worker that dies here has done both or neither
            if not outbox.end_timer(unit, timer, timer.due_at) or case is None:
                return
            try:
                move_by_system(unit, case, verb, {}, now, world_of(unit.connection, case, now))
            except (WrongState, Unmet):
                return  # it moved on by itself before the timer came

    return due


def _route_due(store: Store, timer: Timer, now: datetime) -> None:
    route_case(store, timer.subject_id, now)


CASE_TIMERS: dict[str, Callable[[Store, Timer, datetime], None]] = {
    "route": _route_due,
    "offer_ran_out": _by_timer(Verb.OFFER_RAN_OUT),
    "expire": _by_timer(Verb.EXPIRE),
    "escalate": _by_timer(Verb.ESCALATE),
    "close": _by_timer(Verb.CLOSE),
    "call_contact": _by_timer(Verb.CALL_CONTACT),
    **{str(verb): _by_timer(verb) for verb in REMINDERS.values()},
}
"""What a due timer of a case does; a job that runs twice finds the case already moved."""
