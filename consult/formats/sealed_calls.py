"""Calls between systems that know a secret: a time stamp and an HMAC over both, refused when altered, old or early.

The header is ``t=<Unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">``, as webhooks of other products have it.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

HEADER = "X-Consult-Signature"
WINDOW = timedelta(minutes=5)
"""How far a call's time may be from ours; a receiver that keeps ids for as long sees no call twice."""
_FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def seal(secret: str, body: bytes, at: datetime) -> str:
    """The header's value for a body that is sent at this time."""
    stamp = int(at.timestamp())
    return f"t={stamp},v1={_digest(secret, stamp, body)}"


def is_sealed(secret: str, body: bytes, header: str, now: datetime) -> bool:
    """Whether a body came from who knows the secret, within WINDOW of its time stamp."""
    told = _FORM.fullmatch(header)
    if told is None or not secret:
        return False
    stamp = int(told[1])
    fresh = abs(now.astimezone(UTC).timestamp() - stamp) <= WINDOW.total_seconds()
    return hmac.compare_digest(_digest(secret, stamp, body), told[2]) and fresh


def _digest(secret: str, stamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
