"""Which doctor: hard filters first, then points, and for everyone in the pool the reasons in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import NamedTuple

from consult.domain.agreements import Agreement, agreed
from consult.domain.calendars import CHINA, Calendar
from consult.domain.errors import Words
from consult.domain.modalities import BODY_PARTS
from consult.domain.people import ANY, Person, Role, Skill
from consult.domain.rota import Shift, called_out, on_rota
from consult.domain.routing_policy import STANDARD, Policy, Rule
from consult.domain.work_units import units_of

PART_NAMES: Mapping[str, Words] = {str(part): words for part, words in BODY_PARTS.items()}


@dataclass(frozen=True, slots=True)
class Need:
    """What a case asks of a reader.

    Empty ``modality`` or ``body_part``: not known yet. ``due_at`` is when the report is due. ``conflicts`` are the
    people with a part of their own in the case; ``passed_over`` declined it or let an offer run out; ``affinity`` had
    it before it was returned; ``chair`` was asked by name to lead a multidisciplinary consultation: nobody else fits.
    """

    requesting_site: str
    performing_site: str
    service_type: str
    priority: str
    modality: str
    body_part: str
    due_at: datetime
    subspecialty: str | None = None
    conflicts: frozenset[str] = frozenset()
    passed_over: tuple[str, ...] = ()
    affinity: str | None = None
    chair: str | None = None
    agreements: tuple[Agreement, ...] = ()

    def told(self) -> dict[str, str]:
        """What a rule looks at, by its field names."""
        return {
            "modality": self.modality,
            "body_part": self.body_part,
            "subspecialty": self.subspecialty or "",
            "requesting_site": self.requesting_site,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who might read, with what they have on their hands.

    ``open_units`` is work taken and not finished, ``recent_units`` work given in the fairness window (a week), both in
    work units; ``prior_reads`` counts reports on this patient, ``site_reads`` reports for this requesting site;
    ``unopened`` cases are offered or accepted and not begun; ``unanswered`` offers ran out since the last sign of
    life; ``seen`` says that they worked here in the last minutes (None: not known).
    """

    person: Person
    shifts: tuple[Shift, ...] = ()
    open_units: float = 0.0
    recent_units: float = 0.0
    prior_reads: int = 0
    site_reads: int = 0
    unopened: int = 0
    unanswered: int = 0
    seen: bool | None = None


class Exclusion(NamedTuple):
    """Why someone cannot have the case."""

    code: str
    words: Words


class Reason(NamedTuple):
    """What speaks for someone, in points."""

    code: str
    words: Words
    points: float


@dataclass(frozen=True, slots=True)
class Explained:
    """What the router thought of one candidate: points with reasons, or what ruled them out."""

    person_id: str
    name: str
    score: float
    reasons: tuple[Reason, ...] = ()
    excluded_by: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True)
class Routing:
    """The decision: whom to offer it to (None: nobody fits, or ``broadcast`` to the whole pool), and why.

    ``ranking`` holds everyone that was looked at, best first, those ruled out last.
    """

    chosen: Explained | None
    ranking: tuple[Explained, ...]
    broadcast: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What the tables below look at besides need and candidate."""

    now: datetime
    calendar: Calendar
    policy: Policy
    units: float
    rules: tuple[Rule, ...] = ()
    mean_recent_units: float = 0.0


class Filter(NamedTuple):
    """One hard condition; a candidate for whom it fails cannot have the case.

    ``router_only``: the router leaves them out, a coordinator or their own hand may still do it.
    """

    code: str
    words: Words
    holds: Callable[[Need, Candidate, Moment], bool]
    router_only: bool = False


def _skills(need: Need, candidate: Candidate) -> list[Skill]:
    return [s for s in candidate.person.skills if s.covers(need.modality, need.body_part, need.subspecialty)]


def _named(need: Need, candidate: Candidate) -> bool:
    return need.chair == candidate.person.id


def _agreed(need: Need, candidate: Candidate, moment: Moment) -> bool:
    day = moment.calendar.local_day(moment.now)
    at_home = candidate.person.institution_code == need.performing_site
    return at_home and agreed(need.agreements, need.requesting_site, need.performing_site, need.service_type, day)


def _licensed(_: Need, candidate: Candidate, moment: Moment) -> bool:
    licence = candidate.person.licence
    return licence is not None and licence.valid_on(moment.calendar.local_day(moment.now))


FILTERS: tuple[Filter, ...] = (
    Filter(
        "inactive",
        Words("账号已停用或不是会诊专家", "the account is closed, or not a specialist's"),
        lambda _, c, __: c.person.active and Role.SPECIALIST in c.person.roles,
    ),
    Filter(
        "no-agreement",
        Words("与申请机构没有有效协议", "no agreement in force with the requesting site"),
        _agreed,
    ),
    Filter("no-licence", Words("没有有效的执业证", "no valid licence"), _licensed),
    Filter(
        "no-skill",
        Words("不读此类检查（设备、部位或亚专业不符）", "does not read this modality, body part or subspecialty"),
        lambda need, c, _: _named(need, c) or bool(_skills(need, c)),
    ),
    Filter(
        "off-rota",
        Words("现在不当班（听班只接急诊）", "not on duty now (on call is for emergencies)"),
        lambda need, c, m: _named(need, c) or on_rota(c.shifts, c.person.id, m.now, need.priority == "emergency"),
    ),
    Filter(
        "load-limit",
        Words("在手工作已达上限", "has as much open work as agreed"),
        lambda need, c, m: _named(need, c) or c.open_units + m.units <= c.person.load_limit_units,
    ),
    Filter(
        "conflict",
        Words("与本例有利益关系（本人申请或相关）", "has a part of their own in this case"),
        lambda need, c, _: c.person.id not in need.conflicts,
    ),
    Filter(
        "not-chair",
        Words("多学科会诊由主席接诊", "the chair takes a multidisciplinary consultation"),
        lambda need, c, _: need.chair is None or _named(need, c),
    ),
    Filter(
        "rule",
        Words("本院派单规则不允许", "the house's routing rules say no"),
        lambda need, c, m: _named(need, c) or all(_meets(rule, c) for rule in m.rules if rule.hard),
    ),
    Filter(
        "passed-over",
        Words("已退单或未按时接诊", "declined it, or let the offer run out"),
        lambda need, c, _: c.person.id not in need.passed_over,
        router_only=True,
    ),
    Filter(
        "hands-full",
        Words("手上还有未开始的病例，先留给有空的人", "has cases not begun yet; it waits for whoever is free"),
        lambda need, c, m: _named(need, c) or need.priority == "emergency" or c.unopened < m.policy.unopened,
        router_only=True,
    ),
    Filter(
        "not-answering",
        Words("上次派单未应答，此后没有上线", "let an offer run out, and was not seen since"),
        lambda need, c, _: _named(need, c) or not c.unanswered,
        router_only=True,
    ),
)


def _meets(rule: Rule, candidate: Candidate) -> bool:
    person = candidate.person
    return (
        (not rule.pool or person.id in rule.pool)
        and (not rule.skill or any(skill.subspecialty == rule.skill for skill in person.skills))
        and (not rule.language or person.language == rule.language)
    )


class Score(NamedTuple):
    """One thing that speaks for a candidate; it answers the words and the points, or None when it says nothing."""

    code: str
    judge: Callable[[Need, Candidate, Moment], tuple[Words, float] | None]


def _slack(need: Need, candidate: Candidate, moment: Moment) -> tuple[Words, float]:
    """Time left after the open work and the reading itself: three classes, so that small differences do not count."""
    left_s = (need.due_at - moment.now).total_seconds()
    slack_s = left_s - (candidate.open_units + moment.units) * moment.policy.seconds_per_unit
    busy = f"{candidate.open_units:g}"
    if slack_s < 0:
        return Words(f"手上工作量 {busy}，可能赶不上", f"{busy} units open, may be late"), 0.0
    if slack_s < left_s / 2:
        return Words(f"手上工作量 {busy}，时间较紧", f"{busy} units open, time is tight"), 20.0
    return Words(f"手上工作量 {busy}，时间充裕", f"{busy} units open, time enough"), 40.0


def _skill_fit(need: Need, candidate: Candidate, _: Moment) -> tuple[Words, float]:
    skills = _skills(need, candidate)
    if need.subspecialty is not None:
        return Words(f"亚专业相符（{need.subspecialty}）", f"subspecialty {need.subspecialty}"), 30.0
    if need.body_part and any(skill.body_part != ANY for skill in skills):
        part = PART_NAMES.get(need.body_part, Words(need.body_part, need.body_part))
        return Words(f"专长：{need.modality} {part.zh}", f"reads {need.modality} {part.en.lower()}"), 20.0
    what = need.modality or "*"
    return Words(f"可读 {what}", f"reads {what}"), 10.0


def _same_case(need: Need, candidate: Candidate, _: Moment) -> tuple[Words, float] | None:
    if candidate.person.id != need.affinity:
        return None
    return Words("退回前由其负责", "had this case before it was returned"), 30.0


def _prior_reader(_: Need, candidate: Candidate, __: Moment) -> tuple[Words, float] | None:
    n = candidate.prior_reads
    if not n:
        return None
    return Words(f"曾读此患者 {n} 次", f"has read this patient {n} time{'s' if n > 1 else ''}"), 15.0


def _site_affinity(need: Need, candidate: Candidate, _: Moment) -> tuple[Words, float] | None:
    n = candidate.site_reads
    if not n:
        return None
    return Words(f"熟悉申请机构（{n} 例）", f"knows {need.requesting_site} ({n} cases)"), float(min(n, 5))


def _fairness(_: Need, candidate: Candidate, moment: Moment) -> tuple[Words, float] | None:
    deficit = round(max(-15.0, min(15.0, moment.mean_recent_units - candidate.recent_units)), 1)
    if not deficit:
        return None
    zh, en = ("少", "below") if deficit > 0 else ("多", "above")
    by = f"{abs(deficit):g}"
    return Words(f"近一周工作量比平均{zh} {by}", f"{by} units {en} the week's mean"), deficit


def _free_now(need: Need, candidate: Candidate, _: Moment) -> tuple[Words, float] | None:
    if candidate.open_units or candidate.unopened:
        return None
    return Words("手上没有病例，可马上开始", "has nothing open, can begin at once"), FREE_POINTS[need.priority]


def _seen(_: Need, candidate: Candidate, __: Moment) -> tuple[Words, float] | None:
    if not candidate.seen:
        return None
    return Words("正在线上", "is here now"), 20.0


def _on_call(_: Need, candidate: Candidate, moment: Moment) -> tuple[Words, float] | None:
    if not called_out(candidate.shifts, candidate.person.id, moment.now):
        return None
    return Words("听班，当班的人先接", "on call; those on duty come first"), -60.0


def _ruled(_: Need, candidate: Candidate, moment: Moment) -> tuple[Words, float] | None:
    met = [rule for rule in moment.rules if not rule.hard and _meets(rule, candidate)]
    if not met:
        return None
    names = "、".join(rule.note for rule in met)
    return Words(f"派单规则：{names}", f"routing rules: {names}"), fsum(rule.points for rule in met)


FREE_POINTS: Mapping[str, float] = {"emergency": 40.0, "urgent": 20.0, "routine": 10.0}

SCORES: tuple[Score, ...] = (
    Score("slack", _slack),
    Score("skill-fit", _skill_fit),
    Score("free-now", _free_now),
    Score("seen", _seen),
    Score("on-call", _on_call),
    Score("same-case", _same_case),
    Score("prior-reader", _prior_reader),
    Score("site-affinity", _site_affinity),
    Score("fairness", _fairness),
    Score("rule", _ruled),
)


def _moment(need: Need, now: datetime, calendar: Calendar, policy: Policy, mean: float = 0.0) -> Moment:
    told = need.told()
    rules = tuple(rule for rule in policy.rules if rule.covers(told))
    return Moment(now, calendar, policy, units_of(policy.units, need.modality, need.body_part), rules, mean)


def excluded_by(
    need: Need,
    candidate: Candidate,
    now: datetime,
    calendar: Calendar = CHINA,
    policy: Policy = STANDARD,
    by_hand: bool = False,
) -> tuple[Exclusion, ...]:
    """Every hard condition that fails for this candidate, in the table's order; empty when they may have the case.

    ``by_hand``: a coordinator gives it, or they take it themselves; what only the router minds does not count.
    """
    moment = _moment(need, now, calendar, policy)
    return tuple(
        Exclusion(f.code, f.words)
        for f in FILTERS
        if not (by_hand and f.router_only) and not f.holds(need, candidate, moment)
    )


def is_anyone_fit(
    need: Need, candidates: Iterable[Candidate], now: datetime, calendar: Calendar = CHINA, policy: Policy = STANDARD
) -> bool:
    """Whether the router may offer it to one of them; what changes most is looked at first."""
    moment = _moment(need, now, calendar, policy)
    return any(all(f.holds(need, c, moment) for f in reversed(FILTERS)) for c in candidates)


def route(
    need: Need,
    candidates: Sequence[Candidate],
    now: datetime,
    calendar: Calendar = CHINA,
    policy: Policy = STANDARD,
) -> Routing:
    """Choose a reader; the same input gives the same answer, whatever the order of the candidates.

    Ties go to who was given less, then to who has less open, then by id.
    """
    out = {c.person.id: excluded_by(need, c, now, calendar, policy) for c in candidates}
    fit = [c for c in candidates if not out[c.person.id]]
    mean = fsum(c.recent_units for c in fit) / len(fit) if fit else 0.0
    moment = _moment(need, now, calendar, policy, mean)
    scored = [(_explain(need, c, moment), c) for c in fit]
    scored.sort(key=lambda pair: (-pair[0].score, pair[1].recent_units, pair[1].open_units, pair[0].person_id))
    ranked = [explained for explained, _ in scored]
    ruled_out = [
        Explained(c.person.id, c.person.name, 0.0, excluded_by=out[c.person.id])
        for c in sorted(candidates, key=lambda c: c.person.id)
        if out[c.person.id]
    ]
    broadcast = need.priority == "emergency" and len(need.passed_over) >= policy.broadcast_after
    chosen = ranked[0] if ranked and not broadcast else None
    return Routing(chosen, (*ranked, *ruled_out), broadcast)


def _explain(need: Need, candidate: Candidate, moment: Moment) -> Explained:
    reasons: list[Reason] = []
    for score in SCORES:
        judged = score.judge(need, candidate, moment)
        if judged is not None:
            words, points = judged
            reasons.append(Reason(score.code, words, round(points * moment.policy.weights.get(score.code, 1.0), 1)))
    total = round(sum(reason.points for reason in reasons), 1)
    return Explained(candidate.person.id, candidate.person.name, total, tuple(reasons))
