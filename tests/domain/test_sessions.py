"""Signing in, as rules: what ends a session, what slows a guesser, what a name and a password must be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.errors import Invalid
from consult.domain.sessions import (
    ABSOLUTE,
    IDLE,
    TryLimit,
    account_name,
    check_account_name,
    check_password,
    check_pin_text,
    is_account_name,
    is_live,
    secret_bytes,
    too_many,
)

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LIMIT = TryLimit(3, timedelta(minutes=10))


def test_a_session_ends_when_nobody_used_it() -> None:
    assert is_live(NOW, NOW, NOW + IDLE - SECOND)
    assert not is_live(NOW, NOW, NOW + IDLE)


def test_a_session_ends_however_much_it_was_used() -> None:
    last = NOW + ABSOLUTE - SECOND
    assert is_live(NOW, last, last)
    assert not is_live(NOW, last, NOW + ABSOLUTE)


def test_up_to_the_limit_nobody_waits() -> None:
    assert LIMIT.pause_s([], NOW) == 0
    assert LIMIT.pause_s([NOW, NOW], NOW) == 0


def test_at_the_limit_one_waits_until_the_first_of_them_is_old() -> None:
    failures = [NOW - timedelta(minutes=4), NOW - timedelta(minutes=2), NOW]
    assert LIMIT.pause_s(failures, NOW) == 360
    assert LIMIT.pause_s(failures, NOW + timedelta(minutes=6)) == 0


def test_old_failures_are_forgotten() -> None:
    assert LIMIT.pause_s([NOW - timedelta(minutes=11)] * 50, NOW) == 0


@given(ages=st.lists(st.integers(0, 1200), max_size=12))
def test_after_the_pause_the_next_try_is_let_pass(ages: list[int]) -> None:
    failures = [NOW - timedelta(seconds=age) for age in ages]
    pause = LIMIT.pause_s(failures, NOW)
    assert LIMIT.pause_s(failures, NOW + timedelta(seconds=pause)) == 0
    assert (pause > 0) == (sum(age < 600 for age in ages) >= 3)


def test_the_refusal_says_how_long_to_wait() -> None:
    refusal = too_many(61)
    assert refusal.retry_after_s == 61
    assert "2" in refusal.sentence.zh
    assert "2" in refusal.sentence.en


@pytest.mark.parametrize("typed", ["anlong.doctor", " Anlong.Doctor ", "ＡＮＬＯＮＧ．ｄｏｃｔｏｒ"])
def test_an_account_name_is_one_however_it_is_typed(typed: str) -> None:
    assert account_name(typed) == "anlong.doctor"


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65, "Anlong", "a\x00b", "\ud800"])
def test_what_is_no_account_name_is_refused_with_its_field(name: str) -> None:
    assert not is_account_name(name)
    with pytest.raises(Invalid) as refused:
        check_account_name(name)
    assert [field.field for field in refused.value.fields] == ["username"]


@pytest.mark.parametrize("name", ["anlong.doctor", "王医师", "qa", "a_b-c@d"])
def test_names_that_people_have_are_taken(name: str) -> None:
    check_account_name(name)


@pytest.mark.parametrize("password", ["short77", "x" * 257, "Anlong.Doctor"])
def test_a_password_is_long_enough_and_not_the_name(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password, "anlong.doctor")
    assert [field.field for field in refused.value.fields] == ["password"]


def test_any_characters_make_a_password_and_six_a_pin() -> None:
    check_password("中文密码也可以用", "anlong.doctor")
    check_pin_text("135790")
    with pytest.raises(Invalid):
        check_pin_text("13579")


def test_two_keyboards_write_the_same_password() -> None:
    assert secret_bytes("é") == secret_bytes("e\u0301")
    assert secret_bytes("A") != secret_bytes("a")
