"""What goes over the API: the models that OpenAPI, the front end's types and the checks of input are made from."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from consult.domain.cases import Priority, ServiceType
from consult.domain.workflow import Verb

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text, refused where it holds NUL or half of a surrogate pair: neither database keeps those."""
    if UNSTORABLE.search(text):
        raise ValueError("含有无法保存的字符。 | It holds characters that cannot be kept.")
    return text


Storable = AfterValidator(storable)
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8000), Storable]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]
Uid = Annotated[str, StringConstraints(pattern=r"^[0-9.]{1,64}$")]


class In(BaseModel):
    """Something a client sends; a misspelt field is an error."""

    model_config = ConfigDict(extra="forbid")


class PatientIn(In):
    """Whom the case is about."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), Storable]
    sex: Literal["M", "F", "O"]
    birth_date: date | None = None
    id_number: Line = ""
    phone: Line = ""


class ConsentIn(In):
    """Who agreed, and when."""

    by: Name
    at: AwareDatetime


class RequestIn(In):
    """A request for a consultation; what is lacking is named when it is submitted."""

    service_type: ServiceType
    priority: Priority
    performing_site: Line
    patient: PatientIn
    question: Text = ""
    clinical_history: Text = ""
    exam_started: AwareDatetime | None = None
    study_uids: list[Uid] = Field(default_factory=list[str], max_length=20)
    images_follow: bool = False
    consent: ConsentIn | None = None
    modality: Line = ""
    body_part: Line = ""


class CriticalIn(In):
    """A critical finding, as it is told to the requesting side."""

    finding: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]


class OverrideIn(In):
    """A writing rule that does not apply here, and why."""

    code: Line
    reason: Text


class AnswerIn(In):
    """The answer to one asked item, or that it cannot be given."""

    answer: Text = ""
    declined: bool = False


class MoveIn(In):
    """A move; which of the fields it needs stands in the case's ``moves``."""

    verb: Verb
    reason: Text | None = None
    request: RequestIn | None = None
    study_uids: list[Uid] | None = Field(default=None, max_length=20)
    items: list[Text] | None = None
    answers: list[AnswerIn] | None = None
    priority: Priority | None = None
    modality: Line | None = None
    body_part: Line | None = None
    override: bool | None = None
    assignee: Line | None = None
    appointment_at: AwareDatetime | None = None
    pin: str | None = Field(default=None, max_length=200)
    critical: CriticalIn | None = None
    overrides: list[OverrideIn] | None = None
    variation: Text | None = None
    read_back: Text | None = None
    outcome: Text | None = None
    kind: Literal["corrected", "amended"] | None = None
    question: Text | None = None
    performing_site: Line | None = None


class KeyImageIn(In):
    """An image for the report; ``frame`` counts from 1."""

    sop_uid: Uid
    frame: int = Field(default=1, ge=1)
    caption: Line = ""


class ReportIn(In):
    """A report's text as it is saved; ``base_revision`` is the revision it was written on (a conflict is told)."""

    technique: Text = ""
    comparison: Text = ""
    findings: Text = ""
    impression: Text = ""
    recommendation: Text = ""
    key_images: list[KeyImageIn] = Field(default_factory=list[KeyImageIn], max_length=50)
    critical: CriticalIn | None = None
    base_revision: int | None = None


class MovedOut(BaseModel):
    """Where a case is after a move."""

    id: str
    number: str
    state: str
    version: int
    verb: str
    at: datetime


class Site(BaseModel):
    """An institution by code and name."""

    code: str
    name: str


class PartyOut(BaseModel):
    """A person by id and name."""

    id: str
    name: str


class PatientOut(BaseModel):
    """Whom the case is about."""

    name: str
    sex: str
    birth_date: date | None = None
    id_number: str = ""
    phone: str = ""


class ClockOut(BaseModel):
    """A clock's reading; seconds."""

    name: str
    label: str
    limit_s: float | None
    used_s: float
    running: bool
    breached: bool
    due_at: datetime | None


class NeedOut(BaseModel):
    """Something a move needs; ``settled_by`` names the field with which the mover settles it."""

    met: bool
    sentence: str
    code: str
    settled_by: str | None = None


class MoveOut(BaseModel):
    """A move that is open to this person."""

    verb: str
    label: str
    needs: list[NeedOut]
    reason: bool
    asks: list[str]


class MissingOut(BaseModel):
    """One thing that is missing from a series."""

    sentence: str
    series_uid: str = ""
    instance_number: int | None = None
    position_mm: float | None = None
    count: int = 1


class CompletenessOut(BaseModel):
    """What is known of completeness; ``status`` is receiving, complete, short, quiet, or none (nothing arrived)."""

    status: str
    expected: int | None = None
    received: int = 0
    missing: list[MissingOut] = Field(default_factory=list[MissingOut])
    conflicts: list[str] = Field(default_factory=list[str])
    notices: list[str] = Field(default_factory=list[str])


class SeriesOut(BaseModel):
    """A series of a study, with what is missing from it."""

    series_uid: str
    number: int | None
    modality: str
    description: str
    body_part: str
    instances: int
    slice_thickness_mm: float | None
    spacing_mm: float | None
    lossy: bool
    tilt_deg: float | None
    completeness: CompletenessOut


class StudyOut(BaseModel):
    """A study with its completeness, series by series; ``role`` says how a case holds it."""

    study_uid: str
    patient: PatientOut
    charset_guessed: bool
    modalities: list[str]
    modality: str
    body_part: str
    description: str
    study_date: str
    arrived_at: datetime | None
    completeness: CompletenessOut
    series: list[SeriesOut]
    role: Literal["current", "prior"] = "current"


class AlertOut(BaseModel):
    """A critical finding on its way."""

    finding: str
    state: str
    detected_at: datetime
    detected_by: PartyOut
    acknowledged_at: datetime | None = None
    acknowledged_by: PartyOut | None = None
    read_back: str = ""


class PointsOut(BaseModel):
    """What speaks for someone, in points."""

    code: str
    sentence: str
    points: float


class ReasonOut(BaseModel):
    """Why something is so: a stable code and a sentence."""

    code: str
    sentence: str


class WhyOut(BaseModel):
    """What the router thought of one person."""

    person_id: str
    person: str
    chosen: bool
    score: float
    reasons: list[PointsOut]
    excluded: list[ReasonOut]


class CandidatesOut(BaseModel):
    """Who might read a case, best first; those ruled out last."""

    items: list[WhyOut]


class AskedOut(BaseModel):
    """An item that was asked for when the case was returned."""

    item: str
    answer: str
    declined: bool


class VersionOut(BaseModel):
    """One signed version of a report."""

    version: int
    kind: str
    label: str
    state: str
    number: str
    sha256: str
    signed_at: datetime
    signers: list[str]
    newest: bool


class KeyImageOut(BaseModel):
    """An image in the report."""

    sop_uid: str
    frame: int
    caption: str


class ReportOut(BaseModel):
    """A report's text as last saved, and its signed versions, newest last."""

    id: str
    state: str | None
    status: str | None
    label: str
    revision: int
    version: int
    saved_at: datetime | None
    saved_by: str | None
    technique: str
    comparison: str
    findings: str
    impression: str
    recommendation: str
    key_images: list[KeyImageOut]
    versions: list[VersionOut]
    two_person: bool


class ImagesOut(BaseModel):
    """A case's images at a glance."""

    status: str
    received: int
    expected: int | None


class LineOut(BaseModel):
    """A row of a worklist."""

    id: str
    number: str
    state: str
    version: int
    priority: Priority
    service_type: ServiceType
    patient: PatientOut
    question: str
    modality: str
    body_part: str
    requesting_site: Site
    performing_site: Site
    requester: PartyOut
    assignee: PartyOut | None
    due_at: datetime | None
    offer_until: datetime | None
    clocks: list[ClockOut]
    alerts: int
    created_at: datetime
    updated_at: datetime
    next_move: str | None
    images: ImagesOut


class PageOut(BaseModel):
    """A page of a worklist; ``next`` is the cursor for ``after``, ``total`` the length of the whole list."""

    items: list[LineOut]
    next: str | None
    total: int


class CaseOut(BaseModel):
    """A case as its page shows it."""

    id: str
    number: str
    state: str
    label: str
    version: int
    priority: Priority
    service_type: ServiceType
    patient: PatientOut
    question: str
    clinical_history: str
    exam_started: datetime | None
    images_follow: bool
    consent: ConsentIn | None
    modality: str
    body_part: str
    requesting_site: Site
    performing_site: Site
    requester: PartyOut
    assignee: PartyOut | None
    author: PartyOut | None
    reviewer: PartyOut | None
    offer_until: datetime | None
    appointment_at: datetime | None
    escalation_level: int
    last_reason: str
    asked: list[AskedOut]
    outcome: str
    parent_id: str | None
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    studies: list[StudyOut]
    clocks: list[ClockOut]
    moves: list[MoveOut]
    why: list[WhyOut]
    report: ReportOut | None
    alerts: list[AlertOut]
    room: None = None


class EventOut(BaseModel):
    """A fact of a case."""

    seq: int
    at: datetime
    kind: str
    label: str
    by: str
    version: int
    from_state: str | None
    to_state: str | None
    reason: str


class EventsOut(BaseModel):
    """A case's facts, in order."""

    items: list[EventOut]


class HintOut(BaseModel):
    """A fact as the feed tells it: look again at this case."""

    seq: int
    case_id: str
    kind: str
    at: datetime


class FeedOut(BaseModel):
    """Facts after a place in the log; go on asking until a page's ``head`` is reached."""

    items: list[HintOut]
    head: int


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
    """A report template."""

    id: str
    title: str
    modality: str
    body_part: str
    service_type: str
    required: list[str]
    text: dict[str, str]
    names: dict[str, str]


class TemplatesOut(BaseModel):
    """All report templates."""

    items: list[TemplateOut]


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
    """Whether a document is ours, unchanged, signed, and the newest version."""

    valid: bool
    reasons: list[ReasonOut]
    signers: list[SignerOut]
    document: DocumentOut | None
    newest: bool | None


class CasePath(BaseModel):
    """A case by id."""

    case_id: str = Field(pattern="^[0-9a-f]{32}$")


class WorklistQuery(BaseModel):
    """What a worklist is narrowed to; ``state`` and ``priority`` may name several, with commas."""

    state: str = ""
    priority: str = ""
    queue: Literal["mine", "pool", "site", ""] = ""
    q: Line = ""
    after: str | None = None
    limit: int = Field(default=40, ge=1, le=200)


class AfterQuery(BaseModel):
    """Only what comes after a place in the log; absent: where the log stands."""

    after: int | None = Field(default=None, ge=0)


class VersionQuery(BaseModel):
    """A version of the report; absent: the newest."""

    version: int | None = Field(default=None, ge=1)
