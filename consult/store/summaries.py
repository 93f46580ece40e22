"""Studies as lists and cases show them: one line each with its series, and what is missing from them."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, select

from consult.domain.completeness import SeriesCompleteness, Status, StudyCompleteness
from consult.domain.modalities import body_part_of
from consult.domain.studies import Instance, PatientName, SeriesSummary, StudySummary
from consult.store.rows import instance_of
from consult.store.studies import completeness_in, same_patient, series_of_all
from consult.store.tables_studies import instances, series, studies

NOT_IMAGES = frozenset({"SR", "KO", "PR", "DOC", "SEG", "REG", "RTSTRUCT", "RTPLAN", "RTDOSE"})
MOST_PRIORS = 20


def holds(connection: Connection, institution: str, study_uid: str) -> bool:
    """Whether the institution sent something of this study."""
    return connection.execute(_ids([study_uid], institution)).first() is not None


def kind_of(connection: Connection, institution: str, study_uid: str) -> tuple[str, str]:
    """The modality and body part of a study; empty where its images do not tell."""
    found = summaries(connection, institution, [study_uid])
    if not found:
        return "", ""
    return (found[0].modalities or ("",))[0], found[0].body_part


def summaries(connection: Connection, institution: str, study_uids: Collection[str]) -> list[StudySummary]:
    """An institution's studies with these UIDs, in that order; a UID of which nothing arrived is left out."""
    if not study_uids:
        return []
    query = select(studies).where(studies.c.institution == institution, studies.c.study_uid.in_(list(study_uids)))
    found = {each.study_uid: each for each in summarised(connection, connection.execute(query).all())}
    return [found[uid] for uid in dict.fromkeys(study_uids) if uid in found]


def priors(connection: Connection, institution: str, study_uids: Collection[str]) -> list[StudySummary]:
    """Other studies of the same patient at the same institution, newest first.

    The same patient: the same PatientID, and the same name or the same birth date.
    """
    if not study_uids:
        return []
    current = studies.alias("linked")
    query = (
        select(studies)
        .join(current, and_(current.c.institution == studies.c.institution, same_patient(current)))
        .where(
            studies.c.institution == institution,
            current.c.study_uid.in_(list(study_uids)),
            studies.c.study_uid.not_in(list(study_uids)),
        )
        .order_by(studies.c.study_date.desc(), studies.c.first_at.desc())
        .limit(MOST_PRIORS)
    )
    found = {row.id: row for row in connection.execute(query)}
    return summarised(connection, list(found.values()))


def object_of(connection: Connection, institution: str, study_uids: Collection[str], sop_uid: str) -> str | None:
    """The SHA-256 of an image, looked for in an institution's studies with these UIDs only."""
    query = select(instances.c.sha256).where(
        instances.c.study_id.in_(_ids(study_uids, institution)),
        instances.c.sop_uid == sop_uid,
        instances.c.rank == 0,
    )
    return connection.execute(query).scalars().first()


def image_of(
    connection: Connection, institution: str, study_uids: Collection[str], series_uid: str | None, sop_uid: str
) -> Instance | None:
    """What an image of a series (None: of any) says of itself, the first of it where none is named; looked for in an
    institution's studies with these UIDs only."""
    query = (
        select(instances.c.facts)
        .join(series, series.c.id == instances.c.series_id)
        .where(
            instances.c.study_id.in_(_ids(study_uids, institution)),
            instances.c.rank == 0,
            *((series.c.series_uid == series_uid,) if series_uid is not None else ()),
            *((instances.c.sop_uid == sop_uid,) if sop_uid else ()),
        )
        .order_by(instances.c.id)
        .limit(1)
    )
    facts = connection.execute(query).scalars().first()
    return instance_of(facts) if facts is not None else None


def _ids(study_uids: Collection[str], institution: str) -> Any:
    return select(studies.c.id).where(studies.c.institution == institution, studies.c.study_uid.in_(list(study_uids)))


def summarised(connection: Connection, rows: Sequence[Any]) -> list[StudySummary]:
    """Rows of studies with their series."""
    by_study = series_of_all(connection, [row.id for row in rows])
    return [_summary(row, by_study.get(row.id, [])) for row in rows]


def _summary(row: Any, series: Sequence[Any]) -> StudySummary:
    completeness = completeness_in(row)
    judged = {each.series_uid: each for each in completeness.series}
    lines = tuple(_series(each, judged.get(each.series_uid), completeness) for each in series)
    modalities = tuple(dict.fromkeys(each.modality for each in lines if each.modality))
    images = [each for each in modalities if each not in NOT_IMAGES]
    parts = [each.body_part for each in lines if each.body_part]
    alphabetic, _, rest = row.patient_name.partition("=")
    ideographic, _, phonetic = rest.partition("=")
    return StudySummary(
        study_uid=row.study_uid,
        patient_name=PatientName(alphabetic, ideographic, phonetic, guessed=row.charset_guessed),
        patient_id=row.patient_id,
        patient_sex=row.patient_sex,
        patient_birth_date=row.patient_birth_date,
        modalities=tuple(images) or modalities,
        body_part=body_part_of("", row.description) or (parts[0] if parts else ""),
        description=row.description,
        study_date=row.study_date,
        arrived_at=row.first_at,
        completeness=completeness,
        series=lines,
        charset_guessed=row.charset_guessed,
        accession_number=row.accession_number,
    )


def _series(row: Any, judged: SeriesCompleteness | None, study: StudyCompleteness) -> SeriesSummary:
    status = Status.RECEIVING if study.status is Status.RECEIVING else Status.QUIET
    known = judged or SeriesCompleteness(row.series_uid, status, row.instance_count)
    return SeriesSummary(
        series_uid=row.series_uid,
        number=row.number,
        modality=row.modality,
        description=row.description,
        body_part=body_part_of(row.body_part, row.description, row.protocol),
        instances=row.instance_count,
        slice_thickness=known.slice_thickness_mm,
        spacing=known.spacing_mm,
        lossy=row.lossy,
        tilt=known.tilt_deg if known.tilt_deg is not None else row.gantry_tilt,
        completeness=known,
    )
