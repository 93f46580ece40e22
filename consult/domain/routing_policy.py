"""How a house routes, as data: rules, weights, work units and timers, in versions that say who changed them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from consult.domain.errors import FieldError, Invalid, Words
from consult.domain.modalities import BODY_PARTS, MODALITIES
from consult.domain.work_units import ANY_PART, MOST_UNITS, SEED_UNITS, UnitTable

EVERY = "*"

ACCEPT_TIMER_S: Mapping[str, float] = {"emergency": 90, "urgent": 600, "routine": 3600}
"""How long an offer stands before the next one is asked, in seconds, by priority."""

SHORTEST_TIMER_S, LONGEST_TIMER_S = 30.0, 86400.0
MOST_POINTS, MOST_WEIGHT = 200.0, 10.0
MOST_RULES = 200

WEIGHABLE = ("slack", "skill-fit", "free-now", "seen", "same-case", "prior-reader", "site-affinity", "fairness")
"""The scores whose points a house may weigh; the rules' points and the call-out stand as they are."""


@dataclass(frozen=True, slots=True)
class Rule:
    """For such cases (each field a value, or ``*`` for any) readers must, or should, be such.

    ``pool`` are person ids (empty: anyone); ``skill`` a subspecialty they hold, ``language`` one they chose (empty:
    not asked). ``hard``: who is not such is ruled out; else who is such gets ``points``, which may be negative.
    """

    note: str
    modality: str = EVERY
    body_part: str = EVERY
    subspecialty: str = EVERY
    requesting_site: str = EVERY
    priority: str = EVERY
    pool: tuple[str, ...] = ()
    skill: str = ""
    language: str = ""
    hard: bool = False
    points: float = 0.0

    def covers(self, told: Mapping[str, str]) -> bool:
        """Whether the rule speaks of a case with these values, by field name."""
        return all(getattr(self, name) in (EVERY, value) for name, value in told.items())


@dataclass(frozen=True, slots=True)
class Policy:
    """What the router goes by at one performing institution.

    ``weights`` multiply the points of a score (1 where absent); ``broadcast_after`` is the number of missed offers
    after which an emergency goes to the whole pool; ``unopened`` how many cases that are not emergencies somebody
    may have before them unopened: the rest waits in the pool for whoever is free first.
    """

    rules: tuple[Rule, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    units: UnitTable = field(default_factory=lambda: SEED_UNITS)
    accept_s: Mapping[str, float] = field(default_factory=lambda: ACCEPT_TIMER_S)
    broadcast_after: int = 2
    unopened: int = 2
    seconds_per_unit: float = 600.0


STANDARD = Policy()
"""What holds where a house decided nothing."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A version of an institution's policy: number, when, by whom and why; number 0 is the standard itself."""

    institution: str
    version: int
    policy: Policy
    changed_at: datetime | None = None
    changed_by: str = ""
    note: str = ""


PRIORITIES = ("emergency", "urgent", "routine")


def check_policy(policy: Policy, people: Collection[str]) -> None:
    """Raises Invalid with every field that is wrong; ``people`` are the ids of those who may stand in a pool."""
    wrong = [*_rules(policy, people), *_numbers(policy)]
    if wrong:
        raise Invalid(wrong[0].sentence, wrong)


def _rules(policy: Policy, people: Collection[str]) -> list[FieldError]:
    wrong: list[FieldError] = []
    if len(policy.rules) > MOST_RULES:
        wrong.append(FieldError("rules", Words(f"最多 {MOST_RULES} 条规则。", f"At most {MOST_RULES} rules.")))
    for n, rule in enumerate(policy.rules):
        at = f"rules.{n}"
        if not rule.note.strip():
            wrong.append(FieldError(f"{at}.note", Words("请写明规则的名称。", "Give the rule a name.")))
        if rule.modality != EVERY and rule.modality not in MODALITIES:
            wrong.append(FieldError(f"{at}.modality", Words("没有这种设备。", "There is no such modality.")))
        if rule.body_part != EVERY and rule.body_part not in {str(part) for part in BODY_PARTS}:
            wrong.append(FieldError(f"{at}.body_part", Words("没有这个部位。", "There is no such body part.")))
        if rule.priority not in (EVERY, *PRIORITIES):
            wrong.append(FieldError(f"{at}.priority", Words("没有这个优先级。", "There is no such priority.")))
        if not (rule.pool or rule.skill or rule.language):
            words = Words("请选择医师、亚专业或语言。", "Choose people, a subspecialty or a language.")
            wrong.append(FieldError(f"{at}.pool", words))
        if not set(rule.pool) <= set(people):
            wrong.append(FieldError(f"{at}.pool", Words("有人不是本院的会诊专家。", "Someone is no specialist here.")))
        if abs(rule.points) > MOST_POINTS or (not rule.hard and not rule.points):
            words = Words(f"分数在 ±{MOST_POINTS:g} 之间，且不为 0。", f"Points within ±{MOST_POINTS:g}, and not 0.")
            wrong.append(FieldError(f"{at}.points", words))
    return wrong


def _numbers(policy: Policy) -> list[FieldError]:
    def within(name: str, value: float, least: float, most: float) -> list[FieldError]:
        words = Words(f"请填 {least:g} 到 {most:g} 之间的数。", f"Give a number from {least:g} to {most:g}.")
        return [] if least <= value <= most else [FieldError(name, words)]

    wrong = [
        *within("broadcast_after", policy.broadcast_after, 1, 10),
        *within("unopened", policy.unopened, 1, 100),
        *within("seconds_per_unit", policy.seconds_per_unit, 30, 7200),
    ]
    for code, weight in policy.weights.items():
        if code not in WEIGHABLE:
            wrong.append(FieldError(f"weights.{code}", Words("没有这个评分项。", "There is no such score.")))
        wrong += within(f"weights.{code}", weight, 0, MOST_WEIGHT)
    for priority in PRIORITIES:
        wrong += within(f"accept_s.{priority}", policy.accept_s.get(priority, 0), SHORTEST_TIMER_S, LONGEST_TIMER_S)
    for (modality, part), units in policy.units.items():
        where = f"units.{modality}.{part}"
        known = modality in MODALITIES and (part == ANY_PART or part in {str(each) for each in BODY_PARTS})
        if not known:
            wrong.append(FieldError(where, Words("没有这种设备或部位。", "There is no such modality or body part.")))
        wrong += within(where, units, 0.05, MOST_UNITS)
    return wrong


def offer_until(priority: str, now: datetime, shift_end: datetime | None = None, policy: Policy = STANDARD) -> datetime:
    """Until when an offer stands: the accept timer, or the end of the shift where that comes first."""
    until = now + timedelta(seconds=policy.accept_s[priority])
    return until if shift_end is None else min(until, shift_end)
