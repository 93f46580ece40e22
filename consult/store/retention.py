"""Holds, houses' own terms, and studies whose term is over: taken out with all their rows, leaving a tombstone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, union, update

from consult.domain.retention import Kept, Kind, kind_of
from consult.store.doctor import is_named
from consult.store.schema import metadata
from consult.store.tables import case_studies, cases
from consult.store.tables_audit import holds, retention, tombstones
from consult.store.tables_proof import series_manifests
from consult.store.tables_studies import instances, series, studies
from consult.store.unit import Unit
from consult.store.upsert import put


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on a study (StudyInstanceUID) or a case (id), with reason and who."""

    id: str
    subject: str
    subject_id: str
    reason: str
    by_id: str | None
    by_name: str
    at: datetime


def hold(unit: Unit, added: Hold) -> None:
    """Put a hold."""
    values = {name: getattr(added, name) for name in Hold.__slots__}
    unit.connection.execute(insert(holds).values(values))


def release(unit: Unit, hold_id: str, by: str, reason: str, now: datetime) -> Hold | None:
    """Release a hold; None when there is no such one that holds."""
    here = holds.c.id == hold_id, holds.c.released_at.is_(None)
    row = unit.connection.execute(select(holds).where(*here)).first()
    if row is None:
        return None
    change = update(holds).where(*here).values(released_at=now, released_by=by, released_reason=reason)
    unit.connection.execute(change)
    return _hold(row)


def in_force(connection: Connection) -> list[Hold]:
    """Every hold that is not released, oldest first."""
    rows = connection.execute(select(holds).where(holds.c.released_at.is_(None)).order_by(holds.c.at, holds.c.id))
    return [_hold(row) for row in rows]


def _hold(row: Any) -> Hold:
    return Hold(row.id, row.subject, row.subject_id, row.reason, row.by_id, row.by_name, row.at)


def case_id(connection: Connection, told: str) -> str | None:
    """The id of the case with this number or id."""
    found: str | None = connection.scalar(select(cases.c.id).where(or_(cases.c.number == told, cases.c.id == told)))
    return found


def is_study(connection: Connection, study_uid: str) -> bool:
    """Whether anybody has a study with this UID."""
    return connection.scalar(select(studies.c.id).where(studies.c.study_uid == study_uid).limit(1)) is not None


def set_term(unit: Unit, institution: str, kind: Kind, years: int) -> None:
    """Keep a house's own term."""
    put(unit.connection, retention, {"institution": institution, "kind": kind.value}, {"years": years})


def own_years(connection: Connection) -> dict[tuple[str, str], int]:
    """Houses' own terms, by institution and kind."""
    return {(row.institution, row.kind): row.years for row in connection.execute(select(retention))}


@dataclass(frozen=True, slots=True)
class Held:
    """A study, and what the rule asks of it."""

    id: str
    institution: str
    study_uid: str
    kept: Kept


def older_than(connection: Connection, before: datetime, limit: int = 1000) -> Iterator[Held]:
    """Studies whose last object came before a time, with their holds and cases, by id."""
    after = ""
    while True:
        query = select(studies.c.id, studies.c.institution, studies.c.study_uid, studies.c.last_at)
        query = query.where(studies.c.last_at < before, studies.c.id > after).order_by(studies.c.id).limit(limit)
        rows = connection.execute(query).all()
        for row in rows:
            yield Held(row.id, row.institution, row.study_uid, _asked(connection, row))
        if len(rows) < limit:
            return
        after = rows[-1].id


def one(connection: Connection, study_id: str) -> Held | None:
    """The study as it stands now."""
    row = connection.execute(select(studies).where(studies.c.id == study_id)).first()
    return None if row is None else Held(row.id, row.institution, row.study_uid, _asked(connection, row))


def _asked(connection: Connection, row: Any) -> Kept:
    of_study = select(case_studies.c.case_id).where(case_studies.c.study_uid == row.study_uid)
    held = select(func.count()).select_from(holds).where(
        holds.c.released_at.is_(None), or_(holds.c.subject_id == row.study_uid, holds.c.subject_id.in_(of_study))
    )  # fmt: skip
    live = select(func.count()).select_from(cases).where(cases.c.id.in_(of_study), cases.c.live.is_(True))
    classes = connection.execute(select(cases.c.patient_class).where(cases.c.id.in_(of_study)).distinct()).scalars()
    return Kept(row.last_at, kind_of(classes), connection.scalar(held) or 0, connection.scalar(live) or 0)


def remove(unit: Unit, held: Held, by: str, now: datetime) -> list[str]:
    """Take a study's rows out and leave a tombstone; the hashes that no row names any more."""
    connection = unit.connection
    of_study = select(series.c.id).where(series.c.study_id == held.id)
    images = select(instances.c.sha256).where(instances.c.study_id == held.id)
    lists = select(series_manifests.c.sha256).where(series_manifests.c.series_id.in_(of_study))
    objects = sorted(connection.execute(union(images, lists)).scalars())
    for table in reversed(metadata.sorted_tables):
        for column in table.columns:
            points_at = {key.column.table.name for key in column.foreign_keys}
            if "series" in points_at and table.name != "instances":
                connection.execute(delete(table).where(column.in_(of_study)))
            if "studies" in points_at:
                connection.execute(delete(table).where(column == held.id))
    connection.execute(delete(studies).where(studies.c.id == held.id))
    connection.execute(
        insert(tombstones).values(
            study_id=held.id, institution=held.institution, study_uid=held.study_uid, kind=held.kept.kind.value,
            objects=objects, last_at=held.kept.last_at, at=now, by_name=by,
        )
    )  # fmt: skip
    return [sha256 for sha256 in objects if not is_named(connection, sha256)]
