"""Facts reach every subscriber at least once and in order; timers run once, and again when their worker died."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from consult.actions.relay import StoredPositions, run_due_timers
from consult.domain.events import Fact
from consult.store import outbox
from consult.store.outbox import Timer
from consult.store.unit import Store
from consult.worker.relay import Handler, Relay
from tests.doubles import Clock, Ledger
from tests.makers.parallel import together
from tests.makers.people import NOW

MINUTE = timedelta(minutes=1)


def tell(store: Store, *subjects: str) -> None:
    for subject in subjects:
        with store.write() as unit:
            unit.tell(Fact("case", subject, "noted", NOW, None, "系统", 1))


def a_relay(store: Store, clock: Clock, **subscribers: Handler) -> Relay:
    return Relay(StoredPositions(store), subscribers, clock, lambda: True)


def test_every_subscriber_gets_every_fact_in_order(store: Store) -> None:
    one, other = Ledger(), Ledger()
    relay = a_relay(store, Clock(NOW), one=one, other=other)
    tell(store, "a", "b", "c")
    assert relay.turn()
    assert not relay.turn()
    tell(store, "d")
    assert relay.turn()
    assert [fact.subject_id for fact in one.facts] == ["a", "b", "c", "d"]
    assert one.seqs == other.seqs == sorted(one.seqs)


def test_a_restart_goes_on_where_it_stopped(store: Store, store_url: str) -> None:
    ledger = Ledger()
    tell(store, "a", "b")
    a_relay(store, Clock(NOW), one=ledger).turn()
    store.close()
    reopened = Store(store_url)
    tell(reopened, "c")
    a_relay(reopened, Clock(NOW), one=ledger).turn()
    reopened.close()
    assert [fact.subject_id for fact in ledger.facts] == ["a", "b", "c"]


def test_what_was_handed_over_but_not_written_down_comes_again(store: Store) -> None:
    """A worker that dies between the handing and the writing: at least once, never less."""

    class Dies(StoredPositions):
        def had(self, subscriber: str, seq: int) -> None:
            raise ConnectionError("killed here")

    ledger = Ledger()
    tell(store, "a", "b")
    Relay(Dies(store), {"one": ledger}, Clock(NOW), lambda: True).turn()
    a_relay(store, Clock(NOW), one=ledger).turn()
    assert [fact.subject_id for fact in ledger.facts] == ["a", "b", "a", "b"]


def test_a_failing_subscriber_waits_longer_each_time_and_misses_nothing(store: Store) -> None:
    ledger, clock = Ledger(), Clock(NOW)
    relay = a_relay(store, clock, one=ledger)
    tell(store, "a")
    ledger.refuses = 5
    tried: list[float] = []
    for second in range(0, 63):
        clock.now = NOW + timedelta(seconds=second)
        before = ledger.refuses
        relay.turn()
        if ledger.refuses < before or ledger.facts:
            tried.append(second)
        if ledger.facts:
            break
    assert tried == [0, 2, 6, 14, 30, 62]
    assert [fact.subject_id for fact in ledger.facts] == ["a"]


def test_waiting_is_five_minutes_at_most(store: Store) -> None:
    ledger, clock = Ledger(), Clock(NOW)
    relay = a_relay(store, clock, one=ledger)
    tell(store, "a")
    ledger.refuses = 20
    while ledger.refuses:
        relay.turn()
        clock.advance(minutes=5)
    relay.turn()
    assert len(ledger.facts) == 1


def test_success_forgets_the_failures_before(store: Store) -> None:
    ledger, clock = Ledger(), Clock(NOW)
    relay = a_relay(store, clock, one=ledger)
    tell(store, "a")
    ledger.refuses = 1
    relay.turn()
    clock.advance(seconds=2)
    relay.turn()
    with store.read() as connection:
        assert outbox.position(connection, "one").failures == 0


def test_facts_before_the_failing_one_are_not_handed_over_again_and_the_wait_holds(store: Store) -> None:
    taken: list[str] = []

    def refuse_c(fact: Fact, _now: datetime) -> None:
        if fact.subject_id == "c":
            raise ConnectionError("not this one")
        taken.append(fact.subject_id)

    clock = Clock(NOW)
    relay = a_relay(store, clock, one=refuse_c)
    tell(store, "a", "b", "c", "d")
    relay.turn()
    relay.turn()
    assert taken == ["a", "b"]
    with store.read() as connection:
        at = outbox.position(connection, "one")
    assert (at.seq, at.failures, at.retry_at) == (2, 1, NOW + timedelta(seconds=2))


def test_one_failing_subscriber_does_not_hold_the_others(store: Store) -> None:
    bad, good = Ledger(), Ledger()
    bad.refuses = 100
    relay = a_relay(store, Clock(NOW), bad=bad, good=good)
    tell(store, "a", "b")
    relay.turn()
    tell(store, "c")
    relay.turn()
    assert [fact.subject_id for fact in good.facts] == ["a", "b", "c"]
    assert bad.facts == []


def test_a_subscriber_that_comes_later_gets_all_that_was_before(store: Store) -> None:
    early, late = Ledger(), Ledger()
    tell(store, "a", "b")
    a_relay(store, Clock(NOW), early=early).turn()
    a_relay(store, Clock(NOW), early=early, late=late).turn()
    assert late.seqs == early.seqs == [1, 2]


def counting(ran: list[str]) -> Callable[[Store, Timer, datetime], None]:
    return lambda _store, timer, _now: ran.append(timer.subject_id)


def set_timers(store: Store, *subjects: str) -> None:
    with store.write() as unit:
        for subject in subjects:
            outbox.set_timer(unit, "job", subject, NOW)


def test_a_double_tick_runs_a_timer_once(store: Store) -> None:
    ran: list[str] = []
    set_timers(store, "a", "b", "c")
    together(6, lambda _: run_due_timers(store, {"job": counting(ran)}, NOW))
    run_due_timers(store, {"job": counting(ran)}, NOW + 10 * MINUTE)
    assert sorted(ran) == ["a", "b", "c"]


def test_a_timer_whose_worker_died_falls_due_again(store: Store) -> None:
    class Killed(BaseException):
        pass

    def die(_store: Store, _timer: Timer, _now: datetime) -> None:
        raise Killed

    ran: list[str] = []
    set_timers(store, "a")
    with pytest.raises(Killed):
        run_due_timers(store, {"job": die}, NOW)
    run_due_timers(store, {"job": counting(ran)}, NOW + MINUTE)
    assert ran == []
    run_due_timers(store, {"job": counting(ran)}, NOW + 2 * MINUTE)
    assert ran == ["a"]


def test_one_timers_failure_keeps_no_other_waiting_and_it_is_tried_again(store: Store) -> None:
    ran: list[str] = []

    def fail_on_a(_store: Store, timer: Timer, _now: datetime) -> None:
        if timer.subject_id == "a":
            raise ConnectionError("no")
        ran.append(timer.subject_id)

    set_timers(store, "a", "b")
    failures = run_due_timers(store, {"job": fail_on_a}, NOW)
    assert [(job, type(failure)) for job, failure in failures] == [("job", ConnectionError)]
    assert ran == ["b"]
    run_due_timers(store, {"job": counting(ran)}, NOW + 2 * MINUTE)
    assert ran == ["b", "a"]


def test_a_job_that_sets_its_own_timer_again_keeps_it(store: Store) -> None:
    def again(inner: Store, timer: Timer, now: datetime) -> None:
        with inner.write() as unit:
            outbox.set_timer(unit, timer.job, timer.subject_id, now + MINUTE)

    set_timers(store, "a")
    run_due_timers(store, {"job": again}, NOW)
    ran: list[str] = []
    run_due_timers(store, {"job": counting(ran)}, NOW + MINUTE)
    assert ran == ["a"]
