"""One moment of the database as a file, and a database out of such a file: SQLite's own backup, or PostgreSQL's dump.

The snapshot is taken first and the objects that it names are copied afterwards: every object is on disk before the row
that names it is committed, and nothing but a removal after its term takes it away, so what a snapshot names can always
be copied after it. The other way round an image that is acknowledged between the two would be a row without an object.
"""

import errno
import os
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from consult.domain.errors import Broken, Unavailable, Words
from consult.store.unit import AWAY, Store

NAMES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
NO_TOOL = Words(
    "缺少 PostgreSQL 客户端程序（postgresql-client）。", "pg_dump and pg_restore (postgresql-client) are missing."
)


@contextmanager
def snapshot(store: Store, folder: Path) -> Iterator[tuple[str, Connection]]:
    """Write the database into the folder; the file's name, and a connection that sees the same moment.

    Raises Unavailable, OSError.
    """
    name = NAMES[store.engine.dialect.name]
    take = _of_postgresql if store.engine.dialect.name == "postgresql" else _of_sqlite
    with take(store, folder / name) as connection:
        yield name, connection


@contextmanager
def _of_sqlite(store: Store, file: Path) -> Iterator[Connection]:
    """In one step: beside a write-ahead log that stops no writer, and it is never begun anew as one in pieces is."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(file, isolation_level=None)) as copy:
        with store.read() as connection:
            original = connection.connection.driver_connection
            if not isinstance(original, sqlite3.Connection):
                raise TypeError("not a connection of SQLite")
            try:
                original.backup(copy)
            except sqlite3.OperationalError as failed:
                raise _refusal(failed) from failed
        copy.execute("PRAGMA journal_mode=DELETE").close()
    _sync(file)
    engine = create_engine("sqlite://", creator=lambda: _read_only(file), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _of_postgresql(store: Store, file: Path) -> Iterator[Connection]:
    with store.read() as connection:
        moment = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _tool(store.engine.url, ["pg_dump", "--format=custom", f"--snapshot={moment}", "--no-owner", "--no-acl",
                                 f"--file={file}"])  # fmt: skip
        _sync(file)
        yield connection


def is_empty(store: Store) -> bool:
    """Whether the database has no table. Raises Unavailable."""
    try:
        return not inspect(store.engine).get_table_names()
    except OperationalError as away:
        raise Unavailable(AWAY) from away


def bring_back(store: Store, file: Path) -> None:
    """Fill the empty database from a snapshot, all or nothing. Raises Broken, Unavailable, OSError."""
    url = store.engine.url
    store.close()
    if store.engine.dialect.name == "postgresql":
        _tool(url, ["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", str(file)])
        return
    place = Path(str(url.database))
    coming = place.with_name(f"{place.name}.coming")
    coming.unlink(missing_ok=True)
    with closing(_read_only(file)) as kept, closing(sqlite3.connect(coming)) as new:
        kept.backup(new)
        (told,) = new.execute("PRAGMA integrity_check(1)").fetchone()
    if told != "ok":
        coming.unlink()
        raise Broken(Words("备份中的数据库已损坏。", f"The database in the backup is damaged: {told}"))
    _sync(coming)
    for beside in ("-wal", "-shm"):
        place.with_name(place.name + beside).unlink(missing_ok=True)
    coming.rename(place)


def _tool(url: URL, command: Sequence[str]) -> None:
    """Run PostgreSQL's own program on a database; no list of processes shows the password in its environment."""
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    surroundings = {"PATH": os.defpath, "LC_ALL": "C"} | ({"PGPASSWORD": str(url.password)} if url.password else {})
    told = [command[0], f"--dbname={plain}", *command[1:]]
    try:
        done = subprocess.run(told, capture_output=True, text=True, check=False, env=surroundings)
    except FileNotFoundError as missing:
        raise Unavailable(NO_TOOL) from missing
    if done.returncode and os.strerror(errno.ENOSPC) in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if done.returncode:
        said = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise Unavailable(Words(f"数据库备份工具报错：{said}", f"{command[0]} said: {said}"))


def _refusal(failed: sqlite3.OperationalError) -> Exception:
    if failed.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return Unavailable(AWAY)


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _sync(file: Path) -> None:
    opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
