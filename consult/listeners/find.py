"""Answers C-FIND, patient root and study root: found rows stream out while the asker takes them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from weakref import WeakSet

from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.presentation import PresentationContext

from consult.domain.errors import Broken, Unavailable
from consult.domain.nodes import Node
from consult.formats.identifiers import read_identifier, write_answer
from consult.listeners.services import (
    CANCELLED,
    CANNOT_PROCESS,
    NO_RESOURCES,
    NOT_AUTHORIZED,
    NOT_THE_MODEL,
    PENDING,
    PENDING_UNMATCHED,
    SUCCESS,
    Known,
    Service,
    body,
    call_of,
    caller_of,
    is_cancelled,
    refuse,
    respond,
)
from consult.queries import dimse
from consult.queries.dimse import Question

PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1"

Answers = Callable[[Node, Question], Iterator[Mapping[str, Any]]]
"""What a machine's question is answered, as DICOM JSON, one found object after the other. Raises Unavailable."""

Noted = Callable[[Node, str], None]
"""Writes down that a machine at an address searches. Raises Unavailable."""


class Finding:
    """C-FIND for machines that may query; ``our_title`` is what answers say to retrieve from.

    That a machine searches is written down once an association, before it is answered.
    """

    def __init__(self, answers: Answers, noted: Noted, known: Known, our_title: str) -> None:
        self._answers = answers
        self._noted = noted
        self._heard = WeakSet[Association]()
        self._known = known
        self._our_title = our_title

    def service(self) -> Service:
        """What the door needs to know."""
        return Service("C-FIND", (PATIENT_ROOT, STUDY_ROOT), (C_FIND,), self.serve)

    def serve(self, association: Association, request: Any, context: PresentationContext) -> None:
        """Answer one query. Raises Gone when the asker hangs up."""
        node = caller_of(self._known, association)
        if node is None:
            refuse(association, context, request, NOT_AUTHORIZED, "this machine may not query")
            return
        syntax = str(context.transfer_syntax[0])
        try:
            identifier = read_identifier(body(request), syntax, node.charset)
            level = dimse.level_of(identifier, request.AffectedSOPClassUID == PATIENT_ROOT)
            question = Question(identifier, level, self._our_title, _combines(association, context))
            pending = PENDING if question.fully_matched else PENDING_UNMATCHED
            self._note(node, association)
            for answer in self._answers(node, question):
                if is_cancelled(association, request):
                    respond(association, context, request, CANCELLED)
                    return
                data = write_answer(answer, identifier.charset, syntax)
                respond(association, context, request, pending, data=data)
        except dimse.BadIdentifier as why:
            refuse(association, context, request, NOT_THE_MODEL, why)
        except Broken as why:
            refuse(association, context, request, CANNOT_PROCESS, why)
        except Unavailable as why:
            refuse(association, context, request, NO_RESOURCES, why)
        else:
            respond(association, context, request, SUCCESS)

    def _note(self, node: Node, association: Association) -> None:
        if association not in self._heard:
            self._noted(node, call_of(association).address)
            self._heard.add(association)


def _combines(association: Association, context: PresentationContext) -> bool:
    """Whether it was negotiated that date and time match together (PS3.4 §C.5.1.1, byte 2)."""
    asked = cast(dict[str, bytes], association.requestor.sop_class_extended).get(cast(str, context.abstract_syntax))
    return asked is not None and len(asked) > 1 and asked[1] == 1
