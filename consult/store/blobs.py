"""Objects in a folder, named by the SHA-256 of their bytes: written aside, forced to disk, then moved into place."""

import errno
import fcntl
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from uuid import uuid4

from consult.domain.errors import NoRoom, Words
from consult.store.moving import moved
from consult.store.near import Near
from consult.store.shelves import Shelf, hash_of, pieces_of

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_ROOM = Words(
    "存储空间已满，影像未接收，请清理后重新发送。", "The disk is full; nothing was taken. Make room, then send again."
)
TOO_LARGE = Words("单个对象超过允许的大小，未接收。", "The object is larger than allowed; it was not taken.")
GATHER = 1 << 20  # bytes that are hashed and written at once: a slice comes in many small pieces
LARGE = 256 << 10  # bytes that are hashed and written as they come
LAID_OUT = "laid-out"  # says that the folders of objects are made
LOCK = "lock"
OURS = 0o700  # of a folder that nobody else may look into
NEW = ".new"  # a folder whose lock is not held yet: nobody's to remove


class Incoming:
    """One object on its way in: a temporary file on the file system of the store, and the hash of what was written.

    Written by one thread. Every write may raise NoRoom; the file is then gone.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.size = 0
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._gathered = bytearray()
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise _refusal(error) from error

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of all bytes; asked for once they are whole."""
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes. Raises NoRoom."""
        self.size += len(data)
        if self.size > self._max_bytes:
            self.discard()
            raise NoRoom(TOO_LARGE)
        if not self._gathered and len(data) >= LARGE:
            self._append(data)
            return
        self._gathered += data
        if len(self._gathered) >= GATHER:
            self.flush()

    def flush(self) -> None:
        """Hash what was gathered, and write it where others can read it. Raises NoRoom."""
        self._append(self._gathered)
        self._gathered.clear()

    def _append(self, data: bytes | bytearray | memoryview) -> None:
        self._hash.update(data)
        try:
            _write_all(self._file, data)
            if data:  # the disk begins now, while the header is read, and the sync finds less to wait for
                os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            self.discard()
            raise _refusal(error) from error

    def sync(self) -> None:
        """Force the bytes to disk and close the file. Raises NoRoom."""
        if self._file < 0:
            return
        self.flush()
        try:
            os.fsync(self._file)
        except OSError as error:
            self.discard()
            raise _refusal(error) from error
        self._close()

    def discard(self) -> None:
        """Remove the file if it is still there."""
        self._close()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        self._gathered.clear()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _write_all(file: int, data: bytes | bytearray | memoryview) -> None:
    with memoryview(data) as view:
        written = 0
        while written < len(view):
            written += os.write(file, view[written:])


def _refusal(error: OSError) -> OSError | NoRoom:
    return NoRoom(NO_ROOM) if error.errno in FULL else error


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class Blobs:
    """The folder ``root``: ``objects/ab/<sha256>`` for good, ``cache`` to be made again, and ``quarantine``.

    All of these are for our own user alone. ``prepared``, a folder of its own, holds what was made ready to be sent as
    it lies: its group is the one that whoever set it up gave it, and may be that of the server in front.

    Every process has a folder of its own under ``incoming``, held by a lock; what a dead process left there is removed
    when the next one starts. ``reserve_bytes`` stay free for the database; ``max_bytes`` is the largest object.

    With a ``shelf`` objects lie there for good, and ``objects`` holds copies of up to ``near_bytes``.
    """

    def __init__(
        self,
        root: Path,
        reserve_bytes: int = 256 << 20,
        max_bytes: int = 64 << 30,
        shelf: Shelf | None = None,
        near_bytes: int = 64 << 30,
        prepared: Path | None = None,
    ) -> None:
        self.root = root.absolute()
        self._reserve = reserve_bytes
        self._max_bytes = max_bytes
        self._objects = self.root / "objects"
        self.cache = self.root / "cache"
        self._quarantine = self.root / "quarantine"
        self._removing = self.root / "removing"
        self.prepared = (prepared or self.root / "prepared").absolute()
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in (self._objects, self.cache, self._quarantine, self.root / "incoming"):
            folder.mkdir(mode=OURS, exist_ok=True)
        self.prepared.mkdir(parents=True, exist_ok=True)
        if not (self.root / LAID_OUT).exists():
            _lay_out(self._objects)
            (self.root / LAID_OUT).touch()
        self._near = None if shelf is None else Near(shelf, self._place, self._objects, near_bytes)
        self._own: Path | None = None
        self._lock: int | None = None
        self._quarantined_bytes: int | None = None
        self._opening = threading.Lock()
        self._numbers = count()
        self._folders: dict[str, int] = {}

    # objects

    def path(self, sha256: str) -> Path:
        """Where the object with this hash lies, whether or not it is there; brought here from the shelf first.

        Raises Unavailable when the shelf is away.
        """
        if self._near is not None:
            self._near.bring(sha256)
        return self._place(sha256)

    def _place(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256

    def incoming(self) -> Incoming:
        """A new temporary file. Raises NoRoom when the disk is down to its reserve."""
        if shutil.disk_usage(self.root).free < self._reserve:
            raise NoRoom(NO_ROOM)
        return Incoming(self._aside() / str(next(self._numbers)), self._max_bytes)

    def keep(self, arrived: Incoming) -> None:
        """Give a whole object its place, and force it and its folder to disk; it is durable when this returns.

        The place is given before the bytes are forced, so that a journalling file system commits both at once; until
        then no row names it. Where an object lies there already, it is only ever replaced by bytes that are on disk.
        Raises NoRoom, and Unavailable when the shelf is away.
        """
        arrived.flush()
        if self._near is not None:
            self._near.keep(arrived.sha256, arrived.path)
            return
        sha256 = arrived.sha256
        place = self._place(sha256)
        try:
            if not moved(arrived.path, place):
                arrived.sync()
                arrived.path.rename(place)
            arrived.sync()
            os.fsync(self._folder(sha256[:2]))
        except OSError as error:
            raise _refusal(error) from error

    def _folder(self, name: str) -> int:
        """A folder of objects, opened once."""
        with self._opening:
            if name not in self._folders:
                self._folders[name] = os.open(self._objects / name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            return self._folders[name]

    def put(self, data: bytes) -> str:
        """Keep these bytes durably; their hash. Raises NoRoom."""
        arrived = self.incoming()
        try:
            arrived.write(data)
            self.keep(arrived)
        finally:
            arrived.discard()
        return arrived.sha256

    def verify(self, sha256: str) -> bool:
        """Whether the object is there and its bytes still have their hash; on the shelf where there is one.

        Raises Unavailable when the shelf is away.
        """
        if self._near is not None:
            pieces = self._near.shelf.fetch(sha256)
            return pieces is not None and hash_of(pieces) == sha256
        try:
            with self.path(sha256).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False

    def names(self) -> Iterator[tuple[str, int]]:
        """Every object's hash and size, in no order that holds. Raises Unavailable."""
        if self._near is not None:
            yield from self._near.shelf.names()
            return
        for number in range(256):
            with os.scandir(self._objects / f"{number:02x}") as there:
                for each in there:
                    yield each.name, each.stat().st_size

    def pieces(self, sha256: str) -> Iterator[bytes] | None:
        """An object's bytes in pieces, from where it lies for good; None when it is not there. Raises Unavailable."""
        if self._near is not None:
            return self._near.shelf.fetch(sha256)
        place = self._place(sha256)
        return pieces_of(place) if place.exists() else None

    # removal after its term: aside first, so that what comes again meanwhile can be put back

    def set_aside(self, sha256: str) -> None:
        """Take an object out; nothing happens when it is not there. Raises Unavailable."""
        if self._near is not None:
            self._near.set_aside(sha256)
            return
        self._removing.mkdir(mode=OURS, exist_ok=True)
        with suppress(FileNotFoundError):
            self._place(sha256).rename(self._removing / sha256)

    def aside(self) -> list[str]:
        """What was set aside and is not settled, in order. Raises Unavailable."""
        if self._near is not None:
            return sorted(self._near.shelf.aside())
        return sorted(os.listdir(self._removing)) if self._removing.is_dir() else []

    def put_back(self, sha256: str) -> None:
        """Give an object that was set aside its place again. Raises Unavailable."""
        if self._near is not None:
            self._near.shelf.put_back(sha256)
            return
        place = self._place(sha256)
        if moved(self._removing / sha256, place):
            os.fsync(self._folder(sha256[:2]))
        else:  # the same bytes came again as a file of their own
            (self._removing / sha256).unlink(missing_ok=True)

    def drop(self, sha256: str) -> None:
        """Remove an object that was set aside, for good. Raises Unavailable."""
        if self._near is not None:
            self._near.shelf.drop(sha256)
        else:
            (self._removing / sha256).unlink(missing_ok=True)

    # quarantine

    def quarantine(self, refused: Incoming, max_bytes: int) -> bool:
        """Keep a refused object aside under its hash; False when the quarantine is full, then it is removed."""
        refused.sync()
        with self._opening:
            if self._quarantined_bytes is None:
                self._quarantined_bytes = sum(entry.stat().st_size for entry in os.scandir(self._quarantine))
            if self._quarantined_bytes + refused.size > max_bytes:
                refused.discard()
                return False
            self._quarantined_bytes += refused.size
        refused.path.rename(self.quarantined(refused.sha256))
        _sync_folder(self._quarantine)
        return True

    def quarantined(self, sha256: str) -> Path:
        """Where a refused object with this hash lies."""
        return self._quarantine / sha256

    def quarantined_names(self) -> list[str]:
        """The hash of every refused object that is kept aside, in order."""
        return sorted(os.listdir(self._quarantine))

    # cache

    def cached(self, place: Path, made: Callable[[], bytes]) -> Path:
        """A file in ``cache`` or ``prepared``, made now if it is not there; it may vanish, and is made again then.

        It is written beside its place and so gets the group of its folder. Raises NoRoom, and what ``made`` raises.
        """
        if place.exists():
            return place
        data = made()
        place.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(place.parent).free < self._reserve:
            raise NoRoom(NO_ROOM)
        aside = Incoming(place.with_name(f".{place.name}.{uuid4().hex}"), self._max_bytes)
        aside.write(data)
        aside.sync()
        aside.path.rename(place)
        return place

    # the folder of this process

    def _aside(self) -> Path:
        with self._opening:
            if self._own is None:
                self._sweep()
                own = self.root / "incoming" / uuid4().hex
                new = own.with_suffix(NEW)
                new.mkdir()
                self._lock = os.open(new / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
                new.rename(own)
                self._own = own
            return self._own

    def _sweep(self) -> None:
        """Remove what dead processes left: their folders' locks are free."""
        for folder in (self.root / "incoming").iterdir():
            if folder.suffix == NEW:
                continue
            try:
                lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            except BlockingIOError:
                pass
            finally:
                os.close(lock)

    def close(self) -> None:
        """Leave the store; the temporary folder goes."""
        with self._opening:
            if self._own is not None and self._lock is not None:
                shutil.rmtree(self._own, ignore_errors=True)
                os.close(self._lock)
                self._own = self._lock = None
            while self._folders:
                os.close(self._folders.popitem()[1])


def _lay_out(objects: Path) -> None:
    """Make the 256 folders once, so that nothing but the object's own folder is to be synced when it arrives.

    Objects that an earlier layout put one folder deeper are moved up.
    """
    for number in range(256):
        folder = objects / f"{number:02x}"
        folder.mkdir(exist_ok=True)
        for deeper in [entry for entry in folder.iterdir() if entry.is_dir()]:
            for each in deeper.iterdir():
                each.rename(folder / each.name)
            deeper.rmdir()
        _sync_folder(folder)
    _sync_folder(objects)
