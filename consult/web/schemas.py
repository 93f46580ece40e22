"""What comes in over the API: the models that its input is checked against."""

import re
from datetime import date
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


PatientClass = Literal["", "outpatient", "inpatient", "emergency"]
"""As whom the patient came; empty: not said."""


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
    patient_class: PatientClass = ""


class CriticalIn(In):
    """A critical finding, as it is told to the requesting side."""

    finding: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]


class OverrideIn(In):
    """A writing rule that does not apply here, and why."""

    code: Line
    reason: Text


class AnswerIn(In):
    """The answer to one asked item in words or files (ids), or, where it is declined, why it cannot be given."""

    answer: Text = ""
    declined: bool = False
    files: list[Line] = Field(default_factory=list[str], max_length=20)


class MemberIn(In):
    """Someone who is asked into a consultation, for which specialty and as what."""

    person: Line
    specialty: Line
    role: Literal["chair", "member", "observer"]


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
    patient_override: Text | None = None
    assignee: Line | None = None
    appointment_at: AwareDatetime | None = None
    pin: str | None = Field(default=None, max_length=200)
    critical: CriticalIn | None = None
    overrides: list[OverrideIn] | None = None
    variation: Text | None = None
    read_back: Text | None = None
    outcome: Text | None = None
    concordance: Literal["concordant", "partly", "discordant"] | None = None
    finding: Line | None = None
    receiver: Line | None = None
    channel: Literal["phone", "in_person", "video", "portal"] | None = None
    reached: bool | None = None
    handling: Text | None = None
    kind: Literal["corrected", "amended"] | None = None
    question: Text | None = None
    performing_site: Line | None = None
    members: list[MemberIn] | None = Field(default=None, max_length=100)


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
