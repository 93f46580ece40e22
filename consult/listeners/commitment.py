"""Takes requests for storage commitment; the answer comes when the bytes were looked at, on a new association."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_ACTION
from pynetdicom.pdu_primitives import A_ABORT, A_P_ABORT, A_RELEASE
from pynetdicom.presentation import PresentationContext

from consult.actions.commitments import Reference
from consult.channels.dicom import COMMITMENT, COMMITMENT_INSTANCE, SUCCESS, await_room, has_ended, report_commitment
from consult.domain.errors import Broken, Unavailable
from consult.domain.nodes import Node
from consult.formats.commitments import read_request
from consult.listeners.services import NOT_AUTHORIZED, Known, Service, call_of

log = logging.getLogger(__name__)

REQUEST_COMMITMENT = 1  # action type (PS3.4 §J.3.2)
# PS3.7 annex C
NO_SUCH_ACTION, NO_SUCH_INSTANCE, INVALID_ARGUMENT, PROCESSING_FAILURE = 0x0123, 0x0112, 0x0115, 0x0110

Ask = Callable[[Node, str, Sequence[Reference], bool], str]
"""Keeps a machine's request durably; its id. The flag says that the answer is tried here first. Raises Unavailable."""
Judge = Callable[[str], list[tuple[str, str, int]]]
"""(SOP class, SOP instance, reason) of a request by its id. Raises Unavailable."""


class Committing:
    """Storage commitment, push model, for machines that may send."""

    def __init__(self, ask: Ask, judge: Judge, told: Callable[[str], None], known: Known) -> None:
        self._ask = ask
        self._judge = judge
        self._told = told
        self._known = known

    def service(self) -> Service:
        """What the door needs to know."""
        return Service("storage commitment", (COMMITMENT,), (N_ACTION,), self.serve)

    def serve(self, association: Association, request: Any, context: PresentationContext) -> None:
        """Keep one request and say so; where the asker cannot be called, or wants it here, answer it here too."""
        refused = _refusal(request)
        if refused is not None:
            _respond(association, context, request, refused)
            return
        try:
            node = self._known(call_of(association))
            if node is None or not node.may_send:
                _respond(association, context, request, NOT_AUTHORIZED)
                return
            told = request.ActionInformation.getvalue() if request.ActionInformation is not None else b""
            transaction_uid, pairs = read_request(told, str(context.transfer_syntax[0]))
            here = not node.reachable or _offers_role(association)
            key = self._ask(node, transaction_uid, [Reference(*pair) for pair in pairs], here)
        except Broken:
            _respond(association, context, request, INVALID_ARGUMENT)
            return
        except Unavailable:
            _respond(association, context, request, PROCESSING_FAILURE)
            return
        _respond(association, context, request, SUCCESS)
        if here:
            self._answer_here(association, key, transaction_uid)

    def _answer_here(self, association: Association, key: str, transaction_uid: str) -> None:
        """Answer on the association of the request, if the asker keeps it open; else the worker goes on trying."""
        outcome = self._judge(key)
        if has_ended(association) or isinstance(association.dul.peek_next_pdu(), A_RELEASE | A_ABORT | A_P_ABORT):
            return
        try:
            status = report_commitment(association, transaction_uid, outcome)
        except (ValueError, RuntimeError):
            log.warning("storage commitment could not be told on its own association")
            return
        if status == SUCCESS:
            self._told(key)


def _refusal(request: Any) -> int | None:
    if request.ActionTypeID != REQUEST_COMMITMENT:
        return NO_SUCH_ACTION
    if request.RequestedSOPInstanceUID != COMMITMENT_INSTANCE:
        return NO_SUCH_INSTANCE
    return None


def _offers_role(association: Association) -> bool:
    """Whether the asker negotiated roles for commitment, so that it listens on this association."""
    return COMMITMENT in {str(uid) for uid in association.requestor.role_selection}


def _respond(association: Association, context: PresentationContext, request: Any, status: int) -> None:
    answer = N_ACTION()
    answer.MessageIDBeingRespondedTo = request.MessageID
    answer.AffectedSOPClassUID = request.RequestedSOPClassUID
    answer.AffectedSOPInstanceUID = request.RequestedSOPInstanceUID
    answer.ActionTypeID = request.ActionTypeID
    answer.Status = status
    await_room(association)
    association.dimse.send_msg(answer, cast(int, context.context_id))
