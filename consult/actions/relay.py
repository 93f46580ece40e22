"""The positions of subscribers and the timers that are due, kept so that a restart goes on where it stopped."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from consult.domain.events import Fact
from consult.store import outbox
from consult.store.outbox import Position, Timer
from consult.store.unit import Store

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)
CLAIM = timedelta(minutes=2)
BATCH = 100
ANSWERS_LAST = timedelta(days=2)

TimerJob = Callable[[Store, Timer, datetime], None]
"""What a due timer does. Its timer is due again when the claim runs out; a job may end it together with its effect."""


class StoredPositions:
    """Where each subscriber stands, in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def next_facts(self, subscriber: str, now: datetime, limit: int) -> list[Fact]:
        """The facts a subscriber has not had; none while it waits after a failure."""
        with self._store.read() as connection:
            at = outbox.position(connection, subscriber)
            if at.retry_at is not None and now < at.retry_at:
                return []
            return outbox.facts_after(connection, at.seq, limit)

    def had(self, subscriber: str, seq: int) -> None:
        """The subscriber had everything up to ``seq``; its failures are forgotten."""
        with self._store.write() as unit:
            outbox.set_position(unit, subscriber, Position(seq, 0, None))

    def failed(self, subscriber: str, seq: int, now: datetime) -> None:
        """Keep what was had, and wait twice as long as last time, five minutes at most."""
        with self._store.write() as unit:
            before = outbox.position(unit.connection, subscriber)
            wait = min(FIRST_WAIT * 2 ** min(before.failures, 10), LONGEST_WAIT)
            at = Position(max(seq, before.seq), before.failures + 1, now + wait)
            outbox.set_position(unit, subscriber, at)


def run_due_timers(store: Store, jobs: Mapping[str, TimerJob], now: datetime) -> list[tuple[str, Exception]]:
    """Claim and run every due timer; a second tick at the same time finds them claimed. Answers the failures.

    A timer whose job failed, or whose worker died, is due again two minutes later.
    """
    failures: list[tuple[str, Exception]] = []
    with store.read() as connection:
        due = outbox.due_timers(connection, jobs, now, BATCH)
    for timer in due:
        until = now + CLAIM
        with store.write() as unit:
            claimed = outbox.claim_timer(unit, timer, until)
        if not claimed:
            continue
        try:
            jobs[timer.job](store, replace(timer, due_at=until), now)
        except Exception as failure:  # noqa: BLE001  one timer's failure must not keep the others waiting
            failures.append((timer.job, failure))
            continue
        with store.write() as unit:
            outbox.end_timer(unit, timer, until)
    return failures


def forget_old_answers(store: Store, now: datetime) -> int:
    """Idempotency keys older than two days are new requests again."""
    with store.write() as unit:
        return outbox.forget_answers(unit, now - ANSWERS_LAST)
