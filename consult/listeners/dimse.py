"""The DICOM door: answers C-ECHO and takes in C-STORE from the machines that an institution named."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from socketserver import BaseServer
from types import TracebackType
from typing import Any, Self, cast

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from pynetdicom.transport import ThreadedAssociationServer

from consult.actions.intake import Incoming, Intake, Mismatched, Named, Sender
from consult.domain.errors import Broken, NoRoom, Refusal, Unavailable, Words
from consult.domain.studies import is_uid
from consult.formats.dicom import IMPLEMENTATION_NAME, IMPLEMENTATION_UID, part10_head
from consult.listeners.upper_layer import MAX_PDU, Answer, StoreRequest, Storing, StreamingDimse, accepting

log = logging.getLogger(__name__)

# PS3.4 table B.2-1
SUCCESS, NO_ROOM, NOT_THE_CLASS, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xA900, 0xC000
# PS3.8 §9.3.4: rejected for good, by the user, calling AE title not recognised; for now, local limit exceeded
CALLING_UNKNOWN, TOO_MANY = (0x01, 0x01, 0x03), (0x02, 0x03, 0x02)
TIMEOUT_S = 60.0  # of silence in an association
ATTEND_S = 2.0  # between two looks at the open associations
SPARE = 16  # connections beyond the associations, which are told so rather than dropped

EMPTY = Broken(Words("数据集为空。", "The data set is empty."))
AWAY = Unavailable(Words("暂时无法接收，请稍后重发。", "It cannot be received now; send again later."))


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
    study_id: str | None = None


class _Server(ThreadedAssociationServer):
    """The listening socket, with a cap on connections that have not even asked for an association."""

    most: int = 64

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether one more connection may be served."""
        return len(self.active_associations) < self.most

    def shutdown(self) -> None:
        """Stop listening; pynetdicom's own way expects a server that its AE has started."""
        BaseServer.shutdown(self)
        self.server_close()


class DimseListener:
    """Listens on ``host:port`` (0: any free one, see ``port``) as ``ae_title``. A context manager.

    ``institution_of`` says whose machine calls, by calling AE title and peer address; None refuses the association.
    """

    def __init__(
        self,
        intake: Intake,
        institution_of: Callable[[str, str], str | None],
        *,
        host: str,
        port: int,
        ae_title: str = "CONSULT",
        max_associations: int = 50,
    ) -> None:
        self._intake = intake
        self._institution_of = institution_of
        self._address = (host, port)
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
        self._server: _Server | None = None
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None:
            raise RuntimeError("not listening")
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        # These two are of the whole process. Every storage class is taken, private ones too, in the syntax that the
        # sender names first; and nothing of an image is formatted for a log.
        _config.UNRESTRICTED_STORAGE_SERVICE = True
        _config.LOG_HANDLER_LEVEL = "none"
        server = self._ae.make_server(
            self._address,
            evt_handlers=[(evt.EVT_CONN_CLOSE, self._closed), (evt.EVT_REQUESTED, self._requested)],
            server_class=_Server,
            request_handler=accepting(Storing(self._opened, self._served, self._made)),
        )
        self._server = cast(_Server, server)
        self._server.most = self._ae.maximum_associations
        for name, target in (("dimse-accept", self._server.serve_forever), ("dimse-attend", self._attend)):
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        if self._server is not None:
            self._server.shutdown()
        for association in list(self._callers):
            self._hang_up(association)
        for association in list(self._callers):
            association.join(TIMEOUT_S)
        for thread in self._threads:
            thread.join(TIMEOUT_S)
        self._forget_ended()

    def _hang_up(self, association: Association) -> None:
        dimse = cast(StreamingDimse, association.dimse)
        if dimse.receiving:
            dimse.interrupt()
        else:
            association.abort()

    # an association

    def _made(self, association: Association) -> None:
        self._callers[association] = _Caller()

    def _requested(self, event: evt.Event) -> None:
        """Who calls? A stranger is rejected, and whoever is one too many; pynetdicom checks the called title.

        It would count those that it is still hanging up on, and so refuse everybody who tries again at once.
        """
        association = event.assoc
        asked = cast(A_ASSOCIATE, association.requestor.primitive)
        title, host = str(asked.calling_ae_title).strip(), str(association.requestor.address)
        institution = self._institution_of(title, host)
        established = sum(each.is_established for each in list(self._callers))
        if institution is None or established >= self._max_associations:
            log.warning("association refused: AE title %r from %s, %d associations", title, host, established)
            association.acse.send_reject(*(CALLING_UNKNOWN if institution is None else TOO_MANY))
            association.kill()
            return
        self._callers[association].sender = Sender(institution, title, "dimse")

    def _opened(self, _: Association, request: StoreRequest, syntax: str) -> DataSetOnDisk:
        sop_class, sop_uid = (uid if is_uid(uid) else "" for uid in (request.sop_class, request.sop_uid))
        return DataSetOnDisk(self._intake, part10_head(sop_class, sop_uid, syntax))

    def _served(self, association: Association, request: StoreRequest, data_set: DataSetOnDisk) -> Answer:
        """Answer a C-STORE when the object is on disk, row and all, or say why it was not taken."""
        caller = self._callers[association]
        try:
            if caller.sender is None:
                raise AWAY
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
    return CANNOT_UNDERSTAND if isinstance(why, Broken) else NO_ROOM
