"""The meeting of a case from outside its room: opened, entered by ticket, called to, ended; guests by links."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from consult.actions.workflow import move_by_system
from consult.domain.access import What
from consult.domain.cases import Case, State
from consult.domain.errors import Invalid, NotAllowed, NotFound, TooMany, Unavailable, Words, WrongState
from consult.domain.events import TALK, Fact
from consult.domain.meetings import (
    ENDINGS,
    INVITATION_LIFE,
    MEETS,
    MOST_INVITATIONS,
    Ending,
    Invitation,
    Meeting,
    attendance,
    minutes,
    ticket_role,
)
from consult.domain.people import Actor
from consult.domain.room_kinds import RoomRole
from consult.domain.room_tickets import Ticket, expiry, sealed
from consult.domain.rooms import Room
from consult.domain.verbs import Verb
from consult.store import cases, rooms
from consult.store.unit import Reader, Store, Taken, Unit

TOKEN_BYTES = 32
RING_EVERY_S = 15
NO_ROOMS = Words("未启用实时会诊，请联系运维。", "Live consultation is not set up here; ask operations.")
NOT_NOW = Words("病例当前状态不能开会诊室。", "The case cannot be met about in its state.")
NOT_OPEN = Words("会诊室尚未开放，请等候参会医师进入。", "The room is not open yet; wait for somebody who takes part.")
ONLY_LOOKS_ON = Words("您是旁听，不能这样做。", "You look on here; this is not yours to do.")
RUNG = Words("刚呼叫过，请稍候。", "They were called a moment ago; wait a little.")
SAY_WHY = Words("请填写会诊未成的原因。", "Say why the meeting failed.")
TOO_MANY_GUESTS = Words("邀请链接过多，请先收回不用的。", "There are too many links; take some back first.")


@dataclass(frozen=True, slots=True)
class Entered:
    """A way into a room: the room and a ticket that opens it once, within a minute."""

    meeting: Meeting
    role: RoomRole
    ticket: str = field(repr=False)
    again: str = field(default="", repr=False)


def key_of(secret: str | None) -> str:
    """The key that seals tickets. Raises Unavailable where there is none."""
    if secret is None:
        raise Unavailable(NO_ROOMS)
    return secret


def enter(store: Store, case_id: str, actor: Actor, secret: str | None, now: datetime) -> Entered:
    """Come into the open room of a case; who takes part opens one where there is none.

    Raises NotFound, WrongState, Unavailable.
    """
    with store.read() as connection:
        case = _met_about(connection, case_id, actor)
        meeting = rooms.open_room(connection, case_id)
    key = key_of(secret)
    role = ticket_role(case, actor)
    if meeting is None:
        if role is not RoomRole.PARTICIPANT:
            raise WrongState(NOT_OPEN)
        meeting = _opened(store, case, actor, now)
    person, site = actor.person_id or "", actor.institution_code or ""
    ticket = Ticket(uuid4().hex, meeting.id, case_id, person, actor.name, site, role, True, expiry(now))
    return Entered(meeting, role, sealed(ticket, key))


def _met_about(connection: Reader, case_id: str, actor: Actor) -> Case:
    case = cases.find(connection, case_id, actor, What.IMAGES)
    if case.state not in MEETS:
        raise WrongState(NOT_NOW)
    return case


def _opened(store: Store, case: Case, actor: Actor, now: datetime) -> Meeting:
    """The case's room: a new one, or the one that somebody else opened at the same moment."""
    made = Meeting(uuid4().hex, case.id, now, actor.person_id or "", actor.name)
    try:
        with store.write() as unit:
            rooms.add(unit, made)
            _tell(unit, case, made, "room_opened", actor, now)
    except Taken:
        with store.read() as connection:
            theirs = rooms.open_room(connection, case.id)
        if theirs is None:
            raise
        return theirs
    return made


def _tell(
    unit: Unit, case: Case, meeting: Meeting, kind: str, actor: Actor, now: datetime, data: dict[str, Any] | None = None
) -> None:
    told = {"room": meeting.id, **(data or {})}
    unit.tell(Fact(TALK, case.id, kind, now, actor.person_id, actor.name, case.version, told))


def _led(connection: Reader, case_id: str, actor: Actor) -> tuple[Case, Meeting]:
    """The case and its open room, for who takes part. Raises NotFound, NotAllowed, WrongState."""
    case = cases.find(connection, case_id, actor, What.IMAGES)
    if ticket_role(case, actor) is not RoomRole.PARTICIPANT:
        raise NotAllowed(ONLY_LOOKS_ON)
    meeting = rooms.open_room(connection, case_id)
    if meeting is None:
        raise WrongState(NOT_OPEN)
    return case, meeting


def ring(store: Store, case_id: str, actor: Actor, now: datetime) -> Meeting:
    """Call the other side into the open room: a fact that their pages ring for.

    Raises NotFound, NotAllowed, WrongState, TooMany.
    """
    with store.write() as unit:
        case, meeting = _led(unit.connection, case_id, actor)
        if not rooms.rings(unit, meeting.id, now, RING_EVERY_S):
            raise TooMany(RUNG, RING_EVERY_S)
        _tell(unit, case, meeting, "room_rings", actor, now)
    return meeting


def close(store: Store, case_id: str, ending: Ending, reason: str, actor: Actor, now: datetime) -> Meeting:
    """End the open meeting; its minutes become a fact. A failed one puts a scheduled case back, with the reason.

    Raises NotFound, NotAllowed, WrongState, Invalid.
    """
    if ending is Ending.FAILED and not reason.strip():
        raise Invalid.at("reason", SAY_WHY)
    with store.write() as unit:
        case, meeting = _led(unit.connection, case_id, actor)
        rooms.close(unit, meeting.id, actor.name, ending, reason.strip(), now)
        closed = rooms.meeting(unit.connection, meeting.id)
        _tell(unit, case, closed, "room_closed", actor, now, _minutes(unit.connection, closed, now))
        if ending is Ending.FAILED and case.state is State.SCHEDULED:
            said = f"{ENDINGS[ending].zh}：{reason.strip()}（{actor.name}）"
            move_by_system(unit, case, Verb.SESSION_FAILED, {"reason": said}, now)
    return closed


def _minutes(connection: Reader, closed: Meeting, now: datetime) -> dict[str, Any]:
    told = Room()
    for op in rooms.ops(connection, closed.id):
        told.take(op)
    return minutes(closed, attendance(rooms.visits(connection, closed.id), now), told.notes)


@dataclass(frozen=True, slots=True)
class Invited:
    """A link just made; ``token`` is in it and nowhere else."""

    invitation: Invitation
    token: str = field(repr=False)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def invite(store: Store, case_id: str, name: str, images: bool, actor: Actor, now: datetime) -> Invited:
    """A one-time link for somebody without an account. Raises NotFound, NotAllowed, WrongState, TooMany."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with store.write() as unit:
        case, meeting = _led(unit.connection, case_id, actor)
        counting = [each for each in rooms.invitations(unit.connection, meeting.id) if each.ended_at is None]
        if len(counting) >= MOST_INVITATIONS:
            raise TooMany(TOO_MANY_GUESTS, 60)
        made = Invitation(
            uuid4().hex, meeting.id, name, _hash(token), images, actor.person_id or "", actor.name, now,
            now + INVITATION_LIFE,
        )  # fmt: skip
        rooms.invite(unit, made)
        _tell(unit, case, meeting, "room_guest", actor, now, {"guest": made.id, "images": images})
    return Invited(made, token)


def take_back(store: Store, case_id: str, invitation_id: str, actor: Actor, now: datetime) -> None:
    """A guest's link counts no more, and its guest is out in two seconds. Raises NotFound, NotAllowed, WrongState."""
    with store.write() as unit:
        case, meeting = _led(unit.connection, case_id, actor)
        if not rooms.end_invitation(unit, meeting.id, invitation_id, now):
            raise NotFound
        _tell(unit, case, meeting, "room_guest", actor, now, {"guest": invitation_id, "ended": True})


def follow(store: Store, token: str, secret: str | None, now: datetime) -> Entered:
    """A guest follows a link; it opens once, and ``again`` in its answer opens for the same guest the next time.

    Raises NotFound, Unavailable.
    """
    key, again = key_of(secret), secrets.token_urlsafe(TOKEN_BYTES)
    with store.write() as unit:
        known = rooms.invitation_of(unit.connection, _hash(token))
        meeting = rooms.meeting(unit.connection, known.room_id)
        if known.ended_at is not None or now >= known.expires_at or meeting.closed_at is not None:
            raise NotFound
        rooms.use_invitation(unit, known, _hash(again), now)
    ticket = Ticket(
        uuid4().hex, meeting.id, meeting.case_id, known.id, known.name, "", RoomRole.GUEST, known.images, expiry(now)
    )
    return Entered(meeting, RoomRole.GUEST, sealed(ticket, key), again)
