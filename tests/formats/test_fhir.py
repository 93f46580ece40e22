"""The report as FHIR R4: what the resource must have, and what must agree with the page."""

from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree

import pytest

from consult.domain.reports import REPORT_STATES, ReportState
from consult.formats.document import PrintedPatient, PrintedPerson
from consult.formats.fhir import CONTENT_URL, NUMBER_SYSTEM, VERSION_URL, diagnostic_report
from tests.makers.documents import TEXT, document

ALLOWED = {
    "resourceType", "id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension",
    "identifier", "basedOn", "status", "category", "code", "subject", "encounter", "effectiveDateTime",
    "effectivePeriod", "issued", "performer", "resultsInterpreter", "specimen", "result", "imagingStudy", "media",
    "conclusion", "conclusionCode", "presentedForm",
}  # fmt: skip
"""The elements of DiagnosticReport in R4 (4.0.1)."""


def test_it_has_what_r4_requires_and_nothing_that_r4_does_not_know() -> None:
    told = diagnostic_report(document())
    assert set(told) <= ALLOWED
    assert told["resourceType"] == "DiagnosticReport"
    assert told["code"]["coding"][0] == {
        "system": "http://loinc.org",
        "code": "18748-4",
        "display": "Diagnostic imaging study",
    }
    assert told["category"][0]["coding"][0]["code"] == "RAD"


@pytest.mark.parametrize("kind", [ReportState.PRELIMINARY, ReportState.FINAL, ReportState.CORRECTED])
def test_the_status_is_the_states_own(kind: ReportState) -> None:
    assert diagnostic_report(document(kind=kind))["status"] == REPORT_STATES[kind].fhir_status


def test_number_version_and_content_hash_are_in_it() -> None:
    printed = document(version=3)
    told = diagnostic_report(printed)
    extensions = {entry["url"]: entry for entry in told["extension"]}
    assert told["identifier"] == [{"system": NUMBER_SYSTEM, "value": "BG20261124-0017"}]
    assert extensions[VERSION_URL]["valuePositiveInt"] == 3
    assert extensions[CONTENT_URL]["valueString"] == printed.content_sha256


def test_every_reference_is_to_something_contained_and_everything_contained_is_referenced() -> None:
    told = diagnostic_report(document(reviewer=PrintedPerson("p2", "欧阳明月")))
    contained = {f"#{resource['id']}" for resource in told["contained"]}
    referenced = {
        told["subject"]["reference"],
        *(each["reference"] for each in told["basedOn"]),
        *(each["reference"] for each in told["resultsInterpreter"]),
    }
    assert referenced == contained
    assert [each["display"] for each in told["resultsInterpreter"]] == ["王志远", "欧阳明月"]


def test_times_carry_their_offset() -> None:
    told = diagnostic_report(document())
    for name in ("issued", "effectiveDateTime"):
        assert datetime.fromisoformat(told[name]).tzinfo is not None


def test_the_narrative_is_well_formed_and_holds_the_sections_as_text() -> None:
    printed = document(text=replace(TEXT, findings='<script>alert("1")</script> & 其他\n第二行'))
    narrative = diagnostic_report(printed)["text"]["div"]
    root = ElementTree.fromstring(narrative)
    assert root.tag == "{http://www.w3.org/1999/xhtml}div"
    assert not root.findall(".//{http://www.w3.org/1999/xhtml}script")
    assert '<script>alert("1")</script> & 其他' in "".join(root.itertext())


def test_what_is_not_known_is_left_out() -> None:
    told = diagnostic_report(document(patient=PrintedPatient("无名氏", "O")))
    patient = told["contained"][0]
    assert patient == {"resourceType": "Patient", "id": "patient", "name": [{"text": "无名氏"}], "gender": "other"}
    assert "" not in told.values()
