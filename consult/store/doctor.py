"""What a check of the whole asks of the database."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, text, union

from consult.domain.audit import Deed, Row
from consult.store.audit import row_at
from consult.store.quarantine import count_open
from consult.store.tables import timers
from consult.store.tables_audit import audit
from consult.store.tables_proof import series_manifests
from consult.store.tables_reports import report_documents
from consult.store.tables_studies import instances, studies
from consult.store.tables_talk import case_files

AT_ONCE = 10_000
NAMING = (instances.c.sha256, report_documents.c.sha256, series_manifests.c.sha256, case_files.c.sha256)
"""NAMING: the columns that name objects; what none of them names is nobody's."""


def integrity(connection: Connection) -> str:
    """``ok``, or the first thing that SQLite finds wrong with its file; PostgreSQL checks itself as it reads."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT 1"))
        return "ok"
    return str(connection.execute(text("PRAGMA quick_check(1)")).scalar_one())


def named(connection: Connection) -> Iterator[str]:
    """The hash of every object that a row names, once each, in order."""
    after = ""
    while True:
        each = union(
            *(
                select(column.label("sha256"))
                .where(column > after)
                .order_by(column)
                .limit(AT_ONCE)
                .distinct()
                .subquery()
                .select()
                for column in NAMING
            )
        ).subquery()
        rows = connection.execute(select(each.c.sha256).order_by(each.c.sha256).limit(AT_ONCE)).scalars().all()
        if not rows:
            return
        yield from rows
        after = rows[-1]


def is_named(connection: Connection, sha256: str) -> bool:
    """Whether a row names this object."""
    return any(connection.scalar(select(column).where(column == sha256).limit(1)) for column in NAMING)


def last_backup(connection: Connection) -> Row | None:
    """The log's row of the last backup."""
    row = connection.execute(
        select(audit.c.seq).where(audit.c.deed == Deed.BACK_UP).order_by(audit.c.seq.desc()).limit(1)
    ).first()
    return None if row is None else row_at(connection, row.seq)


def holds_studies(connection: Connection) -> bool:
    """Whether there is any study."""
    return connection.scalar(select(studies.c.id).limit(1)) is not None


def sample(connection: Connection, many: int) -> list[str]:
    """Some hashes: the newest objects, and others anywhere."""
    newest = select(instances.c.sha256).order_by(instances.c.id.desc()).limit(many // 2)
    last = connection.scalar(select(func.max(instances.c.id))) or 0
    found = set(connection.execute(newest).scalars())
    step = max(1, last // max(1, many // 2))
    spread = select(instances.c.sha256).where(instances.c.id.in_(range(1, last + 1, step)))
    return sorted(found | set(connection.execute(spread).scalars()))


def waiting(connection: Connection) -> tuple[int, int]:
    """How many refused objects nobody saw to, and their bytes."""
    return count_open(connection, None)


def oldest_due(connection: Connection, now: datetime) -> datetime | None:
    """Since when the oldest timer is due; None when none is."""
    query = select(timers.c.due_at).where(timers.c.due_at <= now, timers.c.failures == 0)
    oldest: datetime | None = connection.scalar(query.order_by(timers.c.due_at).limit(1))
    return oldest


def time(connection: Connection) -> datetime:
    """The database's clock."""
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)
    told = str(connection.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one())
    return datetime.fromisoformat(told).replace(tzinfo=UTC)
