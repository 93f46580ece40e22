"""The drill: a machine is lost, its backup is brought back elsewhere, and the hospital has its case, report and images.

With ``--long`` two thousand slices are kept and brought back by the commands themselves, and the figures are told.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select

from consult.actions import audit, database, doctor
from consult.actions.intake import Intake
from consult.actions.parts import Parts
from consult.actions.sealing import Sealer
from consult.actions.verification import verify
from consult.domain.cases import State
from consult.formats.bounded import HeaderReader
from consult.formats.pdf_pool import Workshop
from consult.formats.trust import find_demo_authority
from consult.settings import Settings, as_environment
from consult.store import reports
from consult.store.audit import Asked, search
from consult.store.tables_studies import instances
from tests.doubles import Clock
from tests.makers.archive import ANLONG_CT, a_slice
from tests.makers.backups import NOW, Installation, installation
from tests.makers.cases import stored
from tests.makers.dicom import ct_slice, part10
from tests.makers.signing import PASSWORDS, desk, workshops

pytestmark = pytest.mark.slow  # a real signature on each engine

SLICES, SLICES_LONG = 5, 2000
SLICE_BYTES = 512 << 10
RPO_S, RTO_S = 300, 1800


@pytest.fixture(scope="module")
def shops() -> Iterator[tuple[Workshop, Workshop]]:
    with workshops() as made:
        yield made


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def machine(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Installation]]:
    """Makes machines on which nothing is yet."""
    opened: list[Installation] = []

    def make(name: str) -> Installation:
        folder = tmp_path / name
        folder.mkdir()
        lite = engine == "sqlite"
        url = f"sqlite:///{folder}/consult.db" if lite else request.getfixturevalue("postgresql").new_database()
        opened.append(installation(url, folder))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@contextmanager
def parts_of(place: Installation, reader: HeaderReader, shops: tuple[Workshop, Workshop]) -> Iterator[Parts]:
    none, clock = cast(Any, None), Clock(NOW)
    with Intake(place.store, place.blobs, reader, clock, quiet_s=10) as intake:
        yield Parts(place.settings, place.store, place.blobs, intake, none, none, clock, shops[0])


def images(place: Installation) -> dict[str, str]:
    """The hash of every image that is there, read from its bytes."""
    with place.store.read() as connection:
        rows = connection.execute(select(instances.c.sop_uid, instances.c.sha256)).all()
    return {row.sop_uid: hashlib.sha256(place.blobs.path(row.sha256).read_bytes()).hexdigest() for row in rows}


def test_a_lost_machine_comes_back_with_its_case_its_signed_report_and_its_images(
    machine: Callable[[str], Installation],
    tmp_path: Path,
    shops: tuple[Workshop, Workshop],
    reader: HeaderReader,
) -> None:
    lost = machine("lost")
    database.upgrade(lost.store)
    with desk(lost.store, tmp_path / "lost", shops) as signing, parts_of(lost, reader, shops) as parts:
        for number in range(1, SLICES + 1):
            incoming = parts.intake.open()
            incoming.write(a_slice(number, study="2.25.77", series="2.25.78"))
            parts.intake.take(incoming, ANLONG_CT)
        case_id = signing.case()
        signing.sign(case_id)
        (document,) = signing.documents(case_id)
        pdf, case = signing.pdf(document), signing.stored(case_id)
        folder = lost.settings.audit.folder
        assert folder is not None
        audit.anchor(lost.store, folder, lost.settings.audit.key, NOW)
        acknowledged = images(lost)
        assert len(acknowledged) == SLICES
    lost.back_up(tmp_path / "kept")
    with lost.store.read() as connection:
        rows = len(search(connection, Asked(), None, 1000)) - 1  # the backup's own comes after it
    lost.close()
    (tmp_path / "lost").rename(tmp_path / "burnt")

    found = machine("found")
    told = found.restore(tmp_path / "kept")
    assert (told.lost, told.flaw, told.audit_rows) == ((), None, rows)
    assert images(found) == acknowledged
    assert stored(found.store, case_id) == case
    assert case.state is State.SIGNED
    with found.store.read() as connection:
        (again,) = reports.documents(connection, case_id)
    assert found.blobs.path(again.sha256).read_bytes() == pdf
    with parts_of(found, reader, shops) as parts:
        folder = found.settings.trust.folder
        sealer = Sealer(*shops, lambda: find_demo_authority(folder), PASSWORDS)
        said = verify(replace(parts, sealer=sealer), pdf, signing.clock())
        assert (said.verdict.valid, said.newest) == (True, True)
        bad = {each.name for each in doctor.examine(parts, True, NOW) if not each.good}
        assert not bad & {"database", "migrations", "objects", "orphans", "hashes"}


def test_the_figures_of_a_drill(
    machine: Callable[[str], Installation], tmp_path: Path, reader: HeaderReader, request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if not request.config.getoption("--long"):
        pytest.skip("a gigabyte is kept and brought back only with --long")
    from tests.makers_people import open_institutions

    place = machine("here")
    database.upgrade(place.store)
    open_institutions(place.store)
    padding = os.urandom(SLICE_BYTES)
    with Intake(place.store, place.blobs, reader, Clock(NOW), quiet_s=10) as intake:
        for number in range(SLICES_LONG):
            incoming = intake.open()
            incoming.write(part10(ct_slice(big_slice(number, padding))))
            intake.take(incoming, ANLONG_CT)
            if number == SLICES_LONG - 100:
                first = timed(place.settings, "backup", str(tmp_path / "kept"))
    time.sleep(1)  # a run is called by its second
    more = timed(place.settings, "backup", str(tmp_path / "kept"))
    there = machine("there")
    back = timed(there.settings, "restore", str(tmp_path / "kept"))
    assert images(there) == images(place)
    gigabytes = SLICES_LONG * SLICE_BYTES / 1e9
    with capsys.disabled():
        print(f"\n{place.store.engine.dialect.name}: {SLICES_LONG} images, {gigabytes:.2f} GB")
        print(f"  first backup {first:.1f} s, the next (100 images new) {more:.1f} s, restore {back:.1f} s")
        print(f"  RPO at a run every {RPO_S} s: {RPO_S + more:.0f} s at most, {RPO_S / 2 + more:.0f} s on average")
        print(f"  RTO: {back:.0f} s here; {gigabytes / back * RTO_S:.0f} GB fit into {RTO_S // 60} min")
    assert more < RPO_S
    assert back < RTO_S


def big_slice(number: int, noise: bytes) -> dict[int, tuple[str, bytes]]:
    """What makes a slice of 512 × 512 its own."""
    side = (512).to_bytes(2, "little")
    pixels = (number.to_bytes(4, "little") + noise)[:SLICE_BYTES]
    uid = f"2.25.9.{number}".encode()
    return {0x00080018: ("UI", uid), 0x00280010: ("US", side), 0x00280011: ("US", side), 0x7FE00010: ("OW", pixels)}


def timed(settings: Settings, *command: str) -> float:
    """Run one of our commands with these settings; how long it took, in s."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "consult", *command],
        env={**os.environ, **as_environment(settings)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began
