"""Every fact that concerns somebody has its words; none of them can name a patient; urgency follows the case."""

import re
from dataclasses import replace
from datetime import timedelta
from string import Formatter

import pytest

from consult.domain.cases import Alert, Attempt, Party, Priority, State
from consult.domain.critical import CONTACTS
from consult.domain.notices import (
    BY_ID,
    CALL_TO,
    CALLED,
    CHAINS,
    NOTICES,
    Audience,
    Urgency,
    said_of,
    told_of,
    urgency_of,
    words_of,
)
from consult.domain.workflow import Verb
from tests.makers.cases import a_case
from tests.makers.people import NOW


def test_every_row_is_of_a_fact_that_happens_and_has_an_id_of_its_own() -> None:
    assert {each.fact for each in NOTICES} <= {str(verb) for verb in Verb} | {CALLED}
    assert len(BY_ID) == len(NOTICES)
    assert all(each.chain is None or each.chain in CHAINS for each in NOTICES)


def test_the_ladders_rise() -> None:
    for rungs in CHAINS.values():
        assert [rung.after for rung in rungs] == sorted({rung.after for rung in rungs})
    assert len(CALL_TO) == len(CONTACTS)


@pytest.mark.parametrize("notice", NOTICES, ids=lambda each: each.id)
def test_words_are_in_both_languages_and_hold_nothing_but_moments(notice: object) -> None:
    words = notice.words  # type: ignore[attr-defined]
    for text in words:
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= {"until", "appointment"}
    assert not re.search(r"[\u4e00-\u9fff]", words.en)


def test_what_a_notice_takes_along_of_a_case_is_its_number_and_two_moments() -> None:
    case = a_case(State.ASSIGNED, offer_until=NOW, appointment_at=NOW)
    assert said_of(case) == {
        "number": case.number, "until": NOW.isoformat(), "appointment": NOW.isoformat(),
    }  # fmt: skip


def test_moments_are_shown_as_the_clock_on_the_wall_says() -> None:
    case = a_case(State.ASSIGNED, offer_until=NOW + timedelta(minutes=32))
    words = words_of("assign", said_of(case))
    assert words == ("已派给您，请接诊（10:32 前）", "Offered to you; please accept by 10:32")
    met = words_of("schedule", said_of(a_case(State.SCHEDULED, appointment_at=NOW)))
    assert met.zh == "会诊时间定于 11月24日 10:00"
    assert words_of("reassign", said_of(a_case())).zh == "已转派给您，请接诊"


def test_what_is_to_be_done_for_an_emergency_is_an_emergency_and_what_is_only_news_is_not() -> None:
    emergency = a_case(priority=Priority.EMERGENCY)
    assert urgency_of(BY_ID["assign"], emergency) is Urgency.EMERGENCY
    assert urgency_of(BY_ID["assign"], a_case()) is Urgency.ACTION
    assert urgency_of(BY_ID["decline"], emergency) is Urgency.NEWS
    assert urgency_of(BY_ID["recall"], a_case()) is Urgency.EMERGENCY


@pytest.mark.parametrize("rung", range(len(CONTACTS)))
def test_a_call_of_the_contact_list_is_told_to_its_rung_whichever_move_made_it(rung: int) -> None:
    def called(times: int) -> tuple[Alert, ...]:
        tries = tuple(Attempt(NOW, "portal", "x", None, reached=False) for _ in range(times))
        return (Alert("急性脑出血", "notifying", NOW, Party("guiyang.ct", "陈医师"), attempts=tries),)

    before, after = a_case(State.SIGNED, alerts=called(rung)), a_case(State.SIGNED, alerts=called(rung + 1))
    told = [each for each in told_of(before, after, "sign") if each.fact == CALLED]
    assert [each.to for each in told] == [(CALL_TO[rung],)]
    assert told_of(after, after, "record_call") == ()


def test_an_emergency_missed_twice_goes_to_everybody_on_shift() -> None:
    once = a_case(State.QUEUED, priority=Priority.EMERGENCY, passed_over=("a",))
    twice = replace(once, passed_over=("a", "b"))
    assert [each.id for each in told_of(once, once, "offer_ran_out")] == ["offer_ran_out"]
    assert [each.id for each in told_of(once, twice, "offer_ran_out")] == ["broadcast", "offer_ran_out"]
    routine = replace(twice, priority=Priority.ROUTINE)
    assert [each.id for each in told_of(once, routine, "offer_ran_out")] == ["offer_ran_out"]


@pytest.mark.parametrize(("level", "whom"), [(1, Audience.COORDINATORS), (2, Audience.ON_CALL), (3, Audience.HEADS)])
def test_each_mark_of_the_clock_is_told_one_level_higher(level: int, whom: Audience) -> None:
    case = a_case(State.IN_PROGRESS, escalation_level=level)
    (told,) = told_of(case, case, "escalate")
    assert told.to[-1] is whom
