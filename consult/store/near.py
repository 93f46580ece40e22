"""Copies near at hand of objects that lie on a shelf elsewhere: bounded, the least lately used go first."""

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from consult.store.shelves import Shelf

IN_USE_S = 600.0  # a copy that was asked for within this time stays: somebody may be about to open it


class Near:
    """The folder ``objects`` as a cache of a shelf; ``place`` names a copy's file, ``aside`` a new temporary one."""

    def __init__(self, shelf: Shelf, place: Callable[[str], Path], objects: Path, most_bytes: int) -> None:
        self.shelf = shelf
        self._place = place
        self._objects = objects
        self._most = most_bytes
        self._held: int | None = None
        self._turn = threading.Lock()

    def keep(self, sha256: str, file: Path) -> None:
        """Put a file on the shelf, then leave a copy here. Raises Unavailable; then nothing is here."""
        self.shelf.put(sha256, file)
        place = self._place(sha256)
        try:
            os.link(file, place)
        except FileExistsError:
            return
        self._more(place.stat().st_size)

    def bring(self, sha256: str) -> None:
        """Have a copy here if the shelf has the object; bytes that have another hash are not let in.

        Raises Unavailable.
        """
        place = self._place(sha256)
        try:
            os.utime(place)
            return
        except FileNotFoundError:
            pass
        pieces = self.shelf.fetch(sha256)
        if pieces is None:
            return
        aside = place.with_name(f"{uuid4().hex}.coming")
        digest = hashlib.sha256()
        try:
            with aside.open("xb") as file:
                for piece in pieces:
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() == sha256:
                size = aside.stat().st_size
                aside.rename(place)
                self._more(size)
        finally:
            aside.unlink(missing_ok=True)

    def set_aside(self, sha256: str) -> None:
        """Take an object from the shelf, and its copy from here. Raises Unavailable."""
        self.shelf.set_aside(sha256)
        self._place(sha256).unlink(missing_ok=True)

    def _more(self, size: int) -> None:
        with self._turn:
            held = self._held if self._held is not None else sum(each[1] for each in self._copies())
            self._held = held + size if self._held is not None else held
            if self._held > self._most:
                self._held = self._evict(self._held)

    def _copies(self) -> list[tuple[float, int, Path]]:
        found: list[tuple[float, int, Path]] = []
        for folder in os.scandir(self._objects):
            for each in os.scandir(folder.path):
                told = each.stat()
                found.append((told.st_mtime, told.st_size, Path(each.path)))
        return found

    def _evict(self, held: int) -> int:
        """Let copies go, oldest use first, down to nine tenths of what may be here."""
        unused_since = time.time() - IN_USE_S
        for used, size, place in sorted(self._copies()):
            if held <= self._most * 0.9 or used > unused_since:
                break
            place.unlink(missing_ok=True)
            held -= size
        return held
