"""Proof of what is kept: manifests of series, what everything is checked against, and how far the checking has come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from consult.store.rows import instance_of
from consult.store.tables_proof import decisions, series_manifests, verifications, walks
from consult.store.tables_studies import instances, series, studies
from consult.store.unit import Unit
from consult.store.upsert import put

WALK = "verify"


class Held(NamedTuple):
    """An object as its row has it."""

    series_id: str
    sop_uid: str
    rank: int
    sha256: str
    size: int


def unproven_series(connection: Connection, study_id: str) -> list[Any]:
    """The series of a study that have no manifest of their version yet."""
    made = select(series_manifests.c.series_id).where(
        series_manifests.c.series_id == series.c.id, series_manifests.c.version == series.c.version
    )
    return list(connection.execute(select(series).where(series.c.study_id == study_id, ~made.exists())))


def manifest_of(connection: Connection, row: Any, study_uid: str) -> dict[str, Any]:
    """What a series holds now, differing copies too, in the order of UIDs and ranks."""
    query = select(instances).where(instances.c.series_id == row.id).order_by(instances.c.sop_uid, instances.c.rank)
    return {
        "study_uid": study_uid,
        "series_uid": row.series_uid,
        "version": row.version,
        "instances": [_entry(each) for each in connection.execute(query)],
    }


def _entry(row: Any) -> dict[str, Any]:
    position = instance_of(row.facts).position
    return {
        "sop_uid": row.sop_uid,
        "rank": row.rank,
        "sha256": row.sha256,
        "size": row.size,
        "instance_number": row.instance_number,
        "position": list(position) if position else None,
        "transfer_syntax": row.transfer_syntax,
    }


def keep_manifest(unit: Unit, row: Any, sha256: str, count: int, now: datetime) -> None:
    """Remember the manifest of a series' version; the first one of a version stays."""
    there = select(series_manifests.c.sha256).where(
        series_manifests.c.series_id == row.id, series_manifests.c.version == row.version
    )
    if unit.connection.scalar(there) is None:
        unit.connection.execute(
            insert(series_manifests).values(
                series_id=row.id, version=row.version, sha256=sha256, instances=count, made_at=now
            )
        )


def manifests(connection: Connection, study_id: str) -> Sequence[Any]:
    """All manifests of a study's series, oldest first: series_id, series_uid, version, sha256, made_at."""
    query = (
        select(series_manifests, series.c.series_uid)
        .join(series, series.c.id == series_manifests.c.series_id)
        .where(series.c.study_id == study_id)
        .order_by(series_manifests.c.series_id, series_manifests.c.version)
    )
    return connection.execute(query).all()


def held(connection: Connection, study_id: str) -> list[Held]:
    """Every object of a study."""
    columns = (instances.c.series_id, instances.c.sop_uid, instances.c.rank, instances.c.sha256, instances.c.size)
    query = select(*columns).where(instances.c.study_id == study_id).order_by(instances.c.id)
    return [Held(*row) for row in connection.execute(query)]


def by_uid(connection: Connection, study_uid: str) -> list[Any]:
    """The studies with this UID, one an institution; for operators."""
    return list(connection.execute(select(studies).where(studies.c.study_uid == study_uid).order_by(studies.c.id)))


def next_to_verify(connection: Connection) -> tuple[str | None, str, datetime | None]:
    """The study after the stored position, None at the end of a round; that position; when it came there."""
    walk = connection.execute(select(walks).where(walks.c.name == WALK)).first()
    after = walk.after if walk else ""
    query = select(studies.c.id).where(studies.c.id > after).order_by(studies.c.id).limit(1)
    return connection.scalar(query), after, walk.at if walk else None


def walked(unit: Unit, after: str, now: datetime) -> None:
    """The walk has come so far; an empty position begins a new round."""
    rounds = walks.c.rounds + 1 if not after else walks.c.rounds
    put(
        unit.connection,
        walks,
        {"name": WALK},
        {"after": after, "rounds": 0, "at": now},
        {"after": after, "rounds": rounds, "at": now},
    )


def verified(
    unit: Unit, study_id: str, objects: int, size: int, faults: Sequence[dict[str, str]], now: datetime
) -> None:
    """Keep what a check of a study found."""
    values = {"at": now, "good": not faults, "objects": objects, "bytes": size, "faults": list(faults)}
    put(unit.connection, verifications, {"study_id": study_id}, values)


class Standing(NamedTuple):
    """The figures of checking: studies in all, checked, bad; rounds that went all the way; when it last moved."""

    studies: int
    checked: int
    bad: int
    rounds: int
    at: datetime | None


def standing(connection: Connection) -> Standing:
    """How the checking stands."""
    total = connection.scalar(select(func.count()).select_from(studies)) or 0
    checked = connection.scalar(select(func.count()).select_from(verifications)) or 0
    bad = connection.scalar(select(func.count()).where(verifications.c.good.is_(False))) or 0
    walk = connection.execute(select(walks).where(walks.c.name == WALK)).first()
    return Standing(total, checked, bad, walk.rounds if walk else 0, walk.at if walk else None)


def faulty(connection: Connection, limit: int) -> Sequence[Any]:
    """The studies that did not stand the check, newest first: verification columns with institution and study UID."""
    query = (
        select(verifications, studies.c.institution, studies.c.study_uid)
        .join(studies, studies.c.id == verifications.c.study_id)
        .where(verifications.c.good.is_(False))
        .order_by(verifications.c.at.desc(), verifications.c.study_id)
    )
    return connection.execute(query.limit(limit)).all()


def decided(connection: Connection, study_id: str) -> frozenset[str]:
    """SOP instances whose several versions a person has judged, and of which none came since."""
    latest = select(decisions.c.series_id, decisions.c.sop_uid, func.max(decisions.c.at).label("at")).where(
        decisions.c.study_id == study_id
    )
    told = latest.group_by(decisions.c.series_id, decisions.c.sop_uid).subquery()
    came = (
        select(instances.c.sop_uid)
        .join(told, (told.c.series_id == instances.c.series_id) & (told.c.sop_uid == instances.c.sop_uid))
        .group_by(instances.c.series_id, instances.c.sop_uid, told.c.at)
        .having(func.max(instances.c.received_at) <= told.c.at)
    )
    return frozenset(connection.execute(came).scalars())
