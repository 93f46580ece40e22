"""An open room of a case in the database, with the people of the demonstration around it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from consult.domain.cases import State
from consult.domain.meetings import Meeting
from consult.domain.room_tickets import Ticket
from consult.store import rooms
from consult.store.unit import Store
from tests.makers.cases import a_study, brought_to
from tests.makers.people import PEOPLE, settle
from tests.peers.live import a_ticket

DOCTOR, READER = "anlong.doctor", "guiyang.ct"


@dataclass(frozen=True)
class AnOpenRoom:
    """A room and its case."""

    id: str
    case_id: str

    def ticket(self, person_id: str, **changes: Any) -> Callable[[], Ticket]:
        """What makes a new ticket for somebody, as the page would ask for one each time."""
        known = PEOPLE.get(person_id)
        said = {} if known is None else {"name": known.name, "site": known.institution_code}
        return lambda: a_ticket(self.id, self.case_id, person_id, **{**said, **changes})


def a_room(store: Store) -> AnOpenRoom:
    """A room of a case of ANLONG that is being read in GUIYANG, in a database without people."""
    settle(store)
    a_study(store)
    return another_room(store)


def another_room(store: Store, state: State = State.ACCEPTED, **changes: Any) -> AnOpenRoom:
    """One more case with its room."""
    case_id = brought_to(store, state, **{"question": uuid4().hex, **changes})
    opened = Meeting(uuid4().hex, case_id, datetime.now(UTC), READER, PEOPLE[READER].name)
    with store.write() as unit:
        rooms.add(unit, opened)
    return AnOpenRoom(opened.id, case_id)
