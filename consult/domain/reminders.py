"""What a case reminds of, and when: the rest of an emergency request, a supplement, an appointment."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from consult.domain.cases import Case, Priority, State
from consult.domain.emergency import request_lacks
from consult.domain.people import Actor
from consult.domain.workflow_needs import Need, World, fixed

SUPPLEMENT_AFTER = {
    Priority.EMERGENCY: timedelta(minutes=30),
    Priority.URGENT: timedelta(hours=24),
    Priority.ROUTINE: timedelta(hours=24),
}
BEFORE_APPOINTMENT = timedelta(minutes=15)


class Topic(StrEnum):
    """What is reminded of."""

    REQUEST = "request"
    SUPPLEMENT = "supplement"
    APPOINTMENT = "appointment"


def _request_due(case: Case) -> datetime | None:
    return case.completes_by if request_lacks(case) else None


def _supplement_due(case: Case) -> datetime | None:
    return case.stays[-1].since + SUPPLEMENT_AFTER[case.priority] if case.state is State.RETURNED else None


def _appointment_due(case: Case) -> datetime | None:
    if case.state is not State.SCHEDULED or case.appointment_at is None:
        return None
    return case.appointment_at - BEFORE_APPOINTMENT


DUE: dict[Topic, Callable[[Case], datetime | None]] = {
    Topic.REQUEST: _request_due,
    Topic.SUPPLEMENT: _supplement_due,
    Topic.APPOINTMENT: _appointment_due,
}


def due_at(case: Case, topic: Topic) -> datetime | None:
    """When to remind; None where there is nothing to remind of, or that was done."""
    due = DUE[topic](case)
    return None if due is None or _key(topic, due) in case.reminded else due


def _key(topic: Topic, due: datetime) -> str:
    return f"{topic} {due.isoformat()}"


def remind(topic: Topic) -> Callable[[Case, Actor, Mapping[str, Any], datetime], Mapping[str, Any]]:
    """The effect of a reminder: it is remembered, so that it is sent once."""

    def reminded(case: Case, _actor: Actor, _say: Mapping[str, Any], _now: datetime) -> Mapping[str, Any]:
        due = due_at(case, topic)
        return {"reminded": (*case.reminded, _key(topic, due))} if due else {}

    return reminded


def is_due(topic: Topic) -> Need:
    """The need of a reminder: its moment has come, and it was not sent."""

    def holds(case: Case, _actor: Actor, _say: Mapping[str, Any], _world: World, now: datetime) -> bool:
        due = due_at(case, topic)
        return due is not None and due <= now

    return Need(f"{topic}-reminder-due", holds, fixed("现在没有需要提醒的事项。", "There is nothing to remind of now."))
