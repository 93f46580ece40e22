"""A check of the whole finds what is missing, changed and left over, names it, and deletes nothing."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from consult.actions import database, doctor
from consult.actions.parts import Parts
from consult.domain.audit import Deed, Entry
from consult.formats.bounded import HeaderReader
from consult.settings import Audit, Blobs, Settings, Trust
from consult.store import outbox
from consult.store.unit import Store
from tests.makers.archive import Archive, a_slice, archive
from tests.makers_people import open_institutions

LATER = datetime.now(UTC) + timedelta(hours=3)


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def kept(empty_url: str, tmp_path: Path, reader: HeaderReader) -> Iterator[tuple[Parts, Archive]]:
    """Three slices in a migrated database."""
    store = Store(empty_url)
    database.upgrade(store)
    open_institutions(store)
    settings = Settings(
        blobs=Blobs(url=f"file://{tmp_path}/blobs"), trust=Trust(folder=tmp_path / "trust"), audit=Audit()
    )
    with archive(store, tmp_path, reader) as opened:
        for number in (1, 2, 3):
            opened.put(a_slice(number))
        none = cast(Any, None)
        yield Parts(settings, store, opened.blobs, opened.intake, none, none, lambda: datetime.now(UTC), none), opened
    store.close()


def bad(parts: Parts, every: bool = False, now: datetime = LATER) -> dict[str, str]:
    return {each.name: each.told for each in doctor.examine(parts, every, now) if not each.good and each.name != "disk"}


def test_a_whole_installation_is_good(kept: tuple[Parts, Archive]) -> None:
    study = str(kept[1].put(a_slice(1)).study_id)
    with kept[0].store.write() as unit:  # a timer of the archive's own clock, which stands in the past
        outbox.drop_timers(unit, study, ["study_quiet"])
        unit.note(Entry(Deed.BACK_UP, LATER, None, "运维", "backup", "20261124T020000Z"))
    found = list(doctor.examine(kept[0], True, LATER))
    assert len({each.name for each in found}) == 13
    assert bad(kept[0], every=True) == {}


def test_a_missing_object_is_named(kept: tuple[Parts, Archive]) -> None:
    (first, *_) = kept[1].objects()
    first.unlink()
    told = bad(kept[0])["objects"]
    assert first.name in told
    assert told.startswith("1 of 3")


def test_a_wrong_byte_is_named(kept: tuple[Parts, Archive]) -> None:
    (first, *_) = kept[1].objects()
    first.write_bytes(first.read_bytes()[:-1] + b"X")
    for every in (True, False):
        assert first.name in bad(kept[0], every)["hashes"]


def test_an_orphan_is_named_and_moved_aside_and_not_deleted(kept: tuple[Parts, Archive]) -> None:
    parts, opened = kept
    orphan = opened.blobs.put(b"nobody's")
    assert "orphans" not in bad(parts, now=datetime.now(UTC))  # it may still wait for its row
    assert orphan in bad(parts)["orphans"]
    assert doctor.set_aside(parts, LATER) == [orphan]
    assert (opened.blobs.root / "orphans" / orphan).read_bytes() == b"nobody's"
    assert "orphans" not in bad(parts)
    assert len(opened.objects()) == 3


def test_what_a_dead_process_left_is_told(kept: tuple[Parts, Archive]) -> None:
    left = kept[1].blobs.root / "incoming" / "dead"
    left.mkdir()
    (left / "half").write_bytes(b"x")
    os.utime(left / "half", (0, 0))
    assert "1 temporary" in bad(kept[0])["leftovers"]


def test_a_database_of_another_version_is_told(kept: tuple[Parts, Archive]) -> None:
    from sqlalchemy import text

    with kept[0].store.write() as unit:
        unit.connection.execute(text("DROP INDEX ix_answers_at"))
    assert "1 differences" in bad(kept[0])["migrations"]


def test_a_worker_that_does_not_run_is_told(kept: tuple[Parts, Archive]) -> None:
    with kept[0].store.write() as unit:
        outbox.set_timer(unit, "somebody", "x", datetime.now(UTC) - timedelta(hours=1))
    assert "no worker" in bad(kept[0])["leader"]
