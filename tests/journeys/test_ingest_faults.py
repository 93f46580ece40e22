"""Whatever befalls the site while images come in, it has what it said it has, and goes on by itself."""

import hashlib
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from consult.store.blobs import Blobs
from consult.store.tables_studies import instances, studies
from consult.store.unit import Store
from tests.bench.proc import family
from tests.makers.archive import SERIES, a_slice
from tests.makers.dicom import CT, EXPLICIT
from tests.peers.dicom import data_set_of, raw_association, store_raw
from tests.peers.site import Site
from tests.peers.small_disk import small_disk

KILLS, KILLS_LONG = 2, 200  # by turns of everything, and of the process that serves both doors
SENDERS = 2  # at each door
pytestmark = pytest.mark.slow

READY_S = 60.0  # until a site answers again, on a machine that does much else
READY_LONG_S = 5.0  # on a quiet one
SEED = 20261124
PART = b"--edge\r\nContent-Type: application/dicom\r\n\r\n"
RELATED = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=edge'}
RESERVE_MB = 256  # that stay free for the database


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


class Mortal(Site):
    """A site that can be killed with everything that belongs to it, and started again where it was."""

    def kill_all(self) -> None:
        """As a power cut would end it, but that the operating system lives on; then somebody starts it again."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)
        self.__enter__()

    def kill_door(self) -> None:
        """Kill the process that serves both doors; its parent starts it again by itself."""
        ours = [pid for pid in family(self.pid)[1:] if b"consult\0up" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        keepers = {_parent(pid) for pid in ours} - {self.pid}  # of the rooms' process
        (door,) = (pid for pid in ours if _parent(pid) == self.pid and pid not in keepers)
        os.kill(door, signal.SIGKILL)

    def answers(self) -> bool:
        """Whether both doors are open."""
        try:
            socket.create_connection(("127.0.0.1", self.dicom_port), 5).close()
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except (OSError, httpx.HTTPError):
            return False

    def await_ready(self, seconds: float) -> None:
        """Raises AssertionError when it does not answer in time."""
        until = time.monotonic() + seconds
        while not self.answers():
            assert time.monotonic() < until, f"not ready after {seconds} s"
            time.sleep(0.05)


class Ledger:
    """What the senders were told is kept: the file of each slice that was acknowledged, by SOP instance UID."""

    def __init__(self) -> None:
        self.by_dimse: dict[str, bytes] = {}
        self.by_stow: dict[str, bytes] = {}
        self.tried = 0
        self._lock = threading.Lock()

    def next(self) -> tuple[str, bytes]:
        """A slice that nobody has sent yet."""
        with self._lock:
            self.tried += 1
            number = self.tried
        return f"{SERIES}.{number}", a_slice(number, pixel=number % 60_000)

    def send_dimse(self, site: Site) -> None:
        """C-STORE one slice after the other until the line breaks."""
        try:
            with raw_association(site.dicom_port, CT, EXPLICIT) as peer:
                while True:
                    uid, file = self.next()
                    if store_raw(peer, CT, uid, data_set_of(file)) == 0:
                        self.by_dimse[uid] = file
        except OSError:
            return  # killed

    def send_stow(self, client: httpx.Client) -> None:
        """STOW three slices at a time until the line breaks."""
        try:
            while True:
                files = dict(self.next() for _ in range(3))
                for uid in stowed(client, *files.values())[1]:
                    self.by_stow[uid] = files[uid]
        except httpx.HTTPError:
            return  # killed


def stowed(client: httpx.Client, *files: bytes) -> tuple[int, list[str]]:
    """The status of a STOW request, and the SOP instances that its answer says are stored."""
    body = b"".join(PART + file + b"\r\n" for file in files) + b"--edge--\r\n"
    answer = client.post("/dicom-web/studies", content=body, headers=RELATED)
    told = answer.json().get("00081199", {}).get("Value", [])
    return answer.status_code, [each["00081155"]["Value"][0] for each in told]


@contextmanager
def at_once(*works: Callable[[], None]) -> Iterator[None]:
    """All of these under way; waits for their ends."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def kept(site: Site) -> tuple[dict[str, bytes], list[int]]:
    """The bytes of each instance that has a row, by SOP instance UID, each as its hash says; counts of the studies."""
    store, blobs = Store(site.settings.database.url), Blobs(site.settings.blobs.folder, 0)
    with closing(store), store.read() as connection:
        rows = connection.execute(select(instances.c.sop_uid, instances.c.sha256)).all()
        counts = list(connection.execute(select(studies.c.instance_count)).scalars())
    found = {row.sop_uid: blobs.path(row.sha256).read_bytes() for row in rows}
    assert len(found) == len(rows)
    assert all(hashlib.sha256(found[row.sop_uid]).hexdigest() == row.sha256 for row in rows)
    return found, counts


def half_files(site: Site) -> list[str]:
    """Objects whose bytes are not what their name says."""
    places = (site.settings.blobs.folder / "objects").rglob("*")
    files = [place for place in places if place.is_file()]
    return [file.name for file in files if hashlib.sha256(file.read_bytes()).hexdigest() != file.name]


def test_a_site_killed_while_images_come_in_has_all_that_it_acknowledged(
    tmp_path: Path, template: Path, request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")
    kills = KILLS_LONG if long else KILLS
    ledger, chance, site = Ledger(), random.Random(SEED), Mortal(tmp_path / "run", template)
    with site, closing(site.signed_in("anlong.doctor")) as client:
        for number in range(kills):
            works = [lambda: ledger.send_dimse(site)] * SENDERS + [lambda: ledger.send_stow(client)] * SENDERS
            with at_once(*works):
                threading.Event().wait(chance.uniform(0.1, 1.0))
                (site.kill_all, site.kill_door)[number % 2]()
            site.await_ready(READY_LONG_S if long else READY_S)
        found, counts = kept(site)
        assert stowed(client, a_slice(1 << 20))[0] == 200
    assert not [uid for uid, file in ledger.by_stow.items() if found.get(uid) != file]
    assert not [uid for uid in ledger.by_dimse if uid not in found]
    assert not [uid for uid, file in ledger.by_dimse.items() if data_set_of(found[uid]) != data_set_of(file)]
    assert counts == [len(found)]
    assert len(ledger.by_dimse) > kills
    assert len(ledger.by_stow) > kills
    assert not half_files(site)
    left = [name for _, _, names in os.walk(site.settings.blobs.folder / "incoming") for name in names]
    assert set(left) <= {"lock"}, "left by the dead"


def test_a_site_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(tmp_path: Path, template: Path) -> None:
    with (
        small_disk(tmp_path / "disk", RESERVE_MB + 60) as disk,
        Site(disk.folder / "run", template) as site,
        closing(site.signed_in("anlong.doctor")) as client,
    ):
        with raw_association(site.dicom_port, CT, EXPLICIT) as peer:
            assert send(peer, 1) == 0
            disk.fill(left=(RESERVE_MB - 1) << 20)
            assert send(peer, 2) == 0xA700
            assert stowed(client, a_slice(3)) == (507, [])
            assert client.get("/dicom-web/studies").json()[0]["0020000D"]
            assert client.get("/readyz").status_code in (200, 503)
            disk.clear()
            assert send(peer, 2) == 0
        assert stowed(client, a_slice(3)) == (200, [f"{SERIES}.3"])
        found, counts = kept(site)
        assert (sorted(found), counts) == ([f"{SERIES}.{number}" for number in (1, 2, 3)], [3])


def send(peer: socket.socket, number: int) -> int:
    """C-STORE slice ``number``."""
    return store_raw(peer, CT, f"{SERIES}.{number}", data_set_of(a_slice(number)))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ready folder of a site with people in it, made once."""
    return tmp_path_factory.mktemp("faults") / "template"
