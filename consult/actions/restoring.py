"""A backup brought back into an installation where nothing is yet: objects, files, and the database last of all."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from consult.actions import audit
from consult.actions.backups import AT_ONCE, BATCH, BY, Tell, kept_files, listed
from consult.domain.audit import Deed, Entry, Flaw
from consult.domain.backups import Copied
from consult.domain.errors import Broken, Invalid, Words
from consult.formats import backups as manifests
from consult.formats.backups import Manifest
from consult.settings import Settings
from consult.store import migrations, vault
from consult.store.blobs import Blobs
from consult.store.shelves import pieces_of
from consult.store.snapshots import bring_back, is_empty
from consult.store.unit import Store
from consult.store.vault import NAME, Vault

COMING = "restoring"
"""In the folder of objects while they come; names the backup, so that the same one can be gone on with."""
NAMED = 5  # objects that are named in a sentence
OTHER_ENGINE = Words("备份来自另一种数据库。", "The backup is of another kind of database.")
LATER_VERSION = Words(
    "备份来自更新的版本，请先升级程序。", "The backup was made by a later version: upgrade the program."
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back: objects and their bytes, those that could not be, and what the audit log says."""

    at: datetime
    objects: int
    bytes: int
    lost: tuple[str, ...]
    audit_rows: int
    flaw: Flaw | None


def restore(
    settings: Settings, store: Store, blobs: Blobs, folder: Path, name: str | None, now: datetime, tell: Tell,
    despite_losses: bool = False,
) -> Restored:  # fmt: skip
    """Bring a run back (the newest, or the one with this name), every byte checked by its hash before it counts.

    Into nothing only: a database without tables, no objects, no other files; interrupted, it can be begun again. The
    database appears last, so that no door opens before everything is there. Raises Invalid, Broken, NotFound,
    Unavailable, NoRoom, OSError.
    """
    source = Vault(folder)
    run = source.run(name)
    manifest = _whole(run)
    _check_place(settings, store, blobs, run, manifest)
    mark = blobs.root / COMING
    mark.write_text(run.name, "utf-8")
    bringing = _Bringing(blobs, source, tell)
    bringing.objects(listed(run / manifest.objects.name), _length(run / manifest.objects.name))
    bringing.refused(listed(run / manifest.refused.name))
    lost = (*manifest.lost, *bringing.lost)
    if lost and not despite_losses:
        raise Broken(_losses(lost))
    for told in manifest.files:
        _bring_file(settings, run, told)
    bring_back(store, run / manifest.database.name)
    if manifest.revision != migrations.head():
        migrations.upgrade(store)
    mark.unlink()
    rows, flaw = audit.verify(store, settings.audit.folder, settings.audit.key)
    detail = {"run": run.name, "objects": bringing.done, "lost": len(lost)}
    with store.write() as unit:
        unit.note(Entry(Deed.RESTORE, now, None, BY, "backup", run.name, detail=detail))
    return Restored(manifest.at, bringing.done, bringing.bytes, lost, rows, flaw)


def _whole(run: Path) -> Manifest:
    """The manifest, once every file of the run has the hash that it says. Raises Broken."""
    manifest = manifests.read((run / NAME).read_bytes())
    for told in manifest.parts():
        if not (run / told.name).is_file() or vault.copied(run, told.name) != told:
            raise Broken(Words(f"备份中的 {told.name} 已损坏。", f"{told.name} in the backup is damaged or missing."))
    return manifest


def _check_place(settings: Settings, store: Store, blobs: Blobs, run: Path, manifest: Manifest) -> None:
    if manifest.engine != store.engine.dialect.name:
        raise Invalid(OTHER_ENGINE)
    if manifest.revision is not None and not migrations.is_known(manifest.revision):
        raise Invalid(LATER_VERSION)
    if not is_empty(store):
        raise Invalid(Words("目标数据库不是空的，未做任何更改。", "The database is not empty; nothing was changed."))
    mark = blobs.root / COMING
    going_on = mark.exists() and mark.read_text("utf-8") == run.name
    if not going_on and next(iter(blobs.names()), None) is not None:
        raise Invalid(Words("目标存储不是空的，未做任何更改。", "There are objects already; nothing was changed."))
    ours = {_target(settings, told): told for told in manifest.files}
    for there in _files_there(settings):
        told = ours.get(there)
        if told is None or vault.copied(there.parent, there.name).sha256 != told.sha256:
            raise Invalid(Words(f"{there} 已存在，未做任何更改。", f"{there} is there already; nothing was changed."))


def _files_there(settings: Settings) -> Iterator[Path]:
    for place in kept_files(settings).values():
        yield from [place] if place.is_file() else (each for each in place.rglob("*") if each.is_file())


def _target(settings: Settings, told: Copied) -> Path:
    """Where these settings want a file of the backup. Raises Invalid when they name no place for it."""
    for name, place in kept_files(settings).items():
        if told.name == name:
            return place
        if told.name.startswith(f"{name}/"):
            return place / told.name.removeprefix(f"{name}/")
    raise Invalid(Words(f"设置中没有 {told.name} 的位置。", f"No setting says where {told.name} belongs."))


def _bring_file(settings: Settings, run: Path, told: Copied) -> None:
    target = _target(settings, told)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    coming = target.with_name(f"{target.name}.coming")
    coming.unlink(missing_ok=True)
    vault.write(coming, pieces_of(run / told.name))
    coming.rename(target)
    vault.sync_folder(target.parent)


class _Bringing:
    """Objects on their way back."""

    def __init__(self, blobs: Blobs, source: Vault, tell: Tell) -> None:
        self._blobs, self._source, self._tell = blobs, source, tell
        self._there = {name for name, _ in blobs.names()}
        self.done = self.bytes = 0
        self.lost: list[str] = []

    def objects(self, names: Iterator[tuple[str, int]], total: int) -> None:
        """Bring these; what is missing or has other bytes is remembered in ``lost``."""
        done = 0
        with ThreadPoolExecutor(AT_ONCE) as threads:
            while batch := list(islice(names, BATCH)):
                for (name, size), good in zip(batch, threads.map(self._bring, [n for n, _ in batch]), strict=True):
                    if good:
                        self.done += 1
                        self.bytes += size
                    else:
                        self.lost.append(name)
                done += len(batch)
                self._tell(done, total, self.bytes)

    def _bring(self, name: str) -> bool:
        """One that came before an interruption is read again: its bytes may not have been forced to disk."""
        if name in self._there and self._blobs.verify(name):
            return True
        arrived = self._blobs.incoming()
        try:
            for piece in pieces_of(self._source.place(name)):
                arrived.write(piece)
            arrived.flush()
            good = arrived.sha256 == name
            if good:
                self._blobs.keep(arrived)
            return good
        except FileNotFoundError:
            return False
        finally:
            arrived.discard()

    def refused(self, names: Iterable[tuple[str, int]]) -> None:
        """Bring back what lay in quarantine."""
        for name, size in names:
            if self._blobs.quarantined(name).exists():
                continue
            arrived = self._blobs.incoming()
            try:
                for piece in pieces_of(self._source.place(name)):
                    arrived.write(piece)
                arrived.flush()
                if arrived.sha256 == name:
                    self._blobs.quarantine(arrived, max_bytes=1 << 62)
                    self.bytes += size
                else:
                    self.lost.append(name)
            except FileNotFoundError:
                self.lost.append(name)
            finally:
                arrived.discard()


def _losses(lost: Sequence[str]) -> Words:
    some = ", ".join(lost[:NAMED])
    return Words(
        f"备份中有 {len(lost)} 个对象缺失或损坏：{some}。数据库未恢复；确认后用 --despite-losses 恢复其余部分。",
        f"{len(lost)} objects of the backup are missing or damaged: {some}. The database was not restored; "
        "--despite-losses restores the rest.",
    )


def _length(place: Path) -> int:
    with place.open("rb") as file:
        return sum(1 for _ in file)
