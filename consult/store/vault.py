"""A folder of backups: objects by their hash, shared by all of them, and a folder for each moment that is kept."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from consult.domain.backups import Copied
from consult.domain.errors import Invalid, NoRoom, NotFound, Unavailable, Words
from consult.store.blobs import FULL
from consult.store.shelves import hash_of, pieces_of

MARK = "consult-backup"
NAME = "manifest.json"
PARTIAL = ".partial"
NOT_OURS = Words("该文件夹不是空的，也不是备份。", "The folder is not empty, and is no folder of backups.")
BUSY = Words("另一次备份正在进行。", "Another backup is being made there.")
FULL_THERE = Words(
    "备份盘已满；腾出空间后再次运行，会从中断处继续。",
    "The backup's disk is full; make room and run it again: it goes on.",
)
NONE_THERE = Words("没有找到完整的备份。", "There is no whole backup.")


class Vault:
    """Backups under ``folder``: ``objects/ab/<sha256>``, and ``runs/<moment>`` with a manifest once it is whole.

    Readable by their owner only. What is half lies in ``coming`` or in a run called ``.partial``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.runs_folder = self.folder / "runs"
        self._coming = self.folder / "coming"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Alone, to write. Raises Invalid for a folder that is something else, Unavailable, NoRoom, OSError."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark = self.folder / MARK
        if not mark.exists() and any(self.folder.iterdir()):
            raise Invalid(NOT_OURS)
        lock = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._tidy()
            yield
        except BlockingIOError as busy:
            raise Unavailable(BUSY) from busy
        except OSError as error:
            if error.errno in FULL:
                raise NoRoom(FULL_THERE) from error
            raise
        finally:
            os.close(lock)

    def _tidy(self) -> None:
        """What an interrupted backup left half; objects that are whole stay for the next one."""
        shutil.rmtree(self._coming, ignore_errors=True)
        for folder in (self._coming, self.runs_folder, self.folder / "objects"):
            folder.mkdir(exist_ok=True, mode=0o700)
        for half in self.runs_folder.glob(f"*{PARTIAL}"):
            shutil.rmtree(half)

    # objects

    def place(self, sha256: str) -> Path:
        """Where the object with this hash lies, whether or not it is there."""
        return self.folder / "objects" / sha256[:2] / sha256

    def take(self, sha256: str, pieces: Iterable[bytes]) -> int | None:
        """Keep an object, durable when this returns; its size, or None when the bytes are not what the name says."""
        aside = self._coming / uuid4().hex
        try:
            told = write(aside, pieces)
            if told.sha256 != sha256:
                return None
            place = self.place(sha256)
            place.parent.mkdir(exist_ok=True, mode=0o700)
            aside.rename(place)
            sync_folder(place.parent)
        finally:
            aside.unlink(missing_ok=True)
        return told.size

    def names(self) -> Iterator[str]:
        """The hash of every object that is there."""
        for folder in sorted((self.folder / "objects").iterdir()):
            yield from sorted(os.listdir(folder))

    # runs

    def begin(self, name: str) -> Path:
        """A folder for a new run, not yet whole."""
        folder = self.runs_folder / f"{name}{PARTIAL}"
        folder.mkdir(mode=0o700)
        return folder

    def finish(self, run: Path, manifest: bytes) -> Path:
        """Write the manifest, the last thing, and give the run its name; it is whole and durable when this returns."""
        write(run / NAME, [manifest])
        sync_folder(run)
        whole = run.with_suffix("")
        run.rename(whole)
        sync_folder(self.runs_folder)
        return whole

    def forget(self, run: Path) -> None:
        """Let a run go; the objects stay."""
        half = run.with_suffix(PARTIAL)
        run.rename(half)
        shutil.rmtree(half)

    def runs(self) -> list[Path]:
        """Whole runs, oldest first."""
        found = self.runs_folder.iterdir() if self.runs_folder.is_dir() else iter(())
        return sorted(each for each in found if each.suffix != PARTIAL and (each / NAME).exists())

    def run(self, name: str | None) -> Path:
        """The run with this name, or the newest. Raises NotFound."""
        fitting = [each for each in self.runs() if name in (None, each.name)]
        if not fitting:
            raise NotFound(NONE_THERE)
        return fitting[-1]


def write(place: Path, pieces: Iterable[bytes]) -> Copied:
    """Write a file that is not there yet, readable by its owner only, and force it to disk."""
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return Copied(place.name, digest.hexdigest(), size)


def sound(place: Path) -> bool:
    """Whether an object's bytes still have the hash that is its name."""
    return hash_of(pieces_of(place)) == place.name


def copied(run: Path, name: str) -> Copied:
    """What a manifest says of a file in a run."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces_of(run / name):
        digest.update(piece)
        size += len(piece)
    return Copied(name, digest.hexdigest(), size)


def sync_folder(folder: Path) -> None:
    """Force a folder's names to disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
