"""What QIDO-RS finds objects by: each attribute that a column holds, how values match it, what narrows a search."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true

from consult.domain.errors import Refusal, Words
from consult.domain.matching import UNIVERSAL, span_of
from consult.domain.words import LONGEST, folded, is_han
from consult.store.studies import escaped
from consult.store.study_words import ACCESSION, NAME, PATIENT, StudyIds, begins
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
    """An attribute that we keep: its DICOM names, the level it belongs to, its column, and how values match it.

    ``narrowing`` gives the ids of studies among which every match is, by an index; None where nothing narrows.
    """

    tag: str
    keyword: str
    vr: str
    level: Level
    column: ColumnElement[Any] | None
    matching: Callable[["Attribute", str], Condition] | None = None
    narrowing: Callable[[str], StudyIds | None] | None = None

    def matched(self, value: str) -> Condition:
        """The condition of a value; an empty one, or a lone ``*``, matches everything (PS3.4 §C.2.2.2.3)."""
        if value in UNIVERSAL:
            return true()
        if self.matching is None:
            raise BadQuery.at(self.keyword)
        return self.matching(self, value)

    def among(self, value: str) -> StudyIds | None:
        """The ids of studies among which every match of the value is."""
        return None if value in UNIVERSAL or self.narrowing is None else self.narrowing(value)


def _column(attribute: Attribute) -> ColumnElement[Any]:
    if attribute.column is None:
        raise BadQuery.at(attribute.keyword)
    return attribute.column


def _uids(attribute: Attribute, value: str) -> Condition:
    return _column(attribute).in_(_listed(value))


def _listed(value: str) -> list[str]:
    return re.split(r"[,\\]", value)


def _text(attribute: Attribute, value: str) -> Condition:
    """Single values as they are, patterns whatever the case (PS3.4 §C.2.2.2.1, §C.2.2.2.4)."""
    column = _column(attribute)
    return _like(column, value) if _is_pattern(value) else column == value


def _is_pattern(value: str) -> bool:
    return "*" in value or "?" in value


def _like(column: ColumnElement[Any], value: str) -> Condition:
    return column.ilike(escaped(value).replace("*", "%").replace("?", "_"), escape="\\")


def _name(attribute: Attribute, value: str) -> Condition:
    """A value or a pattern for any component group of a name, or for all of it; case does not matter."""
    matched = _like("=" + _column(attribute) + "=", f"*={value}=*")
    if attribute.keyword != "PatientName":
        return matched
    beginning = re.split(r"[*?=]", value, maxsplit=1)[0][:LONGEST]
    return and_(*(named(word) for word in folded(beginning).replace("^", " ").split()), matched)


def _range(attribute: Attribute, value: str) -> Condition:
    """A date or a time, or a range of them with an end left open (PS3.4 §C.2.2.2.5)."""
    column, span = _column(attribute), span_of(value)
    if span is None:
        raise BadQuery.at(attribute.keyword)
    first, last = span
    bounds = [column >= first] if first else [column != ""]
    if last:  # a shorter bound stands for all that it begins: 10 is up to 10:59:59.999999
        whole = attribute.vr == "DA" and len(last) == 8
        bounds.append(column <= last if whole else func.substr(column, 1, len(last)) <= last)
    return and_(*bounds)


def _number(attribute: Attribute, value: str) -> Condition:
    if not re.fullmatch(r"-?[0-9]{1,9}", value):
        raise BadQuery.at(attribute.keyword)
    return _column(attribute) == int(value)


def _modalities(_: Attribute, value: str) -> Condition:
    of_study = series.alias("of_study")
    modality = of_study.c.modality
    wanted = or_(*(_like(modality, one) if _is_pattern(one) else modality == one
                   for one in _listed(value)))  # fmt: skip
    return exists(select(of_study.c.id).where(of_study.c.study_id == studies.c.id, wanted).correlate(studies))


# what narrows


def _by_uid(value: str) -> StudyIds:
    return select(studies.c.id).where(studies.c.study_uid.in_(_listed(value)))


def _by_modality(value: str) -> StudyIds | None:
    every = _listed(value)
    if any(map(_is_pattern, every)):
        return None
    return select(series.c.study_id).where(series.c.modality.in_(every))


def _by_words(kind: str) -> Callable[[str], StudyIds | None]:
    def narrowed(value: str) -> StudyIds | None:
        return begins(kind, re.split(r"[*?=]", value, maxsplit=1)[0])

    return narrowed


def _by_name(value: str) -> StudyIds | None:
    """By how the name begins; by what stands anywhere in it where that is Chinese, of which every ending is a word."""
    anywhere = re.match(r"\*+([^*?=^\s]+)", value)
    if anywhere is not None:
        return begins(NAME, anywhere[1]) if is_han(anywhere[1][0]) else None
    return _by_words(NAME)(value)


def named(word: str) -> Condition:
    """A word begins a word of the patient's name; one in Chinese characters may stand anywhere in it."""
    like = escaped(word)
    return studies.c.search.like(f"%{like}%" if is_han(word) else f"% {like}%", escape="\\") | studies.c.search.like(
        f"{like}%", escape="\\"
    )


STUDY, SERIES, INSTANCE = Level.STUDY, Level.SERIES, Level.INSTANCE
ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("00080020", "StudyDate", "DA", STUDY, studies.c.study_date, _range),
    Attribute("00080030", "StudyTime", "TM", STUDY, studies.c.study_time, _range),
    Attribute("00080050", "AccessionNumber", "SH", STUDY, studies.c.accession_number, _text, _by_words(ACCESSION)),
    Attribute("00080061", "ModalitiesInStudy", "CS", STUDY, None, _modalities, _by_modality),
    Attribute("00080090", "ReferringPhysicianName", "PN", STUDY, studies.c.referring_physician, _name),
    Attribute("00081030", "StudyDescription", "LO", STUDY, studies.c.description, _text),
    Attribute("00100010", "PatientName", "PN", STUDY, studies.c.patient_name, _name, _by_name),
    Attribute("00100020", "PatientID", "LO", STUDY, studies.c.patient_id, _text, _by_words(PATIENT)),
    Attribute("00100030", "PatientBirthDate", "DA", STUDY, studies.c.patient_birth_date, _range),
    Attribute("00100040", "PatientSex", "CS", STUDY, studies.c.patient_sex, _text),
    Attribute("0020000D", "StudyInstanceUID", "UI", STUDY, studies.c.study_uid, _uids, _by_uid),
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
}
"""By tag or keyword, or by the dotted path of tags into a sequence."""
