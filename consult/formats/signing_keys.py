"""A person's signing key: at rest under their PIN alone, in the open only while they sign."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from consult.domain.sessions import WrongPin
from consult.formats.trust import IssuedKey, TrustSource

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer as CmsSigner

_TIME_COST: Final = 3
_MEMORY_KIB: Final = 64 * 1024
_LANES: Final = 2
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a signature's record keeps of the certificate; ``serial`` is decimal, times are aware UTC."""

    name: str
    institution: str
    serial: str
    issuer: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Signer:
    """Someone who can sign now. ``cms`` does it: a key in memory here, a token or a remote device elsewhere."""

    facts: CertificateFacts
    cms: "CmsSigner" = field(repr=False)


def seal_key(issued: IssuedKey, pin: str) -> bytes:
    """The key under the PIN (Argon2id t=3, 64 MiB; AES-256-GCM bound to the certificate), as JSON in UTF-8."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    cost = {"time": _TIME_COST, "memory_kib": _MEMORY_KIB, "lanes": _LANES}
    locked = AESGCM(_stretch(pin, salt, cost)).encrypt(nonce, issued.private_key, issued.certificate)
    parts = {"certificate": issued.certificate, "salt": salt, "nonce": nonce, "locked": locked}
    told = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    return json.dumps({"v": 1, "argon2id": cost, **told}, separators=(",", ":")).encode()


def reseal_key(sealed: bytes, old_pin: str, new_pin: str) -> bytes:
    """The same key under a new PIN. Raises :class:`WrongPin` when the old one does not open it."""
    return seal_key(_open(sealed, old_pin), new_pin)


def unlock(sealed: bytes, pin: str, trust: TrustSource) -> Signer:
    """The signer behind a sealed key. Raises :class:`WrongPin`. Takes about 0.1 s on purpose."""
    from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    issued = _open(sealed, pin)
    (certificate,) = load_certs_from_pemder_data(issued.certificate)
    chain = [loaded for der in (*trust.intermediates, *trust.roots) for loaded in load_certs_from_pemder_data(der)]
    cms = SimpleSigner(
        signing_cert=certificate,
        signing_key=load_private_key_from_pemder_data(issued.private_key, None),
        cert_registry=SimpleCertificateStore.from_certs(chain),
    )
    return Signer(certificate_facts(issued.certificate), cms)


def certificate_of(sealed: bytes) -> bytes:
    """The certificate (DER) of a sealed key; needs no PIN."""
    return base64.b64decode(json.loads(sealed)["certificate"])


def certificate_facts(certificate: bytes) -> CertificateFacts:
    """What a certificate (DER) says of its holder. Raises ValueError where it is not one."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    read = x509.load_der_x509_certificate(certificate)

    def told(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
        return next((str(attribute.value) for attribute in name.get_attributes_for_oid(oid)), "")

    return CertificateFacts(
        name=told(read.subject, NameOID.COMMON_NAME),
        institution=told(read.subject, NameOID.ORGANIZATION_NAME),
        serial=str(read.serial_number),
        issuer=told(read.issuer, NameOID.COMMON_NAME),
        valid_from=read.not_valid_before_utc,
        valid_until=read.not_valid_after_utc,
    )


def _open(sealed: bytes, pin: str) -> IssuedKey:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    told = json.loads(sealed)
    certificate, salt, nonce, locked = (
        base64.b64decode(told[name]) for name in ("certificate", "salt", "nonce", "locked")
    )
    try:
        private_key = AESGCM(_stretch(pin, salt, told["argon2id"])).decrypt(nonce, locked, certificate)
    except InvalidTag:
        raise WrongPin from None
    return IssuedKey(certificate, private_key, int(certificate_facts(certificate).serial))


def _stretch(pin: str, salt: bytes, cost: Mapping[str, Any]) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        pin.encode(), salt, int(cost["time"]), int(cost["memory_kib"]), int(cost["lanes"]), _KEY_BYTES, Type.ID
    )
