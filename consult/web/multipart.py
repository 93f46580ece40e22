"""Reads multipart/related as it comes (RFC 2387): parts of any size, never more than a window of them in memory."""

import re
from collections.abc import Iterator
from typing import Protocol

from consult.domain.errors import Refusal, Words

WINDOW = 1 << 20  # bytes read at once
MOST_HEADERS = 16 << 10  # bytes of a part's headers
MALFORMED = Words("上传内容的分段格式有误。", "The multipart body is malformed.")


class Malformed(Refusal):
    """The body is not the multipart that its header says."""

    code = "malformed-multipart"


class Readable(Protocol):
    """A body to read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to so many bytes; empty at the end."""
        ...


class Parts:
    """The parts of a body, in order: iterate over them, and over the bytes of each before the next."""

    def __init__(self, body: Readable, boundary: str) -> None:
        self._body = body
        self._dash = b"\r\n--" + boundary.encode("latin_1")
        self._buffer = b"\r\n"  # so that a boundary at the very beginning looks like any other
        self._at = 0  # what lies before is taken

    def __iter__(self) -> Iterator["Part"]:
        """Each part. Raises Malformed where the body breaks off."""
        for _ in self._until_boundary():
            pass  # the preamble means nothing (RFC 2046 §5.1.1)
        while not self._closed():
            part = Part(self._headers(), self._until_boundary())
            yield part
            for _ in part.chunks:
                pass

    def _more(self) -> None:
        read = self._body.read(WINDOW)
        if not read:
            raise Malformed(MALFORMED)
        self._buffer = self._buffer[self._at :] + read
        self._at = 0

    def _until_boundary(self) -> Iterator[memoryview]:
        """The bytes before the next boundary; afterwards what is left begins behind it."""
        while True:
            found = self._buffer.find(self._dash, self._at)
            sure = found if found >= 0 else len(self._buffer) - len(self._dash)
            if sure > self._at:
                view = memoryview(self._buffer)[self._at : sure]
                self._at = sure
                yield view
            if found >= 0:
                self._at = found + len(self._dash)
                return
            self._more()

    def _closed(self) -> bool:
        """Whether the boundary was the closing one; else its line is taken."""
        while len(self._buffer) - self._at < 2:
            self._more()
        if self._buffer.startswith(b"--", self._at):
            return True
        if self._line(b"\r\n").strip(b" \t"):
            raise Malformed(MALFORMED)
        self._at -= 2  # its end may be the beginning of the empty line that ends the headers
        return False

    def _headers(self) -> dict[str, str]:
        lines = self._line(b"\r\n\r\n").decode("latin_1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _line(self, end: bytes) -> bytes:
        """What comes before this end, which is taken with it. Raises Malformed where it is too long."""
        while (found := self._buffer.find(end, self._at)) < 0:
            if len(self._buffer) - self._at > MOST_HEADERS:
                raise Malformed(MALFORMED)
            self._more()
        if found - self._at > MOST_HEADERS:
            raise Malformed(MALFORMED)
        taken = self._buffer[self._at : found]
        self._at = found + len(end)
        return taken


class Part:
    """One part: its headers in lower case, and its bytes in chunks."""

    def __init__(self, headers: dict[str, str], chunks: Iterator[memoryview]) -> None:
        self.headers = headers
        self.chunks = chunks


def parameter(header: str, name: str) -> str:
    """A parameter of a media type, quoted or not; "" where it is absent."""
    found = re.search(rf';\s*{re.escape(name)}\s*=\s*(?:"([^"]*)"|([^;,\s]*))', header, re.IGNORECASE)
    return (found.group(1) or found.group(2) or "") if found else ""
