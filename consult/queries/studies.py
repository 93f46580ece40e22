"""Studies as people look for them: what arrived lately, and one study with what is missing from it."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime

from consult.domain.errors import Invalid, Words
from consult.domain.people import Actor
from consult.domain.studies import StudySummary
from consult.store import studies
from consult.store.summaries import summarised
from consult.store.unit import Store

MOST = 100


@dataclass(frozen=True, slots=True)
class StudyPage:
    """Some studies, newest first, and the cursor of the next page (None: that was all)."""

    studies: tuple[StudySummary, ...]
    after: str | None


def latest(store: Store, actor: Actor, text: str, after: str | None, limit: int) -> StudyPage:
    """A page of the studies that the actor may see, newest first. Raises Invalid for a cursor that is not ours."""
    size = max(1, min(limit, MOST))
    with store.read() as connection:
        rows = studies.latest(connection, actor, text, _cursor(after), size + 1)
        found = tuple(summarised(connection, rows[:size]))
    last = rows[size - 1] if len(rows) > size else None
    return StudyPage(found, _told(last.first_at, last.id) if last is not None else None)


def one(store: Store, study_uid: str, actor: Actor) -> StudySummary:
    """One study. Raises NotFound."""
    with store.read() as connection:
        return summarised(connection, [studies.find(connection, study_uid, actor)])[0]


def _told(at: datetime, study_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), study_id]).encode()).decode()


def _cursor(told: str | None) -> tuple[datetime, str] | None:
    if not told:
        return None
    try:
        at, study_id = json.loads(base64.urlsafe_b64decode(told))
        return datetime.fromisoformat(at), str(study_id)
    except (ValueError, binascii.Error, TypeError) as broken:
        raise Invalid.at("after", Words("翻页标记无效。", "That cursor is not valid.")) from broken
