"""How many associations are open, and how many objects about to be committed: in this process, or in several."""

import fcntl
import mmap
import os
import struct
import threading
from typing import Protocol

_COUNT = struct.Struct("=i")
_SLOT = 2 * _COUNT.size  # bytes: places taken, objects coming


class Places(Protocol):
    """Places for associations; each that is taken is given back once."""

    def take(self) -> bool:
        """Take one, unless all are taken; whether there was one."""
        ...

    def give_back(self) -> None:
        """Give one back."""


class OwnPlaces:
    """The places of a process that serves its port alone."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one, unless all are taken; whether there was one."""
        with self._lock:
            if self._free <= 0:
                return False
            self._free -= 1
            return True

    def give_back(self) -> None:
        """Give one back."""
        with self._lock:
            self._free += 1


class SharedCounts:
    """A memory file of counts, a slot a process: each writes its own, and the lock of the file makes a sum exact."""

    def __init__(self, file: int, slots: int) -> None:
        self._file = file
        self._slots = range(slots)
        self._memory = mmap.mmap(file, slots * _SLOT)
        self._lock = threading.Lock()

    @classmethod
    def new(cls, slots: int) -> "SharedCounts":
        """Counts that are all zero, to be opened by others with ``file``."""
        file = os.memfd_create("consult-counts")
        os.ftruncate(file, slots * _SLOT)
        return cls(file, slots)

    @property
    def file(self) -> int:
        """The file descriptor that a child inherits."""
        return self._file

    def places(self, slot: int) -> int:
        """The places that a process has taken."""
        return self._get(slot, 0)

    def coming(self) -> int:
        """The objects that are coming to all processes together."""
        return sum(self._get(slot, 1) for slot in self._slots)

    def add_coming(self, slot: int, more: int) -> None:
        """So many more objects are coming to a process."""
        with self._lock:
            self._put(slot, 1, self._get(slot, 1) + more)

    def take(self, slot: int, most: int) -> bool:
        """Take a place for a process, unless all processes together have so many; whether there was one."""
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                if sum(self._get(each, 0) for each in self._slots) >= most:
                    return False
                self._put(slot, 0, self._get(slot, 0) + 1)
                return True
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def give_back(self, slot: int) -> None:
        """Give a place back."""
        with self._lock:
            self._put(slot, 0, self._get(slot, 0) - 1)

    def clear(self, slot: int) -> None:
        """The process of a slot has ended."""
        with self._lock:
            self._put(slot, 0, 0)
            self._put(slot, 1, 0)

    def close(self) -> None:
        """Forget the memory."""
        self._memory.close()
        os.close(self._file)

    def _get(self, slot: int, which: int) -> int:
        return int(_COUNT.unpack_from(self._memory, slot * _SLOT + which * _COUNT.size)[0])

    def _put(self, slot: int, which: int, count: int) -> None:
        _COUNT.pack_into(self._memory, slot * _SLOT + which * _COUNT.size, count)


class SharedPlaces:
    """The places of all processes together, as one of them takes them."""

    def __init__(self, counts: SharedCounts, slot: int, most: int) -> None:
        self._counts = counts
        self._slot = slot
        self._most = most

    def take(self) -> bool:
        """Take one, unless all are taken; whether there was one."""
        return self._counts.take(self._slot, self._most)

    def give_back(self) -> None:
        """Give one back."""
        self._counts.give_back(self._slot)
