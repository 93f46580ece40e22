"""Measurements of cases: each version added to those before, the newest found by one join."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, select, update

from consult.domain.errors import NotFound, Stale
from consult.domain.measurements import Deed, Kept, measurement_document, measurement_from
from consult.store.tables_measurements import measurement_versions, measurements
from consult.store.unit import Unit

_NEWEST = and_(
    measurement_versions.c.case_id == measurements.c.case_id,
    measurement_versions.c.id == measurements.c.id,
    measurement_versions.c.version == measurements.c.version,
)
_EVERY = and_(measurement_versions.c.case_id == measurements.c.case_id, measurement_versions.c.id == measurements.c.id)
_COLUMNS: tuple[Any, ...] = (
    *(measurements.c[name] for name in ("id", "case_id", "author_id", "author_name", "author_site")),
    *(measurement_versions.c[name] for name in ("version", "deed", "at", "document")),
)


def of_case(connection: Connection, case_id: str) -> list[Kept]:
    """The newest version of each measurement of a case that is not deleted, in the order they were made."""
    query = _with(_NEWEST).where(measurements.c.case_id == case_id, ~measurements.c.deleted)
    return [_kept(row) for row in connection.execute(query.order_by(measurements.c.added_at, measurements.c.id))]


def count(connection: Connection, case_id: str) -> int:
    """How many of a case are not deleted."""
    query = select(func.count()).where(measurements.c.case_id == case_id, ~measurements.c.deleted)
    return connection.scalar(query) or 0


def find(connection: Connection, case_id: str, measurement_id: str) -> Kept:
    """The newest version of one, deleted or not. Raises NotFound."""
    row = connection.execute(
        _with(_NEWEST).where(measurements.c.case_id == case_id, measurements.c.id == measurement_id)
    ).first()
    if row is None:
        raise NotFound
    return _kept(row)


def versions(connection: Connection, case_id: str, measurement_id: str) -> list[Kept]:
    """Every version of one, oldest first; empty where there is none."""
    query = _with(_EVERY).where(measurements.c.case_id == case_id, measurements.c.id == measurement_id)
    return [_kept(row) for row in connection.execute(query.order_by(measurement_versions.c.version))]


def add(unit: Unit, first: Kept) -> None:
    """Keep a new measurement. Raises Taken where its case has one with this id."""
    unit.connection.execute(
        insert(measurements).values(
            case_id=first.case_id,
            id=first.id,
            version=first.version,
            deleted=first.deleted,
            author_id=first.author_id,
            author_name=first.author_name,
            author_site=first.author_site,
            added_at=first.at,
        )
    )
    _write(unit, first)


def change(unit: Unit, following: Kept) -> None:
    """Keep the version that follows the newest. Raises Stale where somebody was faster."""
    changed = unit.connection.execute(
        update(measurements)
        .where(
            measurements.c.case_id == following.case_id,
            measurements.c.id == following.id,
            measurements.c.version == following.version - 1,
        )
        .values(version=following.version, deleted=following.deleted)
    )
    if changed.rowcount != 1:
        raise Stale
    _write(unit, following)


def _write(unit: Unit, kept: Kept) -> None:
    unit.connection.execute(
        insert(measurement_versions).values(
            case_id=kept.case_id,
            id=kept.id,
            version=kept.version,
            deed=str(kept.deed),
            at=kept.at,
            document=measurement_document(kept.measurement),
        )
    )


def _with(versions_of: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).join(measurement_versions, versions_of)


def _kept(row: Any) -> Kept:
    return Kept(
        row.id,
        row.case_id,
        row.version,
        Deed(row.deed),
        row.author_id,
        row.author_name,
        row.author_site,
        row.at,
        measurement_from(row.document),
    )
