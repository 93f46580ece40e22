"""The sealer's promises: a key opens for its person alone, and there is no signature without an authority."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from consult.actions.sealing import Sealer
from consult.domain.errors import NotAllowed, Unavailable
from consult.domain.sessions import WrongPin
from consult.formats.pdf_pool import Workshop
from consult.formats.trust import find_demo_authority, open_demo_authority
from consult.store import reports
from consult.store.unit import Store
from tests.makers.documents import NOW
from tests.makers.people import PEOPLE, settle
from tests.makers.signing import AUTHOR, PASSWORDS, PIN, REVIEWER


@pytest.fixture
def sealer(tmp_path: Path) -> Iterator[Sealer]:
    with Workshop(1, 60.0) as makes, Workshop(1, 60.0, trade="judge") as judges:
        yield Sealer(makes, judges, lambda: open_demo_authority(tmp_path / "trust", NOW), PASSWORDS)


def test_a_person_who_was_enrolled_signs_with_their_pin(store: Store, sealer: Sealer) -> None:
    settle(store)
    sealer.enrol(store, PEOPLE[AUTHOR], "贵阳专家中心", PIN, NOW)
    facts = sealer.signer(store, AUTHOR, PIN).facts
    assert (facts.name, facts.institution) == (PEOPLE[AUTHOR].name, "贵阳专家中心")
    with pytest.raises(WrongPin):
        sealer.signer(store, AUTHOR, "135790-pin")
    with pytest.raises(NotAllowed, match="certificate"):
        sealer.signer(store, REVIEWER, PIN)


def test_the_newest_key_signs_and_a_revoked_one_does_not(store: Store, sealer: Sealer) -> None:
    settle(store)
    for day, pin in enumerate((PIN, "135790-pin")):
        sealer.enrol(store, PEOPLE[AUTHOR], "贵阳专家中心", pin, NOW + timedelta(days=day))
    newest = sealer.signer(store, AUTHOR, "135790-pin")
    with pytest.raises(WrongPin):
        sealer.signer(store, AUTHOR, PIN)
    with store.write() as unit:
        from consult.store.tables_reports import signing_keys

        gone = signing_keys.c.serial == newest.facts.serial
        unit.connection.execute(signing_keys.update().where(gone).values(revoked_at=NOW))
    assert sealer.signer(store, AUTHOR, PIN).facts.serial != newest.facts.serial


def test_what_is_kept_of_a_key_does_not_open_it(store: Store, sealer: Sealer) -> None:
    settle(store)
    sealer.enrol(store, PEOPLE[AUTHOR], "贵阳专家中心", PIN, NOW)
    with store.read() as connection:
        sealed = reports.sealed_key(connection, AUTHOR)
    assert sealed is not None
    assert PIN.encode() not in sealed
    assert b"PRIVATE" not in sealed


def test_without_an_authority_nobody_is_enrolled_and_none_is_made_in_passing(
    store: Store, sealer: Sealer, tmp_path: Path
) -> None:
    settle(store)
    without = replace(sealer, authority=lambda: find_demo_authority(tmp_path / "none"))
    with pytest.raises(Unavailable) as refused:
        without.enrol(store, PEOPLE[AUTHOR], "贵阳专家中心", PIN, NOW)
    assert "consult pki demo" in refused.value.sentence.zh
    assert not (tmp_path / "none").exists()


def test_every_page_says_that_the_authority_is_self_made(sealer: Sealer) -> None:
    assert sealer.demo
