"""What the API takes and answers about a multidisciplinary consultation."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from consult.web.record_shapes import PartyOut
from consult.web.schemas import In, Text

Seat = Literal["chair", "member", "observer"]


class MemberOut(BaseModel):
    """Someone in the consultation; ``answer`` is invited, accepted or declined."""

    person: PartyOut
    specialty: str
    specialty_label: str
    role: Seat
    role_label: str
    answer: str
    answer_label: str
    answered_at: datetime | None
    reason: str


class RelativeOut(BaseModel):
    """A case that this one came from, or that came from it."""

    id: str
    number: str
    service_type: str
    state: str
    label: str
    question: str


class SpecialtyOut(BaseModel):
    """A department that a member can sit for."""

    code: str
    label: str


class ExpertOut(BaseModel):
    """Someone who can be asked into a consultation; ``chairs`` says that they may lead it."""

    person: PartyOut
    site: str
    chairs: bool


class ExpertsOut(BaseModel):
    """Who can be asked, and for what."""

    items: list[ExpertOut]
    specialties: list[SpecialtyOut]


class OpinionIn(In):
    """One's own opinion; ``dissent`` where one differs from the conclusion; ``base_revision`` tells a conflict."""

    text: Text
    dissent: Text = ""
    base_revision: int | None = None


class RevisionOut(BaseModel):
    """One saved state of an opinion."""

    revision: int
    text: str
    dissent: str
    saved_at: datetime


class OpinionOut(RevisionOut):
    """A member's opinion as it stands, and what it was before."""

    person: PartyOut
    revisions: list[RevisionOut]


class OpinionsOut(BaseModel):
    """What was said so far; ``revision`` is one's own last, 0 before the first."""

    items: list[OpinionOut]
    writes: bool
    revision: int
