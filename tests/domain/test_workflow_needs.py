"""Each need holds in a good world, fails in a bad one, and then says in both languages what to do about it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from consult.domain.cases import Alert, Asked, Case, Member, Party, Patient, Priority, ServiceType, State, Stay
from consult.domain.errors import Unmet, Words
from consult.domain.people import Actor
from consult.domain.workflow import TRANSITIONS, Verb, decide
from consult.domain.workflow_needs import Images, Need, World
from tests.makers.cases import CALLED, FITS, GOOD_WORLD, INVITED, READ_BACK, RECALLED, a_case, say
from tests.makers.people import ACTORS, NOW

GAPS = tuple(Words(f"缺第 {n} 层。", f"Slice {n} is missing.") for n in (35, 36, 37, 38))
OPEN_ALERT = Alert("急性脑出血", "detected", NOW, Party("guiyang.ct", "陈医师"))
READ, ASKS, DUTY = ACTORS["guiyang.ct"], ACTORS["anlong.doctor"], ACTORS["xingyi.coordinator"]
NEEDS: dict[str, Need] = {need.code: need for row in TRANSITIONS for need in row.needs}

# code: (verb, state, actor, what makes it fail: fields of the case, of the world, or what is said)
Broken = tuple[Verb, State, Actor, dict[str, Any], dict[str, Any], dict[str, Any]]
BROKEN: dict[str, Broken] = {
    "request-filled": (Verb.SUBMIT, State.DRAFT, ASKS, {"question": " "}, {}, {}),
    "consented": (Verb.SUBMIT, State.DRAFT, ASKS, {"consent": None}, {}, {}),
    "study-or-follows": (Verb.SUBMIT, State.DRAFT, ASKS, {"study_uids": ()}, {}, {}),
    "agreed": (Verb.SUBMIT, State.DRAFT, ASKS, {}, {"agreed": False}, {}),
    "no-duplicate": (Verb.SUBMIT, State.DRAFT, ASKS, {}, {"duplicate": "HZ20261124-0009"}, {}),
    "approved": (Verb.SUBMIT, State.DRAFT, ASKS, {}, {"approver_required": True}, {}),
    "head-wanted": (Verb.ASK_APPROVAL, State.DRAFT, ASKS, {}, {}, {}),
    "emergency-filled": (Verb.EMERGENCY_SUBMIT, State.DRAFT, ASKS, {"priority": Priority.URGENT}, {}, {}),
    "images-lacking": (Verb.IMAGES_INCOMPLETE, State.SUBMITTED, ACTORS["system"], {}, {}, {}),
    "images-settled": (
        Verb.IMAGES_COMPLETE, State.AWAITING_IMAGES, ACTORS["system"], {}, {"images": Images("receiving", 3)}, {}
    ),
    "images-ready": (Verb.TRIAGE, State.SUBMITTED, DUTY, {}, {"images": Images("short", 119, 120, GAPS)}, {}),
    "patient-fits": (
        Verb.TRIAGE, State.SUBMITTED, DUTY, {}, {"patient_differs": (Words("姓名", "name"),)}, {"patient_override": " "}
    ),
    "some-images": (Verb.OPEN, State.ACCEPTED, READ, {}, {"images": Images("none")}, {}),
    "images-proven": (Verb.SIGN, State.IN_PROGRESS, READ, {}, {"images": Images("short", 1)}, {}),
    "items-answered": (Verb.RESUBMIT, State.RETURNED, ASKS, {"asked": (Asked("薄层"),)}, {}, {}),
    "assignee-qualifies": (Verb.ASSIGN, State.QUEUED, DUTY, {}, {"unfit": {"guiyang.ct2": GAPS[0]}}, {}),
    "claimant-qualifies": (Verb.CLAIM, State.QUEUED, READ, {}, {"unfit": {"guiyang.ct": GAPS[0]}}, {}),
    "offer-open": (Verb.ACCEPT, State.ASSIGNED, READ, {"offer_until": NOW - timedelta(seconds=1)}, {}, {}),
    "offer-past": (
        Verb.OFFER_RAN_OUT, State.ASSIGNED, ACTORS["system"], {"offer_until": NOW + timedelta(seconds=1)}, {}, {}
    ),
    "interactive": (Verb.SCHEDULE, State.ACCEPTED, READ, {"service_type": ServiceType.TELEDIAGNOSIS}, {}, {}),
    "later-than-now": (Verb.SCHEDULE, State.ACCEPTED, READ, {}, {}, {"appointment_at": NOW}),
    "report-written": (Verb.SIGN, State.IN_PROGRESS, READ, {}, {"report_missing": GAPS[:1]}, {}),
    "checks-pass": (Verb.SIGN, State.IN_PROGRESS, READ, {}, {"blocking": GAPS[:2]}, {}),
    "critical-settled": (Verb.SIGN, State.IN_PROGRESS, READ, {}, {"critical_terms": ("急性脑出血",)}, {}),
    "sign-right": (Verb.SIGN, State.IN_PROGRESS, replace(READ, sign_right=False), {}, {}, {}),
    "one-signature": (Verb.SIGN, State.IN_PROGRESS, READ, {}, {"two_person": True}, {}),
    "variation-stated": (Verb.SIGN, State.PRELIMINARY, READ, {}, {}, {"variation": " "}),
    "not-issued-yet": (Verb.ISSUE_PRELIMINARY, State.IN_PROGRESS, READ, {"signed_at": NOW}, {}, {}),
    "received": (Verb.DELIVER, State.SIGNED, ACTORS["system"], {}, {"receipts": 0}, {}),
    "alerts-closed": (Verb.CLOSE, State.ACKNOWLEDGED, ASKS, {"alerts": (OPEN_ALERT,)}, {}, {}),
    "week-without-answer": (
        Verb.EXPIRE, State.RETURNED, ACTORS["system"],
        {"stays": (Stay(State.RETURNED, NOW - timedelta(days=7) + timedelta(seconds=1)),)}, {}, {},
    ),
    "second-person": (
        Verb.CONFIRM_ENTERED_IN_ERROR, State.QUEUED, DUTY, {"error_claimed_by": "xingyi.coordinator"}, {}, {}
    ),
    "patient-named": (Verb.SIGN, State.IN_PROGRESS, READ, {"patient": Patient("", "M")}, {}, {}),
    "request-whole": (
        Verb.CLOSE, State.ACKNOWLEDGED, ASKS, {"completes_by": NOW, "consent": None, "clinical_history": " "}, {}, {}
    ),
    "rest-is-owed": (Verb.COMPLETE_REQUEST, State.QUEUED, ASKS, {"clinical_history": "头痛"}, {}, {}),
    "recalls-acknowledged": (Verb.CLOSE, State.ACKNOWLEDGED, ASKS, {"recalls": (RECALLED,)}, {}, {}),
    "recall-waits": (Verb.ACKNOWLEDGE_RECALL, State.IN_PROGRESS, ASKS, {"recalls": ()}, {}, {}),
    "appointment-free": (
        Verb.SCHEDULE, State.ACCEPTED, READ, {}, {"appointments": (NOW + timedelta(hours=2, minutes=-29),)}, {}
    ),
    "request-reminder-due": (
        Verb.REMIND_REQUEST, State.QUEUED, ACTORS["system"], {"completes_by": NOW + timedelta(seconds=1)}, {}, {}
    ),
    "supplement-reminder-due": (
        Verb.REMIND_SUPPLEMENT, State.RETURNED, ACTORS["system"],
        {"stays": (Stay(State.RETURNED, NOW - timedelta(hours=23)),)}, {}, {},
    ),
    "appointment-reminder-due": (
        Verb.REMIND_APPOINTMENT, State.SCHEDULED, ACTORS["system"],
        {"appointment_at": NOW + timedelta(minutes=16)}, {}, {},
    ),
    "finding-said": (Verb.RAISE_ALERT, State.IN_PROGRESS, READ, {"alerts": (CALLED,)}, {},
                     {"critical": {"finding": CALLED.finding}}),
    "call-due": (
        Verb.CALL_CONTACT, State.IN_PROGRESS, ACTORS["system"],
        {"alerts": (replace(CALLED, detected_at=NOW + timedelta(seconds=1)),)}, {}, {},
    ),
    "alert-open": (Verb.CONFIRM_ALERT, State.IN_PROGRESS, ASKS, {"alerts": (READ_BACK,)}, {}, {}),
    "alert-read-back": (Verb.HANDLE_ALERT, State.IN_PROGRESS, ASKS, {"alerts": (CALLED,)}, {}, {}),
    "call-told": (Verb.RECORD_CALL, State.IN_PROGRESS, READ, {}, {}, {"receiver": " "}),
    "handling-said": (Verb.HANDLE_ALERT, State.IN_PROGRESS, ASKS, {}, {}, {"handling": ""}),
    "read-back-said": (Verb.CONFIRM_ALERT, State.IN_PROGRESS, ASKS, {}, {}, {"read_back": " "}),
    "open-ones-read-back": (Verb.ACKNOWLEDGE, State.DELIVERED, ASKS, {"alerts": (CALLED,)}, {}, {"read_back": " "}),
    "is-mdt": (Verb.INVITE, State.DRAFT, ASKS, {"service_type": ServiceType.TELECONSULTATION}, {}, {}),
    "list-fits": (Verb.INVITE, State.DRAFT, ASKS, {}, {}, {"members": INVITED[:1]}),
    "specialties-named": (Verb.SUBMIT, State.DRAFT, ASKS, {"service_type": ServiceType.MDT}, {}, {}),
    "specialties-present": (
        Verb.OPEN, State.ACCEPTED, READ,
        {"service_type": ServiceType.MDT, "members": tuple(Member(**each) for each in INVITED)}, {}, {},
    ),
    "chair-signs": (Verb.SIGN, State.IN_PROGRESS, READ, {"service_type": ServiceType.MDT}, {}, {}),
    "not-by-the-chair": (Verb.SUBMIT_FOR_REVIEW, State.IN_PROGRESS, READ, {"service_type": ServiceType.MDT}, {}, {}),
    "opinions-given": (Verb.SIGN, State.IN_PROGRESS, READ, {}, {"silent": ("杨医师",)}, {}),
    "may-raise": (Verb.CHANGE_PRIORITY, State.QUEUED, ASKS, {"raised_by_requester": True}, {}, {}),
    "other-priority": (Verb.CHANGE_PRIORITY, State.QUEUED, DUTY, {}, {}, {"priority": "routine"}),
}  # fmt: skip


def test_every_need_of_the_tables_is_broken_here_once() -> None:
    assert set(BROKEN) == set(NEEDS)


@pytest.mark.parametrize("code", BROKEN)
def test_a_need_that_fails_stops_the_move_with_its_own_sentence(code: str) -> None:
    verb, state, actor, fields, worldly, said = BROKEN[code]
    case, world = a_case(state, **{**FITS.get(verb, {}), **fields}), replace(GOOD_WORLD, **worldly)
    with pytest.raises(Unmet) as refused:
        decide(case, verb, actor, {**say(verb), **said}, world, NOW)
    sentence = NEEDS[code].sentence(case, world)
    assert refused.value.sentence == sentence
    _is_a_sentence(sentence)


@pytest.mark.parametrize("code", BROKEN)
def test_the_same_move_passes_when_all_needs_hold(code: str) -> None:
    """So each case above fails for the reason it names and for no other."""
    verb, state, actor, _, _, _ = BROKEN[code]
    world = replace(GOOD_WORLD, images=Images("none")) if code == "images-lacking" else GOOD_WORLD
    world = replace(world, approver_required=verb is Verb.ASK_APPROVAL)
    first = Priority.EMERGENCY if code == "emergency-filled" else Priority.ROUTINE
    fits = FITS.get(verb, {})
    case = a_case(state, priority=first, error_claimed_by="another", offer_until=NOW, **fits)
    after, _ = decide(case, verb, replace(actor, sign_right=True), say(verb), world, NOW)
    assert after.version == case.version + 1


@pytest.mark.parametrize(
    "world",
    [
        World(),
        World(images=Images("receiving", 17)),
        World(images=Images("short", 118)),
        World(images=Images("short", 116, 120, GAPS)),
        World(report_missing=GAPS[:2], blocking=GAPS[:1], critical_terms=("急性脑出血", "脑疝"), duplicate="HZ1"),
    ],
)
def test_every_sentence_is_complete_in_both_languages_in_any_world(world: World) -> None:
    for need in NEEDS.values():
        if (need.code == "report-written" and not world.report_missing) or (
            need.code == "checks-pass" and not world.blocking
        ):
            continue  # holds here, and is not asked for its sentence
        _is_a_sentence(need.sentence(a_case(), world))


def _is_a_sentence(words: Words) -> None:
    assert words.zh.endswith("。")
    assert "。。" not in words.zh
    assert words.en.endswith(".")
    assert any("一" <= each <= "鿿" for each in words.zh)
    assert any(each.isascii() and each.isalpha() for each in words.en)


def test_missing_images_are_named_up_to_three_and_the_rest_counted() -> None:
    world = World(images=Images("short", 116, 120, GAPS))
    words = NEEDS["images-ready"].sentence(a_case(), world)
    assert words.zh == "影像不完整：缺第 35 层；缺第 36 层；缺第 37 层，另有 1 处。"
    assert words.en.endswith("And 1 more.")


def test_what_settles_a_need_is_something_the_move_asks_for() -> None:
    for row in TRANSITIONS:
        assert {need.settled_by for need in row.needs} - {None} <= set(row.asks), row.id


def test_an_override_settles_incomplete_images_for_an_emergency_only() -> None:
    world = replace(GOOD_WORLD, images=Images("short", 100, 120, GAPS))
    urgent, emergency = (
        a_case(State.SUBMITTED, priority=priority) for priority in (Priority.URGENT, Priority.EMERGENCY)
    )
    assert decide(emergency, Verb.TRIAGE, DUTY, {"override": True}, world, NOW)[0].state is State.QUEUED
    for case, said in ((emergency, {}), (urgent, {"override": True})):
        with pytest.raises(Unmet):
            decide(case, Verb.TRIAGE, DUTY, said, world, NOW)


@pytest.mark.parametrize("answers", [[{"answer": "已补"}, {"answer": "片已遗失", "declined": True}]])
def test_items_are_answered_one_by_one(answers: list[dict[str, Any]]) -> None:
    case: Case = a_case(State.RETURNED, asked=(Asked("薄层"), Asked("既往片")))
    after, _ = decide(case, Verb.RESUBMIT, ASKS, {"answers": answers}, GOOD_WORLD, NOW)
    assert after.asked == (Asked("薄层", "已补"), Asked("既往片", "片已遗失", True))
    for lacking in ([], answers[:1], [{"answer": " "}, answers[1]], [answers[0], {"declined": True}]):
        with pytest.raises(Unmet):
            decide(case, Verb.RESUBMIT, ASKS, {"answers": lacking}, GOOD_WORLD, NOW)


def test_recording_the_critical_finding_with_the_signature_settles_it() -> None:
    world = replace(GOOD_WORLD, critical_terms=("急性脑出血",))
    said = {"critical": {"finding": "急性脑出血"}}
    after, _ = decide(a_case(State.IN_PROGRESS), Verb.SIGN, READ, said, world, NOW)
    assert [(alert.finding, alert.state) for alert in after.alerts] == [("急性脑出血", "notifying")]
