"""A session proves who is there: it cannot be guessed, read from the database, outlived, or told by its timing."""

import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from consult.actions import sessions
from consult.actions.passwords import Passwords
from consult.actions.sessions import (
    NewSession,
    by_token,
    check_csrf,
    make_token,
    resume,
    revoke_token,
    sign_in,
    sign_out,
)
from consult.domain.errors import Invalid, NotAllowed, NotFound, NotSignedIn, TooMany
from consult.domain.people import Person
from consult.domain.sessions import ABSOLUTE, ACCOUNT_TRIES, ADDRESS_TRIES, IDLE, ForeignCall, WrongSignIn
from consult.store import sessions as session_store
from consult.store.unit import Store
from tests.makers_people import NOW, PASSWORD, open_accounts, open_institutions

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture(autouse=True)
def house(store: Store) -> None:
    open_institutions(store)


@pytest.fixture
def doctor(store: Store, passwords: Passwords) -> Person:
    return open_accounts(store, passwords, "anlong.doctor")["anlong.doctor"]


def enter(
    store: Store,
    passwords: Passwords,
    username: str = "anlong.doctor",
    password: str = PASSWORD,
    *,
    address: str = "192.0.2.7",
    old: str | None = None,
    after: timedelta = timedelta(0),
) -> NewSession:
    return sign_in(store, passwords, username, password, address=address, old_token=old, now=NOW + after)


def test_the_right_name_and_password_open_a_session(store: Store, passwords: Passwords, doctor: Person) -> None:
    opened = enter(store, passwords, " ANLONG.Doctor")
    assert opened.signed_in.person == doctor
    assert sessions.institution_of(store, opened.signed_in).code == "ANLONG"
    assert resume(store, opened.token, NOW) == opened.signed_in


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("anlong.doctor", "wrong password"),
        ("anlong.doctor", ""),
        ("anlong.doctor", PASSWORD + "x" * 1000),
        ("anlong.doctor", PASSWORD.swapcase()),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("a\x00b", PASSWORD),
        ("\ud800", "\ud800"),
    ],
)
def test_anything_else_is_refused_in_the_same_words(
    store: Store, passwords: Passwords, doctor: Person, username: str, password: str
) -> None:
    with pytest.raises(WrongSignIn) as refused:
        enter(store, passwords, username, password)
    assert refused.value.sentence == WrongSignIn().sentence


def test_who_does_not_exist_costs_the_same_work(store: Store, passwords: Passwords, doctor: Person) -> None:
    def work(username: str) -> float:
        spent: list[float] = []
        for n in range(7):
            began = time.thread_time()
            with pytest.raises(WrongSignIn):
                enter(store, passwords, username, "wrong", after=n * 20 * MINUTE)
            spent.append(time.thread_time() - began)
        return statistics.median(spent)

    assert 0.4 < work("nobody") / work("anlong.doctor") < 2.5, "accounts could be told by the time of the answer"


def test_neither_session_nor_token_can_be_read_from_the_database(
    store: Store, passwords: Passwords, doctor: Person
) -> None:
    opened = enter(store, passwords)
    token = make_token(store, opened.signed_in, "脚本", 30, NOW)
    with store.read() as connection:
        kept = [str(connection.execute(text(f"SELECT * FROM {table}")).all()) for table in ("sessions", "api_tokens")]
    assert opened.token not in "".join(kept)
    assert str(token.secret) not in "".join(kept)


def test_a_session_token_cannot_be_guessed(store: Store, passwords: Passwords, doctor: Person) -> None:
    tokens = {enter(store, passwords).token for _ in range(5)}
    assert len(tokens) == 5
    assert all(re.fullmatch(r"[\w-]{43}", token) for token in tokens)  # 256 bits in base64
    with pytest.raises(NotSignedIn):
        resume(store, "x" * 43, NOW)


def test_signing_in_changes_the_session_and_ends_the_old_one(
    store: Store, passwords: Passwords, doctor: Person
) -> None:
    first = enter(store, passwords)
    second = enter(store, passwords, old=first.token)
    assert second.token != first.token
    with pytest.raises(NotSignedIn):
        resume(store, first.token, NOW)
    assert resume(store, second.token, NOW).person == doctor


def test_signing_out_ends_this_session_and_no_other(store: Store, passwords: Passwords, doctor: Person) -> None:
    here, elsewhere = enter(store, passwords), enter(store, passwords)
    sign_out(store, here.signed_in, here.token, NOW)
    with pytest.raises(NotSignedIn):
        resume(store, here.token, NOW)
    assert resume(store, elsewhere.token, NOW).person == doctor


def test_a_session_that_is_used_lives_on_and_one_that_is_not_ends(
    store: Store, passwords: Passwords, doctor: Person
) -> None:
    opened = enter(store, passwords)
    resume(store, opened.token, NOW + IDLE - MINUTE)
    resume(store, opened.token, NOW + 2 * IDLE - 2 * MINUTE)
    with pytest.raises(NotSignedIn):
        resume(store, opened.token, NOW + 3 * IDLE)


def test_no_session_outlives_the_shift(store: Store, passwords: Passwords, doctor: Person) -> None:
    opened = enter(store, passwords)
    step = IDLE / 2
    at = NOW
    while at + step < NOW + ABSOLUTE:
        at += step
        resume(store, opened.token, at)
    with pytest.raises(NotSignedIn):
        resume(store, opened.token, NOW + ABSOLUTE)


def test_wrong_tries_on_an_account_bring_a_pause_and_the_right_password_waits_too(
    store: Store, passwords: Passwords, doctor: Person
) -> None:
    for n in range(ACCOUNT_TRIES.tries):
        with pytest.raises(WrongSignIn):
            enter(store, passwords, password="wrong", address=f"192.0.2.{n}")
    with pytest.raises(TooMany) as refused:
        enter(store, passwords, address="198.51.100.1")
    assert refused.value.retry_after_s == ACCOUNT_TRIES.within.total_seconds()
    assert enter(store, passwords, after=ACCOUNT_TRIES.within).signed_in.person == doctor


def test_an_account_that_does_not_exist_is_paused_just_the_same(store: Store, passwords: Passwords) -> None:
    for _ in range(ACCOUNT_TRIES.tries):
        with pytest.raises(WrongSignIn):
            enter(store, passwords, "nobody", "wrong")
    with pytest.raises(TooMany):
        enter(store, passwords, "nobody", "wrong")


def test_wrong_tries_from_an_address_bring_a_pause_whatever_the_account(
    store: Store, passwords: Passwords, doctor: Person
) -> None:
    here = sessions.hash_of("address:192.0.2.7")
    with store.write() as unit:
        session_store.add_failures(unit, [here] * (ADDRESS_TRIES.tries - 1), NOW, NOW - ADDRESS_TRIES.within)
    with pytest.raises(WrongSignIn):
        enter(store, passwords, "somebody", "wrong")
    with pytest.raises(TooMany):
        enter(store, passwords)
    assert enter(store, passwords, address="198.51.100.1").signed_in.person == doctor


def test_the_right_password_forgives_the_wrong_ones(store: Store, passwords: Passwords, doctor: Person) -> None:
    for _ in range(3):
        for _ in range(ACCOUNT_TRIES.tries - 1):
            with pytest.raises(WrongSignIn):
                enter(store, passwords, password="wrong")
        enter(store, passwords)


def test_many_right_sign_ins_at_once_all_pass(store: Store, passwords: Passwords, doctor: Person) -> None:
    with ThreadPoolExecutor(20) as pool:
        opened = list(pool.map(lambda _: enter(store, passwords), range(50)))
    assert len({each.token for each in opened}) == 50


def test_guessing_in_parallel_gains_a_handful_of_tries_at_most(
    store: Store, passwords: Passwords, doctor: Person
) -> None:
    def guess(n: int) -> str:
        try:
            enter(store, passwords, password=f"guess {n}", address=f"192.0.2.{n}")
        except (WrongSignIn, TooMany) as refusal:
            return refusal.code
        return "in"

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(guess, range(40)))
    assert ACCOUNT_TRIES.tries <= answers.count("wrong-sign-in") <= ACCOUNT_TRIES.tries + 3
    assert answers.count("in") == 0


def test_a_call_carries_the_csrf_token_of_its_own_session(store: Store, passwords: Passwords, doctor: Person) -> None:
    mine, other = enter(store, passwords), enter(store, passwords)
    check_csrf(mine.token, mine.signed_in.csrf)
    for told in (None, "", "x", other.signed_in.csrf, mine.token, "\ud800"):
        with pytest.raises(ForeignCall):
            check_csrf(mine.token, told)


def test_a_token_acts_for_its_person_until_it_expires(store: Store, passwords: Passwords, doctor: Person) -> None:
    who = enter(store, passwords).signed_in
    made = make_token(store, who, " 夜间脚本 ", 30, NOW)
    secret = str(made.secret)
    assert by_token(store, secret, NOW).actor == who.actor
    assert by_token(store, secret, made.expires_at - MINUTE).csrf is None
    with pytest.raises(NotSignedIn):
        by_token(store, secret, made.expires_at)
    with pytest.raises(NotSignedIn):
        by_token(store, secret + "x", NOW)


def test_a_token_is_shown_once(store: Store, passwords: Passwords, doctor: Person) -> None:
    who = enter(store, passwords).signed_in
    made = make_token(store, who, "夜间脚本", 30, NOW)
    [listed] = sessions.tokens(store, who)
    assert (listed.id, listed.name, listed.expires_at) == (made.id, "夜间脚本", NOW + timedelta(days=30))
    assert listed.secret is None
    assert str(made.secret) not in repr(made)


def test_a_token_is_taken_back_by_its_owner_only(store: Store, passwords: Passwords) -> None:
    open_accounts(store, passwords, "anlong.doctor", "dushan.doctor")
    mine, theirs = enter(store, passwords).signed_in, enter(store, passwords, "dushan.doctor").signed_in
    made = make_token(store, mine, "脚本", 30, NOW)
    assert sessions.tokens(store, theirs) == []
    with pytest.raises(NotFound):
        revoke_token(store, theirs, made.id)
    revoke_token(store, mine, made.id)
    with pytest.raises(NotSignedIn):
        by_token(store, str(made.secret), NOW)
    with pytest.raises(NotFound):
        revoke_token(store, mine, made.id)


def test_a_token_cannot_make_another(store: Store, passwords: Passwords, doctor: Person) -> None:
    made = make_token(store, enter(store, passwords).signed_in, "脚本", 30, NOW)
    with pytest.raises(NotAllowed):
        make_token(store, by_token(store, str(made.secret), NOW), "另一个", 30, NOW)


@pytest.mark.parametrize(("name", "days", "field"), [(" ", 30, "name"), ("脚本", 0, "days"), ("脚本", 367, "days")])
def test_a_token_has_a_purpose_and_an_end(
    store: Store, passwords: Passwords, doctor: Person, name: str, days: int, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        make_token(store, enter(store, passwords).signed_in, name, days, NOW)
    assert [each.field for each in refused.value.fields] == [field]


def test_tokens_are_limited_in_number(store: Store, passwords: Passwords, doctor: Person) -> None:
    who = enter(store, passwords).signed_in
    for n in range(sessions.TOKENS_EACH):
        make_token(store, who, f"脚本{n}", 30, NOW)
    with pytest.raises(Invalid):
        make_token(store, who, "再来一个", 30, NOW)
