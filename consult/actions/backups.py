"""A backup: one moment of the database first, then every object that it names, then the files that belong to it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from consult.domain import backups as rules
from consult.domain.audit import Deed, Entry
from consult.domain.backups import Copied
from consult.domain.people import COMMAND_LINE
from consult.formats import backups as manifests
from consult.formats.backups import Manifest
from consult.settings import Settings
from consult.store import doctor, migrations, vault
from consult.store.blobs import Blobs
from consult.store.shelves import pieces_of
from consult.store.snapshots import snapshot
from consult.store.unit import Store
from consult.store.vault import Vault

BY = COMMAND_LINE.name
MOMENT = "%Y%m%dT%H%M%SZ"
OBJECTS, REFUSED, NAMES = "objects.txt", "refused.txt", "names.partial"
AT_ONCE = 4  # objects under way at a time
BATCH = 256

Tell = Callable[[int, int, int], None]
"""How far it has come: objects done, of how many, and bytes copied."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is whole: its folder, its manifest, and how much had to be copied."""

    run: Path
    manifest: Manifest
    copied: int
    copied_bytes: int


def kept_files(settings: Settings) -> dict[str, Path]:
    """KEPT: what belongs to the installation beside database and objects, by its place in a backup."""
    door, log = settings.dicom, settings.audit
    told = {
        "files/trust": settings.trust.folder,
        "files/anchors": log.folder,
        "files/audit.key": log.key,
        "files/tls/certificate": door.tls_certificate,
        "files/tls/key": door.tls_key,
        "files/tls/authorities": door.tls_authorities,
    }
    return {name: place for name, place in told.items() if place is not None}


def back_up(
    settings: Settings, store: Store, blobs: Blobs, folder: Path, now: datetime, tell: Tell, every: bool = False
) -> Made:
    """Make a backup; ``every`` reads again what is there from earlier ones. Only what is new is copied.

    Interrupted, it leaves no run, but the objects that were copied: the next one goes on from there. That it was made
    is written in the audit log. Raises Unavailable, NoRoom, Invalid, OSError.
    """
    into = Vault(folder)
    with into.opened():
        before = into.runs()
        run = into.begin(now.astimezone(UTC).strftime(MOMENT))
        with snapshot(store, run) as (database, connection):
            revision = migrations.revision_of(connection)
            total = _write(run / NAMES, (f"{sha256}\n" for sha256 in doctor.named(connection)))
        copying = _Copying(
            blobs, into, listed(before[-1] / OBJECTS) if before and not every else iter(()), total, tell, every
        )
        objects = vault.write(run / OBJECTS, copying.lines(_lines(run / NAMES)))
        refused = vault.write(run / REFUSED, copying.refused())
        (run / NAMES).unlink()
        files = tuple(_files(settings, run))
        lost = tuple(_still_named(store, copying.lost))
        manifest = Manifest(
            now, store.engine.dialect.name, revision, vault.copied(run, database), objects, refused, files, lost
        )
        whole = into.finish(run, manifests.written(manifest))
    told = {"run": whole.name, "objects": total, "bytes": copying.bytes, "lost": len(lost)}
    with store.write() as unit:
        unit.note(Entry(Deed.BACK_UP, now, None, BY, "backup", whole.name, detail=told))
    return Made(whole, manifest, copying.copied, copying.bytes)


def thin(folder: Path, now: datetime) -> tuple[int, int]:
    """Let backups go that have had their time, and objects that no other names; how many runs, how many objects."""
    into = Vault(folder)
    with into.opened():
        runs = {datetime.strptime(run.name, MOMENT).replace(tzinfo=UTC): run for run in into.runs()}
        going = rules.outlived(runs, now)
        for at in going:
            into.forget(runs[at])
        if not going:
            return 0, 0
        named = {name for run in into.runs() for each in (OBJECTS, REFUSED) for name, _ in listed(run / each)}
        gone = [name for name in into.names() if name not in named]
        for name in gone:
            into.place(name).unlink()
    return len(going), len(gone)


class _Copying:
    """Objects on their way into the vault: ``known`` are those of the last run, in order, which are there already."""

    def __init__(
        self, blobs: Blobs, into: Vault, known: Iterator[tuple[str, int]], total: int, tell: Tell, every: bool
    ) -> None:
        self._blobs, self._into, self._known, self._total, self._tell = blobs, into, known, total, tell
        self._every = every
        self._next: tuple[str, int] | None = next(known, None)
        self.done = self.copied = self.bytes = 0
        self.lost: list[str] = []

    def lines(self, names: Iterator[str]) -> Iterator[bytes]:
        """``sha256 size`` of each that is in the vault afterwards."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            while batch := list(islice(names, BATCH)):
                known = [self._size_of(name) for name in batch]
                sizes = threads.map(self._copied, [n for n, size in zip(batch, known, strict=True) if size is None])
                for name, size in zip(batch, known, strict=True):
                    there = self._counted(*next(sizes)) if size is None else size
                    if there is None:
                        self.lost.append(name)
                    else:
                        yield f"{name} {there}\n".encode()
                self.done += len(batch)
                self._tell(self.done, self._total, self.bytes)

    def _size_of(self, name: str) -> int | None:
        """Its size when the last run had it: both lists are in order."""
        while self._next is not None and self._next[0] < name:
            self._next = next(self._known, None)
        return self._next[1] if self._next is not None and self._next[0] == name else None

    def _counted(self, size: int | None, new: bool) -> int | None:
        if size is not None and new:
            self.copied += 1
            self.bytes += size
        return size

    def _copied(self, name: str) -> tuple[int | None, bool]:
        """Its size, None when it is lost, and whether it had to be copied."""
        place = self._into.place(name)
        if place.exists() and (not self._every or vault.sound(place)):
            return place.stat().st_size, False
        try:
            pieces = self._blobs.pieces(name)
            return (None if pieces is None else self._into.take(name, pieces)), True
        except FileNotFoundError:
            return None, False

    def refused(self) -> Iterator[bytes]:
        """The same of what lies in quarantine; what is settled and gone meanwhile is left out."""
        for name in self._blobs.quarantined_names():
            place = self._into.place(name)
            if not place.exists():
                self._into.take(name, pieces_of(self._blobs.quarantined(name)))
            if place.exists():
                yield f"{name} {place.stat().st_size}\n".encode()


def _still_named(store: Store, lost: Sequence[str]) -> Iterator[str]:
    """Without those that were removed after their term while the backup was made."""
    with store.read() as connection:
        for name in lost:
            if doctor.is_named(connection, name):
                yield name


def _files(settings: Settings, run: Path) -> Iterator[Copied]:
    for name, place in kept_files(settings).items():
        found = [place] if place.is_file() else sorted(each for each in place.rglob("*") if each.is_file())
        for each in found:
            told = name if each == place else f"{name}/{each.relative_to(place)}"
            target = run / told
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            kept = vault.write(target, pieces_of(each))
            vault.sync_folder(target.parent)
            yield Copied(told, kept.sha256, kept.size)


def _write(place: Path, lines: Iterator[str]) -> int:
    number = 0
    with place.open("x", encoding="ascii") as file:
        for line in lines:
            file.write(line)
            number += 1
    return number


def _lines(place: Path) -> Iterator[str]:
    with place.open(encoding="ascii") as file:
        for line in file:
            yield line.rstrip("\n")


def listed(place: Path) -> Iterator[tuple[str, int]]:
    """The objects of a list, with their sizes."""
    for line in _lines(place):
        name, size = line.split()
        yield name, int(size)
