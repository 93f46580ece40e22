"""What the archive holds, as people may see it: studies, their series and instances, found, counted and listed."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    union_all,
    update,
)

from consult.domain.access import Scope, What, scope_of
from consult.domain.completeness import StudyCompleteness
from consult.domain.errors import NotFound
from consult.domain.events import Fact
from consult.domain.people import Actor
from consult.domain.studies import Instance
from consult.domain.words import folded
from consult.store import cases as case_rows
from consult.store import outbox
from consult.store.arrivals import RECEIVING, SETTLE, series_key
from consult.store.rows import inflated, instance_of
from consult.store.seen import seen_by
from consult.store.tables import case_studies, cases
from consult.store.tables_studies import instances, refused, series, studies
from consult.store.unit import Unit

PRIMARY = instances.c.rank == 0
_WITH_OWN = frozenset({Scope.OWN_SITE, Scope.REGION})


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The start of every query on studies: those the actor's institution sent, and those of cases whose images it sees.

    A case shows the study that its own requesting site sent, never another institution's with the same UID: nobody
    gets at a study by writing its UID into a request.
    """
    scopes = scope_of(actor, What.IMAGES)
    if Scope.ALL in scopes:
        return true()
    if scopes == frozenset({Scope.OWN_SITE}):  # a case shows its requesting site's studies only: these already
        return studies.c.institution == actor.institution_code
    conditions: list[ColumnElement[bool]] = [false()]
    if actor.institution_code is not None and scopes & _WITH_OWN:
        conditions.append(studies.c.institution == actor.institution_code)
    if scopes:
        conditions.append(through_cases(actor))
    return or_(*conditions)


def through_cases(actor: Actor) -> ColumnElement[bool]:
    """The studies of cases whose images the actor sees, and the prior studies of the same patients at the same site."""
    linked = studies.alias("linked")
    its_own = _linked_cases(actor).where(
        case_studies.c.study_uid == studies.c.study_uid, _checked(cases.c.requesting_site) == studies.c.institution
    )
    prior = (
        _linked_cases(actor)
        .join(linked, linked.c.study_uid == case_studies.c.study_uid)
        .where(
            same_patient(linked),
            _checked(linked.c.institution) == studies.c.institution,
            _checked(cases.c.requesting_site) == studies.c.institution,
        )
    )
    return or_(exists(its_own.correlate(studies)), exists(prior.correlate(studies)))


def _linked_cases(actor: Actor) -> Select[str]:
    return (
        select(case_studies.c.case_id)
        .join(cases, cases.c.id == case_studies.c.case_id)
        .where(case_rows.visible_to(actor, What.IMAGES))
    )


def _checked(column: ColumnElement[str]) -> ColumnElement[str]:
    """A column that rows are compared by and not looked up by: an institution has too many rows to begin with."""
    return column + ""


def visible_ids(actor: Actor) -> Select[str] | None:
    """The ids of what ``visible_to`` holds for, looked up from the cases' side: quick where they are few.

    None where the actor sees all, or all of an institution. An id may come more than once.
    """
    scopes = scope_of(actor, What.IMAGES)
    if Scope.ALL in scopes or scopes == frozenset({Scope.OWN_SITE}):
        return None
    linked = studies.alias("linked")
    of_cases = (
        select(studies.c.id)
        .select_from(case_studies)
        .join(cases, cases.c.id == case_studies.c.case_id)
        .where(case_rows.visible_to(actor, What.IMAGES))
    )
    its_own = of_cases.join(studies, studies.c.study_uid == case_studies.c.study_uid).where(
        _checked(studies.c.institution) == cases.c.requesting_site
    )
    prior = (
        of_cases.join(linked, linked.c.study_uid == case_studies.c.study_uid)
        .join(studies, same_patient(linked))
        .where(
            _checked(linked.c.institution) == cases.c.requesting_site,
            _checked(studies.c.institution) == cases.c.requesting_site,
        )
    )
    every = [its_own, prior]
    if actor.institution_code is not None and scopes & _WITH_OWN:
        every.insert(0, select(studies.c.id).where(studies.c.institution == actor.institution_code))
    return select(union_all(*every).subquery().c.id)


def same_patient(other: FromClause) -> ColumnElement[bool]:
    """A study of the patient of another one: the same PatientID, and the same name or the same birth date."""
    return and_(
        studies.c.patient_id == other.c.patient_id,
        studies.c.patient_id != "",
        or_(
            studies.c.patient_display == other.c.patient_display,
            and_(studies.c.patient_birth_date == other.c.patient_birth_date, studies.c.patient_birth_date != ""),
        ),
    )


def find(connection: Connection, study_uid: str, actor: Actor) -> Any:
    """The row of the study with this UID that the actor sees; NotFound otherwise, whether or not it exists.

    Where several institutions' studies with this UID are visible, the actor's own comes last: the others are there
    because a case asks for them.
    """
    own_last = studies.c.institution == (actor.institution_code or "")
    query = (
        select(studies)
        .where(studies.c.study_uid == study_uid, visible_to(actor))
        .order_by(own_last, studies.c.first_at, studies.c.id)
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound
    return row


def _seen_id(connection: Connection, study_uid: str, actor: Actor) -> str:
    return seen_by(connection).key_of(actor, study_uid, lambda: str(find(connection, study_uid, actor).id))


def find_series(connection: Connection, study_uid: str, series_uid: str, actor: Actor) -> Any:
    """The row of a series of a visible study; who sees it is remembered for a moment. Raises NotFound."""
    study_id = _seen_id(connection, study_uid, actor)
    query = select(series).where(series.c.study_id == study_id, series.c.series_uid == series_uid)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound
    return row


def find_instance(connection: Connection, study_uid: str, series_uid: str, sop_uid: str, actor: Actor) -> Any:
    """The row of the primary instance of a visible study, without its facts and metadata. Raises NotFound."""
    series_id = series_key(_seen_id(connection, study_uid, actor), series_uid)
    found = connection.execute(
        select(*LIGHT).where(instances.c.series_id == series_id, instances.c.sop_uid == sop_uid, PRIMARY)
    ).first()
    if found is None:
        raise NotFound
    return found


LIGHT = tuple(column for column in instances.c if column.name not in ("facts", "metadata"))
IN_ORDER = (instances.c.instance_number.is_(None), instances.c.instance_number, instances.c.sop_uid)


def series_of(connection: Connection, study_id: str) -> Sequence[Any]:
    """The series of a study in the order of their numbers."""
    order = (series.c.number.is_(None), series.c.number, series.c.series_uid)
    return connection.execute(select(series).where(series.c.study_id == study_id).order_by(*order)).all()


def instances_of_series(connection: Connection, series_id: str) -> Sequence[Any]:
    """The primary instances of a series in the order of their numbers, without facts and metadata."""
    query = select(*LIGHT).where(instances.c.series_id == series_id, PRIMARY).order_by(*IN_ORDER)
    return connection.execute(query).all()


def middle_image(connection: Connection, series_id: str) -> Any | None:
    """The image in the middle of a series, by its number; None where none of its objects holds frames."""
    mine = (instances.c.series_id == series_id, PRIMARY, instances.c.frames > 0)
    count = connection.execute(select(func.count()).select_from(instances).where(*mine)).scalar_one()
    query = select(*LIGHT).where(*mine).order_by(*IN_ORDER).offset(count // 2).limit(1)
    return connection.execute(query).first()


def metadata_of_series(connection: Connection, series_id: str) -> Iterator[bytes]:
    """The DICOM JSON of each primary instance of a series, in the order of their numbers."""
    query = select(instances.c.metadata).where(instances.c.series_id == series_id, PRIMARY).order_by(*IN_ORDER)
    return (inflated(row.metadata) for row in connection.execute(query))


def instances_in_order(connection: Connection, series_id: str) -> list[int]:
    """The ids of the primary instances of a series in the order of their numbers."""
    query = select(instances.c.id).where(instances.c.series_id == series_id, PRIMARY).order_by(*IN_ORDER)
    return list(connection.execute(query).scalars())


def metadata_of(connection: Connection, instance_ids: Sequence[int]) -> list[bytes]:
    """The DICOM JSON of some instances, in the order of their ids as given."""
    query = select(instances.c.id, instances.c.metadata).where(instances.c.id.in_(instance_ids))
    found = {row.id: inflated(row.metadata) for row in connection.execute(query)}
    return [found[each] for each in instance_ids if each in found]


def metadata_name(series_id: str, version: int) -> str:
    """The name of a series' gzipped metadata in the cache; another slice makes it another name."""
    return f"metadata/{series_id[:2]}/{series_id}-{version}.json.gz"


def metadata_of_instance(connection: Connection, instance_id: int) -> bytes:
    """The DICOM JSON of one instance."""
    return inflated(connection.execute(select(instances.c.metadata).where(instances.c.id == instance_id)).scalar_one())


def by_id(connection: Connection, study_id: str) -> Any | None:
    """The row of a study by its key; for the system's own work, not for a person."""
    return connection.execute(select(studies).where(studies.c.id == study_id)).first()


def ids_of(connection: Connection, study_uid: str) -> list[str]:
    """The keys of a study, one for each institution that holds it; for the system's own work."""
    return list(connection.execute(select(studies.c.id).where(studies.c.study_uid == study_uid)).scalars())


def said_by(connection: Connection, study_id: str) -> list[tuple[Instance, str, int]]:
    """All objects of a study, differing copies too: what each says of itself, its hash, its rank."""
    query = (
        select(instances.c.facts, instances.c.sha256, instances.c.rank)
        .where(instances.c.study_id == study_id)
        .order_by(instances.c.id)
    )
    return [(instance_of(row.facts), row.sha256, row.rank) for row in connection.execute(query)]


def settle(unit: Unit, row: Any, found: StudyCompleteness, now: datetime) -> bool:
    """Keep the assessment of a study and tell it, if nothing arrived since ``row`` was read; whether it was kept."""
    changed = unit.connection.execute(
        update(studies)
        .where(studies.c.id == row.id, studies.c.version == row.version)
        .values(version=row.version + 1, status=str(found.status), completeness=found.document())
    )
    if changed.rowcount != 1:
        return False
    said = {
        "institution": row.institution,
        "study_id": row.id,
        "status": str(found.status),
        "received": found.received,
        "expected": found.expected,
    }
    unit.tell(Fact("study", row.study_uid, "study_settled", now, None, "系统", row.version + 1, said))
    return True


def await_quiet(unit: Unit, study_id: str, due_at: datetime, released: bool) -> None:
    """Look at the study again then; ``released``: whoever sent into it has hung up."""
    outbox.set_timer(unit, SETTLE, study_id, due_at, {"released": released})


def completeness_of(
    connection: Connection, institution: str, study_uids: Collection[str]
) -> dict[str, StudyCompleteness]:
    """How complete an institution's studies are, by UID; a UID of which nothing arrived is absent."""
    if not study_uids:
        return {}
    query = select(studies).where(studies.c.institution == institution, studies.c.study_uid.in_(sorted(study_uids)))
    return {row.study_uid: completeness_in(row) for row in connection.execute(query)}


def completeness_in(row: Any) -> StudyCompleteness:
    """The completeness that a study's row tells: what was last assessed, or that it is receiving."""
    if row.status == RECEIVING or not row.completeness:
        return StudyCompleteness.receiving(row.instance_count)
    return StudyCompleteness.of_document(row.completeness)


def latest(
    connection: Connection, actor: Actor, text: str, after: tuple[datetime, str] | None, limit: int
) -> Sequence[Any]:
    """Up to ``limit`` visible studies after a cursor (time of arrival, id), newest first."""
    query = select(studies).where(visible_to(actor)).order_by(studies.c.first_at.desc(), studies.c.id.desc())
    for word in folded(text).split():
        query = query.where(_contains(word))
    if after is not None:
        query = query.where(tuple_(studies.c.first_at, studies.c.id) < after)
    return connection.execute(query.limit(limit)).all()


def _contains(word: str) -> ColumnElement[bool]:
    like = "%" + escaped(word) + "%"
    return or_(
        studies.c.search.like(like, escape="\\"),
        studies.c.patient_id.ilike(like, escape="\\"),
        studies.c.accession_number.ilike(like, escape="\\"),
        studies.c.description.ilike(like, escape="\\"),
        studies.c.study_uid == word,
    )


def escaped(text: str) -> str:
    """Text with the wildcards of LIKE made plain."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def series_of_all(connection: Connection, study_ids: Collection[str]) -> dict[str, list[Any]]:
    """The series of several studies, by study."""
    query = (
        select(series)
        .where(series.c.study_id.in_(sorted(study_ids)))
        .order_by(series.c.number.is_(None), series.c.number, series.c.series_uid)
    )
    found: dict[str, list[Any]] = {study_id: [] for study_id in study_ids}
    for row in connection.execute(query):
        found[row.study_id].append(row)
    return found


def refusals(connection: Connection, limit: int) -> Sequence[Any]:
    """The last refused objects, newest first."""
    return connection.execute(select(refused).order_by(refused.c.id.desc()).limit(limit)).all()


def objects_of(connection: Connection, study_id: str) -> Sequence[tuple[str, str]]:
    """(SOP instance UID, SHA-256) of every object of a study, differing copies too."""
    query = select(instances.c.sop_uid, instances.c.sha256).where(instances.c.study_id == study_id)
    return [(row.sop_uid, row.sha256) for row in connection.execute(query)]
