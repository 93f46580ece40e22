"""What the system does by itself, played through with a clock: nothing waits for a person who is not coming."""

from datetime import datetime, timedelta

import pytest

from consult.actions import deadlines
from consult.actions.relay import StoredPositions, run_due_timers
from consult.domain.cases import Case, Priority, State
from consult.domain.events import Fact
from consult.domain.people import SitePolicy
from consult.domain.workflow import Verb
from consult.store import outbox
from consult.store.cases import facts_of
from consult.store.unit import Store
from consult.worker.relay import Relay
from tests.doubles import Clock
from tests.makers.cases import STUDY, a_study, begun, brought_to, by, stored
from tests.makers.people import NOW, policy, settle

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Worker:
    """The worker's two loops, turned by hand: facts to the deadlines, then the timers that are due."""

    def __init__(self, store: Store, now: datetime) -> None:
        self.store, self.clock = store, Clock(now)
        handlers = {"cases": self._case, "studies": self._study}
        self.relay = Relay(StoredPositions(store), handlers, self.clock, lambda: True)

    def _case(self, fact: Fact, now: datetime) -> None:
        if fact.subject == "case":
            deadlines.on_case_fact(self.store, fact, now)

    def _study(self, fact: Fact, now: datetime) -> None:
        if fact.subject == "study":
            deadlines.on_study_fact(self.store, fact, now)

    def work(self) -> None:
        """Everything that is to be done at this moment."""
        while self.relay.turn():
            pass
        failures = run_due_timers(self.store, deadlines.CASE_TIMERS, self.clock())
        assert failures == []
        while self.relay.turn():
            pass

    def until(self, moment: datetime, step: timedelta = MINUTE) -> None:
        """Work on, step by step, up to and at a moment."""
        self.work()
        while self.clock() < moment:
            self.clock.now = min(self.clock() + step, moment)
            self.work()


@pytest.fixture
def worker(store: Store) -> Worker:
    """A worker at NOW in a network with people and one complete study."""
    settle(store)
    a_study(store)
    return Worker(store, NOW)


def settled(worker: Worker, status: str, received: int = 120, site: str = "ANLONG") -> None:
    """The archive found a study to stand so, and told it."""
    a_study(worker.store, site, STUDY, status, received)
    said = {"institution": site, "study_id": "s", "status": status, "received": received, "expected": 120}
    with worker.store.write() as unit:
        unit.tell(Fact("study", STUDY, "study_settled", worker.clock(), None, "系统", 2, said))


def kinds(worker: Worker, case_id: str) -> list[str]:
    """What happened to a case, in order."""
    with worker.store.read() as connection:
        return [fact.kind for fact in facts_of(connection, case_id)]


def queued(worker: Worker, **changes: object) -> Case:
    """A case in the pool, before the worker has seen it."""
    return stored(worker.store, brought_to(worker.store, State.QUEUED, worker.clock(), **changes))


# ---- routing and offers ----


def test_a_queued_case_is_offered_to_one_who_qualifies_with_the_reasons(worker: Worker) -> None:
    case_id = queued(worker).id
    worker.work()
    case = stored(worker.store, case_id)
    assert case.state is State.ASSIGNED
    assert case.assignee is not None
    assert case.assignee.id in {"guiyang.ct", "guiyang.ct2", "guiyang.resident", "guiyang.reviewer"}
    (chosen,) = [why for why in case.why if why.chosen]
    assert chosen.person_id == case.assignee.id
    assert chosen.reasons
    ruled_out = {why.person_id: [code for code, _, _ in why.excluded] for why in case.why if why.excluded}
    assert ruled_out["guiyang.mr"] == ["no-skill"]


@pytest.mark.parametrize(
    ("priority", "stands"),
    [(Priority.EMERGENCY, timedelta(seconds=90)), (Priority.URGENT, 10 * MINUTE), (Priority.ROUTINE, HOUR)],
)
def test_an_offer_that_is_not_answered_goes_to_the_next(worker: Worker, priority: Priority, stands: timedelta) -> None:
    case_id = queued(worker, priority=priority).id
    worker.work()
    first = stored(worker.store, case_id)
    assert first.assignee is not None
    assert first.offer_until == NOW + stands
    worker.until(NOW + stands - timedelta(seconds=1), 30 * MINUTE)
    assert stored(worker.store, case_id).assignee == first.assignee
    worker.until(NOW + stands)
    second = stored(worker.store, case_id)
    assert second.state is State.ASSIGNED
    assert second.assignee is not None
    assert second.assignee != first.assignee
    assert second.passed_over == (first.assignee.id,)


def test_an_accepted_case_keeps_its_reader_when_the_offers_time_comes(worker: Worker) -> None:
    case_id = queued(worker).id
    worker.work()
    reader = stored(worker.store, case_id).assignee
    assert reader is not None
    by(worker.store, case_id, reader.id, Verb.ACCEPT, NOW + MINUTE)
    worker.until(NOW + 2 * HOUR, 10 * MINUTE)
    case = stored(worker.store, case_id)
    assert (case.state, case.assignee) == (State.ACCEPTED, reader)


def test_when_nobody_is_left_the_case_waits_in_the_pool_and_is_tried_again(worker: Worker) -> None:
    case_id = queued(worker, modality="MG", body_part="BREAST").id
    worker.work()
    assert stored(worker.store, case_id).state is State.QUEUED
    with worker.store.read() as connection:
        assert outbox.is_due(connection, "route", case_id, NOW + timedelta(seconds=30))
    before = kinds(worker, case_id)
    worker.until(NOW + 5 * MINUTE)
    assert kinds(worker, case_id) == before, "waiting in vain tells nothing"
    with worker.store.write() as unit:
        row = stored(worker.store, case_id)
        assert row.assignee is None
        unit.connection.exec_driver_sql("UPDATE skills SET modality = 'MG' WHERE person_id = 'guiyang.mr'")
    worker.until(NOW + 6 * MINUTE)
    case = stored(worker.store, case_id)
    assert case.assignee is not None
    assert case.assignee.id == "guiyang.mr"


def test_an_emergency_that_two_let_pass_goes_to_the_pool_for_anyone_to_claim(worker: Worker) -> None:
    case_id = queued(worker, priority=Priority.EMERGENCY).id
    worker.until(NOW + 4 * MINUTE, timedelta(seconds=30))
    case = stored(worker.store, case_id)
    assert case.state is State.QUEUED
    assert len(case.passed_over) == 2
    free = next(id for id in ("guiyang.ct", "guiyang.ct2", "guiyang.reviewer") if id not in case.passed_over)
    by(worker.store, case_id, free, Verb.CLAIM, worker.clock())
    worker.work()
    assert stored(worker.store, case_id).state is State.ASSIGNED


def test_whoever_declines_is_not_asked_again(worker: Worker) -> None:
    case_id = queued(worker).id
    asked: list[str] = []
    for _ in range(4):
        worker.work()
        case = stored(worker.store, case_id)
        assert case.assignee is not None
        asked.append(case.assignee.id)
        by(worker.store, case_id, case.assignee.id, Verb.DECLINE, worker.clock())
    worker.work()
    assert len(set(asked)) == 4
    assert stored(worker.store, case_id).state is State.QUEUED


# ---- images ----


def test_a_case_whose_images_did_not_come_waits_for_them_and_says_so(worker: Worker) -> None:
    settled(worker, "short", 118)
    case_id = brought_to(worker.store, State.SUBMITTED)
    worker.work()
    assert stored(worker.store, case_id).state is State.AWAITING_IMAGES
    settled(worker, "complete", 120)
    worker.work()
    assert stored(worker.store, case_id).state is State.SUBMITTED
    assert kinds(worker, case_id)[-2:] == ["images_incomplete", "images_complete"]


def test_an_emergency_does_not_wait_for_images_that_are_lacking(worker: Worker) -> None:
    settled(worker, "short", 118)
    case_id = brought_to(worker.store, State.SUBMITTED, priority=Priority.EMERGENCY)
    worker.work()
    assert stored(worker.store, case_id).state is State.SUBMITTED


def test_images_that_are_still_arriving_neither_stop_a_case_nor_let_it_pass(worker: Worker) -> None:
    _auto(worker)
    a_study(worker.store, status="receiving", received=17)
    case_id = brought_to(worker.store, State.SUBMITTED)
    worker.work()
    assert stored(worker.store, case_id).state is State.SUBMITTED
    settled(worker, "quiet", 120)
    worker.work()
    assert kinds(worker, case_id)[2:4] == ["triage", "assign"]


def _auto(worker: Worker) -> None:
    policy(worker.store, "GUIYANG", SitePolicy(auto_triage=True))


def test_a_complete_case_goes_to_the_router_by_itself_where_the_site_lets_it(worker: Worker) -> None:
    _auto(worker)
    case_id = brought_to(worker.store, State.SUBMITTED)
    worker.work()
    assert stored(worker.store, case_id).state is State.ASSIGNED


def test_a_complete_case_waits_for_the_coordinator_elsewhere(worker: Worker) -> None:
    case_id = brought_to(worker.store, State.SUBMITTED)
    worker.until(NOW + 3 * HOUR, HOUR)
    assert stored(worker.store, case_id).state is State.SUBMITTED


def test_anothers_study_with_the_same_uid_moves_nothing(worker: Worker) -> None:
    settled(worker, "short", 118)
    case_id = brought_to(worker.store, State.SUBMITTED)
    worker.work()
    settled(worker, "complete", 120, site="DUSHAN")
    worker.work()
    assert stored(worker.store, case_id).state is State.AWAITING_IMAGES


# ---- escalation, expiry, closing ----


def level_at(worker: Worker, case_id: str, moment: datetime, step: timedelta) -> int:
    worker.until(moment, step)
    return stored(worker.store, case_id).escalation_level


def test_a_case_escalates_at_half_at_eight_tenths_and_at_all_of_its_time(worker: Worker) -> None:
    """Urgent: four hours from submission to signature."""
    case_id = brought_to(worker.store, State.SUBMITTED, priority=Priority.URGENT)
    levels = [
        level_at(worker, case_id, NOW + part * HOUR, 4 * MINUTE) for part in (1.98, 2.02, 3.18, 3.22, 3.98, 4.02, 9)
    ]
    assert levels == [0, 1, 1, 2, 2, 3, 3]
    assert kinds(worker, case_id).count("escalate") == 3


def test_a_move_made_between_the_mark_and_the_tick_does_not_lose_the_mark(worker: Worker) -> None:
    case_id = brought_to(worker.store, State.SUBMITTED, priority=Priority.URGENT)
    worker.work()
    worker.clock.now = NOW + 2 * HOUR + timedelta(seconds=1)  # the mark passed; the tick has not come
    by(worker.store, case_id, "xingyi.coordinator", Verb.TRIAGE, worker.clock())
    worker.work()
    assert "escalate" in kinds(worker, case_id)


def test_a_mark_that_passed_while_the_worker_was_down_is_told_when_it_is_back(worker: Worker) -> None:
    case_id = brought_to(worker.store, State.SUBMITTED, priority=Priority.URGENT)
    worker.clock.now = NOW + 2.5 * HOUR
    worker.work()
    assert stored(worker.store, case_id).escalation_level == 1


def test_the_clock_of_escalation_stands_still_while_the_case_is_returned(worker: Worker) -> None:
    case_id = brought_to(worker.store, State.SUBMITTED, priority=Priority.URGENT)
    worker.work()
    by(worker.store, case_id, "xingyi.coordinator", Verb.RETURN_FOR_SUPPLEMENT, NOW + HOUR, items=["薄层"])
    assert level_at(worker, case_id, NOW + 20 * HOUR, HOUR) == 0
    back = NOW + 20 * HOUR
    by(worker.store, case_id, "anlong.doctor", Verb.RESUBMIT, back, answers=[{"answer": "已补"}])
    assert level_at(worker, case_id, back + 0.98 * HOUR, 5 * MINUTE) == 0
    assert level_at(worker, case_id, back + 1.02 * HOUR, MINUTE) == 1


def test_a_returned_case_that_nobody_answers_expires_after_seven_days(worker: Worker) -> None:
    case_id = brought_to(worker.store, State.SUBMITTED)
    by(worker.store, case_id, "xingyi.coordinator", Verb.RETURN_FOR_SUPPLEMENT, NOW, items=["薄层"])
    worker.until(NOW + 7 * DAY - MINUTE, 6 * HOUR)
    assert stored(worker.store, case_id).state is State.RETURNED
    worker.until(NOW + 7 * DAY)
    assert stored(worker.store, case_id).state is State.EXPIRED


def test_a_resubmitted_case_does_not_expire(worker: Worker) -> None:
    case_id = brought_to(worker.store, State.SUBMITTED)
    by(worker.store, case_id, "xingyi.coordinator", Verb.RETURN_FOR_SUPPLEMENT, NOW, items=["薄层"])
    worker.until(NOW + 6 * DAY, DAY)
    by(
        worker.store,
        case_id,
        "anlong.doctor",
        Verb.RESUBMIT,
        worker.clock(),
        answers=[{"answer": "无法提供", "declined": True}],
    )
    worker.until(NOW + 9 * DAY, DAY)
    assert stored(worker.store, case_id).state is State.SUBMITTED


def test_an_acknowledged_case_closes_by_itself_after_a_week(worker: Worker) -> None:
    case_id = brought_to(worker.store, State.ACKNOWLEDGED)
    worker.until(NOW + 6 * DAY, DAY)
    assert stored(worker.store, case_id).state is State.ACKNOWLEDGED
    worker.until(NOW + 7 * DAY, DAY)
    assert stored(worker.store, case_id).state is State.CLOSED


def test_a_draft_has_no_deadline(worker: Worker) -> None:
    case_id = begun(worker.store)
    worker.until(NOW + 9 * DAY, DAY)
    assert kinds(worker, case_id) == ["create"]


def test_the_same_fact_handed_over_twice_changes_nothing_more(worker: Worker) -> None:
    case_id = queued(worker).id
    worker.work()
    before = kinds(worker, case_id)
    with worker.store.read() as connection:
        told = facts_of(connection, case_id)
    for fact in told:
        deadlines.on_case_fact(worker.store, fact, worker.clock())
    worker.work()
    assert kinds(worker, case_id) == before
