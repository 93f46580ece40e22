"""Objects of one identity with other bytes: all are kept, and which one is shown is a person's decision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from consult.domain.events import Fact
from consult.domain.people import Actor
from consult.store import outbox
from consult.store.arrivals import SETTLE
from consult.store.rows import inflated
from consult.store.tables_proof import decisions
from consult.store.tables_studies import instances, series, studies
from consult.store.unit import Unit

VERSION = tuple(column for column in instances.c if column.name not in ("facts", "metadata"))


def versions(connection: Connection, study_id: str) -> Sequence[Any]:
    """All objects of those identities that came with more than one content, primary first."""
    twice = select(instances.c.series_id, instances.c.sop_uid).where(
        instances.c.study_id == study_id, instances.c.rank == 1
    )
    several = twice.subquery()
    query = (
        select(*VERSION, series.c.series_uid)
        .join(several, (several.c.series_id == instances.c.series_id) & (several.c.sop_uid == instances.c.sop_uid))
        .join(series, series.c.id == instances.c.series_id)
        .order_by(series.c.number, instances.c.instance_number, instances.c.sop_uid, instances.c.rank)
    )
    return connection.execute(query).all()


def metadata_of(connection: Connection, instance_id: int) -> bytes:
    """The DICOM JSON of one version."""
    return inflated(connection.execute(select(instances.c.metadata).where(instances.c.id == instance_id)).scalar_one())


def version(connection: Connection, study_id: str, sop_uid: str, sha256: str) -> Any | None:
    """One version of an object of a study."""
    there = (instances.c.study_id == study_id, instances.c.sop_uid == sop_uid, instances.c.sha256 == sha256)
    return connection.execute(select(*VERSION).where(*there)).first()


def decisions_of(connection: Connection, study_id: str) -> Sequence[Any]:
    """What was decided in a study, oldest first."""
    return connection.execute(select(decisions).where(decisions.c.study_id == study_id).order_by(decisions.c.id)).all()


def decide(unit: Unit, study: Any, chosen: Any, reason: str, actor: Actor, now: datetime) -> None:
    """Make a version the primary one of its identity; the others stay, and the study is assessed anew."""
    connection = unit.connection
    same = (instances.c.series_id == chosen.series_id, instances.c.sop_uid == chosen.sop_uid)
    connection.execute(select(studies.c.id).where(studies.c.id == study.id).with_for_update())
    before = connection.execute(select(*VERSION).where(*same, instances.c.rank == 0)).one()
    if before.id != chosen.id:
        # three steps: a rank is there once
        for row_id, rank in ((before.id, -1), (chosen.id, 0), (before.id, chosen.rank)):
            connection.execute(update(instances).where(instances.c.id == row_id).values(rank=rank))
    connection.execute(
        insert(decisions).values(
            study_id=study.id, series_id=chosen.series_id, sop_uid=chosen.sop_uid, chosen=chosen.sha256,
            before=before.sha256, reason=reason, by_id=actor.person_id or "", by_name=actor.name, at=now,
        )
    )  # fmt: skip
    connection.execute(update(series).where(series.c.id == chosen.series_id).values(version=series.c.version + 1))
    connection.execute(update(studies).where(studies.c.id == study.id).values(version=studies.c.version + 1))
    said = {
        "institution": study.institution,
        "study_id": study.id,
        "sop_uid": chosen.sop_uid,
        "chosen": chosen.sha256,
        "before": before.sha256,
        "reason": reason,
    }
    version = study.version + 1
    unit.tell(Fact("study", study.study_uid, "study_decided", now, actor.person_id, actor.name, version, said))
    outbox.set_timer(unit, SETTLE, study.id, now, {"released": True})
