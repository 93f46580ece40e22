"""What is on record about a case beside its request: critical findings, recalls, indicators, whose time it was."""

from datetime import datetime

from consult.domain import indicators
from consult.domain.cases import Alert, Case, Party, Recall
from consult.domain.contacts import PhoneContact
from consult.domain.critical import ALERT_STATES, AlertState, due_at, told_in_time
from consult.web import record_shapes
from consult.web.language import spoken


def person_out(party: Party) -> record_shapes.PartyOut:
    """A person by id and name."""
    return record_shapes.PartyOut(id=party.id, name=party.name)


def someone_out(party: Party | None) -> record_shapes.PartyOut | None:
    """A person, where there is one."""
    return person_out(party) if party else None


def alerts_out(case: Case, now: datetime) -> list[record_shapes.AlertOut]:
    """The critical findings of a case, oldest first."""
    return [_alert(alert, now) for alert in case.alerts]


def _alert(alert: Alert, now: datetime) -> record_shapes.AlertOut:
    return record_shapes.AlertOut(
        finding=alert.finding,
        state=alert.state,
        label=spoken(ALERT_STATES[AlertState(alert.state)]),
        detected_at=alert.detected_at,
        detected_by=person_out(alert.detected_by),
        due_at=due_at(alert),
        in_time=told_in_time(alert, now),
        attempts=[
            record_shapes.AttemptOut(
                at=tried.at, channel=tried.channel, to=tried.to, by=someone_out(tried.by), reached=tried.reached
            )
            for tried in alert.attempts
        ],
        notified_at=alert.notified_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=someone_out(alert.acknowledged_by),
        read_back=alert.read_back,
        handled_at=alert.handled_at,
        handled_by=someone_out(alert.handled_by),
        handling=alert.handling,
    )


def recalls_out(case: Case) -> list[record_shapes.RecallOut]:
    """What was recalled, and who knows."""
    return [_recall(recall) for recall in case.recalls]


def _recall(recall: Recall) -> record_shapes.RecallOut:
    return record_shapes.RecallOut(
        version=recall.version,
        at=recall.at,
        by=person_out(recall.by),
        reason=recall.reason,
        receivers=[
            record_shapes.ReceiverOut(
                channel=each.channel,
                name=each.name,
                acknowledged_at=each.acknowledged_at,
                acknowledged_by=someone_out(each.acknowledged_by),
            )
            for each in recall.receivers
        ],
    )


def indicators_out(case: Case, now: datetime) -> list[record_shapes.IndicatorOut]:
    """How the case stands in each national indicator that counts it."""
    return [
        record_shapes.IndicatorOut(code=each.code, label=spoken(each.label), due_at=each.due_at, met=each.met)
        for each in indicators.standings(case, now)
    ]


def owned_out(case: Case, now: datetime) -> list[record_shapes.OwnedOut]:
    """In whose hands the case's time was."""
    return [
        record_shapes.OwnedOut(
            owner=each.owner, label=spoken(each.label), seconds=each.seconds, share=each.share, paused=each.paused
        )
        for each in indicators.time_by_owner(case, now)
    ]


def contact_out(each: PhoneContact) -> record_shapes.PhoneContactOut:
    """Someone to call."""
    return record_shapes.PhoneContactOut(name=each.name, duty=each.duty, phone=each.phone)
