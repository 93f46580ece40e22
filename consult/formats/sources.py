"""Holds the bytes that a walk reads: a file through a window, bytes in memory, or a deflated data set inflated."""

import os
import zlib

from consult.domain.errors import Broken, Words

MAX_INFLATED = 128 << 20  # bytes of a deflated data set
FREE_INFLATED = 8 << 20  # bytes below which any ratio of deflation is plausible
MAX_DEFLATION = 200  # times; image data deflates 2 to 20 times

_WINDOW = 64 << 10
_LEAST = 1 << 10  # bytes ahead for which a window is worth keeping


class Source:
    """Bytes to walk: an open file read through a window, or bytes in memory."""

    def __init__(self, file: int | None, data: bytes = b"") -> None:
        self._file = file
        self._data = data
        self._start = 0
        self.size = os.fstat(file).st_size if file is not None else len(data)

    @classmethod
    def of(cls, data: bytes) -> "Source":
        """A source over bytes in memory."""
        return cls(None, data)

    def window(self, at: int) -> tuple[bytes, int]:
        """What is at hand around ``at``, and the offset at which that starts."""
        if self._file is not None and not self._start <= at <= self._start + len(self._data) - _LEAST:
            self._data, self._start = os.pread(self._file, _WINDOW, at), at
        return self._data, self._start

    def peek(self, at: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``at``; fewer only at the end of the source."""
        first = at - self._start
        if first < 0 or first + length > len(self._data):
            if self._file is None:
                return self._data[at : at + length]
            self._data = os.pread(self._file, max(length, _WINDOW), at)
            self._start, first = at, 0
        return self._data[first : first + length]


def broken(zh: str, en: str) -> Broken:
    """A refusal of these bytes."""
    return Broken(Words(zh, en))


def cut_short() -> Broken:
    """The refusal of a data set that declares more than it holds."""
    return broken(
        "文件不完整：声明的长度超过了实际内容，请重新发送。",
        "The file is incomplete: it declares more than it holds; send it again.",
    )


def inflate(source: Source, start: int) -> Source:
    """The deflated data set from ``start`` on, inflated into memory (PS3.5 §A.5); at most ``MAX_INFLATED`` bytes."""
    packed = source.size - start
    cap = min(MAX_INFLATED, max(FREE_INFLATED, packed * MAX_DEFLATION))
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    out = bytearray()
    at = start
    try:
        while not engine.eof and at < source.size:
            chunk = source.peek(at, _WINDOW)
            at += len(chunk)
            while chunk and len(out) <= cap:
                out += engine.decompress(chunk, _WINDOW * 4)
                chunk = engine.unconsumed_tail
            if len(out) > cap:
                raise broken(
                    "压缩的数据集展开后过大，已拒收。", "The deflated data set grows too large when inflated; refused."
                )
    except zlib.error as error:
        raise broken("压缩的数据集已损坏，无法展开。", "The deflated data set is damaged.") from error
    if not engine.eof:
        raise cut_short()
    return Source.of(bytes(out))
