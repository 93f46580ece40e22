"""A signing key's promises: only the PIN opens it, nothing of it shows, and it signs for one person."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from consult.domain.sessions import WrongPin
from consult.formats.signing_keys import (
    certificate_facts,
    certificate_of,
    reseal_key,
    seal_key,
    unlock,
)
from consult.formats.trust import IssuedKey, TrustSource, open_demo_authority
from tests.makers.documents import NOW, PIN


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> tuple[IssuedKey, TrustSource]:
    authority = open_demo_authority(tmp_path_factory.mktemp("pki") / "ca", NOW)
    return authority.issue("王志远", "p1", "贵阳专家中心", NOW), authority.trust()


def test_the_pin_opens_the_key_and_says_whose_it_is(issued: tuple[IssuedKey, TrustSource]) -> None:
    key, trust = issued
    signer = unlock(seal_key(key, PIN), PIN, trust)
    assert signer.facts.name == "王志远"
    assert signer.facts.institution == "贵阳专家中心"
    assert signer.facts.serial == str(key.serial)
    assert "演示" in signer.facts.issuer
    assert signer.facts.valid_from <= NOW < NOW + timedelta(days=4 * 365) < signer.facts.valid_until


@pytest.mark.parametrize("pin", ["", "246811", "24681", PIN + " ", "２４６８１０"])
def test_another_pin_is_refused_with_a_sentence(issued: tuple[IssuedKey, TrustSource], pin: str) -> None:
    key, trust = issued
    with pytest.raises(WrongPin) as refused:
        unlock(seal_key(key, PIN), pin, trust)
    assert refused.value.code == "wrong-pin"
    assert "签名密码不正确" in refused.value.sentence.zh
    assert pin not in str(refused.value) or not pin


def test_a_key_at_rest_shows_its_certificate_and_nothing_else(issued: tuple[IssuedKey, TrustSource]) -> None:
    key, _ = issued
    sealed = seal_key(key, PIN)
    assert key.private_key not in sealed
    assert PIN.encode() not in sealed
    assert certificate_of(sealed) == key.certificate
    assert json.loads(sealed)["argon2id"] == {"time": 3, "memory_kib": 65536, "lanes": 2}
    assert seal_key(key, PIN) != sealed


def test_a_key_does_not_open_under_another_persons_certificate(
    issued: tuple[IssuedKey, TrustSource], tmp_path: Path
) -> None:
    key, trust = issued
    other = open_demo_authority(tmp_path / "ca", NOW).issue("别人", "p2", "别处", NOW)
    mine, theirs = json.loads(seal_key(key, PIN)), json.loads(seal_key(other, PIN))
    with pytest.raises(WrongPin):
        unlock(json.dumps(mine | {"certificate": theirs["certificate"]}).encode(), PIN, trust)


def test_a_new_pin_takes_the_place_of_the_old(issued: tuple[IssuedKey, TrustSource]) -> None:
    key, trust = issued
    changed = reseal_key(seal_key(key, PIN), PIN, "135790")
    assert unlock(changed, "135790", trust).facts.serial == str(key.serial)
    with pytest.raises(WrongPin):
        unlock(changed, PIN, trust)
    with pytest.raises(WrongPin):
        reseal_key(changed, PIN, "1")


def test_what_is_no_certificate_says_nothing() -> None:
    with pytest.raises(ValueError, match=r".+"):
        certificate_facts(b"no certificate")


def test_a_private_key_does_not_appear_where_values_are_printed(issued: tuple[IssuedKey, TrustSource]) -> None:
    key, trust = issued
    assert "private_key" not in repr(key)
    assert "private_key" not in repr(trust.timestamp_key)
    assert "cms" not in repr(unlock(seal_key(key, PIN), PIN, trust))
