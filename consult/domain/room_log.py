"""The record of a room: deeds in one order, each hashed over the one before, so that a change anywhere shows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Op:
    """One durable deed in its place: ``seq`` counts from 1 without gaps, ``cid`` is its author's own key for it.

    ``hash`` is SHA-256 (hexadecimal) over the hash before and everything else here.
    """

    seq: int
    at: datetime
    by: str
    cid: str
    kind: str
    body: Mapping[str, Any]
    hash: str = ""


def canonical(value: Any) -> str:
    """JSON in the one form that is hashed and kept: keys sorted, no spaces, characters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def beginning(room_id: str, case_id: str) -> str:
    """What stands in place of a hash before the first deed: room and case, so that no log passes for another."""
    return _sha256(canonical(["room", room_id, case_id]))


def moment(at: datetime) -> str:
    """A time as it is hashed and sent: UTC, microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def chained(before: str, op: Op) -> str:
    """The hash of an op that follows the hash ``before``."""
    return _sha256(before + "\n" + canonical([op.seq, moment(op.at), op.by, op.cid, op.kind, dict(op.body)]))


def first_bad(begun: str, ops: Iterable[Op]) -> int | None:
    """The number of the first op that is not as it was written, or is missing; None when the whole log is sound."""
    before, expected = begun, 1
    for op in ops:
        if op.seq != expected or chained(before, op) != op.hash:
            return expected
        before, expected = op.hash, expected + 1
    return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
