"""Whom we believe: roots, intermediates and revocation lists, and a self-made authority for demo and tests.

A licensed certificate authority and time-stamp service take the demo's place in production; what the demo makes says
演示 in its own name, and the documents it signs say so on the page.
"""

import os
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consult.domain.errors import Unavailable, Words

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from pyhanko.sign.timestamps import TimeStamper

NO_AUTHORITY = Words(
    "还没有签名证书机构，不能签名；请管理员接入证书机构，或用 consult pki demo 建立演示证书。",
    "There is no signing authority yet; connect one, or make one for demonstration with `consult pki demo`.",
)
_AUTHORITY_NAME = "演示证书机构（无法律效力）"
_ROOT_NAME = "演示根证书（无法律效力）"
_TSA_NAME = "演示时间戳（无法律效力）"
_CA_YEARS, _PERSON_YEARS = 20, 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TimestampKey:
    """What a time stamp is made with here: certificate (DER) and private key (PKCS#8 DER). Demo and tests only."""

    certificate: bytes
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrustSource:
    """What signatures are checked against; all DER. ``timestamp_key`` None: it can verify, not sign."""

    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    timestamp_key: TimestampKey | None = None

    def without_keys(self) -> "TrustSource":
        """The same without the power to stamp time: enough to verify."""
        return replace(self, timestamp_key=None)

    def timestamper(self, at: datetime) -> "TimeStamper":
        """A time stamper whose clock stands at ``at`` (aware). Raises ValueError where there is no key for it."""
        from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
        from pyhanko.sign.timestamps import DummyTimeStamper
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        if self.timestamp_key is None:
            raise ValueError("this source of trust has no time-stamp key")
        (certificate,) = load_certs_from_pemder_data(self.timestamp_key.certificate)
        chain = [loaded for der in (*self.intermediates, *self.roots) for loaded in load_certs_from_pemder_data(der)]
        return DummyTimeStamper(
            tsa_cert=certificate,
            tsa_key=load_private_key_from_pemder_data(self.timestamp_key.private_key, None),
            certs_to_embed=SimpleCertificateStore.from_certs(chain),
            fixed_dt=at,
        )


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A person's new certificate (DER) and private key (PKCS#8 DER), to be sealed under their PIN at once."""

    certificate: bytes
    private_key: bytes = field(repr=False)
    serial: int = 0


@dataclass(frozen=True, slots=True)
class DemoAuthority:
    """A certificate authority in a folder: ``public/`` may be shown to anyone, ``private/`` to nobody."""

    folder: Path

    def trust(self) -> TrustSource:
        """What this authority vouches for, with its present revocation lists."""
        stamping = (self.folder / "public" / "tsa.cer").read_bytes()
        key = (self.folder / "private" / "tsa.key").read_bytes()
        return replace(public_trust(self.folder), timestamp_key=TimestampKey(stamping, key))

    def issue(self, name: str, person_id: str, institution: str, now: datetime) -> IssuedKey:
        """A signing certificate for a person, valid five years from ``now`` (aware)."""
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        issuer, issuer_key = self._certificate("issuing"), self._ec_key("issuing")
        subject = _subject(name, institution=institution, person_id=person_id)
        extensions = [*_person_extensions(), (_points_at("issuing.crl"), False)]
        certificate = _make(subject, key.public_key(), issuer.subject, issuer_key, now, _PERSON_YEARS, extensions)
        return IssuedKey(_der(certificate), _pkcs8(key), certificate.serial_number)

    def revoke(self, serial: int, now: datetime) -> None:
        """From ``now`` on, signatures of that certificate count no more; those time-stamped before stay valid."""
        from cryptography import x509

        path = self.folder / "public" / "issuing.crl"
        known = {entry.serial_number: entry for entry in x509.load_der_x509_crl(path.read_bytes())}
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        entries = list((known | {serial: known.get(serial, revoked)}).values())
        _write(path, _crl(self._certificate("issuing"), self._ec_key("issuing"), now, entries))

    def _certificate(self, name: str) -> "x509.Certificate":
        from cryptography import x509

        return x509.load_der_x509_certificate((self.folder / "public" / f"{name}.cer").read_bytes())

    def _ec_key(self, name: str) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        key = load_der_private_key((self.folder / "private" / f"{name}.key").read_bytes(), None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise TypeError("the demo authority signs with P-256 keys")
        return key


def public_trust(folder: Path) -> TrustSource:
    """What anyone can check with: the ``public/`` part of an authority's folder, no key. Raises Unavailable."""
    public = folder / "public"
    try:
        return TrustSource(
            roots=((public / "root.cer").read_bytes(),),
            intermediates=((public / "issuing.cer").read_bytes(),),
            crls=((public / "root.crl").read_bytes(), (public / "issuing.crl").read_bytes()),
        )
    except FileNotFoundError:
        raise Unavailable(NO_AUTHORITY) from None


def find_demo_authority(folder: Path) -> DemoAuthority:
    """The authority that someone made there on purpose. Raises Unavailable where nobody did."""
    if not (folder / "public").exists():
        raise Unavailable(NO_AUTHORITY)
    return DemoAuthority(folder)


def open_demo_authority(folder: Path, now: datetime) -> DemoAuthority:
    """The authority in ``folder``; makes it first where there is none, whole or not at all."""
    if not (folder / "public").exists():
        making = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}")
        _make_authority(making, now)
        try:
            making.rename(folder)
        except OSError:  # another process was faster: theirs counts
            shutil.rmtree(making)
            if not (folder / "public").exists():
                raise
    return DemoAuthority(folder)


def _make_authority(folder: Path, now: datetime) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    for part in ("public", "private"):
        (folder / part).mkdir(parents=True, mode=0o755 if part == "public" else 0o700)
    root_key, issuing_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    tsa_key = rsa.generate_private_key(65537, 2048)  # pyHanko's own time stamper signs with RSA only
    root_name = _subject(_ROOT_NAME)
    root = _make(root_name, root_key.public_key(), root_name, root_key, now, _CA_YEARS, _ca_extensions())
    points = (_points_at("root.crl"), False)
    issuing = _make(
        _subject(_AUTHORITY_NAME),
        issuing_key.public_key(),
        root_name,
        root_key,
        now,
        _CA_YEARS,
        [*_ca_extensions(path_length=0), points],
    )
    tsa = _make(
        _subject(_TSA_NAME), tsa_key.public_key(), root_name, root_key, now, _CA_YEARS, [*_tsa_extensions(), points]
    )
    for name, certificate, key in (("root", root, root_key), ("issuing", issuing, issuing_key), ("tsa", tsa, tsa_key)):
        _write(folder / "public" / f"{name}.cer", _der(certificate))
        _write(folder / "private" / f"{name}.key", _pkcs8(key), mode=0o600)
    _write(folder / "public" / "root.crl", _crl(root, root_key, now, ()))
    _write(folder / "public" / "issuing.crl", _crl(issuing, issuing_key, now, ()))


def _subject(name: str, institution: str = "演示", person_id: str = "") -> "x509.Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    told = [(NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, institution), (NameOID.COMMON_NAME, name)]
    if person_id:
        told.append((NameOID.USER_ID, person_id))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in told])


def _make(
    subject: "x509.Name",
    public_key: Any,
    issuer: "x509.Name",
    issuer_key: "EllipticCurvePrivateKey",
    now: datetime,
    years: int,
    extensions: Iterable[tuple["x509.ExtensionType", bool]],
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + years * 365 * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*used: str) -> "x509.KeyUsage":
    from cryptography import x509

    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: name in used for name in names.split()})


def _ca_extensions(path_length: int | None = None) -> list[tuple["x509.ExtensionType", bool]]:
    from cryptography import x509

    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_usage("key_cert_sign", "crl_sign"), True),
    ]


def _person_extensions() -> list[tuple["x509.ExtensionType", bool]]:
    from cryptography import x509

    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature", "content_commitment"), True),
    ]


def _tsa_extensions() -> list[tuple["x509.ExtensionType", bool]]:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature", "content_commitment"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),  # alone and critical: RFC 3161 §2.3
    ]


def _points_at(crl: str) -> "x509.CRLDistributionPoints":
    """What a certificate is revoked by: without it a validator may not ask. ``.invalid`` never resolves (RFC 2606)."""
    from cryptography import x509

    point = x509.DistributionPoint([x509.UniformResourceIdentifier(f"http://demo-ca.invalid/{crl}")], None, None, None)
    return x509.CRLDistributionPoints([point])


def _crl(
    issuer: "x509.Certificate",
    key: "EllipticCurvePrivateKey",
    now: datetime,
    entries: Iterable["x509.RevokedCertificate"],
) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + _CA_YEARS * 365 * _DAY)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _der(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _pkcs8(key: "EllipticCurvePrivateKey | RSAPrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """The whole file or the old one: written beside, synced, renamed."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
