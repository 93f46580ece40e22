"""The folder of objects: named by their bytes, on disk before anybody is told, nothing half."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from consult.domain.errors import NoRoom
from consult.store.blobs import Blobs


def kept(blobs: Blobs, data: bytes) -> str:
    return blobs.put(data)


def aside(blobs: Blobs) -> list[Path]:
    return [path for path in (blobs.root / "incoming").rglob("*") if path.is_file() and path.name != "lock"]


def test_an_object_lies_under_the_hash_of_its_bytes(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    sha256 = kept(blobs, b"slice" * 1000)
    assert sha256 == hashlib.sha256(b"slice" * 1000).hexdigest()
    assert blobs.path(sha256) == tmp_path / "objects" / sha256[:2] / sha256
    assert blobs.path(sha256).read_bytes() == b"slice" * 1000
    assert not aside(blobs)


def test_an_object_of_many_pieces_is_whole(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    pieces = [bytes([n % 256]) * (n * 977 % 300_000) for n in range(40)]
    incoming = blobs.incoming()
    for piece in pieces:
        incoming.write(memoryview(piece))
    incoming.sync()
    blobs.keep(incoming)
    assert incoming.size == sum(map(len, pieces))
    assert blobs.path(hashlib.sha256(b"".join(pieces)).hexdigest()).read_bytes() == b"".join(pieces)


def test_objects_that_lay_a_folder_deeper_are_found_again(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"old").hexdigest()
    deeper = tmp_path / "objects" / sha256[:2] / sha256[2:4]
    deeper.mkdir(parents=True)
    (deeper / sha256).write_bytes(b"old")
    assert Blobs(tmp_path, 0).verify(sha256)
    assert not deeper.exists()


def test_the_same_bytes_twice_are_one_object(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    assert kept(blobs, b"same") == kept(blobs, b"same")
    assert len([path for path in (tmp_path / "objects").rglob("*") if path.is_file()]) == 1


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    incoming = blobs.incoming()
    incoming.write(b"x" * (3 << 20))
    incoming.discard()
    incoming.discard()
    assert not aside(blobs)


def test_a_changed_object_is_found_out(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    sha256 = kept(blobs, b"honest")
    assert blobs.verify(sha256)
    blobs.path(sha256).write_bytes(b"forged")
    assert not blobs.verify(sha256)
    assert not blobs.verify("0" * 64)


def test_the_reserve_of_the_disk_is_not_touched(tmp_path: Path) -> None:
    with pytest.raises(NoRoom):
        Blobs(tmp_path, reserve_bytes=1 << 60).incoming()


def test_an_object_over_the_limit_is_refused_and_gone(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0, max_bytes=1000)
    incoming = blobs.incoming()
    incoming.write(b"x" * 1000)
    with pytest.raises(NoRoom):
        incoming.write(b"x")
    assert not aside(blobs)


FILL = """
import resource, signal, sys
from pathlib import Path
from consult.domain.errors import NoRoom
from consult.store.blobs import Blobs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
blobs = Blobs(Path(sys.argv[1]), 0)
incoming = blobs.incoming()
try:
    for _ in range(100):
        incoming.write(b"x" * 100_000)
except NoRoom:
    print("no room", incoming.path.exists())
print(blobs.put(b"small"))
"""


def test_a_write_that_the_system_refuses_is_no_room_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["no room False", hashlib.sha256(b"small").hexdigest()]


DIE = """
import os, signal, sys
from pathlib import Path
from consult.store.blobs import Blobs
blobs = Blobs(Path(sys.argv[1]), 0)
incoming = blobs.incoming()
incoming.write(b"x" * (2 << 20))
print("written", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_process_removes_what_a_killed_one_left_and_only_that(tmp_path: Path) -> None:
    living = Blobs(tmp_path, 0)
    under_way = living.incoming()
    died = subprocess.run([sys.executable, "-c", DIE, str(tmp_path)], capture_output=True, check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    assert len(aside(living)) == 2
    Blobs(tmp_path, 0).incoming()
    under_way.write(b"still here")
    under_way.sync()
    living.keep(under_way)
    assert living.path(hashlib.sha256(b"still here").hexdigest()).exists()


def test_a_closed_store_leaves_no_folder(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    blobs.incoming().write(b"x")
    blobs.close()
    assert not list((tmp_path / "incoming").iterdir())


def test_a_refused_object_is_kept_aside_until_the_quarantine_is_full(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    answers = []
    for n in range(3):
        incoming = blobs.incoming()
        incoming.write(bytes([n]) * 600)
        answers.append(blobs.quarantine(incoming, max_bytes=1500))
    assert answers == [True, True, False]
    assert blobs.quarantined(hashlib.sha256(b"\0" * 600).hexdigest()).read_bytes() == b"\0" * 600
    assert not aside(blobs)
    again = Blobs(tmp_path, 0)
    more = again.incoming()
    more.write(b"y" * 600)
    assert not again.quarantine(more, max_bytes=1500)


def test_a_file_of_the_cache_is_there_whole(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path, 0)
    place = blobs.cached(blobs.cache / "metadata/ab/x.gz", lambda: b"z" * 5000)
    assert place.read_bytes() == b"z" * 5000
    assert list(place.parent.iterdir()) == [place]
    assert blobs.cached(place, lambda: b"other").read_bytes() == b"z" * 5000


def test_no_process_file_is_left_open(tmp_path: Path) -> None:
    """But the lock and the folders of objects, each once; they are closed at the end."""
    blobs = Blobs(tmp_path, 0)
    at_first = len(os.listdir("/proc/self/fd"))
    for n in range(20):
        kept(blobs, bytes([n]))
        blobs.incoming().discard()
    warm = len(os.listdir("/proc/self/fd"))
    for n in range(20):
        kept(blobs, bytes([n]))
        blobs.incoming().discard()
    assert len(os.listdir("/proc/self/fd")) == warm
    blobs.close()
    assert len(os.listdir("/proc/self/fd")) == at_first
