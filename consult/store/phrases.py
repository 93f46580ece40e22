"""People's own phrases, by person."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from consult.domain.errors import Stale
from consult.domain.house_phrases import Phrase
from consult.domain.phrases import OwnPhrases
from consult.domain.report_sections import Section
from consult.store.tables_phrases import phrases
from consult.store.unit import Unit


def of_person(connection: Connection, person_id: str) -> OwnPhrases:
    """A person's phrases; none, at version 0, before the first was kept."""
    row = connection.execute(select(phrases).where(phrases.c.person_id == person_id)).one_or_none()
    if row is None:
        return OwnPhrases()
    return OwnPhrases(
        tuple(Phrase(item["shortcut"], Section(item["section"]), item["text"]) for item in row.items), row.version
    )


def keep(unit: Unit, person_id: str, kept: OwnPhrases, now: datetime) -> None:
    """Replace a person's phrases if they still stand at their version. Raises Stale."""
    items = [{"shortcut": each.shortcut, "section": each.section.value, "text": each.text} for each in kept.items]
    values: dict[str, Any] = {"version": kept.version + 1, "items": items, "changed_at": now}
    if of_person(unit.connection, person_id).version != kept.version:
        raise Stale
    if kept.version == 0:
        unit.connection.execute(insert(phrases).values(person_id=person_id, **values))
        return
    there = (phrases.c.person_id == person_id, phrases.c.version == kept.version)
    if unit.connection.execute(update(phrases).where(*there).values(**values)).rowcount != 1:
        raise Stale
