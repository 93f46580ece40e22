"""How people are reached: quiet hours over midnight, emergencies by every way, addresses that can be written to."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consult.domain.errors import Invalid
from consult.domain.notices import Urgency
from consult.domain.reach import Channel, Reach, checked, masked, quiet_until, ways_for

BOTH = Reach("wang@example.org", "13800001111")


def shanghai(hour: int, minute: int = 0, day: int = 24) -> datetime:
    """A moment of November 2026 by the clock in Shanghai."""
    return datetime(2026, 11, day, (hour - 8) % 24, minute, tzinfo=UTC).replace(day=day if hour >= 8 else day - 1)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (shanghai(21, 59), None),
        (shanghai(22, 0), shanghai(7, 0, 25)),
        (shanghai(23, 59), shanghai(7, 0, 25)),
        (shanghai(0, 0, 25), shanghai(7, 0, 25)),
        (shanghai(6, 59, 25), shanghai(7, 0, 25)),
        (shanghai(7, 0, 25), None),
        (shanghai(12, 0), None),
    ],
)
def test_the_night_goes_over_midnight(at: datetime, until: datetime | None) -> None:
    assert quiet_until(BOTH, at) == until


def test_quiet_hours_may_lie_within_a_day_or_be_none() -> None:
    noon = replace(BOTH, quiet_from=12 * 60, quiet_to=14 * 60)
    assert quiet_until(noon, shanghai(13, 5)) == shanghai(14)
    assert quiet_until(noon, shanghai(23)) is None
    never = replace(BOTH, quiet_from=0, quiet_to=0)
    assert quiet_until(never, shanghai(3)) is None


def test_an_emergency_goes_by_every_way_whatever_was_chosen() -> None:
    nothing = replace(BOTH, ways={Channel.EMAIL: frozenset(), Channel.SMS: frozenset()})
    assert ways_for(nothing, Urgency.EMERGENCY) == (Channel.EMAIL, Channel.SMS)
    assert ways_for(nothing, Urgency.ACTION) == ()
    assert ways_for(BOTH, Urgency.ACTION) == (Channel.EMAIL,)
    assert ways_for(replace(BOTH, email=""), Urgency.ACTION) == ()


@pytest.mark.parametrize(
    "email", ["wang", "a@b", "a b@example.org", "a@example.org\r\nBcc: x@example.org", "a@b.org,c@d.org"]
)
def test_an_address_that_is_none_is_refused(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(replace(BOTH, email=email))
    assert [each.field for each in refused.value.fields] == ["email"]


@pytest.mark.parametrize("mobile", ["110", "23800001111", "1380000111x", "+12"])
def test_a_number_that_is_none_is_refused(mobile: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(replace(BOTH, mobile=mobile))
    assert [each.field for each in refused.value.fields] == ["mobile"]


def test_numbers_are_kept_without_what_people_write_between() -> None:
    assert checked(replace(BOTH, mobile=" 138-0000 1111 ")).mobile == "13800001111"
    assert checked(Reach()) == Reach()


def test_operators_see_which_address_and_not_the_address() -> None:
    assert masked("wang.jianguo@example.org") == "w***@example.org"
    assert masked("13800001111") == "138****11"
    assert masked("") == ""
