"""The shapes of rota and routing rules over the API, in and out."""

from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from consult.domain.routing_policy import MOST_RULES, Edition, Policy, Rule
from consult.web.schemas import In, Line

Code = Annotated[str, StringConstraints(pattern="^[A-Z0-9_]{1,32}$")]
PersonId = Annotated[str, StringConstraints(pattern="^[0-9A-Za-z._-]{1,32}$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=32)]


class SitePath(BaseModel):
    """Which institution."""

    site: Code


class RotaNumberPath(SitePath):
    """Which row of the institution's."""

    number: int


class YearPath(SitePath):
    """Which year of the institution's calendar."""

    year: int = Field(ge=2000, le=2100)


class WeekQuery(BaseModel):
    """A day of the week that is looked at."""

    day: date


class VersionsQuery(BaseModel):
    """Versions before this one."""

    before: int | None = None


class RulesQuery(BaseModel):
    """A version; absent: the newest."""

    version: int | None = Field(default=None, ge=0)


class ShiftPatternIn(In):
    """The same shift on many days, local times; ``until`` not after ``since`` is the next morning's."""

    person_id: PersonId
    first: date
    last: date
    days: Literal["all", "workdays", "free"]
    since: time
    until: time
    on_call: bool = False


class AbsenceIn(In):
    """Somebody is away."""

    person_id: PersonId
    start: AwareDatetime
    end: AwareDatetime
    reason: Line = ""


class HouseDaysIn(In):
    """Lines ``2027-01-01,休,元旦`` (休 or off, 班 or work)."""

    text: Annotated[str, StringConstraints(max_length=40_000)]
    source: Line = ""


class RoutingRuleIn(In):
    """For such cases readers must, or should, be such; ``*`` is any."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
    modality: Word = "*"
    body_part: Word = "*"
    subspecialty: Word = "*"
    requesting_site: Word = "*"
    priority: Word = "*"
    pool: list[PersonId] = Field(default_factory=list[str], max_length=500)
    skill: Word = ""
    language: Literal["", "zh-CN", "en"] = ""
    hard: bool = False
    points: float = 0.0

    def told(self) -> Rule:
        """As the rules take it."""
        values = self.model_dump()
        values["pool"] = tuple(self.pool)
        return Rule(**values)


class WorkUnitsIn(In):
    """Work units of a modality's body part; ``*`` is every part."""

    modality: Word
    body_part: Word
    units: float


class RoutingPolicyIn(In):
    """Rules, weights, timers (seconds) and work units of a house."""

    rules: list[RoutingRuleIn] = Field(max_length=MOST_RULES)
    weights: dict[str, float] = Field(default_factory=dict[str, float])
    units: list[WorkUnitsIn] = Field(max_length=500)
    accept_s: dict[str, float]
    broadcast_after: int
    unopened: int
    seconds_per_unit: float

    def policy(self) -> Policy:
        """As the rules take it."""
        return Policy(
            rules=tuple(rule.told() for rule in self.rules),
            weights=self.weights,
            units={(row.modality, row.body_part): row.units for row in self.units},
            accept_s=self.accept_s,
            broadcast_after=self.broadcast_after,
            unopened=self.unopened,
            seconds_per_unit=self.seconds_per_unit,
        )


class RoutingPolicyKept(In):
    """The policy, the version it was made on, and what was changed."""

    policy: RoutingPolicyIn
    version: int = Field(ge=0)
    note: Line


class TrialIn(In):
    """The policy to try, over so many days of the past."""

    policy: RoutingPolicyIn
    days: int = Field(default=7, ge=1, le=31)


class RotaPersonOut(BaseModel):
    """A specialist of the house; ``subspecialties`` they hold."""

    id: str
    name: str
    load_limit_units: float
    subspecialties: list[str]


class ShiftOut(BaseModel):
    """A shift as planned."""

    number: int
    person_id: str
    start: datetime
    end: datetime
    on_call: bool


class AbsenceOut(BaseModel):
    """An absence."""

    number: int
    person_id: str
    start: datetime
    end: datetime
    reason: str


class HouseDayOut(BaseModel):
    """A day against the week: a holiday, or a makeup day on which they work."""

    day: date
    works: bool
    name: str
    source: str


class RotaHouseOut(BaseModel):
    """An institution whose rota one sees."""

    code: str
    name: str


class RotaHousesOut(BaseModel):
    """Those institutions."""

    items: list[RotaHouseOut]


class RotaWeekOut(BaseModel):
    """A week of the rota, Monday to Monday."""

    begin: datetime
    end: datetime
    people: list[RotaPersonOut]
    shifts: list[ShiftOut]
    absences: list[AbsenceOut]
    days: list[HouseDayOut]
    may_change: bool


class HouseDaysOut(BaseModel):
    """The days of a year."""

    items: list[HouseDayOut]


class RotaAddedOut(BaseModel):
    """How many, or which number."""

    added: int


class EditionOut(BaseModel):
    """A version and who made it."""

    version: int
    at: datetime | None
    by: str
    note: str


class EditionsOut(BaseModel):
    """Versions, newest first."""

    items: list[EditionOut]


class RoutingRulesOut(BaseModel):
    """The rules of a version, with what they are made of: people, scores that can be weighed, the units' source."""

    edition: EditionOut
    policy: RoutingPolicyIn
    people: list[RotaPersonOut]
    weighable: list[str]
    units_source: str
    may_change: bool


class TrialOutcomeOut(BaseModel):
    """What rules do: cases nobody could have, late reports, waits in seconds by nearest rank, units by person."""

    nobody: int
    late: int
    wait_p50_s: float | None
    wait_p90_s: float | None
    units: dict[str, float]


class TrialCaseOut(BaseModel):
    """A case that goes elsewhere: who by the rules that hold, who by the changed ones, and who had it."""

    case_id: str
    number: str
    modality: str
    body_part: str
    priority: str
    queued_at: datetime
    had: str
    before: str
    after: str


class TrialOut(BaseModel):
    """Both outcomes over the same cases; of the ``moved`` ones that go elsewhere the last ones one by one."""

    since: datetime
    cases: int
    before: TrialOutcomeOut
    after: TrialOutcomeOut
    moved: int
    changed: list[TrialCaseOut]


class ComingHourOut(BaseModel):
    """A coming hour."""

    begin: datetime
    cases: float
    work_min: float
    capacity_min: float
    people: int
    short: bool


class ComingHoursOut(BaseModel):
    """The coming hours."""

    items: list[ComingHourOut]


def version_out(edition: Edition) -> EditionOut:
    """A version without its rules."""
    return EditionOut(version=edition.version, at=edition.changed_at, by=edition.changed_by, note=edition.note)


def policy_out(policy: Policy) -> RoutingPolicyIn:
    """The rules as they can be sent back."""
    return RoutingPolicyIn(
        rules=[
            RoutingRuleIn.model_validate(
                {**{name: getattr(rule, name) for name in RoutingRuleIn.model_fields}, "pool": [*rule.pool]}
            )
            for rule in policy.rules
        ],
        weights=dict(policy.weights),
        units=[WorkUnitsIn(modality=m, body_part=p, units=units) for (m, p), units in sorted(policy.units.items())],
        accept_s=dict(policy.accept_s),
        broadcast_after=policy.broadcast_after,
        unopened=policy.unopened,
        seconds_per_unit=policy.seconds_per_unit,
    )
