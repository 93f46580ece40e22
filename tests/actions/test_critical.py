"""Critical findings, reminders and recalls in a real database: timers call, receivers are told, ranks stay right."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consult.actions.deadlines import CASE_TIMERS, on_case_fact
from consult.actions.relay import run_due_timers
from consult.actions.workflow import Order, move
from consult.domain.access import What
from consult.domain.cases import Patient, Priority, State
from consult.domain.errors import NotFound, Unmet
from consult.domain.people import SYSTEM, SitePolicy
from consult.domain.workflow import Verb
from consult.queries.worklist import Filters, page
from consult.store import cases
from consult.store.unit import Store
from consult.store.world import due_of
from tests.makers.cases import a_study, begun, brought_to, by, stored
from tests.makers.people import ACTORS, NOW, settle


@pytest.fixture
def house(store: Store) -> Store:
    """A network with people and one study."""
    settle(store)
    a_study(store)
    return store


def heard(store: Store, case_id: str, now: datetime) -> None:
    """The last fact of a case reaches the deadlines."""
    with store.read() as connection:
        told = cases.facts_of(connection, case_id)[-1]
    on_case_fact(store, told, now)


def kinds(store: Store, case_id: str) -> list[str]:
    with store.read() as connection:
        return [fact.kind for fact in cases.facts_of(connection, case_id)]


def pass_time(store: Store, case_id: str, start: datetime, minutes: int) -> None:
    """Each minute the timers tick three times, as three workers would, and facts are heard."""
    for minute in range(minutes + 1):
        now = start + timedelta(minutes=minute)
        before = stored(store, case_id).version
        for _ in range(3):
            run_due_timers(store, CASE_TIMERS, now)
        if stored(store, case_id).version != before:
            heard(store, case_id, now)


def test_nobody_reads_back_and_the_whole_ladder_is_called_each_rung_once(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    by(house, case_id, "guiyang.ct", Verb.RAISE_ALERT, critical={"finding": "急性脑出血"})
    heard(house, case_id, NOW)
    pass_time(house, case_id, NOW, 20)
    calls = stored(house, case_id).alerts[0].attempts
    assert [(tried.at - NOW) / timedelta(minutes=1) for tried in calls] == [0, 5, 8, 10]
    assert [tried.to for tried in calls][2:] == ["科主任 / 医务科", "会诊中心调度"]


def test_once_it_is_read_back_nobody_else_is_called(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    by(house, case_id, "guiyang.ct", Verb.RAISE_ALERT, critical={"finding": "急性脑出血"})
    heard(house, case_id, NOW)
    pass_time(house, case_id, NOW, 4)
    now = NOW + timedelta(minutes=4)
    by(house, case_id, "anlong.other", Verb.CONFIRM_ALERT, now, read_back="急性脑出血，已请神经外科")
    heard(house, case_id, now)
    pass_time(house, case_id, now, 20)
    assert len(stored(house, case_id).alerts[0].attempts) == 1


def test_an_emergency_that_stays_half_is_reminded_of_once(house: Store) -> None:
    hurried: dict[str, Any] = {"priority": Priority.EMERGENCY, "patient": Patient("", "M", phone="138")}
    case_id = begun(house, study_uids=(), images_follow=True, clinical_history="", consent=None, **hurried)
    by(house, case_id, "anlong.doctor", Verb.EMERGENCY_SUBMIT)
    by(house, case_id, "guiyang.ct", Verb.CLAIM)
    by(house, case_id, "guiyang.ct", Verb.ACCEPT)
    heard(house, case_id, NOW)
    pass_time(house, case_id, NOW, 70)
    assert kinds(house, case_id).count("remind_request") == 1


def test_a_recall_names_the_receivers_that_are_on_record(house: Store) -> None:
    case_id = brought_to(house, State.DELIVERED)
    move(house, case_id, Order(Verb.RECALL, {"reason": "左右写反"}), ACTORS["guiyang.ct"], NOW)
    (recall,) = stored(house, case_id).recalls
    assert [(each.channel, each.name, each.acknowledged_at) for each in recall.receivers] == [
        ("portal", "ANLONG", None)
    ]
    move(house, case_id, Order(Verb.ACKNOWLEDGE_RECALL), ACTORS["anlong.other"], NOW)
    assert stored(house, case_id).recalls[0].receivers[0].acknowledged_at == NOW


def test_where_one_signature_is_enough_the_author_can_recall(store: Store) -> None:
    settle(store, SitePolicy(two_person=False))
    a_study(store)
    case_id = brought_to(store, State.DELIVERED)
    after = by(store, case_id, "guiyang.ct", Verb.RECALL, reason="患者错误")
    assert (after.state, str(after.report)) == (State.IN_PROGRESS, "retracted")


def test_a_case_of_the_night_has_its_place_in_the_list_at_once(house: Store) -> None:
    """Business time rests at night: the due time is the one of the morning, not that of the day after."""
    night = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
    late = begun(house, night)
    by(house, late, "anlong.doctor", Verb.SUBMIT, night)
    morning = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)  # 09:00: one hour after the hospital opened
    lines = page(house, ACTORS["anlong.doctor"], Filters(), None, 10, night).lines
    assert [line.due_at for line in lines] == [morning]
    case = stored(house, late)
    for hours in (0, 5, 10, 11, 12, 40):
        assert due_of(case, night + timedelta(hours=hours)) == morning


def test_two_appointments_of_one_specialist_do_not_overlap(house: Store) -> None:
    booked, other = brought_to(house, State.ACCEPTED), brought_to(house, State.ACCEPTED, question="另一问题")
    at = NOW + timedelta(hours=3)
    by(house, booked, "guiyang.ct", Verb.SCHEDULE, appointment_at=at)
    with pytest.raises(Unmet):
        by(house, other, "guiyang.ct", Verb.SCHEDULE, appointment_at=at + timedelta(minutes=29))
    by(house, other, "guiyang.ct", Verb.SCHEDULE, appointment_at=at + timedelta(minutes=30))


def test_the_images_of_a_case_that_was_made_by_mistake_are_nobodys_business(house: Store) -> None:
    case_id = brought_to(house, State.QUEUED)
    by(house, case_id, "xingyi.coordinator", Verb.MARK_ENTERED_IN_ERROR)
    with house.read() as connection:
        assert cases.sees(connection, case_id, ACTORS["anlong.doctor"], What.IMAGES)
    by(house, case_id, "admin", Verb.CONFIRM_ENTERED_IN_ERROR)
    with house.read() as connection:
        assert cases.find(connection, case_id, ACTORS["anlong.doctor"]).state is State.ENTERED_IN_ERROR
        with pytest.raises(NotFound):
            cases.find(connection, case_id, ACTORS["anlong.doctor"], What.IMAGES)
        assert cases.sees(connection, case_id, SYSTEM, What.IMAGES)
