"""A clock is read from the states a case went through: exact, pausing, and never counting where it does not run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.clocks import CLOCKS, ClockReading, read
from consult.domain.workflow import STATES

RUNS = {state: row.clocks for state, row in STATES.items()}
START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # a Tuesday, nine o'clock in Shanghai
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class At:
    state: str
    since: datetime


def story(*steps: tuple[str, float]) -> tuple[list[At], datetime]:
    """Stays of so many minutes each, and the moment after the last."""
    stays: list[At] = []
    moment = START
    for state, minutes in steps:
        stays.append(At(state, moment))
        moment += timedelta(minutes=minutes)
    return stays, moment


def clock(name: str, *steps: tuple[str, float], priority: str = "urgent", **known: datetime | None) -> ClockReading:
    stays, now = story(*steps)
    [reading] = [r for r in read(stays, now, priority, RUNS, **known) if r.name == name]
    return reading


def names(*steps: tuple[str, float]) -> list[str]:
    stays, now = story(*steps)
    return [r.name for r in read(stays, now, "urgent", RUNS, exam_started=START)]


def test_a_draft_has_no_clock() -> None:
    assert names(("draft", 60)) == []


def test_every_clock_of_the_states_is_known_here() -> None:
    assert {name for row in STATES.values() for name in row.clocks} == {c.name for c in CLOCKS}


def test_the_consult_clock_leaves_out_the_time_the_site_was_asked_back() -> None:
    reading = clock("consult", ("submitted", 5), ("returned", 600), ("submitted", 5), ("queued", 10))
    assert reading.used_s == 20 * 60
    assert reading.due_at == START + 600 * MINUTE + 240 * MINUTE


def test_a_paused_clock_has_no_due_time_and_does_not_run() -> None:
    reading = clock("consult", ("submitted", 5), ("awaiting_images", 600))
    assert (reading.used_s, reading.running, reading.due_at, reading.breached) == (300, False, None, False)


def test_a_breach_stays_a_breach_with_the_moment_it_happened() -> None:
    reading = clock("accept", ("submitted", 0), ("queued", 15), ("returned", 100))
    assert reading.breached
    assert reading.due_at == START + 10 * MINUTE


def test_reaching_the_limit_is_in_time_and_a_moment_later_is_not() -> None:
    stays, now = story(("queued", 10))
    later = now + timedelta(microseconds=1)
    assert [r.breached for r in read(stays, now, "urgent", RUNS) if r.name == "accept"] == [False]
    assert [r.breached for r in read(stays, later, "urgent", RUNS) if r.name == "accept"] == [True]


def test_the_patient_clock_counts_from_the_examination_and_never_pauses() -> None:
    steps = (("draft", 10), ("submitted", 5), ("returned", 600), ("submitted", 5), ("queued", 10))
    reading = clock("patient", *steps, priority="emergency", exam_started=START - 30 * MINUTE)
    assert reading.used_s == 660 * 60
    assert reading.running
    assert reading.limit_s == 7200
    assert reading.due_at == START + 90 * MINUTE


def test_only_an_emergency_has_the_two_hour_rule() -> None:
    reading = clock("patient", ("submitted", 500), exam_started=START)
    assert (reading.limit_s, reading.breached, reading.due_at, reading.marks) == (None, False, None, ())


def test_the_patient_clock_stops_for_good_at_the_first_signature() -> None:
    steps = (("submitted", 30), ("in_progress", 30), ("signed", 5), ("in_progress", 600))
    reading = clock("patient", *steps, exam_started=START)
    assert (reading.used_s, reading.running) == (3600, False)


def test_without_an_examination_time_there_is_no_patient_clock() -> None:
    stays, now = story(("submitted", 5))
    assert "patient" not in [r.name for r in read(stays, now, "urgent", RUNS)]


def test_an_examination_dated_ahead_of_us_has_used_nothing() -> None:
    assert clock("patient", ("submitted", 5), exam_started=START + 60 * MINUTE).used_s == 0


def test_a_correction_is_timed_anew() -> None:
    reading = clock("consult", ("submitted", 200), ("signed", 1), ("delivered", 40000), ("in_progress", 7))
    assert reading.used_s == 7 * 60
    assert not reading.breached


def test_after_signing_the_clocks_stand_still() -> None:
    assert clock("consult", ("submitted", 20), ("signed", 500)).used_s == 1200
    assert not clock("consult", ("submitted", 20), ("signed", 500)).running


def test_the_signature_is_due_from_the_moment_the_images_were_complete() -> None:
    steps = (("queued", 5), ("accepted", 5), ("in_progress", 20))
    late = clock("sign", *steps, priority="emergency", images_complete=START + 12 * MINUTE)
    assert late.used_s == 18 * 60
    assert late.due_at == START + 42 * MINUTE


def test_a_routine_case_sent_at_closing_time_is_to_be_accepted_in_the_morning() -> None:
    closing = datetime(2026, 11, 24, 17, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    now = closing + timedelta(hours=5)
    [reading] = [r for r in read([At("queued", closing)], now, "routine", RUNS) if r.name == "accept"]
    assert reading.used_s == 30 * 60
    assert not reading.running
    assert reading.due_at == closing + timedelta(hours=15)


def test_an_emergency_does_not_wait_for_the_morning() -> None:
    night = datetime(2026, 10, 1, 19, 0, tzinfo=UTC)
    [reading] = [r for r in read([At("queued", night)], night, "emergency", RUNS) if r.name == "accept"]
    assert reading.due_at == night + 3 * MINUTE


def test_a_raised_priority_is_due_from_the_original_start() -> None:
    steps = (("submitted", 45), ("queued", 5))
    assert clock("consult", *steps, priority="routine").due_at == START + timedelta(hours=24)
    assert clock("consult", *steps, priority="emergency").due_at == START + 30 * MINUTE


@pytest.mark.parametrize(("minutes", "level"), [(119, 0), (120, 1), (192, 2), (239, 2), (240, 3), (900, 3)])
def test_a_case_escalates_at_half_at_four_fifths_and_at_the_limit(minutes: float, level: int) -> None:
    _, now = story(("submitted", minutes))
    assert clock("consult", ("submitted", minutes)).level(now) == level


def test_a_second_return_gives_the_site_its_whole_time_again() -> None:
    steps = (("submitted", 1), ("returned", 1000), ("submitted", 1), ("returned", 10))
    assert clock("supplement", *steps).used_s == 600


def test_an_urgent_report_is_to_be_opened_by_the_same_time_of_the_next_business_day() -> None:
    reading = clock("acknowledge", ("signed", 0), ("delivered", 1))
    assert reading.due_at == START + timedelta(days=1)


steps = st.lists(st.tuples(st.sampled_from(sorted(RUNS)), st.floats(0, 5000, allow_nan=False)), min_size=1, max_size=12)
priorities = st.sampled_from(["emergency", "urgent", "routine"])


def readings(walk: Sequence[tuple[str, float]], priority: str, extra: timedelta = timedelta(0)) -> list[ClockReading]:
    stays, now = story(*walk)
    return list(read(stays, now + extra, priority, RUNS, exam_started=START - MINUTE, images_complete=None))


@given(walk=steps, priority=priorities)
def test_no_clock_counts_in_a_state_that_does_not_run_it(walk: list[tuple[str, float]], priority: str) -> None:
    state = walk[-1][0]
    for before, after in zip(readings(walk, priority), readings(walk, priority, timedelta(days=3)), strict=True):
        if before.name not in RUNS[state]:
            assert not before.running
            assert after.used_s == before.used_s
            assert after.breached == before.breached


@given(walk=steps, priority=priorities, extra=st.timedeltas(timedelta(0), timedelta(days=9)))
def test_time_used_never_falls_and_a_due_time_keeps_its_word(
    walk: list[tuple[str, float]], priority: str, extra: timedelta
) -> None:
    _, now = story(*walk)
    for before, after in zip(readings(walk, priority), readings(walk, priority, extra), strict=True):
        assert after.used_s >= before.used_s
        assert before.due_at == after.due_at
        if after.due_at is not None and after.limit_s is not None:
            assert after.breached == (after.used_s > after.limit_s)
            assert not (after.breached and now + extra <= after.due_at)
            assert [m.at for m in after.marks] == sorted(m.at for m in after.marks)


@given(walk=st.lists(st.tuples(st.booleans(), st.integers(0, 10**10)), min_size=1, max_size=12))
def test_time_used_and_time_paused_are_the_time_that_passed(walk: list[tuple[bool, int]]) -> None:
    moment, stays, paused = START, [At("submitted", START)], timedelta()
    for runs, microseconds in walk:
        stays.append(At("queued" if runs else "returned", moment))
        moment += timedelta(microseconds=microseconds)
        paused += timedelta() if runs else timedelta(microseconds=microseconds)
    [reading] = [r for r in read(stays, moment, "urgent", RUNS) if r.name == "consult"]
    assert timedelta(seconds=reading.used_s) + paused == moment - START
