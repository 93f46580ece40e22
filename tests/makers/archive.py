"""An archive to put images into: a folder, a bounded parser, the intake, and files that differ where a test says so."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from consult.actions.intake import NOTHING_NAMED, Intake, Named, Receipt, Sender
from consult.formats.bounded import HeaderReader
from consult.store.blobs import Blobs
from consult.store.unit import Store
from tests.doubles import Clock
from tests.makers.dicom import EXPLICIT, ct_slice, part10
from tests.makers.people import NOW

STUDY, SERIES = "2.25.1001", "2.25.1002"
ANLONG_CT = Sender("ANLONG", "ANLONG", "dimse")
DUSHAN_CT = Sender("DUSHAN", "DUSHAN", "dimse")


@dataclass(frozen=True)
class Archive:
    """The parts of an archive that is open."""

    store: Store
    blobs: Blobs
    intake: Intake
    clock: Clock

    def put(self, file: bytes, sender: Sender = ANLONG_CT, named: Named = NOTHING_NAMED) -> Receipt:
        """Take in a file as a door does."""
        incoming = self.intake.open()
        incoming.write(file)
        return self.intake.take(incoming, sender, named)

    def aside(self) -> list[Path]:
        """What lies in the folders of objects on their way, but the lock; folders may come and go meanwhile."""
        return [
            Path(folder, name)
            for folder, _, names in os.walk(self.blobs.root / "incoming")
            for name in names
            if name != "lock"
        ]

    def objects(self) -> list[Path]:
        """The objects that are kept."""
        return [path for path in (self.blobs.root / "objects").rglob("*") if path.is_file()]


@contextmanager
def archive(
    store: Store,
    folder: Path,
    reader: HeaderReader,
    *,
    quiet_s: float = 10,
    reserve_bytes: int = 0,
    blobs: Blobs | None = None,
    **more: int,
) -> Iterator[Archive]:
    """An archive over a database and a folder, or ``blobs`` elsewhere; its clock stands still."""
    clock = Clock(NOW)
    blobs = blobs or Blobs(folder / "blobs", reserve_bytes)
    with Intake(store, blobs, reader, clock, quiet_s=quiet_s, **more) as intake:
        yield Archive(store, blobs, intake, clock)


def a_slice(
    number: int = 1,
    *,
    study: str = STUDY,
    series: str = SERIES,
    sop: str | None = None,
    pixel: int = 0,
    name: bytes = b"Yang^Ban",
    syntax: str = EXPLICIT,
    preamble: bytes = b"\0" * 128,
) -> bytes:
    """A Part 10 file: slice ``number`` of a series, 1 mm apart; ``pixel`` is its first pixel."""
    data = ct_slice(
        {
            0x00080018: ("UI", (sop or f"{series}.{number}").encode()),
            0x0020000D: ("UI", study.encode()),
            0x0020000E: ("UI", series.encode()),
            0x00100010: ("PN", name),
            0x00200013: ("IS", str(number).encode()),
            0x00200032: ("DS", f"-10\\-20\\{number}".encode()),
            0x7FE00010: ("OW", struct.pack("<16H", pixel, *range(1, 16))),
        }
    )
    return part10(data, syntax, preamble)
