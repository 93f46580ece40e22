"""An archive with its DICOM door open, for each test anew; the bounded parsers once a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consult.formats.bounded import HeaderReader
from consult.store.unit import Store
from tests.makers.archive import Archive, archive
from tests.makers.door import Clinic, clinic
from tests.makers_people import fresh_store


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    """Two bounded parsers."""
    with HeaderReader(2, 300, 20) as opened:
        yield opened


@pytest.fixture
def made(tmp_path: Path, reader: HeaderReader) -> Iterator[Archive]:
    """An archive on SQLite."""
    store = fresh_store(tmp_path)
    with archive(store, tmp_path, reader) as opened:
        yield opened
    store.close()


@pytest.fixture
def here(made: Archive) -> Iterator[Clinic]:
    """An open door on SQLite."""
    with clinic(made) as opened:
        yield opened


@pytest.fixture
def anywhere(store: Store, tmp_path: Path, reader: HeaderReader) -> Iterator[Clinic]:
    """An open door on either engine."""
    with archive(store, tmp_path, reader) as opened, clinic(opened) as door:
        yield door
