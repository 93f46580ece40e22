"""Which of the moves that exist are worth a button now: the second person's word only after the first's."""

from collections.abc import Callable

from consult.domain.cases import Case
from consult.domain.emergency import request_lacks
from consult.domain.members import is_mdt
from consult.domain.recalls import recall_waits

ONLY_WHEN: dict[str, Callable[[Case], bool]] = {
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


def is_offered(verb: str, case: Case) -> bool:
    """Whether a move that exists is shown."""
    return ONLY_WHEN[verb](case) if verb in ONLY_WHEN else True
