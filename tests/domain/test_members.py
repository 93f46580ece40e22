"""Who sits in a multidisciplinary consultation: the list that fits, the answers, and what each may do."""

from dataclasses import replace
from typing import Any

import pytest

from consult.domain.cases import Case, Member, ServiceType, State, case_of, document_of
from consult.domain.errors import NotAllowed, Unmet, WrongState
from consult.domain.members import may_write, sits_in
from consult.domain.workflow import Verb, decide, open_to
from tests.makers.cases import GOOD_WORLD, INVITED, NOW, a_case, say
from tests.makers.people import ACTORS

CHAIR, MEMBER, ASKS = ACTORS["guiyang.ct"], ACTORS["guiyang.mr"], ACTORS["anlong.doctor"]
SEATS = tuple(Member(**each) for each in INVITED)
LOOKS_ON = {"id": "guiyang.ct2", "name": "赵医师", "specialty": "urology", "role": "observer"}


def an_mdt(state: State, members: tuple[Member, ...] = SEATS, **changes: Any) -> Case:
    return a_case(state, **{"service_type": ServiceType.MDT, "members": members, **changes})


BAD_LISTS: dict[str, list[dict[str, str]]] = {
    "nobody": [],
    "no chair": [INVITED[1], {**INVITED[0], "role": "member"}],
    "two chairs": [INVITED[0], {**INVITED[1], "role": "chair"}],
    "one specialty": [INVITED[0], {**INVITED[1], "specialty": "radiology"}],
    "an observer has no voice": [INVITED[0], LOOKS_ON],
    "somebody twice": [*INVITED, {**INVITED[1], "specialty": "urology"}],
}


@pytest.mark.parametrize("named", BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_list_needs_one_chair_and_two_specialties_with_a_voice(named: list[dict[str, str]]) -> None:
    with pytest.raises(Unmet):
        decide(an_mdt(State.DRAFT, ()), Verb.INVITE, ASKS, {"members": named}, GOOD_WORLD, NOW)


def test_whoever_stays_on_the_list_keeps_the_answer() -> None:
    case, _ = decide(an_mdt(State.SUBMITTED), Verb.ACCEPT_INVITATION, MEMBER, {}, GOOD_WORLD, NOW)
    named = [INVITED[0], {**INVITED[1], "specialty": "neurology"}, LOOKS_ON]
    after, _ = decide(case, Verb.INVITE, ASKS, {"members": named}, GOOD_WORLD, NOW)
    assert [(m.specialty, m.answer) for m in after.members] == [
        ("radiology", "invited"), ("neurology", "accepted"), ("urology", "invited"),
    ]  # fmt: skip
    assert case_of(document_of(after)) == after


def test_a_chair_who_has_the_case_is_not_changed_by_the_list() -> None:
    other = [{**INVITED[0], "id": "guiyang.ct2", "name": "赵医师"}, INVITED[1]]
    with pytest.raises(Unmet):
        decide(an_mdt(State.ACCEPTED), Verb.INVITE, ASKS, {"members": other}, GOOD_WORLD, NOW)
    after, _ = decide(an_mdt(State.QUEUED, assignee=None), Verb.INVITE, ASKS, {"members": other}, GOOD_WORLD, NOW)
    assert after.members[0].id == "guiyang.ct2"


def test_only_who_is_invited_answers_and_who_declined_is_out() -> None:
    case = an_mdt(State.SUBMITTED)
    with pytest.raises(NotAllowed):
        decide(case, Verb.ACCEPT_INVITATION, ACTORS["guiyang.ct2"], {}, GOOD_WORLD, NOW)
    after, _ = decide(case, Verb.DECLINE_INVITATION, MEMBER, {"reason": "手术中"}, GOOD_WORLD, NOW)
    assert (after.members[1].answer, after.members[1].reason, after.members[1].answered_at) == (
        "declined", "手术中", NOW,
    )  # fmt: skip
    assert not sits_in(after, MEMBER)
    assert not {move.row.verb for move in open_to(after, MEMBER, GOOD_WORLD, NOW)} & {
        Verb.ACCEPT_INVITATION, Verb.DECLINE_INVITATION,
    }  # fmt: skip


def test_it_begins_when_two_specialties_have_accepted_and_the_chairs_own_case_is_an_answer() -> None:
    case, _ = decide(an_mdt(State.ASSIGNED), Verb.ACCEPT, CHAIR, {}, GOOD_WORLD, NOW)
    assert case.members[0].answer == "accepted"
    with pytest.raises(Unmet) as refused:
        decide(case, Verb.OPEN, CHAIR, {}, GOOD_WORLD, NOW)
    assert "两个学科" in refused.value.sentence.zh
    case, _ = decide(case, Verb.ACCEPT_INVITATION, MEMBER, {}, GOOD_WORLD, NOW)
    assert decide(case, Verb.OPEN, CHAIR, {}, GOOD_WORLD, NOW)[0].state is State.IN_PROGRESS


def test_the_chair_alone_signs_and_no_reviewer_is_asked() -> None:
    case = an_mdt(State.IN_PROGRESS)
    assert decide(case, Verb.SIGN, CHAIR, say(Verb.SIGN), GOOD_WORLD, NOW)[0].state is State.SIGNED
    for verb, who in ((Verb.SIGN, MEMBER), (Verb.CO_SIGN, MEMBER), (Verb.SUBMIT_FOR_REVIEW, CHAIR)):
        with pytest.raises((NotAllowed, Unmet, WrongState)):
            decide(case, verb, who, say(verb), GOOD_WORLD, NOW)
    usurped = an_mdt(State.IN_PROGRESS, assignee=replace(case.assignee, id="guiyang.mr") if case.assignee else None)
    with pytest.raises(Unmet) as refused:
        decide(usurped, Verb.SIGN, MEMBER, say(Verb.SIGN), GOOD_WORLD, NOW)
    assert "主席" in refused.value.sentence.zh


def test_an_observer_looks_on_and_writes_nothing() -> None:
    seats = (*SEATS, Member(**LOOKS_ON, answer="accepted"))
    case = an_mdt(State.IN_PROGRESS, seats)
    assert sits_in(case, ACTORS["guiyang.ct2"])
    assert not may_write(case, ACTORS["guiyang.ct2"])
    assert not may_write(case, MEMBER)  # has not accepted yet
