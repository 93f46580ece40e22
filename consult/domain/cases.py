"""The case: one patient, one question, from the request to the acknowledged report, as a value."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from consult.domain.errors import Words
from consult.domain.events import Fact
from consult.domain.reports import ReportState


class ServiceType(StrEnum):
    """What is asked for (workflow §1)."""

    TELECONSULTATION = "teleconsultation"
    TELEDIAGNOSIS = "telediagnosis"
    MDT = "mdt"


class Priority(StrEnum):
    """How soon; an overlay on the state."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ROUTINE = "routine"


class State(StrEnum):
    """Where a case stands (workflow §2)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    AWAITING_IMAGES = "awaiting_images"
    RETURNED = "returned"
    QUEUED = "queued"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    PRELIMINARY = "preliminary"
    IN_REVIEW = "in_review"
    SIGNED = "signed"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    ENTERED_IN_ERROR = "entered_in_error"


SERVICE_NAMES: dict[ServiceType, Words] = {
    ServiceType.TELECONSULTATION: Words("远程会诊", "teleconsultation"),
    ServiceType.TELEDIAGNOSIS: Words("远程诊断", "telediagnosis"),
    ServiceType.MDT: Words("多学科会诊", "multidisciplinary consultation"),
}
PRIORITY_NAMES: dict[Priority, Words] = {
    Priority.EMERGENCY: Words("急诊", "emergency"),
    Priority.URGENT: Words("加急", "urgent"),
    Priority.ROUTINE: Words("普通", "routine"),
}
PRIORITY_RANK = {Priority.EMERGENCY: 0, Priority.URGENT: 1, Priority.ROUTINE: 2}


@dataclass(frozen=True, slots=True)
class Party:
    """A person as a case remembers them: the name stays as it was on that day."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom the case is about. ``sex`` is M, F or O; ``id_number`` is the resident identity number."""

    name: str
    sex: str
    birth_date: date | None = None
    id_number: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed that images and history go to the performing site, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """The case came into ``state`` at ``since``; it ends where the next stay begins."""

    state: State
    since: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to tell a critical finding: when, how, to whom, by whom (None: the product), and whether it did."""

    at: datetime
    channel: str
    to: str
    by: Party | None
    reached: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """A critical finding (危急值) on its way (critical.py): who found, told, read back and handled it, and when."""

    finding: str
    state: str
    detected_at: datetime
    detected_by: Party
    acknowledged_at: datetime | None = None
    acknowledged_by: Party | None = None
    read_back: str = ""
    attempts: tuple[Attempt, ...] = ()
    notified_at: datetime | None = None
    handled_at: datetime | None = None
    handled_by: Party | None = None
    handling: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nobody on the requesting side has read it back yet."""
        return self.acknowledged_at is None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who had received a version that was recalled, by which channel, and when they acknowledged that it is void."""

    channel: str
    name: str
    acknowledged_at: datetime | None = None
    acknowledged_by: Party | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """A signed version that was withdrawn: by whom, why, and everyone who has to know."""

    version: int
    at: datetime
    by: Party
    reason: str
    receivers: tuple[Receiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One item that was asked for when a case was returned: the answer in words or files, or why there is none."""

    item: str
    answer: str = ""
    declined: bool = False
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """What the router thought of one person: the points with their reasons, or what ruled them out."""

    person_id: str
    name: str
    chosen: bool
    score: float
    reasons: tuple[tuple[str, str, str, float], ...] = ()  # code, zh, en, points
    excluded: tuple[tuple[str, str, str], ...] = ()  # code, zh, en


@dataclass(frozen=True, slots=True)
class Member:
    """Someone in a multidisciplinary consultation: the specialty, as what (members.py), and what they answered."""

    id: str
    name: str
    specialty: str
    role: str
    answer: str = "invited"
    answered_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands; each change of it is one fact, and the facts alone rebuild it."""

    id: str
    number: str
    state: State
    version: int
    priority: Priority
    service_type: ServiceType
    requesting_site: str
    performing_site: str
    centre: str | None  # the requesting site's regional centre: its coordinators look after the case
    requester: Party
    patient: Patient
    question: str
    clinical_history: str
    modality: str
    body_part: str
    created_at: datetime
    updated_at: datetime
    stays: tuple[Stay, ...]
    study_uids: tuple[str, ...] = ()
    images_follow: bool = False
    consent: Consent | None = None
    exam_started: datetime | None = None
    assignee: Party | None = None
    offer_until: datetime | None = None
    passed_over: tuple[str, ...] = ()  # person ids who declined or let the offer run out
    affinity: str | None = None  # person id who had the case before it was returned
    why: tuple[Why, ...] = ()
    appointment_at: datetime | None = None
    escalation_level: int = 0
    raised_by_requester: bool = False
    asked: tuple[Asked, ...] = ()
    returned_times: int = 0
    alerts: tuple[Alert, ...] = ()
    report: ReportState | None = None
    report_version: int = 0  # of the newest signed document; 0 before the first
    report_kind: ReportState = ReportState.FINAL  # what the next signature makes of the report
    author: Party | None = None
    authors: tuple[str, ...] = ()  # person ids of all who wrote on the report, over all its versions
    reviewer: Party | None = None
    reported_at: datetime | None = None
    signed_at: datetime | None = None
    last_reason: str = ""
    error_claimed_by: str | None = None
    outcome: str = ""
    concordance: str = ""  # of the report with what came out: concordant, partly, discordant; empty: not said
    completes_by: datetime | None = None  # an emergency request with parts still to come: until when
    reminded: tuple[str, ...] = ()  # reminders that were sent, each by topic and moment
    recalls: tuple[Recall, ...] = ()
    sampled: bool = False  # drawn for quality assurance
    parent_id: str | None = None
    members: tuple[Member, ...] = ()  # of a multidisciplinary consultation
    patient_class: str = ""  # outpatient, inpatient, emergency; empty: not said, and kept as long as an inpatient's
    approval_asked_at: datetime | None = None  # a draft that waits for its house's head since then
    patient_override: str = ""  # why images go with the request though they differ about the patient

    def stay_ends(self, now: datetime) -> Iterable[tuple[State, datetime, datetime]]:
        """Each stay with its beginning and its end; the last one ends ``now``."""
        for index, stay in enumerate(self.stays):
            end = self.stays[index + 1].since if index + 1 < len(self.stays) else now
            yield stay.state, stay.since, end


def document_of(case: Case) -> dict[str, Any]:
    """The case as JSON values: times in ISO 8601 UTC, enums by value, tuples as lists."""
    return {name: _plain(value) for name, value in asdict(case).items()}


def plain(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changed fields of a case as JSON values, as a fact carries them."""
    return {name: _plain(value) for name, value in changes.items()}


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def case_of(document: Mapping[str, Any]) -> Case:
    """The case that a document tells; unknown fields are an error, absent ones take their default."""
    read: dict[str, Any] = dict(document)
    for name, reader in _READERS.items():
        if read.get(name) is not None:
            read[name] = reader(read[name])
    return Case(**read)


def rebuild(facts: Iterable[Fact]) -> Case:
    """The case as its facts alone tell it, in their order."""
    document: dict[str, Any] = {}
    for told in facts:
        document |= told.data.get("set", {})
    return case_of(document)


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _party(value: Mapping[str, Any]) -> Party:
    return Party(**value)


def _patient(value: Mapping[str, Any]) -> Patient:
    born = value.get("birth_date")
    read: dict[str, Any] = {**value, "birth_date": date.fromisoformat(born) if born else None}
    return Patient(**read)


def _read(value: Mapping[str, Any], moments: Iterable[str], people: Iterable[str]) -> dict[str, Any]:
    """A record with its moments and people read, where they are there."""
    read = {name: _moment(value[name]) for name in moments if value.get(name)}
    return {**value, **read, **{name: _party(value[name]) for name in people if value.get(name)}}


def _alert(value: Mapping[str, Any]) -> Alert:
    moments = ("detected_at", "acknowledged_at", "notified_at", "handled_at")
    read = _read(value, moments, ("detected_by", "acknowledged_by", "handled_by"))
    read["attempts"] = tuple(Attempt(**_read(each, ("at",), ("by",))) for each in value.get("attempts", ()))
    return Alert(**read)


def _recall(value: Mapping[str, Any]) -> Recall:
    read = _read(value, ("at",), ("by",))
    told = ("acknowledged_at",), ("acknowledged_by",)
    read["receivers"] = tuple(Receiver(**_read(each, *told)) for each in value.get("receivers", ()))
    return Recall(**read)


def _asked(told: Mapping[str, Any]) -> Asked:
    values = dict(told)
    values["files"] = tuple(told.get("files", ()))
    return Asked(**values)


def _why(value: Mapping[str, Any]) -> Why:
    read: dict[str, Any] = {
        **value,
        "reasons": tuple((code, zh, en, points) for code, zh, en, points in value["reasons"]),
        "excluded": tuple((code, zh, en) for code, zh, en in value["excluded"]),
    }
    return Why(**read)


_READERS: dict[str, Any] = {
    "state": State,
    "priority": Priority,
    "service_type": ServiceType,
    "report": ReportState,
    "report_kind": ReportState,
    "requester": _party,
    "assignee": _party,
    "author": _party,
    "reviewer": _party,
    "patient": _patient,
    "consent": lambda value: Consent(value["by"], _moment(value["at"])),
    "created_at": _moment,
    "updated_at": _moment,
    "exam_started": _moment,
    "offer_until": _moment,
    "appointment_at": _moment,
    "reported_at": _moment,
    "signed_at": _moment,
    "completes_by": _moment,
    "approval_asked_at": _moment,
    "reminded": tuple,
    "recalls": lambda value: tuple(_recall(recall) for recall in value),
    "study_uids": tuple,
    "passed_over": tuple,
    "authors": tuple,
    "stays": lambda value: tuple(Stay(State(stay["state"]), _moment(stay["since"])) for stay in value),
    "alerts": lambda value: tuple(_alert(alert) for alert in value),
    "members": lambda value: tuple(Member(**_read(member, ("answered_at",), ())) for member in value),
    "asked": lambda value: tuple(_asked(asked) for asked in value),
    "why": lambda value: tuple(_why(why) for why in value),
}
