"""Business time passes in working hours only, and 调休 moves the days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.calendars import (
    CHINA,
    NOTICES,
    Calendar,
    add_business,
    business_seconds_between,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = 3600.0
moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
stretches = st.timedeltas(timedelta(0), timedelta(days=20))


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 2, 14), True),  # a Saturday, worked for Spring Festival
        (date(2026, 2, 15), False),
        (date(2026, 2, 23), False),  # a Monday
        (date(2026, 2, 24), True),
        (date(2026, 2, 28), True),  # a Saturday
        (date(2026, 5, 9), True),  # a Saturday
        (date(2026, 9, 20), True),  # a Sunday
        (date(2026, 9, 25), False),  # Mid-Autumn, a Friday
        (date(2026, 10, 7), False),
        (date(2026, 10, 10), True),  # a Saturday
        (date(2026, 1, 4), True),  # a Sunday
        (date(2026, 11, 24), True),
        (date(2026, 11, 28), False),
        (date(2025, 9, 28), True),  # a Sunday
        (date(2025, 10, 8), False),  # a Wednesday
    ],
)
def test_the_published_days_are_kept(day: date, works: bool) -> None:
    assert CHINA.is_workday(day) is works


@pytest.mark.parametrize(("year", "free", "makeup"), [(2025, 28, 5), (2026, 33, 6)])
def test_each_notice_has_the_number_of_days_it_announces(year: int, free: int, makeup: int) -> None:
    [notice] = [n for n in NOTICES if n.year == year]
    assert sum(len(list(h.days())) for h in notice.holidays) == free
    assert sum(len(h.makeup) for h in notice.holidays) == makeup


def test_every_makeup_day_is_a_weekend_day_outside_every_holiday() -> None:
    free = {day for n in NOTICES for h in n.holidays for day in h.days()}
    makeup = {day for n in NOTICES for h in n.holidays for day in h.makeup}
    assert all(day.weekday() >= 5 for day in makeup)
    assert not free & makeup


def test_a_year_without_a_notice_says_so() -> None:
    assert CHINA.knows(2026)
    assert not CHINA.knows(2031)
    assert CHINA.is_workday(date(2031, 10, 1))


def test_lunch_and_night_and_holiday_do_not_count() -> None:
    assert business_seconds_between(at(11, 24, 11), at(11, 24, 15)) == 2 * HOUR
    assert business_seconds_between(at(11, 24, 17), at(11, 25, 9)) == 2 * HOUR
    assert business_seconds_between(at(2, 14, 17), at(2, 24, 9)) == 2 * HOUR  # over Spring Festival
    assert business_seconds_between(at(11, 25), at(11, 24)) == 0


def test_an_hour_asked_for_at_closing_time_is_due_in_the_morning() -> None:
    assert add_business(at(11, 24, 17, 30), HOUR) == at(11, 25, 8, 30)
    assert add_business(at(11, 27, 17, 30), HOUR) == at(11, 30, 8, 30)  # a Friday
    assert add_business(at(9, 30, 18), HOUR) == at(10, 8, 9)  # over National Day


def test_a_limit_that_ends_with_the_day_is_due_when_the_day_ends() -> None:
    assert add_business(at(11, 24, 14), 4 * HOUR) == at(11, 24, 18)


def test_doors_open_and_close_on_the_minute() -> None:
    assert CHINA.is_open(at(11, 24, 8))
    assert not CHINA.is_open(at(11, 24, 12))
    assert not CHINA.is_open(at(11, 28, 9))


def test_another_house_may_keep_other_hours_in_another_zone() -> None:
    urumqi = Calendar(zone=ZoneInfo("Asia/Urumqi"), hours=((time(10), time(20)),))
    day = datetime(2026, 11, 24, tzinfo=UTC)
    assert business_seconds_between(day, day + timedelta(days=1), urumqi) == 10 * HOUR


def test_a_clock_change_neither_makes_nor_loses_time() -> None:
    night = Calendar(zone=ZoneInfo("Europe/Berlin"), hours=((time(0), time(6)),), notices=())
    monday_after = datetime(2026, 10, 26, tzinfo=ZoneInfo("Europe/Berlin"))
    assert business_seconds_between(monday_after, monday_after + timedelta(hours=6), night) == 6 * HOUR
    sunday = Calendar(zone=ZoneInfo("Atlantic/Reykjavik"), hours=((time(0), time(6)),), notices=())
    assert business_seconds_between(monday_after, monday_after + timedelta(hours=6), sunday) == 5 * HOUR


def test_working_hours_are_in_order_and_apart() -> None:
    for hours in ((), ((time(9), time(8)),), ((time(8), time(12)), (time(11), time(18)))):
        with pytest.raises(ValueError, match="working hours"):
            Calendar(hours=hours)


def test_a_moment_needs_its_zone_and_time_runs_forward() -> None:
    with pytest.raises(ValueError, match="zone"):
        business_seconds_between(datetime(2026, 1, 1), at(1, 2))
    with pytest.raises(ValueError, match="forward"):
        add_business(at(1, 5), -1)


@given(start=moments, first=stretches, then=stretches)
def test_business_time_adds_up_and_never_outruns_the_clock(start: datetime, first: timedelta, then: timedelta) -> None:
    middle, end = start + first, start + first + then
    whole = business_seconds_between(start, end)
    parts = business_seconds_between(start, middle) + business_seconds_between(middle, end)
    assert whole == pytest.approx(parts, abs=1e-6)
    assert 0 <= whole <= (end - start).total_seconds()


@given(start=moments, seconds=st.integers(0, 200 * 3600))
def test_what_is_added_is_what_passes_and_no_moment_too_late(start: datetime, seconds: int) -> None:
    due = add_business(start, seconds)
    assert business_seconds_between(start, due) == seconds
    if seconds:
        assert business_seconds_between(start, due - timedelta(microseconds=1)) < seconds
