"""A critical finding: called up a ladder, read back, handled; on record at both sides within ten minutes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from consult.domain.cases import Alert, Attempt, Case, Party, Priority, State, case_of, document_of
from consult.domain.critical import CONTACTS, AlertState, due_at, next_call, told_in_time
from consult.domain.errors import NotAllowed, Unmet
from consult.domain.indicators import CRITICAL_TEN_MINUTES, EMERGENCY_TWO_HOURS, Rate, rates, standings
from consult.domain.workflow import Verb, decide, open_to
from tests.makers.cases import CALLED, GOOD_WORLD, READ_BACK, a_case
from tests.makers.people import ACTORS, NOW


def moved(case: Case, who: str, verb: Verb, minutes: float = 0, **said: Any) -> Case:
    after, _ = decide(case, verb, ACTORS[who], said, GOOD_WORLD, NOW + timedelta(minutes=minutes))
    assert case_of(document_of(after)) == after
    return after


def found(*findings: str) -> Case:
    case = a_case(State.IN_PROGRESS)
    for finding in findings:
        case = moved(case, "guiyang.ct", Verb.RAISE_ALERT, critical={"finding": finding})
    return case


def called(alert: Alert, times: int) -> Alert:
    tries = tuple(Attempt(NOW, "portal", "某", None, reached=False) for _ in range(times))
    return replace(alert, attempts=tries)


def test_the_ladder_is_called_at_once_at_half_at_four_fifths_and_at_ten_minutes() -> None:
    calls = [next_call(called(CALLED, times)) for times in range(5)]
    assert calls == [NOW, *(NOW + timedelta(minutes=m) for m in (5, 8, 10)), None]
    assert next_call(READ_BACK) is None


def test_each_rung_is_called_once_however_often_the_timer_comes() -> None:
    case = found("急性脑出血")  # the first contact sees it with the move that found it
    with pytest.raises(Unmet):
        moved(case, "system", Verb.CALL_CONTACT, 4.9)
    case = moved(case, "system", Verb.CALL_CONTACT, 5)
    assert [tried.to for tried in case.alerts[0].attempts] == [rung.words.zh for rung in CONTACTS[:2]]
    assert case.alerts[0].state == AlertState.NOTIFYING
    assert not any(tried.reached for tried in case.alerts[0].attempts)


def test_a_call_that_reached_nobody_is_on_record_and_the_ladder_goes_on() -> None:
    case = found("急性脑出血")
    case = moved(case, "guiyang.ct", Verb.RECORD_CALL, 1, receiver="值班室", channel="phone", reached=False)
    (alert,) = case.alerts
    assert (alert.state, alert.notified_at) == (AlertState.NOTIFYING, None)
    assert [(tried.to, tried.channel, tried.reached) for tried in alert.attempts[1:]] == [("值班室", "phone", False)]
    assert next_call(alert) == NOW + timedelta(minutes=5)


def test_it_is_told_read_back_and_handled_each_with_who_and_when() -> None:
    case = found("急性脑出血")
    case = moved(case, "guiyang.ct", Verb.RECORD_CALL, 2, receiver="王建国", channel="phone", reached=True)
    assert case.alerts[0].state == AlertState.NOTIFIED
    case = moved(case, "anlong.other", Verb.CONFIRM_ALERT, 3, read_back="右侧基底节出血")
    case = moved(case, "anlong.doctor", Verb.HANDLE_ALERT, 30, handling="急诊手术")
    (alert,) = case.alerts
    assert alert.notified_at == NOW + timedelta(minutes=2)
    assert alert.acknowledged_at == NOW + timedelta(minutes=3)
    assert (alert.acknowledged_by, alert.read_back) == (Party("anlong.other", "何静"), "右侧基底节出血")
    assert (alert.state, alert.handled_by, alert.handling) == ("handled", Party("anlong.doctor", "王建国"), "急诊手术")


def test_of_two_findings_the_one_that_is_named_is_read_back() -> None:
    case = found("急性脑出血", "脑疝")
    with pytest.raises(Unmet):
        moved(case, "anlong.doctor", Verb.CONFIRM_ALERT, read_back="脑疝")
    case = moved(case, "anlong.doctor", Verb.CONFIRM_ALERT, finding="脑疝", read_back="脑疝")
    assert [alert.is_open for alert in case.alerts] == [True, False]


def test_the_reader_does_not_read_back_for_the_county_nor_the_county_call_for_the_reader() -> None:
    case = found("急性脑出血")
    with pytest.raises(NotAllowed):
        moved(case, "guiyang.ct", Verb.CONFIRM_ALERT, read_back="有")
    with pytest.raises(NotAllowed):
        moved(case, "anlong.doctor", Verb.RECORD_CALL, receiver="我", channel="phone", reached=True)
    with pytest.raises(NotAllowed):
        moved(case, "dushan.doctor", Verb.CONFIRM_ALERT, read_back="有")


def test_the_buttons_of_a_finding_are_there_only_while_they_mean_something() -> None:
    def verbs(case: Case, who: str) -> set[Verb]:
        return {move.row.verb for move in open_to(case, ACTORS[who], GOOD_WORLD, NOW)}

    critical = {Verb.RECORD_CALL, Verb.CONFIRM_ALERT, Verb.HANDLE_ALERT}
    assert not critical & (verbs(found(), "guiyang.ct") | verbs(found(), "anlong.doctor"))
    assert Verb.CONFIRM_ALERT in verbs(found("脑疝"), "anlong.doctor")
    read = replace(found("脑疝"), alerts=(READ_BACK,))
    assert critical & (verbs(read, "guiyang.ct") | verbs(read, "anlong.doctor")) == {Verb.HANDLE_ALERT}


def test_a_case_with_an_open_finding_is_neither_cancelled_nor_acknowledged_in_silence() -> None:
    case = found("急性脑出血")
    with pytest.raises(Unmet):
        moved(case, "anlong.doctor", Verb.CANCEL, reason="转院")
    delivered = replace(a_case(State.DELIVERED), alerts=case.alerts)
    with pytest.raises(Unmet):
        moved(delivered, "anlong.doctor", Verb.ACKNOWLEDGE)
    assert not moved(delivered, "anlong.doctor", Verb.ACKNOWLEDGE, 1, read_back="急性脑出血").alerts[0].is_open


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("read_at", "words", "now", "told"),
    [
        (None, "", NOW + 10 * MINUTE, None),
        (None, "", NOW + 10.1 * MINUTE, False),
        (NOW + 10 * MINUTE, "脑出血", NOW + 60 * MINUTE, True),
        (NOW + 10.1 * MINUTE, "脑出血", NOW + 60 * MINUTE, False),
        (NOW + MINUTE, "", NOW + 60 * MINUTE, False),
    ],
)
def test_ten_minutes_count_only_with_both_sides_on_record(
    read_at: datetime | None, words: str, now: datetime, told: bool | None
) -> None:
    alert = replace(READ_BACK, acknowledged_at=read_at, read_back=words)
    assert due_at(alert) == NOW + 10 * MINUTE
    assert told_in_time(alert, now) is told


def test_the_national_indicators_go_by_their_own_names() -> None:
    urgent: dict[str, Any] = {"priority": Priority.EMERGENCY, "exam_started": NOW - timedelta(hours=2)}
    on_time = a_case(State.SIGNED, signed_at=NOW, alerts=(READ_BACK,), **urgent)
    late = a_case(State.SIGNED, signed_at=NOW + timedelta(seconds=1), **urgent)
    open_yet = a_case(State.IN_PROGRESS, priority=Priority.EMERGENCY, exam_started=NOW, alerts=(CALLED,))
    mr = a_case(State.SIGNED, modality="MR", **urgent)
    assert [s.met for s in standings(open_yet, NOW)] == [None, None]
    assert standings(mr, NOW) == ()
    assert rates([on_time, late, open_yet, mr], NOW) == (
        Rate(EMERGENCY_TWO_HOURS, 2, 1), Rate(CRITICAL_TEN_MINUTES, 1, 1),
    )  # fmt: skip
    overdue = NOW + timedelta(hours=3)
    assert rates([open_yet], overdue) == (Rate(EMERGENCY_TWO_HOURS, 1, 0), Rate(CRITICAL_TEN_MINUTES, 1, 0))
