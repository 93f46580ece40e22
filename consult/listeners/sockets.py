"""The socket of an association: reads a PDU in few calls and wakes at once for what is to be sent, by TLS or not."""

import os
import queue
import select
import socket
import ssl
import struct
import time
import weakref
from typing import Any, cast

from pynetdicom.transport import AssociationSocket

MAX_PDU = 1 << 20  # bytes; larger ones gain nothing, and an unlimited one would have to be held in memory whole
IDLE_S = 0.05  # how long a thread waits for something to happen before it looks at its timers
STALLED_S = 60  # a peer that stops in the middle of a PDU is given up after so long


class WakingSocket(AssociationSocket):
    """A socket that reads a PDU in few calls, and waits for bytes or for something to send, whichever comes first."""

    wake: int
    given_back: bytes
    _poll: "select.poll"

    @classmethod
    def take_over(cls, stock: AssociationSocket) -> "WakingSocket":
        """The same object in this class: pynetdicom has no seam where it makes the socket of an acceptor."""
        stock.__class__ = cls
        taken = cast(WakingSocket, stock)
        taken.wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(taken, os.close, taken.wake)
        plain = cast(socket.socket, taken.socket)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stalled = struct.pack("ll", STALLED_S, 0)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, stalled)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, stalled)
        taken.given_back = b""
        taken._poll = select.poll()
        taken._poll.register(plain, select.POLLIN)
        taken._poll.register(taken.wake, select.POLLIN)
        return taken

    @property
    def ready(self) -> bool:
        """Whether bytes wait; comes back at once when a primitive is to be sent, and after ``IDLE_S`` in any case."""
        if self.socket is None or not self._is_connected:
            time.sleep(IDLE_S / 50)  # no socket to wait for, and the caller asks again at once
            return False
        patience = 0 if not self.event_queue.empty() else IDLE_S * 1000
        try:
            there = self.socket.fileno()
            happened = {file for file, _ in self._poll.poll(patience)}
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False
        if self.wake in happened:
            os.eventfd_read(self.wake)
        return there in happened

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly so many bytes, or fewer when the peer has closed. Raises OSError for an absurd PDU."""
        if nr_bytes > MAX_PDU:
            raise OSError("a PDU longer than was agreed")
        kept, self.given_back = self.given_back[:nr_bytes], self.given_back[nr_bytes:]
        got = bytearray(nr_bytes)
        got[: len(kept)] = kept
        with memoryview(got) as view:
            filled = len(kept) + self.fill(view[len(kept) :])
        del got[filled:]
        return got

    def _shutdown_socket(self) -> None:
        """Close the socket even where the peer has gone and there is nothing left to shut down."""
        super()._shutdown_socket()
        if self.socket is not None:
            self.socket.close()

    def fill(self, view: memoryview) -> int:
        """Read until the view is full or the peer has closed; the number of bytes read. Raises OSError."""
        filled = 0
        while filled < len(view):
            count = cast(socket.socket, self.socket).recv_into(view[filled:], 0, socket.MSG_WAITALL)
            if not count:
                break
            filled += count
        return filled


class WakingTlsSocket(WakingSocket):
    """The same by TLS, where bytes may wait decrypted already, and reading takes no flags."""

    @classmethod
    def take_over(cls, stock: AssociationSocket) -> "WakingSocket":
        """The same object in this class, once the peer has shaken hands. Raises OSError."""
        taken = super().take_over(stock)
        connection = cast(ssl.SSLSocket, taken.socket)
        connection.settimeout(STALLED_S)
        connection.do_handshake()
        return taken

    @property
    def ready(self) -> bool:
        """Whether bytes wait, decrypted or not."""
        connection = cast("ssl.SSLSocket | None", self.socket)
        if connection is not None and self._is_connected and connection.pending():
            return True
        return super().ready

    def fill(self, view: memoryview) -> int:
        """Read until the view is full or the peer has closed; the number of bytes read. Raises OSError."""
        filled = 0
        while filled < len(view):
            count = cast(ssl.SSLSocket, self.socket).recv_into(view[filled:])
            if not count:
                break
            filled += count
        return filled


class WakingQueue(queue.Queue[Any]):
    """The queue of what is to be sent, which wakes the thread that sends."""

    def __init__(self, wake: int) -> None:
        super().__init__()
        self._wake = wake

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put the item and wake the reader."""
        super().put(item, block, timeout)
        os.eventfd_write(self._wake, 1)
