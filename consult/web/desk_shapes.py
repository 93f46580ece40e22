"""The coordinator's desk over HTTP: the models of what is asked and told."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from consult.domain.cases import Priority, ServiceType
from consult.domain.desk import Pile
from consult.web.case_shapes import ImagesOut, PatientOut, Site
from consult.web.record_shapes import PartyOut


class PilePath(BaseModel):
    """A pile of the desk by name."""

    pile: Pile


class PileQuery(BaseModel):
    """Which page of a pile."""

    after: Annotated[str, StringConstraints(max_length=400)] = ""
    limit: int = Field(default=20, ge=1, le=200)


class SlipOut(BaseModel):
    """A case as it lies on the desk; ``due_at`` is when the next of its clocks ends."""

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
    alert_due_at: datetime | None
    updated_at: datetime
    images: ImagesOut


class PileOut(BaseModel):
    """A page of a pile, what is overdue on top; ``total`` and ``overdue`` count the whole pile."""

    name: Pile
    items: list[SlipOut]
    next: str | None
    total: int
    overdue: int


class AlarmOut(BaseModel):
    """How many cases sound an alarm; ``nearest``: when the first of their times is up, where that counts."""

    name: Pile
    total: int
    nearest: datetime | None


class ReadsOut(BaseModel):
    """What somebody reads; ``*``: every body part."""

    modality: str
    body_part: str


class ColleagueOut(BaseModel):
    """A specialist of the performing side; ``units`` of open work against ``limit``, both in work units."""

    id: str
    name: str
    site: Site
    units: float
    limit: float
    held: int
    offered: int
    on_shift: bool
    on_call: bool
    shift_ends: datetime | None
    skills: list[ReadsOut]


class DeskOut(BaseModel):
    """The desk as it was at ``as_of``."""

    as_of: datetime
    columns: list[PileOut]
    alarms: list[AlarmOut]
    people: list[ColleagueOut]
