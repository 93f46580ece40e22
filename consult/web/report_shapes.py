"""What the API answers about reports: texts, checks, templates, verdicts."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from consult.web.case_shapes import KeyImageOut, ReasonOut


class CurrentOut(BaseModel):
    """A report's text as last saved; revision 0 before the first word."""

    revision: int
    technique: str
    comparison: str
    findings: str
    impression: str
    recommendation: str
    key_images: list[KeyImageOut]
    saved_at: datetime | None
    saved_by: str | None


class NumberOut(BaseModel):
    """A report number that exists, and its newest version."""

    number: str
    newest: int
    issued_at: datetime


class SavedOut(BaseModel):
    """A saved revision of a report."""

    revision: int
    saved_at: datetime


class FindingOut(BaseModel):
    """What a writing rule found."""

    code: str
    severity: Literal["block", "warn"]
    sentence: str
    where: str
    label: str


class ChecksOut(BaseModel):
    """What the writing rules found in a text."""

    findings: list[FindingOut]
    critical_terms: list[str]


class TemplateOut(BaseModel):
    """A report template. ``sex`` is M or F where it fits only that patient, ``calculator`` its scoring system."""

    id: str
    name: str
    title: str
    modality: str
    body_part: str
    service_type: str
    required: list[str]
    text: dict[str, str]
    names: dict[str, str]
    sex: str
    calculator: str


class TemplatesOut(BaseModel):
    """All report templates."""

    items: list[TemplateOut]


class RadsChoiceOut(BaseModel):
    """One answer of a scoring question."""

    value: str
    label: str


class RadsQuestionOut(BaseModel):
    """One question: picked from ``choices``, or without any a length in mm."""

    id: str
    label: str
    choices: list[RadsChoiceOut]


class RadsOut(BaseModel):
    """A scoring system with its edition and source."""

    id: str
    name: str
    edition: str
    source: str
    questions: list[RadsQuestionOut]


class RadsListOut(BaseModel):
    """All scoring systems."""

    items: list[RadsOut]


class RadsResultOut(BaseModel):
    """What answers come to; ``sentence`` is meant for the impression."""

    category: str
    sentence: str
    advice: str


class SignerOut(BaseModel):
    """Whoever signed a document."""

    name: str
    at: datetime | None
    intent: str


class DocumentOut(BaseModel):
    """The archive's record of a document."""

    number: str
    version: int
    sha256: str
    kind: str


class VerdictOut(BaseModel):
    """Whether a document is ours, unchanged, signed, and the newest version.

    ``sha256`` is that of the file which was given; ``document`` is the archive's original that it says it is.
    """

    valid: bool
    sha256: str
    reasons: list[ReasonOut]
    signers: list[SignerOut]
    document: DocumentOut | None
    newest: bool | None
