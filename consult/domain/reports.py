"""The report: its states and moves as two tables, its text as a value, and what one signature leaves on record."""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from consult.domain.errors import Words, WrongState
from consult.domain.report_sections import Section, Template


class ReportState(StrEnum):
    """Where one version of a report stands (workflow §3); one to one with FHIR DiagnosticReport.status."""

    DRAFT = "draft"
    PRELIMINARY = "preliminary"
    UNDER_REVIEW = "under_review"
    FINAL = "final"
    APPENDED = "appended"
    CORRECTED = "corrected"
    AMENDED = "amended"
    RETRACTED = "retracted"


class ReportStateRow(NamedTuple):
    """A row of REPORT_STATES: the word people see, and what FHIR R4 calls it."""

    label: Words
    fhir_status: str
    signed: bool


REPORT_STATES: dict[ReportState, ReportStateRow] = {
    ReportState.DRAFT: ReportStateRow(Words("草稿", "draft"), "registered", signed=False),
    ReportState.PRELIMINARY: ReportStateRow(Words("初步报告", "preliminary"), "preliminary", signed=False),
    ReportState.UNDER_REVIEW: ReportStateRow(Words("待审核", "under review"), "partial", signed=False),
    ReportState.FINAL: ReportStateRow(Words("正式报告", "final"), "final", signed=True),
    ReportState.APPENDED: ReportStateRow(Words("补充报告", "addendum"), "appended", signed=True),
    ReportState.CORRECTED: ReportStateRow(Words("更正报告", "corrected"), "corrected", signed=True),
    ReportState.AMENDED: ReportStateRow(Words("修订报告", "amended"), "amended", signed=True),
    ReportState.RETRACTED: ReportStateRow(Words("已召回", "retracted"), "entered-in-error", signed=False),
}

SIGNED_STATES: frozenset[ReportState] = frozenset(state for state, row in REPORT_STATES.items() if row.signed)
"""In these a version is immutable: the next change is a new version, or a retraction."""


class ReportTransition(NamedTuple):
    """A row of REPORT_TRANSITIONS.

    ``target`` None: the version becomes what it was opened as (``final`` for the first one).
    ``opens`` not None: this version stays as it is, and a new draft begins that will be signed as ``opens``.
    """

    verb: str
    sources: frozenset[ReportState]
    target: ReportState | None
    label: Words
    opens: ReportState | None = None


_OPEN = frozenset({ReportState.DRAFT, ReportState.PRELIMINARY})

REPORT_TRANSITIONS: tuple[ReportTransition, ...] = (
    ReportTransition(
        "issue_preliminary",
        frozenset({ReportState.DRAFT}),
        ReportState.PRELIMINARY,
        Words("发初步报告", "issue preliminary"),
    ),
    ReportTransition("submit_for_review", _OPEN, ReportState.UNDER_REVIEW, Words("提交审核", "submit for review")),
    ReportTransition(
        "return_review",
        frozenset({ReportState.UNDER_REVIEW}),
        ReportState.DRAFT,
        Words("退回修改", "return to author"),
    ),
    ReportTransition("sign", _OPEN, None, Words("签发", "sign")),
    ReportTransition("co_sign", frozenset({ReportState.UNDER_REVIEW}), None, Words("审核签发", "co-sign")),
    ReportTransition("addend", SIGNED_STATES, None, Words("补充", "add to"), opens=ReportState.APPENDED),
    ReportTransition("correct", SIGNED_STATES, None, Words("更正", "correct"), opens=ReportState.CORRECTED),
    ReportTransition("amend", SIGNED_STATES, None, Words("修订", "amend"), opens=ReportState.AMENDED),
    ReportTransition("recall", SIGNED_STATES, ReportState.RETRACTED, Words("召回", "recall")),
)


def decide_report(state: ReportState, verb: str, kind: ReportState = ReportState.FINAL) -> ReportState:
    """The state of this version after ``verb``; ``kind`` is what signing makes of it.

    A verb that opens a new version leaves this one as it was: ``opened_by`` says what the new one will be.
    Raises :class:`WrongState` with the verbs that are allowed.
    """
    for row in REPORT_TRANSITIONS:
        if row.verb == verb and state in row.sources:
            if row.opens is not None:
                return state
            return kind if row.target is None else row.target
    label = REPORT_STATES[state].label
    raise WrongState(
        Words(f"报告处于“{label.zh}”，不能进行此操作。", f"The report is {label.en}; that cannot be done now."),
        [row.verb for row in REPORT_TRANSITIONS if state in row.sources],
    )


def opened_by(verb: str) -> ReportState | None:
    """What the new version will be signed as, where ``verb`` opens one; None where it does not."""
    return next((row.opens for row in REPORT_TRANSITIONS if row.verb == verb), None)


@dataclass(frozen=True, slots=True)
class KeyImage:
    """An image that goes into the report; ``frame`` counts from 1."""

    sop_uid: str
    frame: int = 1
    caption: str = ""


@dataclass(frozen=True, slots=True)
class ReportText:
    """What the doctor wrote: five sections of plain text with line breaks, and the key images in order."""

    technique: str = ""
    comparison: str = ""
    findings: str = ""
    impression: str = ""
    recommendation: str = ""
    key_images: tuple[KeyImage, ...] = ()

    def section(self, section: Section) -> str:
        """The text of one section."""
        return str(getattr(self, section.value))

    @property
    def words(self) -> str:
        """All sections, one after the other, for whoever searches in them."""
        return "\n".join(self.section(section) for section in Section)


@dataclass(frozen=True, slots=True)
class Signature:
    """What is kept of one signature: enough to say who signed what, as what, how known, and why.

    Hashes are SHA-256 in lower-case hex. ``content_sha256`` is :func:`content_hash` of what was signed,
    ``document_sha256`` that of the whole PDF after this signature. Times are aware UTC.
    """

    signer: str
    person_id: str
    licence_number: str
    institution: str
    role: str  # reporter | reviewer
    intent: Words
    certificate_serial: str  # decimal
    certificate_issuer: str
    authenticated_by: str  # pin | passkey
    authenticated_at: datetime
    address: str
    content_sha256: str
    document_sha256: str
    report_version: int
    signed_at: datetime
    previous_sha256: str | None = None  # of the predecessor's PDF
    reason: str = ""


REPORTER_INTENT = Words("报告医师签名：本人书写并对报告内容负责", "Author: I wrote this report and answer for it")
REVIEWER_INTENT = Words("审核医师签名：本人已审核并同意签发", "Reviewer: I reviewed this report and agree to issue it")


def text_from(values: dict[str, Any]) -> ReportText:
    """The text that a mapping of its fields tells, as :func:`text_document` writes it; absent ones are empty."""
    known = {field.name for field in fields(ReportText)} - {"key_images"}
    images = tuple(KeyImage(**image) for image in values.get("key_images", ()))
    return ReportText(**{name: values.get(name, "") for name in known}, key_images=images)


def text_document(text: ReportText) -> dict[str, Any]:
    """The text as JSON values."""
    return {section.value: text.section(section) for section in Section} | {
        "key_images": [
            {"sop_uid": image.sop_uid, "frame": image.frame, "caption": image.caption} for image in text.key_images
        ]
    }


def content_hash(
    text: ReportText, *, number: str, version: int, kind: ReportState, previous_sha256: str | None = None
) -> str:
    """SHA-256, in hex, of what a signer answers for.

    It covers the report's number, version and kind, the five sections exactly as written, the key images
    (SOP UID, frame, caption, in order), and the predecessor's hash; as JSON with sorted keys and no spaces, UTF-8.
    """
    content = {
        "kind": kind.value,
        "number": number,
        "previous_sha256": previous_sha256,
        "text": text_document(text),
        "version": version,
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def missing_sections(text: ReportText, template: Template) -> list[str]:
    """The required sections that are still empty, in the order of the page."""
    return [section.value for section in template.required if not text.section(section).strip()]
