"""Picks the objects that a C-MOVE or C-GET names: unique keys only, and only what both ends may see."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from consult.domain.people import Actor
from consult.store.studies import PRIMARY, visible_to
from consult.store.tables_studies import instances, series, studies

AT_ONCE = 500  # values in one question


@dataclass(frozen=True, slots=True)
class Held:
    """An object that was asked for; ``may_go`` says that the institution it goes to may see its study."""

    study_uid: str
    sop_class: str
    sop_uid: str
    syntax: str
    sha256: str
    may_go: bool


@dataclass(frozen=True, slots=True)
class Named:
    """The unique keys of a retrieval (PS3.4 §C.4.2.2.1); an empty list leaves that key open."""

    patient_ids: Sequence[str] = ()
    study_uids: Sequence[str] = ()
    series_uids: Sequence[str] = ()
    sop_uids: Sequence[str] = ()


def held(connection: Connection, asker: Actor, receiver: Actor, named: Named) -> list[Held]:
    """The primary objects that match, of what the asker sees, series by series.

    Where two institutions' objects have the same UIDs, one is given: as a person would see it, the asker's own last.
    """
    own_last = studies.c.institution == (asker.institution_code or "")
    query = (
        select(
            studies.c.id.label("study_id"), studies.c.study_uid, series.c.series_uid, instances.c.sop_class,
            instances.c.sop_uid, instances.c.transfer_syntax, instances.c.sha256,
        )
        .join(series, series.c.study_id == studies.c.id)
        .join(instances, instances.c.series_id == series.c.id)
        .where(visible_to(asker), PRIMARY, *_named(named))
        .order_by(own_last, studies.c.first_at, studies.c.id, series.c.number, series.c.id,
                  instances.c.instance_number, instances.c.id)
    )  # fmt: skip
    found = connection.execute(query).all()
    open_to_receiver = _visible(connection, {row.study_id for row in found}, receiver)
    told: dict[tuple[str, str, str], Held] = {}
    for row in found:
        may_go = row.study_id in open_to_receiver
        one = Held(row.study_uid, row.sop_class, row.sop_uid, row.transfer_syntax, row.sha256, may_go)
        told.setdefault((row.study_uid, row.series_uid, row.sop_uid), one)
    return list(told.values())


def _named(named: Named) -> list[ColumnElement[bool]]:
    pairs = (
        (studies.c.patient_id, named.patient_ids),
        (studies.c.study_uid, named.study_uids),
        (series.c.series_uid, named.series_uids),
        (instances.c.sop_uid, named.sop_uids),
    )
    return [column.in_(list(values)) for column, values in pairs if values]


def _visible(connection: Connection, study_ids: Collection[str], actor: Actor) -> set[str]:
    wanted, seen = sorted(study_ids), set[str]()
    for at in range(0, len(wanted), AT_ONCE):
        query = select(studies.c.id).where(studies.c.id.in_(wanted[at : at + AT_ONCE]), visible_to(actor))
        seen.update(connection.execute(query).scalars())
    return seen
