"""Facts become notices: who has to know is told once, in the page at once, and by other ways when it is time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from consult.actions import notices as actions
from consult.actions import reach as reach_actions
from consult.actions.relay import StoredPositions, run_due_timers
from consult.domain.cases import Priority, State
from consult.domain.events import Fact
from consult.domain.notices import KEPT, Urgency
from consult.domain.reach import Channel, Open, Reach
from consult.domain.sendings import Sending, Standing
from consult.domain.workflow import Verb
from consult.store import cases, notices, sendings
from consult.store.notices import Looked, Told
from consult.store.unit import Store
from consult.worker.relay import Relay
from tests.doubles import Clock
from tests.makers.cases import a_study, begun, brought_to, by
from tests.makers.people import ACTORS, NOW, settle

OUT = Open(frozenset(Channel), frozenset({"ANLONG"}))
NIGHT = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
MORNING = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)  # 07:00 there, the next day
MINUTE = timedelta(minutes=1)


class Office:
    """A network with a worker that tells people, turned by hand."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, Clock(NOW)
        self.relay = Relay(StoredPositions(store), {"notices": self._tell}, self.clock, lambda: True)

    def _tell(self, fact: Fact, now: datetime) -> None:
        if fact.subject == "case":
            actions.on_case_fact(self.store, fact, now, OUT)

    def work(self) -> None:
        """Everything that is to be told at this moment."""
        while self.relay.turn():
            pass
        assert run_due_timers(self.store, actions.timers(OUT), self.clock()) == []

    def of(self, person_id: str) -> list[Told]:
        """A person's notices, oldest first."""
        with self.store.read() as connection:
            return notices.page(connection, person_id, False, None, 100)[::-1]

    def kinds(self, person_id: str) -> list[str]:
        """Their rows of NOTICES."""
        return [each.notice for each in self.of(person_id)]

    def going_out(self, channel: Channel, now: datetime) -> list[Sending]:
        """What is due by a way."""
        with self.store.read() as connection:
            return sendings.due(connection, channel, now, 100)

    def reachable(self, person_id: str, **more: object) -> None:
        """The person has a mailbox and a telephone."""
        told = replace(Reach(f"{person_id}@example.org", "13800001111"), **more)  # type: ignore[arg-type]
        reach_actions.keep(self.store, ACTORS[person_id], told, NOW)


@pytest.fixture
def office(store: Store) -> Office:
    """People, one complete study, and nothing told yet."""
    settle(store)
    a_study(store)
    return Office(store)


def test_who_has_to_know_is_told_once_and_who_did_it_is_not(office: Office) -> None:
    case_id = brought_to(office.store, State.SUBMITTED)
    office.work()
    office.work()
    assert office.kinds("xingyi.coordinator") == office.kinds("xingyi.second") == ["submit"]
    assert office.kinds("anlong.doctor") == []
    by(office.store, case_id, "xingyi.coordinator", Verb.RETURN_FOR_SUPPLEMENT, items=["薄层"])
    office.work()
    (told,) = office.of("anlong.doctor")
    assert (told.notice, told.urgency, told.case_id) == ("return_for_supplement", Urgency.ACTION, case_id)
    assert office.kinds("guiyang.ct") == []


def test_the_whole_way_tells_each_at_their_turn(office: Office) -> None:
    case_id = brought_to(office.store, State.CLOSED)
    office.work()
    assert office.kinds("anlong.doctor") == ["deliver"]
    assert office.kinds("guiyang.reviewer") == office.kinds("guiyang.reviewer2") == ["submit_for_review"]
    by(office.store, case_id, "anlong.doctor", Verb.GIVE_OUTCOME, outcome="手术证实", concordance="concordant")
    office.work()
    assert office.kinds("guiyang.ct") == ["give_outcome"]


def test_a_fact_that_is_given_again_tells_nobody_twice(office: Office) -> None:
    office.reachable("xingyi.coordinator")
    brought_to(office.store, State.SUBMITTED)
    office.work()
    again = Relay(StoredPositions(office.store), {"another": office._tell}, office.clock, lambda: True)
    while again.turn():
        pass
    assert office.kinds("xingyi.coordinator") == ["submit"]
    assert len(office.going_out(Channel.EMAIL, NOW)) == 1


def test_whoever_had_the_case_hears_that_it_went(office: Office) -> None:
    case_id = brought_to(office.store, State.ASSIGNED)
    by(office.store, case_id, "anlong.doctor", Verb.WITHDRAW)
    office.work()
    assert office.kinds("guiyang.ct") == ["withdraw"]


def test_ways_follow_choice_and_set_up(office: Office) -> None:
    office.reachable("xingyi.coordinator")
    office.reachable("xingyi.second", ways={Channel.EMAIL: frozenset(), Channel.SMS: frozenset({Urgency.ACTION})})
    brought_to(office.store, State.SUBMITTED)
    office.work()
    assert [each.person_id for each in office.going_out(Channel.EMAIL, NOW)] == ["xingyi.coordinator"]
    assert [each.person_id for each in office.going_out(Channel.SMS, NOW)] == ["xingyi.second"]
    assert office.going_out(Channel.WEBHOOK, NOW) == []  # it is of ANLONG, and none of its people is told


def test_an_institutions_system_is_told_once_whoever_of_it_is_told(office: Office) -> None:
    case_id = brought_to(office.store, State.DELIVERED)
    by(office.store, case_id, "guiyang.ct", Verb.RECALL)
    office.work()
    hooks = office.going_out(Channel.WEBHOOK, NOW)
    assert [(each.notice, each.institution) for each in hooks] == [("recall", "ANLONG"), ("deliver", "ANLONG")]
    assert {"anlong.doctor", "anlong.other", "anlong.head"} <= {
        each.person_id for each in _of_case(office, case_id) if each.notice == "recall"
    }


def _of_case(office: Office, case_id: str) -> list[Told]:
    with office.store.read() as connection:
        return notices.of_case(connection, case_id)


# ---- quiet hours ----


def test_at_night_what_can_wait_is_held_until_the_morning(office: Office) -> None:
    office.reachable("xingyi.coordinator")
    office.clock.now = NIGHT
    brought_to(office.store, State.SUBMITTED, NIGHT)
    office.work()
    assert office.kinds("xingyi.coordinator") == ["submit"]  # in the page at once
    assert office.going_out(Channel.EMAIL, MORNING - MINUTE) == []
    (held,) = office.going_out(Channel.EMAIL, MORNING)
    assert held.standing is Standing.HELD


def test_at_night_emergencies_critical_findings_and_appointments_go_at_once(office: Office) -> None:
    for person in ("anlong.doctor", "xingyi.coordinator"):
        office.reachable(person)
    office.clock.now = NIGHT
    emergency = begun(office.store, NIGHT, priority=Priority.EMERGENCY)
    by(office.store, emergency, "anlong.doctor", Verb.EMERGENCY_SUBMIT, NIGHT)
    critical = brought_to(office.store, State.IN_PROGRESS, NIGHT, question="危急？")
    by(office.store, critical, "guiyang.ct", Verb.RAISE_ALERT, NIGHT, critical={"finding": "急性脑出血"})
    office.work()
    waiting = office.going_out(Channel.SMS, NIGHT)
    assert {(each.person_id, each.notice) for each in waiting} == {
        ("xingyi.coordinator", "emergency_submit"), ("anlong.doctor", "critical_call_0"),
    }  # fmt: skip
    assert all(each.standing is Standing.WAITING for each in waiting)


def test_an_appointment_that_begins_in_the_night_is_told_in_the_night(office: Office) -> None:
    office.reachable("anlong.doctor")
    case_id = brought_to(office.store, State.ACCEPTED, NOW)
    by(office.store, case_id, "guiyang.ct", Verb.SCHEDULE, NOW, appointment_at=NIGHT + 15 * MINUTE)
    by(office.store, case_id, "system", Verb.REMIND_APPOINTMENT, NIGHT)
    office.clock.now = NIGHT
    office.work()
    due = office.going_out(Channel.EMAIL, NIGHT)
    assert [each.notice for each in due if each.standing is Standing.WAITING] == ["remind_appointment"]


# ---- the ladder ----


def _emergency(office: Office) -> str:
    case_id = begun(office.store, priority=Priority.EMERGENCY)
    by(office.store, case_id, "anlong.doctor", Verb.EMERGENCY_SUBMIT)
    by(office.store, case_id, "system", Verb.ASSIGN, assignee={"id": "guiyang.ct2", "name": "赵医师"})
    office.work()
    return case_id


def test_an_emergency_that_nobody_looks_at_climbs_each_step_once(office: Office) -> None:
    _emergency(office)
    assert office.kinds("guiyang.ct2") == ["assign"]
    office.clock.advance(minutes=3)
    office.work()
    assert office.kinds("guiyang.ct") == ["assign"]  # on shift, and reads such studies
    assert office.kinds("guiyang.mr") == []
    before = office.kinds("xingyi.coordinator")
    office.clock.advance(minutes=3)
    office.work()
    assert office.kinds("xingyi.coordinator") == [*before, "assign"]
    office.clock.advance(minutes=4)
    office.work()
    assert office.of("guiyang.reviewer2")[-1].rung == 3
    office.clock.advance(minutes=60)
    office.work()
    assert office.kinds("guiyang.ct2") == ["assign"]


def test_looking_at_it_ends_the_climb(office: Office) -> None:
    _emergency(office)
    (told,) = office.of("guiyang.ct2")
    assert actions.mark_read(office.store, ACTORS["guiyang.ct"], Looked([told.id]), NOW) == 0  # it is not theirs
    assert actions.mark_read(office.store, ACTORS["guiyang.ct2"], Looked(case_id="0" * 32), NOW) == 0  # another case
    assert actions.mark_read(office.store, ACTORS["guiyang.ct2"], Looked(case_id=told.case_id), NOW) == 1
    office.clock.advance(minutes=30)
    office.work()
    assert office.kinds("guiyang.ct") == []


def test_a_case_that_went_on_ends_the_climb(office: Office) -> None:
    case_id = _emergency(office)
    by(office.store, case_id, "guiyang.ct2", Verb.ACCEPT, offer_until=None)
    office.clock.advance(minutes=30)
    office.work()
    assert office.kinds("guiyang.ct") == []


def test_two_workers_climb_one_step(office: Office) -> None:
    _emergency(office)
    office.clock.advance(minutes=3)
    start, failures = Barrier(2), []

    def tick() -> None:
        start.wait(10)
        failures.extend(run_due_timers(office.store, actions.timers(OUT), office.clock()))

    threads = [Thread(target=tick) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert office.kinds("guiyang.ct") == ["assign"]
    assert office.kinds("guiyang.reviewer2") == []


def test_the_contact_list_of_a_critical_finding_is_called_by_every_way(office: Office) -> None:
    for person in ("anlong.doctor", "anlong.other", "anlong.head"):
        office.reachable(person)
    case_id = brought_to(office.store, State.IN_PROGRESS)
    by(office.store, case_id, "guiyang.ct", Verb.RAISE_ALERT)
    for minutes in (5, 8):
        by(office.store, case_id, "system", Verb.CALL_CONTACT, NOW + minutes * MINUTE)
    office.work()
    called = sorted(
        (each.notice[-1], each.person_id)
        for each in office.going_out(Channel.SMS, NOW)
        if each.notice.startswith("critical_call")
    )
    assert called == [("0", "anlong.doctor"), ("1", "anlong.doctor"), ("1", "anlong.other"), ("2", "anlong.head")]


# ---- what is old ----


def test_what_is_older_than_a_year_is_forgotten_and_not_told_again(office: Office) -> None:
    office.reachable("xingyi.coordinator")
    case_id = brought_to(office.store, State.SUBMITTED)
    office.work()
    later = NOW + KEPT + MINUTE
    by(office.store, case_id, "xingyi.coordinator", Verb.RETURN_FOR_SUPPLEMENT, later - 2 * MINUTE, items=["薄层"])
    office.clock.now = later - 2 * MINUTE
    office.work()
    assert actions.forget_old(office.store, NOW + KEPT) == 0
    assert actions.forget_old(office.store, later) == 3  # two were told, one of them by mail too
    assert actions.forget_old(office.store, later) == 0
    assert office.kinds("xingyi.coordinator") == []
    assert office.going_out(Channel.EMAIL, later) == []
    assert office.kinds("anlong.doctor") == ["return_for_supplement"]
    office.clock.now = later
    again = Relay(StoredPositions(office.store), {"another": office._tell}, office.clock, lambda: True)
    while again.turn():
        pass
    assert office.kinds("xingyi.coordinator") == []
    with office.store.read() as connection:
        assert [fact.kind for fact in cases.facts_of(connection, case_id)][-1] == "return_for_supplement"
