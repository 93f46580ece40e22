"""The meeting of a case around its live room: who may enter and as what, who was there, how it ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from consult.domain.cases import Case, State
from consult.domain.errors import Words
from consult.domain.members import Seat
from consult.domain.people import Actor
from consult.domain.room_kinds import RoomRole
from consult.domain.talk import may_talk
from consult.domain.workflow import LIVE

MEETS = LIVE - {State.DRAFT}
"""The states in which a case can be met about."""

INVITATION_LIFE = timedelta(hours=24)
MOST_INVITATIONS = 20
LOST_AFTER = timedelta(seconds=30)
"""A visit whose end nobody wrote down (a killed process) counts this much past the last sign of life."""


class Ending(StrEnum):
    """How a meeting ended."""

    ENDED = "ended"
    FAILED = "failed"


ENDINGS: Mapping[Ending, Words] = MappingProxyType(
    {Ending.ENDED: Words("会诊结束", "the meeting ended"), Ending.FAILED: Words("会诊未成", "the meeting failed")}
)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A room of a case: opened by whom and when, met since two were in it, closed how. One is open at a time."""

    id: str
    case_id: str
    opened_at: datetime
    opened_by_id: str
    opened_by_name: str
    met_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by_name: str = ""
    ending: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody's stay in a room by one socket; ``id`` is their ticket's, so that a ticket opens once."""

    id: str
    room_id: str
    person_id: str
    name: str
    site: str
    role: str
    came_at: datetime
    left_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link for somebody without an account (an interpreter, a relative): opens once, within its time.

    ``token_sha256`` is all that is kept of the link.
    """

    id: str
    room_id: str
    name: str
    token_sha256: str
    images: bool
    made_by_id: str
    made_by_name: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attendance:
    """One person's presence in a meeting: from the first coming to the last leaving, and the seconds inside."""

    person_id: str
    name: str
    site: str
    role: str
    came_at: datetime
    left_at: datetime | None
    seconds: float


def ticket_role(case: Case, actor: Actor) -> RoomRole:
    """As what somebody who sees the images of a case may enter its room at most."""
    looks_on = any(member.id == actor.person_id and member.role == Seat.OBSERVER for member in case.members)
    return RoomRole.PARTICIPANT if may_talk(actor, case) and not looks_on else RoomRole.OBSERVER


def attendance(visits: Iterable[Visit], until: datetime) -> tuple[Attendance, ...]:
    """Who was there and how long, in the order of coming; two sockets count once. ``until`` ends open ones."""
    by_person: dict[str, list[Visit]] = {}
    for visit in sorted(visits, key=lambda each: each.came_at):
        by_person.setdefault(visit.person_id, []).append(visit)
    return tuple(_attended(stays, until) for stays in by_person.values())


def _attended(stays: Sequence[Visit], until: datetime) -> Attendance:
    seconds, covered = 0.0, stays[0].came_at
    for stay in stays:
        end = stay.left_at or until
        seconds += max(0.0, (end - max(covered, stay.came_at)).total_seconds())
        covered = max(covered, end)
    left = None if any(stay.left_at is None for stay in stays) else covered
    first = stays[0]
    return Attendance(first.person_id, first.name, first.site, stays[-1].role, first.came_at, left, seconds)


def minutes(meeting: Meeting, who: Sequence[Attendance], notes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the case keeps of a meeting: times, who was there for how many minutes, and what was noted, as JSON."""
    return {
        "room": meeting.id,
        "opened_at": meeting.opened_at.isoformat(),
        "met_at": None if meeting.met_at is None else meeting.met_at.isoformat(),
        "closed_at": None if meeting.closed_at is None else meeting.closed_at.isoformat(),
        "ending": meeting.ending,
        "reason": meeting.reason,
        "attendance": [
            {"person": each.person_id, "name": each.name, "site": each.site, "role": each.role,
             "minutes": round(each.seconds / 60, 1)}
            for each in who
        ],
        "notes": {section: {by: note["text"] for by, note in told.items()} for section, told in notes.items()},
    }  # fmt: skip
