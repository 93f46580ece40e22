"""One transaction at a time: a writer loses no update, a reader sees one moment, facts leave last and in order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from consult.domain.audit import Entry, entry_of
from consult.domain.errors import Refusal, Unavailable, Words
from consult.domain.events import Fact
from consult.store import audit
from consult.store.seen import OPTION, Seen
from consult.store.tables import facts

Reader = Connection
"""An open transaction that is only looked at, as actions hand it to the store's functions."""

FACT_ORDER_LOCK = 0x434F4E53  # "CONS": one key for pg_advisory_xact_lock
MAPPED = f"mmap_size={1 << 30}"  # SQLite reads out of the page cache, not into one of its own each connection
AWAY = Words("数据库暂时不可用，请稍后重试。", "The database is away for a moment; try again shortly.")


class Taken(Refusal):
    """A row with this key exists already: somebody did the same at the same moment."""

    code = "taken"


class Unit:
    """A write transaction under way: its connection, and the facts it will tell when it commits."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._facts: list[Fact] = []
        self._entries: list[Entry] = []

    def tell(self, told: Fact) -> None:
        """Keep a fact for the outbox; it gets its place in the order at commit."""
        self._facts.append(told)
        entry = entry_of(told)
        if entry is not None:
            self.note(entry)

    def note(self, entry: Entry) -> None:
        """Keep what somebody did for the audit log; it gets its place in the chain at commit, with its effect."""
        self._entries.append(entry)

    def write_entries(self) -> None:
        """Add what was noted to the audit log, last of all."""
        audit.append(self.connection, self._entries)

    def write_facts(self) -> bool:
        """Insert the facts in commit order: on PostgreSQL positions are handed out under one lock.

        Without the lock a later position can become visible before an earlier one, and a reader's cursor skips it.
        """
        if not self._facts:
            return False
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FACT_ORDER_LOCK})
        self.connection.execute(insert(facts), [_row(told) for told in self._facts])
        return True


def _row(told: Fact) -> dict[str, Any]:
    return {
        "subject": told.subject,
        "subject_id": told.subject_id,
        "kind": told.kind,
        "at": told.at,
        "by_id": told.by_id,
        "by_name": told.by_name,
        "version": told.version,
        "data": told.data,
    }


class Store:
    """The database of one process; ``write`` and ``read`` open the two kinds of transaction."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        seen = Seen()
        self.engine.update_execution_options(**{OPTION: seen})
        self._listeners: list[Callable[[], None]] = [seen.forget]

    def on_facts(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each commit that told facts: a hint for this process only, never the truth."""
        self._listeners.append(listener)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """A transaction that takes the write lock first (SQLite: BEGIN IMMEDIATE); facts are inserted last.

        Raises Unavailable when the database is away or stays locked.
        """
        try:
            with self.engine.connect().execution_options(consult_writes=True) as connection, connection.begin():
                unit = Unit(connection)
                yield unit
                told = unit.write_facts()
                unit.write_entries()
        except OperationalError as away:
            raise Unavailable(AWAY) from away
        except IntegrityError as twice:
            raise Taken(Words("这一项已经存在。", "That exists already.")) from twice
        if told:
            for listener in self._listeners:
                listener()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only looks and sees one moment of the database."""
        try:
            with self._reader() as connection, connection.begin():
                yield connection
        except OperationalError as away:
            raise Unavailable(AWAY) from away

    def _reader(self) -> Connection:
        connection = self.engine.connect()
        if self.engine.dialect.name == "postgresql":
            return connection.execution_options(isolation_level="REPEATABLE READ")
        return connection

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=20,
            max_overflow=20,
            pool_pre_ping=True,
            # a writer that waited for another sees the new version, finds no row to change, and says Stale
            isolation_level="READ COMMITTED",
        )
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, pool_size=32, max_overflow=128, pool_timeout=30)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Take the transaction out of the driver's hands: stock pysqlite begins late and loses concurrent updates."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=20000", "foreign_keys=ON", MAPPED):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("consult_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
