"""The migrations lead to exactly the tables of this version, on both engines, and a bad moment harms nothing."""

import re
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from consult.__main__ import main
from consult.actions import database
from consult.store import migrations
from consult.store.schema import metadata
from consult.store.unit import Store
from tests.peers.postgresql import binaries

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def empty(empty_url: str) -> Iterator[Store]:
    """A database without tables."""
    store = Store(empty_url)
    yield store
    store.close()


def test_upgrading_an_empty_database_gives_this_versions_tables(empty: Store) -> None:
    standing = database.upgrade(empty)
    assert standing.differences == ()
    assert standing.good
    with empty.read() as connection:
        assert set(inspect(connection).get_table_names()) == set(metadata.tables) | {"alembic_version"}


def test_upgraded_and_created_tables_are_told_alike_by_the_engine_itself(
    empty: Store, store_url: str, empty_url: str
) -> None:
    """Not by what Alembic can compare alone: the engine's own account of every table, index and constraint."""
    database.upgrade(empty)
    assert _told_by_engine(empty_url) == _told_by_engine(store_url)


def _told_by_engine(url: str) -> str:
    if url.startswith("sqlite"):
        store = Store(url)
        with store.read() as connection:
            rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")).scalars().all()
        store.close()
        # constraints may stand in another order within a table
        told = sorted(str(sorted(part.strip(" )\n\t") for part in re.sub(r"\s+", " ", sql).split(","))) for sql in rows)
        return "\n".join(line for line in told if "alembic_version" not in line)
    folder = binaries()
    assert folder is not None
    dump = subprocess.run(
        [folder / "pg_dump", "--schema-only", "--no-owner", "--exclude-table=alembic_version", url],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return "\n".join(line for line in dump.splitlines() if not line.startswith(("--", "\\", "SET", "SELECT")))


def test_upgrading_twice_changes_nothing(empty: Store) -> None:
    database.upgrade(empty)
    with empty.write() as unit:
        unit.connection.execute(text("INSERT INTO counters (name, value) VALUES ('kept', 7)"))
    assert database.upgrade(empty).good
    with empty.read() as connection:
        assert connection.scalar(text("SELECT value FROM counters")) == 7


def test_two_processes_that_upgrade_at_once_do_it_once(empty: Store, empty_url: str) -> None:
    failures: list[Exception] = []

    def bring_up() -> None:
        store = Store(empty_url)
        try:
            database.upgrade(store)
        except Exception as failure:  # noqa: BLE001  told to the test's own thread
            failures.append(failure)
        finally:
            store.close()

    threads = [threading.Thread(target=bring_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert database.standing(empty).good


def test_an_upgrade_can_be_taken_back(empty: Store) -> None:
    database.upgrade(empty)
    migrations.downgrade(empty, "base")
    with empty.read() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert migrations.revision_of(connection) is None


def test_a_migration_that_fails_halfway_leaves_the_database_as_it_was(empty: Store) -> None:
    """A table of ours is in the way: nothing of the upgrade stays, on SQLite too."""
    with empty.write() as unit:
        unit.connection.execute(text("CREATE TABLE timers (id INTEGER)"))
    with pytest.raises(Exception, match="timers"):
        database.upgrade(empty)
    with empty.read() as connection:
        assert set(inspect(connection).get_table_names()) <= {"timers"}


def test_a_changed_table_is_named(empty: Store) -> None:
    database.upgrade(empty)
    with empty.write() as unit:
        unit.connection.execute(text("ALTER TABLE counters ADD COLUMN stray INTEGER"))
        unit.connection.execute(text("DROP INDEX ix_answers_at"))
    told = database.standing(empty)
    assert not told.good
    assert any("stray" in line for line in told.differences)
    assert any("ix_answers_at" in line for line in told.differences)


def test_the_command_upgrades_and_says_where_it_stands(
    empty_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONSULT_DATABASE__URL", empty_url)
    assert main(["db", "check"]) == 1
    assert "consult db upgrade" in capsys.readouterr().err
    assert main(["db", "upgrade"]) == 0
    assert main(["db", "check"]) == 0
    assert migrations.head() in capsys.readouterr().out


def test_a_wheel_carries_the_migrations() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["migrations"] == "consult/migrations"
    assert migrations.folder().name == "migrations"
