"""The workflow as two tables: which states a case has, and which moves lead from one to another.

Everything that asks "what may happen to this case?" reads STATES and TRANSITIONS: the engine (``decide``), the
buttons (``open_to``), the API's 409, the documentation page and the tests. FHIR codes are those of R4 Task.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from consult.domain import appointments, approval, critical, emergency, members, recalls
from consult.domain import workflow_effects as effects
from consult.domain import workflow_needs as needs
from consult.domain.cases import Case, State, Stay, case_of, document_of, plain
from consult.domain.errors import Invalid, NotAllowed, Unmet, Words, WrongState
from consult.domain.events import CASE_BEGUN, Fact
from consult.domain.offered import is_offered
from consult.domain.people import Actor
from consult.domain.reminders import Topic, is_due, remind
from consult.domain.verbs import Verb
from consult.domain.workflow_effects import Effect
from consult.domain.workflow_needs import Need, Who, World

__all__ = ["LIVE", "STATES", "TRANSITIONS", "Move", "Transition", "Verb", "begin", "decide", "open_to"]


@dataclass(frozen=True, slots=True)
class StateRow:
    """What a state means: its label, who owns the time, the clocks that run in it, and FHIR R4 Task's words for it."""

    label: Words
    owner: str
    clocks: frozenset[str]
    fhir_status: str
    fhir_business_status: str
    live: bool = True


@dataclass(frozen=True, slots=True)
class Transition:
    """One move: from where, to where (None: stays), by whom, what must hold, what it asks for, what it changes."""

    id: str
    verb: Verb
    origins: frozenset[State]
    target: State | None
    who: frozenset[Who]
    label: Words
    needs: tuple[Need, ...] = ()
    effect: Effect = effects.nothing
    asks: tuple[str, ...] = ()
    reason: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A move as a person sees it on a case: the row, and the needs still in the way, each with its sentence."""

    row: Transition
    unmet: tuple[tuple[Need, Words], ...]


RUNS = frozenset({"consult", "patient"})
WAITS = frozenset({"patient"})


def _state(zh: str, en: str, owner: str, clocks: frozenset[str], fhir: str, live: bool = True) -> StateRow:
    status, _, business = fhir.partition("/")
    return StateRow(Words(zh, en), owner, clocks, status, business or status, live)


STATES: dict[State, StateRow] = {
    State.DRAFT: _state("草稿", "draft", "requester", frozenset(), "draft"),
    State.SUBMITTED: _state("待受理", "submitted", "coordinator", RUNS | {"accept"}, "requested"),
    State.AWAITING_IMAGES: _state(
        "待影像", "awaiting images", "requesting site", WAITS | {"supplement"}, "requested/awaiting-images"
    ),
    State.RETURNED: _state(
        "退回补充", "returned", "requester", WAITS | {"supplement"}, "on-hold/returned-for-supplement"
    ),
    State.QUEUED: _state("待派单", "queued", "router", RUNS | {"accept", "sign"}, "ready"),
    State.ASSIGNED: _state("待接诊", "assigned", "specialist", RUNS | {"accept", "sign"}, "received"),
    State.ACCEPTED: _state("已接诊", "accepted", "specialist", RUNS | {"sign"}, "accepted"),
    State.SCHEDULED: _state("已预约", "scheduled", "specialist", RUNS, "accepted/scheduled"),
    State.IN_PROGRESS: _state("诊断中", "in progress", "specialist", RUNS | {"sign"}, "in-progress"),
    State.PRELIMINARY: _state("初步报告已发", "preliminary", "specialist", RUNS | {"sign"}, "in-progress/preliminary"),
    State.IN_REVIEW: _state("待审核", "in review", "reviewer", RUNS | {"sign"}, "in-progress/in-review"),
    State.SIGNED: _state("已签发", "signed", "system", frozenset({"delivery"}), "in-progress/signed"),
    State.DELIVERED: _state("已送达", "delivered", "requester", frozenset({"acknowledge"}), "completed/delivered"),
    State.ACKNOWLEDGED: _state("已确认", "acknowledged", "requester", frozenset(), "completed/acknowledged"),
    State.CLOSED: _state("已结案", "closed", "", frozenset(), "completed/closed", live=False),
    State.REJECTED: _state("已拒绝", "rejected", "", frozenset(), "rejected", live=False),
    State.WITHDRAWN: _state("已撤回", "withdrawn", "", frozenset(), "cancelled/withdrawn", live=False),
    State.CANCELLED: _state("已取消", "cancelled", "", frozenset(), "cancelled", live=False),
    State.EXPIRED: _state("超期关闭", "expired", "", frozenset(), "failed/expired", live=False),
    State.ENTERED_IN_ERROR: _state("误建", "entered in error", "", frozenset(), "entered-in-error", live=False),
}

ORDER = list(State)


def _from(first: State, last: State, *without: State) -> frozenset[State]:
    """The states from ``first`` to ``last`` in the table's order."""
    span = ORDER[ORDER.index(first) : ORDER.index(last) + 1]
    return frozenset(span) - frozenset(without)


LIVE = frozenset(state for state, row in STATES.items() if row.live)
AFTER_DRAFT = (LIVE - {State.DRAFT}) | {State.CLOSED}
S, W, V = State, Who, Verb


def _row(
    id: str, verb: Verb, origins: frozenset[State], target: State | None, who: set[Who], zh: str, en: str, **more: Any
) -> Transition:
    return Transition(id, verb, origins, target, frozenset(who), Words(zh, en), **more)


def _one(*states: State) -> frozenset[State]:
    return frozenset(states)


COMPLETE = (needs.REQUEST_FILLED, needs.CONSENTED, needs.STUDY_OR_FOLLOWS, needs.AGREED, needs.NO_DUPLICATE,
            members.SPECIALTIES_NAMED)  # fmt: skip
WRITTEN = (needs.REPORT_WRITTEN, needs.CHECKS_PASS, needs.CRITICAL_SETTLED)
SIGNING = (emergency.PATIENT_NAMED, *WRITTEN, needs.IMAGES_PROVEN)

# fmt: off
TRANSITIONS: tuple[Transition, ...] = (
    _row("T01a", V.REVISE, _one(S.DRAFT, S.RETURNED), None, {W.REQUESTER}, "修改申请", "Edit request",
         effect=effects.revise, asks=("request",)),
    _row("T01b", V.LINK_STUDIES, _from(S.DRAFT, S.IN_PROGRESS), None, {W.REQUESTER, W.SYSTEM},
         "关联影像", "Link images", effect=effects.link_studies, asks=("study_uids",)),
    _row("T02", V.SUBMIT, _one(S.DRAFT), S.SUBMITTED, {W.REQUESTER, W.APPROVER}, "提交", "Submit",
         needs=(*COMPLETE, needs.APPROVED)),
    _row("T02b", V.ASK_APPROVAL, _one(S.DRAFT), None, {W.REQUESTER}, "送审", "Ask for approval",
         needs=(approval.HEAD_WANTED, *COMPLETE), effect=approval.ask),
    _row("T02c", V.DECLINE_APPROVAL, _one(S.DRAFT), None, {W.APPROVER}, "审批退回", "Send back",
         effect=approval.send_back, reason=True),
    _row("T03", V.IMAGES_INCOMPLETE, _one(S.SUBMITTED), S.AWAITING_IMAGES, {W.SYSTEM},
         "影像不完整", "Images incomplete", needs=(needs.IMAGES_LACKING,)),
    _row("T04", V.IMAGES_COMPLETE, _one(S.AWAITING_IMAGES), S.SUBMITTED, {W.SYSTEM}, "影像已齐", "Images complete",
         needs=(needs.IMAGES_SETTLED,)),
    _row("T05", V.RETURN_FOR_SUPPLEMENT, _from(S.SUBMITTED, S.IN_PROGRESS, S.RETURNED), S.RETURNED,
         {W.COORDINATOR, W.ASSIGNEE}, "退回补充", "Return for supplement",
         effect=effects.return_for_supplement, asks=("items",), reason=True),
    _row("T06", V.RESUBMIT, _one(S.RETURNED), S.SUBMITTED, {W.REQUESTER}, "补充后重新提交", "Resubmit",
         needs=(needs.ITEMS_ANSWERED, needs.STUDY_OR_FOLLOWS), effect=effects.resubmit, asks=("answers",)),
    _row("T07", V.TRIAGE, _one(S.SUBMITTED), S.QUEUED, {W.COORDINATOR, W.SYSTEM}, "受理", "Triage",
         needs=(needs.IMAGES_READY, needs.PATIENT_FITS), effect=effects.triage,
         asks=("priority", "modality", "body_part", "override", "patient_override")),
    _row("T08", V.REJECT, _one(S.SUBMITTED, S.QUEUED), S.REJECTED, {W.COORDINATOR, W.SPECIALIST}, "拒绝", "Reject",
         effect=effects.unassign, reason=True),
    _row("T09a", V.ASSIGN, _one(S.QUEUED), S.ASSIGNED, {W.SYSTEM, W.COORDINATOR}, "派单", "Assign",
         needs=(needs.ASSIGNEE_QUALIFIES,), effect=effects.assign, asks=("assignee",)),
    _row("T09b", V.CLAIM, _one(S.QUEUED), S.ASSIGNED, {W.SPECIALIST}, "抢单", "Claim",
         needs=(needs.CLAIMANT_QUALIFIES,), effect=effects.claim),
    _row("T10", V.ACCEPT, _one(S.ASSIGNED), S.ACCEPTED, {W.ASSIGNEE}, "接诊", "Accept",
         needs=(needs.OFFER_OPEN,), effect=effects.accept),
    _row("T11a", V.DECLINE, _one(S.ASSIGNED), S.QUEUED, {W.ASSIGNEE}, "退单", "Decline",
         effect=effects.pass_on, reason=True),
    _row("T11b", V.OFFER_RAN_OUT, _one(S.ASSIGNED), S.QUEUED, {W.SYSTEM}, "接诊超时", "Offer ran out",
         needs=(needs.OFFER_PAST,), effect=effects.pass_on),
    _row("T12", V.SCHEDULE, _one(S.ACCEPTED), S.SCHEDULED, {W.ASSIGNEE, W.COORDINATOR}, "预约", "Schedule",
         needs=(needs.INTERACTIVE, *appointments.BOOKING), effect=appointments.schedule, asks=("appointment_at",)),
    _row("T13", V.RESCHEDULE, _one(S.SCHEDULED), None, {W.ASSIGNEE, W.REQUESTER, W.COORDINATOR}, "改约", "Reschedule",
         needs=appointments.BOOKING, effect=appointments.schedule, asks=("appointment_at",), reason=True),
    _row("T14", V.OPEN, _one(S.ACCEPTED, S.SCHEDULED), S.IN_PROGRESS, {W.ASSIGNEE}, "开始阅片", "Open",
         needs=(needs.SOME_IMAGES, members.SPECIALTIES_PRESENT), effect=effects.start_reading),
    _row("T15", V.RELEASE, _one(S.IN_PROGRESS), S.ACCEPTED, {W.ASSIGNEE}, "暂停阅片", "Release", reason=True),
    _row("T16", V.REASSIGN, _from(S.QUEUED, S.IN_REVIEW), S.ASSIGNED, {W.COORDINATOR, W.ASSIGNEE},
         "转派", "Reassign", needs=(needs.ASSIGNEE_QUALIFIES,), effect=effects.reassign, asks=("assignee",),
         reason=True),
    _row("T17", V.ISSUE_PRELIMINARY, _one(S.IN_PROGRESS), S.PRELIMINARY, {W.ASSIGNEE},
         "发初步报告", "Issue preliminary",
         needs=(members.CHAIR_SIGNS, needs.NOT_ISSUED_YET, *WRITTEN), effect=effects.issue_preliminary,
         asks=("pin", "critical", "overrides")),
    _row("T18", V.SUBMIT_FOR_REVIEW, _one(S.IN_PROGRESS, S.PRELIMINARY), S.IN_REVIEW, {W.ASSIGNEE},
         "签名并提交审核", "Sign and submit for review",
         needs=(members.REVIEWED_ALONE, *SIGNING, needs.VARIATION_STATED), effect=effects.submit_for_review,
         asks=("pin", "critical", "overrides", "variation")),
    _row("T19", V.RETURN_REVIEW, _one(S.IN_REVIEW), S.IN_PROGRESS, {W.REVIEWER}, "退回修改", "Return to author",
         effect=effects.return_review, reason=True),
    _row("T20", V.SIGN, _one(S.IN_PROGRESS, S.PRELIMINARY), S.SIGNED, {W.ASSIGNEE}, "签发", "Sign",
         needs=(members.CHAIR_SIGNS, needs.SIGN_RIGHT, needs.ONE_SIGNATURE, members.OPINIONS_GIVEN, *SIGNING,
                needs.VARIATION_STATED), effect=effects.sign,
         asks=("pin", "critical", "overrides", "variation")),
    _row("T21", V.CO_SIGN, _one(S.IN_REVIEW), S.SIGNED, {W.REVIEWER}, "审核签发", "Co-sign",
         needs=SIGNING, effect=effects.co_sign, asks=("pin", "critical", "overrides")),
    _row("T22", V.DELIVER, _one(S.SIGNED), S.DELIVERED, {W.SYSTEM}, "送达", "Deliver", needs=(needs.RECEIVED,)),
    _row("T23", V.ACKNOWLEDGE, _one(S.DELIVERED), S.ACKNOWLEDGED, {W.REQUESTER}, "确认收到", "Acknowledge",
         needs=(critical.OPEN_ONES_READ_BACK,), effect=effects.acknowledge, asks=("read_back",)),
    _row("T24", V.CLOSE, _one(S.ACKNOWLEDGED), S.CLOSED, {W.REQUESTER, W.SYSTEM}, "结案", "Close",
         needs=(needs.ALERTS_CLOSED, recalls.RECALLS_ACKNOWLEDGED, emergency.REQUEST_WHOLE),
         effect=effects.give_outcome, asks=("outcome", "concordance")),
    _row("T25a", V.ADDEND, _from(S.SIGNED, S.CLOSED), S.IN_PROGRESS, {W.AUTHOR, W.REVIEWER}, "补充报告", "Addend",
         effect=effects.addend, reason=True),
    _row("T25b", V.CORRECT, _from(S.SIGNED, S.CLOSED), S.IN_PROGRESS, {W.AUTHOR, W.REVIEWER}, "更正报告", "Correct",
         effect=effects.correct, asks=("kind",), reason=True),
    _row("T26", V.RECALL, _from(S.SIGNED, S.CLOSED), S.IN_PROGRESS, {W.REVIEWER, W.QA, W.AUTHOR}, "召回报告",
         "Recall report",
         effect=recalls.recall, reason=True),
    _row("T27", V.WITHDRAW, _from(S.DRAFT, S.ASSIGNED), S.WITHDRAWN, {W.REQUESTER}, "撤回", "Withdraw",
         effect=effects.unassign, reason=True),
    _row("T28", V.CANCEL, _from(S.ACCEPTED, S.IN_REVIEW), S.CANCELLED, {W.REQUESTER, W.COORDINATOR}, "取消", "Cancel",
         needs=(needs.ALERTS_CLOSED,), reason=True),
    _row("T29a", V.EXPIRE, _one(S.RETURNED), S.EXPIRED, {W.SYSTEM}, "超期关闭", "Expire",
         needs=(needs.WEEK_WITHOUT_ANSWER,)),
    _row("T30a", V.MARK_ENTERED_IN_ERROR, LIVE, None, {W.COORDINATOR, W.PLATFORM_ADMIN}, "标记误建", "Mark as error",
         effect=effects.claim_error, reason=True),
    _row("T30b", V.CONFIRM_ENTERED_IN_ERROR, LIVE, S.ENTERED_IN_ERROR, {W.COORDINATOR, W.PLATFORM_ADMIN},
         "确认误建", "Confirm error", needs=(needs.SECOND_PERSON,)),
    _row("T31", V.ESCALATE, LIVE - {S.DRAFT}, None, {W.SYSTEM, W.REQUESTER, W.COORDINATOR}, "催办", "Escalate",
         effect=effects.escalate),
    _row("T32", V.CHANGE_PRIORITY, _from(S.SUBMITTED, S.QUEUED), None, {W.COORDINATOR, W.REQUESTER}, "改优先级",
         "Change priority", needs=(needs.MAY_RAISE, needs.OTHER_PRIORITY), effect=effects.change_priority,
         asks=("priority",)),
    _row("T33a", V.SECOND_OPINION, _from(S.IN_PROGRESS, S.CLOSED), None, {W.ASSIGNEE, W.COORDINATOR, W.REQUESTER},
         "请求第二意见", "Second opinion", needs=(needs.CONSENTED,), asks=("question", "performing_site")),
    _row("T33b", V.MDT, _from(S.IN_PROGRESS, S.CLOSED), None, {W.ASSIGNEE, W.COORDINATOR, W.REQUESTER},
         "发起多学科会诊", "Convene MDT", needs=(needs.CONSENTED,), asks=("question", "performing_site")),
    _row("T33c", V.INVITE, _from(S.DRAFT, S.PRELIMINARY), None, {W.REQUESTER, W.COORDINATOR, W.ASSIGNEE},
         "邀请会诊成员", "Invite members", needs=(members.IS_MDT, members.LIST_FITS), effect=members.invite,
         asks=("members",)),
    _row("T33d", V.ACCEPT_INVITATION, _from(S.SUBMITTED, S.PRELIMINARY), None, {W.INVITED}, "接受会诊邀请",
         "Accept invitation", effect=members.accept_invitation),
    _row("T33e", V.DECLINE_INVITATION, _from(S.SUBMITTED, S.PRELIMINARY), None, {W.MEMBER}, "谢绝会诊邀请",
         "Decline invitation", effect=members.decline_invitation, reason=True),
    _row("T34", V.GIVE_OUTCOME, _one(S.CLOSED), None, {W.REQUESTER}, "填写转归", "Give outcome",
         effect=effects.give_outcome, asks=("outcome", "concordance")),
    _row("T35", V.EMERGENCY_SUBMIT, _one(S.DRAFT), S.QUEUED, {W.REQUESTER, W.APPROVER}, "急诊提交", "Emergency submit",
         needs=(needs.EMERGENCY_FILLED, needs.STUDY_OR_FOLLOWS, needs.AGREED, needs.PATIENT_FITS,
                members.SPECIALTIES_NAMED, needs.APPROVED),
         effect=effects.emergency_submit, asks=("patient_override",)),
    _row("T35b", V.COMPLETE_REQUEST, _from(S.SUBMITTED, S.ACKNOWLEDGED), None, {W.REQUESTER}, "补齐申请",
         "Complete request", needs=(emergency.REST_IS_OWED,), effect=effects.complete_request, asks=("request",)),
    _row("T35c", V.REMIND_REQUEST, LIVE - {S.DRAFT}, None, {W.SYSTEM}, "提醒补齐申请", "Remind of the request",
         needs=(is_due(Topic.REQUEST),), effect=remind(Topic.REQUEST)),
    _row("T29b", V.REMIND_SUPPLEMENT, _one(S.RETURNED), None, {W.SYSTEM}, "提醒补充资料", "Remind of the supplement",
         needs=(is_due(Topic.SUPPLEMENT),), effect=remind(Topic.SUPPLEMENT)),
    _row("T13b", V.REMIND_APPOINTMENT, _one(S.SCHEDULED), None, {W.SYSTEM}, "提醒会诊将开始",
         "Remind of the appointment", needs=(is_due(Topic.APPOINTMENT),), effect=remind(Topic.APPOINTMENT)),
    _row("T14b", V.SESSION_FAILED, _one(S.SCHEDULED), S.ACCEPTED, {W.ASSIGNEE, W.COORDINATOR, W.SYSTEM},
         "会诊未成", "Session failed", effect=appointments.session_failed, reason=True),
    _row("T26b", V.ACKNOWLEDGE_RECALL, AFTER_DRAFT, None, {W.REQUESTER}, "知悉召回", "Acknowledge recall",
         needs=(recalls.RECALL_WAITS,), effect=recalls.acknowledge_recall),
    _row("T36a", V.RAISE_ALERT, _from(S.IN_PROGRESS, S.CLOSED), None, {W.ASSIGNEE, W.AUTHOR, W.REVIEWER},
         "报危急值", "Report critical finding", needs=(critical.FINDING_SAID,), effect=critical.raise_alert,
         asks=("critical",)),
    _row("T36b", V.CALL_CONTACT, AFTER_DRAFT, None, {W.SYSTEM}, "通知下一联系人", "Call next contact",
         needs=(critical.CALL_DUE,), effect=critical.call_contact),
    _row("T36c", V.RECORD_CALL, AFTER_DRAFT, None, {W.ASSIGNEE, W.AUTHOR, W.REVIEWER, W.COORDINATOR},
         "登记危急值通知", "Record the call", needs=(critical.ALERT_OPEN, critical.CALL_TOLD),
         effect=critical.record_call, asks=("finding", "receiver", "channel", "reached")),
    _row("T36d", V.CONFIRM_ALERT, AFTER_DRAFT, None, {W.REQUESTER, W.APPROVER}, "回读确认危急值",
         "Read back critical finding", needs=(critical.ALERT_OPEN, critical.READ_BACK_SAID),
         effect=critical.confirm_alert, asks=("finding", "read_back")),
    _row("T36e", V.HANDLE_ALERT, AFTER_DRAFT, None, {W.REQUESTER, W.APPROVER}, "登记危急值处置",
         "Record what was done", needs=(critical.ALERT_READ_BACK, critical.HANDLING_SAID),
         effect=critical.handle_alert, asks=("finding", "handling")),
)
# fmt: on

BY_STATE: dict[tuple[Verb, State], Transition] = {
    (row.verb, origin): row for row in TRANSITIONS for origin in row.origins
}
LABELS: dict[Verb, Words] = {row.verb: row.label for row in TRANSITIONS}
FREELY_EDITED = frozenset({"created_at", "version", "updated_at", "state", "stays"})


def decide(
    case: Case, verb: Verb, actor: Actor, say: Mapping[str, Any], world: World, now: datetime
) -> tuple[Case, Fact]:
    """The only way to move a case: the case after the move, and the fact that tells it.

    ``say`` holds what the move asks for, by name; ``world`` what others know about the case; ``now`` is aware UTC.
    Raises WrongState (with the verbs that are open to the actor), NotAllowed, Invalid (a field is lacking) or Unmet.
    """
    row = BY_STATE.get((verb, case.state))
    if row is None:
        state = STATES[case.state].label
        raise WrongState(
            Words(
                f"病例处于「{state.zh}」，不能{LABELS[verb].zh}。",
                f"The case is “{state.en}”; it cannot: {LABELS[verb].en.lower()}.",
            ),
            _allowed(case, actor, world, now),
        )
    if not needs.is_any(row.who, case, actor):
        raise NotAllowed(
            Words(f"您不能{row.label.zh}这个病例。", f"This is not yours to do here: {row.label.en.lower()}.")
        )
    if row.reason and not str(say.get("reason") or "").strip():
        raise Invalid.at("reason", Words("请填写原因。", "Give the reason."))
    for need in row.needs:
        if not need.holds(case, actor, say, world, now):
            raise Unmet(need.sentence(case, world), _allowed(case, actor, world, now))
    return _moved(case, row, actor, say, now)


def _moved(case: Case, row: Transition, actor: Actor, say: Mapping[str, Any], now: datetime) -> tuple[Case, Fact]:
    changes: dict[str, Any] = dict(row.effect(case, actor, say, now))
    if row.reason:
        changes["last_reason"] = str(say["reason"]).strip()
    if row.target is not None and row.target != case.state:
        changes |= {"state": row.target, "stays": (*case.stays, Stay(row.target, now))}
    changes |= {"version": case.version + 1, "updated_at": now}
    after = replace(case, **changes)
    data = {
        "set": plain(changes),
        "from": str(case.state),
        "to": str(after.state),
        "reason": changes.get("last_reason", ""),
    }
    fact = Fact("case", case.id, str(row.verb), now, actor.person_id, actor.name, after.version, data)
    return after, fact


def begin(case: Case, actor: Actor) -> tuple[Case, Fact]:
    """T01: a new draft and the fact that carries all of it."""
    told = Fact(
        "case", case.id, CASE_BEGUN, case.created_at, actor.person_id, actor.name, case.version,
        {"set": document_of(case), "from": None, "to": str(case.state), "reason": ""},
    )  # fmt: skip
    return case_of(told.data["set"]), told


def open_to(case: Case, actor: Actor, world: World, now: datetime) -> tuple[Move, ...]:
    """The moves this actor has here, in the table's order; an unmet need is listed with the move, never hides it."""
    return tuple(
        Move(
            row,
            tuple(
                (need, need.sentence(case, world)) for need in row.needs if not need.holds(case, actor, {}, world, now)
            ),
        )
        for row in TRANSITIONS
        if case.state in row.origins and needs.is_any(row.who, case, actor) and is_offered(row.verb, case, world)
    )


def _allowed(case: Case, actor: Actor, world: World, now: datetime) -> tuple[str, ...]:
    return tuple(str(move.row.verb) for move in open_to(case, actor, world, now))
