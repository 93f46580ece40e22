"""Live rooms as they are asked about: who may still be there, who was there, and the whole record of a meeting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consult.domain.access import What
from consult.domain.cases import Case
from consult.domain.errors import NotFound
from consult.domain.meetings import MEETS, Attendance, Invitation, Meeting, attendance
from consult.domain.people import Actor, actor_for
from consult.domain.room_log import Op
from consult.store import cases, people, rooms
from consult.store.unit import Store


def marks(store: Store, room_ids: Sequence[str], person_ids: Sequence[str]) -> dict[str, str]:
    """For each room and person a text that changes when their being there must be looked at again."""
    with store.read() as connection:
        return rooms.marks(connection, room_ids, person_ids)


def stands(store: Store, room_id: str, case_id: str, person_id: str) -> bool:
    """Whether somebody may be in the room of this case now: by account and access, or by a link that still counts."""
    with store.read() as connection:
        if any(each.id == person_id for each in rooms.invitations(connection, room_id) if each.ended_at is None):
            return True
        try:
            person = people.person(connection, person_id)
        except NotFound:
            return False
        return person.active and cases.sees(connection, case_id, actor_for(person), What.IMAGES)


@dataclass(frozen=True, slots=True)
class Met:
    """One meeting of a case, and who was there."""

    meeting: Meeting
    attendance: tuple[Attendance, ...]
    inside: int


@dataclass(frozen=True, slots=True)
class Meetings:
    """The meetings of a case, oldest first; ``opens`` says that the case can be met about now."""

    case: Case
    items: tuple[Met, ...]
    opens: bool


def meetings(store: Store, case_id: str, actor: Actor, now: datetime) -> Meetings:
    """Every meeting of a case. Raises NotFound for who may not see its images."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor, What.IMAGES)
        found = tuple(
            Met(each, attendance(rooms.visits(connection, each.id), each.closed_at or now),
                rooms.inside(connection, each.id))
            for each in rooms.of_case(connection, case_id)
        )  # fmt: skip
    return Meetings(case, found, case.state in MEETS)


@dataclass(frozen=True, slots=True)
class Told:
    """The whole record of one meeting: its deeds, what was shown each second, who was there."""

    meeting: Meeting
    ops: tuple[Op, ...]
    views: tuple[tuple[datetime, str, Any], ...]
    attendance: tuple[Attendance, ...]


def record(store: Store, case_id: str, room_id: str, actor: Actor, now: datetime) -> Told:
    """A meeting to be replayed or exported. Raises NotFound."""
    with store.read() as connection:
        cases.find(connection, case_id, actor, What.IMAGES)
        meeting = _of_case(rooms.meeting(connection, room_id), case_id)
        return Told(
            meeting,
            tuple(rooms.ops(connection, room_id)),
            tuple(rooms.views(connection, room_id)),
            attendance(rooms.visits(connection, room_id), meeting.closed_at or now),
        )


def guests(store: Store, case_id: str, actor: Actor) -> tuple[Invitation, ...]:
    """The guests' links of a case's open room; none where none is open. Raises NotFound."""
    with store.read() as connection:
        cases.find(connection, case_id, actor, What.IMAGES)
        meeting = rooms.open_room(connection, case_id)
        return () if meeting is None else tuple(rooms.invitations(connection, meeting.id))


def _of_case(meeting: Meeting, case_id: str) -> Meeting:
    if meeting.case_id != case_id:
        raise NotFound
    return meeting
