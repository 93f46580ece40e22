"""What an operator does about a refused object: take it in after all, let it be, or carry it away to look at it."""

from dataclasses import dataclass
from pathlib import Path

from consult.actions.audit import note
from consult.actions.intake import Receipt, Sender
from consult.actions.parts import Parts
from consult.domain.audit import Deed, Entry
from consult.domain.errors import Broken, Invalid, Unavailable, Words, WrongState
from consult.domain.people import Actor
from consult.domain.quarantine import NOT_HERE, whose
from consult.store import quarantine
from consult.store.quarantine import RefusedObject, Settled

CHARSETS = ("GB18030", "GBK", "ISO_IR 192", "ISO_IR 100", "ISO 2022 IR 58")
"""Character sets that an object may be said to be in when it is taken in again."""
PIECE = 1 << 20
SETTLED = Words("已处理过。", "It is settled already.")


@dataclass(frozen=True, slots=True)
class Again:
    """What became of a second try: the receipt, or the sentence why it is still refused."""

    receipt: Receipt | None
    why: Words | None


def take_again(parts: Parts, actor: Actor, number: int, charset: str | None) -> Again:
    """Take a refused object in as what it holds, perhaps in another character set.

    Raises NotAllowed, NotFound, Invalid, WrongState, Unavailable, NoRoom.
    """
    if charset is not None and charset not in CHARSETS:
        raise Invalid.at("charset", Words("请选择列出的字符集。", "Choose one of the listed character sets."))
    each = _open(parts, actor, number)
    incoming = parts.intake.open()
    try:
        with _file(parts, each).open("rb") as file:
            while piece := file.read(PIECE):
                incoming.write(piece)
    except OSError:
        parts.intake.drop(incoming)
        raise
    try:
        receipt = parts.intake.take(incoming, Sender(each.institution, each.sender, each.door, charset))
    except Broken as why:
        _settle(parts, actor, each, "refused", why.sentence.zh)
        return Again(None, why.sentence)
    _settle(parts, actor, each, "taken", charset or "")
    return Again(receipt, None)


def dismiss(parts: Parts, actor: Actor, number: int, reason: str) -> None:
    """Say that nothing is to be done about it; its file stays. Raises NotAllowed, NotFound, Invalid, WrongState."""
    if not reason.strip():
        raise Invalid.at("reason", Words("请写明不再处理的原因。", "Say why nothing is to be done."))
    _settle(parts, actor, _open(parts, actor, number), "dismissed", reason.strip())


def carry_away(parts: Parts, actor: Actor, number: int) -> tuple[RefusedObject, Path]:
    """Its file, to look at elsewhere; written down as an export. Raises NotAllowed, NotFound, Unavailable."""
    each = _one(parts, actor, number)
    place = _file(parts, each)
    detail = {"sha256": each.sha256}
    entry = Entry(Deed.EXPORT, parts.clock(), actor.person_id, actor.name, "refused", str(number), detail=detail)
    note(parts.store, entry)
    return each, place


def _one(parts: Parts, actor: Actor, number: int) -> RefusedObject:
    house = whose(actor)
    with parts.store.read() as connection:
        return quarantine.find(connection, number, house)


def _file(parts: Parts, each: RefusedObject) -> Path:
    """Where its bytes lie. Raises Unavailable when they are not on this machine."""
    place = parts.blobs.quarantined(each.sha256)
    if not place.exists():
        raise Unavailable(NOT_HERE)
    return place


def _open(parts: Parts, actor: Actor, number: int) -> RefusedObject:
    each = _one(parts, actor, number)
    if each.settled is not None:
        raise WrongState(SETTLED)
    return each


def _settle(parts: Parts, actor: Actor, each: RefusedObject, how: str, reason: str) -> None:
    now = parts.clock()
    with parts.store.write() as unit:
        quarantine.settle(unit, each.id, actor.person_id, Settled(how, reason, actor.name, now))
        detail = {"how": how, "sha256": each.sha256}
        entry = Entry(Deed.QUARANTINE, now, actor.person_id, actor.name, "refused", str(each.id), detail=detail)
        unit.note(entry)
