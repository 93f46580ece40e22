"""What the DICOM door does beside C-ECHO and C-STORE: each service with the contexts it accepts and what it serves."""

import logging
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType
from typing import Any, cast

from pydicom.uid import UID
from pynetdicom import evt, sop_class
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import PresentationContext

from consult.actions.nodes import Call
from consult.channels.dicom import Gone, await_room
from consult.domain.errors import Refusal, Unavailable
from consult.domain.nodes import Node

log = logging.getLogger(__name__)

# PS3.7 §C.5, PS3.4 tables C.4-1 to C.4-3
SUCCESS, PENDING, PENDING_UNMATCHED, CANCELLED = 0x0000, 0xFF00, 0xFF01, 0xFE00
NOT_AUTHORIZED, NO_RESOURCES, NOT_THE_MODEL, CANNOT_PROCESS = 0x0124, 0xA700, 0xA900, 0xC000
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
SYNTAXES = (EXPLICIT, IMPLICIT)
"""The transfer syntaxes of data sets that are not stored, the one preferred first."""

NOT_SERVED = UID("1.2.840.10008.5.1.1.1")
"""A class that pynetdicom knows and that is not served: basic film session."""

COMMENT = 64  # characters of an error comment (PS3.7 table C.5.19-1, VR LO)

Known = Callable[[Call], Node | None]
"""Whose machine calls; None for a stranger. Raises Unavailable."""


@dataclass(frozen=True, slots=True)
class Service:
    """Abstract syntaxes with their transfer syntaxes, the kinds of messages they bring, and who serves those.

    ``offered`` looks at an association request before it is answered.
    """

    name: str
    abstract_syntaxes: tuple[str, ...]
    messages: tuple[type, ...]
    serve: Callable[[Association, Any, PresentationContext], None]
    offered: Callable[[A_ASSOCIATE], None] | None = None
    transfer_syntaxes: tuple[str, ...] = SYNTAXES


def served(services: Iterable[Service]) -> Mapping[type, Service]:
    """The services by the messages they serve."""
    return {message: service for service in services for message in service.messages}


def dispatch(service: Service, association: Association, message: Any, context: PresentationContext) -> None:
    """Serve one message in the thread of the association; whatever goes wrong ends the association, not the door."""
    inner = cast(Any, association)
    inner._is_paused = True  # so that pynetdicom's own calls do not wait for the thread that they are made in
    try:
        service.serve(association, message, context)
    except Gone:
        log.info("association ended during %s", service.name)
    except Exception:  # the edge of an association: its peer must be told, and the next one served
        log.exception("%s failed", service.name)
        association.abort()
    finally:
        inner._is_paused = False
        association.dimse.cancel_req = {}


def call_of(association: Association) -> Call:
    """Who calls, from where, and whether by TLS."""
    asked = cast(A_ASSOCIATE, association.requestor.primitive)
    by_tls = isinstance(cast(Any, association.dul.socket).socket, ssl.SSLSocket)
    return Call(str(asked.calling_ae_title).strip(), str(association.requestor.address), by_tls)


def caller_of(known: Known, association: Association) -> Node | None:
    """The machine that calls, if it may query; None else, also while nobody can tell."""
    try:
        node = known(call_of(association))
    except Unavailable:
        return None
    return node if node is not None and node.may_query else None


def is_cancelled(association: Association, message: Any) -> bool:
    """Whether the asker does not want the rest (C-CANCEL)."""
    return message.MessageID in association.dimse.cancel_req


def respond(
    association: Association,
    context: PresentationContext,
    request: Any,
    status: int,
    *,
    data: bytes = b"",
    comment: str = "",
    counts: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Answer a DIMSE-C request; ``counts`` are the numbers of sub-operations by field. Raises Gone."""
    answer = type(request)()
    answer.MessageIDBeingRespondedTo = request.MessageID
    answer.AffectedSOPClassUID = request.AffectedSOPClassUID
    answer.Status = status
    if comment:
        answer.ErrorComment = comment[:COMMENT]
    if data:
        answer.Identifier = BytesIO(data)
    for name, value in counts.items():
        setattr(answer, name, value)
    await_room(association)
    association.dimse.send_msg(answer, cast(int, context.context_id))


def refuse(
    association: Association, context: PresentationContext, request: Any, status: int, why: Refusal | str
) -> None:
    """Answer a request with a failure and its reason. Raises Gone."""
    comment = why.sentence.en if isinstance(why, Refusal) else why
    log.warning("%s of %s: %s", type(request).__name__, call_of(association).ae_title, comment)
    respond(association, context, request, status, comment=comment)


def body(request: Any) -> bytes:
    """The identifier of a request; empty where none came."""
    return request.Identifier.getvalue() if request.Identifier is not None else b""


def turn_away(asked: A_ASSOCIATE) -> None:
    """Have pynetdicom reject what is known not to be storage, and not served: else it takes for storage what it lacks.

    A rejected context is answered by its number alone, so its abstract syntax may be put in place of another's.
    """
    for context in asked.presentation_context_definition_list:
        uid = UID(str(context.abstract_syntax))
        if uid.type == "SOP Class" and "Storage" not in uid.name and not hasattr(sop_class, uid.keyword):
            context.abstract_syntax = NOT_SERVED


def agreed_extended(event: evt.Event) -> dict[str, bytes]:
    """The answer to SOP class extended negotiation (PS3.4 §C.5): what is asked of what we can.

    Byte 1, relational queries and retrieval; byte 2, date and time combined; no fuzzy names, no time zones.
    """
    told = cast(Mapping[str, bytes], cast(Any, event).app_info)
    return {uid: bytes(asked & ours for asked, ours in zip(info, b"\1\1", strict=False)) for uid, info in told.items()}
