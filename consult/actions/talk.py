"""Something is said about a case, or handed over to it: checked by its bytes, kept by its hash, told to the feed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from consult.actions.intake import Sender
from consult.actions.parts import Parts
from consult.actions.workflow import NO_KEY, Order, apply
from consult.domain.access import What
from consult.domain.cases import Case
from consult.domain.errors import Broken, Invalid, NotAllowed, Words, WrongState
from consult.domain.events import TALK, Fact
from consult.domain.people import Actor, Role
from consult.domain.talk import (
    HEAD,
    LARGEST_FILE,
    LONGEST_MESSAGE,
    MOST_FILES,
    PICTURES,
    Category,
    File,
    Kind,
    Message,
    may_talk,
    plain_name,
    sniffed,
)
from consult.domain.workflow import BY_STATE, Verb
from consult.store import cases, talk
from consult.store.blobs import Incoming
from consult.store.unit import Reader, Store, Unit

ONLY_READS = Words("您只能查看，不能发言或上传。", "You may only read here.")
TOO_LARGE = Words(
    f"文件超过 {LARGEST_FILE >> 20} MB，未上传。", f"The file is larger than {LARGEST_FILE >> 20} MB; it was not taken."
)
NOT_TAKEN = Words(
    "只能上传 PDF、JPEG、PNG 和 DICOM 文件；内容与这些格式不符。",
    "Only PDF, JPEG, PNG and DICOM files are taken; this is none of them.",
)
TOO_MANY = Words(f"一个病例最多 {MOST_FILES} 个文件。", f"A case holds at most {MOST_FILES} files.")
OTHER_HOUSE = Words(
    "影像由申请医院上传；请对方补传。", "Images are sent by the requesting hospital; ask them to send these."
)
NO_MORE_IMAGES = Words("病例已进入报告阶段，不能再关联影像。", "The case is past the stage in which images are linked.")


@dataclass(frozen=True, slots=True)
class Handed:
    """What is said of a file that comes: the name it had, and what it is about."""

    name: str
    category: Category


def say(store: Store, case_id: str, text: str, actor: Actor, now: datetime) -> Message:
    """Keep a message. Raises NotFound, NotAllowed, Invalid."""
    with store.write() as unit:
        case = _spoken_about(unit.connection, case_id, actor)
        if not text.strip() or len(text) > LONGEST_MESSAGE:
            raise Invalid.at("text", Words("请填写消息（4000 字以内）。", "Write a message of up to 4000 characters."))
        site = str(actor.institution_code)
        said = Message(0, case_id, actor.person_id or "", actor.name, site, text.strip(), now)
        kept = talk.add_message(unit, said)
        talk.read_up_to(unit, case_id, said.author_id, kept.id)
        _tell(unit, case, "message", actor, now)
    return kept


def mark_read(store: Store, case_id: str, message_id: int, actor: Actor) -> None:
    """The actor has read up to a message. Raises NotFound."""
    with store.write() as unit:
        cases.find(unit.connection, case_id, actor)
        if actor.person_id is not None:
            talk.read_up_to(unit, case_id, actor.person_id, message_id)


def _spoken_about(connection: Reader, case_id: str, actor: Actor, what: What = What.CASE) -> Case:
    case = cases.find(connection, case_id, actor, what)
    if not may_talk(actor, case):
        raise NotAllowed(ONLY_READS)
    return case


def _tell(unit: Unit, case: Case, kind: str, actor: Actor, now: datetime) -> None:
    unit.tell(Fact(TALK, case.id, kind, now, actor.person_id, actor.name, case.version))


def hand_over(
    parts: Parts, case_id: str, handed: Handed, chunks: Iterable[bytes], size: int | None, actor: Actor, now: datetime
) -> File:
    """Take a file of a case as it comes; ``size`` is what its sender announced, in bytes.

    Raises NotFound, NotAllowed, WrongState, Invalid (too large, or of no kind that is taken), Broken, NoRoom.
    """
    with parts.store.read() as connection:
        case = _spoken_about(connection, case_id, actor, What.IMAGES)
        if len(talk.files(connection, case_id)) >= MOST_FILES:
            raise Invalid.at("file", TOO_MANY)
    if size is not None and size > LARGEST_FILE:
        raise Invalid.at("file", TOO_LARGE)
    incoming = parts.blobs.incoming()
    try:
        kind = _received(incoming, chunks)
        if kind is Kind.DICOM:
            _check_images(case, actor)
        return _kept(parts, case, handed, kind, incoming, actor, now)
    finally:
        incoming.discard()  # of what was kept nothing is left here


def _received(incoming: Incoming, chunks: Iterable[bytes]) -> Kind:
    """The whole file on disk, and what its first bytes say it is. Raises Invalid as soon as either is too much."""
    head, kind = b"", None
    for chunk in chunks:
        head += chunk[: HEAD - len(head)] if len(head) < HEAD else b""
        if kind is None and len(head) >= HEAD:
            kind = _sniffed(head)
        if incoming.size + len(chunk) > LARGEST_FILE:
            raise Invalid.at("file", TOO_LARGE)
        incoming.write(chunk)
    incoming.sync()
    return kind or _sniffed(head)


def _sniffed(head: bytes) -> Kind:
    kind = sniffed(head)
    if kind is None:
        raise Invalid.at("file", NOT_TAKEN)
    return kind


def _check_images(case: Case, actor: Actor) -> None:
    if actor.institution_code != case.requesting_site or Role.REQUESTER not in actor.roles:
        raise NotAllowed(OTHER_HOUSE)
    if (Verb.LINK_STUDIES, case.state) not in BY_STATE:
        raise WrongState(NO_MORE_IMAGES)


def _kept(
    parts: Parts, case: Case, handed: Handed, kind: Kind, incoming: Incoming, actor: Actor, now: datetime
) -> File:
    sha256, size, study_uid = incoming.sha256, incoming.size, None
    if kind is Kind.DICOM:  # the way of every image: its header read in a process apart, owned by its hospital
        receipt = parts.intake.take(incoming, Sender(case.requesting_site, actor.name, "case"))
        study_uid = receipt.study_uid
    else:
        if kind in PICTURES:
            _small(parts, incoming, kind, sha256)
        parts.blobs.keep(incoming)
    name = plain_name(handed.name, kind)
    file = File(
        uuid4().hex, case.id, sha256, name, str(kind), str(handed.category), size,
        actor.person_id or "", actor.name, now, study_uid,
    )  # fmt: skip
    with parts.store.write() as unit:
        talk.add_file(unit, file)
        _tell(unit, case, "file", actor, now)
        if study_uid is not None:
            _link(unit, case, study_uid, actor, now)
    return file


def _link(unit: Unit, case: Case, study_uid: str, actor: Actor, now: datetime) -> None:
    known = cases.find(unit.connection, case.id, actor)
    if study_uid not in known.study_uids:
        apply(unit, case.id, Order(Verb.LINK_STUDIES, {"study_uids": [study_uid]}, None, NO_KEY), actor, now)


def _small(parts: Parts, incoming: Incoming, kind: Kind, sha256: str) -> None:
    """A picture that cannot be decoded is not taken; of one that can, a small one is kept ready."""
    place = parts.blobs.cache / small_name(sha256)
    small = parts.painter.shrink(incoming.path, str(kind))
    parts.blobs.cached(place, lambda: small)


def small_name(sha256: str) -> str:
    """Where the small picture of a file lies among what can be made again."""
    return f"files/{sha256[:2]}/{sha256}.jpg"


def preview(parts: Parts, file: File) -> bytes:
    """A small JPEG of a picture, made again where it is gone. Raises Broken for what is no picture."""
    if Kind(file.kind) not in PICTURES:
        raise Broken(Words("此文件没有预览。", "There is no preview of this file."))
    place = parts.blobs.cached(
        parts.blobs.cache / small_name(file.sha256),
        lambda: parts.painter.shrink(parts.blobs.path(file.sha256), file.kind),
    )
    return place.read_bytes()
