"""Positions, timers and answers: what a restart finds again."""

from datetime import timedelta

from consult.store import outbox
from consult.store.outbox import Position
from consult.store.unit import Store
from tests.makers.parallel import together
from tests.makers.people import NOW

SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)


def test_a_new_subscriber_stands_at_the_beginning_and_then_where_it_was_put(store: Store) -> None:
    with store.write() as unit:
        assert outbox.position(unit.connection, "deadlines") == Position(0, 0, None)
        outbox.set_position(unit, "deadlines", Position(41, 2, SOON))
        outbox.set_position(unit, "deliveries", Position(7, 0, None))
    with store.write() as unit:
        assert outbox.position(unit.connection, "deadlines") == Position(41, 2, SOON)
        outbox.set_position(unit, "deadlines", Position(42, 0, None))
    with store.read() as connection:
        assert outbox.position(connection, "deadlines") == Position(42, 0, None)
        assert outbox.position(connection, "deliveries") == Position(7, 0, None)


def test_a_timer_is_due_at_its_time_and_setting_it_again_moves_it(store: Store) -> None:
    with store.write() as unit:
        outbox.set_timer(unit, "route", "c1", SOON, {"n": 1})
        assert outbox.due_timers(unit.connection, ["route"], NOW, 10) == []
        assert not outbox.is_due(unit.connection, "route", "c1", NOW)
        outbox.set_timer(unit, "route", "c1", NOW)
    with store.read() as connection:
        (due,) = outbox.due_timers(connection, ["route"], NOW, 10)
        assert outbox.is_due(connection, "route", "c1", NOW)
    assert (due.job, due.subject_id, due.due_at, due.data, due.failures) == ("route", "c1", NOW, {}, 0)


def test_only_the_timers_that_somebody_can_run_are_handed_out(store: Store) -> None:
    """Or a hundred timers of another worker's jobs would keep this one's waiting for ever."""
    with store.write() as unit:
        for n in range(3):
            outbox.set_timer(unit, "foreign", f"c{n}", NOW)
        outbox.set_timer(unit, "route", "mine", SOON)
    with store.read() as connection:
        assert [timer.subject_id for timer in outbox.due_timers(connection, ["route"], LATER, 2)] == ["mine"]


def test_a_due_timer_is_claimed_once_however_many_tick_at_once(store: Store) -> None:
    with store.write() as unit:
        outbox.set_timer(unit, "route", "c1", NOW)
    with store.read() as connection:
        (due,) = outbox.due_timers(connection, ["route"], NOW, 10)

    def claim(_: int) -> bool:
        with store.write() as unit:
            return outbox.claim_timer(unit, due, LATER)

    assert sorted(together(8, claim)) == [False] * 7 + [True]


def test_a_claimed_timer_falls_due_again_when_nobody_ends_it(store: Store) -> None:
    with store.write() as unit:
        outbox.set_timer(unit, "route", "c1", NOW)
        (due,) = outbox.due_timers(unit.connection, ["route"], NOW, 10)
        assert outbox.claim_timer(unit, due, LATER)
    with store.read() as connection:
        assert outbox.due_timers(connection, ["route"], SOON, 10) == []
        (again,) = outbox.due_timers(connection, ["route"], LATER, 10)
    assert again.failures == 1


def test_a_timer_set_anew_while_its_job_ran_outlives_the_job(store: Store) -> None:
    with store.write() as unit:
        outbox.set_timer(unit, "route", "c1", NOW)
        (due,) = outbox.due_timers(unit.connection, ["route"], NOW, 10)
        outbox.claim_timer(unit, due, LATER)
        outbox.set_timer(unit, "route", "c1", SOON)
        outbox.end_timer(unit, due, LATER)
        assert [timer.due_at for timer in outbox.due_timers(unit.connection, ["route"], LATER, 10)] == [SOON]
        outbox.claim_timer(unit, outbox.due_timers(unit.connection, ["route"], LATER, 10)[0], LATER)
        outbox.end_timer(unit, due, LATER)
        assert outbox.due_timers(unit.connection, ["route"], LATER, 10) == []


def test_two_who_set_the_same_timer_at_once_both_succeed_and_leave_one(store: Store) -> None:
    def set_it(index: int) -> None:
        with store.write() as unit:
            outbox.set_timer(unit, "route", "c1", NOW + timedelta(seconds=index))

    together(8, set_it)
    with store.read() as connection:
        assert len(outbox.due_timers(connection, ["route"], LATER, 10)) == 1


def test_dropping_timers_leaves_those_of_others(store: Store) -> None:
    with store.write() as unit:
        for job, subject in (("route", "c1"), ("expire", "c1"), ("route", "c2")):
            outbox.set_timer(unit, job, subject, NOW)
        outbox.drop_timers(unit, "c1", ["route"])
        left = outbox.due_timers(unit.connection, ["route", "expire"], NOW, 10)
    assert [(timer.job, timer.subject_id) for timer in left] == [("expire", "c1"), ("route", "c2")]
