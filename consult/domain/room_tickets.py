"""Tickets to a room: sealed by the door that knows the person, opened by the doors that know the key. HMAC-SHA-256."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from consult.domain.room_kinds import RoomRefused, RoomRole, Why

LIFE = timedelta(seconds=60)
LONGEST = 2048  # characters
LABEL = b"consult room ticket 1\n"
"""What the key seals beside the ticket, so that it seals nothing else."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who may come into which room, as what, until when; ``id`` is taken once by each door.

    ``until`` is in seconds since 1970. ``images`` says whether the person may see images; ``site`` is their
    institution's code, empty for a guest.
    """

    id: str
    room_id: str
    case_id: str
    person_id: str
    name: str
    site: str
    role: RoomRole
    images: bool
    until: int


def expiry(now: datetime) -> int:
    """Until when a ticket made now is good."""
    return int((now + LIFE).timestamp())


def sealed(ticket: Ticket, key: str) -> str:
    """The ticket as text: what it says and its seal, both base64url."""
    told = json.dumps(asdict(ticket), ensure_ascii=False, separators=(",", ":")).encode()
    return f"{_text(told)}.{_text(_seal(told, key))}"


def opened(text: str, key: str, now: datetime) -> Ticket:
    """What a ticket says. Raises RoomRefused for one that was not sealed with this key, or is over."""
    said, _, seal = text.partition(".")
    if len(text) > LONGEST:
        raise RoomRefused(Why.TICKET)
    try:
        told, given = _bytes(said), _bytes(seal)
    except (binascii.Error, ValueError) as bad:
        raise RoomRefused(Why.TICKET) from bad
    if not hmac.compare_digest(given, _seal(told, key)):
        raise RoomRefused(Why.TICKET)
    fields: dict[str, Any] = json.loads(told)  # ours, by its seal
    fields["role"] = RoomRole(fields["role"])
    ticket = Ticket(**fields)
    if ticket.until < now.astimezone(UTC).timestamp():
        raise RoomRefused(Why.TICKET)
    return ticket


def _seal(told: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), LABEL + told, hashlib.sha256).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
