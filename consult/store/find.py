"""Searches what the archive holds as C-FIND asks: page by page along an index, so that no answer is too long."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, or_, select, true, tuple_

from consult.domain.matching import UNIVERSAL, span_of
from consult.domain.people import Actor
from consult.store.rows import inflated
from consult.store.studies import PRIMARY, escaped, visible_to
from consult.store.tables_studies import instances, series, studies

Condition = ColumnElement[bool]
PAGE = 500  # rows that are read at once


class Level(IntEnum):
    """What is listed (PS3.4 §C.6.1.1)."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    IMAGE = 3


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that a column holds: its tag, keyword and VR, the level it belongs to, how values match it."""

    tag: int
    keyword: str
    vr: str
    level: Level
    column: ColumnElement[Any]
    matching: Callable[[ColumnElement[Any], str], Condition] | None


def _uids(column: ColumnElement[Any], value: str) -> Condition:
    return column.in_(value.split("\\"))


def _text(column: ColumnElement[Any], value: str) -> Condition:
    """Single values as they are, patterns whatever the case (PS3.4 §C.2.2.2.1, §C.2.2.2.4)."""
    return or_(*(_like(column, one) if re.search(r"[*?]", one) else column == one for one in value.split("\\")))


def _like(column: ColumnElement[Any], value: str) -> Condition:
    return column.ilike(escaped(value).replace("*", "%").replace("?", "_"), escape="\\")


def _name(column: ColumnElement[Any], value: str) -> Condition:
    """A value or a pattern for any component group of a name, or for all of it; case does not matter."""
    forms = (value, f"{value}=*", f"*={value}", f"*={value}=*")
    return or_(*(_like(column, form) for form in forms))


def _range(column: ColumnElement[Any], value: str) -> Condition:
    """A date or a time, or a range of them with an end left open (PS3.4 §C.2.2.2.5)."""
    span = span_of(value)
    if span is None:
        return false()
    first, last = span
    bounds = [column != ""]
    if first:
        bounds.append(column >= first)
    if last:  # a shorter bound stands for all that it begins: 10 is up to 10:59:59.999999
        bounds.append(func.substr(column, 1, len(last)) <= last)
    return and_(*bounds)


def _number(column: ColumnElement[Any], value: str) -> Condition:
    told = [int(one) for one in value.split("\\") if re.fullmatch(r"-?[0-9]{1,9}", one.strip())]
    return column.in_(told)


PATIENT, STUDY, SERIES, IMAGE = Level
ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(0x00100010, "PatientName", "PN", PATIENT, studies.c.patient_name, _name),
    Attribute(0x00100020, "PatientID", "LO", PATIENT, studies.c.patient_id, _text),
    Attribute(0x00100030, "PatientBirthDate", "DA", PATIENT, studies.c.patient_birth_date, _range),
    Attribute(0x00100040, "PatientSex", "CS", PATIENT, studies.c.patient_sex, _text),
    Attribute(0x00080020, "StudyDate", "DA", STUDY, studies.c.study_date, _range),
    Attribute(0x00080030, "StudyTime", "TM", STUDY, studies.c.study_time, _range),
    Attribute(0x00080050, "AccessionNumber", "SH", STUDY, studies.c.accession_number, _text),
    Attribute(0x00080090, "ReferringPhysicianName", "PN", STUDY, studies.c.referring_physician, _name),
    Attribute(0x00081030, "StudyDescription", "LO", STUDY, studies.c.description, _text),
    Attribute(0x0020000D, "StudyInstanceUID", "UI", STUDY, studies.c.study_uid, _uids),
    Attribute(0x00200010, "StudyID", "SH", STUDY, studies.c.study_label, _text),
    Attribute(0x00201206, "NumberOfStudyRelatedSeries", "IS", STUDY, studies.c.series_count, None),
    Attribute(0x00201208, "NumberOfStudyRelatedInstances", "IS", STUDY, studies.c.instance_count, None),
    Attribute(0x00080060, "Modality", "CS", SERIES, series.c.modality, _text),
    Attribute(0x0008103E, "SeriesDescription", "LO", SERIES, series.c.description, _text),
    Attribute(0x00080021, "SeriesDate", "DA", SERIES, series.c.series_date, _range),
    Attribute(0x00080031, "SeriesTime", "TM", SERIES, series.c.series_time, _range),
    Attribute(0x00080070, "Manufacturer", "LO", SERIES, series.c.manufacturer, _text),
    Attribute(0x00081010, "StationName", "SH", SERIES, series.c.station, _text),
    Attribute(0x00180015, "BodyPartExamined", "CS", SERIES, series.c.body_part, _text),
    Attribute(0x00181030, "ProtocolName", "LO", SERIES, series.c.protocol, _text),
    Attribute(0x0020000E, "SeriesInstanceUID", "UI", SERIES, series.c.series_uid, _uids),
    Attribute(0x00200011, "SeriesNumber", "IS", SERIES, series.c.number, _number),
    Attribute(0x00200060, "Laterality", "CS", SERIES, series.c.laterality, _text),
    Attribute(0x00201209, "NumberOfSeriesRelatedInstances", "IS", SERIES, series.c.instance_count, None),
    Attribute(0x00400244, "PerformedProcedureStepStartDate", "DA", SERIES, series.c.procedure_start_date, _range),
    Attribute(0x00400245, "PerformedProcedureStepStartTime", "TM", SERIES, series.c.procedure_start_time, _range),
    Attribute(0x00080016, "SOPClassUID", "UI", IMAGE, instances.c.sop_class, _uids),
    Attribute(0x00080018, "SOPInstanceUID", "UI", IMAGE, instances.c.sop_uid, _uids),
    Attribute(0x00083002, "AvailableTransferSyntaxUID", "UI", IMAGE, instances.c.transfer_syntax, _uids),
    Attribute(0x00200013, "InstanceNumber", "IS", IMAGE, instances.c.instance_number, _number),
    Attribute(0x00280008, "NumberOfFrames", "IS", IMAGE, instances.c.frames, _number),
    Attribute(0x00280010, "Rows", "US", IMAGE, instances.c.rows, _number),
    Attribute(0x00280011, "Columns", "US", IMAGE, instances.c.columns, _number),
    Attribute(0x00280100, "BitsAllocated", "US", IMAGE, instances.c.bits_allocated, _number),
)
BY_TAG = {each.tag: each for each in ATTRIBUTES}

STUDY_DATE, STUDY_TIME = 0x00080020, 0x00080030
MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY = 0x00080061, 0x00080062
PATIENT_STUDIES, PATIENT_SERIES, PATIENT_INSTANCES = 0x00201200, 0x00201202, 0x00201204
STEP_ID, PROCEDURE_ID = 0x00400009, 0x00401001
REQUESTED = {STEP_ID: series.c.scheduled_step_id, PROCEDURE_ID: series.c.requested_procedure_id}
"""What columns hold of the items of RequestAttributesSequence (0040,0275)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search: the level, values by tag, values inside of RequestAttributesSequence by tag, and what else to fetch.

    ``combined`` takes study date and time together as one moment (PS3.4 §C.4.1.2.2.2). ``said`` asks for what an
    instance of each found object says (``metadata``), ``modalities`` and ``classes`` for what a study is made of.
    """

    level: Level
    values: dict[int, str] = field(default_factory=dict[int, str])
    requested: dict[int, str] = field(default_factory=dict[int, str])
    combined: bool = False
    said: bool = False
    modalities: bool = False
    classes: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what matches: rows by tag, with ``study_id`` and the like beside; ``after`` leads to the next ones."""

    rows: list[dict[str, Any]]
    after: tuple[Any, ...] | None


def page(connection: Connection, actor: Actor, wanted: Wanted, after: tuple[Any, ...] | None) -> Page:
    """The next of what matches of what the actor sees; ``after`` is None at first, and in the last page again."""
    query, keys = _query(actor, wanted)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after) if len(keys) > 1 else keys[0] > after[0])
    found = [dict(row) for row in connection.execute(query.order_by(*keys).limit(PAGE)).mappings()]
    if wanted.level is not PATIENT:
        _add_parts(connection, wanted, found)
    if wanted.said and found:
        _add_said(connection, wanted.level, found)
    last = found[-1] if len(found) == PAGE else None
    return Page(found, tuple(last[f"key{index}"] for index in range(len(keys))) if last is not None else None)


_PATIENT_KEYS = (
    studies.c.patient_id,
    studies.c.patient_name,
    studies.c.patient_birth_date,
    studies.c.patient_sex,
    studies.c.institution,
)


def _query(actor: Actor, wanted: Wanted) -> tuple[Select[Any], Sequence[Any]]:
    level = wanted.level
    columns: list[Any] = [each.column.label(str(each.tag)) for each in ATTRIBUTES if each.level <= level]
    if level is PATIENT:
        sums = {PATIENT_STUDIES: func.count(), PATIENT_SERIES: func.sum(studies.c.series_count)}
        sums[PATIENT_INSTANCES] = func.sum(studies.c.instance_count)
        columns += [made.label(str(tag)) for tag, made in sums.items()]
        keys: Sequence[Any] = _PATIENT_KEYS
    else:
        keys = ((studies.c.id,), (series.c.id,), (instances.c.id,))[level - 1]
        columns.append(studies.c.id.label("study_id"))
    if level >= SERIES:
        columns += [column.label(f"requested{tag}") for tag, column in REQUESTED.items()]
        columns.append(series.c.id.label("series_id"))
    if level is IMAGE:
        columns.append(instances.c.id.label("instance_id"))
    columns += [key.label(f"key{index}") for index, key in enumerate(keys)]
    query: Select[Any] = cast(Any, select(*columns)).select_from(_source(level)).where(*_conditions(actor, wanted))
    return (query.group_by(*keys) if level is PATIENT else query), keys


def _source(level: Level) -> Any:
    joined: Any = studies
    if level >= SERIES:
        joined = joined.join(series, series.c.study_id == studies.c.id)
    if level is IMAGE:
        joined = joined.join(instances, instances.c.series_id == series.c.id)
    return joined


def _conditions(actor: Actor, wanted: Wanted) -> Iterator[Condition]:
    yield visible_to(actor)
    if wanted.level is IMAGE:
        yield PRIMARY
    date, time = wanted.values.get(STUDY_DATE, ""), wanted.values.get(STUDY_TIME, "")
    together = wanted.combined and date not in UNIVERSAL and time not in UNIVERSAL
    if together:
        yield _moment(date, time)
    for tag, value in wanted.values.items():
        if value in UNIVERSAL or (together and tag in (STUDY_DATE, STUDY_TIME)):
            continue
        if tag == MODALITIES_IN_STUDY:
            yield _has_modality(value)
        attribute = BY_TAG.get(tag)
        if attribute is not None and attribute.matching is not None and attribute.level <= wanted.level:
            yield attribute.matching(attribute.column, value)
    for tag, value in wanted.requested.items():
        if value not in UNIVERSAL and tag in REQUESTED and wanted.level >= SERIES:
            yield _text(REQUESTED[tag], value)


def _moment(date: str, time: str) -> Condition:
    """Study date and time as one moment in one range, from the first date at the first time on."""
    days, hours = span_of(date), span_of(time)
    if days is None or hours is None:
        return false()
    moment = studies.c.study_date + studies.c.study_time
    bounds: list[Condition] = [studies.c.study_date != ""]
    if days[0]:
        bounds.append(moment >= days[0] + hours[0])
    if days[1]:
        last = days[1] + hours[1]
        bounds.append(func.substr(moment, 1, len(last)) <= last)
    return and_(true(), *bounds)


def _has_modality(value: str) -> Condition:
    of_study = series.alias("of_study")
    matching = _text(of_study.c.modality, value)
    return exists(select(of_study.c.id).where(of_study.c.study_id == studies.c.id, matching).correlate(studies))


def _add_parts(connection: Connection, wanted: Wanted, rows: Sequence[dict[str, Any]]) -> None:
    """The modalities and the SOP classes of each study, where they are asked for."""
    for asked, tag, column in (
        (wanted.modalities, MODALITIES_IN_STUDY, series.c.modality),
        (wanted.classes, SOP_CLASSES_IN_STUDY, instances.c.sop_class),
    ):
        if not asked:
            continue
        owner = column.table.c.study_id
        found: dict[str, list[str]] = {row["study_id"]: [] for row in rows}
        query = select(owner, column).where(owner.in_(list(found)), column != "").distinct().order_by(owner, column)
        for study_id, value in connection.execute(query):
            found[study_id].append(value)
        for row in rows:
            row[str(tag)] = found[row["study_id"]]


def _add_said(connection: Connection, level: Level, rows: Sequence[dict[str, Any]]) -> None:
    """What one instance of each found object says, as DICOM JSON bytes: ``said``."""
    name, column = {
        STUDY: ("study_id", instances.c.study_id),
        SERIES: ("series_id", instances.c.series_id),
        IMAGE: ("instance_id", instances.c.id),
    }[level]
    ids = [row[name] for row in rows]
    first = select(func.min(instances.c.id)).where(column.in_(ids), PRIMARY).group_by(column)
    query = select(column, instances.c.metadata).where(instances.c.id.in_(first))
    said = {key: inflated(metadata) for key, metadata in connection.execute(query)}
    for row in rows:
        row["said"] = said.get(row[name], b"{}")
