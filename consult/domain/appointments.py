"""The time both sides meet: proposed and booked in one step, moved, and given up with the reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from consult.domain.cases import Case
from consult.domain.people import Actor
from consult.domain.workflow_needs import LATER_THAN_NOW, Need, World, fixed

LENGTH_S = 1800.0


def schedule(_case: Case, _actor: Actor, say: Mapping[str, Any], _now: datetime) -> Mapping[str, Any]:
    """The time both sides meet."""
    return {"appointment_at": say["appointment_at"]}


def session_failed(_case: Case, _actor: Actor, _say: Mapping[str, Any], _now: datetime) -> Mapping[str, Any]:
    """The meeting did not come about; the specialist keeps the case, and another time can be found."""
    return {"appointment_at": None}


def _free(_case: Case, _actor: Actor, say: Mapping[str, Any], world: World, _now: datetime) -> bool:
    wanted = say.get("appointment_at")
    return wanted is None or all(abs((other - wanted).total_seconds()) >= LENGTH_S for other in world.appointments)


APPOINTMENT_FREE = Need(
    "appointment-free",
    _free,
    fixed("该专家在这个时间已有预约，请另选时间。", "The specialist has an appointment then; choose another time."),
    settled_by="appointment_at",
)
BOOKING = (LATER_THAN_NOW, APPOINTMENT_FREE)
"""What each time that is booked needs."""
