"""A room as a value: what its deeds add up to, and which deed is taken now; the same for server and replay."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from consult.domain.room_kinds import KINDS, LIMITS, Kind, Lane, Pace, RoomRefused, RoomRole, Why
from consult.domain.room_log import Op, canonical, moment

Document = dict[str, Any]
Present = Mapping[str, RoomRole]
"""Who is in the room now, and as what."""

GUEST_SEES = ("presenter", "epoch", "roles", "admitted", "consents", "recording", "notes", "chat")
"""What a guest without images is told of the state."""


@dataclass(slots=True)
class Room:
    """What the deeds so far add up to. ``epoch`` counts the presenters; a deed of an older one is refused.

    ``annotations``, ``key_images`` and ``whiteboard`` are by id, each with ``by``, ``at`` and ``seq`` of its last
    change; ``notes`` by section and person; ``consents`` and ``roles`` by person.
    """

    seq: int = 0
    presenter: str | None = None
    epoch: int = 0
    roles: dict[str, str] = field(default_factory=dict[str, str])
    admitted: dict[str, str] = field(default_factory=dict[str, str])
    consents: dict[str, bool] = field(default_factory=dict[str, bool])
    recording: Document | None = None
    studies: dict[str, Document] = field(default_factory=dict[str, Document])
    layout: Document | None = None
    view: Document | None = None
    annotations: dict[str, Document] = field(default_factory=dict[str, Document])
    key_images: dict[str, Document] = field(default_factory=dict[str, Document])
    whiteboard: dict[str, Document] = field(default_factory=dict[str, Document])
    notes: dict[str, dict[str, Document]] = field(default_factory=dict[str, dict[str, Document]])
    chat: list[Document] = field(default_factory=list[Document])

    def document(self, images: bool = True) -> Document:
        """The state as JSON; without what shows images for a guest who may not see them."""
        names = (name for name in Room.__slots__ if images or name in GUEST_SEES or name == "seq")
        return {name: getattr(self, name) for name in names}

    def digest(self) -> str:
        """SHA-256 over the state: the same on every client that applied the same deeds."""
        return hashlib.sha256(canonical(self.document()).encode()).hexdigest()

    def role_of(self, person_id: str, ticket: RoomRole) -> RoomRole:
        """What somebody is now: as their ticket says, changed by what happened in the room."""
        if ticket is RoomRole.GUEST:
            return RoomRole.GUEST if person_id in self.admitted else RoomRole.WAITING
        if ticket is RoomRole.OBSERVER:  # a ticket is the most that somebody may be
            return RoomRole.OBSERVER
        if person_id == self.presenter:
            return RoomRole.PRESENTER
        return RoomRole(self.roles.get(person_id, ticket))

    def take(self, op: Op) -> None:
        """Add a deed that was kept."""
        self.seq = op.seq
        FOLDS[op.kind](self, op)


Fold = Callable[[Room, Op], None]


def _mark(op: Op) -> Document:
    return {"by": op.by, "at": moment(op.at), "seq": op.seq}


def _present(room: Room, op: Op) -> None:
    room.presenter, room.epoch = op.body["to"], op.body["epoch"]


def _opened(room: Room, op: Op) -> None:
    room.studies[op.body["study"]] = {**op.body, **_mark(op)}


def _laid_out(room: Room, op: Op) -> None:
    room.layout = {**op.body, **_mark(op)}


def _viewed(room: Room, op: Op) -> None:
    room.view = {**op.body, **_mark(op)}


def _noted(room: Room, op: Op) -> None:
    whose = op.by if op.body["section"] == "opinion" else ""  # an opinion is a member's, the rest is everybody's
    room.notes.setdefault(op.body["section"], {})[whose] = {"text": op.body["text"], **_mark(op)}


def _edited(room: Room, op: Op) -> None:
    room.annotations[op.body["id"]] |= {**op.body, **_mark(op)}


def _put(table: str) -> Fold:
    def put(room: Room, op: Op) -> None:
        getattr(room, table)[op.body["id"]] = {**op.body, **_mark(op)}

    return put


def _deleted(table: str) -> Fold:
    return lambda room, op: getattr(room, table).pop(op.body["id"])


def _started(room: Room, op: Op) -> None:
    room.recording = {"id": op.body["id"], **_mark(op)}


def _stopped(room: Room, _: Op) -> None:
    room.recording = None


FOLDS: Mapping[str, Fold] = MappingProxyType(
    {
        "annotation.put": _put("annotations"),
        "annotation.edit": _edited,
        "annotation.delete": _deleted("annotations"),
        "key_image": _put("key_images"),
        "study.open": _opened,
        "layout": _laid_out,
        "view.commit": _viewed,
        "presenter": _present,
        "role": lambda room, op: room.roles.__setitem__(op.body["person"], op.body["role"]),
        "admit": lambda room, op: room.admitted.__setitem__(op.body["person"], op.by),
        "consent": lambda room, op: room.consents.__setitem__(op.by, op.body["given"]),
        "recording.start": _started,
        "recording.stop": _stopped,
        "chat": lambda room, op: room.chat.append({**op.body, **_mark(op)}),
        "note": _noted,
        "whiteboard.put": _put("whiteboard"),
        "whiteboard.delete": _deleted("whiteboard"),
    }
)
"""What each durable kind does to the state."""

Rule = Callable[[Room, Mapping[str, Any], str, Present], Why | None]


def _hand_over(room: Room, body: Mapping[str, Any], _: str, present: Present) -> Why | None:
    if body["epoch"] != room.epoch + 1:
        return Why.EPOCH
    takes_part = present.get(body["to"]) in (RoomRole.PRESENTER, RoomRole.PARTICIPANT)
    return None if takes_part else Why.PERSON


def _of_this_epoch(room: Room, body: Mapping[str, Any], _: str, __: Present) -> Why | None:
    return None if body["epoch"] == room.epoch else Why.EPOCH


def _another(_: Room, body: Mapping[str, Any], by: str, present: Present) -> Why | None:
    role = present.get(body["person"])
    return None if role in (RoomRole.PARTICIPANT, RoomRole.OBSERVER) and body["person"] != by else Why.PERSON


def _waits(_: Room, body: Mapping[str, Any], __: str, present: Present) -> Why | None:
    return None if present.get(body["person"]) is RoomRole.WAITING else Why.PERSON


def _all_agreed(room: Room, _: Mapping[str, Any], __: str, present: Present) -> Why | None:
    if room.recording is not None:
        return Why.RECORDING
    inside = (person for person, role in present.items() if role is not RoomRole.WAITING)
    return None if all(room.consents.get(person, False) for person in inside) else Why.CONSENT


def _runs(room: Room, body: Mapping[str, Any], _: str, __: Present) -> Why | None:
    return None if room.recording is not None and room.recording["id"] == body["id"] else Why.RECORDING


def _new(table: str, most: int) -> Rule:
    def new(room: Room, body: Mapping[str, Any], _: str, __: Present) -> Why | None:
        known: Mapping[str, Document] = getattr(room, table)
        if body["id"] in known:
            return Why.TAKEN
        return Why.FULL if len(known) >= most else None

    return new


def _own(table: str, presenter_too: bool) -> Rule:
    def own(room: Room, body: Mapping[str, Any], by: str, _: Present) -> Why | None:
        known: Document | None = getattr(room, table).get(body["id"])
        if known is None:
            return Why.GONE
        return None if known["by"] == by or (presenter_too and by == room.presenter) else Why.NOT_YOURS

    return own


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "annotation.put": _new("annotations", LIMITS["annotations"]),
        "annotation.edit": _own("annotations", presenter_too=False),
        "annotation.delete": _own("annotations", presenter_too=True),
        "key_image": _new("key_images", LIMITS["annotations"]),
        "layout": _of_this_epoch,
        "view.commit": _of_this_epoch,
        "presenter": _hand_over,
        "role": _another,
        "admit": _waits,
        "recording.start": _all_agreed,
        "recording.stop": _runs,
        "whiteboard.put": _new("whiteboard", LIMITS["whiteboard"]),
        "whiteboard.delete": _own("whiteboard", presenter_too=True),
    }
)
"""What a durable kind needs beside its role and shape. Nobody edits another's words; who presents may clear them."""


def kind_of(name: Any, lane: Lane) -> Kind:
    """A row of KINDS. Raises RoomRefused for what is none, or of the other lane."""
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None or kind.lane is not lane:
        raise RoomRefused(Why.KIND)
    return kind


def check(kind: Kind, body: Any, role: RoomRole, images: bool) -> None:
    """Whether somebody may say this, in this shape. Raises RoomRefused."""
    if role not in kind.roles or (kind.images and not images):
        raise RoomRefused(Why.ROLE)
    if not kind.body.fits(body):
        raise RoomRefused(Why.BODY)


def judge(room: Room, kind: Kind, body: Mapping[str, Any], by: str, present: Present) -> None:
    """Whether the room takes this deed now, after ``check``. Raises RoomRefused."""
    if room.seq >= LIMITS["ops"]:
        raise RoomRefused(Why.FULL)
    rule = RULES.get(kind.name)
    why = None if rule is None else rule(room, body, by, present)
    if why is not None:
        raise RoomRefused(why)


def plain(value: Any) -> Any:
    """A value with whole numbers written as such, so that every language writes, and hashes, the same text."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Bucket:
    """A person's pace: takes a deed if there is room for it. Times are in seconds on any clock that only grows."""

    __slots__ = ("_at", "_full", "_pace")

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace, self._full, self._at = pace, pace.burst, now

    def takes(self, now: float) -> bool:
        """Whether one more is within the pace."""
        self._full = min(self._pace.burst, self._full + (now - self._at) * self._pace.rate)
        self._at = now
        if self._full < 1:
            return False
        self._full -= 1
        return True
