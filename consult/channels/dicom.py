"""We as the caller of DICOM peers: is it there, what does it hold, take these objects, this is what we committed to."""

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, build_context, build_role
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation, AssociationSocket

from consult.domain.errors import Unavailable, Words
from consult.domain.nodes import Node
from consult.formats.dicom import IMPLEMENTATION_NAME, IMPLEMENTATION_UID

# PS3.6 annex A
VERIFICATION, STUDY_ROOT_FIND = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.2.2.1"
COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"

CONNECT_S, ANSWER_S, SILENT_S = 5.0, 60.0, 60.0
MAX_PDV = 128 << 10  # bytes that go out at once, whatever the peer would take: a large object is not read whole
IN_QUEUE = 32  # pieces that wait to be sent before the next is made
ROOM_S = 0.0005  # between two looks at that queue
SUCCESS, NO_ANSWER = 0x0000, 0xA700
PENDING = frozenset({0xFF00, 0xFF01})
ALL_COMMITTED, SOME_FAILED = 1, 2  # event types of PS3.4 §J.3.3
NOT_COMMITTED = "FailureReason"


class Unreachable(Unavailable):
    """A DICOM peer does not answer, refuses the association, or falls silent; it may answer later."""

    code = "peer-unreachable"

    def __init__(self, node: Node) -> None:
        super().__init__(
            Words(f"DICOM 设备 {node.ae_title} 无应答。", f"The DICOM peer {node.ae_title} does not answer.")
        )


class Gone(Exception):
    """The association ended while we were at it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An object to send, in the transfer syntax it is in: from a file at an offset, or from bytes."""

    sop_class: str
    sop_uid: str
    syntax: str
    path: Path | None = None
    at: int = 0
    data: bytes = b""


class Originator(NamedTuple):
    """Who asked for a C-MOVE, and by which message (PS3.7 §9.1.1.1)."""

    ae_title: str
    message_id: int


class _Socket(AssociationSocket):
    """A socket that is closed also when nobody answered, and that acknowledges at once what it gets.

    A peer that writes its answer in two pieces does not send the second before the first is acknowledged (Nagle), for
    which TCP would take 40 ms.
    """

    def send(self, bytestream: bytes) -> None:
        """Send, and be quick to acknowledge the answer."""
        super().send(bytestream)
        acknowledge_at_once(self.socket)

    def _shutdown_socket(self) -> None:
        super()._shutdown_socket()
        if self.socket is not None:
            self.socket.close()


class _Entity(AE):
    """An application entity that calls through such sockets."""

    def _create_socket(
        self, assoc: Association, address: AddressInformation, tls_args: tuple[ssl.SSLContext, str] | None
    ) -> AssociationSocket:
        made = _Socket(assoc, address=address)
        made.tls_args = tls_args
        return made


class Peers:
    """Calls DICOM peers as ``ae_title``; ``tls`` is used where a peer wants it."""

    def __init__(self, ae_title: str, tls: ssl.SSLContext | None = None) -> None:
        self._ae_title = ae_title
        self._tls = tls

    @contextmanager
    def calling(
        self, node: Node, contexts: Sequence[PresentationContext], roles: Sequence[Any] = ()
    ) -> Iterator[Association]:
        """An association with a peer. Raises Unreachable when there is none."""
        _config.LOG_HANDLER_LEVEL = "none"
        if node.host is None or node.port is None or (node.tls and self._tls is None):
            raise Unreachable(node)
        association = self._entity().associate(
            node.host,
            node.port,
            contexts=list(contexts),
            ae_title=node.ae_title,
            ext_neg=list(roles),
            tls_args=(self._tls, node.host) if node.tls and self._tls else None,
        )
        try:
            if not association.is_established:
                raise Unreachable(node)
            plain = cast(socket.socket, cast(Any, association.dul.socket).socket)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield association
        finally:
            hang_up(association)

    def _entity(self) -> AE:
        entity = _Entity(self._ae_title)
        entity.implementation_class_uid = IMPLEMENTATION_UID
        entity.implementation_version_name = IMPLEMENTATION_NAME
        entity.connection_timeout = CONNECT_S
        entity.acse_timeout = CONNECT_S
        entity.dimse_timeout = ANSWER_S
        entity.network_timeout = SILENT_S
        return entity

    def echo(self, node: Node) -> None:
        """C-ECHO. Raises Unreachable."""
        with self.calling(node, [build_context(VERIFICATION)]) as association:
            if association.send_c_echo().get("Status") != SUCCESS:
                raise Unreachable(node)

    def counts(self, node: Node, study_uid: str) -> dict[str, int]:
        """How many instances the peer says it holds, by series UID; empty where it knows no such study.

        Raises Unreachable.
        """
        with self.calling(node, [build_context(STUDY_ROOT_FIND)]) as association:
            wanted = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": "", "NumberOfSeriesRelatedInstances": ""}
            found = _found(node, association, "SERIES", wanted)
            counted: dict[str, int] = {}
            for row in found:
                series_uid, told = str(row.get("SeriesInstanceUID", "")), row.get("NumberOfSeriesRelatedInstances")
                if series_uid and told in (None, ""):  # an optional key: then its instances are counted one by one
                    one = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid, "SOPInstanceUID": ""}
                    told = len({str(each.get("SOPInstanceUID")) for each in _found(node, association, "IMAGE", one)})
                if series_uid:
                    counted[series_uid] = int(cast(int, told))
        return counted

    def tell_commitment(self, node: Node, transaction_uid: str, outcome: Sequence[tuple[str, str, int]]) -> None:
        """N-EVENT-REPORT on an association of its own: (SOP class, SOP instance, reason), 0 where it is committed.

        Raises Unreachable when the peer does not take it.
        """
        role = build_role(COMMITMENT, scp_role=True)
        with self.calling(node, [build_context(COMMITMENT)], [role]) as association:
            try:
                status = report_commitment(association, transaction_uid, outcome)
            except ValueError as no_role:  # the peer did not let us be the one who commits
                raise Unreachable(node) from no_role
            if status != SUCCESS:
                raise Unreachable(node)


def report_commitment(association: Association, transaction_uid: str, outcome: Sequence[tuple[str, str, int]]) -> int:
    """Send the N-EVENT-REPORT of PS3.4 §J.3.3; the peer's status, or ``NO_ANSWER``. Raises ValueError without role."""
    told = Dataset()
    told.TransactionUID = transaction_uid
    kept = [_reference(*each) for each in outcome if not each[2]]
    failed = [_reference(*each) for each in outcome if each[2]]
    if kept:
        told.ReferencedSOPSequence = kept
    if failed:
        told.FailedSOPSequence = failed
    event = SOME_FAILED if failed else ALL_COMMITTED
    answer, _ = association.send_n_event_report(told, event, COMMITMENT, COMMITMENT_INSTANCE)
    return int(answer.get("Status", NO_ANSWER))


def _reference(sop_class: str, sop_uid: str, reason: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_uid
    if reason:
        item.FailureReason = reason
    return item


def _found(node: Node, association: Association, level: str, wanted: dict[str, str]) -> list[Dataset]:
    """All answers to a C-FIND. Raises Unreachable when the peer fails or falls silent."""
    query = Dataset()
    query.QueryRetrieveLevel = level
    for name, value in wanted.items():
        setattr(query, name, value)
    rows: list[Dataset] = []
    for status, row in association.send_c_find(query, STUDY_ROOT_FIND):
        if status.get("Status") in PENDING and row is not None:
            rows.append(row)
        elif status.get("Status") != SUCCESS:
            raise Unreachable(node)
    return rows


# sending objects


def hang_up(association: Association) -> None:
    """Release an association that stands, and wait for its threads."""
    if association.is_established:
        association.release()
    if association.ident is not None:
        association.join(SILENT_S)


@contextmanager
def reactor_paused(association: Association) -> Iterator[None]:
    """Nobody else takes the peer's answers meanwhile; for associations that we asked for."""
    inner = cast(Any, association)
    inner._reactor_checkpoint.clear()
    while not inner._is_paused and association.is_alive():
        time.sleep(ROOM_S)  # the reactor only says so in this flag
    try:
        yield
    finally:
        inner._reactor_checkpoint.set()


def store(
    association: Association,
    context_id: int,
    sent: Outgoing,
    message_id: int,
    originator: Originator | None = None,
) -> int:
    """C-STORE an object, byte by byte as it is; the peer's status. Raises Gone when the association ends.

    The caller is the only one who takes messages from the association meanwhile.
    """
    request = C_STORE()
    request.MessageID = message_id
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sent.sop_class, sent.sop_uid
    request.Priority = 0
    if originator is not None:
        request.MoveOriginatorApplicationEntityTitle = originator.ae_title
        request.MoveOriginatorMessageID = originator.message_id
    if sent.path is None:
        request.DataSet = BytesIO(sent.data)
    else:
        cast(Any, request)._dataset_path = (sent.path, sent.at)
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    for piece in message.encode_msg(context_id, min(association.dimse.maximum_pdu_size or MAX_PDV, MAX_PDV)):
        await_room(association)
        association.dul.send_pdu(piece)
    _, answer = association.dimse.get_msg(block=True)
    if not isinstance(answer, C_STORE) or answer.Status is None:
        raise Gone
    return int(answer.Status)


def acknowledge_at_once(connection: socket.socket | None) -> None:
    """Until we send again, what comes is acknowledged without delay."""
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def await_room(association: Association) -> None:
    """Wait while much waits to be sent already. Raises Gone when the association has ended."""
    while association.dul.to_provider_queue.qsize() > IN_QUEUE:
        if has_ended(association):
            raise Gone
        time.sleep(ROOM_S)  # pynetdicom's queue has no bound that one could wait for
    if has_ended(association):
        raise Gone


def has_ended(association: Association) -> bool:
    """Whether nobody listens any more."""
    return bool(association.acse.is_aborted()) or not association.dul.is_alive()
