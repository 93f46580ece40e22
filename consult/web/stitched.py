"""Something to send that is stitched from pieces of files and bytes, and can be asked for in parts (RFC 9110 §14)."""

import io
import os
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from consult.queries.dicomweb import Piece, Slice


class Stitched(io.RawIOBase):
    """A readable, seekable file of pieces, of which one file at a time is open."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        super().__init__()
        self._pieces = [piece for piece in pieces if _length(piece)]
        self._ends = list(accumulate(_length(piece) for piece in self._pieces))
        self._at = 0
        self._opened: tuple[Any, int] | None = None

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The next byte's place."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self)}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read from the piece at the place, up to its end; 0 at the end of all."""
        index = bisect_right(self._ends, self._at)
        if index == len(self._pieces):
            return 0
        piece = self._pieces[index]
        inside = self._at - (self._ends[index] - _length(piece))
        wanted = min(len(buffer), _length(piece) - inside)
        if isinstance(piece, Slice):
            got = os.preadv(self._file(piece), [memoryview(buffer)[:wanted]], piece.at + inside)
        else:
            buffer[:wanted] = piece[inside : inside + wanted]
            got = wanted
        self._at += got
        return got

    def _file(self, piece: Slice) -> int:
        if self._opened is None or self._opened[0] != piece.path:
            self._close_file()
            self._opened = (piece.path, os.open(piece.path, os.O_RDONLY | os.O_CLOEXEC))
        return self._opened[1]

    def _close_file(self) -> None:
        if self._opened is not None:
            os.close(self._opened[1])
            self._opened = None

    def close(self) -> None:
        """Close the file that is open."""
        self._close_file()
        super().close()


def _length(piece: Piece) -> int:
    return piece.length if isinstance(piece, Slice) else len(piece)
