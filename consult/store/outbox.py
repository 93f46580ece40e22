"""The outbox as its readers see it: facts after a position, positions per subscriber, timers, answers to keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from consult.domain.events import Fact
from consult.store.tables import answers, facts, positions, timers
from consult.store.unit import Unit
from consult.store.upsert import put


@dataclass(frozen=True, slots=True)
class Position:
    """How far a subscriber has come, and when it may try again after failures."""

    seq: int
    failures: int
    retry_at: datetime | None


def position(connection: Connection, subscriber: str) -> Position:
    """Where a subscriber stands; a new one stands at the beginning."""
    row = connection.execute(select(positions).where(positions.c.subscriber == subscriber)).first()
    return Position(0, 0, None) if row is None else Position(row.seq, row.failures, row.retry_at)


def set_position(unit: Unit, subscriber: str, at: Position) -> None:
    """Move a subscriber's stored position."""
    values = {"seq": at.seq, "failures": at.failures, "retry_at": at.retry_at}
    put(unit.connection, positions, {"subscriber": subscriber}, values)


def facts_after(connection: Connection, seq: int, limit: int) -> list[Fact]:
    """The next facts of all subjects, in commit order."""
    query = select(facts).where(facts.c.seq > seq).order_by(facts.c.seq).limit(limit)
    return [
        Fact(row.subject, row.subject_id, row.kind, row.at, row.by_id, row.by_name, row.version, row.data, row.seq)
        for row in connection.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to do at a time: which job, for which subject, and how often it failed."""

    id: int
    job: str
    subject_id: str
    due_at: datetime
    data: dict[str, Any]
    failures: int


def set_timer(unit: Unit, job: str, subject_id: str, due_at: datetime, data: dict[str, Any] | None = None) -> None:
    """One timer for a job and subject; setting it again moves it."""
    put(
        unit.connection,
        timers,
        {"job": job, "subject_id": subject_id},
        {"due_at": due_at, "data": data or {}, "failures": 0},
    )


def drop_timers(unit: Unit, subject_id: str, jobs: Sequence[str]) -> None:
    """The subject no longer waits for these jobs."""
    unit.connection.execute(delete(timers).where(timers.c.subject_id == subject_id, timers.c.job.in_(jobs)))


def is_due(connection: Connection, job: str, subject_id: str, now: datetime) -> bool:
    """Whether a subject's timer for this job came due and had no effect yet, be it taken by a worker or not."""
    came = or_(timers.c.due_at <= now, timers.c.failures > 0)
    query = select(timers.c.id).where(timers.c.job == job, timers.c.subject_id == subject_id, came)
    return connection.scalar(query) is not None


def due_timers(connection: Connection, jobs: Collection[str], now: datetime, limit: int) -> list[Timer]:
    """The timers of these jobs that are due, oldest first."""
    query = (
        select(timers)
        .where(timers.c.due_at <= now, timers.c.job.in_(sorted(jobs)))
        .order_by(timers.c.due_at, timers.c.id)
        .limit(limit)
    )
    return [
        Timer(row.id, row.job, row.subject_id, row.due_at, row.data, row.failures) for row in connection.execute(query)
    ]


def claim_timer(unit: Unit, timer: Timer, until: datetime) -> bool:
    """Take a due timer by pushing it into the future; False when another tick had it first, so two ticks are harmless.

    A worker that dies with it leaves it due again at ``until``.
    """
    claimed = unit.connection.execute(
        update(timers)
        .where(timers.c.id == timer.id, timers.c.due_at == timer.due_at)
        .values(due_at=until, failures=timer.failures + 1)
    )
    return claimed.rowcount == 1


def end_timer(unit: Unit, timer: Timer, claimed_until: datetime) -> bool:
    """The job is done; False for a timer that was set anew meanwhile, or taken by another, which stays."""
    ended = delete(timers).where(timers.c.id == timer.id, timers.c.due_at == claimed_until)
    return unit.connection.execute(ended).rowcount == 1


def answered(connection: Connection, person_id: str, key: str) -> tuple[str, int, dict[str, Any]] | None:
    """What a person's idempotency key was answered: (request hash, status, body)."""
    row = connection.execute(select(answers).where(answers.c.person_id == person_id, answers.c.key == key)).first()
    return None if row is None else (row.request_sha256, row.status, row.body)


def answer(
    unit: Unit, person_id: str, key: str, request_sha256: str, status: int, body: dict[str, Any], now: datetime
) -> None:
    """Remember the answer in the same transaction as its effect."""
    unit.connection.execute(
        insert(answers).values(
            person_id=person_id, key=key, request_sha256=request_sha256, status=status, body=body, at=now
        )
    )


def forget_answers(unit: Unit, before: datetime) -> int:
    """Old answers go; a key that old is a new request."""
    return unit.connection.execute(delete(answers).where(answers.c.at < before)).rowcount
