"""Storage commitment: a request is kept, judged against the bytes on disk, and answered until the asker takes it."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from consult.domain.errors import Unavailable
from consult.domain.nodes import Node
from consult.store import commitments, nodes
from consult.store.blobs import Blobs
from consult.store.commitments import Commitment, Copy, Reference
from consult.store.unit import Store

__all__ = ["Reference"]

log = logging.getLogger(__name__)

# PS3.4 §J.3.3.1.1, PS3.3 §C.14.1.1
COMMITTED, PROCESSING_FAILURE, NO_SUCH_OBJECT, OTHER_CLASS = 0x0000, 0x0110, 0x0112, 0x0119
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=1)
GIVEN_UP = timedelta(days=7)
CLAIM = timedelta(minutes=15)  # an hour-long study is read from disk once
BATCH = 100

Tell = Callable[[Node, str, Sequence[tuple[str, str, int]]], None]
"""Tells a machine the outcome of a transaction: (SOP class, SOP instance, reason). Raises Unavailable."""


def ask(
    store: Store, node: Node, transaction_uid: str, asked: Sequence[Reference], now: datetime, answered_here: bool
) -> str:
    """Keep a machine's request durably; its id. The worker answers it: at once, or after whoever ``answered_here``."""
    due_at = now + FIRST_WAIT if answered_here else now
    with store.write() as unit:
        return commitments.ask(unit, node.institution, node.ae_title, transaction_uid, asked, now, due_at)


def judge(store: Store, blobs: Blobs, commitment_id: str) -> list[tuple[str, str, int]]:
    """Each object that was asked about with its reason, 0 where it is safe: its row is committed, its bytes are intact.

    What is judged once stays so: the answer is the same however often it is told.
    """
    with store.read() as connection:
        asked = commitments.find(connection, commitment_id)
        found = commitments.copies(connection, asked.institution, asked.asked) if asked.outcome is None else []
    outcome = asked.outcome
    if outcome is None:
        outcome = tuple(_reasons(blobs, asked, found))
        with store.write() as unit:
            commitments.judged(unit, asked, outcome, found)
    return [(each.sop_class, each.sop_uid, reason) for each, reason in zip(asked.asked, outcome, strict=True)]


def _reasons(blobs: Blobs, asked: Commitment, found: Sequence[Copy]) -> list[int]:
    by_uid: dict[str, list[Copy]] = defaultdict(list)
    for copy in found:
        by_uid[copy.sop_uid].append(copy)
    return [_reason(blobs, reference, by_uid[reference.sop_uid]) for reference in asked.asked]


def _reason(blobs: Blobs, reference: Reference, kept: Sequence[Copy]) -> int:
    if not kept:
        return NO_SUCH_OBJECT
    if all(copy.sop_class != reference.sop_class for copy in kept):
        return OTHER_CLASS
    if all(blobs.verify(copy.sha256) for copy in kept):
        return COMMITTED
    log.error("storage commitment refused: an object is gone or damaged on disk")
    return PROCESSING_FAILURE


def told(store: Store, commitment_id: str, now: datetime) -> None:
    """The asker took the answer."""
    with store.write() as unit:
        commitments.told(unit, commitment_id, now)


def tell_due(store: Store, blobs: Blobs, tell: Tell, now: datetime) -> int:
    """Answer every request that is due; how many were answered. A machine that does not listen is tried once a turn."""
    with store.read() as connection:
        waiting = commitments.due(connection, now, BATCH)
    deaf: set[str] = set()
    answered = 0
    for each in waiting:
        with store.write() as unit:
            mine = commitments.claim(unit, each, now + CLAIM)
        if not mine:
            continue
        if each.ae_title not in deaf and _tell(store, blobs, tell, each):
            told(store, each.id, now)
            answered += 1
            continue
        deaf.add(each.ae_title)
        with store.write() as unit:
            commitments.postponed(unit, each.id, _next_try(each, now))
    return answered


def _tell(store: Store, blobs: Blobs, tell: Tell, each: Commitment) -> bool:
    outcome = judge(store, blobs, each.id)
    with store.read() as connection:
        node = nodes.find(connection, each.ae_title)
    if node is None or node.institution != each.institution:
        return False
    try:
        tell(node, each.transaction_uid, outcome)
    except Unavailable:
        log.warning("storage commitment not told: %s does not listen", each.ae_title)
        return False
    return True


def _next_try(each: Commitment, now: datetime) -> datetime | None:
    if now - each.asked_at > GIVEN_UP:
        log.error("storage commitment given up: %s never listened", each.ae_title)
        return None
    return now + min(FIRST_WAIT * (1 << min(each.failures, 12)), LONGEST_WAIT)
