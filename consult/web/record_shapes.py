"""What the API answers about what is on record of a case: critical findings, recalls, indicators, time."""

from datetime import datetime

from pydantic import BaseModel, Field


class PartyOut(BaseModel):
    """A person by id and name."""

    id: str
    name: str


class AttemptOut(BaseModel):
    """One try to tell a critical finding; ``by`` is None where the product did it."""

    at: datetime
    channel: str
    to: str
    by: PartyOut | None
    reached: bool


class AlertOut(BaseModel):
    """A critical finding on its way; ``in_time`` is None while it is open and not late."""

    finding: str
    state: str
    detected_at: datetime
    detected_by: PartyOut
    acknowledged_at: datetime | None = None
    acknowledged_by: PartyOut | None = None
    read_back: str = ""
    label: str
    due_at: datetime
    in_time: bool | None = None
    attempts: list[AttemptOut] = Field(default_factory=list[AttemptOut])
    notified_at: datetime | None = None
    handled_at: datetime | None = None
    handled_by: PartyOut | None = None
    handling: str = ""


class ReceiverOut(BaseModel):
    """Who has to know that a version was recalled, and when they said that they do."""

    channel: str
    name: str
    acknowledged_at: datetime | None
    acknowledged_by: PartyOut | None


class RecallOut(BaseModel):
    """A version of the report that was recalled."""

    version: int
    at: datetime
    by: PartyOut
    reason: str
    receivers: list[ReceiverOut]


class IndicatorOut(BaseModel):
    """How the case stands in a national indicator; ``met`` is None while that is open."""

    code: str
    label: str
    due_at: datetime
    met: bool | None


class OwnedOut(BaseModel):
    """Time in somebody's hands, in seconds; ``paused`` where the consult clock stood still."""

    owner: str
    label: str
    seconds: float
    share: float
    paused: bool


class PhoneContactOut(BaseModel):
    """Someone at the requesting side to call while a critical finding is open."""

    name: str
    duty: str
    phone: str
