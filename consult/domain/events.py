"""What happened, as facts: the log that a case can be rebuilt from, and the kinds that others may rely on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

CASE_BEGUN = "create"
"""The first fact of every case, which carries all of it; the others are named by the verb that moved it."""

STUDY_FACTS = ("study_received", "study_conflict", "study_settled", "study_announced", "study_decided", "study_faulty")
"""What happens to a study: objects arrived, an object came twice with other content, it was found settled; somebody
announced what there is of it, a person chose between copies, a check found that it is not as it was kept."""


TALK = "talk"
"""The subject of what is said beside a case's moves; ``subject_id`` is the case's, whose version it does not change."""
TALK_FACTS = ("opinion", "message", "file", "measurement", "room_opened", "room_rings", "room_met", "room_guest",
              "room_closed")  # fmt: skip
"""A member of a multidisciplinary consultation saved an opinion; something was said, a file handed over, or a
measurement added, changed, deleted or restored."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened: to what, when (UTC), by whom, and which fields it changed.

    ``subject`` is ``case``, ``talk`` or ``study``; ``version`` is the subject's version after the fact; ``seq`` is its
    place in the order of commits, None until it is stored. ``data`` holds JSON values only.
    """

    subject: str
    subject_id: str
    kind: str
    at: datetime
    by_id: str | None
    by_name: str
    version: int
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seq: int | None = None
