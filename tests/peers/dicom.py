"""A DICOM peer by hand, which sends the very bytes that a test wants sent."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager


def data_set_of(file: bytes) -> bytes:
    """The data set of a Part 10 file that says how long its head is."""
    (length,) = struct.unpack_from("<I", file, 140)
    return file[144 + length :]


def _status(command: bytes) -> int:
    at = 0
    while at < len(command):
        number, length = struct.unpack_from("<2xHI", command, at)
        if number == 0x0900:
            return int.from_bytes(command[at + 8 : at + 8 + length], "little")
        at += 8 + length
    raise ValueError("an answer without a status")


@contextmanager
def raw_association(port: int, *contexts: str) -> Iterator[socket.socket]:
    """A peer by hand (PS3.8 §9.3); ``contexts`` are SOP class and syntax in turn, their ids 1, 3, 5 …"""

    def item(kind: int, body: bytes) -> bytes:
        return struct.pack(">BBH", kind, 0, len(body)) + body

    pairs = enumerate(zip(contexts[::2], contexts[1::2], strict=True))
    offered = [
        item(0x20, bytes([2 * n + 1, 0, 0, 0]) + item(0x30, of.encode()) + item(0x40, by.encode()))
        for n, (of, by) in pairs
    ]
    user = item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"2.25.1"))
    body = struct.pack(">HH16s16s32x", 1, 0, b"CONSULT".ljust(16), b"ANLONG".ljust(16))
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + b"".join(offered) + user
    with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.sendall(struct.pack(">BBI", 1, 0, len(body)) + body)
        assert pdu(peer)[0] == 2
        yield peer


def pdu(peer: socket.socket) -> tuple[int, bytes]:
    """The next PDU: its kind and body. Raises ConnectionError when the peer has gone."""

    def exactly(count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = peer.recv(count - len(got))
            if not more:
                raise ConnectionError("the peer closed")
            got += more
        return got

    kind, _, length = struct.unpack(">BBI", exactly(6))
    return kind, exactly(length)


def p_data(*values: tuple[int, int, bytes]) -> bytes:
    """A P-DATA-TF of (context id, control header, fragment) (PS3.8 §9.3.5)."""
    body = b"".join(struct.pack(">IBB", len(value) + 2, context, control) + value for context, control, value in values)
    return struct.pack(">BBI", 4, 0, len(body)) + body


def pdv(context: int, control: int, value: bytes) -> bytes:
    """A P-DATA-TF of one fragment."""
    return p_data((context, control, value))


def c_store_rq(sop_class: str, sop_uid: str, message_id: int = 1) -> bytes:
    """The command set of a C-STORE request (PS3.7 §9.3.1.1)."""

    def one(number: int, value: bytes) -> bytes:
        value += b"\0" * (len(value) % 2)
        return struct.pack("<HHI", 0, number, len(value)) + value

    body = one(0x0002, sop_class.encode()) + one(0x0100, b"\1\0") + one(0x0110, struct.pack("<H", message_id))
    body += one(0x0700, b"\2\0") + one(0x0800, b"\0\0") + one(0x1000, sop_uid.encode())
    return one(0, struct.pack("<I", len(body))) + body


def answer_of(peer: socket.socket) -> int:
    """The status of the next answer."""
    kind, body = pdu(peer)
    assert kind == 4, f"PDU {kind}"
    return _status(body[6:])


PIECE = 64 << 10


def store_raw(peer: socket.socket, sop_class: str, sop_uid: str, data: bytes, context: int = 1) -> int:
    """C-STORE these very bytes; the status."""
    peer.sendall(pdv(context, 3, c_store_rq(sop_class, sop_uid)))
    for at in range(0, len(data) or 1, PIECE):
        piece = data[at : at + PIECE]
        peer.sendall(pdv(context, 2 * (at + PIECE >= len(data)), piece))
    return answer_of(peer)
