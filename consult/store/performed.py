"""Performed procedure steps: kept as the machine says them, and read by study."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from consult.domain.losses import Expectation
from consult.domain.performed import ENDED, Step, StepKnown, StepStatus, expected_by
from consult.store import outbox
from consult.store.arrivals import SETTLE, study_key
from consult.store.tables_performed import performed_step_studies, performed_steps
from consult.store.tables_studies import series, studies
from consult.store.unit import Unit


def step_key(institution: str, sop_uid: str) -> str:
    """The id of an institution's step: 32 hexadecimal digits."""
    return hashlib.sha256(f"{institution}\n{sop_uid}".encode()).hexdigest()[:32]


def begin(unit: Unit, institution: str, step: Step, now: datetime) -> None:
    """Keep a new step. Raises StepKnown."""
    key = step_key(institution, step.sop_uid)
    if unit.connection.scalar(select(performed_steps.c.id).where(performed_steps.c.id == key)) is not None:
        raise StepKnown
    unit.connection.execute(
        insert(performed_steps).values(
            id=key, institution=institution, sop_uid=step.sop_uid, ae_title=step.ae_title, begun_at=now, **_row(step)
        )
    )
    rows = [{"step_id": key, "study_uid": uid, "institution": institution} for uid in step.study_uids]
    unit.connection.execute(insert(performed_step_studies), rows)
    _look_again(unit, institution, step.study_uids, now)


def find(connection: Connection, institution: str, sop_uid: str) -> Step | None:
    """The institution's step of that UID."""
    there = performed_steps.c.id == step_key(institution, sop_uid)
    row = connection.execute(select(performed_steps).where(there)).first()
    return None if row is None else _step(row)


def change(unit: Unit, institution: str, step: Step, now: datetime) -> None:
    """Keep a step as it stands now, and look at its studies again."""
    there = performed_steps.c.id == step_key(institution, step.sop_uid)
    ended = {"ended_at": now} if step.status in ENDED else {}
    unit.connection.execute(update(performed_steps).where(there).values(**_row(step), **ended))
    _look_again(unit, institution, step.study_uids, now)


def expected_by_steps(connection: Connection, study: Any) -> list[Expectation]:
    """What is to be expected of a study by the steps that were performed for it."""
    query = (
        select(performed_steps)
        .join(performed_step_studies, performed_step_studies.c.step_id == performed_steps.c.id)
        .where(
            performed_step_studies.c.institution == study.institution,
            performed_step_studies.c.study_uid == study.study_uid,
        )
        .order_by(performed_steps.c.begun_at, performed_steps.c.id)
    )
    steps = [_step(row) for row in connection.execute(query)]
    if not steps:
        return []
    here = connection.execute(select(series.c.series_uid).where(series.c.study_id == study.id)).scalars()
    return expected_by(steps, frozenset(here))


def _look_again(unit: Unit, institution: str, study_uids: Sequence[str], now: datetime) -> None:
    keys = [study_key(institution, uid) for uid in study_uids]
    for study_id in unit.connection.execute(select(studies.c.id).where(studies.c.id.in_(keys))).scalars().all():
        outbox.set_timer(unit, SETTLE, study_id, now, {"released": True})


def _row(step: Step) -> dict[str, Any]:
    told = [{"series_uid": uid, "sop_uids": list(sop_uids)} for uid, sop_uids in step.series.items()]
    said = {"studies": list(step.study_uids), "series": told, "reason": step.reason}
    return {"status": str(step.status), "said": said}


def _step(row: Any) -> Step:
    made = {each["series_uid"]: tuple(each["sop_uids"]) for each in row.said["series"]}
    return Step(
        row.sop_uid, StepStatus(row.status), tuple(row.said["studies"]), made, row.said["reason"], row.ae_title,
        row.ended_at,
    )  # fmt: skip
