"""The clocks of a case: none is ever started or stopped; each runs in some states, and its reading follows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from consult.domain.calendars import CHINA, Calendar, add_business, business_seconds_between
from consult.domain.errors import Words

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

RETURNED_EXPIRES_S = 7 * DAY
"""A case that was returned and never resubmitted expires after this."""

ESCALATION_SHARES = (0.5, 0.8, 1.0)
"""At these shares of the consult clock's limit a case escalates by one level (T31)."""


class Pace(StrEnum):
    """Which time a limit counts."""

    ALWAYS = "always"
    BUSINESS = "business"


class Limit(NamedTuple):
    """How long a clock may run, in seconds of its pace."""

    seconds: float
    pace: Pace = Pace.ALWAYS


class Origin(StrEnum):
    """Where a clock counts from, besides the states it runs in."""

    STATE = "state"  # from the moment the case comes into such a state
    EXAM = "exam"  # from the start of the examination, without a pause, to the first state that does not run it
    IMAGES = "images"  # as STATE, but not before the images were complete, where that moment is known


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock: its limit by priority (no entry: no limit), and the states in which it pauses.

    A state that neither runs nor pauses it ends its round: a report that is corrected next month is timed anew.
    """

    name: str
    label: Words
    limits: Mapping[str, Limit]
    pauses_in: frozenset[str] = frozenset()
    origin: Origin = Origin.STATE


ASKED_BACK = frozenset({"awaiting_images", "returned"})
SIGN_LIMITS = {"emergency": Limit(30 * MINUTE), "urgent": Limit(4 * HOUR), "routine": Limit(24 * HOUR)}

CLOCKS: tuple[Clock, ...] = (
    Clock("consult", Words("会诊用时", "consult"), SIGN_LIMITS, ASKED_BACK | {"scheduled"}),
    # National rule: an emergency X-ray or CT is reported within two hours of the examination.
    Clock("patient", Words("患者等候", "patient"), {"emergency": Limit(2 * HOUR)}, origin=Origin.EXAM),
    Clock(
        "accept",
        Words("接诊", "acceptance"),
        {
            "emergency": Limit(3 * MINUTE),
            "urgent": Limit(10 * MINUTE),
            "routine": Limit(60 * MINUTE, Pace.BUSINESS),
        },
        ASKED_BACK,
    ),
    Clock("sign", Words("签发", "signature"), SIGN_LIMITS, ASKED_BACK | {"scheduled"}, Origin.IMAGES),
    Clock(
        "supplement",
        Words("补充资料", "supplement"),
        {"emergency": Limit(30 * MINUTE), "urgent": Limit(24 * HOUR), "routine": Limit(24 * HOUR)},
    ),
    Clock(
        "delivery",
        Words("送达", "delivery"),
        {"emergency": Limit(5 * MINUTE), "urgent": Limit(15 * MINUTE), "routine": Limit(60 * MINUTE)},
    ),
    Clock(
        "acknowledge",
        Words("申请方确认", "acknowledgement"),
        {
            "emergency": Limit(15 * MINUTE),
            "urgent": Limit(8 * HOUR, Pace.BUSINESS),  # eight business hours: the same time on the next business day
            "routine": Limit(8 * HOUR, Pace.BUSINESS),
        },
    ),
)
"""Names as in workflow.STATES, which says what runs where. All limits but the two-hour rule are our defaults."""


class Stay(Protocol):
    """A case came into a state at a moment; the stay ends where the next one begins."""

    @property
    def state(self) -> str:
        """The code of the state."""
        ...

    @property
    def since(self) -> datetime:
        """When the case came into it (aware)."""
        ...


class Mark(NamedTuple):
    """The moment at which a clock stood, or will stand if nothing pauses it, at a share of its limit."""

    share: float
    at: datetime


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a clock shows now.

    ``limit_s`` and ``used_s`` are seconds of the clock's pace (``limit_s`` None: no limit); ``running`` says that it
    counts at this very moment, ``runs`` that the case's state runs it, though business time may rest just now;
    ``due_at`` is when the limit was or will be reached (None while it pauses before that);
    ``marks`` are the moments of 50, 80 and 100 % that are known.
    """

    name: str
    label: Words
    limit_s: float | None
    used_s: float
    running: bool
    breached: bool
    due_at: datetime | None
    marks: tuple[Mark, ...] = ()
    runs: bool = False

    def level(self, now: datetime) -> int:
        """How many of the marks have passed: 0 to 3."""
        return sum(mark.at <= now for mark in self.marks)


Span = tuple[datetime, datetime]


def read(
    stays: Sequence[Stay],
    now: datetime,
    priority: str,
    runs: Mapping[str, Collection[str]],
    *,
    exam_started: datetime | None = None,
    images_complete: datetime | None = None,
    calendar: Calendar = CHINA,
    clocks: Sequence[Clock] = CLOCKS,
) -> tuple[ClockReading, ...]:
    """Every clock that has begun, in the table's order.

    ``stays`` are in order of time; ``runs`` maps each state to the names of the clocks that run in it; a state that it
    does not name runs none. The patient clock is left out while the start of the examination is not known.
    """
    readings: list[ClockReading] = []
    for clock in clocks:
        spans, runs_now = _round(clock, stays, now, runs)
        if clock.origin is Origin.EXAM:
            spans, runs_now = _unbroken(clock, stays, now, runs, exam_started)
        elif clock.origin is Origin.IMAGES and images_complete is not None:
            spans = [(max(begin, images_complete), end) for begin, end in spans if end >= images_complete]
        if spans:
            readings.append(_reading(clock, spans, runs_now, now, clock.limits.get(priority), calendar))
    return tuple(readings)


def _timeline(stays: Sequence[Stay], now: datetime) -> list[tuple[str, datetime, datetime]]:
    ends = [*(stay.since for stay in stays[1:]), now]
    return [(str(stay.state), stay.since, max(stay.since, end)) for stay, end in zip(stays, ends, strict=False)]


def _round(
    clock: Clock, stays: Sequence[Stay], now: datetime, runs: Mapping[str, Collection[str]]
) -> tuple[list[Span], bool]:
    """The spans of the newest round of a clock, and whether the last state still runs it."""
    spans: list[Span] = []
    over, runs_now = True, False
    for state, begin, end in _timeline(stays, now):
        runs_now = clock.name in runs.get(state, ())
        if runs_now:
            spans = [(begin, end)] if over else [*spans, (begin, end)]
            over = False
        elif state not in clock.pauses_in:
            over = True
    return spans, runs_now


def _unbroken(
    clock: Clock,
    stays: Sequence[Stay],
    now: datetime,
    runs: Mapping[str, Collection[str]],
    exam_started: datetime | None,
) -> tuple[list[Span], bool]:
    """From the examination to the end of the first round of states that run the clock, in one span."""
    begun, until = False, None
    for state, begin, _ in _timeline(stays, now):
        if clock.name in runs.get(state, ()):
            begun = True
        elif begun:
            until = begin
            break
    if exam_started is None or not begun:
        return [], False
    return [(exam_started, max(exam_started, until or now))], until is None


def _reading(
    clock: Clock, spans: list[Span], runs_now: bool, now: datetime, limit: Limit | None, calendar: Calendar
) -> ClockReading:
    pace = limit.pace if limit else Pace.ALWAYS
    used = sum((_measure(begin, end, pace, calendar) for begin, end in spans), timedelta())
    counting = runs_now and (pace is Pace.ALWAYS or calendar.is_open(now))
    if limit is None:
        return ClockReading(clock.name, clock.label, None, used.total_seconds(), counting, False, None, runs=runs_now)
    whole = timedelta(seconds=limit.seconds)
    marks = tuple(
        Mark(share, at)
        for share in ESCALATION_SHARES
        if (at := _reach(spans, share * whole, pace, calendar, runs_now)) is not None
    )
    return ClockReading(
        name=clock.name,
        label=clock.label,
        limit_s=limit.seconds,
        used_s=used.total_seconds(),
        running=counting,
        breached=used > whole,
        due_at=marks[-1].at if len(marks) == len(ESCALATION_SHARES) else None,
        marks=marks,
        runs=runs_now,
    )


def _measure(begin: datetime, end: datetime, pace: Pace, calendar: Calendar) -> timedelta:
    if pace is Pace.BUSINESS:
        return timedelta(seconds=business_seconds_between(begin, end, calendar))
    return end - begin


def _add(begin: datetime, time: timedelta, pace: Pace, calendar: Calendar) -> datetime:
    return add_business(begin, time.total_seconds(), calendar) if pace is Pace.BUSINESS else begin + time


def _reach(spans: list[Span], target: timedelta, pace: Pace, calendar: Calendar, runs_now: bool) -> datetime | None:
    """When the time in these spans comes to ``target``; after them only if the clock still runs."""
    used = timedelta()
    for begin, end in spans:
        here = _measure(begin, end, pace, calendar)
        if used + here >= target:
            return _add(begin, target - used, pace, calendar)
        used += here
    return _add(spans[-1][1], target - used, pace, calendar) if runs_now else None
