"""The rota as it is lived: absences cut shifts, patterns know the calendar, on call is for emergencies."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.calendars import CHINA
from consult.domain.errors import Invalid
from consult.domain.rota import (
    Absence,
    Pattern,
    Shift,
    called_out,
    check_absence,
    check_shifts,
    on_rota,
    planned,
    present,
    week_of,
)

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHIFT = Shift("r1", NOW, NOW + 8 * HOUR)


@pytest.mark.parametrize(
    ("begin", "end", "left"),
    [
        (-2, -1, [(0, 8)]),
        (-1, 2, [(2, 8)]),
        (2, 3, [(0, 2), (3, 8)]),
        (7, 9, [(0, 7)]),
        (-1, 9, []),
        (0, 8, []),
        (8, 9, [(0, 8)]),
    ],
)
def test_an_absence_takes_its_time_out_of_a_shift(begin: int, end: int, left: list[tuple[int, int]]) -> None:
    absence = Absence("r1", NOW + begin * HOUR, NOW + end * HOUR)
    assert present([SHIFT], [absence]) == [Shift("r1", NOW + a * HOUR, NOW + b * HOUR) for a, b in left]
    other = Absence("r2", NOW + begin * HOUR, NOW + end * HOUR)
    assert present([SHIFT], [other]) == [SHIFT]


hours = st.integers(-5, 15)


@given(spans=st.lists(st.tuples(hours, hours), max_size=4), at=st.integers(-6, 16))
def test_one_is_there_when_planned_and_not_away(spans: list[tuple[int, int]], at: int) -> None:
    away = [Absence("r1", NOW + a * HOUR, NOW + b * HOUR) for a, b in spans if a < b]
    moment = NOW + at * HOUR
    there = SHIFT.start <= moment < SHIFT.end and not any(a.start <= moment < a.end for a in away)
    assert on_rota(present([SHIFT], away), "r1", moment) == there


def test_on_call_is_for_emergencies_and_ends_where_duty_begins() -> None:
    call = SHIFT._replace(on_call=True)
    assert on_rota([call], "r1", NOW)
    assert not on_rota([call], "r1", NOW, emergency=False)
    assert called_out([call], "r1", NOW)
    assert not called_out([call, SHIFT], "r1", NOW)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("workdays", [20, 21, 22, 23, 24, 28, 29, 30]),  # 20 September 2026 is a Sunday worked for National Day
        ("free", [19, 25, 26, 27]),
        ("all", list(range(19, 31))),
    ],
)
def test_a_pattern_knows_holidays_and_makeup_days(days: str, expected: list[int]) -> None:
    pattern = Pattern("r1", date(2026, 9, 19), date(2026, 9, 30), days, time(8), time(17))
    found = planned(pattern, CHINA)
    assert [CHINA.local_day(shift.start).day for shift in found] == expected
    assert all(shift.end - shift.start == 9 * HOUR for shift in found)


def test_a_night_ends_the_next_morning() -> None:
    (night,) = planned(Pattern("r1", date(2026, 11, 24), date(2026, 11, 24), "all", time(22), time(8), True), CHINA)
    assert night.end - night.start == 10 * HOUR
    assert night.on_call


@pytest.mark.parametrize(
    "pattern",
    [
        Pattern("r1", date(2026, 11, 24), date(2026, 11, 23), "all", time(8), time(17)),
        Pattern("r1", date(2026, 1, 1), date(2026, 12, 31), "all", time(8), time(17)),
        Pattern("r1", date(2026, 1, 1), date(2026, 1, 2), "never", time(8), time(17)),
    ],
)
def test_a_pattern_that_says_nothing_or_too_much_is_refused(pattern: Pattern) -> None:
    with pytest.raises(Invalid):
        planned(pattern, CHINA)


def test_a_shift_has_a_length_and_somebody_of_the_house() -> None:
    check_shifts([SHIFT], ["r1"])
    for wrong in (SHIFT._replace(end=NOW), SHIFT._replace(end=NOW + 40 * HOUR), SHIFT._replace(person_id="x")):
        with pytest.raises(Invalid):
            check_shifts([wrong], ["r1"])
    with pytest.raises(Invalid):
        check_absence(Absence("r1", NOW, NOW))


def test_a_week_is_monday_to_monday_in_local_time() -> None:
    begin, end = week_of(date(2026, 11, 24))
    assert begin.astimezone(UTC) == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert end - begin == timedelta(days=7)
