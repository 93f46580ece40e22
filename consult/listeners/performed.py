"""Takes what modalities say of their work: performed procedure steps begin by N-CREATE and end by N-SET."""

from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import uuid4

from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_CREATE, N_SET
from pynetdicom.presentation import PresentationContext

from consult.channels.dicom import SUCCESS, await_room
from consult.domain.errors import Broken, Invalid, NotFound, Refusal, Unavailable, Words
from consult.domain.nodes import Node
from consult.domain.performed import Step, StepKnown, StepOver, StepStatus
from consult.domain.studies import is_uid
from consult.formats.performed import Said, read_step
from consult.listeners.services import NOT_AUTHORIZED, Known, Service, call_of

PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
# PS3.7 annex C; PS3.4 §F.7.2.1.3 and §F.7.2.2.3
PROCESSING_FAILURE, DUPLICATE, NO_SUCH_INSTANCE = 0x0110, 0x0111, 0x0112
BAD_VALUE, INVALID_INSTANCE, MISSING_ATTRIBUTE = 0x0106, 0x0117, 0x0120
STATUSES: tuple[tuple[type[Refusal], int], ...] = (
    (StepKnown, DUPLICATE),
    (StepOver, PROCESSING_FAILURE),
    (NotFound, NO_SUCH_INSTANCE),
    (Invalid, BAD_VALUE),
    (Broken, BAD_VALUE),
    (Unavailable, PROCESSING_FAILURE),
)
"""What a refusal is in DIMSE."""

Begin = Callable[[Node, Step], None]
"""Keeps a step that a machine began. Raises Refusal."""
Change = Callable[[Node, str, StepStatus | None, Mapping[str, tuple[str, ...]], str], None]
"""Keeps what a machine says of a step: its UID, status, series and reason. Raises Refusal."""


class Performing:
    """Modality performed procedure step, for machines that may send."""

    def __init__(self, begin: Begin, change: Change, known: Known) -> None:
        self._begin = begin
        self._change = change
        self._known = known

    def service(self) -> Service:
        """What the door needs to know."""
        return Service("performed procedure step", (PERFORMED_STEP,), (N_CREATE, N_SET), self.serve)

    def serve(self, association: Association, request: Any, context: PresentationContext) -> None:
        """Keep what one request says, and answer whether it was kept. Raises Gone."""
        creates = isinstance(request, N_CREATE)
        named = request.AffectedSOPInstanceUID if creates else request.RequestedSOPInstanceUID
        sop_uid = str(named) if named else f"2.25.{uuid4().int}"  # the creator may leave the naming to us
        try:
            status = self._kept(association, request, str(context.transfer_syntax[0]), sop_uid)
        except Refusal as why:
            status = next((code for kind, code in STATUSES if isinstance(why, kind)), PROCESSING_FAILURE)
        _respond(association, context, request, sop_uid, status)

    def _kept(self, association: Association, request: Any, syntax: str, sop_uid: str) -> int:
        node = self._known(call_of(association))
        if node is None or not node.may_send:
            return NOT_AUTHORIZED
        if not is_uid(sop_uid):
            return INVALID_INSTANCE
        if isinstance(request, N_CREATE):
            said = _said(request.AttributeList, syntax)
            if not said.status or not said.study_uids:
                return MISSING_ATTRIBUTE
            self._begin(node, Step(sop_uid, _status(said.status), said.study_uids, said.series, said.reason))
        else:
            said = _said(request.ModificationList, syntax)
            status = _status(said.status) if said.status else None
            self._change(node, sop_uid, status, said.series, said.reason)
        return SUCCESS


def _said(body: Any, syntax: str) -> Said:
    return read_step(body.getvalue() if body is not None else b"", syntax)


def _status(text: str) -> StepStatus:
    """Raises Invalid for a status that the standard does not have."""
    try:
        return StepStatus(text)
    except ValueError as unknown:
        raise Invalid.at("status", Words("没有这种检查状态。", "A step has no such status.")) from unknown


def _respond(association: Association, context: PresentationContext, request: Any, sop_uid: str, status: int) -> None:
    answer: Any = type(request)()
    answer.MessageIDBeingRespondedTo = request.MessageID
    answer.AffectedSOPClassUID = PERFORMED_STEP
    answer.AffectedSOPInstanceUID = sop_uid if is_uid(sop_uid) else None
    answer.Status = status
    await_room(association)
    association.dimse.send_msg(answer, cast(int, context.context_id))
