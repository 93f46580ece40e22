"""The one way in for moves: the version seen, what was said, who may see it, and what changes beside the case."""

from datetime import timedelta
from typing import Any

import pytest

from consult.actions.workflow import SEALED, Order, move, overridden
from consult.domain.cases import ServiceType, State
from consult.domain.errors import Invalid, NotAllowed, NotFound, Stale, Unmet, WrongState
from consult.domain.people import SYSTEM, SitePolicy
from consult.domain.reports import ReportText
from consult.domain.workflow import Verb
from consult.store import cases, outbox
from consult.store.unit import Store
from tests.makers.cases import NOW, WRITTEN, a_request, a_study, begun, brought_to, by, stored, write_report
from tests.makers.people import ACTORS, policy, settle

DOCTOR, READER, DUTY = ACTORS["anlong.doctor"], ACTORS["guiyang.ct"], ACTORS["xingyi.coordinator"]


@pytest.fixture
def house(store: Store) -> Store:
    """A network with people and one study."""
    settle(store)
    a_study(store)
    return store


def test_a_move_made_on_the_version_that_is_there_answers_where_the_case_is(house: Store) -> None:
    case_id = begun(house)
    answer = move(house, case_id, Order(Verb.SUBMIT, {}, 1), DOCTOR, NOW)
    assert (answer["id"], answer["state"], answer["version"], answer["verb"]) == (case_id, "submitted", 2, "submit")
    assert stored(house, case_id).version == 2


@pytest.mark.parametrize("seen", [0, 2, 99])
def test_a_move_made_on_another_version_is_stale_and_changes_nothing(house: Store, seen: int) -> None:
    case_id = begun(house)
    with pytest.raises(Stale):
        move(house, case_id, Order(Verb.SUBMIT, {}, seen), DOCTOR, NOW)
    assert stored(house, case_id).version == 1


def test_a_case_that_one_may_not_see_is_not_found_like_one_that_is_not(house: Store) -> None:
    case_id = brought_to(house, State.SUBMITTED)
    for stranger in ("dushan.doctor", "anlong.admin", "auditor", "guiyang.ct"):
        with pytest.raises(NotFound):
            move(house, case_id, Order(Verb.WITHDRAW, {"reason": "x"}), ACTORS[stranger], NOW)
    with pytest.raises(NotFound):
        move(house, "none", Order(Verb.WITHDRAW, {"reason": "x"}), DOCTOR, NOW)


def test_a_colleague_of_the_same_site_may_do_what_the_requester_may(house: Store) -> None:
    case_id = begun(house)
    assert move(house, case_id, Order(Verb.SUBMIT), ACTORS["anlong.other"], NOW)["state"] == "submitted"


def test_a_wrong_move_tells_what_is_open(house: Store) -> None:
    case_id = begun(house)
    with pytest.raises(WrongState) as refused:
        move(house, case_id, Order(Verb.ACKNOWLEDGE), DOCTOR, NOW)
    assert set(refused.value.allowed) == {"revise", "link_studies", "submit", "withdraw", "emergency_submit"}


def test_an_assignee_is_named_by_who_they_are_and_gets_time_to_answer(house: Store) -> None:
    case_id = brought_to(house, State.QUEUED)
    move(house, case_id, Order(Verb.ASSIGN, {"assignee": "guiyang.ct2"}), DUTY, NOW)
    case = stored(house, case_id)
    assert case.assignee is not None
    assert (case.assignee.id, case.assignee.name) == ("guiyang.ct2", "赵医师")
    assert case.offer_until == NOW + timedelta(hours=1)


@pytest.mark.parametrize("who", ["guiyang.mr", "anlong.doctor"])
def test_nobody_unfit_is_assigned(house: Store, who: str) -> None:
    case_id = brought_to(house, State.QUEUED)
    with pytest.raises(Unmet):
        move(house, case_id, Order(Verb.ASSIGN, {"assignee": who}), DUTY, NOW)


def test_an_assignee_that_does_not_exist_is_an_error_of_the_form(house: Store) -> None:
    case_id = brought_to(house, State.QUEUED)
    with pytest.raises(Invalid) as refused:
        move(house, case_id, Order(Verb.ASSIGN, {"assignee": "nobody"}), DUTY, NOW)
    assert [error.field for error in refused.value.fields] == ["assignee"]


def test_studies_of_another_site_cannot_be_linked(house: Store) -> None:
    a_study(house, "DUSHAN", "1.2.3.4")
    case_id = begun(house)
    with pytest.raises(Invalid) as refused:
        move(house, case_id, Order(Verb.LINK_STUDIES, {"study_uids": ("1.2.3.4",)}), DOCTOR, NOW)
    assert [error.field for error in refused.value.fields] == ["study_uids"]


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_an_override_without_a_reason_is_refused(reason: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        overridden({"overrides": [{"code": "side", "reason": reason}]})
    assert [error.field for error in refused.value.fields] == ["overrides"]


def test_an_override_with_a_reason_counts_by_its_code() -> None:
    said = {"overrides": [{"code": "wrong-side", "reason": "镜像摆位"}, {"code": "unit", "reason": "原文如此"}]}
    assert overridden(said) == {"wrong-side", "unit"}
    assert overridden({}) == frozenset()


def test_two_signatures_are_asked_where_the_performing_site_says_so(house: Store) -> None:
    policy(house, "GUIYANG", SitePolicy(two_person=True))
    case_id = brought_to(house, State.IN_PROGRESS)
    write_report(house, case_id)
    with pytest.raises(Unmet) as refused:
        by(house, case_id, "guiyang.ct", Verb.SIGN)
    assert "双签" in refused.value.sentence.zh
    by(house, case_id, "guiyang.ct", Verb.SUBMIT_FOR_REVIEW)
    assert by(house, case_id, "guiyang.reviewer", Verb.CO_SIGN).state is State.SIGNED


def test_whoever_wrote_a_part_does_not_review_it_even_after_another_took_over(house: Store) -> None:
    case_id = brought_to(house, State.QUEUED)
    by(house, case_id, "guiyang.reviewer", Verb.CLAIM)
    by(house, case_id, "guiyang.reviewer", Verb.ACCEPT)
    by(house, case_id, "guiyang.reviewer", Verb.OPEN)
    write_report(house, case_id, who="guiyang.reviewer")
    by(house, case_id, "xingyi.coordinator", Verb.REASSIGN, assignee="guiyang.ct")
    for verb in (Verb.ACCEPT, Verb.OPEN, Verb.SUBMIT_FOR_REVIEW):
        by(house, case_id, "guiyang.ct", verb)
    with pytest.raises(NotAllowed):
        by(house, case_id, "guiyang.reviewer", Verb.CO_SIGN)
    assert by(house, case_id, "guiyang.reviewer2", Verb.CO_SIGN).state is State.SIGNED


def test_a_report_that_is_not_written_cannot_be_submitted(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    with pytest.raises(Unmet):
        by(house, case_id, "guiyang.ct", Verb.SUBMIT_FOR_REVIEW)
    write_report(house, case_id, ReportText(findings=WRITTEN.findings))
    with pytest.raises(Unmet):
        by(house, case_id, "guiyang.ct", Verb.SUBMIT_FOR_REVIEW)


def test_a_critical_finding_in_the_text_must_be_recorded_first(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    text = ReportText(WRITTEN.technique, "", WRITTEN.findings, "右侧基底节区急性脑出血。", WRITTEN.recommendation)
    write_report(house, case_id, text)
    with pytest.raises(Unmet) as refused:
        by(house, case_id, "guiyang.ct", Verb.SUBMIT_FOR_REVIEW)
    assert "急性脑出血" in refused.value.sentence.zh
    case = by(house, case_id, "guiyang.ct", Verb.SUBMIT_FOR_REVIEW, critical={"finding": "急性脑出血"})
    assert [alert.finding for alert in case.alerts] == ["急性脑出血"]
    by(house, case_id, "guiyang.reviewer", Verb.CO_SIGN)


def test_a_second_opinion_is_a_case_of_its_own_and_leaves_the_first_where_it_is(house: Store) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    before = stored(house, case_id)
    move(house, case_id, Order(Verb.MDT, {"question": "是否手术？", "performing_site": "GUIYANG"}), DOCTOR, NOW)
    assert stored(house, case_id).state is before.state
    with house.read() as connection:
        told = outbox.facts_after(connection, 0, 100)
        (child_id,) = {fact.subject_id for fact in told} - {case_id}
        child = cases.find(connection, child_id, SYSTEM)
    assert (child.parent_id, child.state, child.question) == (case_id, State.DRAFT, "是否手术？")
    assert child.service_type is ServiceType.MDT
    assert (child.patient, child.study_uids, child.consent) == (before.patient, before.study_uids, before.consent)


def test_a_request_is_edited_with_the_same_checks_as_a_new_one(house: Store) -> None:
    case_id = begun(house)
    changed: Any = a_request(question="改过的问题")
    move(house, case_id, Order(Verb.REVISE, {"request": changed}), DOCTOR, NOW)
    assert stored(house, case_id).question == "改过的问题"
    with pytest.raises(Invalid):
        move(house, case_id, Order(Verb.REVISE, {"request": a_request(performing_site="DUSHAN")}), DOCTOR, NOW)


@pytest.mark.parametrize("verb", sorted(SEALED))
def test_no_case_is_signed_by_the_way_that_makes_no_document(house: Store, verb: Verb) -> None:
    case_id = brought_to(house, State.IN_REVIEW if verb is Verb.CO_SIGN else State.IN_PROGRESS)
    write_report(house, case_id)
    who = ACTORS["guiyang.reviewer"] if verb is Verb.CO_SIGN else READER
    before = stored(house, case_id)
    with pytest.raises(ValueError, match="document"):
        move(house, case_id, Order(verb, {"variation": "一致"}), who, NOW)
    assert stored(house, case_id) == before
