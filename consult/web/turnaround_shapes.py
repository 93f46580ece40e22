"""Turnaround over HTTP: the models of what is asked and told."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from consult.domain.turnaround_groups import By

Word = Annotated[str, StringConstraints(max_length=64)]


class TurnaroundQuery(BaseModel):
    """What is asked: days (or moments with a zone), a division, and what cases are narrowed to.

    ``metric`` leaves some of the metrics (comma separated); ``group`` one group of the division; ``cases`` asks for
    the cases behind one metric instead of the tiles, ``only`` ``breaches`` for the late ones of them.
    """

    since: Word = Field(default="", alias="from")
    until: Word = Field(default="", alias="to")
    by: By = By.WHOLE
    site: Word = ""
    performing_site: Word = ""
    modality: Word = ""
    priority: Word = ""
    service: Word = ""
    metric: Annotated[str, StringConstraints(max_length=400)] = ""
    group: Word = ""
    cases: bool = False
    only: Literal["", "breaches"] = ""
    after: Annotated[str, StringConstraints(max_length=80)] = ""
    limit: int = Field(default=40, ge=1, le=200)


class TileOut(BaseModel):
    """A metric of a group; times in seconds; ``suppressed``: fewer than five, so no percentile is told."""

    metric: str
    label: str
    group: str
    group_label: str
    n: int
    p50_s: float | None
    p90_s: float | None
    p95_s: float | None
    judged: int | None
    breaches: int | None
    overdue: int | None
    suppressed: bool


class RateOut(BaseModel):
    """Of ``n`` that were judged ``met`` are as the label says; ``rate`` None when there are none (or too few)."""

    code: str
    label: str
    source: str
    n: int
    met: int | None
    rate: float | None


class CountOut(BaseModel):
    """So many of a kind."""

    code: str
    label: str
    n: int


class HandsOut(BaseModel):
    """Time in somebody's hands, and its share of all time; ``paused``: the consult clock stood still."""

    owner: str
    label: str
    paused: bool
    seconds: float
    share: float


class WholeOut(BaseModel):
    """What is told of all cases together."""

    cases: int
    indicators: list[RateOut]
    first_time_right: RateOut
    reasons: list[CountOut]
    funnel: list[CountOut]
    hands: list[HandsOut]
    paused_share: float
    discrepancy: RateOut


class TurnaroundCaseOut(BaseModel):
    """A case behind a figure, without its patient; ``opens``: you may open the case."""

    id: str
    number: str
    state: str
    priority: str
    service_type: str
    requesting_site: str
    performing_site: str
    modality: str
    body_part: str
    submitted_at: datetime
    value_s: float | None
    breached: bool
    overdue: bool
    opens: bool


class TurnaroundOut(BaseModel):
    """The tiles, or with ``cases`` the cases behind one of them; ``next`` is the cursor for ``after``."""

    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    by: str
    now: datetime
    tiles: list[TileOut] = []
    whole: WholeOut | None = None
    items: list[TurnaroundCaseOut] = []
    next: str | None = None


class NamedOut(BaseModel):
    """A value that cases can be narrowed by, with its name."""

    code: str
    label: str


class ChoicesOut(BaseModel):
    """What the cases of a period can be narrowed by; ``by_people``: figures by specialist are yours to see."""

    sites: list[NamedOut]
    performing_sites: list[NamedOut]
    modalities: list[str]
    by_people: bool


class MonthPath(BaseModel):
    """A month, such as 2026-10."""

    month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-[0-9]{2}$")]


class MonthOut(BaseModel):
    """A monthly report that is there."""

    month: str
    made_at: datetime


class MonthsOut(BaseModel):
    """The monthly reports, newest first."""

    items: list[MonthOut]
