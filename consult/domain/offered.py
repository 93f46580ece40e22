"""Which of the moves that exist are worth a button now: the second person's word only after the first's."""

from collections.abc import Callable

from consult.domain.approval import waits
from consult.domain.cases import Case
from consult.domain.emergency import request_lacks
from consult.domain.members import is_mdt
from consult.domain.recalls import recall_waits
from consult.domain.workflow_needs import World

ONLY_WHEN: dict[str, Callable[[Case], bool]] = {
    "decline_approval": waits,
    "mark_entered_in_error": lambda case: case.error_claimed_by is None,
    "confirm_entered_in_error": lambda case: case.error_claimed_by is not None,
    "complete_request": lambda case: bool(request_lacks(case)),
    "acknowledge_recall": recall_waits,
    "invite": is_mdt,
    "record_call": lambda case: any(alert.is_open for alert in case.alerts),
    "confirm_alert": lambda case: any(alert.is_open for alert in case.alerts),
    "handle_alert": lambda case: any(alert.state == "acknowledged" for alert in case.alerts),
}
"""By verb; a verb without an entry is always offered where its row is."""


def is_offered(verb: str, case: Case, world: World) -> bool:
    """Whether a move that exists is shown; a draft is sent to its head once, and only where the house wants that."""
    if verb == "ask_approval":
        return world.approver_required and not waits(case)
    return ONLY_WHEN[verb](case) if verb in ONLY_WHEN else True
