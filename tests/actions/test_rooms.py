"""A meeting that failed puts a scheduled case back with its reason; who looks on opens, calls and ends nothing."""

from datetime import timedelta

import pytest

from consult.actions import rooms
from consult.domain.cases import State
from consult.domain.errors import NotFound, Unavailable
from consult.domain.meetings import Ending
from consult.domain.verbs import Verb
from consult.store.unit import Store
from tests.makers.cases import a_study, brought_to, by, stored
from tests.makers.people import ACTORS, NOW, settle

SECRET = "the secret of these tests 0123456789"
READER = ACTORS["guiyang.ct"]


@pytest.fixture
def booked(store: Store) -> str:
    settle(store)
    a_study(store)
    case_id = brought_to(store, State.ACCEPTED)
    by(store, case_id, "guiyang.ct", Verb.SCHEDULE, appointment_at=NOW + timedelta(hours=2))
    return case_id


def test_a_failed_meeting_puts_the_case_back_and_says_why(store: Store, booked: str) -> None:
    rooms.enter(store, booked, READER, SECRET, NOW)
    rooms.close(store, booked, Ending.FAILED, "对方网络中断", READER, NOW)
    case = stored(store, booked)
    assert (case.state, case.appointment_at) == (State.ACCEPTED, None)
    assert "对方网络中断" in case.last_reason
    assert READER.name in case.last_reason


def test_a_meeting_that_was_held_leaves_the_case_where_it_is(store: Store, booked: str) -> None:
    rooms.enter(store, booked, READER, SECRET, NOW)
    rooms.close(store, booked, Ending.ENDED, "", READER, NOW)
    assert stored(store, booked).state is State.SCHEDULED


def test_a_stranger_finds_no_room_and_without_a_secret_there_is_none(store: Store, booked: str) -> None:
    with pytest.raises(NotFound):
        rooms.enter(store, booked, ACTORS["dushan.doctor"], SECRET, NOW)
    with pytest.raises(NotFound):
        rooms.enter(store, booked, ACTORS["admin"], SECRET, NOW)  # the platform's administrator sees no images
    with pytest.raises(Unavailable):
        rooms.enter(store, booked, READER, None, NOW)
