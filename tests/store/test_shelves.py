"""Objects on a shelf elsewhere: there before anybody is told, never replaced, found out when a byte is wrong."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from consult.domain.errors import Unavailable
from consult.store.blobs import Blobs
from consult.store.near import IN_USE_S
from consult.store.shelves import S3, S3Shelf
from tests.peers.s3 import ObjectStore, shelf

SLICE = b"slice" * 30_000


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ObjectStore]:
    with ObjectStore() as started:
        yield started


@pytest.fixture
def bucket(elsewhere: ObjectStore) -> S3:
    return elsewhere.bucket()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return Blobs(tmp_path, 0)
    return Blobs(tmp_path, 0, shelf=shelf(request.getfixturevalue("bucket")))


def key(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def test_an_object_is_found_by_its_hash(blobs: Blobs) -> None:
    sha256 = blobs.put(SLICE)
    assert sha256 == hashlib.sha256(SLICE).hexdigest()
    assert blobs.path(sha256).read_bytes() == SLICE
    assert blobs.verify(sha256)
    assert list(blobs.names()) == [(sha256, len(SLICE))]
    assert not blobs.verify("0" * 64)
    assert not blobs.path("0" * 64).exists()


def test_the_same_bytes_twice_are_one_object(blobs: Blobs) -> None:
    assert blobs.put(SLICE) == blobs.put(SLICE)
    assert len(list(blobs.names())) == 1


def test_many_at_once_are_all_there(blobs: Blobs) -> None:
    kept: list[str] = []
    threads = [threading.Thread(target=lambda n=n: kept.append(blobs.put(bytes([n]) * 100_000))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(kept) == 16
    assert {name for name, _ in blobs.names()} == set(kept)


def test_another_machine_reads_what_this_one_kept(bucket: S3, tmp_path: Path) -> None:
    sha256 = Blobs(tmp_path / "one", 0, shelf=shelf(bucket)).put(SLICE)
    other = Blobs(tmp_path / "two", 0, shelf=shelf(bucket))
    assert other.path(sha256).read_bytes() == SLICE


def test_an_object_too_large_for_one_request_goes_up_in_parts(bucket: S3, tmp_path: Path) -> None:
    data = os.urandom(18 << 20)
    sha256 = Blobs(tmp_path / "one", 0, shelf=S3Shelf(bucket.open(), at_once=1 << 20)).put(data)
    assert Blobs(tmp_path / "two", 0, shelf=shelf(bucket)).path(sha256).read_bytes() == data


def test_what_lies_on_the_shelf_is_never_replaced(bucket: S3, tmp_path: Path) -> None:
    store = bucket.open()
    sha256 = hashlib.sha256(SLICE).hexdigest()
    obstore.put(store, key(sha256), b"here before")
    Blobs(tmp_path, 0, shelf=shelf(bucket)).put(SLICE)
    assert bytes(obstore.get(store, key(sha256)).bytes()) == b"here before"


def test_a_wrong_byte_on_the_shelf_is_found_by_the_hash_and_not_given_out(bucket: S3, tmp_path: Path) -> None:
    sha256 = Blobs(tmp_path / "one", 0, shelf=shelf(bucket)).put(SLICE)
    obstore.put(bucket.open(), key(sha256), SLICE[:-1] + b"X")
    other = Blobs(tmp_path / "two", 0, shelf=shelf(bucket))
    assert not other.verify(sha256)
    assert not other.path(sha256).exists()


def test_nothing_is_kept_while_the_shelf_is_away_and_all_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with ObjectStore() as started:
        bucket = started.bucket()
        blobs = Blobs(tmp_path, 0, shelf=shelf(bucket))
        first = blobs.put(b"before")
        started.go()
        with pytest.raises(Unavailable):
            blobs.put(b"meanwhile")
        assert not [each for each in (tmp_path / "objects").rglob("*") if each.is_file() and each.name != first]
        assert blobs.path(first).read_bytes() == b"before"
        with pytest.raises(Unavailable):
            blobs.verify(first)
        started.come()
        assert blobs.path(blobs.put(b"meanwhile")).read_bytes() == b"meanwhile"


def test_copies_near_at_hand_are_bounded_and_come_back_when_asked(bucket: S3, tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0, shelf=shelf(bucket), near_bytes=1_000_000)
    kept = [blobs.put(bytes([n]) * 300_000) for n in range(3)]
    long_ago = time.time() - 2 * IN_USE_S
    for n, sha256 in enumerate(kept):
        os.utime(tmp_path / key(sha256), (long_ago + n, long_ago + n))
    assert blobs.path(kept[0]).exists()
    kept.append(blobs.put(b"\3" * 300_000))
    here = [sha256 for sha256 in kept if (tmp_path / key(sha256)).exists()]
    assert here == [kept[0], kept[2], kept[3]]
    assert [blobs.path(sha256).read_bytes()[0] for sha256 in kept] == [0, 1, 2, 3]
