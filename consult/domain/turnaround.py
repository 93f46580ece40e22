"""Turnaround: what is measured of a case, from which moment to which, and how many measures become one figure.

A case is measured from its facts alone and without looking at the clock: what is still open is kept with the moment
at which it will be late, so that figures are exact at any later time and can be made again from the log.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from consult.domain import clocks
from consult.domain.cases import PRIORITY_RANK, Case, Priority, State, Stay
from consult.domain.clocks import ASKED_BACK, Clock
from consult.domain.critical import due_at, told_in_time
from consult.domain.errors import Words
from consult.domain.events import Fact
from consult.domain.indicators import OWNERS, TWO_HOURS, X_RAY_AND_CT
from consult.domain.limits import USUAL, LimitBook
from consult.domain.workflow import STATES

PERCENTILES = (50, 90, 95)
SMALLEST = 5
"""Fewer measures than this give no percentile: they would tell of single cases, or of single people."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ABSENT = -1
RUNS = {str(state): row.clocks for state, row in STATES.items()}
SETTLED_WHOLE = frozenset({"complete", "quiet"})


class Moment(StrEnum):
    """What a case's times are measured between."""

    EXAM_STARTED = "exam_started"
    SUBMITTED = "submitted"
    FIRST_INSTANCE = "first_instance"
    IMAGES_COMPLETE = "images_complete"
    TRIAGED = "triaged"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    OPENED = "opened"
    PRELIMINARY_ISSUED = "prelim_issued"
    REVIEW_REQUESTED = "review_requested"
    SIGNED = "signed"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


FIRST_STAYS: Mapping[Moment, State] = {
    Moment.TRIAGED: State.QUEUED,
    Moment.ASSIGNED: State.ASSIGNED,
    Moment.ACCEPTED: State.ACCEPTED,
    Moment.OPENED: State.IN_PROGRESS,
    Moment.PRELIMINARY_ISSUED: State.PRELIMINARY,
    Moment.REVIEW_REQUESTED: State.IN_REVIEW,
    Moment.SIGNED: State.SIGNED,
    Moment.DELIVERED: State.DELIVERED,
    Moment.ACKNOWLEDGED: State.ACKNOWLEDGED,
    Moment.CLOSED: State.CLOSED,
}
"""The moments that are the first coming into a state: a report that is corrected later was signed when it was."""


class Metric(NamedTuple):
    """A span: from the latest known of ``begins`` to the earliest known of ``ends``.

    ``minus_paused`` takes out the time in which the case was back with the requesting side; ``clock`` is the clock
    whose limit it is held to (None: it has no limit).
    """

    name: str
    label: Words
    begins: tuple[Moment, ...]
    ends: tuple[Moment, ...]
    minus_paused: bool = False
    clock: str | None = None


M = Moment
METRICS: tuple[Metric, ...] = (
    Metric("exam_to_submit", Words("检查到申请", "exam to request"), (M.EXAM_STARTED,), (M.SUBMITTED,)),
    Metric("transfer", Words("影像传输", "image transfer"), (M.SUBMITTED, M.FIRST_INSTANCE), (M.IMAGES_COMPLETE,)),
    Metric("request_to_accept", Words("申请到接诊", "request to acceptance"), (M.SUBMITTED,), (M.ACCEPTED,),
           minus_paused=True, clock="accept"),
    Metric("image_to_open", Words("影像到阅片", "images to reading"), (M.IMAGES_COMPLETE, M.SUBMITTED), (M.OPENED,),
           minus_paused=True),
    Metric("read", Words("阅片书写", "reading"), (M.OPENED,),
           (M.PRELIMINARY_ISSUED, M.REVIEW_REQUESTED, M.SIGNED)),
    Metric("review", Words("审核", "review"), (M.REVIEW_REQUESTED,), (M.SIGNED,)),
    Metric("sign_to_delivered", Words("签发到送达", "signature to delivery"), (M.SIGNED,), (M.DELIVERED,),
           clock="delivery"),
    Metric("delivered_to_acknowledged", Words("送达到确认", "delivery to acknowledgement"), (M.DELIVERED,),
           (M.ACKNOWLEDGED,), clock="acknowledge"),
    Metric("consult_tat", Words("会诊用时", "consult turnaround"), (M.SUBMITTED,), (M.SIGNED,), minus_paused=True,
           clock="consult"),
    Metric("patient_tat", Words("患者等候", "patient turnaround"), (M.EXAM_STARTED,), (M.SIGNED,), clock="patient"),
)  # fmt: skip
"""METRICS: names are stable outside. A span that would end before it begins is none."""
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}

FUNNEL: tuple[tuple[Moment, Words], ...] = (
    (M.SUBMITTED, Words("已提交", "submitted")),
    (M.TRIAGED, Words("已受理", "taken in")),
    (M.ACCEPTED, Words("已接诊", "accepted")),
    (M.OPENED, Words("已阅片", "opened")),
    (M.SIGNED, Words("已签发", "signed")),
    (M.DELIVERED, Words("已送达", "delivered")),
    (M.ACKNOWLEDGED, Words("已确认", "acknowledged")),
)
"""How far cases came, in order."""

OTHER = "other"
RETURN_REASONS: Mapping[str, Words] = {
    "thin": Words("薄层原始序列", "the thin original series"),
    "full": Words("完整的全部序列", "all series, complete"),
    "contrast": Words("增强扫描序列", "the contrast series"),
    "history": Words("详细病史和查体", "a detailed history and examination"),
    "labs": Words("检验结果", "laboratory results"),
    "priors": Words("既往影像或报告", "prior images or reports"),
    "consent": Words("患者知情同意", "the patient's consent"),
    "identity": Words("核对患者身份信息", "a check of the patient's identity"),
    OTHER: Words("其他", "other"),
}
"""What a case was returned for, as the page offers it; what was typed freely is "other": it could name a patient."""

CONCORDANCES = ("", "concordant", "partly", "discordant")
OWNER_KEYS: tuple[tuple[str, bool], ...] = tuple(
    dict.fromkeys(
        (row.owner, str(state) in ASKED_BACK)
        for state, row in STATES.items()
        if row.live and state not in (State.DRAFT, State.ACKNOWLEDGED)
    )
)
"""Whose hands a case's time can be in, and whether the consult clock stood still meanwhile."""

NOT_JUDGED, IN_TIME, LATE = 0, 1, 2
"""A verdict is one of these, or, while it is open, the moment (µs since 1970) after which it is late."""

VERDICT = ".verdict"
COLUMNS: tuple[str, ...] = (
    "submitted",
    "priority",
    *(metric.name for metric in METRICS),
    *(metric.name + VERDICT for metric in METRICS),
    *(f"owner.{owner}{'.paused' if paused else ''}" for owner, paused in OWNER_KEYS),
    "held",  # 1 + the place in OWNER_KEYS of whoever has it now, 0: nobody
    "held_since",
    "reached",  # a bit for each step of FUNNEL
    "returned",  # a bit for each of RETURN_REASONS
    "concordance",  # place in CONCORDANCES
    "emergency",  # the verdict of the two-hour indicator
)
"""The figures of a case in this order, all whole numbers: moments and spans in µs, ABSENT where there is none."""
PLACE: Mapping[str, int] = {name: place for place, name in enumerate(COLUMNS)}


@dataclass(frozen=True, slots=True)
class Timed:
    """A submitted case measured: ``figures`` as COLUMNS says, ``alerts`` the verdict of each critical finding."""

    case: Case
    submitted_at: datetime
    figures: tuple[int, ...]
    alerts: tuple[int, ...]

    def figure(self, name: str) -> int:
        """One of COLUMNS."""
        return self.figures[PLACE[name]]


def micros(span: timedelta) -> int:
    """A length of time in whole µs."""
    return span // MICROSECOND


def instant(at: datetime) -> int:
    """A moment in µs since 1970."""
    return micros(at - EPOCH)


def nearest_rank(n: int, percent: int) -> int:
    """Where in ``n`` ordered measures, from 0, that percentile stands: the smallest that so many do not exceed."""
    return max(0, (percent * n + 99) // 100 - 1)


def measure(case: Case, told: Sequence[Fact], images: Sequence[Fact], book: LimitBook = USUAL) -> Timed | None:
    """A case measured; None for one that was never submitted, or was entered in error.

    ``told`` are the case's facts, ``images`` those of its studies at the requesting institution, both in order.
    """
    at = _moments(case, images)
    submitted = at.get(Moment.SUBMITTED)
    if submitted is None or case.state is State.ENTERED_IN_ERROR:
        return None
    spans = [_span(metric, case, at) for metric in METRICS]
    held_to = book.clocks(case.performing_site, str(case.service_type))
    verdicts = [_verdict(metric, case, at, held_to) for metric in METRICS]
    figures = (
        instant(submitted),
        PRIORITY_RANK[case.priority],
        *spans,
        *verdicts,
        *_owned(case),
        sum(1 << place for place, (moment, _) in enumerate(FUNNEL) if moment in at),
        _returned(told),
        CONCORDANCES.index(case.concordance) if case.concordance in CONCORDANCES else 0,
        _emergency(case, at),
    )
    alerts = tuple(
        _judged(due_at(alert), None if alert.acknowledged_at is None else bool(told_in_time(alert, case.updated_at)))
        for alert in case.alerts
    )
    return Timed(case, submitted, figures, alerts)


def _moments(case: Case, images: Sequence[Fact]) -> dict[Moment, datetime]:
    at: dict[Moment, datetime] = {}
    if case.exam_started is not None:
        at[Moment.EXAM_STARTED] = case.exam_started
    left_draft = next((stay for stay in case.stays if stay.state is not State.DRAFT), None)
    if left_draft is not None and left_draft.state in (State.SUBMITTED, State.QUEUED):
        at[Moment.SUBMITTED] = left_draft.since
    for moment, state in FIRST_STAYS.items():
        first = next((stay.since for stay in case.stays if stay.state is state), None)
        if first is not None:
            at[moment] = first
    arrived = [fact.at for fact in images if fact.kind == "study_received"]
    if arrived:
        at[Moment.FIRST_INSTANCE] = min(arrived)
    whole = [_first_whole(images, uid) for uid in case.study_uids]
    known = [moment for moment in whole if moment is not None]
    if known and len(known) == len(whole):
        at[Moment.IMAGES_COMPLETE] = max(known)
    return at


def _first_whole(images: Iterable[Fact], study_uid: str) -> datetime | None:
    """When a study was first found settled with nothing missing."""
    return next(
        (
            fact.at
            for fact in images
            if fact.subject_id == study_uid and fact.kind == "study_settled" and fact.data["status"] in SETTLED_WHOLE
        ),
        None,
    )


def _bounds(metric: Metric, at: Mapping[Moment, datetime]) -> tuple[datetime, datetime] | None:
    begins = [at[moment] for moment in metric.begins if moment in at]
    ends = [at[moment] for moment in metric.ends if moment in at]
    return (max(begins), min(ends)) if begins and ends and max(begins) <= min(ends) else None


def _span(metric: Metric, case: Case, at: Mapping[Moment, datetime]) -> int:
    bounds = _bounds(metric, at)
    if bounds is None:
        return ABSENT
    begin, end = bounds
    paused = _paused(case, begin, end) if metric.minus_paused else timedelta()
    return micros(end - begin - paused)


def _paused(case: Case, begin: datetime, end: datetime) -> timedelta:
    """How long the case was back with the requesting side between two moments."""
    return sum(
        (
            max(timedelta(), min(end, until) - max(begin, since))
            for state, since, until in case.stay_ends(end)
            if str(state) in ASKED_BACK
        ),
        timedelta(),
    )


def _verdict(metric: Metric, case: Case, at: Mapping[Moment, datetime], held_to: Sequence[Clock]) -> int:
    """Whether it kept its limit: by the clock's own reading, which knows business hours and pauses."""
    if metric.clock is None:
        return NOT_JUDGED
    ended = at.get(metric.ends[0])
    stays: Sequence[Stay] = case.stays if ended is None else _until(case.stays, ended)
    now = case.updated_at if ended is None else ended
    readings = clocks.read(stays, now, str(case.priority), RUNS, exam_started=case.exam_started, clocks=held_to)
    reading = next((each for each in readings if each.name == metric.clock), None)
    if reading is None or reading.limit_s is None:
        return NOT_JUDGED
    if ended is not None:
        return LATE if reading.breached else IN_TIME
    return NOT_JUDGED if reading.due_at is None else instant(reading.due_at)


def _until(stays: Sequence[Stay], moment: datetime) -> list[Stay]:
    return [stay for stay in stays if stay.since <= moment]


def _judged(due: datetime, in_time: bool | None) -> int:
    return instant(due) if in_time is None else IN_TIME if in_time else LATE


def _emergency(case: Case, at: Mapping[Moment, datetime]) -> int:
    """The two-hour indicator, which counts emergency X-ray and CT only."""
    if case.priority is not Priority.EMERGENCY or case.modality not in X_RAY_AND_CT or case.exam_started is None:
        return NOT_JUDGED
    due = case.exam_started + TWO_HOURS
    signed = at.get(Moment.SIGNED)
    if signed is None and not STATES[case.state].live:
        return LATE if case.stays[-1].since > due else NOT_JUDGED
    return _judged(due, None if signed is None else signed <= due)


def _owned(case: Case) -> tuple[int, ...]:
    """The time in each owner's hands over the stays that ended; then who has it now, and since when."""
    spent = dict.fromkeys(OWNER_KEYS, 0)
    last = len(case.stays) - 1
    held, since_held = 0, ABSENT
    for place, (state, since, until) in enumerate(case.stay_ends(case.stays[-1].since)):
        key = (STATES[state].owner, str(state) in ASKED_BACK)
        if key not in spent or not STATES[state].live or state in (State.DRAFT, State.ACKNOWLEDGED):
            continue
        if place == last:
            held, since_held = OWNER_KEYS.index(key) + 1, instant(since)
        else:
            spent[key] += micros(until - since)
    return (*spent.values(), held, since_held)


def _returned(told: Iterable[Fact]) -> int:
    """The reasons of every return as bits."""
    codes = list(RETURN_REASONS)
    known = {text: code for code, words in RETURN_REASONS.items() for text in (words.zh, words.en)}
    found = {
        known.get(str(asked["item"]), OTHER)
        for fact in told
        if fact.kind == "return_for_supplement"
        for asked in fact.data["set"]["asked"]
    }
    return sum(1 << codes.index(code) for code in found)


def owner_label(owner: str) -> Words:
    """How an owner of time is called."""
    return OWNERS[owner]
