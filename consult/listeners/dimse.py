"""The DICOM door: answers C-ECHO and takes in C-STORE from the machines that an institution named."""

import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from socketserver import BaseServer
from types import TracebackType
from typing import Any, Self, cast

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # its names are made when it is loaded
from pynetdicom.transport import ThreadedAssociationServer

from consult.actions.intake import Incoming, Intake, Mismatched, Named, Sender
from consult.domain.errors import Broken, NoRoom, NotAllowed, Refusal, Unavailable, Words
from consult.domain.studies import is_uid
from consult.formats.dicom import IMPLEMENTATION_NAME, IMPLEMENTATION_UID, part10_head
from consult.listeners.services import (
    NOT_AUTHORIZED,
    Known,
    Service,
    agreed_extended,
    call_of,
    dispatch,
    served,
    turn_away,
)
from consult.listeners.sockets import MAX_PDU
from consult.listeners.upper_layer import Answer, StoreRequest, Storing, StreamingDimse, accepting

log = logging.getLogger(__name__)

# PS3.4 table B.2-1
SUCCESS, NO_ROOM, NOT_THE_CLASS, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xA900, 0xC000
# PS3.8 §9.3.4: rejected for good, by the user, calling AE title not recognised; for now, local limit exceeded
CALLING_UNKNOWN, TOO_MANY = (0x01, 0x01, 0x03), (0x02, 0x03, 0x02)
TIMEOUT_S = 60.0  # of silence in an association
LISTEN_S = 1.0  # for a peer to take an abort when the door closes
ATTEND_S = 2.0  # between two looks at the open associations
SPARE = 16  # connections beyond the associations, which are told so rather than dropped

EMPTY = Broken(Words("数据集为空。", "The data set is empty."))
AWAY = Unavailable(Words("暂时无法接收，请稍后重发。", "It cannot be received now; send again later."))


NOT_A_SENDER = Words("该设备未获准发送影像。", "This machine may not send images.")


@dataclass(frozen=True, slots=True)
class Secure:
    """A port for TLS, and how it is spoken there."""

    port: int
    context: ssl.SSLContext


class DataSetOnDisk:
    """A data set on its way to disk under a Part 10 head; swallowed once it is refused, which is told at the end."""

    def __init__(self, intake: Intake, head: bytes) -> None:
        self._intake = intake
        self._incoming: Incoming | None = None
        self._refusal: Refusal | None = None
        self._head = len(head)
        try:
            self._incoming = intake.open()
            self._incoming.write(head)
        except Refusal as why:
            self._refuse(why)
        except OSError:
            log.exception("no file for a new object")
            self._refuse(AWAY)

    def write(self, data: memoryview) -> None:
        """Append to the file."""
        if self._incoming is not None:
            try:
                self._incoming.write(data)
            except NoRoom as why:
                self._refuse(why)

    def _refuse(self, why: Refusal) -> None:
        self._refusal = why
        self.abandon()

    def whole(self) -> Incoming:
        """The object; raises what it was refused for."""
        if self._incoming is None:
            raise self._refusal or AWAY
        if self._incoming.size == self._head:
            self.abandon()
            raise EMPTY
        return self._incoming

    def abandon(self) -> None:
        """The rest will not come."""
        if self._incoming is not None:
            self._intake.drop(self._incoming)
            self._incoming = None


@dataclass(slots=True)
class _Caller:
    """An open association: who calls, and the study it last sent into."""

    sender: Sender | None = None
    may_send: bool = False
    study_id: str | None = None


class _Server(ThreadedAssociationServer):
    """The listening socket, with a cap on connections that have not even asked for an association."""

    most: int = 64

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; hands are shaken in its own thread, so that nobody who dawdles keeps others waiting."""
        plain, address = cast(socket.socket, self.socket).accept()
        if self.ssl_context is None:
            return plain, address
        return self.ssl_context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody could not be served, mostly for want of TLS or of a certificate that we trust."""
        log.warning("connection from %s dropped: %s", client_address[0], type(sys.exception()).__name__)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether one more connection may be served."""
        return len(self.active_associations) < self.most

    def shutdown(self) -> None:
        """Stop listening; pynetdicom's own way expects a server that its AE has started."""
        BaseServer.shutdown(self)
        self.server_close()


class DimseListener:
    """Listens on ``host:port`` (0: any free one, see ``port``) as ``ae_title``. A context manager.

    ``known`` says whose machine calls; None refuses the association. ``services`` are what is served beside C-ECHO and
    C-STORE. ``secure`` is a second port, for TLS.
    """

    def __init__(
        self,
        intake: Intake,
        known: Known,
        *,
        host: str,
        port: int,
        ae_title: str = "CONSULT",
        max_associations: int = 50,
        services: Sequence[Service] = (),
        secure: Secure | None = None,
    ) -> None:
        self._intake = intake
        self._known = known
        self._services = services
        self._by_message = served(services)
        self._doors: list[tuple[tuple[str, int], ssl.SSLContext | None]] = [((host, port), None)]
        if secure is not None:
            self._doors.append(((host, secure.port), secure.context))
        self._max_associations = max_associations
        self._callers: dict[Association, _Caller] = {}
        self._ending = threading.Event()
        self._ae = AE(ae_title)
        self._ae.implementation_class_uid = IMPLEMENTATION_UID
        self._ae.implementation_version_name = IMPLEMENTATION_NAME
        self._ae.require_called_aet = True
        self._ae.maximum_pdu_size = MAX_PDU
        self._ae.maximum_associations = max_associations + SPARE
        self._ae.network_timeout = TIMEOUT_S
        self._ae.add_supported_context(Verification)
        for service in services:
            for syntax in service.abstract_syntaxes:
                self._ae.add_supported_context(syntax, list(service.transfer_syntaxes))
        self._servers: list[_Server] = []
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port(0)

    @property
    def secure_port(self) -> int:
        """The port that is listened on by TLS."""
        return self._port(1)

    @property
    def accepted(self) -> list[tuple[str, tuple[str, ...]]]:
        """The abstract syntaxes that are accepted, with their transfer syntaxes, beside all of storage."""
        contexts = self._ae.supported_contexts
        return [(str(each.abstract_syntax), tuple(map(str, each.transfer_syntax or ()))) for each in contexts]

    def _port(self, index: int) -> int:
        if len(self._servers) <= index:
            raise RuntimeError("not listening")
        return int(self._servers[index].server_address[1])

    def __enter__(self) -> Self:
        # These two are of the whole process. Every storage class is taken, private ones too, in the syntax that the
        # sender names first; and nothing of an image is formatted for a log.
        _config.UNRESTRICTED_STORAGE_SERVICE = True
        _config.LOG_HANDLER_LEVEL = "none"
        for address, context in self._doors:
            self._servers.append(self._server(address, context))
        targets = [server.serve_forever for server in self._servers]
        for name, target in (*(("dimse-accept", each) for each in targets), ("dimse-attend", self._attend)):
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        for server in self._servers:
            server.shutdown()
        self._hang_up()
        for association in list(self._callers):
            association.join(TIMEOUT_S)
        for thread in self._threads:
            thread.join(TIMEOUT_S)
        self._forget_ended()

    def _server(self, address: tuple[str, int], context: ssl.SSLContext | None) -> _Server:
        server = cast(
            _Server,
            self._ae.make_server(
                address,
                ssl_context=context,
                evt_handlers=[
                    (evt.EVT_CONN_CLOSE, self._closed),
                    (evt.EVT_REQUESTED, self._requested),
                    (evt.EVT_SOP_EXTENDED, agreed_extended),
                ],
                server_class=_Server,
                request_handler=accepting(Storing(self._opened, self._served, self._made, self._other)),
            ),
        )
        server.most = self._ae.maximum_associations
        return server

    def _hang_up(self) -> None:
        """Tell the peers, and shut the line of those that do not listen: in the middle of an object, or of a PDU."""
        idle: list[threading.Thread] = []
        for association in list(self._callers):
            if not cast(StreamingDimse, association.dimse).receiving:
                idle.append(threading.Thread(target=association.abort, daemon=True))
                idle[-1].start()
        until = time.monotonic() + LISTEN_S
        for thread in idle:
            thread.join(max(0.0, until - time.monotonic()))
        for association, caller in list(self._callers.items()):
            cast(StreamingDimse, association.dimse).interrupt()
            if caller.sender is None:  # its thread waits for them to say who they are
                cast(Any, association.dul).to_user_queue.put(None)

    # an association

    def _made(self, association: Association) -> None:
        self._callers[association] = _Caller()

    def _requested(self, event: evt.Event) -> None:
        """Who calls? A stranger is rejected, and whoever is one too many; pynetdicom checks the called title.

        It would count those that it is still hanging up on, and so refuse everybody who tries again at once.
        """
        association = event.assoc
        call = call_of(association)
        try:
            node, stranger = self._known(call), CALLING_UNKNOWN
        except Unavailable:
            node, stranger = None, TOO_MANY
        established = sum(each.is_established for each in list(self._callers))
        if node is None or established >= self._max_associations:
            log.warning("association refused: AE title %r from %s, %d associations", *call[:2], established)
            association.acse.send_reject(*(stranger if node is None else TOO_MANY))
            association.kill()
            return
        self._callers[association].sender = Sender(node.institution, node.ae_title, "dimse", node.charset)
        self._callers[association].may_send = node.may_send
        asked = cast(A_ASSOCIATE, association.requestor.primitive)
        turn_away(asked)
        for service in self._services:
            if service.offered is not None:
                service.offered(asked)

    def _other(self, association: Association, message: Any, context_id: int) -> bool:
        """Serve a message of one of the services; whether it was one."""
        service = self._by_message.get(type(message))
        context = cast(Any, association)._accepted_cx.get(context_id)
        if service is None or context is None or not message.is_valid_request:
            return False
        if str(context.abstract_syntax) not in service.abstract_syntaxes:
            return False
        dispatch(service, association, message, context)
        return True

    def _opened(self, _: Association, request: StoreRequest, syntax: str) -> DataSetOnDisk:
        sop_class, sop_uid = (uid if is_uid(uid) else "" for uid in (request.sop_class, request.sop_uid))
        return DataSetOnDisk(self._intake, part10_head(sop_class, sop_uid, syntax))

    def _served(self, association: Association, request: StoreRequest, data_set: DataSetOnDisk) -> Answer:
        """Answer a C-STORE when the object is on disk, row and all, or say why it was not taken."""
        caller = self._callers[association]
        try:
            if caller.sender is None:
                raise AWAY
            if not caller.may_send:
                raise NotAllowed(NOT_A_SENDER)
            named = Named(request.sop_class, request.sop_uid)
            receipt = self._intake.take(data_set.whole(), caller.sender, named)
        except Refusal as why:
            log.warning("object not taken from %s: %s", caller.sender and caller.sender.name, why.sentence.en)
            return Answer(_status(why), why.sentence.en)
        except Exception:  # the edge of an association: its sender must get an answer
            log.exception("object not taken")
            return Answer(NO_ROOM, AWAY.sentence.en)
        caller.study_id = receipt.study_id
        return Answer(SUCCESS)

    def _closed(self, event: evt.Event) -> None:
        """Whoever hung up has sent what there was to send, unless another association of theirs still sends it."""
        caller = self._callers.get(event.assoc)
        if caller is None or caller.study_id is None:
            return
        study_id, caller.study_id = caller.study_id, None
        if study_id in {other.study_id for other in list(self._callers.values())}:
            return
        try:
            self._intake.hung_up({study_id})
        except Unavailable:
            log.warning("the database is away; the study will be looked at when it is quiet")

    # between associations

    def _attend(self) -> None:
        """Keep the studies of open associations receiving, and clear up after those that ended."""
        while not self._ending.wait(ATTEND_S):
            self._forget_ended()
            held = {caller.study_id for caller in list(self._callers.values()) if caller.study_id is not None}
            if held:
                try:
                    self._intake.still_connected(held)
                except Unavailable:
                    log.warning("the database is away; open studies will be looked at again")

    def _forget_ended(self) -> None:
        for association in [each for each in self._callers if each.ident is not None and not each.is_alive()]:
            cast(StreamingDimse, association.dimse).abandon()
            del self._callers[association]


def _status(why: Refusal) -> int:
    if isinstance(why, Mismatched):
        return NOT_THE_CLASS
    if isinstance(why, NotAllowed):
        return NOT_AUTHORIZED
    return CANNOT_UNDERSTAND if isinstance(why, Broken) else NO_ROOM
