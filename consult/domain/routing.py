"""Which doctor: hard filters first, then points, and for everyone in the pool the reasons in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import fsum
from typing import NamedTuple

from consult.domain.agreements import Agreement, agreed
from consult.domain.calendars import CHINA, Calendar
from consult.domain.errors import Words
from consult.domain.modalities import BODY_PARTS
from consult.domain.people import ANY, Person, Role, Skill

ACCEPT_TIMER_S: Mapping[str, float] = {"emergency": 90, "urgent": 600, "routine": 3600}
"""How long an offer stands before the next one is asked, in seconds, by priority."""

BROADCAST_AFTER: Mapping[str, int] = {"emergency": 2}
"""After so many missed offers a case of this priority goes to the whole pool at once."""

WORK_UNITS: Mapping[str, float] = {"CR": 0.2, "DX": 0.2, "US": 0.6, "MG": 0.7, "CT": 1.0, "MR": 1.5, "PT": 2.0}
"""Reading effort by modality, a head CT being 1; rounded from the ratios of published relative value units."""

PART_NAMES: Mapping[str, Words] = {str(part): words for part, words in BODY_PARTS.items()}

SECONDS_PER_UNIT = 600.0
"""How long one work unit takes to read; with it, open work becomes a wait."""


class Shift(NamedTuple):
    """Someone is on call from ``start`` up to ``end`` (aware; the end itself does not count)."""

    person_id: str
    start: datetime
    end: datetime


def on_rota(shifts: Iterable[Shift], person_id: str, now: datetime) -> bool:
    """Whether this person is on call now."""
    return any(s.person_id == person_id and s.start <= now < s.end for s in shifts)


def shift_ends(shifts: Iterable[Shift], person_id: str, now: datetime) -> datetime | None:
    """When this person goes off call, through shifts that meet or overlap; None when not on call now."""
    mine = sorted((s for s in shifts if s.person_id == person_id), key=lambda s: s.start)
    end: datetime | None = None
    for shift in mine:
        if shift.start <= (end or now) < shift.end:
            end = shift.end
    return end


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

    @property
    def units(self) -> float:
        """The reading effort, in work units."""
        return WORK_UNITS.get(self.modality, 1.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who might read, with what they have on their hands.

    ``open_units`` is work taken and not finished, ``recent_units`` work given in the fairness window (a week), both in
    work units; ``prior_reads`` counts reports on this patient, ``site_reads`` reports for this requesting site.
    """

    person: Person
    shifts: tuple[Shift, ...] = ()
    open_units: float = 0.0
    recent_units: float = 0.0
    prior_reads: int = 0
    site_reads: int = 0


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
    mean_recent_units: float = 0.0


class Filter(NamedTuple):
    """One hard condition; a candidate for whom it fails cannot have the case."""

    code: str
    words: Words
    holds: Callable[[Need, Candidate, Moment], bool]


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
        Words("现在不值班", "not on call now"),
        lambda need, c, m: _named(need, c) or on_rota(c.shifts, c.person.id, m.now),
    ),
    Filter(
        "load-limit",
        Words("在手工作已达上限", "has as much open work as agreed"),
        lambda need, c, _: _named(need, c) or c.open_units + need.units <= c.person.load_limit_units,
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
        "passed-over",
        Words("已退单或未按时接诊", "declined it, or let the offer run out"),
        lambda need, c, _: c.person.id not in need.passed_over,
    ),
)


class Score(NamedTuple):
    """One thing that speaks for a candidate; it answers the words and the points, or None when it says nothing."""

    code: str
    judge: Callable[[Need, Candidate, Moment], tuple[Words, float] | None]


def _slack(need: Need, candidate: Candidate, moment: Moment) -> tuple[Words, float]:
    """Time left after the open work and the reading itself: three classes, so that small differences do not count."""
    left_s = (need.due_at - moment.now).total_seconds()
    slack_s = left_s - (candidate.open_units + need.units) * SECONDS_PER_UNIT
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


SCORES: tuple[Score, ...] = (
    Score("slack", _slack),
    Score("skill-fit", _skill_fit),
    Score("same-case", _same_case),
    Score("prior-reader", _prior_reader),
    Score("site-affinity", _site_affinity),
    Score("fairness", _fairness),
)


def excluded_by(need: Need, candidate: Candidate, now: datetime, calendar: Calendar = CHINA) -> tuple[Exclusion, ...]:
    """Every hard condition that fails for this candidate, in the table's order; empty when they may have the case."""
    moment = Moment(now, calendar)
    return tuple(Exclusion(f.code, f.words) for f in FILTERS if not f.holds(need, candidate, moment))


def route(need: Need, candidates: Sequence[Candidate], now: datetime, calendar: Calendar = CHINA) -> Routing:
    """Choose a reader; the same input gives the same answer, whatever the order of the candidates.

    Ties go to who was given less, then to who has less open, then by id.
    """
    out = {c.person.id: excluded_by(need, c, now, calendar) for c in candidates}
    fit = [c for c in candidates if not out[c.person.id]]
    mean = fsum(c.recent_units for c in fit) / len(fit) if fit else 0.0
    moment = Moment(now, calendar, mean)
    scored = [(_explain(need, c, moment), c) for c in fit]
    scored.sort(key=lambda pair: (-pair[0].score, pair[1].recent_units, pair[1].open_units, pair[0].person_id))
    ranked = [explained for explained, _ in scored]
    ruled_out = [
        Explained(c.person.id, c.person.name, 0.0, excluded_by=out[c.person.id])
        for c in sorted(candidates, key=lambda c: c.person.id)
        if out[c.person.id]
    ]
    broadcast = len(need.passed_over) >= BROADCAST_AFTER.get(need.priority, len(need.passed_over) + 1)
    chosen = ranked[0] if ranked and not broadcast else None
    return Routing(chosen, (*ranked, *ruled_out), broadcast)


def _explain(need: Need, candidate: Candidate, moment: Moment) -> Explained:
    reasons: list[Reason] = []
    for score in SCORES:
        judged = score.judge(need, candidate, moment)
        if judged is not None:
            reasons.append(Reason(score.code, *judged))
    total = round(sum(reason.points for reason in reasons), 1)
    return Explained(candidate.person.id, candidate.person.name, total, tuple(reasons))


def offer_until(priority: str, now: datetime, shift_end: datetime | None = None) -> datetime:
    """Until when an offer stands: the accept timer, or the end of the shift where that comes first."""
    until = now + timedelta(seconds=ACCEPT_TIMER_S[priority])
    return until if shift_end is None else min(until, shift_end)
