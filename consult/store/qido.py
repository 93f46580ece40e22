"""Searches what the archive holds as QIDO-RS asks: by attribute, at the level of studies, series or instances."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, true

from consult.domain.errors import Refusal, Words
from consult.domain.people import Actor
from consult.store.studies import PRIMARY, escaped, find, visible_to
from consult.store.tables_studies import instances, series, studies

Condition = ColumnElement[bool]


class BadQuery(Refusal):
    """A search that cannot be understood: to leave a key out would show what was not asked for."""

    code = "bad-query"

    @classmethod
    def at(cls, key: str) -> "BadQuery":
        """The value, or the key itself, makes no sense."""
        return cls(Words(f"检索条件 {key} 无效。", f"The search key {key} is not valid."))


class Level(IntEnum):
    """What is listed."""

    STUDY = 0
    SERIES = 1
    INSTANCE = 2


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that we keep: its DICOM names, the level it belongs to, its column, and how values match it."""

    tag: str
    keyword: str
    vr: str
    level: Level
    column: ColumnElement[Any] | None
    matching: Callable[["Attribute", str], Condition] | None = None

    def matched(self, value: str) -> Condition:
        """The condition of a value; an empty one, or a lone ``*``, matches everything (PS3.4 §C.2.2.2.3)."""
        if value in ("", "*"):
            return true()
        if self.matching is None:
            raise BadQuery.at(self.keyword)
        return self.matching(self, value)


def _column(attribute: Attribute) -> ColumnElement[Any]:
    if attribute.column is None:
        raise BadQuery.at(attribute.keyword)
    return attribute.column


def _uids(attribute: Attribute, value: str) -> Condition:
    return _column(attribute).in_(re.split(r"[,\\]", value))


def _text(attribute: Attribute, value: str) -> Condition:
    return _like(_column(attribute), value)


def _like(column: ColumnElement[Any], value: str) -> Condition:
    """Wildcard matching (PS3.4 §C.2.2.2.4): * for any run of characters, ? for one; case does not matter."""
    return column.ilike(escaped(value).replace("*", "%").replace("?", "_"), escape="\\")


def _name(attribute: Attribute, value: str) -> Condition:
    """A pattern for any component group of a name, or for all of it."""
    column, whole = _column(attribute), value
    return or_(*(_like(column, pattern) for pattern in (whole, f"{whole}=*", f"*={whole}", f"*={whole}=*")))


def _range(attribute: Attribute, value: str) -> Condition:
    """A date or a time, or a range of them with an end left open (PS3.4 §C.2.2.2.5)."""
    column = _column(attribute)
    first, dash, last = value.replace(":", "").partition("-")
    if not re.fullmatch(r"[0-9.]*", first) or not re.fullmatch(r"[0-9.]*", last) or not (first or last):
        raise BadQuery.at(attribute.keyword)
    if not dash:
        return column == first
    bounds = [column >= first] if first else [column != ""]
    if last:
        bounds.append(column <= last + ("" if attribute.vr == "DA" else "999999"))
    return and_(*bounds)


def _number(attribute: Attribute, value: str) -> Condition:
    if not re.fullmatch(r"-?[0-9]{1,9}", value):
        raise BadQuery.at(attribute.keyword)
    return _column(attribute) == int(value)


def _modalities(_: Attribute, value: str) -> Condition:
    wanted = re.split(r"[,\\]", value)
    return exists(
        select(series.c.id).where(series.c.study_id == studies.c.id, series.c.modality.in_(wanted)).correlate(studies)
    )


STUDY, SERIES, INSTANCE = Level.STUDY, Level.SERIES, Level.INSTANCE
ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("00080020", "StudyDate", "DA", STUDY, studies.c.study_date, _range),
    Attribute("00080030", "StudyTime", "TM", STUDY, studies.c.study_time, _range),
    Attribute("00080050", "AccessionNumber", "SH", STUDY, studies.c.accession_number, _text),
    Attribute("00080061", "ModalitiesInStudy", "CS", STUDY, None, _modalities),
    Attribute("00080090", "ReferringPhysicianName", "PN", STUDY, studies.c.referring_physician, _name),
    Attribute("00081030", "StudyDescription", "LO", STUDY, studies.c.description, _text),
    Attribute("00100010", "PatientName", "PN", STUDY, studies.c.patient_name, _name),
    Attribute("00100020", "PatientID", "LO", STUDY, studies.c.patient_id, _text),
    Attribute("00100030", "PatientBirthDate", "DA", STUDY, studies.c.patient_birth_date, _range),
    Attribute("00100040", "PatientSex", "CS", STUDY, studies.c.patient_sex, _text),
    Attribute("0020000D", "StudyInstanceUID", "UI", STUDY, studies.c.study_uid, _uids),
    Attribute("00200010", "StudyID", "SH", STUDY, studies.c.study_label, _text),
    Attribute("00201206", "NumberOfStudyRelatedSeries", "IS", STUDY, studies.c.series_count),
    Attribute("00201208", "NumberOfStudyRelatedInstances", "IS", STUDY, studies.c.instance_count),
    Attribute("00080060", "Modality", "CS", SERIES, series.c.modality, _text),
    Attribute("0008103E", "SeriesDescription", "LO", SERIES, series.c.description, _text),
    Attribute("00080021", "SeriesDate", "DA", SERIES, series.c.series_date, _range),
    Attribute("00080031", "SeriesTime", "TM", SERIES, series.c.series_time, _range),
    Attribute("00080070", "Manufacturer", "LO", SERIES, series.c.manufacturer, _text),
    Attribute("00081010", "StationName", "SH", SERIES, series.c.station, _text),
    Attribute("00180015", "BodyPartExamined", "CS", SERIES, series.c.body_part, _text),
    Attribute("00181030", "ProtocolName", "LO", SERIES, series.c.protocol, _text),
    Attribute("0020000E", "SeriesInstanceUID", "UI", SERIES, series.c.series_uid, _uids),
    Attribute("00200011", "SeriesNumber", "IS", SERIES, series.c.number, _number),
    Attribute("00200060", "Laterality", "CS", SERIES, series.c.laterality, _text),
    Attribute("00201209", "NumberOfSeriesRelatedInstances", "IS", SERIES, series.c.instance_count),
    Attribute("00400244", "PerformedProcedureStepStartDate", "DA", SERIES, series.c.procedure_start_date, _range),
    Attribute("00400245", "PerformedProcedureStepStartTime", "TM", SERIES, series.c.procedure_start_time, _range),
    Attribute("00080016", "SOPClassUID", "UI", INSTANCE, instances.c.sop_class, _uids),
    Attribute("00080018", "SOPInstanceUID", "UI", INSTANCE, instances.c.sop_uid, _uids),
    Attribute("00083002", "AvailableTransferSyntaxUID", "UI", INSTANCE, instances.c.transfer_syntax, _uids),
    Attribute("00200013", "InstanceNumber", "IS", INSTANCE, instances.c.instance_number, _number),
    Attribute("00280008", "NumberOfFrames", "IS", INSTANCE, instances.c.frames),
    Attribute("00280010", "Rows", "US", INSTANCE, instances.c.rows),
    Attribute("00280011", "Columns", "US", INSTANCE, instances.c.columns),
    Attribute("00280100", "BitsAllocated", "US", INSTANCE, instances.c.bits_allocated),
)
REQUESTED = (
    Attribute("00400009", "ScheduledProcedureStepID", "SH", SERIES, series.c.scheduled_step_id, _text),
    Attribute("00401001", "RequestedProcedureID", "SH", SERIES, series.c.requested_procedure_id, _text),
)
"""What we keep of the RequestAttributesSequence (0040,0275)."""

BY_NAME: dict[str, Attribute] = {
    **{name: each for each in ATTRIBUTES for name in (each.tag, each.keyword)},
    **{f"00400275.{each.tag}": each for each in REQUESTED},
    **{f"RequestAttributesSequence.{each.keyword}": each for each in REQUESTED},
}


@dataclass(frozen=True, slots=True)
class Search:
    """A search: the level, where in the tree, (attribute name, value) pairs, whether names match fuzzily, the page.

    ``limit`` None is no limit.
    """

    level: Level
    study_uid: str | None = None
    series_uid: str | None = None
    matches: tuple[tuple[str, str], ...] = ()
    fuzzy: bool = False
    offset: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows, each by DICOM tag, with ``id`` and ``study_id`` beside; ``total`` counts all that match."""

    rows: Sequence[dict[str, Any]]
    total: int


_ORDER = {
    Level.STUDY: (studies.c.study_date.desc(), studies.c.study_time.desc(), studies.c.first_at.desc(), studies.c.id),
    Level.SERIES: (studies.c.first_at.desc(), series.c.study_id, series.c.number, series.c.series_uid),
    Level.INSTANCE: (
        instances.c.study_id,
        series.c.number,
        instances.c.series_id,
        instances.c.instance_number,
        instances.c.sop_uid,
    ),
}


def search(connection: Connection, actor: Actor, wanted: Search) -> Found:
    """What matches of what the actor sees. Raises NotFound for a study in the path that they do not, and BadQuery."""
    conditions = [visible_to(actor)]
    if wanted.study_uid is not None:
        conditions.append(studies.c.id == find(connection, wanted.study_uid, actor).id)
    if wanted.series_uid is not None:
        conditions.append(series.c.series_uid == wanted.series_uid)
    conditions += [_matched(wanted, name, value) for name, value in wanted.matches]
    if wanted.level is Level.INSTANCE:
        conditions.append(PRIMARY)
    source = _source(wanted.level, conditions)
    total = connection.scalar(select(func.count()).select_from(source.subquery())) or 0
    page = source.order_by(*_ORDER[wanted.level]).offset(wanted.offset).limit(wanted.limit)
    rows = [dict(row) for row in connection.execute(page).mappings()]
    if wanted.level is Level.STUDY:
        _add_modalities(connection, rows)
    return Found(rows, total)


def _matched(wanted: Search, name: str, value: str) -> Condition:
    attribute = BY_NAME.get(name)
    if attribute is None or attribute.level > wanted.level:
        raise BadQuery.at(name)
    if wanted.fuzzy and attribute.keyword == "PatientName":
        words = [word for word in re.split(r"[\s^=*?]+", value.casefold()) if word]
        return and_(true(), *(studies.c.search.like(f"%{escaped(word)}%", escape="\\") for word in words))
    return attribute.matched(value)


def _source(level: Level, conditions: Collection[Condition]) -> Select[Any]:
    columns = [
        each.column.label(each.tag)
        for each in (*ATTRIBUTES, *REQUESTED)
        if each.column is not None and each.level <= level
    ]
    columns += [studies.c.id.label("study_id"), studies.c.charset_guessed.label("charset_guessed")]
    query = select(*columns)
    if level is Level.STUDY:
        return query.select_from(studies).where(*conditions)
    joined = studies.join(series, series.c.study_id == studies.c.id)
    if level is Level.INSTANCE:
        query = query.add_columns(instances.c.id.label("id"))
        joined = joined.join(instances, instances.c.series_id == series.c.id)
    return query.select_from(joined).where(*conditions)


def _add_modalities(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """The modalities of each study, ``00080061``; several hundred studies are one question."""
    found: dict[str, list[str]] = {row["study_id"]: [] for row in rows}
    query = (
        select(series.c.study_id, series.c.modality)
        .where(series.c.study_id.in_(list(found)), series.c.modality != "")
        .distinct()
        .order_by(series.c.study_id, series.c.modality)
    )
    for study_id, modality in connection.execute(query):
        found[study_id].append(modality)
    for row in rows:
        row["00080061"] = found[row["study_id"]]
