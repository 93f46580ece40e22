"""Killed at any moment, the DICOM door has kept everything that it said it had, and counts nothing that is half."""

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pydicom import dcmread
from sqlalchemy import select

from consult.store.blobs import Blobs
from consult.store.tables_studies import instances, series, studies
from tests.makers.archive import SERIES, a_slice
from tests.makers.dicom import CT, EXPLICIT
from tests.makers_people import fresh_store
from tests.peers.dicom import data_set_of, raw_association, store_raw

KILLS, KILLS_LONG = 3, 200
SENDERS = 3
SEED = 20261124

SERVER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from consult.actions.intake import Intake
from consult.domain.nodes import Node
from consult.formats.bounded import HeaderReader
from consult.listeners.dimse import DimseListener
from consult.store.blobs import Blobs
from consult.store.unit import Store

folder = Path(sys.argv[1])
store, blobs = Store(f"sqlite:///{folder}/consult.db"), Blobs(folder / "blobs", 0)
with HeaderReader(1, 300, 20) as reader:
    with Intake(store, blobs, reader, lambda: datetime.now(UTC), quiet_s=10) as intake:
        with DimseListener(intake, lambda call: Node(call.ae_title, call.ae_title), host="127.0.0.1", port=0) as door:
            print(door.port, flush=True)
            sys.stdin.read()
"""


class Ledger:
    """What senders were told is kept: SOP instance UID and first pixel, which tells the content."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, int] = {}
        self._next = 0
        self._lock = threading.Lock()

    def number(self) -> int:
        """The next slice's number."""
        with self._lock:
            self._next += 1
            return self._next

    def send(self, port: int) -> None:
        """Send slices until the line breaks, and write down each Success."""
        try:
            with raw_association(port, CT, EXPLICIT) as peer:
                while True:
                    number = self.number()
                    uid = f"{SERIES}.{number}"
                    if store_raw(peer, CT, uid, data_set_of(a_slice(number, pixel=number))) == 0:
                        self.acknowledged[uid] = number
        except OSError:
            return  # killed


def served_until_killed(folder: Path, ledger: Ledger, moment: float) -> None:
    """Start the door, send into it from all sides, and kill it at the moment (s after the senders began)."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        senders = [threading.Thread(target=ledger.send, args=(port,)) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        threading.Event().wait(moment)
        process.send_signal(signal.SIGKILL)
        for sender in senders:
            sender.join(60)


def test_whatever_was_acknowledged_is_there_after_a_kill(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kills = KILLS_LONG if request.config.getoption("--long") else KILLS
    store, ledger, chance = fresh_store(tmp_path), Ledger(), random.Random(SEED)
    for _ in range(kills):
        served_until_killed(tmp_path, ledger, chance.uniform(0.1, 1.0))
    blobs = Blobs(tmp_path / "blobs", 0)
    with store.read() as connection:
        kept = {row.sop_uid: row for row in connection.execute(select(instances))}
        counted = connection.execute(select(studies.c.instance_count)).scalars().all()
        in_series = connection.execute(select(series.c.instance_count)).scalars().all()
    assert len(ledger.acknowledged) > kills
    assert not [uid for uid in ledger.acknowledged if uid not in kept]
    assert all(blobs.verify(row.sha256) for row in kept.values())
    for uid, number in ledger.acknowledged.items():
        pixels = dcmread(blobs.path(kept[uid].sha256)).PixelData
        assert int.from_bytes(pixels[:2], "little") == number
    assert counted == in_series == [len(kept)]
    blobs.incoming().discard()
    assert [path.name for path in (blobs.root / "incoming").rglob("*") if path.is_file()] == ["lock"]
    store.close()
