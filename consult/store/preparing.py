"""Studies that wait to be made ready for viewers: asked for, taken most urgent first, and done."""

from datetime import datetime

from sqlalchemy import Connection, case, delete, func, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite

from consult.domain.cases import Priority, State
from consult.store.tables import case_studies, cases
from consult.store.tables_preparing import preparing
from consult.store.tables_studies import studies
from consult.store.unit import Unit

_RANK = case({str(Priority.EMERGENCY): 0, str(Priority.URGENT): 1}, value=cases.c.priority, else_=2)
_TO_BE_READ = [
    str(state)
    for state in (
        State.SUBMITTED,
        State.AWAITING_IMAGES,
        State.QUEUED,
        State.ASSIGNED,
        State.ACCEPTED,
        State.SCHEDULED,
        State.IN_PROGRESS,
        State.PRELIMINARY,
        State.IN_REVIEW,
    )
]


def ask(unit: Unit, study_id: str, now: datetime) -> None:
    """Have the study made ready, or looked at again."""
    dialect = postgresql if unit.connection.dialect.name == "postgresql" else sqlite
    row = dialect.insert(preparing).values(study_id=study_id, asked_at=now)
    unit.connection.execute(row.on_conflict_do_update(index_elements=["study_id"], set_={"asked_at": now}))


def ask_for_all(unit: Unit, now: datetime) -> int:
    """Have every study made ready; how many there are."""
    dialect = postgresql if unit.connection.dialect.name == "postgresql" else sqlite
    every = select(studies.c.id, literal(now, preparing.c.asked_at.type)).where(true())
    row = dialect.insert(preparing).from_select(["study_id", "asked_at"], every)
    unit.connection.execute(row.on_conflict_do_nothing())
    return waiting(unit.connection)


def waiting(connection: Connection) -> int:
    """How many studies wait."""
    return connection.execute(select(func.count()).select_from(preparing)).scalar_one()


def next_one(connection: Connection) -> tuple[str, datetime] | None:
    """The study to make ready now, and when it was asked for: emergencies first, then the newest."""
    urgency = (
        select(func.min(_RANK))
        .select_from(case_studies.join(cases, cases.c.id == case_studies.c.case_id))
        .where(case_studies.c.study_uid == studies.c.study_uid, cases.c.state.in_(_TO_BE_READ))
        .scalar_subquery()
    )
    found = connection.execute(
        select(preparing.c.study_id, preparing.c.asked_at)
        .join(studies, studies.c.id == preparing.c.study_id)
        .order_by(func.coalesce(urgency, 2), preparing.c.asked_at.desc())
        .limit(1)
    ).one_or_none()
    return (found.study_id, found.asked_at) if found is not None else None


def is_emergency(connection: Connection, study_id: str) -> bool:
    """Whether a live emergency is about the study."""
    about = (
        select(cases.c.id)
        .join(case_studies, case_studies.c.case_id == cases.c.id)
        .join(studies, studies.c.study_uid == case_studies.c.study_uid)
        .where(
            studies.c.id == study_id,
            cases.c.priority == str(Priority.EMERGENCY),
            cases.c.state.in_(_TO_BE_READ),
        )
    )
    return connection.execute(about.limit(1)).first() is not None


def done(unit: Unit, study_id: str, asked_at: datetime) -> None:
    """The work that was asked for at that moment is done."""
    unit.connection.execute(delete(preparing).where(preparing.c.study_id == study_id, preparing.c.asked_at == asked_at))
