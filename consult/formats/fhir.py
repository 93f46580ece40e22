"""The report as a FHIR R4 DiagnosticReport: the data inside the PDF, for machines."""

import html
from datetime import datetime
from typing import Any

from consult.domain.report_sections import Section
from consult.domain.reports import REPORT_STATES
from consult.formats.document import ReportDocument

NUMBER_SYSTEM = "urn:consult:report"
"""The identifier system of our report numbers."""

VERSION_URL = "urn:consult:report-version"
CONTENT_URL = "urn:consult:content-sha256"
_GENDER = {"M": "male", "F": "female", "O": "other"}


def diagnostic_report(document: ReportDocument) -> dict[str, Any]:
    """A DiagnosticReport with its patient, doctors, request and studies contained, as JSON values.

    Number, version and content hash are in ``identifier`` and ``extension``; the sections are in ``text``.
    """
    doctors = [person for person in (document.reporter, document.reviewer) if person is not None]
    report = {
        "resourceType": "DiagnosticReport",
        "language": "zh-CN",
        "text": {"status": "generated", "div": _narrative(document)},
        "contained": [
            _patient(document),
            *(
                {"resourceType": "Practitioner", "id": f"doctor-{index}", **_doctor(person.name, person.licence_number)}
                for index, person in enumerate(doctors)
            ),
            _request(document),
        ],
        "extension": [
            {"url": VERSION_URL, "valuePositiveInt": document.version},
            {"url": CONTENT_URL, "valueString": document.content_sha256},
        ],
        "identifier": [{"system": NUMBER_SYSTEM, "value": document.number}],
        "basedOn": [{"reference": "#request"}],
        "status": REPORT_STATES[document.kind].fhir_status,
        "category": [_coding("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology")],
        "code": _coding("http://loinc.org", "18748-4", "Diagnostic imaging study") | {"text": document.exam.name},
        "subject": {"reference": "#patient"},
        "issued": _instant(document.written_at),
        "performer": [{"display": document.institution}],
        "resultsInterpreter": [
            {"reference": f"#doctor-{index}", "display": person.name} for index, person in enumerate(doctors)
        ],
        "imagingStudy": [_study(uid) for uid in document.exam.study_uids],
        "conclusion": document.text.impression,
    }
    if document.exam.started_at is not None:
        report["effectiveDateTime"] = _instant(document.exam.started_at)
    return {name: value for name, value in report.items() if value not in ("", [])}


def _study(uid: str) -> dict[str, Any]:
    return {"type": "ImagingStudy", "identifier": {"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}}


def _patient(document: ReportDocument) -> dict[str, Any]:
    patient = document.patient
    told: dict[str, Any] = {
        "resourceType": "Patient",
        "id": "patient",
        "name": [{"text": patient.name}],
        "gender": _GENDER.get(patient.sex, "unknown"),
    }
    if patient.patient_id:
        told["identifier"] = [{"value": patient.patient_id}]
    if patient.birth_date is not None:
        told["birthDate"] = patient.birth_date.isoformat()
    return told


def _doctor(name: str, licence_number: str) -> dict[str, Any]:
    told: dict[str, Any] = {"name": [{"text": name}]}
    if licence_number:
        told["identifier"] = [{"type": {"text": "医师执业证书编码"}, "value": licence_number}]
    return told


def _request(document: ReportDocument) -> dict[str, Any]:
    request = document.request
    told: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "id": "request",
        "identifier": [{"value": request.case_number}],
        "status": "active",
        "intent": "order",
        "subject": {"reference": "#patient"},
        "requester": {"display": f"{request.institution} {request.doctor}".strip()},
    }
    if request.question:
        told["reasonCode"] = [{"text": request.question}]
    if request.submitted_at is not None:
        told["authoredOn"] = _instant(request.submitted_at)
    return told


def _coding(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _narrative(document: ReportDocument) -> str:
    parts = [
        f"<p><b>{html.escape(document.template.names[section].zh)}</b><br/>"
        + html.escape(document.text.section(section)).replace("\n", "<br/>")
        + "</p>"
        for section in Section
        if document.text.section(section).strip()
    ]
    return f'<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="zh-CN" lang="zh-CN">{"".join(parts)}</div>'


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
