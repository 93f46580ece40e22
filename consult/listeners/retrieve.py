"""Serves C-MOVE and C-GET: the objects as they are stored, rewritten only for a peer that cannot take them so."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.dsutils import encode
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import PresentationContext

from consult.actions.nodes import Export
from consult.channels.dicom import Gone, Originator, Peers, Unreachable, has_ended, reactor_paused, store
from consult.domain.errors import Broken, Unavailable
from consult.domain.nodes import Node
from consult.formats.identifiers import Identifier, read_identifier
from consult.listeners.outgoing import Contexts, Loader, batches, of_association, proposed
from consult.listeners.services import (
    CANCELLED,
    CANNOT_PROCESS,
    EXPLICIT,
    IMPLICIT,
    NO_RESOURCES,
    NOT_AUTHORIZED,
    NOT_THE_MODEL,
    PENDING,
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
from consult.queries.dimse import Held

log = logging.getLogger(__name__)

PATIENT_MOVE, STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.2.2"
PATIENT_GET, STUDY_GET = "1.2.840.10008.5.1.4.1.2.1.3", "1.2.840.10008.5.1.4.1.2.2.3"
# PS3.4 tables C.4-2 and C.4-3
NONE_SENT, NO_SUCH_DESTINATION, SOME_NOT_SENT = 0xA702, 0xA801, 0xB000
WARNINGS = frozenset({0xB000, 0xB006, 0xB007})  # PS3.4 table B.2-1
MOST = 0xFFFF  # that a number of sub-operations can say (VR US)

Retrieved = Callable[[Node, Node, Identifier, bool], list[Held]]
"""The objects that an identifier means: for the asker, to the receiver, in the patient root or not."""
Noted = Callable[[Export], None]
"""Writes down what goes out, before it does. Raises Unavailable."""
Destination = Callable[[str], Node | None]
"""The machine of an AE title, if it is known. Raises Unavailable."""


@dataclass(slots=True)
class Progress:
    """The sub-operations of one retrieval (PS3.4 §C.4.2.1.6)."""

    remaining: int
    completed: int = 0
    failed: int = 0
    warned: int = 0
    not_sent: list[str] = field(default_factory=list[str])

    def count(self, sop_uid: str, status: int) -> None:
        """One sub-operation ended with this status."""
        self.remaining -= 1
        if status == SUCCESS:
            self.completed += 1
        elif status in WARNINGS:
            self.warned += 1
        else:
            self.failed += 1
            self.not_sent.append(sop_uid)

    def numbers(self, with_remaining: bool) -> dict[str, int]:
        """What a response says; a final one says nothing of what remains."""
        told = {
            "NumberOfCompletedSuboperations": min(self.completed, MOST),
            "NumberOfFailedSuboperations": min(self.failed, MOST),
            "NumberOfWarningSuboperations": min(self.warned, MOST),
        }
        if with_remaining:
            told["NumberOfRemainingSuboperations"] = min(self.remaining, MOST)
        return told

    @property
    def outcome(self) -> int:
        """The status of the whole."""
        if self.failed and not self.completed and not self.warned:
            return NONE_SENT
        return SOME_NOT_SENT if self.failed or self.warned else SUCCESS

    def failures(self, syntax: str) -> bytes:
        """The data set of a final response that lists what was not sent; nothing where all was."""
        if not self.not_sent:
            return b""
        told = Dataset()
        told.FailedSOPInstanceUIDList = self.not_sent
        return cast(bytes, encode(told, syntax == IMPLICIT, True))


@dataclass(slots=True)
class Retrieval:
    """One C-MOVE or C-GET under way: who asked, by which request, and how far it is."""

    association: Association
    context: PresentationContext
    request: Any
    progress: Progress

    @property
    def is_over(self) -> bool:
        """Whether nobody wants the rest."""
        return is_cancelled(self.association, self.request) or has_ended(self.association)

    def send(
        self, through: Association, contexts: Contexts, objects: Sequence[Held], loader: Loader,
        originator: Originator | None = None,
    ) -> None:  # fmt: skip
        """Send objects one by one and tell how far it is after each. Raises Gone when ``through`` ends."""
        for number, held in enumerate(objects, 1):
            if self.is_over:
                return
            status = self._one(through, contexts, held, loader, number, originator)
            self.progress.count(held.sop_uid, status)
            if self.progress.remaining:
                numbers = self.progress.numbers(with_remaining=True)
                respond(self.association, self.context, self.request, PENDING, counts=numbers)

    def _one(
        self, through: Association, contexts: Contexts, held: Held, loader: Loader, number: int,
        originator: Originator | None,
    ) -> int:  # fmt: skip
        if not held.may_go:
            return NOT_AUTHORIZED
        chosen = contexts.choose(held)
        if chosen is None:
            return NOT_THE_MODEL
        try:
            return store(through, chosen.id, loader.load(held, chosen.syntax), number, originator)
        except (Broken, FileNotFoundError):
            log.warning("an object cannot be sent as the peer would take it")
            return CANNOT_PROCESS

    def finish(self) -> None:
        """The final response. Raises Gone."""
        progress, cancelled = self.progress, is_cancelled(self.association, self.request)
        status = CANCELLED if cancelled else progress.outcome
        data = progress.failures(str(self.context.transfer_syntax[0]))
        numbers = progress.numbers(with_remaining=cancelled)
        respond(self.association, self.context, self.request, status, data=data, counts=numbers)


class Retrieving:
    """C-MOVE and C-GET for machines that may query, of what their institutions and those of the receivers may see."""

    def __init__(
        self,
        retrieved: Retrieved,
        noted: Noted,
        known: Known,
        destination: Destination,
        peers: Peers,
        loader: Callable[[], Loader],
    ) -> None:
        self._retrieved = retrieved
        self._noted = noted
        self._known = known
        self._destination = destination
        self._peers = peers
        self._loader = loader

    def services(self) -> tuple[Service, Service]:
        """What the door needs to know."""
        move = Service("C-MOVE", (PATIENT_MOVE, STUDY_MOVE), (C_MOVE,), self.move)
        return move, Service("C-GET", (PATIENT_GET, STUDY_GET), (C_GET,), self.get, prefer_plain)

    def move(self, association: Association, request: Any, context: PresentationContext) -> None:
        """Serve one C-MOVE. Raises Gone when the asker hangs up."""
        node = caller_of(self._known, association)
        if node is None:
            refuse(association, context, request, NOT_AUTHORIZED, "this machine may not retrieve")
            return
        try:
            receiver = self._destination(str(request.MoveDestination or "").strip())
        except Unavailable as why:
            refuse(association, context, request, NO_RESOURCES, why)
            return
        if receiver is None or not receiver.may_be_sent_to:
            refuse(association, context, request, NO_SUCH_DESTINATION, "move destination unknown")
            return
        objects = self._meant(association, request, context, node, receiver)
        if objects is None:
            return
        retrieval = Retrieval(association, context, request, Progress(len(objects)))
        with self._loader() as loader:
            for batch in batches(objects):
                if not retrieval.is_over:
                    self._to(receiver, batch, retrieval, loader, Originator(node.ae_title, request.MessageID))
        retrieval.finish()

    def _to(
        self, receiver: Node, batch: Sequence[Held], retrieval: Retrieval, loader: Loader, originator: Originator
    ) -> None:
        """Send a batch on an association of its own; what the peer did not live to take has failed."""
        before = retrieval.progress.remaining
        try:
            with self._peers.calling(receiver, proposed(batch)) as through, reactor_paused(through):
                retrieval.send(through, of_association(through), batch, loader, originator)
        except (Unreachable, Gone):
            if has_ended(retrieval.association):
                raise Gone from None
            log.warning("move destination %s does not answer", receiver.ae_title)
            for held in batch[before - retrieval.progress.remaining :]:
                retrieval.progress.count(held.sop_uid, NO_RESOURCES)

    def get(self, association: Association, request: Any, context: PresentationContext) -> None:
        """Serve one C-GET on its own association. Raises Gone when the asker hangs up."""
        node = caller_of(self._known, association)
        if node is None:
            refuse(association, context, request, NOT_AUTHORIZED, "this machine may not retrieve")
            return
        objects = self._meant(association, request, context, node, node)
        if objects is None:
            return
        retrieval = Retrieval(association, context, request, Progress(len(objects)))
        with self._loader() as loader:
            retrieval.send(association, of_association(association), objects, loader)
        retrieval.finish()

    def _meant(
        self, association: Association, request: Any, context: PresentationContext, node: Node, receiver: Node
    ) -> list[Held] | None:
        """The objects that a request means; None where it was refused."""
        patient_root = request.AffectedSOPClassUID in (PATIENT_MOVE, PATIENT_GET)
        try:
            identifier = read_identifier(body(request), str(context.transfer_syntax[0]), node.charset)
            objects = self._retrieved(node, receiver, identifier, patient_root)
            going = [held for held in objects if held.may_go]
            if going:
                studies = tuple(sorted({held.study_uid for held in going}))
                self._noted(Export(node, call_of(association).address, receiver, studies, len(going)))
        except dimse.BadIdentifier as why:
            refuse(association, context, request, NOT_THE_MODEL, why)
        except Broken as why:
            refuse(association, context, request, CANNOT_PROCESS, why)
        except Unavailable as why:
            refuse(association, context, request, NO_RESOURCES, why)
        else:
            return objects
        return None


def prefer_plain(asked: A_ASSOCIATE) -> None:
    """In contexts that the peer wants to be sent in, put a syntax first that every object can be rewritten to.

    One syntax is chosen when the association is asked for, before anybody knows what will be asked for in it.
    """
    roles = {str(item.sop_class_uid) for item in _roles(asked) if item.scp_role}
    for context in asked.presentation_context_definition_list:
        if str(context.abstract_syntax) in roles:
            offered = list(context.transfer_syntax)
            context.transfer_syntax = sorted(
                offered, key=lambda one: 0 if one == EXPLICIT else 1 if one == IMPLICIT else 2
            )


def _roles(asked: A_ASSOCIATE) -> Iterator[Any]:
    for item in asked.user_information:
        if hasattr(item, "scp_role"):
            yield item
