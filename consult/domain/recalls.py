"""A signed report is recalled: everyone who received it is named, told, and must acknowledge that it is void."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from consult.domain.cases import Case, Party, Recall, Receiver
from consult.domain.people import Actor
from consult.domain.reports import ReportState
from consult.domain.workflow_needs import Need, fixed


def recall_waits(case: Case) -> bool:
    """Whether somebody who received a recalled version has not acknowledged that."""
    return any(receiver.acknowledged_at is None for recall in case.recalls for receiver in recall.receivers)


def recall(case: Case, actor: Actor, say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The signed version is retracted; ``receivers`` are all who got it; the next signature corrects it."""
    receivers = tuple(Receiver(channel, name) for channel, name in say.get("receivers") or ())
    by = Party(actor.person_id or "", actor.name)
    told = Recall(case.report_version, now, by, str(say["reason"]).strip(), receivers)
    return {
        "report": ReportState.RETRACTED,
        "report_kind": ReportState.CORRECTED,
        "recalls": (*case.recalls, told),
    }


def acknowledge_recall(case: Case, actor: Actor, _say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The requesting hospital knows that the version is void, by every channel on which it came to them."""
    by = Party(actor.person_id or "", actor.name)

    def known(receiver: Receiver) -> Receiver:
        if receiver.acknowledged_at is not None or receiver.name != case.requesting_site:
            return receiver
        return replace(receiver, acknowledged_at=now, acknowledged_by=by)

    return {"recalls": tuple(replace(each, receivers=tuple(map(known, each.receivers))) for each in case.recalls)}


RECALLS_ACKNOWLEDGED = Need(
    "recalls-acknowledged",
    lambda case, *_: not recall_waits(case),
    fixed("有召回的报告尚未确认。", "A recalled report is not acknowledged yet."),
)
RECALL_WAITS = Need(
    "recall-waits",
    lambda case, *_: recall_waits(case),
    fixed("没有待确认的召回。", "No recall waits to be acknowledged."),
)
