"""The audit log's rows: added at the end of a transaction under one lock, read back in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text

from consult.domain.audit import BEGINNING, Entry, Row, chained
from consult.store.tables import cases
from consult.store.tables_audit import audit
from consult.store.tables_people import people
from consult.store.tables_studies import studies

CHAIN_LOCK = 0x41554449  # "AUDI": one key for pg_advisory_xact_lock, taken after the lock of facts
AT_ONCE = 2000


def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add rows to the end of the chain: the last thing but commit in a write transaction.

    On PostgreSQL the lock holds until commit, so that two writers never continue the same row; on SQLite there is only
    one writer (BEGIN IMMEDIATE).
    """
    if not entries:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    last = connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    seq, before = (last.seq, last.hash) if last else (0, BEGINNING)
    rows: list[dict[str, Any]] = []
    for entry in entries:
        seq += 1
        before = chained(before, seq, entry)
        rows.append(_values(seq, entry, before))
    connection.execute(insert(audit), rows)


def _values(seq: int, entry: Entry, digest: str) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": entry.at,
        "deed": str(entry.deed),
        "outcome": str(entry.outcome),
        "person_id": entry.person_id,
        "person_name": entry.person_name,
        "address": entry.address,
        "subject": entry.subject,
        "subject_id": entry.subject_id,
        "detail": dict(entry.detail),
        "hash": digest,
    }


def head(connection: Connection) -> Row | None:
    """The last row; None when there is none."""
    row = connection.execute(select(audit).order_by(audit.c.seq.desc()).limit(1)).first()
    return None if row is None else _row(row)


def row_at(connection: Connection, seq: int) -> Row | None:
    """One row by its number."""
    row = connection.execute(select(audit).where(audit.c.seq == seq)).first()
    return None if row is None else _row(row)


def walk(connection: Connection) -> Iterator[Row]:
    """Every row in order, some thousand in memory at a time."""
    after = -(1 << 62)
    while rows := connection.execute(
        select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(AT_ONCE)
    ).all():
        yield from map(_row, rows)
        after = rows[-1].seq


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; what is None is not asked. ``case`` is an id or a number, ``study`` a StudyInstanceUID."""

    person: str | None = None
    case: str | None = None
    study: str | None = None
    deed: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def search(connection: Connection, asked: Asked, before: int | None, limit: int) -> list[Row]:
    """Rows that fit, newest first, those with a number below ``before``."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.seq < before)
    if asked.person:
        query = query.where((audit.c.person_id == asked.person) | (audit.c.person_name == asked.person))
    if asked.case:
        ids = select(cases.c.id).where((cases.c.number == asked.case) | (cases.c.id == asked.case))
        query = query.where(audit.c.subject == "case", audit.c.subject_id.in_(ids))
    if asked.study:
        query = query.where(
            audit.c.subject == "study", audit.c.subject_id.in_([asked.study, *_keys(connection, asked.study)])
        )
    if asked.deed:
        query = query.where(audit.c.deed == asked.deed)
    if asked.since is not None:
        query = query.where(audit.c.at >= asked.since)
    if asked.until is not None:
        query = query.where(audit.c.at < asked.until)
    return [_row(row) for row in connection.execute(query)]


def about(
    connection: Connection, subject: str, subject_id: str, deed: str, before: int | None, limit: int
) -> list[Row]:
    """What was done to one thing, newest first, rows with a number below ``before``."""
    query = select(audit).where(audit.c.subject == subject, audit.c.subject_id == subject_id, audit.c.deed == deed)
    if before is not None:
        query = query.where(audit.c.seq < before)
    return [_row(row) for row in connection.execute(query.order_by(audit.c.seq.desc()).limit(limit))]


def _keys(connection: Connection, study_uid: str) -> list[str]:
    return list(connection.execute(select(studies.c.id).where(studies.c.study_uid == study_uid)).scalars())


def case_numbers(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """The numbers of these cases, by id."""
    rows = connection.execute(select(cases.c.id, cases.c.number).where(cases.c.id.in_(ids)))
    return {row.id: row.number for row in rows}


def usernames(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """The names of these people's accounts, by id."""
    rows = connection.execute(select(people.c.id, people.c.username).where(people.c.id.in_(ids)))
    return {row.id: row.username for row in rows}


def _row(row: Any) -> Row:
    entry = Entry(
        row.deed,
        row.at,
        row.person_id,
        row.person_name,
        row.subject,
        row.subject_id,
        row.outcome,
        row.detail,
        row.address,
    )
    return Row(row.seq, entry, row.hash)
