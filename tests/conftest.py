"""What every test may ask for: a fresh database on either engine, and the peers that are started once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Playwright, sync_playwright
from sqlalchemy import text

from consult.store.schema import metadata
from consult.store.unit import Store
from tests.peers.postgresql import PostgreSQL, binaries

ENGINES = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which engines the tests of what is stored run on, and whether the long modes are wanted."""
    parser.addoption("--engine", choices=(*ENGINES, "both"), default="both", help="database engine(s) to test on")
    parser.addoption("--long", action="store_true", help="random walks, kills and fuzzing at their full length")


def pytest_configure(config: pytest.Config) -> None:
    """The short modes are the same in every run; the long ones look for what nobody has seen yet."""
    slow_ones_are_known = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    settings.register_profile("short", derandomize=True, deadline=None, suppress_health_check=slow_ones_are_known)
    settings.register_profile("long", max_examples=1000, deadline=None, suppress_health_check=slow_ones_are_known)
    settings.load_profile("long" if config.getoption("--long") else "short")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running in the thread that every other test uses."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that takes ``engine``, by itself or through ``store``, runs once on each chosen engine."""
    if "engine" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--engine")
        metafunc.parametrize("engine", ENGINES if chosen == "both" else (chosen,))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright, started once a process: a second one refuses to run beside the first."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[PostgreSQL]:
    """A running PostgreSQL, for the whole session."""
    if request.config.getoption("--engine") == "sqlite":
        pytest.skip("only SQLite was asked for (--engine)")
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with PostgreSQL() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "consult.db"
    store = Store(f"sqlite:///{path}")
    metadata.create_all(store.engine)
    store.close()
    return path


@pytest.fixture(scope="session")
def _postgresql_template(postgresql: PostgreSQL) -> str:
    url = postgresql.new_database()
    store = Store(url)
    metadata.create_all(store.engine)
    store.close()
    return url


@pytest.fixture
def store_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with all tables and no rows."""
    if engine == "sqlite":
        path = tmp_path / "consult.db"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("_postgresql_template")
    store = Store(url)
    with store.write() as unit:
        names = ", ".join(f'"{name}"' for name in metadata.tables)
        unit.connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    store.close()
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A database with all tables and no rows, opened as the product opens it."""
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it, not even tables."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    cluster: PostgreSQL = request.getfixturevalue("postgresql")
    return cluster.new_database()
