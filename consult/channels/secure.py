"""How TLS is spoken with DICOM peers: PS3.15 §B.12, BCP 195 (RFC 8996, RFC 9325), both ends certified."""

import ssl
from dataclasses import dataclass
from pathlib import Path

CIPHERS_OF_1_2 = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256",
                  "ECDHE-RSA-AES128-GCM-SHA256")  # fmt: skip
"""The cipher suites of TLS 1.2 (RFC 9325 §4.2), as OpenSSL calls them; those of TLS 1.3 are all good."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Our certificate with its key, and the authorities whose certificates we trust in peers (all PEM files)."""

    certificate: Path
    key: Path
    authorities: Path


def for_callers(ours: Identity) -> ssl.SSLContext:
    """For peers that call: each must show a certificate of a trusted authority. Raises OSError for missing files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _strict(context, ours)


def for_calling(ours: Identity) -> ssl.SSLContext:
    """For calling peers: the peer's certificate must be of a trusted authority and name the host that we call."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _strict(context, ours)


def _strict(context: ssl.SSLContext, ours: Identity) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(CIPHERS_OF_1_2))
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.load_cert_chain(ours.certificate, ours.key)
    context.load_verify_locations(ours.authorities)
    return context
