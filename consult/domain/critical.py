"""Critical findings (危急值): a small machine of their own beside the case, with a ladder of people to call.

detected → notifying → notified → acknowledged (read back) → handled. The rule of the field: ten minutes from the
finding until both sides' time, content and signature are on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from consult.domain.cases import Alert, Attempt, Case, Party
from consult.domain.errors import Words
from consult.domain.people import Actor, Role
from consult.domain.workflow_needs import Need, World, fixed

LIMIT = timedelta(minutes=10)
PORTAL = "portal"
CHANNELS = ("phone", "in_person", "video", PORTAL)


class AlertState(StrEnum):
    """How far a critical finding has come."""

    DETECTED = "detected"
    NOTIFYING = "notifying"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    HANDLED = "handled"


ALERT_STATES: dict[AlertState, Words] = {
    AlertState.DETECTED: Words("已发现", "detected"),
    AlertState.NOTIFYING: Words("通知中", "being told"),
    AlertState.NOTIFIED: Words("已通知，待回读", "told, not read back yet"),
    AlertState.ACKNOWLEDGED: Words("已回读确认", "read back"),
    AlertState.HANDLED: Words("已处置", "handled"),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """A rung of the contact list: who is called, and how long after the finding if nobody read it back."""

    after: timedelta
    role: Role
    words: Words


CONTACTS: tuple[Contact, ...] = (
    Contact(timedelta(0), Role.REQUESTER, Words("申请医师", "requesting physician")),
    Contact(LIMIT * 0.5, Role.REQUESTER, Words("申请科室全体申请医师", "every requesting physician of the hospital")),
    Contact(LIMIT * 0.8, Role.APPROVER, Words("科主任 / 医务科", "head of department")),
    Contact(LIMIT, Role.COORDINATOR, Words("会诊中心调度", "coordinator of the centre")),
)
"""At 0, 50, 80 and 100 % of the ten minutes."""


def due_at(alert: Alert) -> datetime:
    """When both sides must be on record."""
    return alert.detected_at + LIMIT


def alert_due_at(case: Case) -> datetime | None:
    """When the first of a case's findings that nobody read back must be on record; None where there is none."""
    return min((due_at(alert) for alert in case.alerts if alert.is_open), default=None)


def next_call(alert: Alert) -> datetime | None:
    """When the next rung of the contact list is called; None when it was read back, or all were called."""
    calls = sum(attempt.by is None for attempt in alert.attempts)
    if not alert.is_open or calls >= len(CONTACTS):
        return None
    return alert.detected_at + CONTACTS[calls].after


def next_call_of(case: Case) -> datetime | None:
    """The first of the calls that are due for a case's findings."""
    coming = [call for alert in case.alerts if (call := next_call(alert)) is not None]
    return min(coming) if coming else None


def told_in_time(alert: Alert, now: datetime) -> bool | None:
    """Whether both sides were on record within ten minutes: time, content, read-back and who; None: still open."""
    if alert.acknowledged_at is None:
        return False if now > due_at(alert) else None
    on_record = alert.acknowledged_by is not None and bool(alert.read_back)
    return on_record and alert.acknowledged_at <= due_at(alert)


# ---- what a move changes ----


def found(case: Case, actor: Actor, finding: str, now: datetime) -> tuple[Alert, ...]:
    """The case's alerts with a new one; a finding that is there already is not opened twice.

    The first contact sees it at once, with the move that found it: a move of its own a moment later would make
    whoever signs just then sign on a version that has gone.
    """
    finding = finding.strip()
    if not finding or any(alert.finding == finding for alert in case.alerts):
        return case.alerts
    return (*case.alerts, _called(Alert(finding, AlertState.DETECTED, now, _who(actor)), now))


def read_back(alert: Alert, actor: Actor, words: str, now: datetime) -> Alert:
    """The requesting side has it and said so; nothing changes where that was done before."""
    if not alert.is_open:
        return alert
    return replace(
        alert,
        state=AlertState.ACKNOWLEDGED,
        notified_at=alert.notified_at or now,
        acknowledged_at=now,
        acknowledged_by=_who(actor),
        read_back=words,
    )


def raise_alert(case: Case, actor: Actor, say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The reader's own button."""
    return {"alerts": found(case, actor, _finding_said(say), now)}


def call_contact(case: Case, _actor: Actor, _say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The next rung of the list sees it in the page, for each finding whose call is due."""
    return {"alerts": tuple(_called(alert, now) for alert in case.alerts)}


def _called(alert: Alert, now: datetime) -> Alert:
    call = next_call(alert)
    if call is None or call > now:
        return alert
    rung = CONTACTS[sum(attempt.by is None for attempt in alert.attempts)]
    state = AlertState.NOTIFYING if alert.state == AlertState.DETECTED else alert.state
    told = Attempt(now, PORTAL, rung.words.zh, None, reached=False)
    return replace(alert, state=state, attempts=(*alert.attempts, told))


def record_call(case: Case, actor: Actor, say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Somebody called: whom, how, and whether they were reached."""
    tried = Attempt(now, str(say["channel"]), str(say["receiver"]).strip(), _who(actor), bool(say.get("reached")))

    def logged(alert: Alert) -> Alert:
        attempts = (*alert.attempts, tried)
        if not tried.reached:
            return replace(alert, attempts=attempts, state=max(alert.state, AlertState.NOTIFYING, key=_rung))
        return replace(alert, attempts=attempts, state=AlertState.NOTIFIED, notified_at=alert.notified_at or now)

    return _change(case, say, logged)


def confirm_alert(case: Case, actor: Actor, say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Read back by the requesting side."""
    return _change(case, say, lambda alert: read_back(alert, actor, str(say["read_back"]).strip(), now))


def handle_alert(case: Case, actor: Actor, say: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """What was done for the patient."""
    done = str(say["handling"]).strip()
    return _change(
        case,
        say,
        lambda alert: replace(alert, state=AlertState.HANDLED, handled_at=now, handled_by=_who(actor), handling=done),
    )


def _change(case: Case, say: Mapping[str, Any], changed: Any) -> dict[str, Any]:
    meant = _meant(case, say)
    return {"alerts": tuple(changed(alert) if alert is meant else alert for alert in case.alerts)}


def _rung(state: str) -> int:
    return list(AlertState).index(AlertState(state))


def _who(actor: Actor) -> Party:
    return Party(actor.person_id or "", actor.name)


def _finding_said(say: Mapping[str, Any]) -> str:
    return str((say.get("critical") or {}).get("finding") or "").strip()


def _meant(case: Case, say: Mapping[str, Any]) -> Alert | None:
    """The alert that is spoken of: by its finding, or the only one that waits."""
    named = [alert for alert in case.alerts if alert.finding == say.get("finding")]
    waiting = [alert for alert in case.alerts if alert.state != AlertState.HANDLED]
    return named[0] if named else waiting[0] if len(waiting) == 1 and not say.get("finding") else None


# ---- what a move needs ----


def _meant_open(case: Case, say: Mapping[str, Any]) -> bool:
    meant = _meant(case, say)
    return meant is not None and meant.is_open


def _meant_read_back(case: Case, say: Mapping[str, Any]) -> bool:
    meant = _meant(case, say)
    return meant is not None and meant.state == AlertState.ACKNOWLEDGED


def _call_due(case: Case, _actor: Actor, _say: Mapping[str, Any], _world: World, now: datetime) -> bool:
    coming = next_call_of(case)
    return coming is not None and coming <= now


FINDING_SAID = Need(
    "finding-said",
    lambda case, _actor, say, _world, _now: (
        bool(_finding_said(say)) and all(alert.finding != _finding_said(say) for alert in case.alerts)
    ),
    fixed("请写明尚未登记的危急值。", "Name a critical finding that is not on record yet."),
    settled_by="critical",
)
CALL_DUE = Need("call-due", _call_due, fixed("还没有到通知下一位的时间。", "The next contact is not due yet."))
ALERT_OPEN = Need(
    "alert-open",
    lambda case, _actor, say, _world, _now: _meant_open(case, say),
    fixed("请选择一个尚未回读的危急值。", "Choose a critical finding that is not read back yet."),
    settled_by="finding",
)
ALERT_READ_BACK = Need(
    "alert-read-back",
    lambda case, _actor, say, _world, _now: _meant_read_back(case, say),
    fixed("请选择一个已回读、尚未处置的危急值。", "Choose a critical finding that was read back and not handled yet."),
    settled_by="finding",
)
CALL_TOLD = Need(
    "call-told",
    lambda _case, _actor, say, _world, _now: (
        bool(str(say.get("receiver") or "").strip()) and say.get("channel") in CHANNELS
    ),
    fixed("请写明通知了谁、用什么方式。", "Say who was called, and how."),
    settled_by="receiver",
)
HANDLING_SAID = Need(
    "handling-said",
    lambda _case, _actor, say, _world, _now: bool(str(say.get("handling") or "").strip()),
    fixed("请写明处置。", "Say what was done."),
    settled_by="handling",
)


def _words_said(say: Mapping[str, Any]) -> bool:
    return bool(str(say.get("read_back") or "").strip())


READ_BACK_SAID = Need(
    "read-back-said",
    lambda _case, _actor, say, _world, _now: _words_said(say),
    fixed("请复述危急值的内容。", "Read the critical finding back."),
    settled_by="read_back",
)
OPEN_ONES_READ_BACK = Need(
    "open-ones-read-back",
    lambda case, _actor, say, _world, _now: _words_said(say) or not any(alert.is_open for alert in case.alerts),
    fixed("有危急值尚未回读，请复述其内容。", "A critical finding is not read back yet; read it back."),
    settled_by="read_back",
)
