"""What the API answers about cases and studies."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from consult.domain.cases import Priority, ServiceType
from consult.web.member_shapes import MemberOut, RelativeOut
from consult.web.record_shapes import AlertOut, IndicatorOut, OwnedOut, PartyOut, PhoneContactOut, RecallOut
from consult.web.schemas import ConsentIn, PatientClass


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


class ClaimOut(BaseModel):
    """What one source says there is: ``short`` of its ``expected`` images are not here."""

    source: str
    label: str
    expected: int
    short: int
    by: str
    at: str


class CompletenessOut(BaseModel):
    """What is known of completeness; ``status`` is receiving, complete, short, quiet, or none (nothing arrived).

    ``line`` is a series in one line, ``advice`` what to do about it. ``undecided`` counts images that came with more
    than one content and between which nobody has chosen. ``unit`` is what is counted, as the answer's language says it.
    """

    status: str
    expected: int | None = None
    received: int = 0
    unit: str = ""
    missing: list[MissingOut] = Field(default_factory=list[MissingOut])
    conflicts: list[str] = Field(default_factory=list[str])
    notices: list[str] = Field(default_factory=list[str])
    claims: list[ClaimOut] = Field(default_factory=list[ClaimOut])
    copies: int = 0
    undecided: int = 0
    line: str = ""
    advice: str = ""


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


class PointsOut(BaseModel):
    """What speaks for someone, in points."""

    code: str
    sentence: str
    points: float


class ReasonOut(BaseModel):
    """Why something is so: a stable code and a sentence."""

    code: str
    sentence: str


class ExcludedOut(ReasonOut):
    """What rules somebody out; ``router_only``: a coordinator's or their own hand may still do it."""

    router_only: bool = False


class WhyOut(BaseModel):
    """What the router thought of one person."""

    person_id: str
    person: str
    chosen: bool
    score: float
    reasons: list[PointsOut]
    excluded: list[ExcludedOut]


class CandidatesOut(BaseModel):
    """Who might read a case, best first; those ruled out last."""

    items: list[WhyOut]


class AskedOut(BaseModel):
    """An item that was asked for when the case was returned."""

    item: str
    answer: str
    declined: bool
    files: list[str]


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


class ListedOut(BaseModel):
    """What every list says of a case; ``due_at`` is when the next of its clocks ends."""

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
    assignee: PartyOut | None
    due_at: datetime | None
    offer_until: datetime | None
    appointment_at: datetime | None
    alert_due_at: datetime | None
    approval_asked_at: datetime | None
    updated_at: datetime


class LineOut(ListedOut):
    """A row of a worklist."""

    requester: PartyOut
    clocks: list[ClockOut]
    alerts: int
    created_at: datetime
    next_move: str | None
    unread: int
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
    patient_class: PatientClass
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
    concordance: str
    completes_by: datetime | None
    request_lacks: list[str]
    recalls: list[RecallOut]
    indicators: list[IndicatorOut]
    time_by_owner: list[OwnedOut]
    paused_share: float
    parent_id: str | None
    parent: RelativeOut | None
    children: list[RelativeOut]
    members: list[MemberOut]
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    studies: list[StudyOut]
    clocks: list[ClockOut]
    moves: list[MoveOut]
    why: list[WhyOut]
    report: ReportOut | None
    alerts: list[AlertOut]
    call: list[PhoneContactOut]
    room: None = None


class EventOut(BaseModel):
    """A fact of a case; ``to`` names whom it gave the case to."""

    seq: int
    at: datetime
    kind: str
    label: str
    by: str
    version: int
    from_state: str | None
    to_state: str | None
    to: str | None = None
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
