"""NOTICES: which fact of a case is told to whom, how urgently and in which words; none of them names a patient."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from consult.domain.calendars import ASIA_SHANGHAI
from consult.domain.cases import Case, Priority
from consult.domain.critical import CONTACTS
from consult.domain.errors import Words
from consult.domain.people import Language


class Urgency(StrEnum):
    """How soon somebody must know."""

    EMERGENCY = "emergency"
    ACTION = "action"
    NEWS = "news"


URGENCY_NAMES: dict[Urgency, Words] = {
    Urgency.EMERGENCY: Words("紧急", "emergency"),
    Urgency.ACTION: Words("需要处理", "to be done"),
    Urgency.NEWS: Words("知会", "for your information"),
}


class Audience(StrEnum):
    """Who is told; the store finds the people (AUDIENCES)."""

    REQUESTER = "requester"  # who asked; where their account is closed, all requesters of the house
    REQUESTERS = "requesters"  # everybody who may ask in the requesting house
    HEADS_ASKING = "heads_asking"  # its heads of department
    ASSIGNEE = "assignee"
    FORMER_ASSIGNEE = "former_assignee"  # who had the case until this fact
    AUTHOR = "author"
    REVIEWERS = "reviewers"
    COORDINATORS = "coordinators"
    SECOND = "second"  # who may confirm that a case was entered in error: coordinators, and who runs the platform
    ON_CALL = "on_call"  # who is on shift in the performing house and reads such studies
    HEADS = "heads"  # the performing house's heads: approvers, and where there are none its reviewers


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is told next when nobody looked at an emergency notice for so long."""

    after: timedelta
    to: Audience


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


KEPT = timedelta(days=365)
"""How long notices are kept, and what went out of them: long enough to see who was told of last year's cases."""

CHAINS: Mapping[str, tuple[Rung, ...]] = MappingProxyType(
    {
        "performing": (
            Rung(_minutes(3), Audience.ON_CALL),
            Rung(_minutes(6), Audience.COORDINATORS),
            Rung(_minutes(10), Audience.HEADS),
        ),
        "requesting": (
            Rung(_minutes(5), Audience.REQUESTERS),
            Rung(_minutes(10), Audience.HEADS_ASKING),
            Rung(_minutes(15), Audience.COORDINATORS),
        ),
    }
)
"""The ladders of emergency notices, by the side that has to act; critical findings have their own (critical.CONTACTS),
which ends with both sides on record instead of with somebody who looked."""

When = Callable[[Case, Case], bool]


def _always(_before: Case, _after: Case) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Notice:
    """A row of NOTICES: of a fact, to whom, in which words.

    ``rises``: an emergency case makes it an emergency; ``waits``: it may wait for the morning when it is none;
    ``chain`` names the ladder of CHAINS it climbs while it is an emergency that nobody looked at.
    """

    id: str
    fact: str
    to: tuple[Audience, ...]
    urgency: Urgency
    words: Words
    rises: bool = True
    waits: bool = True
    chain: str | None = None
    when: When = _always


A, U = Audience, Urgency
CALLED = "critical_call"
"""In place of a fact's kind: the product called the next rung of a critical finding's contact list with that fact."""
CALL_TO = (A.REQUESTER, A.REQUESTERS, A.HEADS_ASKING, A.COORDINATORS)
"""Whom each rung of critical.CONTACTS calls."""


def _notice(fact: str, to: tuple[Audience, ...], urgency: Urgency, zh: str, en: str, **more: Any) -> Notice:
    return Notice(more.pop("id", fact), fact, to, urgency, Words(zh, en), **more)


def _level(level: int) -> When:
    return lambda _before, after: after.escalation_level == level


def _missed_twice(_before: Case, after: Case) -> bool:
    return after.priority is Priority.EMERGENCY and len(after.passed_over) >= 2


def _calls(zh: str, en: str) -> tuple[Notice, ...]:
    return tuple(_notice(CALLED, (to,), U.EMERGENCY, zh, en, id=f"{CALLED}_{rung}") for rung, to in enumerate(CALL_TO))


# fmt: off
NOTICES: tuple[Notice, ...] = (
    _notice("submit", (A.COORDINATORS,), U.ACTION, "新申请待受理", "A new request waits to be triaged",
            chain="performing"),
    _notice("ask_approval", (A.HEADS_ASKING,), U.ACTION, "有申请待您审批", "A request waits for your approval"),
    _notice("decline_approval", (A.REQUESTER,), U.ACTION, "申请未获同意，请查看原因",
            "The request was not approved; see why"),
    _notice("resubmit", (A.COORDINATORS,), U.ACTION, "资料已补充，待受理", "The supplement is there; triage it"),
    _notice("emergency_submit", (A.COORDINATORS,), U.EMERGENCY, "急诊申请已提交，正在派单",
            "An emergency was submitted and is being assigned"),
    _notice("images_incomplete", (A.REQUESTER,), U.ACTION, "影像不完整，请补传", "Images are missing; send them again"),
    _notice("return_for_supplement", (A.REQUESTER,), U.ACTION, "已退回，请补充资料", "Returned: please supplement",
            chain="requesting"),
    _notice("return_for_supplement", (A.FORMER_ASSIGNEE,), U.NEWS, "已退回申请方补充资料",
            "Returned to the requesting side for a supplement", id="returned_from", rises=False),
    _notice("remind_request", (A.REQUESTER,), U.ACTION, "急诊申请的其余内容到时限了，请补齐",
            "The rest of the emergency request is due; complete it"),
    _notice("remind_supplement", (A.REQUESTER,), U.ACTION, "退回后尚未补充，请尽快处理",
            "Still waiting for your supplement"),
    _notice("expire", (A.REQUESTER,), U.NEWS, "退回后七天未补充，已超期关闭",
            "Closed: no supplement within seven days"),
    _notice("reject", (A.REQUESTER,), U.ACTION, "申请被拒绝，请查看原因", "The request was rejected; see why"),
    _notice("change_priority", (A.COORDINATORS,), U.ACTION, "优先级已改变", "The priority was changed"),
    _notice("assign", (A.ASSIGNEE,), U.ACTION, "已派给您，请接诊{until}", "Offered to you; please accept{until}",
            chain="performing"),
    _notice("reassign", (A.ASSIGNEE,), U.ACTION, "已转派给您，请接诊{until}", "Passed to you; please accept{until}",
            chain="performing"),
    _notice("reassign", (A.FORMER_ASSIGNEE,), U.NEWS, "已转派给他人", "Passed to somebody else", id="reassigned_from",
            rises=False),
    _notice("decline", (A.COORDINATORS,), U.NEWS, "专家退单，正在改派", "Declined; the next is being asked"),
    _notice("offer_ran_out", (A.COORDINATORS,), U.NEWS, "专家未按时接诊，正在改派",
            "Not accepted in time; the next is asked"),
    _notice("offer_ran_out", (A.ON_CALL,), U.EMERGENCY, "两位专家未接诊，请在班专家抢单",
            "Two specialists missed it; whoever is on shift, please claim", id="broadcast", when=_missed_twice),
    _notice("decline", (A.ON_CALL,), U.EMERGENCY, "两位专家未接诊，请在班专家抢单",
            "Two specialists missed it; whoever is on shift, please claim", id="broadcast_declined",
            when=_missed_twice),
    _notice("schedule", (A.REQUESTER, A.ASSIGNEE), U.ACTION, "会诊时间定于 {appointment}", "You meet on {appointment}"),
    _notice("reschedule", (A.REQUESTER, A.ASSIGNEE), U.ACTION, "会诊改到 {appointment}", "Moved to {appointment}"),
    _notice("remind_appointment", (A.REQUESTER, A.ASSIGNEE), U.ACTION, "会诊将于 {appointment} 开始",
            "You meet at {appointment}, soon", waits=False),
    _notice("session_failed", (A.REQUESTER, A.ASSIGNEE), U.ACTION, "会诊未成，请另约时间",
            "You did not meet; find another time"),
    _notice("issue_preliminary", (A.REQUESTER,), U.ACTION, "初步报告已发，请查看", "A preliminary report is there",
            chain="requesting"),
    _notice("submit_for_review", (A.REVIEWERS,), U.ACTION, "报告待审核", "A report waits for review",
            chain="performing"),
    _notice("return_review", (A.AUTHOR,), U.ACTION, "报告被审核退回，请修改", "The reviewer sent the report back"),
    _notice("deliver", (A.REQUESTER,), U.ACTION, "报告已送达，请确认收到", "The report is there; please acknowledge it",
            chain="requesting"),
    _notice("addend", (A.REQUESTER,), U.NEWS, "报告正在补充", "The report is being added to"),
    _notice("correct", (A.REQUESTER,), U.ACTION, "报告正在更正，原报告请谨慎使用",
            "The report is being corrected; use the old one with care"),
    _notice("recall", (A.REQUESTERS, A.HEADS_ASKING), U.EMERGENCY, "报告已召回，请停止使用并确认",
            "The report was recalled: do not use it, and acknowledge"),
    _notice("acknowledge_recall", (A.AUTHOR,), U.NEWS, "申请方已确认召回", "The recall was acknowledged", rises=False),
    _notice("withdraw", (A.FORMER_ASSIGNEE,), U.NEWS, "申请已撤回，不必再处理", "Withdrawn; nothing is left to do"),
    _notice("cancel", (A.ASSIGNEE,), U.NEWS, "申请已取消，不必再处理", "Cancelled; nothing is left to do"),
    _notice("mark_entered_in_error", (A.SECOND,), U.ACTION, "被标记为误建，待第二人确认",
            "Marked as entered in error; a second person must confirm", rises=False),
    _notice("confirm_entered_in_error", (A.REQUESTER, A.ASSIGNEE), U.NEWS, "已确认为误建，不必再处理",
            "Confirmed as entered in error; nothing is left to do", rises=False),
    _notice("escalate", (A.ASSIGNEE, A.COORDINATORS), U.ACTION, "时限过半，请抓紧处理", "Half of its time is used",
            id="escalate_1", when=_level(1)),
    _notice("escalate", (A.ASSIGNEE, A.COORDINATORS, A.ON_CALL), U.ACTION, "时限将到，请立即处理",
            "Its time is nearly used", id="escalate_2", when=_level(2)),
    _notice("escalate", (A.ASSIGNEE, A.COORDINATORS, A.HEADS), U.ACTION, "已超时，请立即处理", "Its time has run out",
            id="escalate_3", when=_level(3)),
    *_calls("有危急值，请立即查看并回读", "A critical finding: look at once and read it back"),
    _notice("confirm_alert", (A.AUTHOR, A.ASSIGNEE), U.NEWS, "危急值已回读", "The critical finding was read back",
            rises=False),
    _notice("handle_alert", (A.AUTHOR, A.ASSIGNEE), U.NEWS, "危急值已处置", "The critical finding was handled",
            rises=False),
    _notice("give_outcome", (A.AUTHOR,), U.NEWS, "申请方已填写转归", "The outcome was given", rises=False),
)
# fmt: on
BY_ID: Mapping[str, Notice] = MappingProxyType({each.id: each for each in NOTICES})
OF_FACT: Mapping[str, tuple[Notice, ...]] = MappingProxyType(
    {fact: tuple(each for each in NOTICES if each.fact == fact) for fact in {each.fact for each in NOTICES}}
)


def calls_made(case: Case) -> int:
    """How many rungs of the contact list were called for a case's critical findings, over all of them."""
    return sum(attempt.by is None for alert in case.alerts for attempt in alert.attempts)


def told_of(before: Case, after: Case, kind: str) -> tuple[Notice, ...]:
    """The notices that a fact gives rise to, the most urgent first; ``before`` and ``after`` are the case around it."""
    found = [each for each in OF_FACT.get(kind, ()) if each.when(before, after)]
    if calls_made(after) > calls_made(before):
        known = {alert.finding: _calls_of(alert) for alert in before.alerts}
        rungs = {_calls_of(alert) - 1 for alert in after.alerts if _calls_of(alert) > known.get(alert.finding, 0)}
        found += [BY_ID[f"{CALLED}_{min(rung, len(CONTACTS) - 1)}"] for rung in sorted(rungs)]
    return tuple(sorted(found, key=lambda each: list(Urgency).index(urgency_of(each, after))))


def _calls_of(alert: Any) -> int:
    return sum(attempt.by is None for attempt in alert.attempts)


def urgency_of(notice: Notice, case: Case) -> Urgency:
    """How urgent a notice is for this case: whatever somebody must do for an emergency is one."""
    asks = notice.urgency is Urgency.ACTION and notice.rises
    return Urgency.EMERGENCY if asks and case.priority is Priority.EMERGENCY else notice.urgency


def said_of(case: Case) -> dict[str, Any]:
    """What the words of a notice need of a case: its number and two moments, and nothing of the patient."""
    return {
        "number": case.number,
        "until": case.offer_until.isoformat() if case.offer_until else None,
        "appointment": case.appointment_at.isoformat() if case.appointment_at else None,
    }


def words_of(notice_id: str, said: Mapping[str, Any]) -> Words:
    """A notice's sentence with its moments in Shanghai's time."""
    words = BY_ID[notice_id].words
    until, at = _moment(said.get("until")), _moment(said.get("appointment"))
    return Words(
        words.zh.format(until=f"（{until:%H:%M} 前）" if until else "", appointment=_day(at, Language.ZH)),
        words.en.format(until=f" by {until:%H:%M}" if until else "", appointment=_day(at, Language.EN)),
    )


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told).astimezone(ASIA_SHANGHAI) if told else None


def _day(at: datetime | None, language: Language) -> str:
    if at is None:
        return ""
    return f"{at.month}月{at.day}日 {at:%H:%M}" if language is Language.ZH else f"{at:%Y-%m-%d %H:%M}"
