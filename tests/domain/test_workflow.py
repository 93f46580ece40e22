"""The tables against the page they were written from, and the engine against the tables, cell by cell."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from consult.domain.cases import Case, Member, Party, Priority, State, case_of, document_of, rebuild
from consult.domain.errors import Invalid, NotAllowed, Unmet, WrongState
from consult.domain.people import Actor, Role
from consult.domain.workflow import (
    BY_STATE,
    LABELS,
    ORDER,
    STATES,
    TRANSITIONS,
    Transition,
    Verb,
    begin,
    decide,
    open_to,
)
from consult.domain.workflow_needs import RELATIONS, Images, Who, World
from tests.makers.cases import ALL_THERE, FITS, GOOD_WORLD, NOW, a_case, say
from tests.makers.people import ACTORS

# state: (word, FHIR Task.status, Task.businessStatus), as the FHIR profile of the service lists them
WORDS = {
    "draft": ("草稿", "draft", "draft"),
    "submitted": ("待受理", "requested", "requested"),
    "awaiting_images": ("待影像", "requested", "awaiting-images"),
    "returned": ("退回补充", "on-hold", "returned-for-supplement"),
    "queued": ("待派单", "ready", "ready"),
    "assigned": ("待接诊", "received", "received"),
    "accepted": ("已接诊", "accepted", "accepted"),
    "scheduled": ("已预约", "accepted", "scheduled"),
    "in_progress": ("诊断中", "in-progress", "in-progress"),
    "preliminary": ("初步报告已发", "in-progress", "preliminary"),
    "in_review": ("待审核", "in-progress", "in-review"),
    "signed": ("已签发", "in-progress", "signed"),
    "delivered": ("已送达", "completed", "delivered"),
    "acknowledged": ("已确认", "completed", "acknowledged"),
    "closed": ("已结案", "completed", "closed"),
    "rejected": ("已拒绝", "rejected", "rejected"),
    "withdrawn": ("已撤回", "cancelled", "withdrawn"),
    "cancelled": ("已取消", "cancelled", "cancelled"),
    "expired": ("超期关闭", "failed", "expired"),
    "entered_in_error": ("误建", "entered-in-error", "entered-in-error"),
}
LIVE = list(WORDS)[:14]
AFTER_DRAFT = " ".join([*LIVE[1:], "closed"])
SEATED = "submitted awaiting_images returned queued assigned accepted scheduled in_progress preliminary"
# verb: (id, from, to, who may), the rules of the service written out once more, apart from the table
RULES: dict[str, tuple[str, str, str, set[str]]] = {
    "revise": ("T01", "draft returned", "=", {"requester"}),
    "link_studies": (
        "T01", "draft submitted awaiting_images returned queued assigned accepted scheduled in_progress", "=",
        {"requester", "system"},
    ),
    "ask_approval": ("T02", "draft", "=", {"requester"}),
    "decline_approval": ("T02", "draft", "=", {"approver"}),
    "submit": ("T02", "draft", "submitted", {"requester", "approver"}),
    "images_incomplete": ("T03", "submitted", "awaiting_images", {"system"}),
    "images_complete": ("T04", "awaiting_images", "submitted", {"system"}),
    "return_for_supplement": (
        "T05", "submitted awaiting_images queued assigned accepted scheduled in_progress", "returned",
        {"coordinator", "assignee"},
    ),
    "resubmit": ("T06", "returned", "submitted", {"requester"}),
    "triage": ("T07", "submitted", "queued", {"coordinator", "system"}),
    "reject": ("T08", "submitted queued", "rejected", {"coordinator", "specialist"}),
    "assign": ("T09", "queued", "assigned", {"system", "coordinator"}),
    "claim": ("T09", "queued", "assigned", {"specialist"}),
    "accept": ("T10", "assigned", "accepted", {"assignee"}),
    "decline": ("T11", "assigned", "queued", {"assignee"}),
    "offer_ran_out": ("T11", "assigned", "queued", {"system"}),
    "schedule": ("T12", "accepted", "scheduled", {"assignee", "coordinator"}),
    "reschedule": ("T13", "scheduled", "=", {"assignee", "requester", "coordinator"}),
    "open": ("T14", "accepted scheduled", "in_progress", {"assignee"}),
    "release": ("T15", "in_progress", "accepted", {"assignee"}),
    "reassign": (
        "T16", "queued assigned accepted scheduled in_progress preliminary in_review", "assigned",
        {"coordinator", "assignee"},
    ),
    "issue_preliminary": ("T17", "in_progress", "preliminary", {"assignee"}),
    "submit_for_review": ("T18", "in_progress preliminary", "in_review", {"assignee"}),
    "return_review": ("T19", "in_review", "in_progress", {"reviewer"}),
    "sign": ("T20", "in_progress preliminary", "signed", {"assignee"}),
    "co_sign": ("T21", "in_review", "signed", {"reviewer"}),
    "deliver": ("T22", "signed", "delivered", {"system"}),
    "acknowledge": ("T23", "delivered", "acknowledged", {"requester"}),
    "close": ("T24", "acknowledged", "closed", {"requester", "system"}),
    "addend": ("T25", "signed delivered acknowledged closed", "in_progress", {"author", "reviewer"}),
    "correct": ("T25", "signed delivered acknowledged closed", "in_progress", {"author", "reviewer"}),
    "recall": ("T26", "signed delivered acknowledged closed", "in_progress", {"reviewer", "qa", "author"}),
    "withdraw": ("T27", "draft submitted awaiting_images returned queued assigned", "withdrawn", {"requester"}),
    "cancel": (
        "T28", "accepted scheduled in_progress preliminary in_review", "cancelled", {"requester", "coordinator"}
    ),
    "expire": ("T29", "returned", "expired", {"system"}),
    "mark_entered_in_error": ("T30", " ".join(LIVE), "=", {"coordinator", "platform_admin"}),
    "confirm_entered_in_error": ("T30", " ".join(LIVE), "entered_in_error", {"coordinator", "platform_admin"}),
    "escalate": ("T31", " ".join(LIVE[1:]), "=", {"system", "requester", "coordinator"}),
    "change_priority": ("T32", "submitted awaiting_images returned queued", "=", {"coordinator", "requester"}),
    "second_opinion": (
        "T33", "in_progress preliminary in_review signed delivered acknowledged closed", "=",
        {"assignee", "coordinator", "requester"},
    ),
    "mdt": (
        "T33", "in_progress preliminary in_review signed delivered acknowledged closed", "=",
        {"assignee", "coordinator", "requester"},
    ),
    "invite": (
        "T33", "draft submitted awaiting_images returned queued assigned accepted scheduled in_progress preliminary",
        "=", {"requester", "coordinator", "assignee"},
    ),
    "accept_invitation": ("T33", SEATED, "=", {"invited"}),
    "decline_invitation": ("T33", SEATED, "=", {"member"}),
    "give_outcome": ("T34", "closed", "=", {"requester"}),
    "emergency_submit": ("T35", "draft", "queued", {"requester", "approver"}),
    "complete_request": ("T35", " ".join(LIVE[1:14]), "=", {"requester"}),
    "remind_request": ("T35", " ".join(LIVE[1:]), "=", {"system"}),
    "remind_supplement": ("T29", "returned", "=", {"system"}),
    "remind_appointment": ("T13", "scheduled", "=", {"system"}),
    "session_failed": ("T14", "scheduled", "accepted", {"assignee", "coordinator", "system"}),
    "acknowledge_recall": ("T26", AFTER_DRAFT, "=", {"requester"}),
    "raise_alert": (
        "T36", "in_progress preliminary in_review signed delivered acknowledged closed", "=",
        {"assignee", "author", "reviewer"},
    ),
    "call_contact": ("T36", AFTER_DRAFT, "=", {"system"}),
    "record_call": ("T36", AFTER_DRAFT, "=", {"assignee", "author", "reviewer", "coordinator"}),
    "confirm_alert": ("T36", AFTER_DRAFT, "=", {"requester", "approver"}),
    "handle_alert": ("T36", AFTER_DRAFT, "=", {"requester", "approver"}),
}  # fmt: skip
WITH_REASON = {
    "return_for_supplement", "reject", "decline", "reschedule", "release", "reassign", "return_review", "addend",
    "correct", "recall", "withdraw", "cancel", "mark_entered_in_error", "session_failed",
    "decline_invitation", "decline_approval",
}  # fmt: skip
# who of the demonstration is what to a case of ANLONG that guiyang.ct reads, and nothing else that matters here
STANDS_FOR: dict[Who, Actor] = {
    Who.REQUESTER: ACTORS["anlong.doctor"],
    Who.APPROVER: ACTORS["anlong.head"],
    Who.COORDINATOR: ACTORS["xingyi.coordinator"],
    Who.SPECIALIST: ACTORS["guiyang.ct2"],
    Who.ASSIGNEE: ACTORS["guiyang.ct"],
    Who.AUTHOR: ACTORS["guiyang.resident"],
    Who.REVIEWER: ACTORS["guiyang.reviewer2"],
    Who.QA: ACTORS["qa"],
    Who.PLATFORM_ADMIN: ACTORS["admin"],
    Who.SYSTEM: ACTORS["system"],
    Who.MEMBER: Actor("zunyi.surgeon", "周医师", frozenset(), "ZUNYI"),
    Who.INVITED: Actor("zunyi.invited", "郑医师", frozenset(), "ZUNYI"),
}
IMPLIED: dict[Who, set[Who]] = {
    Who.ASSIGNEE: {Who.SPECIALIST}, Who.AUTHOR: {Who.SPECIALIST}, Who.INVITED: {Who.MEMBER},
}  # fmt: skip


def a_case_of_all(state: State) -> Case:
    """A case in which each relation is held by a person of its own, and every need holds."""
    return a_case(
        state, assignee=Party("guiyang.ct", "陈医师"), author=Party("guiyang.resident", "吴医师"),
        priority=Priority.EMERGENCY if state is State.DRAFT else Priority.ROUTINE, error_claimed_by="somebody",
        offer_until=NOW,
        members=(Member("zunyi.surgeon", "周医师", "oncology", "member", "accepted"),
                 Member("zunyi.invited", "郑医师", "urology", "member")),
    )  # fmt: skip


def test_every_state_has_the_words_of_the_page() -> None:
    told = {str(s): (row.label.zh, row.fhir_status, row.fhir_business_status) for s, row in STATES.items()}
    assert told == WORDS
    assert list(STATES) == ORDER == list(State)
    assert {str(s) for s, row in STATES.items() if row.live} == set(LIVE)
    assert all(row.label.zh and row.label.en for row in STATES.values())


def test_the_clocks_run_where_the_page_says() -> None:
    consult = {str(s) for s, row in STATES.items() if "consult" in row.clocks}
    patient = {str(s) for s, row in STATES.items() if "patient" in row.clocks}
    running = {"submitted", "queued", "assigned", "accepted", "scheduled", "in_progress", "preliminary", "in_review"}
    assert consult == running
    assert patient == running | {"awaiting_images", "returned"}
    assert STATES[State.SIGNED].clocks == {"delivery"}
    assert STATES[State.DELIVERED].clocks == {"acknowledge"}
    assert all(not row.clocks for row in STATES.values() if not row.live)


def test_every_move_of_the_page_is_a_row_and_no_other_is() -> None:
    told = {
        str(row.verb): (
            row.id.rstrip("abcde"), set(map(str, row.origins)), str(row.target or "="), set(map(str, row.who))
        )
        for row in TRANSITIONS
    }  # fmt: skip
    assert told == {verb: (id, set(origins.split()), target, who) for verb, (id, origins, target, who) in RULES.items()}
    assert {str(row.verb) for row in TRANSITIONS if row.reason} == WITH_REASON
    assert {row.id.rstrip("abcde") for row in TRANSITIONS} == {f"T{n:02d}" for n in range(1, 37)}


def test_a_verb_means_one_thing() -> None:
    assert len({row.verb for row in TRANSITIONS}) == len(TRANSITIONS) == len(Verb) == len(LABELS)
    assert len({row.id for row in TRANSITIONS}) == len(TRANSITIONS)
    assert all(row.label.zh and row.label.en for row in TRANSITIONS)
    assert len({row.label.zh for row in TRANSITIONS}) == len({row.label.en for row in TRANSITIONS}) == len(TRANSITIONS)


def test_each_relation_is_held_by_one_person_of_the_grid() -> None:
    """Or the grid below would not tell the relations apart."""
    case = a_case_of_all(State.IN_PROGRESS)
    for who, actor in STANDS_FOR.items():
        holds = {relation for relation in Who if RELATIONS[relation](case, actor)}
        assert holds == {who, *IMPLIED.get(who, ())}


@pytest.mark.parametrize("state", State, ids=str)
@pytest.mark.parametrize("verb", Verb, ids=str)
def test_each_cell_of_the_grid_is_a_row_or_a_refusal(state: State, verb: Verb) -> None:
    """For everyone: the move of the rules, or WrongState with what is open, or NotAllowed; never anything else."""
    _, origins, target, who = RULES[str(verb)]
    case = a_case_of_all(state)
    for relation, actor in STANDS_FOR.items():
        also = IMPLIED.get(relation, set())
        allowed = bool({str(relation), *map(str, also)} & who)
        if str(state) not in origins.split():
            with pytest.raises(WrongState) as refused:
                decide(case, verb, actor, say(verb), GOOD_WORLD, NOW)
            assert not isinstance(refused.value, Unmet)
            assert refused.value.allowed == tuple(str(m.row.verb) for m in open_to(case, actor, GOOD_WORLD, NOW))
            assert STATES[state].label.zh in refused.value.sentence.zh
        elif not allowed:
            with pytest.raises(NotAllowed):
                decide(case, verb, actor, say(verb), GOOD_WORLD, NOW)
        else:
            _moves(replace(case, **FITS.get(verb, {})), verb, actor, target)


def _moves(case: Case, verb: Verb, actor: Actor, target: str) -> None:
    world = replace(GOOD_WORLD, images=Images("none")) if verb is Verb.IMAGES_INCOMPLETE else GOOD_WORLD
    world = replace(world, approver_required=verb is Verb.ASK_APPROVAL)
    actor = replace(actor, roles=actor.roles | {Role.APPROVER}, sign_right=True)
    after, told = decide(case, verb, actor, say(verb), world, NOW)
    assert str(after.state) == (str(case.state) if target == "=" else target)
    assert after.version == case.version + 1 == told.version
    assert after.updated_at == NOW == told.at
    assert (told.subject, told.subject_id, told.kind, told.by_id) == ("case", case.id, str(verb), actor.person_id)
    assert (told.data["from"], told.data["to"]) == (str(case.state), str(after.state))
    assert case_of(document_of(case) | told.data["set"]) == after
    if after.state is case.state:
        assert after.stays == case.stays
    else:
        assert after.stays[:-1] == case.stays
        assert (after.stays[-1].state, after.stays[-1].since) == (after.state, NOW)


@pytest.mark.parametrize(("row", "blank"), list(product([r for r in TRANSITIONS if r.reason], ["", "  ", None])))
def test_a_reason_is_asked_for_where_the_page_says_and_blank_is_none(row: Transition, blank: str | None) -> None:
    state = min(row.origins, key=ORDER.index)
    case = a_case_of_all(state)
    actor = STANDS_FOR[min(row.who)]
    with pytest.raises(Invalid) as refused:
        decide(case, row.verb, actor, {**say(row.verb), "reason": blank}, GOOD_WORLD, NOW)
    assert [error.field for error in refused.value.fields] == ["reason"]
    after, told = decide(case, row.verb, actor, {**say(row.verb), "reason": " 设备故障 "}, GOOD_WORLD, NOW)
    assert after.last_reason == told.data["reason"] == "设备故障"


def test_what_is_open_is_what_decide_lets_through() -> None:
    """A button without an unmet need works; one with an unmet need is refused with that need's sentence."""
    for state, actor in product(State, STANDS_FOR.values()):
        case = a_case_of_all(state)
        for move in open_to(case, actor, GOOD_WORLD, NOW):
            assert BY_STATE[move.row.verb, state] is move.row
            if not move.unmet:
                decide(case, move.row.verb, actor, say(move.row.verb), GOOD_WORLD, NOW)


def test_an_unmet_need_is_shown_with_its_sentence_and_named_in_the_refusal() -> None:
    case = a_case(State.DRAFT, consent=None)
    moves = {move.row.verb: move for move in open_to(case, ACTORS["anlong.doctor"], GOOD_WORLD, NOW)}
    ((need, sentence),) = moves[Verb.SUBMIT].unmet
    assert need.code == "consented"
    with pytest.raises(Unmet) as refused:
        decide(case, Verb.SUBMIT, ACTORS["anlong.doctor"], {}, GOOD_WORLD, NOW)
    assert refused.value.sentence == sentence
    assert "submit" in refused.value.allowed


def test_a_case_is_rebuilt_from_its_facts() -> None:
    case, first = begin(a_case(State.DRAFT, version=1), ACTORS["anlong.doctor"])
    facts = [first]
    for verb, who in (
        (Verb.SUBMIT, "anlong.doctor"), (Verb.TRIAGE, "xingyi.coordinator"), (Verb.CLAIM, "guiyang.ct"),
        (Verb.ACCEPT, "guiyang.ct"), (Verb.OPEN, "guiyang.ct"), (Verb.SIGN, "guiyang.ct"), (Verb.DELIVER, "system"),
        (Verb.ACKNOWLEDGE, "anlong.doctor"), (Verb.ADDEND, "guiyang.ct"),
    ):  # fmt: skip
        case, told = decide(case, verb, ACTORS[who], say(verb), GOOD_WORLD, NOW + timedelta(minutes=len(facts)))
        facts.append(told)
        assert rebuild(facts) == case
    assert case.version == len(facts)


def test_nothing_is_decided_on_the_case_that_was_handed_in() -> None:
    case = a_case(State.QUEUED)
    before = document_of(case)
    decide(case, Verb.CLAIM, ACTORS["guiyang.ct"], {}, GOOD_WORLD, NOW)
    assert document_of(case) == before


def test_a_world_without_good_news_lets_nothing_through_that_needs_it() -> None:
    """Every need of every row fails on its own in some world: none is decoration."""
    bad = World(agreed=False, images=Images("none"), report_missing=GOOD_WORLD.report_missing)
    assert not bad.unfit
    assert ALL_THERE.status == "complete"
    with pytest.raises(Unmet):
        decide(a_case(State.QUEUED), Verb.CLAIM, ACTORS["guiyang.ct"], {}, bad, NOW)
    with pytest.raises(Unmet):
        decide(a_case(State.DRAFT), Verb.SUBMIT, ACTORS["anlong.doctor"], {}, bad, NOW)
    with pytest.raises(Unmet):
        decide(a_case(State.ACCEPTED), Verb.OPEN, ACTORS["guiyang.ct"], {}, bad, NOW)
