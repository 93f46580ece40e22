"""The demo authority's promises: it is whole or absent, says that it is a demo, and can take a certificate back."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from consult.formats.trust import open_demo_authority
from tests.makers.documents import NOW


def test_it_is_made_once_and_then_found_again(tmp_path: Path) -> None:
    first = open_demo_authority(tmp_path / "ca", NOW).trust()
    assert open_demo_authority(tmp_path / "ca", NOW + timedelta(days=1)).trust() == first
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


def test_processes_that_make_it_at_the_same_time_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: open_demo_authority(tmp_path / "ca", NOW).trust(), range(4)))
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


def test_private_keys_are_for_the_owner_alone(tmp_path: Path) -> None:
    open_demo_authority(tmp_path / "ca", NOW)
    private = tmp_path / "ca" / "private"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in private.iterdir()} == {0o600}


def test_every_certificate_says_that_it_is_for_demonstration(tmp_path: Path) -> None:
    open_demo_authority(tmp_path / "ca", NOW)
    for path in (tmp_path / "ca" / "public").glob("*.cer"):
        assert "演示" in x509.load_der_x509_certificate(path.read_bytes()).subject.rfc4514_string()


def test_certificates_may_do_what_they_are_for_and_no_more(tmp_path: Path) -> None:
    authority = open_demo_authority(tmp_path / "ca", NOW)
    public = tmp_path / "ca" / "public"
    person = x509.load_der_x509_certificate(authority.issue("王志远", "p1", "贵阳专家中心", NOW).certificate)
    issuing, tsa = (
        x509.load_der_x509_certificate((public / f"{name}.cer").read_bytes()) for name in ("issuing", "tsa")
    )
    usage = person.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert not person.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert issuing.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    stamping = tsa.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert stamping.critical
    assert list(stamping.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    for certificate in (person, issuing, tsa):
        assert certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    person.verify_directly_issued_by(issuing)


def test_a_revoked_certificate_is_on_the_list_from_then_on_and_the_first_date_stays(tmp_path: Path) -> None:
    authority = open_demo_authority(tmp_path / "ca", NOW)
    gone, other = (authority.issue(name, name, "贵阳专家中心", NOW).serial for name in ("a", "b"))
    authority.revoke(gone, NOW + timedelta(days=1))
    authority.revoke(other, NOW + timedelta(days=2))
    authority.revoke(gone, NOW + timedelta(days=3))
    listed = x509.load_der_x509_crl(authority.trust().crls[1])
    assert {entry.serial_number: entry.revocation_date_utc for entry in listed} == {
        gone: NOW + timedelta(days=1),
        other: NOW + timedelta(days=2),
    }


def test_without_its_keys_a_source_of_trust_stamps_no_time(tmp_path: Path) -> None:
    trust = open_demo_authority(tmp_path / "ca", NOW).trust().without_keys()
    with pytest.raises(ValueError, match="time-stamp key"):
        trust.timestamper(NOW)
