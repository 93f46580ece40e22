"""What each study is found by, as words in an index: names, patient and accession numbers, from their beginnings."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.dialects import postgresql, sqlite

from consult.domain.words import LONGEST, folded, found_by
from consult.store.tables_studies import study_words

NAME, PATIENT, ACCESSION = "name", "patient", "accession"
StudyIds = Select[str]
_LAST = "\U0010ffff"


def index(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep the words of new studies."""
    every = [word for row in rows for word in words_of(row)]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    if every:
        connection.execute(dialect.insert(study_words).on_conflict_do_nothing(), every)


def words_of(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The rows of a study's words."""
    words = {(NAME, word) for word in found_by(row["patient_name"])}
    words |= {(PATIENT, folded(row["patient_id"])[:LONGEST]), (ACCESSION, folded(row["accession_number"])[:LONGEST])}
    for kind, word in sorted(words):
        if word:
            yield {"kind": kind, "word": word, "study_id": row["id"]}


def begins(kind: str, text: str) -> StudyIds | None:
    """The ids of studies that have a word which begins like this, whatever the case; None for no text."""
    start, word = folded(text)[:LONGEST], study_words.c.word
    if not start:
        return None
    return select(study_words.c.study_id).where(study_words.c.kind == kind, word >= start, word < start + _LAST)
