"""Brings a database to the tables of this version, and tells whether it is there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from consult.domain.errors import Unavailable
from consult.store.schema import metadata
from consult.store.unit import AWAY, Store

MIGRATION_LOCK = 0x4D494752  # "MIGR": on PostgreSQL, one process at a time brings the tables up
PACKAGE = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Where the migrations are: inside the installed package, or beside it in a checkout."""
    inside = PACKAGE / "migrations"
    return inside if inside.is_dir() else PACKAGE.parent / "migrations"


def head() -> str:
    """The newest revision that this version knows."""
    newest = ScriptDirectory(str(folder())).get_current_head()
    if newest is None:
        raise FileNotFoundError(f"no migration in {folder()}")
    return newest


def is_known(revision: str) -> bool:
    """Whether this version has a migration of that name."""
    return any(each.revision == revision for each in ScriptDirectory(str(folder())).walk_revisions())


def revision_of(connection: Connection) -> str | None:
    """The revision that a database stands at; None when it never saw a migration."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(store: Store, revision: str = "head") -> None:
    """Bring the tables up, all or nothing. Raises Unavailable."""
    with _alone(store.engine) as config:
        command.upgrade(config, revision)


def downgrade(store: Store, revision: str) -> None:
    """Take the tables back, all or nothing. Raises Unavailable."""
    with _alone(store.engine) as config:
        command.downgrade(config, revision)


def differences(connection: Connection) -> list[str]:
    """What differs between a database and this version's tables, one line each; empty when nothing does."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return [_line(change) for change in compare_metadata(context, metadata)]


def _line(change: Any) -> str:
    told = change if isinstance(change, tuple) else change[0]
    return " ".join(str(getattr(part, "name", part)) for part in told if part is not None)


@contextmanager
def _alone(engine: Engine) -> Iterator[Config]:
    """Alembic's configuration on a connection that nobody else migrates on at the same time."""
    config = Config()
    config.set_main_option("script_location", str(folder()))
    with ExitStack() as closing:
        try:
            connection = closing.enter_context(engine.connect().execution_options(consult_writes=True))
            closing.enter_context(connection.begin())
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        except OperationalError as away:
            raise Unavailable(AWAY) from away
        config.attributes["connection"] = connection
        yield config
