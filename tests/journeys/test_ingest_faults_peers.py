"""Whatever other senders, the database or the disk do, each sender gets a true answer and may go on."""

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from consult.domain.nodes import Node
from consult.formats.bounded import HeaderReader
from consult.listeners.dimse import DimseListener
from consult.store.schema import metadata
from consult.store.tables_studies import instances, series, studies
from consult.store.unit import Store
from tests.makers.archive import SERIES, STUDY, Archive, a_slice, archive
from tests.makers.dicom import CT, EXPLICIT
from tests.makers.parallel import together
from tests.makers.web import Browser, site
from tests.peers.dicom import answer_of, c_store_rq, data_set_of, pdv, raw_association, store_raw
from tests.peers.postgresql import PostgreSQL, binaries
from tests.peers.small_disk import SmallDisk, small_disk

SLICES = 24
RESTARTS, RESTARTS_LONG = 2, 40
PATIENCE = 400  # tries of a sender, 0.05 s apart
SEED = 20261124
RELATED = 'multipart/related; type="application/dicom"; boundary=edge'


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def opened(store: Store, tmp_path: Path, reader: HeaderReader) -> Iterator[Archive]:
    with archive(store, tmp_path, reader) as made:
        yield made


@contextmanager
def door_of(made: Archive, **more: int) -> Iterator[DimseListener]:
    with DimseListener(
        made.intake, lambda call: Node(call.ae_title, call.ae_title), host="127.0.0.1", port=0, **more
    ) as door:
        yield door


def send(peer: socket.socket, number: int, **said: Any) -> int:
    """C-STORE a slice; the status."""
    return store_raw(peer, CT, f"{SERIES}.{number}", data_set_of(a_slice(number, **said)))


def rows(store: Store, table: Any) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def in_time(holds: Callable[[], bool]) -> bool:
    pause = threading.Event()
    for _ in range(PATIENCE):
        if holds():
            return True
        pause.wait(0.05)
    return False


# the same slices, in any order, from all sides


def test_four_senders_of_the_same_slices_in_any_order_make_one_study_and_no_conflict(opened: Archive) -> None:
    with door_of(opened) as door:

        def send_all(sender: int) -> set[int]:
            numbers = [*range(1, SLICES + 1), *range(1, SLICES // 2)]
            random.Random(SEED + sender).shuffle(numbers)
            with raw_association(door.port, CT, EXPLICIT) as peer:
                return {send(peer, number) for number in numbers}

        assert together(4, send_all) == [{0}] * 4
    kept = rows(opened.store, instances)
    assert sorted(row.sop_uid for row in kept) == sorted(f"{SERIES}.{number}" for number in range(1, SLICES + 1))
    assert {row.rank for row in kept} == {0}
    assert [(row.study_uid, row.series_count, row.instance_count) for row in rows(opened.store, studies)] == [
        (STUDY, 1, SLICES)
    ]
    assert [row.instance_count for row in rows(opened.store, series)] == [SLICES]
    assert len(opened.objects()) == SLICES
    assert not opened.aside()


def test_differing_copies_are_kept_beside_the_first_whatever_the_order(opened: Archive) -> None:
    with door_of(opened) as door:

        def send_copies(sender: int) -> set[int]:
            with raw_association(door.port, CT, EXPLICIT) as peer:
                return {send(peer, number, pixel=sender % 2) for number in range(1, 9)}

        assert together(4, send_copies) == [{0}] * 4
    ranks = [(row.sop_uid, row.rank) for row in rows(opened.store, instances)]
    assert sorted(ranks) == sorted((f"{SERIES}.{number}", rank) for number in range(1, 9) for rank in (0, 1))
    assert [row.instance_count for row in rows(opened.store, studies)] == [8]


# slow ones and many


def test_slow_senders_do_not_hold_up_the_others(opened: Archive) -> None:
    """Some never say who they are, some send a byte and wait, some stop in the middle of an object."""
    with ExitStack() as staying, door_of(opened, max_associations=12) as door:
        for _ in range(8):
            staying.enter_context(socket.create_connection(("127.0.0.1", door.port), timeout=30)).sendall(b"\1")
        for number in range(4):
            slow = staying.enter_context(raw_association(door.port, CT, EXPLICIT))
            slow.sendall(pdv(1, 3, c_store_rq(CT, f"2.25.5.{number}")) + pdv(1, 0, data_set_of(a_slice(1))[:100]))
            slow.sendall(pdv(1, 0, b"x" * 100)[: 20 + number])
        assert in_time(lambda: len(opened.aside()) == 4)

        def send_all(sender: int) -> set[int]:
            with raw_association(door.port, CT, EXPLICIT) as peer:
                return {send(peer, 100 * sender + number) for number in range(10)}

        assert together(4, send_all) == [{0}] * 4
    assert len(rows(opened.store, instances)) == 40
    assert not opened.aside()


def test_a_large_object_that_comes_slowly_leaves_room_for_the_others(
    store: Store, tmp_path: Path, reader: HeaderReader
) -> None:
    with (
        archive(store, tmp_path, reader, in_flight_bytes=1 << 20) as made,
        door_of(made) as door,
        raw_association(door.port, CT, EXPLICIT) as slow,
        raw_association(door.port, CT, EXPLICIT) as peer,
    ):
        slow.sendall(pdv(1, 3, c_store_rq(CT, "2.25.5")))
        for _ in range(40):
            slow.sendall(pdv(1, 0, b"x" * (64 << 10)))
        assert in_time(lambda: sum(path.stat().st_size for path in made.aside()) > 1 << 20)
        assert send(peer, 1) == 0


def test_one_association_more_than_allowed_is_rejected_and_the_others_go_on(opened: Archive) -> None:
    with ExitStack() as staying, door_of(opened, max_associations=3) as door:
        peers = [staying.enter_context(raw_association(door.port, CT, EXPLICIT)) for _ in range(3)]
        with pytest.raises(AssertionError), raw_association(door.port, CT, EXPLICIT):
            pass
        assert [send(peer, number) for number, peer in enumerate(peers)] == [0, 0, 0]


# a full disk


def test_on_a_disk_without_a_byte_left_nothing_is_acknowledged_and_reading_goes_on(
    tmp_path: Path, reader: HeaderReader
) -> None:
    with small_disk(tmp_path / "disk", 8) as disk, site(disk.folder, reader, "anlong.doctor") as full:
        browser, made = full["anlong.doctor"], full.archive
        with door_of(made) as door, raw_association(door.port, CT, EXPLICIT) as peer:
            assert send(peer, 1) == 0
            disk.fill()
            assert send(peer, 2) == 0xA700
            assert stow(browser, a_slice(3)) == 507
            _read_back(browser)
            assert [row.sop_uid for row in rows(made.store, instances)] == [f"{SERIES}.1"]
            disk.clear()
            assert in_time(lambda: send(peer, 2) == 0)
            assert stow(browser, a_slice(3)) == 200
        assert len(rows(made.store, instances)) == len(made.objects()) == 3
        assert all(made.blobs.verify(row.sha256) for row in rows(made.store, instances))
        assert not made.aside()


def test_whatever_little_room_is_left_an_answer_is_true(tmp_path: Path, reader: HeaderReader) -> None:
    """Room for the file and none for its row, or for a row and not for the next: what has Success is there."""
    with small_disk(tmp_path / "disk", 8) as disk, site(disk.folder, reader) as full:
        acknowledged: set[int] = set()
        with door_of(full.archive) as door, raw_association(door.port, CT, EXPLICIT) as peer:
            for number, left in enumerate((4096, 8192, 16384, 32768, 65536)):
                filled_to(disk, left)
                acknowledged |= {each for each in range(10 * number, 10 * number + 10) if send(peer, each) == 0}
                disk.clear()
            assert in_time(lambda: send(peer, 99) == 0)
        kept = rows(full.archive.store, instances)
        assert {row.instance_number for row in kept} >= acknowledged | {99}
        assert all(full.archive.blobs.verify(row.sha256) for row in kept)


def filled_to(disk: SmallDisk, left: int) -> None:
    disk.fill(left=left)


def stow(browser: Browser, *files: bytes) -> int:
    body = b"".join(b"--edge\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in files)
    return browser.post("/dicom-web/studies", body + b"--edge--\r\n", Content_Type=RELATED).status_code


def _read_back(browser: Browser) -> None:
    found = browser.get("/dicom-web/studies")
    assert [each["0020000D"]["Value"] for each in found.json] == [[STUDY]]
    path = f"/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.1"
    got = browser.get(path)
    assert got.status_code == 200
    assert data_set_of(a_slice(1)) in got.data


# the database restarts


@pytest.fixture
def own_postgresql(request: pytest.FixtureRequest) -> Iterator[PostgreSQL]:
    if request.config.getoption("--engine") == "sqlite":
        pytest.skip("only SQLite was asked for (--engine)")
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with PostgreSQL() as cluster:
        yield cluster


def durable_store(cluster: PostgreSQL) -> Store:
    """A database with all tables whose commits are on disk when they are answered, as a real one's are."""
    url = cluster.new_database()
    first = Store(url)
    with closing(first), first.write() as unit:
        name = unit.connection.execute(text("SELECT current_database()")).scalar_one()
        unit.connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = on'))
        metadata.create_all(unit.connection)
    return Store(url)


def test_a_database_that_restarts_while_images_come_in_loses_nothing_acknowledged(
    own_postgresql: PostgreSQL, tmp_path: Path, reader: HeaderReader, request: pytest.FixtureRequest
) -> None:
    restarts = RESTARTS_LONG if request.config.getoption("--long") else RESTARTS
    chance, ended = random.Random(SEED), threading.Event()
    with (
        closing(durable_store(own_postgresql)) as store,
        archive(store, tmp_path, reader) as made,
        door_of(made) as door,
    ):
        acknowledged: list[set[int]] = [set(), set(), set()]
        refused: set[int] = set()

        def keep_sending(sender: int) -> None:
            number = 100_000 * (sender + 1)
            with raw_association(door.port, CT, EXPLICIT) as peer:
                while not ended.is_set():
                    status = send(peer, number)
                    if status == 0:
                        acknowledged[sender].add(number)
                        number += 1
                    else:
                        refused.add(status)

        senders = [threading.Thread(target=keep_sending, args=(n,)) for n in range(3)]
        for sender in senders:
            sender.start()
        for _ in range(restarts):
            assert in_time(lambda: min(map(len, acknowledged)) > 0)
            ended.wait(chance.uniform(0.05, 0.5))
            own_postgresql.kill()
            ended.wait(chance.uniform(0.05, 0.5))
            own_postgresql.start()
            before = [len(each) for each in acknowledged]
            assert in_time(lambda: all(len(each) > was for each, was in zip(acknowledged, before, strict=True)))  # noqa: B023
        ended.set()
        for sender in senders:
            sender.join(60)
            assert not sender.is_alive()
        kept = rows(store, instances)
        assert {row.instance_number for row in kept} >= set().union(*acknowledged)
        assert {row.rank for row in kept} == {0}
        assert all(made.blobs.verify(row.sha256) for row in kept)
        assert [row.instance_count for row in rows(store, studies)] == [len(kept)]
        assert refused <= {0xA700}
        assert not made.aside()


def test_an_object_that_breaks_off_is_not_answered(opened: Archive) -> None:
    with door_of(opened) as door, raw_association(door.port, CT, EXPLICIT) as peer:
        peer.sendall(pdv(1, 3, c_store_rq(CT, f"{SERIES}.1")) + pdv(1, 0, data_set_of(a_slice(1))[:-2]))
        peer.shutdown(socket.SHUT_WR)
        with pytest.raises((ConnectionError, AssertionError)):
            answer_of(peer)
    assert not rows(opened.store, instances)
