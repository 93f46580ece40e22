"""The coordinator's desk over HTTP: the models of what is asked and told."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from consult.domain.desk import Pile
from consult.web.case_shapes import ImagesOut, ListedOut, Site


class PilePath(BaseModel):
    """A pile of the desk by name."""

    pile: Pile


class PileQuery(BaseModel):
    """Which page of a pile."""

    after: Annotated[str, StringConstraints(max_length=400)] = ""
    limit: int = Field(default=20, ge=1, le=200)


class SlipOut(ListedOut):
    """A case as it lies on the desk."""

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
