"""A request leaves the house with its head's word where the house wants that."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from consult.domain.cases import Case, Priority
from consult.domain.people import Actor, Approval
from consult.domain.workflow_needs import Need, fixed


def is_asked_for(rule: Approval, priority: Priority) -> bool:
    """Whether a request of this priority needs the head's word under the house's rule."""
    return rule is Approval.ALL or (rule is Approval.EMERGENCY_EXEMPT and priority is not Priority.EMERGENCY)


def waits(case: Case) -> bool:
    """Whether the request waits for the head's word."""
    return case.approval_asked_at is not None


def ask(_case: Case, _actor: Actor, _say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The request waits for the head."""
    return {"approval_asked_at": now}


def send_back(_case: Case, _actor: Actor, _say: Mapping[str, Any], _now: datetime) -> Mapping[str, Any]:
    """The request is its doctor's again; the reason is kept with the case."""
    return {"approval_asked_at": None}


HEAD_WANTED = Need(
    "head-wanted",
    lambda _case, _actor, _say, world, _now: world.approver_required,
    fixed("本院此类申请不需要审批，请直接提交。", "This hospital asks no approval for it; submit it."),
)
