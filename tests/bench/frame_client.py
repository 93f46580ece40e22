"""A viewer in a hurry: many connections kept open, one request at a time on each, bodies counted and thrown away."""

import selectors
import socket
import time
from collections.abc import Sequence
from itertools import cycle
from typing import NamedTuple

LARGEST = 4 << 20  # bytes that one read may bring


class Fetched(NamedTuple):
    """Frames a second, their bytes, and how much of a core the client itself took."""

    rate: float
    frames: int
    bytes_each: int
    busy: float


class _Line:
    """A connection with one request under way; made anew when the server hangs up between two answers."""

    def __init__(self, port: int, ready: selectors.BaseSelector) -> None:
        self._port = port
        self._ready = ready
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port))
        self._ready.register(self.socket, selectors.EVENT_READ, self)

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self.request, self.left = request, 0  # no byte of the answer is known to come before its head
        try:
            self.socket.sendall(request)
        except ConnectionError:
            self._again()

    def _again(self) -> None:
        self.close()
        self._connect()
        self.ask(self.request)

    def close(self) -> None:
        """Hang up."""
        self._ready.unregister(self.socket)
        self.socket.close()

    def take(self, room: bytearray) -> int:
        """Read what is there; the bytes of the body when it is whole, else 0. Raises RuntimeError."""
        try:
            count = self.socket.recv_into(room)
        except ConnectionError:
            count = 0
        if not count and self.left:
            raise RuntimeError("the server hung up in the middle of an answer")
        if not count:
            self._again()
            return 0
        if self.left == 0:
            head, _, _ = bytes(room[:2048]).partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(bytes(room[:count])[:300].decode(errors="replace"))
            self.size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            self.left = self.size + len(head) + 4
        self.left -= count
        return self.size if self.left == 0 else 0


def fetch(port: int, paths: Sequence[str], headers: dict[str, str], connections: int, seconds: float) -> Fetched:
    """Ask for these again and again over so many connections for so long. Raises RuntimeError for any other answer."""
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    requests = cycle([f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{said}\r\n".encode() for path in paths])
    room, done, total = bytearray(LARGEST), 0, 0
    with selectors.DefaultSelector() as ready:
        lines = [_Line(port, ready) for _ in range(connections)]
        for line in lines:
            line.ask(next(requests))
        began, spent = time.perf_counter(), time.process_time()
        while (took := time.perf_counter() - began) < seconds:
            for key, _ in ready.select(seconds):
                size = key.data.take(room)
                if size:
                    done, total = done + 1, total + size
                    key.data.ask(next(requests))
        busy = (time.process_time() - spent) / took
        for line in lines:
            line.close()
    return Fetched(done / took, done, total // max(done, 1), busy)
