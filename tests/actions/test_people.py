"""Accounts open with what they need, close at once, and a PIN is the person's alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from consult.actions import people as people_actions
from consult.actions import sessions
from consult.actions.passwords import Passwords
from consult.actions.people import NewAccount, add_person, check_pin, close_account, set_password, set_pin
from consult.domain.agreements import Agreement
from consult.domain.errors import Invalid, NotAllowed, NotFound, NotSignedIn, TooMany, Words
from consult.domain.people import SYSTEM, Language, Role, actor_for
from consult.domain.sessions import PIN_TRIES, WrongPin, WrongSignIn
from consult.queries import people as people_queries
from consult.store import people
from consult.store import sessions as session_store
from consult.store.audit import walk
from consult.store.unit import Store
from tests.makers_people import ACCOUNTS, ANLONG, NOW, PASSWORD, PIN, open_accounts, open_institutions

ASKED = next(asked for asked in ACCOUNTS if asked.username == "guiyang.ct")


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture(autouse=True)
def house(store: Store) -> None:
    open_institutions(store)


def test_an_account_is_opened_with_what_was_asked(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, replace(ASKED, username=" Guiyang.CT "), NOW)
    assert opened.username == "guiyang.ct"
    with store.read() as connection:
        assert people.person(connection, opened.id) == opened


def test_neither_password_nor_pin_is_kept_in_clear_or_told(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    with store.read() as connection:
        kept = session_store.secrets_of(connection, opened.id)
    assert kept is not None
    assert kept.password_hash.startswith("$argon2id$")
    assert PASSWORD not in repr(kept) + repr(ASKED)
    assert PIN not in repr(kept) + repr(ASKED)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "a b"}, "username"),
        ({"name": " "}, "name"),
        ({"roles": frozenset[Role]()}, "roles"),
        ({"roles": frozenset({Role.SYSTEM})}, "roles"),
        ({"licence": None}, "licence"),
        ({"password": "short"}, "password"),
        ({"pin": "1"}, "pin"),
        ({"institution_code": "NOWHERE"}, "institution"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_named(
    store: Store, passwords: Passwords, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        add_person(store, passwords, replace(ASKED, **changed), NOW)
    assert [each.field for each in refused.value.fields] == [field]
    with store.read() as connection:
        assert people.person_named(connection, "guiyang.ct") is None


def test_an_account_name_in_use_is_said_at_its_field(store: Store, passwords: Passwords) -> None:
    add_person(store, passwords, ASKED, NOW)
    with pytest.raises(Invalid) as refused:
        add_person(store, passwords, replace(ASKED, username="GUIYANG.CT"), NOW)
    assert [each.field for each in refused.value.fields] == ["username"]


def test_an_agreement_is_with_institutions_that_are_there(store: Store) -> None:
    with pytest.raises(NotFound):
        people_actions.add_agreement(store, Agreement("ANLONG", "NOWHERE", frozenset({"mdt"}), NOW.date()), NOW)


def test_a_centre_is_an_institution_that_is_there(store: Store) -> None:
    with pytest.raises(Invalid) as refused:
        people_actions.add_institution(store, replace(ANLONG, centre="NOWHERE"), NOW)
    assert [each.field for each in refused.value.fields] == ["centre"]


def test_a_machine_that_calls_belongs_to_one_institution_or_to_none(store: Store) -> None:
    assert people_actions.institution_of_ae(store, "ANLONG_CT2") == "ANLONG"
    assert people_actions.institution_of_ae(store, "STRANGER") is None


def test_it_is_known_whether_there_is_any_account(store: Store, passwords: Passwords) -> None:
    assert not people_queries.anyone(store)
    add_person(store, passwords, ASKED, NOW)
    assert people_queries.anyone(store)


def test_the_right_pin_is_the_persons_own(store: Store, passwords: Passwords) -> None:
    people_by_name = open_accounts(store, passwords, "guiyang.ct")
    other = add_person(store, passwords, replace(ASKED, username="guiyang.mr", pin="another-pin"), NOW)
    check_pin(store, passwords, people_by_name["guiyang.ct"].id, PIN, NOW)
    with pytest.raises(WrongPin) as refused:
        check_pin(store, passwords, other.id, PIN, NOW)
    assert [each.field for each in refused.value.fields] == ["pin"]


def test_the_password_is_not_the_pin(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    with pytest.raises(WrongPin):
        check_pin(store, passwords, opened.id, PASSWORD, NOW)


def test_after_too_many_wrong_pins_even_the_right_one_waits(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    for _ in range(PIN_TRIES.tries):
        with pytest.raises(WrongPin):
            check_pin(store, passwords, opened.id, "wrong-pin", NOW)
    with pytest.raises(TooMany) as refused:
        check_pin(store, passwords, opened.id, PIN, NOW)
    assert refused.value.retry_after_s == PIN_TRIES.within.total_seconds()
    check_pin(store, passwords, opened.id, PIN, NOW + PIN_TRIES.within)


def test_the_right_pin_forgives_the_wrong_ones(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    for _ in range(2):
        for _ in range(PIN_TRIES.tries - 1):
            with pytest.raises(WrongPin):
                check_pin(store, passwords, opened.id, "wrong-pin", NOW)
        check_pin(store, passwords, opened.id, PIN, NOW)


def test_guessing_a_pin_in_parallel_gains_a_handful_of_tries_at_most(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)

    def guess(n: int) -> str:
        try:
            check_pin(store, passwords, opened.id, f"guess-{n}", NOW)
        except (WrongPin, TooMany) as refusal:
            return refusal.code
        return "right"

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(guess, range(30)))
    assert PIN_TRIES.tries <= answers.count("wrong-pin") <= PIN_TRIES.tries + 3
    assert answers.count("too-many") == 30 - answers.count("wrong-pin")


def test_a_closed_account_is_out_at_once(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    session = sign_in(store, passwords, ASKED)
    token = sessions.make_token(store, session.signed_in, "脚本", 30, NOW)
    close_account(store, opened, NOW)
    with pytest.raises(NotSignedIn):
        sessions.resume(store, session.token, NOW)
    with pytest.raises(NotSignedIn):
        sessions.by_token(store, str(token.secret), NOW)
    with pytest.raises(WrongSignIn):
        sign_in(store, passwords, ASKED)
    with pytest.raises(WrongPin):
        check_pin(store, passwords, opened.id, PIN, NOW)


def test_a_new_password_ends_what_the_old_one_opened_and_leaves_the_pin(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    session = sign_in(store, passwords, ASKED)
    set_password(store, passwords, opened, "a new password", NOW)
    with pytest.raises(NotSignedIn):
        sessions.resume(store, session.token, NOW)
    with pytest.raises(WrongSignIn):
        sign_in(store, passwords, ASKED)
    sign_in(store, passwords, replace(ASKED, password="a new password"))
    check_pin(store, passwords, opened.id, PIN, NOW)


def test_a_new_pin_replaces_the_old_one_and_leaves_the_password(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    set_pin(store, passwords, opened, "a new pin", NOW)
    check_pin(store, passwords, opened.id, "a new pin", NOW)
    with pytest.raises(WrongPin):
        check_pin(store, passwords, opened.id, PIN, NOW)
    sign_in(store, passwords, ASKED)


def test_a_new_secret_is_long_enough_too(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    with pytest.raises(Invalid):
        set_password(store, passwords, opened, "short", NOW)
    with pytest.raises(Invalid):
        set_pin(store, passwords, opened, "1", NOW)


def test_an_account_is_found_as_its_name_is_typed(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    assert people_queries.person_named(store, " GUIYANG.ct ") == opened
    with pytest.raises(NotFound):
        people_queries.person_named(store, "nobody")


def test_a_language_is_the_persons_choice(store: Store, passwords: Passwords) -> None:
    opened = add_person(store, passwords, ASKED, NOW)
    people_actions.choose_language(store, actor_for(opened), Language.EN)
    with store.read() as connection:
        assert people.person(connection, opened.id).language is Language.EN
    with pytest.raises(NotAllowed):
        people_actions.choose_language(store, SYSTEM, Language.EN)


def test_whom_a_county_may_ask_is_told_to_itself_its_centre_and_the_platform(
    store: Store, passwords: Passwords
) -> None:
    opened = open_accounts(store, passwords, "anlong.doctor", "dushan.doctor", "xingyi.coordinator", "admin")

    def seen(username: str, later: timedelta = timedelta(0)) -> dict[str, tuple[str, ...]]:
        sites = people_queries.sites(store, actor_for(opened[username]), NOW + later)
        return {site.institution.code: site.agreements for site in sites}

    asks = ("GUIYANG", "XINGYI")
    assert seen("anlong.doctor") == {"ANLONG": asks, "DUSHAN": (), "GUIYANG": (), "XINGYI": ()}
    assert seen("xingyi.coordinator") == {"ANLONG": asks, "DUSHAN": asks, "GUIYANG": (), "XINGYI": ()}
    assert seen("admin")["DUSHAN"] == asks
    assert seen("anlong.doctor", timedelta(days=-400))["ANLONG"] == ()


def sign_in(store: Store, passwords: Passwords, asked: NewAccount) -> sessions.NewSession:
    return sessions.sign_in(
        store, passwords, asked.username, asked.password, address="192.0.2.7", old_token=None, now=NOW
    )


def test_what_the_command_line_changes_of_the_network_is_on_record_with_what_it_was(store: Store) -> None:
    people_actions.add_institution(store, replace(ANLONG, name=Words("安龙县医院", "Anlong")), NOW)
    people_actions.add_agreement(store, Agreement("ANLONG", "XINGYI", frozenset({"mdt"}), NOW.date()), NOW)
    with store.read() as connection:
        told = [row.entry for row in walk(connection) if row.entry.subject == "institution"]
    assert [(each.person_name, each.subject_id, each.detail["what"]) for each in told] == [
        ("命令行", "ANLONG", "change"),
        ("命令行", "ANLONG", "agreement"),
        ("命令行", "XINGYI", "agreement"),
    ]
    assert any(f"{ANLONG.name.zh}" in str(value) and "安龙县医院" in str(value) for value in told[0].detail.values())
    assert "mdt" in str(told[1].detail)
