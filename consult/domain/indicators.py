"""The national indicators by their own names, and whose hands a case's time was in."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from consult.domain.cases import Case, Priority, State
from consult.domain.critical import due_at, told_in_time
from consult.domain.errors import Words
from consult.domain.workflow import STATES

TWO_HOURS = timedelta(hours=2)
X_RAY_AND_CT = frozenset({"CT", "CR", "DX"})

EMERGENCY_TWO_HOURS = "emergency_report_2h"
CRITICAL_TEN_MINUTES = "critical_notice_10min"
INDICATORS: dict[str, Words] = {
    EMERGENCY_TWO_HOURS: Words("急诊影像报告 2 小时完成率", "emergency reports within 2 hours"),
    CRITICAL_TEN_MINUTES: Words("危急值 10 分钟通报完成率", "critical findings told within 10 minutes"),
}
"""Radiology quality control indicators: an emergency X-ray or CT is reported within two hours of the examination; a
critical finding is on record at both sides within ten minutes."""

SOURCES: dict[str, Words] = {
    EMERGENCY_TWO_HOURS: Words(
        "放射专业质控指标：急诊 X 线、CT 自检查开始 2 小时内出具报告",
        "Radiology quality indicator: an emergency X-ray or CT is reported within two hours of the examination",
    ),
    CRITICAL_TEN_MINUTES: Words(
        "放射专业质控指标：发现危急值 10 分钟内通报，双方时间、内容、签名均有记录",
        "Radiology quality indicator: told within ten minutes, with both sides' time, content and signature on record",
    ),
}
"""What each indicator asks, as people read it beside the figure."""

OWNERS: dict[str, Words] = {
    "requester": Words("申请医师", "requesting physician"),
    "requesting site": Words("申请医院", "requesting hospital"),
    "coordinator": Words("会诊中心调度", "coordinator"),
    "router": Words("待派单", "waiting for assignment"),
    "specialist": Words("会诊专家", "specialist"),
    "reviewer": Words("审核医师", "reviewer"),
    "system": Words("系统送达", "delivery"),
}


class Standing(NamedTuple):
    """How a case stands in one indicator: ``met`` is None while that is still open."""

    code: str
    label: Words
    due_at: datetime
    met: bool | None


class Rate(NamedTuple):
    """An indicator over many: of ``n`` that were judged, ``met`` were in time."""

    code: str
    n: int
    met: int


def standings(case: Case, now: datetime) -> tuple[Standing, ...]:
    """The indicators that count this case, each by itself; a case can hold several critical findings."""
    found: list[Standing] = []
    if case.priority is Priority.EMERGENCY and case.modality in X_RAY_AND_CT and case.exam_started is not None:
        due = case.exam_started + TWO_HOURS
        met = case.signed_at <= due if case.signed_at else (False if now > due else None)
        found.append(Standing(EMERGENCY_TWO_HOURS, INDICATORS[EMERGENCY_TWO_HOURS], due, met))
    label = INDICATORS[CRITICAL_TEN_MINUTES]
    found += [Standing(CRITICAL_TEN_MINUTES, label, due_at(a), told_in_time(a, now)) for a in case.alerts]
    return tuple(found)


def rates(cases: Iterable[Case], now: datetime) -> tuple[Rate, ...]:
    """Each indicator over these cases; what is overdue and still open counts as missed."""
    judged = [standing for case in cases for standing in standings(case, now) if standing.met is not None]
    return tuple(
        Rate(code, sum(s.code == code for s in judged), sum(s.code == code and bool(s.met) for s in judged))
        for code in INDICATORS
    )


class Share(NamedTuple):
    """Time in somebody's hands, in seconds, and its share of the whole; ``paused``: the consult clock stood still."""

    owner: str
    label: Words
    seconds: float
    share: float
    paused: bool


def time_by_owner(case: Case, now: datetime) -> tuple[Share, ...]:
    """From the submission until it was acknowledged (or now): who had the case, longest first."""
    spent: dict[tuple[str, bool], float] = {}
    for state, since, until in case.stay_ends(now):
        row = STATES[state]
        if state is State.DRAFT or not row.live or state is State.ACKNOWLEDGED:
            continue
        key = (row.owner, state in (State.RETURNED, State.AWAITING_IMAGES))
        spent[key] = spent.get(key, 0.0) + max(0.0, (until - since).total_seconds())
    whole = sum(spent.values()) or 1.0
    ordered = sorted(spent.items(), key=lambda item: -item[1])
    return tuple(Share(owner, OWNERS[owner], s, s / whole, paused) for (owner, paused), s in ordered)


def paused_share(case: Case, now: datetime) -> float:
    """Which part of a case's time the consult clock stood still."""
    return sum(share.share for share in time_by_owner(case, now) if share.paused)
