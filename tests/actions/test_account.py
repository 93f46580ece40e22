"""People change their own password and PIN: with the present one as proof, and without losing their signing key."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from consult.actions import account
from consult.actions.account import WrongSecret
from consult.actions.people import check_pin
from consult.actions.sessions import NewSession, by_token, make_token, resume, sign_in
from consult.domain.errors import Invalid, NotAllowed, NotSignedIn, TooMany
from consult.domain.sessions import ACCOUNT_TRIES, PIN_TRIES, WrongPin, WrongSignIn
from consult.formats.pdf_pool import Workshop
from consult.formats.signing_keys import certificate_of
from consult.store import reports
from consult.store.audit import Asked, search
from consult.store.unit import Store
from tests.makers.people import PEOPLE
from tests.makers.signing import AUTHOR, PIN, REQUESTER, Desk, desk, workshops

NEW_PASSWORD, NEW_PIN = "一句很长的新密码 1", "135790-neu"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shops() -> Iterator[tuple[Workshop, Workshop]]:
    with workshops() as opened:
        yield opened


@pytest.fixture
def here(store: Store, tmp_path: Path, shops: tuple[Workshop, Workshop]) -> Iterator[Desk]:
    with desk(store, tmp_path, shops) as opened:
        yield opened


def enter(here: Desk, who: str, password: str = PIN) -> NewSession:
    """The makers give everyone their PIN for a password too."""
    parts = here.parts
    return sign_in(
        parts.store, parts.passwords, PEOPLE[who].username, password, address="::1", old_token=None, now=here.clock()
    )


def test_a_new_password_opens_and_the_old_one_does_not(here: Desk) -> None:
    opened = enter(here, REQUESTER)
    account.change_password(here.parts, opened.signed_in, opened.token, PIN, NEW_PASSWORD)
    assert enter(here, REQUESTER, NEW_PASSWORD).signed_in.person.username == REQUESTER
    with pytest.raises(WrongSignIn):
        enter(here, REQUESTER)


def test_a_new_password_ends_every_other_access_and_keeps_this_one(here: Desk) -> None:
    mine, elsewhere, colleague = enter(here, REQUESTER), enter(here, REQUESTER), enter(here, AUTHOR)
    token = make_token(here.parts.store, mine.signed_in, "PACS", 30, here.clock())
    account.change_password(here.parts, mine.signed_in, mine.token, PIN, NEW_PASSWORD)
    assert resume(here.parts.store, mine.token, here.clock()).person == mine.signed_in.person
    assert resume(here.parts.store, colleague.token, here.clock()).person == colleague.signed_in.person
    with pytest.raises(NotSignedIn):
        resume(here.parts.store, elsewhere.token, here.clock())
    with pytest.raises(NotSignedIn):
        by_token(here.parts.store, token.secret or "", here.clock())


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong one", NEW_PASSWORD, "old_password"),
        (PIN, "short", "password"),
        (PIN, PIN, "password"),
        (PIN, REQUESTER.upper(), "password"),
        (PIN, "x" * 257, "password"),
    ],
)
def test_a_password_that_will_not_do_says_where(here: Desk, old: str, new: str, field: str) -> None:
    opened = enter(here, REQUESTER)
    with pytest.raises(Invalid) as refused:
        account.change_password(here.parts, opened.signed_in, opened.token, old, new)
    assert [each.field for each in refused.value.fields] == [field]
    assert enter(here, REQUESTER).signed_in.person == opened.signed_in.person


def test_guessing_the_present_password_is_stopped_as_at_the_door(here: Desk) -> None:
    opened = enter(here, REQUESTER)
    for _ in range(ACCOUNT_TRIES.tries):
        with pytest.raises(WrongSecret):
            account.change_password(here.parts, opened.signed_in, opened.token, "guess", NEW_PASSWORD)
    with pytest.raises(TooMany):
        account.change_password(here.parts, opened.signed_in, opened.token, PIN, NEW_PASSWORD)
    with pytest.raises(TooMany):
        enter(here, REQUESTER)


def test_a_program_changes_neither(here: Desk) -> None:
    opened = enter(here, AUTHOR)
    program = replace(opened.signed_in, csrf=None)
    with pytest.raises(NotAllowed):
        account.change_password(here.parts, program, None, PIN, NEW_PASSWORD)
    with pytest.raises(NotAllowed):
        account.change_pin(here.parts, program, PIN, NEW_PIN)


def sealed(here: Desk, who: str) -> bytes:
    with here.parts.store.read() as connection:
        found = reports.sealed_key(connection, who)
    assert found is not None
    return found


def test_a_new_pin_opens_the_same_key(here: Desk) -> None:
    opened, before = enter(here, AUTHOR), sealed(here, AUTHOR)
    account.change_pin(here.parts, opened.signed_in, PIN, NEW_PIN)
    check_pin(here.parts.store, here.parts.passwords, AUTHOR, NEW_PIN, here.clock())
    signer = here.parts.sealer.signer(here.parts.store, AUTHOR, NEW_PIN)
    assert certificate_of(sealed(here, AUTHOR)) == certificate_of(before)
    assert sealed(here, AUTHOR) != before
    assert signer.facts.name == PEOPLE[AUTHOR].name
    with pytest.raises(WrongPin):
        here.parts.sealer.signer(here.parts.store, AUTHOR, PIN)


def test_whoever_changes_their_own_secrets_stands_in_the_log_and_the_secrets_do_not(here: Desk) -> None:
    opened = enter(here, AUTHOR)
    account.change_pin(here.parts, opened.signed_in, PIN, NEW_PIN)
    account.change_password(here.parts, opened.signed_in, opened.token, PIN, NEW_PASSWORD)
    with here.parts.store.read() as connection:
        rows = [row.entry for row in search(connection, Asked(deed="administer", person=AUTHOR), None, 10)]
    assert [(each.subject_id, dict(each.detail)) for each in rows] == [
        (AUTHOR, {"what": "own password"}),
        (AUTHOR, {"what": "own pin"}),
    ]


def test_a_report_is_signed_with_the_new_pin(here: Desk) -> None:
    opened, case_id = enter(here, AUTHOR), here.case()
    account.change_pin(here.parts, opened.signed_in, PIN, NEW_PIN)
    with pytest.raises(WrongPin):
        here.sign(case_id)
    here.sign(case_id, pin=NEW_PIN)
    (document,) = here.documents(case_id)
    assert here.verify(here.pdf(document)).verdict.valid


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("000000", NEW_PIN, "old_pin"), (PIN, "12345", "pin"), (PIN, PIN, "pin")],
)
def test_a_pin_that_will_not_do_leaves_the_key_as_it_was(here: Desk, old: str, new: str, field: str) -> None:
    opened, before = enter(here, AUTHOR), sealed(here, AUTHOR)
    with pytest.raises(Invalid) as refused:
        account.change_pin(here.parts, opened.signed_in, old, new)
    assert [each.field for each in refused.value.fields] == [field]
    assert sealed(here, AUTHOR) == before
    check_pin(here.parts.store, here.parts.passwords, AUTHOR, PIN, here.clock())


def test_a_pin_is_not_the_password(here: Desk) -> None:
    opened = enter(here, AUTHOR)
    account.change_password(here.parts, opened.signed_in, opened.token, PIN, NEW_PASSWORD)
    with pytest.raises(Invalid) as refused:
        account.change_pin(here.parts, opened.signed_in, PIN, NEW_PASSWORD)
    assert [each.field for each in refused.value.fields] == ["pin"]


def test_guessing_the_present_pin_is_stopped_as_it_is_when_signing(here: Desk) -> None:
    opened = enter(here, AUTHOR)
    for _ in range(PIN_TRIES.tries):
        with pytest.raises(WrongSecret):
            account.change_pin(here.parts, opened.signed_in, "000000", NEW_PIN)
    with pytest.raises(TooMany):
        check_pin(here.parts.store, here.parts.passwords, AUTHOR, PIN, here.clock())
    here.clock.advance(seconds=PIN_TRIES.within.total_seconds() + 1)
    account.change_pin(here.parts, opened.signed_in, PIN, NEW_PIN)


def test_somebody_without_a_key_has_a_pin_all_the_same(here: Desk) -> None:
    opened = enter(here, REQUESTER)
    account.change_pin(here.parts, opened.signed_in, PIN, NEW_PIN)
    check_pin(here.parts.store, here.parts.passwords, REQUESTER, NEW_PIN, here.clock())
