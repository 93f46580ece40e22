"""STOW-RS (PS3.18 §10.5): takes in objects of any size as they come, and answers for each of them."""

import json
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, UnsupportedMediaType

from consult.actions import audit
from consult.actions.intake import Incoming, Intake, Mismatched, Named, Receipt, Sender
from consult.actions.parts import Parts
from consult.domain.audit import Deed, Entry, Outcome
from consult.domain.errors import Broken, NoRoom, NotAllowed, Refusal, Unavailable, Words
from consult.domain.people import Actor, Role
from consult.formats.dicom import named_by_head
from consult.web.multipart import Parts as BodyParts
from consult.web.multipart import parameter
from consult.web.session import current_actor

log = structlog.get_logger("audit")

DICOM = "application/dicom"
MAY_SEND = (Role.REQUESTER, Role.APPROVER, Role.COORDINATOR, Role.SITE_ADMIN)
NOT_YOURS = Words("您的账号不能上传影像。", "Your account may not send images.")
UNDER_WAY = 16  # objects of one request that are being made durable while the next is read
CHUNK = 1 << 20  # bytes
HEAD = 4 << 10  # bytes of an object in which its head is looked for
BUSY, RETRY_S = 503, 5
# PS3.4 table B.2-1, as failure reasons (PS3.18 table 10.5.3-2)
NO_ROOM, NOT_THE_CLASS, CANNOT_UNDERSTAND = 0xA700, 0xA900, 0xC000


def stow(routes: Blueprint, parts: Parts) -> None:
    """The routes of STOW-RS."""

    @routes.post("/studies")
    def store_instances() -> Response:
        return _stored(parts, Named())

    @routes.post("/studies/<study>")
    def store_instances_of_study(study: str) -> Response:
        return _stored(parts, Named(study_uid=study))


@dataclass(frozen=True, slots=True)
class _Failure:
    """An object that was not taken, why, and the SOP class and instance that its head names, if any."""

    why: Refusal
    named: tuple[str, str] | None


@dataclass(slots=True)
class _Outcomes:
    """What became of the objects of a request, in their order."""

    kept: list[Receipt] = field(default_factory=list[Receipt])
    refused: list[_Failure] = field(default_factory=list[_Failure])

    def settle(self, receipt: "Future[Receipt]", named: tuple[str, str] | None) -> None:
        try:
            self.kept.append(receipt.result())
        except Refusal as why:
            self.refused.append(_Failure(why, named))


class _Chunks:
    """The bytes of an object as they come; remembers the first."""

    def __init__(self, chunks: Iterable[bytes | memoryview]) -> None:
        self._chunks = chunks
        self._start = b""

    def __iter__(self) -> Iterator[bytes | memoryview]:
        for chunk in self._chunks:
            if len(self._start) < HEAD:
                self._start += chunk[: HEAD - len(self._start)]
            yield chunk

    def named(self) -> tuple[str, str] | None:
        """SOP class and instance by the head of the file."""
        return named_by_head(self._start)


def _stored(parts: Parts, named: Named) -> Response:
    sender = _sender(current_actor())
    request.max_content_length = sys.maxsize  # it goes to disk as it comes; None would be the application's limit
    outcomes, under_way = _Outcomes(), deque[tuple["Future[Receipt]", tuple[str, str] | None]]()
    try:
        for body in _bodies():
            chunks = _Chunks(body)
            try:
                receipt = parts.intake.take_aside(_received(parts.intake, chunks), sender, named)
                under_way.append((receipt, chunks.named()))
            except NoRoom as why:
                outcomes.refused.append(_Failure(why, chunks.named()))
            if len(under_way) > UNDER_WAY:
                outcomes.settle(*under_way.popleft())
    finally:
        while under_way:
            outcomes.settle(*under_way.popleft())
        _note(parts, outcomes)
    return _answer(outcomes)


def _note(parts: Parts, outcomes: _Outcomes) -> None:
    """Who sent how many objects of which study; what is kept is kept, also where the log cannot be written."""
    actor, now = current_actor(), parts.clock()
    told = Counter(receipt.study_uid for receipt in outcomes.kept)
    entries = [
        Entry(Deed.SEND_IMAGES, now, actor.person_id, actor.name, "study", study_uid, detail={"objects": count})
        for study_uid, count in told.items()
    ]
    if outcomes.refused:
        lost = {"objects": len(outcomes.refused)}
        entries.append(
            Entry(Deed.SEND_IMAGES, now, actor.person_id, actor.name, "archive", "", Outcome.REFUSED, detail=lost)
        )
    try:
        if entries:
            audit.note(parts.store, *entries)
    except Unavailable:
        log.error("the audit log could not be written", deed=str(Deed.SEND_IMAGES), person=actor.person_id)


def _sender(actor: Actor) -> Sender:
    if actor.institution_code is None or not actor.has_any(MAY_SEND):
        raise NotAllowed(NOT_YOURS)
    return Sender(actor.institution_code, actor.name, "stow")


def _bodies() -> Iterator[Iterable[bytes | memoryview]]:
    """The bytes of each object of the request, object by object."""
    content_type = request.headers.get("Content-Type", "")
    media = content_type.partition(";")[0].strip().lower()
    if media == DICOM:
        yield iter(lambda: request.stream.read(CHUNK), b"")
        return
    if media != "multipart/related" or parameter(content_type, "type").lower() not in ("", DICOM):
        raise UnsupportedMediaType
    boundary = parameter(content_type, "boundary")
    if not boundary:
        raise UnsupportedMediaType
    for part in BodyParts(request.stream, boundary):
        if part.headers.get("content-type", DICOM).partition(";")[0].strip().lower() != DICOM:
            raise UnsupportedMediaType
        yield part.chunks


def _received(intake: Intake, chunks: Iterable[bytes | memoryview]) -> Incoming:
    """A whole object on disk. Raises NoRoom; what was begun of an object that breaks off is dropped."""
    incoming = intake.open()
    try:
        for chunk in chunks:
            incoming.write(chunk)
    except (Refusal, OSError, ClientDisconnected):
        intake.drop(incoming)
        raise
    return incoming


def _answer(outcomes: _Outcomes) -> Response:
    """Each object's result, and a status for all (PS3.18 §10.5.3)."""
    made: dict[str, Any] = {}
    base = request.url_root.rstrip("/") + "/dicom-web/studies/"
    if len({receipt.study_uid for receipt in outcomes.kept}) == 1:
        made["00081190"] = {"vr": "UR", "Value": [base + outcomes.kept[0].study_uid]}
    if outcomes.kept:
        made["00081199"] = {"vr": "SQ", "Value": [_reference(base, receipt) for receipt in outcomes.kept]}
    # PS3.18 table I.2-1: Failed SOP Sequence for those that say who they are, Other Failures Sequence for the rest
    for tag, known in (("00081198", True), ("0008119A", False)):
        failed = [_failed(each) for each in outcomes.refused if (each.named is not None) is known]
        if failed:
            made[tag] = {"vr": "SQ", "Value": failed}
    answer = Response(json.dumps(made, ensure_ascii=False), mimetype="application/dicom+json")
    answer.status_code = _status(outcomes)
    answer.headers["Cache-Control"] = "no-store"
    if answer.status_code == BUSY:
        answer.headers["Retry-After"] = str(RETRY_S)
    return answer


def _status(outcomes: _Outcomes) -> int:
    if not outcomes.refused:
        return 200 if outcomes.kept else 400
    if outcomes.kept:
        return 202
    if any(isinstance(each.why, NoRoom) for each in outcomes.refused):
        return 507
    return BUSY if any(isinstance(each.why, Unavailable) for each in outcomes.refused) else 409


def _reference(base: str, receipt: Receipt) -> dict[str, Any]:
    url = f"{base}{receipt.study_uid}/series/{receipt.series_uid}/instances/{receipt.sop_uid}"
    return {
        "00081150": {"vr": "UI", "Value": [receipt.sop_class]},
        "00081155": {"vr": "UI", "Value": [receipt.sop_uid]},
        "00081190": {"vr": "UR", "Value": [url]},
    }


def _failed(each: _Failure) -> dict[str, Any]:
    why, reason = each.why, NO_ROOM
    if isinstance(why, Broken):
        reason = NOT_THE_CLASS if isinstance(why, Mismatched) else CANNOT_UNDERSTAND
    named = {} if each.named is None else dict(zip(("00081150", "00081155"), each.named, strict=True))
    return {
        **{tag: {"vr": "UI", "Value": [uid]} for tag, uid in named.items()},
        "00081197": {"vr": "US", "Value": [reason]},
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "0040A160": {"vr": "UT", "Value": [why.sentence.zh + " " + why.sentence.en]},
    }
