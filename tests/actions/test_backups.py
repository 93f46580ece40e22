"""A backup holds what was acknowledged before it began, goes on where it was cut, and comes back whole or never."""

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
from sqlalchemy import select

from consult.actions import audit, backups, database, doctor
from consult.actions.backups import OBJECTS
from consult.actions.intake import Intake
from consult.actions.parts import Parts
from consult.domain.audit import Deed, Entry, Row
from consult.domain.errors import Broken, Invalid, NoRoom, NotFound, Unavailable
from consult.formats.bounded import HeaderReader
from consult.store.audit import Asked, search
from consult.store.tables_studies import instances
from consult.store.unit import Store
from consult.store.vault import NAME, Vault
from tests.doubles import Clock
from tests.makers.archive import Archive, a_slice
from tests.makers.backups import NOW, Installation, installation
from tests.makers_people import open_institutions
from tests.peers.s3 import ObjectStore
from tests.peers.small_disk import small_disk


class Empty(Protocol):
    """Makes installations with nothing in them, side by side."""

    def __call__(self, name: str, bucket: bool = False) -> Installation:
        """One, its objects in a folder or a bucket."""
        ...


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ObjectStore]:
    with ObjectStore() as started:
        yield started


@contextmanager
def taking_in(place: Installation, reader: HeaderReader) -> Iterator[Archive]:
    clock = Clock(NOW)
    with Intake(place.store, place.blobs, reader, clock, quiet_s=10) as intake:
        yield Archive(place.store, place.blobs, intake, clock)


@contextmanager
def empties(folder: Path, new_url: Callable[[Path], str], request: pytest.FixtureRequest) -> Iterator[Empty]:
    opened: list[Installation] = []

    def make(name: str, bucket: bool = False) -> Installation:
        place = folder / name
        place.mkdir()
        there = request.getfixturevalue("elsewhere").bucket() if bucket else None
        opened.append(installation(new_url(place), place, there))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def a_file(folder: Path) -> str:
    return f"sqlite:///{folder}/consult.db"


@pytest.fixture
def empty(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Empty]:
    """On either engine, for what the database has to hold together."""

    def new_url(folder: Path) -> str:
        return a_file(folder) if engine == "sqlite" else request.getfixturevalue("postgresql").new_database()

    with empties(tmp_path, new_url, request) as make:
        yield make


@pytest.fixture
def bare(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Empty]:
    """On SQLite, for what files have to hold together."""
    with empties(tmp_path, a_file, request) as make:
        yield make


@pytest.fixture
def here(empty: Empty, reader: HeaderReader, template: Path) -> Iterator[tuple[Installation, Archive]]:
    """An installation with three slices, a refused object, an anchored log and a file of trust."""
    with settled(empty, reader, template) as both:
        yield both


@pytest.fixture
def lite(bare: Empty, reader: HeaderReader, template: Path) -> Iterator[tuple[Installation, Archive]]:
    """The same on SQLite."""
    with settled(bare, reader, template) as both:
        yield both


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of this version on SQLite with the institutions, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    store = Store(a_file(folder))
    database.upgrade(store)
    open_institutions(store)
    store.close()
    return folder / "consult.db"


@contextmanager
def settled(make: Empty, reader: HeaderReader, template: Path) -> Iterator[tuple[Installation, Archive]]:
    place = make("here")
    if place.store.engine.dialect.name == "sqlite":
        shutil.copy(template, place.settings.trust.folder.parent / "consult.db")
    else:
        database.upgrade(place.store)
        open_institutions(place.store)
    with taking_in(place, reader) as made:
        fill(place, made)
        yield place, made


def fill(place: Installation, made: Archive) -> None:
    for number in (1, 2, 3):
        made.put(a_slice(number))
    refused = place.blobs.incoming()
    refused.write(b"no image")
    place.blobs.quarantine(refused, 1 << 20)
    (place.settings.trust.folder / "private").mkdir(parents=True)
    (place.settings.trust.folder / "private" / "root.key").write_bytes(b"secret")
    audit.note(place.store, Entry(Deed.HOLD, NOW, "p1", "罗敏", "case", "c1"))
    folder = place.settings.audit.folder
    assert folder is not None
    audit.anchor(place.store, folder, place.settings.audit.key, NOW)


def objects(place: Installation) -> dict[str, str]:
    """What rows name, and the hash of the bytes that are there."""
    with place.store.read() as connection:
        rows = connection.execute(select(instances.c.sop_uid, instances.c.sha256)).all()
    return {row.sop_uid: hashlib.sha256(place.blobs.path(row.sha256).read_bytes()).hexdigest() for row in rows}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_all_that_belongs_comes_back_byte_for_byte(
    here: tuple[Installation, Archive], empty: Empty, tmp_path: Path
) -> None:
    place, _ = here
    made = place.back_up(tmp_path / "kept")
    assert made.copied == 3
    there = empty("there")
    told = there.restore(tmp_path / "kept")
    assert (told.objects, told.lost, told.flaw, told.at) == (3, (), None, NOW)
    assert objects(there) == objects(place)
    assert list(there.blobs.quarantined_names()) == [hashlib.sha256(b"no image").hexdigest()]
    for folder in ("trust", "anchors", "keys"):
        assert contents(tmp_path / "there" / folder) == contents(tmp_path / "here" / folder)
    assert database.standing(there.store).good
    assert [row.entry.deed for row in told_of(there)] == ["restore"], (
        "the row of the backup itself was written after it"
    )
    assert audit.verify(there.store, there.settings.audit.folder, there.settings.audit.key)[1] is None


def told_of(place: Installation) -> list[Row]:
    """What the log says of backups, newest first."""
    with place.store.read() as connection:
        rows = search(connection, Asked(), None, 50)
    return [row for row in rows if row.entry.deed in (Deed.BACK_UP, Deed.RESTORE)]


def test_what_comes_while_a_backup_runs_is_in_the_next_one_and_this_one_is_whole(
    here: tuple[Installation, Archive], empty: Empty, tmp_path: Path
) -> None:
    place, archive = here
    before = objects(place)

    def meanwhile(_done: int, _total: int, _size: int) -> None:
        archive.put(a_slice(4))

    place.back_up(tmp_path / "kept", tell=meanwhile)
    first = empty("first")
    first.restore(tmp_path / "kept")
    assert objects(first) == before
    second_made = place.back_up(tmp_path / "kept", NOW + timedelta(minutes=5))
    assert second_made.copied == 1, "only what is new is copied"
    second = empty("second")
    second.restore(tmp_path / "kept")
    assert objects(second) == objects(place)
    assert len(objects(second)) == 4
    again = empty("again")
    again.restore(tmp_path / "kept", "20261124T020000Z")
    assert objects(again) == before


def test_images_that_stream_in_are_never_rows_without_objects(
    here: tuple[Installation, Archive], empty: Empty, tmp_path: Path
) -> None:
    place, archive = here
    acknowledged: list[str] = []
    enough = threading.Event()

    def send() -> None:
        number = 10
        while not enough.is_set():
            archive.put(a_slice(number))
            acknowledged.append(f"2.25.1002.{number}")
            number += 1

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for n in range(3):
            known = set(acknowledged)
            made = place.back_up(tmp_path / "kept", NOW + timedelta(seconds=n))
            assert made.manifest.lost == ()
    finally:
        enough.set()
        sender.join(60)
    there = empty("there")
    assert there.restore(tmp_path / "kept").lost == ()
    assert known <= set(objects(there))


class Cut(Exception):
    """The line went dead."""


def test_an_interrupted_backup_is_none_and_the_next_one_goes_on(
    lite: tuple[Installation, Archive], tmp_path: Path
) -> None:
    place, _ = lite

    def dies(_done: int, _total: int, _size: int) -> None:
        raise Cut

    with pytest.raises(Cut):
        place.back_up(tmp_path / "kept", tell=dies)
    assert Vault(tmp_path / "kept").runs() == []
    with pytest.raises(NotFound):
        place.restore(tmp_path / "kept")
    made = place.back_up(tmp_path / "kept")
    assert made.copied == 0, "the objects were there already"
    assert [each.name for each in (tmp_path / "kept" / "runs").iterdir()] == ["20261124T020000Z"]
    assert not list((tmp_path / "kept" / "coming").iterdir())


def test_an_interrupted_restore_is_gone_on_with_and_no_database_appears_before_the_end(
    here: tuple[Installation, Archive], empty: Empty, tmp_path: Path
) -> None:
    place, _ = here
    place.back_up(tmp_path / "kept")
    there = empty("there")

    def dies(_done: int, _total: int, _size: int) -> None:
        raise Cut

    with pytest.raises(Cut):
        there.restore(tmp_path / "kept", tell=dies)
    assert database.standing(there.store).revision is None
    half = next(each for each in (there.blobs.root / "objects").rglob("*") if each.is_file())
    half.write_bytes(b"cut")  # as a power cut leaves what was not forced to disk
    assert there.restore(tmp_path / "kept").objects == 3
    assert objects(there) == objects(place)
    with pytest.raises(Invalid, match="not empty"):
        there.restore(tmp_path / "kept")


def test_a_restore_never_touches_what_is_there(lite: tuple[Installation, Archive], bare: Empty, tmp_path: Path) -> None:
    place, _ = lite
    place.back_up(tmp_path / "kept")
    with pytest.raises(Invalid, match="database is not empty"):
        place.restore(tmp_path / "kept")
    with_objects = bare("objects")
    kept = with_objects.blobs.put(b"somebody's")
    with pytest.raises(Invalid, match="objects already"):
        with_objects.restore(tmp_path / "kept")
    assert [name for name, _ in with_objects.blobs.names()] == [kept]
    with_keys = bare("keys")
    key = tmp_path / "keys" / "trust" / "private" / "root.key"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"another")
    with pytest.raises(Invalid, match=r"root\.key"):
        with_keys.restore(tmp_path / "kept")
    assert key.read_bytes() == b"another"
    for each in (with_objects, with_keys):
        assert database.standing(each.store).revision is None


def test_a_damaged_object_is_named_and_the_rest_comes_back_only_when_told_to(
    lite: tuple[Installation, Archive], bare: Empty, tmp_path: Path
) -> None:
    place, _ = lite
    place.back_up(tmp_path / "kept")
    hurt, gone, _whole = sorted(objects(place).values())
    vault = Vault(tmp_path / "kept")
    vault.place(hurt).write_bytes(b"X")
    vault.place(gone).unlink()
    there = bare("there")
    with pytest.raises(Broken) as told:
        there.restore(tmp_path / "kept")
    assert hurt in told.value.sentence.en
    assert gone in told.value.sentence.en
    assert database.standing(there.store).revision is None
    assert set(there.restore(tmp_path / "kept", despite_losses=True).lost) == {hurt, gone}
    made = place.back_up(tmp_path / "kept", NOW + timedelta(hours=1), every=True)
    assert made.copied == 2, "what was damaged is mended from what is there"
    assert bare("mended").restore(tmp_path / "kept").lost == ()


def test_a_changed_byte_anywhere_in_a_backup_is_found_before_anything_is_done(
    lite: tuple[Installation, Archive], bare: Empty, tmp_path: Path
) -> None:
    made, there = lite[0].back_up(tmp_path / "kept"), bare("there")
    for name in (OBJECTS, "files/trust/private/root.key", made.manifest.database.name, NAME):
        hurt = made.run / name
        data = hurt.read_bytes()
        middle = len(data) // 2
        hurt.write_bytes(data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :])
        with pytest.raises(Broken):
            there.restore(tmp_path / "kept")
        hurt.write_bytes(data)
        assert list(there.blobs.names()) == []
    assert there.restore(tmp_path / "kept").lost == ()


def test_an_object_that_is_missing_here_is_told_and_does_not_stop_the_backup(
    lite: tuple[Installation, Archive], bare: Empty, tmp_path: Path
) -> None:
    place, archive = lite
    gone, hurt = sorted(archive.objects())[:2]
    gone.unlink()
    hurt.write_bytes(b"X")
    made = place.back_up(tmp_path / "kept")
    assert set(made.manifest.lost) == {gone.name, hurt.name}
    assert made.copied == 1


def test_a_backup_says_who_may_read_it_and_writes_itself_down(
    lite: tuple[Installation, Archive], tmp_path: Path
) -> None:
    place, _ = lite
    made = place.back_up(tmp_path / "kept")
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0
    assert all(each.stat().st_mode & 0o077 == 0 for each in made.run.rglob("*") if each.is_file())
    (row,) = told_of(place)
    assert (row.entry.subject_id, row.entry.detail["objects"]) == (made.run.name, 3)


def test_a_folder_that_is_something_else_is_not_touched(lite: tuple[Installation, Archive], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one").touch()
    with pytest.raises(Invalid):
        lite[0].back_up(tmp_path / "photos")
    assert [each.name for each in (tmp_path / "photos").iterdir()] == ["one"]


def test_two_backups_at_a_time_are_one(lite: tuple[Installation, Archive], tmp_path: Path) -> None:
    place, _ = lite

    def second(_done: int, _total: int, _size: int) -> None:
        with pytest.raises(Unavailable):
            place.back_up(tmp_path / "kept", NOW + timedelta(hours=1))

    place.back_up(tmp_path / "kept", tell=second)
    assert len(Vault(tmp_path / "kept").runs()) == 1


def test_old_backups_go_with_the_objects_that_only_they_name(
    lite: tuple[Installation, Archive], bare: Empty, tmp_path: Path
) -> None:
    place, _ = lite
    place.back_up(tmp_path / "kept", NOW - timedelta(days=900))
    with place.store.write() as unit:
        unit.connection.execute(instances.delete().where(instances.c.instance_number == 1))
    place.back_up(tmp_path / "kept")
    assert backups.thin(tmp_path / "kept", NOW) == (1, 1)
    assert backups.thin(tmp_path / "kept", NOW) == (0, 0)
    there = bare("there")
    assert there.restore(tmp_path / "kept").lost == ()
    assert len(objects(there)) == 2


def test_a_full_disk_is_told_and_what_was_copied_stays(lite: tuple[Installation, Archive], tmp_path: Path) -> None:
    place, _ = lite
    with small_disk(tmp_path / "small", 6) as disk:
        disk.fill(left=200 << 10)
        with pytest.raises(NoRoom):
            place.back_up(disk.folder / "kept")
        disk.clear()
        assert place.back_up(disk.folder / "kept").manifest.lost == ()


def test_objects_of_a_bucket_are_kept_and_brought_back_to_a_bucket(
    bare: Empty, reader: HeaderReader, template: Path, tmp_path: Path
) -> None:
    place = bare("cloud", bucket=True)
    shutil.copy(template, tmp_path / "cloud" / "consult.db")
    with taking_in(place, reader) as made:
        fill(place, made)
        made.objects()[0].unlink()  # only a copy near at hand
        assert place.back_up(tmp_path / "kept").copied == 3
    there = bare("there", bucket=True)
    assert there.restore(tmp_path / "kept").objects == 3
    assert all(there.blobs.verify(sha256) for sha256 in objects(place).values())


def test_a_backup_of_a_later_version_or_another_engine_is_refused(
    lite: tuple[Installation, Archive], bare: Empty, tmp_path: Path
) -> None:
    place, _ = lite
    made = place.back_up(tmp_path / "kept")
    body = json.loads((made.run / NAME).read_bytes())
    other = "sqlite" if body["engine"] == "postgresql" else "postgresql"
    for change, match in (({"revision": "9999"}, "later"), ({"engine": other}, "another"), ({"format": 2}, "later")):
        (made.run / NAME).write_text(json.dumps(body | change))
        with pytest.raises((Invalid, Broken), match=match):
            bare(match + str(len(change)) + next(iter(change))).restore(tmp_path / "kept")


def test_the_doctor_tells_how_old_the_last_backup_is(lite: tuple[Installation, Archive], tmp_path: Path) -> None:
    place, archive = lite
    none = cast(Any, None)
    parts = Parts(place.settings, place.store, place.blobs, archive.intake, none, none, Clock(NOW), none)

    def told(hours: int) -> tuple[bool, str]:
        (found,) = [
            each for each in doctor.examine(parts, False, NOW + timedelta(hours=hours)) if each.name == "backup"
        ]
        return found.good, found.told

    assert told(0) == (False, "there never was one: consult backup FOLDER (ops/backup)")
    place.back_up(tmp_path / "kept")
    assert told(3) == (True, "last 2026-11-24 02:00 UTC, 3.0 h ago")
    assert not told(27)[0]
