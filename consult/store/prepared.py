"""Where what was made ready of a study lies: a folder whose name changes with what the study shows."""

from sqlalchemy import Connection, func, select

from consult.domain.errors import NotFound
from consult.store.tables_proof import decisions
from consult.store.tables_studies import studies


def folder_of(connection: Connection, study_id: str) -> str:
    """The name of a study's folder: letters, digits and dots. Raises NotFound.

    A choice between versions makes it another one, and so does a study that was removed and came again: whoever wrote
    or asks with older knowledge is in the older folder, and nothing of it is ever shown for the new.
    """
    last = select(func.max(decisions.c.id)).where(decisions.c.study_id == study_id).scalar_subquery()
    row = connection.execute(select(studies.c.first_at, last.label("choice")).where(studies.c.id == study_id)).first()
    if row is None:
        raise NotFound
    return f"{study_id}.{int(row.first_at.timestamp() * 1_000_000):x}.{row.choice or 0}"
