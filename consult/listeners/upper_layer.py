"""Makes pynetdicom's acceptor stream: data sets go to disk as they come, and nobody sleeps while bytes wait.

pynetdicom 3.0.4 gathers a whole data set in memory, copies it six times, reads its socket 4 KB at a time, polls every
millisecond in two threads, and writes and reads command sets through pydicom: a third of the images per second that
the same machine can take. It keeps negotiation, the state machine and every message but C-STORE; what stands here
takes P-DATA in the state of data transfer, and C-STORE, by the seam it has: the request handler of its server.
"""

import queue
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AssociationSocket, RequestHandler

from consult.listeners.sockets import IDLE_S, MAX_PDU, WakingQueue, WakingSocket, WakingTlsSocket

MAX_COMMAND = 64 << 10  # bytes of a command set
MAX_IDENTIFIER = 1 << 20  # bytes of a data set that is not stored, such as a query

DATA_TRANSFER = "Sta6"  # PS3.8 table 9-5
P_DATA_TF = 0x04  # PS3.8 §9.3.5
COMMAND, LAST = 1, 2  # bits of a message control header (PS3.8 §E.2)

_C_STORE_RQ, _C_STORE_RSP, _NO_DATA_SET = 0x0001, 0x8001, 0x0101
_SOP_CLASS, _FIELD, _MESSAGE_ID, _ANSWERED = 0x0002, 0x0100, 0x0110, 0x0120
_DATA_SET_TYPE, _STATUS, _COMMENT, _SOP_INSTANCE = 0x0800, 0x0900, 0x0902, 0x1000


class Sink(Protocol):
    """What a data set is written into; it may refuse, but says so only when the whole has come."""

    def write(self, data: memoryview) -> None:
        """Append bytes; they are only good during the call."""

    def abandon(self) -> None:
        """The rest will not come, or nobody waits for an answer any more."""


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """A C-STORE request as its command set says it."""

    message_id: int
    sop_class: str
    sop_uid: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A status of a C-STORE (PS3.4 table B.2-1), with a comment of up to 64 characters."""

    status: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Storing:
    """What a door does with C-STORE: opens a sink for a request in a transfer syntax, and answers when it is full."""

    opened: Callable[[Association, StoreRequest, str], Sink]
    served: Callable[[Association, StoreRequest, Any], Answer]
    made: Callable[[Association], None]
    other: Callable[[Association, Any, int], bool]
    """Serves a message of another kind, in a context; whether it did."""


def command_elements(command: bytes) -> dict[int, bytes]:
    """A command set by element number (PS3.7 §6.3.1: Implicit VR Little Endian, group 0000). Raises ValueError."""
    elements: dict[int, bytes] = {}
    at = 0
    while at < len(command):
        if at + 8 > len(command):
            raise ValueError("a command set ends inside of an element")
        group, number, length = struct.unpack_from("<HHI", command, at)
        at += 8
        if group != 0 or at + length > len(command):
            raise ValueError("a command set with a foreign or cut element")
        elements[number] = command[at : at + length]
        at += length
    return elements


def store_request(command: bytes) -> StoreRequest | None:
    """The C-STORE request in a command set; None where it is another message, or none that is whole."""
    try:
        elements = command_elements(command)
        if _short(elements, _FIELD) != _C_STORE_RQ or _short(elements, _DATA_SET_TYPE) == _NO_DATA_SET:
            return None
        return StoreRequest(_short(elements, _MESSAGE_ID), _uid(elements, _SOP_CLASS), _uid(elements, _SOP_INSTANCE))
    except (ValueError, KeyError):
        return None


def _short(elements: dict[int, bytes], number: int) -> int:
    return int.from_bytes(elements[number], "little")


def _uid(elements: dict[int, bytes], number: int) -> str:
    return elements[number].rstrip(b"\0 ").decode("ascii")


def store_response(request: StoreRequest, answer: Answer) -> bytes:
    """The command set of a C-STORE response (PS3.7 §9.3.1.2)."""
    elements = [
        (_SOP_CLASS, _even(request.sop_class, b"\0")),
        (_FIELD, struct.pack("<H", _C_STORE_RSP)),
        (_ANSWERED, struct.pack("<H", request.message_id)),
        (_DATA_SET_TYPE, struct.pack("<H", _NO_DATA_SET)),
        (_STATUS, struct.pack("<H", answer.status)),
    ]
    if answer.comment:
        elements.append((_COMMENT, _even(answer.comment[:64], b" ")))
    elements.append((_SOP_INSTANCE, _even(request.sop_uid, b"\0")))
    body = b"".join(struct.pack("<HHI", 0, number, len(value)) + value for number, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _even(text: str, pad: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    return value + pad * (len(value) % 2)


class StreamingDul(DULServiceProvider):
    """Reads P-DATA in the state of data transfer straight into the DIMSE provider: state 6 stays state 6 (DT-2)."""

    _buffer: bytearray

    @classmethod
    def take_over(cls, stock: DULServiceProvider) -> "StreamingDul":
        """The same object in this class."""
        stock.__class__ = cls
        taken = cast(StreamingDul, stock)
        taken.to_provider_queue = WakingQueue(cast(WakingSocket, taken.socket).wake)
        taken._run_loop_delay = 0
        taken._buffer = bytearray()
        return taken

    def _read_pdu_data(self) -> None:
        connection = cast(WakingSocket, self.socket)
        if self.state_machine.current_state != DATA_TRANSFER:
            super()._read_pdu_data()
            return
        try:
            while self._read_p_data(connection) and cast(StreamingDimse, self.assoc.dimse).receiving:
                pass  # nothing is sent in the middle of an object: no need to look for it
        except OSError:
            self.event_queue.put("Evt17")

    def _read_p_data(self, connection: WakingSocket) -> bool:
        """Read one PDU and take it if it is P-DATA; whether it was, and was good. Raises OSError."""
        head = connection.recv(6)
        if len(head) < 6 or head[0] != P_DATA_TF:
            connection.given_back = bytes(head)
            super()._read_pdu_data()
            return False
        length = int.from_bytes(head[2:], "big")
        if length > MAX_PDU:
            self.event_queue.put("Evt19")
            return False
        if length > len(self._buffer):
            self._buffer = bytearray(length)
        with memoryview(self._buffer)[:length] as pdu:
            if connection.fill(pdu) < length:
                self.event_queue.put("Evt17")
                return False
            return self._take(pdu)

    def _take(self, pdu: memoryview) -> bool:
        """Hand over each presentation data value of a P-DATA-TF (PS3.8 §9.3.5.1); whether it was well formed."""
        dimse = cast(StreamingDimse, self.assoc.dimse)
        at = 0
        while at < len(pdu):
            length = int.from_bytes(pdu[at : at + 4], "big")
            if length < 2 or at + 4 + length > len(pdu):
                self.event_queue.put("Evt19")
                return False
            dimse.receive(pdu[at + 4], pdu[at + 5], pdu[at + 6 : at + 4 + length])
            at += 4 + length
        return True


class StreamingDimse(DIMSEServiceProvider):
    """Writes C-STORE data sets into sinks piece by piece, and answers them; every other message goes as ever."""

    def __init__(self, assoc: Association, storing: Storing) -> None:
        super().__init__(assoc)
        self._storing = storing
        self._others: Callable[[Any, int], None] = cast(Any, assoc)._serve_request
        self._command = bytearray()
        self._receiving: tuple[StoreRequest, Sink] | None = None
        self._identifier = 0

    @property
    def receiving(self) -> bool:
        """Whether an object is under way."""
        return self._receiving is not None

    def receive(self, context_id: int, control: int, fragment: memoryview) -> None:
        """Take the next fragment of a message (PS3.8 §E.2)."""
        if control & COMMAND:
            self._command += fragment
            if len(self._command) > MAX_COMMAND or self._receiving is not None:
                self._give_up()
            elif control & LAST:
                self._begin(context_id)
        elif self._receiving is None:
            self._pass_on(context_id, bytes([control]) + fragment)
        else:
            self._receiving[1].write(fragment)
            if control & LAST:
                self._serve_store(context_id, *self._receiving)

    def _begin(self, context_id: int) -> None:
        command, self._command = bytes(self._command), bytearray()
        request = store_request(command)
        context = cast(Any, self.assoc)._accepted_cx.get(context_id)
        if request is None or context is None:
            self._identifier = 0
            self._pass_on(context_id, bytes([COMMAND | LAST]) + command)
            return
        syntax = str(context.transfer_syntax[0])
        self._receiving = (request, self._storing.opened(self.assoc, request, syntax))

    def _pass_on(self, context_id: int, data: bytes) -> None:
        self._identifier += len(data)
        if self._identifier > MAX_IDENTIFIER:
            self._give_up()
            return
        fragment = P_DATA()
        fragment.presentation_data_value_list.append((context_id, data))
        self.receive_primitive(fragment)

    def _give_up(self) -> None:
        """Abort the association as after an invalid PDU (PS3.8 §9.2, event 19)."""
        self._command.clear()
        self.dul.event_queue.put("Evt19")

    def get_msg(self, block: bool = False) -> tuple[Any, Any]:
        """The next message; waits a little for it, where pynetdicom's loop would look again after a sleep."""
        try:
            return self.msg_queue.get(timeout=self.dimse_timeout if block else IDLE_S)
        except queue.Empty:
            return None, None

    def serve(self, message: Any, context_id: int) -> None:
        """Serve any other request in the thread of the association, in place of ``Association._serve_request``."""
        if not self._storing.other(self.assoc, message, context_id):
            self._others(message, context_id)

    def _serve_store(self, context_id: int, request: StoreRequest, sink: Sink) -> None:
        """Serve an object and answer in the thread that reads: the sender waits for the answer before its next one.

        PS3.8 table 9-10, DT-1: a P-DATA-TF leaves in state 6 and changes nothing, so it needs no state machine.
        """
        try:
            answer = self._storing.served(self.assoc, request, sink)
        finally:
            self._receiving = None
        value = store_response(request, answer)
        head = struct.pack(">BxIIBB", P_DATA_TF, len(value) + 6, len(value) + 2, context_id, COMMAND | LAST)
        connection = cast(WakingSocket, self.dul.socket).socket
        if connection is not None:
            connection.sendall(head + value)

    def interrupt(self) -> None:
        """Stop reading in the middle of an object, as if the peer had gone."""
        connection = cast(WakingSocket, self.dul.socket).socket
        if connection is not None:
            with suppress(OSError):  # it may have been closed at this moment
                connection.shutdown(socket.SHUT_RD)

    def abandon(self) -> None:
        """The association has ended: give up what was being written."""
        receiving, self._receiving = self._receiving, None
        if receiving is not None:
            receiving[1].abandon()


def accepting(storing: Storing) -> type[RequestHandler]:
    """The request handler class for a server whose associations stream."""

    class Accepting(RequestHandler):
        def _create_association(self) -> Association:
            assoc = super()._create_association()
            kind = WakingTlsSocket if isinstance(self.request, ssl.SSLSocket) else WakingSocket
            kind.take_over(cast(AssociationSocket, assoc.dul.socket))
            StreamingDul.take_over(assoc.dul)
            dimse = StreamingDimse(assoc, storing)
            assoc.dimse = dimse
            setattr(assoc, "_serve_request", dimse.serve)  # noqa: B010  a method, for the type checker
            storing.made(assoc)
            return assoc

    return Accepting
