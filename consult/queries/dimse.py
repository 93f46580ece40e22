"""DIMSE's questions: what a C-FIND is answered, and which objects a C-MOVE or a C-GET means."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from consult.domain.errors import Refusal, Words
from consult.domain.matching import UNIVERSAL, matches, values_of
from consult.domain.nodes import Node, machine
from consult.formats.identifiers import Identifier, Key
from consult.store import find, retrieve
from consult.store.find import ATTRIBUTES, BY_TAG, REQUESTED, Attribute, Level, Wanted
from consult.store.retrieve import Held
from consult.store.unit import Store

__all__ = ["ATTRIBUTES", "COUNTED", "MATCHED_IN_PARTS", "MORE", "OURS", "Attribute", "Held", "Level"]

JsonObject = dict[str, Any]

PATIENT_ID, STUDY_UID, SERIES_UID, SOP_UID = 0x00100020, 0x0020000D, 0x0020000E, 0x00080018
UNIQUE = {Level.PATIENT: PATIENT_ID, Level.STUDY: STUDY_UID, Level.SERIES: SERIES_UID, Level.IMAGE: SOP_UID}
RETRIEVE_AE, AVAILABILITY, REQUEST_SEQUENCE = 0x00080054, 0x00080056, 0x00400275
OURS = {RETRIEVE_AE: "RetrieveAETitle", AVAILABILITY: "InstanceAvailability"}
NOT_IDENTIFIERS = frozenset({0x00080001, 0x00080005, 0x00080052, 0x00080201})

MORE: Mapping[Level, Mapping[int, str]] = {
    Level.STUDY: {
        0x00080080: "InstitutionName",
        0x00081032: "ProcedureCodeSequence",
        0x00081048: "PhysiciansOfRecord",
        0x00081060: "NameOfPhysiciansReadingStudy",
        0x00081080: "AdmittingDiagnosesDescription",
        0x00100021: "IssuerOfPatientID",
        0x00101000: "OtherPatientIDs",
        0x00101002: "OtherPatientIDsSequence",
        0x00101010: "PatientAge",
        0x00101020: "PatientSize",
        0x00101030: "PatientWeight",
        0x00104000: "PatientComments",
        0x00321032: "RequestingPhysician",
        0x00321060: "RequestedProcedureDescription",
    },
    Level.SERIES: {
        0x00081040: "InstitutionalDepartmentName",
        0x00081050: "PerformingPhysicianName",
        0x00081070: "OperatorsName",
        0x00081090: "ManufacturerModelName",
        0x00082218: "AnatomicRegionSequence",
        0x00180020: "ScanningSequence",
        0x00180050: "SliceThickness",
        0x00181020: "SoftwareVersions",
        0x00185100: "PatientPosition",
        0x00200052: "FrameOfReferenceUID",
        0x00400253: "PerformedProcedureStepID",
        0x00400254: "PerformedProcedureStepDescription",
        REQUEST_SEQUENCE: "RequestAttributesSequence",
    },
}
"""What no column holds: it is read from what the first instance of the study or series says of itself.

At the level of images every attribute is read so that an instance holds outside of its bulk.
"""


class BadIdentifier(Refusal):
    """A query that does not fit its information model (PS3.4 §C.4.1.1.4, 0xA900)."""

    code = "bad-identifier"


NO_LEVEL = Words("查询级别不适用于该信息模型。", "This information model has no such level.")
NO_KEY = Words("缺少该级别的唯一键。", "The unique key of the level is missing.")


@dataclass(frozen=True)
class Question:
    """A C-FIND as it was understood; ``our_title`` is what answers say to retrieve from."""

    identifier: Identifier
    level: Level
    our_title: str
    combined: bool = False

    @cached_property
    def read(self) -> tuple[Key, ...]:
        """The keys that are read from what an instance says of itself."""
        return tuple(key for key in self.identifier.keys.values() if self._is_read(key.tag))

    def _is_read(self, tag: int) -> bool:
        if tag in OURS or tag in NOT_IDENTIFIERS or tag in COUNTED or self.level is Level.PATIENT:
            return False
        if self.level is Level.IMAGE:
            return tag not in BY_TAG
        return any(tag in MORE[level] for level in MORE if level <= self.level)

    @cached_property
    def fully_matched(self) -> bool:
        """Whether every key with a value was matched (else answers say so: 0xFF01)."""
        return all(self._is_matched(key) for key in self.identifier.keys.values())

    def _is_matched(self, key: Key) -> bool:
        if not _asks(key) or key.tag in NOT_IDENTIFIERS or self._is_read(key.tag):
            return True
        if key.tag in MATCHED_IN_PARTS:
            return True
        held = BY_TAG.get(key.tag)
        return held is not None and held.matching is not None and held.level <= self.level

    def wanted(self) -> Wanted:
        """The part of the search that the database does."""
        keys = self.identifier.keys
        inside = keys[REQUEST_SEQUENCE].item if REQUEST_SEQUENCE in keys else ()
        return Wanted(
            self.level,
            {key.tag: key.value for key in keys.values()},
            {key.tag: key.value for key in inside},
            self.combined,
            said=bool(self.read),
            modalities=find.MODALITIES_IN_STUDY in keys,
            classes=find.SOP_CLASSES_IN_STUDY in keys,
        )


COUNTED: Mapping[int, tuple[str, Level]] = {
    find.MODALITIES_IN_STUDY: ("ModalitiesInStudy", Level.STUDY),
    find.SOP_CLASSES_IN_STUDY: ("SOPClassesInStudy", Level.STUDY),
    find.PATIENT_STUDIES: ("NumberOfPatientRelatedStudies", Level.PATIENT),
    find.PATIENT_SERIES: ("NumberOfPatientRelatedSeries", Level.PATIENT),
    find.PATIENT_INSTANCES: ("NumberOfPatientRelatedInstances", Level.PATIENT),
}
"""What is put together from several rows: keyword and level."""
MATCHED_IN_PARTS = frozenset({find.MODALITIES_IN_STUDY})
"""Those of them that can be asked for."""


def _asks(key: Key) -> bool:
    """Whether a key restricts what is found."""
    return key.value not in UNIVERSAL or any(_asks(inner) for inner in key.item)


def level_of(identifier: Identifier, patient_root: bool) -> Level:
    """The level that a query names. Raises BadIdentifier where its model has none such."""
    named = Level.__members__.get(identifier.level)
    if named is None or (named is Level.PATIENT and not patient_root):
        raise BadIdentifier(NO_LEVEL)
    return named


def answers(store: Store, node: Node, question: Question) -> Iterator[JsonObject]:
    """What matches of what the node's institution may see, as DICOM JSON; read page by page, while they are taken."""
    actor, wanted = machine(node), question.wanted()
    after: tuple[Any, ...] | None = None
    while True:
        with store.read() as connection:
            page = find.page(connection, actor, wanted, after)
        for row in page.rows:
            said: JsonObject = json.loads(row["said"]) if question.read else {}
            if all(_holds(said, key) for key in question.read if _asks(key)):
                yield _answer(question, row, said)
        if page.after is None:
            return
        after = page.after


def _holds(said: Mapping[str, Any], key: Key) -> bool:
    """Whether a data set matches a key; a sequence does where one of its items matches all keys in it."""
    element = said.get(f"{key.tag:08X}")
    if element is None:
        return False
    if key.item:
        return any(all(_holds(item, inner) for inner in key.item if _asks(inner)) for item in element.get("Value", ()))
    return matches(str(element["vr"]), key.value, values_of(element))


def _answer(question: Question, row: Mapping[str, Any], said: JsonObject) -> JsonObject:
    answer: JsonObject = {
        "00080052": _element("CS", question.level.name),
        f"{RETRIEVE_AE:08X}": _element("AE", question.our_title),
        f"{AVAILABILITY:08X}": _element("CS", "ONLINE"),
    }
    asked = {**_unique(question.level), **question.identifier.keys}
    for tag, key in asked.items():
        name = f"{tag:08X}"
        if str(tag) in row:
            held = BY_TAG.get(tag)
            answer[name] = _element(held.vr if held is not None else key.vr, row[str(tag)])
        elif tag == REQUEST_SEQUENCE:
            answer[name] = _request(key, row, said)
        elif tag not in OURS and tag not in NOT_IDENTIFIERS:
            answer[name] = _of_items(key, said.get(name)) if key in question.read else {"vr": key.vr}
    return answer


def _unique(level: Level) -> dict[int, Key]:
    """The unique keys of a level and of those above it."""
    return {tag: Key(tag, BY_TAG[tag].vr) for each, tag in UNIQUE.items() if each <= level}


def _of_items(key: Key, element: JsonObject | None) -> JsonObject:
    """An element as far as it was asked for: of a sequence's items, the attributes in the key's item, or all."""
    if element is None:
        return {"vr": key.vr}
    if element.get("vr") != "SQ" or not key.item:
        return element
    names = [(f"{inner.tag:08X}", inner) for inner in key.item]
    items = [{name: _of_items(inner, item.get(name)) for name, inner in names} for item in element.get("Value", ())]
    return {"vr": "SQ", "Value": items}


def _request(key: Key, row: Mapping[str, Any], said: JsonObject) -> JsonObject:
    """The RequestAttributesSequence: as it was said, else what the columns keep of it."""
    told = said.get(f"{REQUEST_SEQUENCE:08X}")
    if told is not None or "series_id" not in row:
        return _of_items(key, told)
    kept = {f"{tag:08X}": _element("SH", row[f"requested{tag}"]) for tag in REQUESTED if row[f"requested{tag}"]}
    return {"vr": "SQ", "Value": [kept]} if kept else {"vr": "SQ"}


def _element(vr: str, value: Any) -> JsonObject:
    values = [each for each in (value if isinstance(value, list) else [value]) if each not in (None, "")]
    return {"vr": vr, "Value": values} if values else {"vr": vr}


# retrieval


def retrieved(store: Store, asker: Node, receiver: Node, identifier: Identifier, patient_root: bool) -> list[Held]:
    """The objects that a C-MOVE to ``receiver``, or a C-GET by the asker itself, means. Raises BadIdentifier.

    The unique key of the level must name what is wanted: a retrieval without one would be of everything.
    """
    level = level_of(identifier, patient_root)
    values = {each: [one for one in identifier.value(tag).split("\\") if one] for each, tag in UNIQUE.items()}
    if not values[level]:
        raise BadIdentifier(NO_KEY)
    named = retrieve.Named(
        values[Level.PATIENT] if patient_root else (),
        *(values[each] if each <= level else () for each in (Level.STUDY, Level.SERIES, Level.IMAGE)),
    )
    with store.read() as connection:
        return retrieve.held(connection, machine(asker), machine(receiver), named)
