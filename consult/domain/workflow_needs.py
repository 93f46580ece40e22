"""Who may move a case, and what must hold first: each need with the sentence that says what to do about it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from consult.domain.cases import PRIORITY_RANK, Case, Priority, ServiceType, State
from consult.domain.clocks import RETURNED_EXPIRES_S
from consult.domain.errors import Words
from consult.domain.people import Actor, Role

FREE_TEXT_LIMIT = 4000


class Who(StrEnum):
    """What an actor is to a case."""

    REQUESTER = "requester"
    APPROVER = "approver"
    COORDINATOR = "coordinator"
    SPECIALIST = "specialist"
    ASSIGNEE = "assignee"
    AUTHOR = "author"
    REVIEWER = "reviewer"
    QA = "qa"
    PLATFORM_ADMIN = "platform_admin"
    SYSTEM = "system"
    MEMBER = "member"
    INVITED = "invited"


def _at(site: str, role: Role, actor: Actor) -> bool:
    return role in actor.roles and actor.institution_code == site


RELATIONS: dict[Who, Callable[[Case, Actor], bool]] = {
    Who.REQUESTER: lambda case, actor: _at(case.requesting_site, Role.REQUESTER, actor),
    Who.APPROVER: lambda case, actor: _at(case.requesting_site, Role.APPROVER, actor),
    Who.COORDINATOR: lambda _, actor: Role.COORDINATOR in actor.roles,
    Who.SPECIALIST: lambda case, actor: _at(case.performing_site, Role.SPECIALIST, actor),
    Who.ASSIGNEE: lambda case, actor: case.assignee is not None and case.assignee.id == actor.person_id,
    Who.AUTHOR: lambda case, actor: case.author is not None and case.author.id == actor.person_id,
    # nobody reviews their own report
    Who.REVIEWER: lambda case, actor: (
        _at(case.performing_site, Role.REVIEWER, actor) and actor.person_id not in case.authors
    ),
    Who.QA: lambda _, actor: Role.QA in actor.roles,
    Who.PLATFORM_ADMIN: lambda _, actor: Role.PLATFORM_ADMIN in actor.roles,
    Who.SYSTEM: lambda _, actor: actor.is_system,
    Who.MEMBER: lambda case, actor: any(m.id == actor.person_id and m.answer != "declined" for m in case.members),
    Who.INVITED: lambda case, actor: any(m.id == actor.person_id and m.answer == "invited" for m in case.members),
}


def is_any(who: Iterable[Who], case: Case, actor: Actor) -> bool:
    """Whether the actor is one of these to the case."""
    return any(RELATIONS[relation](case, actor) for relation in who)


@dataclass(frozen=True, slots=True)
class Images:
    """What the archive knows of a case's studies, all together; ``status`` is the worst of them.

    ``none`` (nothing arrived), ``receiving``, ``short`` (named in ``missing``), ``quiet`` or ``complete``.
    """

    status: str = "none"
    received: int = 0
    expected: int | None = None
    missing: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """What others than the case know about it, gathered by the caller for the needs to judge.

    ``unfit`` maps a person id to what rules them out; a person who qualifies is mapped to None, one who is not a
    candidate at all is absent. ``appointments`` are the other ones of
    whoever has the case. ``patient_differs`` is in what the images contradict the request about the patient.
    ``blocking`` are findings of the writing rules that were not overridden; ``silent`` are members without an opinion.
    """

    agreed: bool = True
    duplicate: str | None = None
    images: Images = Images()
    patient_differs: tuple[Words, ...] = ()
    two_person: bool = False
    approver_required: bool = False
    unfit: Mapping[str, Words | None] = field(default_factory=dict[str, Words | None])
    report_missing: tuple[Words, ...] = ()
    blocking: tuple[Words, ...] = ()
    critical_terms: tuple[str, ...] = ()
    receipts: int = 0
    appointments: tuple[datetime, ...] = ()
    silent: tuple[str, ...] = ()


Holds = Callable[[Case, Actor, Mapping[str, Any], World, datetime], bool]
Sentence = Callable[[Case, World], Words]


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must hold before a move; ``settled_by`` names what the mover can say to settle it at once."""

    code: str
    holds: Holds
    sentence: Sentence
    settled_by: str | None = None


def fixed(zh: str, en: str) -> Sentence:
    """A sentence that is always the same."""
    words = Words(zh, en)
    return lambda _case, _world: words


def _joined(sentences: tuple[Words, ...]) -> Words:
    return Words("；".join(each.zh.rstrip("。") for each in sentences) + "。", " ".join(each.en for each in sentences))


def _images_sentence(_case: Case, world: World) -> Words:
    images = world.images
    if images.status == "none":
        return Words("影像还没有到达。", "No image has arrived yet.")
    if images.status == "receiving":
        return Words(
            f"影像仍在接收，已收 {images.received} 幅。", f"Images are still arriving; {images.received} so far."
        )
    if not images.missing:
        return Words(f"影像不完整，已收 {images.received} 幅。", f"Images are incomplete; {images.received} arrived.")
    shown = images.missing[:3]
    more = len(images.missing) - len(shown)
    zh = "影像不完整：" + _joined(shown).zh.rstrip("。") + (f"，另有 {more} 处" if more else "") + "。"
    en = "Images are incomplete: " + _joined(shown).en + (f" And {more} more." if more else "")
    return Words(zh, en)


REQUEST_FILLED = Need(
    "request-filled",
    lambda case, *_: bool(case.patient.name and case.patient.sex and case.question.strip()),
    fixed("请填写患者姓名、性别和会诊问题。", "Fill in the patient's name and sex, and the question."),
)
EMERGENCY_FILLED = Need(
    "emergency-filled",
    lambda case, *_: bool(
        case.priority is Priority.EMERGENCY and (case.patient.phone or case.patient.id_number) and case.question.strip()
    ),
    fixed(
        "急诊提交需要：优先级为急诊、电话或证件号、会诊问题。",
        "An emergency needs: emergency priority, a phone or identity number, and the question.",
    ),
)
CONSENTED = Need(
    "consented",
    lambda case, *_: case.consent is not None,
    fixed("请记录患者知情同意（同意人和时间）。", "Record the patient's consent: who agreed, and when."),
)
STUDY_OR_FOLLOWS = Need(
    "study-or-follows",
    lambda case, *_: bool(case.study_uids) or case.images_follow,
    fixed("请选择检查影像，或注明“影像随后到”。", "Choose the study, or say that images follow."),
)
AGREED = Need(
    "agreed",
    lambda _case, _actor, _say, world, _now: world.agreed,
    fixed(
        "贵院与受邀机构没有此项服务的有效协议。", "There is no valid agreement with that institution for this service."
    ),
)
NO_DUPLICATE = Need(
    "no-duplicate",
    lambda _case, _actor, _say, world, _now: world.duplicate is None,
    lambda _case, world: Words(
        f"同一患者、同一检查、同一问题已有未结的申请（{world.duplicate}）。",
        f"An open request for this patient, study and question exists already ({world.duplicate}).",
    ),
)
APPROVED = Need(
    "approved",
    lambda _case, actor, _say, world, _now: not world.approver_required or Role.APPROVER in actor.roles,
    fixed("本院规定由科主任或医务科审批后提交。", "This hospital has requests submitted by an approver."),
)


def lacks_images(case: Case, status: str) -> bool:
    """Whether a case has to wait for images; an emergency does not: a coordinator may override for it (T07)."""
    return status in ("none", "short") and case.priority is not Priority.EMERGENCY


IMAGES_LACKING = Need(
    "images-lacking",
    lambda case, _actor, _say, world, _now: lacks_images(case, world.images.status),
    fixed("影像没有缺失。", "No image is missing."),
)
IMAGES_SETTLED = Need(
    "images-settled",
    lambda _case, _actor, _say, world, _now: world.images.status in ("complete", "quiet"),
    _images_sentence,
)
IMAGES_READY = Need(
    "images-ready",
    lambda case, _actor, say, world, _now: (
        world.images.status in ("complete", "quiet", "receiving")
        or (case.priority is Priority.EMERGENCY and bool(say.get("override")))
    ),
    _images_sentence,
    settled_by="override",
)


def _patient_fits(case: Case, _actor: Actor, say: Mapping[str, Any], world: World, _now: datetime) -> bool:
    answered = case.patient_override or str(say.get("patient_override") or "").strip()
    return not world.patient_differs or bool(answered)


PATIENT_FITS = Need(
    "patient-fits",
    _patient_fits,
    lambda _case, world: Words(
        f"影像与申请单的患者信息不一致：{'、'.join(each.zh for each in world.patient_differs)}。"
        "请核对；确认无误时注明理由。",
        f"Images and request differ about the patient: {', '.join(each.en for each in world.patient_differs)}. "
        "Check; if it is right, say why.",
    ),
    settled_by="patient_override",
)
SOME_IMAGES = Need(
    "some-images",
    lambda _case, _actor, _say, world, _now: world.images.received > 0,
    fixed("影像还没有到达。", "No image has arrived yet."),
)
IMAGES_PROVEN = Need(
    "images-proven",
    lambda _case, _actor, _say, world, _now: world.images.status in ("complete", "quiet"),
    _images_sentence,
)


ITEMS_ANSWERED = Need(
    "items-answered",
    lambda case, _actor, say, _world, _now: all(
        asked.answer or asked.files or _answered(index, say) for index, asked in enumerate(case.asked)
    ),
    fixed(
        "每一项都需要文字或文件答复；无法提供的请写明原因。",
        "Answer each item in words or with a file, or say why you cannot.",
    ),
    settled_by="answers",
)


def _answered(index: int, say: Mapping[str, Any]) -> bool:
    answers = say.get("answers") or []
    if index >= len(answers):
        return False
    said = str(answers[index].get("answer") or "").strip()  # of an item that is declined: why
    return bool(said or (answers[index].get("files") and not answers[index].get("declined")))


ASSIGNEE_QUALIFIES = Need(
    "assignee-qualifies",
    lambda _case, _actor, say, world, _now: (
        "assignee" in say and say["assignee"]["id"] in world.unfit and world.unfit[say["assignee"]["id"]] is None
    ),
    fixed(
        "请选择一位有资质、当值且未满负荷的专家。",
        "Choose a specialist who is qualified, on duty and below the load limit.",
    ),
    settled_by="assignee",
)
CLAIMANT_QUALIFIES = Need(
    "claimant-qualifies",
    lambda _case, actor, _say, world, _now: (
        actor.person_id in world.unfit and world.unfit[actor.person_id or ""] is None
    ),
    fixed(
        "您当前不能抢这个单：资质、排班或负荷不符。",
        "You cannot claim this one now: skill, rota or load does not fit.",
    ),
)
OFFER_OPEN = Need(
    "offer-open",
    lambda case, _actor, _say, _world, now: case.offer_until is None or now <= case.offer_until,
    fixed(
        "接诊时限已过，病例将转给下一位专家。", "The time to accept has passed; the case goes to the next specialist."
    ),
)
OFFER_PAST = Need(
    "offer-past",
    lambda case, _actor, _say, _world, now: case.offer_until is not None and now >= case.offer_until,
    fixed("接诊时限还没有到。", "The time to accept has not passed yet."),
)
WEEK_WITHOUT_ANSWER = Need(
    "week-without-answer",
    lambda case, _actor, _say, _world, now: (now - case.stays[-1].since).total_seconds() >= RETURNED_EXPIRES_S,
    fixed("退回还不满七天。", "It was returned less than seven days ago."),
)
LATER_THAN_NOW = Need(
    "later-than-now",
    lambda _case, _actor, say, _world, now: "appointment_at" in say and say["appointment_at"] > now,
    fixed("请选择将来的预约时间。", "Choose a time in the future."),
    settled_by="appointment_at",
)
REPORT_WRITTEN = Need(
    "report-written",
    lambda _case, _actor, _say, world, _now: not world.report_missing,
    lambda _case, world: _joined(world.report_missing),
)
CHECKS_PASS = Need(
    "checks-pass",
    lambda _case, _actor, _say, world, _now: not world.blocking,
    lambda _case, world: _joined(world.blocking),
    settled_by="overrides",
)


def _critical_settled(case: Case, _actor: Actor, say: Mapping[str, Any], world: World, _now: datetime) -> bool:
    return not world.critical_terms or bool(case.alerts) or bool(say.get("critical"))


CRITICAL_SETTLED = Need(
    "critical-settled",
    _critical_settled,
    lambda _case, world: Words(
        f"报告中有危急值（{'、'.join(world.critical_terms)}），请先登记危急值。",
        f"The report names a critical finding ({', '.join(world.critical_terms)}); record it first.",
    ),
    settled_by="critical",
)
SIGN_RIGHT = Need(
    "sign-right",
    lambda _case, actor, *_: actor.sign_right,
    fixed("您没有签发权，请提交审核。", "You have no right to sign; submit it for review."),
)
ONE_SIGNATURE = Need(
    "one-signature",
    lambda _case, _actor, _say, world, _now: not world.two_person,
    fixed("本机构实行双签，请提交审核。", "This institution requires two signatures; submit it for review."),
)
NOT_ISSUED_YET = Need(
    "not-issued-yet",
    lambda case, *_: case.signed_at is None,
    fixed("已有正式报告，不能再发初步报告。", "A final report exists; a preliminary one cannot follow it."),
)
VARIATION_STATED = Need(
    "variation-stated",
    lambda case, _actor, say, _world, _now: (
        case.state is not State.PRELIMINARY or bool(str(say.get("variation") or "").strip())
    ),
    fixed("请说明正式报告与初步报告的差异。", "State how the final report differs from the preliminary one."),
    settled_by="variation",
)
RECEIVED = Need(
    "received",
    lambda _case, _actor, _say, world, _now: world.receipts > 0,
    fixed("还没有任何途径确认送达。", "No channel has confirmed delivery yet."),
)
ALERTS_CLOSED = Need(
    "alerts-closed",
    lambda case, *_: not any(alert.is_open for alert in case.alerts),
    fixed("请先确认危急值。", "Acknowledge the critical finding first."),
)
SECOND_PERSON = Need(
    "second-person",
    lambda case, actor, *_: case.error_claimed_by is not None and case.error_claimed_by != actor.person_id,
    fixed("误建需要由另一个人确认。", "A second person must confirm that it was entered in error."),
)


def _may_raise(case: Case, actor: Actor, say: Mapping[str, Any], _world: World, _now: datetime) -> bool:
    if "priority" not in say:
        return Role.COORDINATOR in actor.roles or not case.raised_by_requester
    if Role.COORDINATOR in actor.roles:
        return True
    raised = PRIORITY_RANK[Priority(say["priority"])] < PRIORITY_RANK[case.priority]
    return raised and not case.raised_by_requester


MAY_RAISE = Need(
    "may-raise",
    _may_raise,
    fixed("申请方只能提高一次优先级。", "The requesting side may raise the priority once, never lower it."),
)
OTHER_PRIORITY = Need(
    "other-priority",
    lambda case, _actor, say, _world, _now: "priority" in say and say["priority"] != case.priority,
    fixed("请选择另一个优先级。", "Choose another priority."),
    settled_by="priority",
)
INTERACTIVE = Need(
    "interactive",
    lambda case, *_: case.service_type is not ServiceType.TELEDIAGNOSIS,
    fixed("远程诊断不需要预约双方的时间。", "A telediagnosis needs no appointment of both sides."),
)
