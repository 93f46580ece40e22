"""An emergency goes at once; the rest of its request is owed, filled in once, and asked for again when it is late."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from consult.domain.cases import Case, Consent, Patient, Priority, State, Stay, case_of, document_of
from consult.domain.emergency import request_lacks
from consult.domain.errors import NotAllowed, Unmet
from consult.domain.indicators import paused_share, time_by_owner
from consult.domain.recalls import recall_waits
from consult.domain.reminders import Topic, due_at
from consult.domain.workflow import Verb, decide
from tests.makers.cases import GOOD_WORLD, STUDY, a_case
from tests.makers.people import ACTORS, NOW

HURRIED = Patient("", "M", phone="13800000000")
REST: dict[str, Any] = {
    "patient": Patient("患者一", "M", date(1970, 1, 1), "520000197001010011", "13911111111"),
    "clinical_history": "头痛三天", "consent": Consent("家属", NOW), "study_uids": [STUDY],
}  # fmt: skip


def moved(case: Case, who: str, verb: Verb, minutes: float = 0, **said: Any) -> Case:
    after, _ = decide(case, verb, ACTORS[who], said, GOOD_WORLD, NOW + timedelta(minutes=minutes))
    assert case_of(document_of(after)) == after
    return after


def hurried() -> Case:
    draft = a_case(
        State.DRAFT, priority=Priority.EMERGENCY, patient=HURRIED, consent=None, clinical_history="", study_uids=(),
        images_follow=True,
    )  # fmt: skip
    return moved(draft, "anlong.doctor", Verb.EMERGENCY_SUBMIT)


def test_the_rest_is_owed_within_half_an_hour_and_named() -> None:
    case = hurried()
    assert case.state is State.QUEUED
    assert case.completes_by == NOW + timedelta(minutes=30)
    assert [words.zh for words in request_lacks(case)] == ["患者姓名", "出生日期", "病史", "知情同意", "检查影像"]
    assert request_lacks(a_case(State.QUEUED, consent=None)) == ()


@pytest.mark.parametrize("state", [State.QUEUED, State.ACCEPTED, State.IN_PROGRESS, State.PRELIMINARY])
def test_it_is_filled_in_while_the_case_goes_on_and_only_where_it_was_empty(state: State) -> None:
    case = moved(replace(hurried(), state=state), "anlong.other", Verb.COMPLETE_REQUEST, 5, **REST)
    assert case.state is state
    assert request_lacks(case) == ()
    assert (case.patient.name, case.patient.phone) == ("患者一", "13800000000")
    assert case.consent == Consent("家属", NOW)
    with pytest.raises(Unmet):
        moved(case, "anlong.doctor", Verb.COMPLETE_REQUEST, 6, **REST)


def test_only_the_asking_hospital_fills_it_in() -> None:
    for who in ("guiyang.ct", "dushan.doctor", "xingyi.coordinator"):
        with pytest.raises(NotAllowed):
            moved(hurried(), who, Verb.COMPLETE_REQUEST, **REST)


def test_who_the_patient_is_stays_under_a_signature() -> None:
    signed: tuple[dict[str, Any], ...] = ({"state": State.IN_REVIEW}, {"state": State.SIGNED, "signed_at": NOW})
    for changes in signed:
        case = moved(replace(hurried(), **changes), "anlong.doctor", Verb.COMPLETE_REQUEST, 5, **REST)
        assert case.patient == HURRIED
        assert case.consent is not None


def test_a_reminder_comes_once_and_not_when_nothing_is_owed() -> None:
    case = hurried()
    assert due_at(case, Topic.REQUEST) == case.completes_by
    with pytest.raises(Unmet):
        moved(case, "system", Verb.REMIND_REQUEST, 29.9)
    reminded = moved(case, "system", Verb.REMIND_REQUEST, 30)
    with pytest.raises(Unmet):
        moved(reminded, "system", Verb.REMIND_REQUEST, 31)
    whole = moved(case, "anlong.doctor", Verb.COMPLETE_REQUEST, 5, **REST)
    with pytest.raises(Unmet):
        moved(whole, "system", Verb.REMIND_REQUEST, 31)


def test_a_supplement_and_each_appointment_have_a_reminder_of_their_own() -> None:
    returned = a_case(State.RETURNED, stays=(Stay(State.RETURNED, NOW),))
    assert due_at(returned, Topic.SUPPLEMENT) == NOW + timedelta(hours=24)
    assert due_at(replace(returned, priority=Priority.EMERGENCY), Topic.SUPPLEMENT) == NOW + timedelta(minutes=30)
    booked = a_case(State.SCHEDULED, appointment_at=NOW + timedelta(minutes=15))
    told = moved(booked, "system", Verb.REMIND_APPOINTMENT)
    assert due_at(told, Topic.APPOINTMENT) is None
    later = moved(told, "guiyang.ct", Verb.RESCHEDULE, reason="急诊手术", appointment_at=NOW + timedelta(hours=3))
    assert due_at(later, Topic.APPOINTMENT) == NOW + timedelta(hours=2, minutes=45)


def test_a_meeting_that_failed_goes_back_to_whoever_has_the_case_with_the_reason() -> None:
    booked = a_case(State.SCHEDULED, appointment_at=NOW)
    back = moved(booked, "guiyang.ct", Verb.SESSION_FAILED, reason="对方网络中断")
    assert (back.state, back.appointment_at, back.last_reason) == (State.ACCEPTED, None, "对方网络中断")
    assert back.assignee == booked.assignee


def test_a_recall_names_everyone_who_has_the_version_and_waits_for_each() -> None:
    signed = a_case(State.ACKNOWLEDGED)
    told = [("portal", "ANLONG"), ("hl7", "ANLONG")]
    recalled = moved(signed, "guiyang.ct", Verb.RECALL, reason="左右写反", receivers=told)
    (entry,) = recalled.recalls
    assert (entry.version, entry.reason, entry.by.id) == (1, "左右写反", "guiyang.ct")
    assert recall_waits(recalled)
    again = replace(recalled, state=State.ACKNOWLEDGED)
    with pytest.raises(Unmet):
        moved(again, "anlong.doctor", Verb.CLOSE)
    known = moved(recalled, "anlong.doctor", Verb.ACKNOWLEDGE_RECALL, 3)
    assert not recall_waits(known)
    assert {each.acknowledged_by.name for each in known.recalls[0].receivers if each.acknowledged_by} == {"王建国"}
    moved(replace(known, state=State.ACKNOWLEDGED), "anlong.doctor", Verb.CLOSE, 4)


def test_a_report_that_was_wrong_goes_to_quality_assurance() -> None:
    closed = a_case(State.CLOSED)
    fine = moved(closed, "anlong.doctor", Verb.GIVE_OUTCOME, outcome="手术证实", concordance="concordant")
    wrong = moved(closed, "anlong.doctor", Verb.GIVE_OUTCOME, outcome="实为肿瘤", concordance="discordant")
    assert (fine.sampled, wrong.sampled, wrong.concordance) == (closed.sampled, True, "discordant")


def test_time_belongs_to_whoever_had_the_case_and_pauses_have_their_share() -> None:
    at = [NOW + timedelta(minutes=m) for m in (0, 10, 20, 60, 90)]
    states = (State.DRAFT, State.SUBMITTED, State.RETURNED, State.SUBMITTED, State.QUEUED)
    case = a_case(State.QUEUED, stays=tuple(map(Stay, states, at)))
    shares = {(s.owner, s.paused): s.seconds for s in time_by_owner(case, NOW + timedelta(minutes=110))}
    assert shares == {("coordinator", False): 40 * 60, ("requester", True): 40 * 60, ("router", False): 20 * 60}
    assert paused_share(case, NOW + timedelta(minutes=110)) == pytest.approx(0.4)
