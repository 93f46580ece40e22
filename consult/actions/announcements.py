"""What others say there is of a study comes in: signed lists, plain lists, and the counts that we ask for."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consult.domain.errors import Invalid, NotAllowed, NotFound, NotSignedIn, Unavailable, Words
from consult.domain.events import Fact
from consult.domain.losses import Source
from consult.domain.nodes import Node
from consult.domain.people import Actor, Role
from consult.formats.manifest import Signature, is_signed, key_id_of, read_public_key
from consult.store import announcements, nodes, people, studies
from consult.store.arrivals import study_key
from consult.store.outbox import Timer
from consult.store.unit import Store, Unit

MAY_LIST = (Role.REQUESTER, Role.APPROVER, Role.COORDINATOR, Role.SITE_ADMIN)
NOT_YOURS = Words("您的账号不能提交影像清单。", "Your account may not send a list of images.")
UNKNOWN_KEY = Words("签名密钥未登记或已停用。", "The key of this signature is not registered, or was retired.")
WRONG = Words("签名与清单内容不符，未采用。", "The signature is not of this list; it was not taken.")

Counts = Callable[[Node, str], Mapping[str, int]]
"""Asks a machine how many images it has of a study, by series UID. Raises Unavailable."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How a list was taken: as whose, and as which source."""

    institution: str
    source: Source
    images: int


def announce_signed(
    store: Store, study_uid: str, said: Mapping[str, Any], signature: Signature, now: datetime
) -> Taken:
    """Take a list signed by a registered key: the key says whose it is. Raises NotSignedIn, Invalid."""
    _about(study_uid, said)
    with store.read() as connection:
        known = announcements.key(connection, signature.key_id)
    if known is None:
        raise NotSignedIn(UNKNOWN_KEY)
    institution, public_key = known
    if not is_signed(said, signature, public_key):
        raise NotSignedIn(WRONG)
    with store.write() as unit:
        by = f"{institution} · {signature.key_id}"
        _keep(unit, institution, study_uid, Source.SIGNED, said, (None, by), now, signature)
    return Taken(institution, Source.SIGNED, _count(said))


def announce_plain(store: Store, study_uid: str, said: Mapping[str, Any], actor: Actor, now: datetime) -> Taken:
    """Take an unsigned list from an account; it is a weaker word. Raises NotAllowed, Invalid."""
    _about(study_uid, said)
    if actor.institution_code is None or not actor.has_any(MAY_LIST):
        raise NotAllowed(NOT_YOURS)
    institution = actor.institution_code
    with store.write() as unit:
        _keep(unit, institution, study_uid, Source.LISTED, said, (actor.person_id, actor.name), now)
    return Taken(institution, Source.LISTED, _count(said))


def _about(study_uid: str, said: Mapping[str, Any]) -> None:
    """The list is about this study and names each image once. Raises Invalid."""
    if said["study_uid"] != study_uid:
        raise Invalid.at("study_uid", Words("清单与地址中的检查不一致。", "The list is about another study."))
    named = [each["sop_uid"] for one in said["series"] for each in one["instances"]]
    if len(named) != len(set(named)):
        raise Invalid.at("series", Words("清单中有重复的影像。", "The list names an image twice."))


def _count(said: Mapping[str, Any]) -> int:
    return sum(len(one["instances"]) for one in said["series"])


def _keep(
    unit: Unit,
    institution: str,
    study_uid: str,
    source: Source,
    said: Mapping[str, Any],
    by: tuple[str | None, str],
    now: datetime,
    signature: Signature | None = None,
) -> None:
    signed = (signature.key_id, signature.value) if signature else None
    announcements.announce(unit, institution, study_uid, source, said, by[1], now, signed)
    study_id = study_key(institution, study_uid)
    row = studies.by_id(unit.connection, study_id)
    told = {"institution": institution, "study_id": study_id, "source": str(source), "images": _count(said)}
    version = row.version if row is not None else 0
    unit.tell(Fact("study", study_uid, "study_announced", now, by[0], by[1], version, told))


def ask_counts(counts: Counts) -> Callable[[Store, Timer, datetime], None]:
    """What a due timer does: ask every machine that sent into a study how many images it has, and keep the answer."""

    def due(store: Store, timer: Timer, now: datetime) -> None:
        with store.read() as connection:
            row = studies.by_id(connection, timer.subject_id)
            if row is None:
                return
            titles = announcements.senders_to_ask(connection, row.id)
            machines = [node for title in titles if (node := nodes.find(connection, title)) is not None]
            kept = {each.source: each.said for each in announcements.newest(connection, row.institution, row.study_uid)}
        for node in machines:
            try:
                counted = dict(counts(node, row.study_uid))
            except Unavailable:
                continue  # it may not answer queries; other sources remain
            if counted and kept.get(Source.COUNTED) != {"counts": counted}:
                with store.write() as unit:
                    said = {"counts": counted}
                    announcements.announce(
                        unit, row.institution, row.study_uid, Source.COUNTED, said, node.ae_title, now
                    )

    return due


def register_key(store: Store, institution: str, text: str, now: datetime) -> str:
    """Know an institution's key, from PEM or base64; its id. Raises Invalid, NotFound."""
    raw = read_public_key(text)
    with store.write() as unit:
        if institution not in {each.code for each in people.all_institutions(unit.connection)}:
            raise NotFound
        announcements.add_key(unit, key_id_of(raw), institution, base64.b64encode(raw).decode(), now)
    return key_id_of(raw)


def retire_key(store: Store, key_id: str, now: datetime) -> None:
    """Believe a key no longer; what it signed before stays. Raises NotFound."""
    with store.write() as unit:
        if not announcements.retire_key(unit, key_id, now):
            raise NotFound
