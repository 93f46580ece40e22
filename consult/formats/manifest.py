"""A sender's list of what a study has: one canonical form of it, and its detached Ed25519 signature."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from consult.domain.errors import Invalid, Words

KEY_BYTES = 32
_SIGNATURE = re.compile(r"ed25519;\s*key=([0-9a-f]{16});\s*sig=([A-Za-z0-9+/]{86}==)")


class Signature(NamedTuple):
    """Who signed: the id of the key, and the signature as base64."""

    key_id: str
    value: str


def canonical(document: Mapping[str, Any]) -> bytes:
    """One form of a document of texts, whole numbers, lists and objects: keys sorted, no spaces, UTF-8 (RFC 8785)."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def key_id_of(public_key: bytes) -> str:
    """How a key is named: the beginning of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def read_public_key(text: str) -> bytes:
    """The 32 bytes of an Ed25519 public key, from PEM or base64. Raises Invalid."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    told = text.strip()
    try:
        if told.startswith("-----BEGIN"):
            loaded = load_pem_public_key(told.encode())
            if not isinstance(loaded, Ed25519PublicKey):
                raise ValueError(told)
            return loaded.public_bytes_raw()
        raw = base64.b64decode(told, validate=True)
        if len(raw) != KEY_BYTES:
            raise ValueError(told)
    except (ValueError, binascii.Error) as broken:
        words = Words("不是有效的 Ed25519 公钥。", "That is no Ed25519 public key (PEM, or 32 bytes as base64).")
        raise Invalid.at("key", words) from broken
    return raw


def read_signature(header: str) -> Signature:
    """The signature out of its header, ``ed25519; key=<id>; sig=<base64>``. Raises Invalid."""
    found = _SIGNATURE.fullmatch(header.strip())
    if found is None:
        raise Invalid.at(
            "Consult-Signature",
            Words("签名格式应为 ed25519; key=…; sig=…。", "A signature is written ed25519; key=<id>; sig=<base64>."),
        )
    return Signature(*found.groups())


def is_signed(document: Mapping[str, Any], signature: Signature, public_key: str) -> bool:
    """Whether the signature is of this document's canonical form by this key (base64)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
    try:
        key.verify(base64.b64decode(signature.value), canonical(document))
    except InvalidSignature:
        return False
    return True
