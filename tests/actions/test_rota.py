"""The rota and the rules at work: who is away gets nothing, what nobody is free for waits, one holder always."""

import itertools
import threading
from datetime import timedelta

import pytest

from consult.actions import deadlines
from consult.domain.cases import Case, Priority, State
from consult.domain.people import Role
from consult.domain.rota import Absence
from consult.domain.routing_policy import Policy, Rule
from consult.domain.workflow import Verb
from consult.store import rota, routing_rules
from consult.store.unit import Store
from tests.actions.test_deadlines import Worker, queued
from tests.makers.cases import a_study, by, stored
from tests.makers.people import ACTORS, NOW, PEOPLE, settle

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CT_READERS = ("guiyang.ct", "guiyang.ct2", "guiyang.resident", "guiyang.reviewer")


@pytest.fixture
def worker(store: Store) -> Worker:
    settle(store)
    a_study(store)
    return Worker(store, NOW)


def away(worker: Worker, *ids: str) -> None:
    with worker.store.write() as unit:
        for id in ids:
            rota.add_absence(unit, Absence(id, NOW - HOUR, NOW + 8 * HOUR, "学习"))


def ruled(worker: Worker, policy: Policy, version: int = 0) -> None:
    with worker.store.write() as unit:
        routing_rules.keep(unit, "GUIYANG", policy, version, ACTORS["admin"], "试", NOW)


COUNT = itertools.count()


def asked(worker: Worker, **changes: object) -> Case:
    """Another case in the pool: no twin of one that waits already."""
    return queued(worker, question=f"请看第 {next(COUNT)} 例", **changes)


def holder(worker: Worker, case_id: str) -> str | None:
    case = stored(worker.store, case_id)
    return case.assignee.id if case.assignee else None


def test_who_is_away_gets_nothing(worker: Worker) -> None:
    away(worker, *CT_READERS[1:])
    first = asked(worker)
    worker.work()
    assert holder(worker, first.id) == "guiyang.ct"
    why = {each.person_id: [code for code, *_ in each.excluded] for each in stored(worker.store, first.id).why}
    assert "off-rota" in why["guiyang.ct2"]


def test_what_nobody_is_free_for_waits_until_somebody_begins(worker: Worker) -> None:
    away(worker, *CT_READERS[1:])
    cases = [asked(worker) for _ in range(3)]
    worker.work()
    given = [case.id for case in cases if holder(worker, case.id)]
    waits = next(case.id for case in cases if holder(worker, case.id) is None)
    assert len(given) == 2
    by(worker.store, given[0], "guiyang.ct", Verb.ACCEPT, NOW + MINUTE)
    worker.work()
    assert holder(worker, waits) is None
    by(worker.store, given[0], "guiyang.ct", Verb.OPEN, NOW + MINUTE)
    worker.work()
    assert holder(worker, waits) == "guiyang.ct"


def test_an_emergency_does_not_wait_for_free_hands(worker: Worker) -> None:
    away(worker, *CT_READERS[1:])
    for _ in range(2):
        asked(worker)
    worker.work()
    emergency = asked(worker, priority=Priority.EMERGENCY)
    worker.work()
    assert holder(worker, emergency.id) == "guiyang.ct"


def test_an_emergency_missed_twice_is_for_whoever_takes_it(worker: Worker) -> None:
    case = asked(worker, priority=Priority.EMERGENCY)
    worker.work()
    worker.until(NOW + 4 * MINUTE, timedelta(seconds=30))
    waits: Case = stored(worker.store, case.id)
    assert (waits.state, len(waits.passed_over), waits.escalation_level >= 2) == (State.QUEUED, 2, True)
    by(worker.store, case.id, waits.passed_over[0], Verb.CLAIM, NOW + 4 * MINUTE)
    assert holder(worker, case.id) == waits.passed_over[0]


def test_who_let_an_offer_run_out_gets_no_other_until_they_take_one(worker: Worker) -> None:
    case = asked(worker, priority=Priority.URGENT)
    worker.work()
    missed_by = holder(worker, case.id)
    assert missed_by is not None
    worker.until(NOW + 11 * MINUTE)
    away(worker, *(id for id in CT_READERS if id != missed_by))
    other = asked(worker)
    worker.work()
    assert holder(worker, other.id) is None
    by(worker.store, other.id, missed_by, Verb.CLAIM, worker.clock())
    third = asked(worker)
    worker.work()
    assert holder(worker, third.id) == missed_by


def test_the_houses_rules_hold_from_the_next_case_on(worker: Worker) -> None:
    before = asked(worker)
    worker.work()
    ruled(worker, Policy(rules=(Rule("归住院医", modality="CT", pool=("guiyang.resident",), hard=True),)))
    after = asked(worker)
    worker.work()
    assert holder(worker, after.id) == "guiyang.resident"
    assert holder(worker, before.id) is not None


def test_two_workers_that_give_at_once_give_each_case_to_one(worker: Worker) -> None:
    cases = [asked(worker) for _ in range(4)]
    failures: list[BaseException] = []

    def give() -> None:
        for case in cases:
            try:
                deadlines.route_case(worker.store, case.id, NOW)
            except Exception as refused:  # noqa: BLE001  the relay would try again
                failures.append(refused)

    threads = [threading.Thread(target=give) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for case in cases:
        kinds = [kind for kind in _kinds(worker, case.id) if kind == "assign"]
        assert kinds == ["assign"], failures
        assert holder(worker, case.id) in PEOPLE
        assert Role.SPECIALIST in PEOPLE[holder(worker, case.id) or ""].roles


def _kinds(worker: Worker, case_id: str) -> list[str]:
    from consult.store.cases import facts_of

    with worker.store.read() as connection:
        return [fact.kind for fact in facts_of(connection, case_id)]
