"""Who is on duty when: shifts, on call, and the absences that take people out of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from consult.domain.calendars import ASIA_SHANGHAI, Calendar
from consult.domain.errors import FieldError, Invalid, Words

LONGEST_SHIFT, LONGEST_ABSENCE = timedelta(hours=36), timedelta(days=400)
LONGEST_PLAN = 92  # days that are planned at once


class Shift(NamedTuple):
    """Someone is on duty from ``start`` up to ``end`` (aware; the end itself does not count).

    ``on_call`` (听班): at home, to be called for emergencies only.
    """

    person_id: str
    start: datetime
    end: datetime
    on_call: bool = False


def on_rota(shifts: Iterable[Shift], person_id: str, now: datetime, emergency: bool = True) -> bool:
    """Whether this person is on duty now, or on call where an emergency asks."""
    return any(s.person_id == person_id and s.start <= now < s.end and (emergency or not s.on_call) for s in shifts)


def called_out(shifts: Iterable[Shift], person_id: str, now: datetime) -> bool:
    """Whether this person is on call now, and not on duty."""
    theirs = list(shifts)
    return on_rota(theirs, person_id, now) and not on_rota(theirs, person_id, now, emergency=False)


def shift_ends(shifts: Iterable[Shift], person_id: str, now: datetime) -> datetime | None:
    """When this person goes off duty, through shifts that meet or overlap; None when not on the rota now."""
    mine = sorted((s for s in shifts if s.person_id == person_id), key=lambda s: s.start)
    end: datetime | None = None
    for shift in mine:
        if shift.start <= (end or now) < shift.end:
            end = shift.end
    return end


@dataclass(frozen=True, slots=True)
class Absence:
    """Someone is away from ``start`` up to ``end`` (aware), whatever the rota says."""

    person_id: str
    start: datetime
    end: datetime
    reason: str = ""


def present(shifts: Iterable[Shift], absences: Iterable[Absence]) -> list[Shift]:
    """The shifts without the time in which their people are away; a shift may fall into two."""
    away: dict[str, list[Absence]] = {}
    for absence in absences:
        away.setdefault(absence.person_id, []).append(absence)
    left: list[Shift] = []
    for shift in shifts:
        pieces = [shift]
        for absence in away.get(shift.person_id, ()):
            pieces = [each for piece in pieces for each in _without(piece, absence)]
        left += pieces
    return left


def _without(shift: Shift, absence: Absence) -> list[Shift]:
    before = shift._replace(end=min(shift.end, absence.start))
    after = shift._replace(start=max(shift.start, absence.end))
    return [piece for piece in (before, after) if piece.start < piece.end]


class Days(NamedTuple):
    """On which days of a plan a pattern holds."""

    words: Words
    workdays: bool
    free_days: bool


DAYS: dict[str, Days] = {
    "all": Days(Words("每天", "every day"), True, True),
    "workdays": Days(Words("工作日（含调休上班）", "workdays, makeup days too"), True, False),
    "free": Days(Words("休息日和节假日", "weekends and holidays"), False, True),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """The same shift on many days, in local time; an ``until`` that is not after ``since`` is the next morning's."""

    person_id: str
    first: date
    last: date
    days: str
    since: time
    until: time
    on_call: bool = False


def planned(pattern: Pattern, calendar: Calendar) -> list[Shift]:
    """The shifts of a pattern by an institution's calendar. Raises Invalid."""
    span = (pattern.last - pattern.first).days
    wrong: list[FieldError] = []
    if not 0 <= span < LONGEST_PLAN:
        words = Words(f"请选择不超过 {LONGEST_PLAN} 天的一段。", f"Choose a span of at most {LONGEST_PLAN} days.")
        wrong.append(FieldError("last", words))
    if pattern.days not in DAYS:
        wrong.append(FieldError("days", Words("请选择哪些日子。", "Choose on which days.")))
    if wrong:
        raise Invalid(wrong[0].sentence, wrong)
    kind = DAYS[pattern.days]
    shifts: list[Shift] = []
    for n in range(span + 1):
        day = pattern.first + timedelta(days=n)
        if kind.workdays if calendar.is_workday(day) else kind.free_days:
            overnight = timedelta(days=1 if pattern.until <= pattern.since else 0)
            start = datetime.combine(day, pattern.since, calendar.zone)
            end = datetime.combine(day + overnight, pattern.until, calendar.zone)
            shifts.append(Shift(pattern.person_id, start, end, pattern.on_call))
    return shifts


def check_shifts(shifts: Sequence[Shift], people: Iterable[str]) -> None:
    """Raises Invalid for a shift without length, one too long, or one of somebody who is not of the house."""
    known = set(people)
    wrong: list[FieldError] = []
    for n, shift in enumerate(shifts):
        if not timedelta() < shift.end - shift.start <= LONGEST_SHIFT:
            words = Words("班次要有起止，且不超过 36 小时。", "A shift ends after it begins, within 36 hours.")
            wrong.append(FieldError(f"shifts.{n}.end", words))
        if shift.person_id not in known:
            wrong.append(FieldError(f"shifts.{n}.person_id", Words("本院没有这位医师。", "Nobody of that id is here.")))
    if wrong:
        raise Invalid(wrong[0].sentence, wrong)


def check_absence(absence: Absence) -> None:
    """Raises Invalid for an absence without length, or one of more than a year."""
    if not timedelta() < absence.end - absence.start <= LONGEST_ABSENCE:
        raise Invalid.at(
            "end", Words("请假要有起止，且不超过一年。", "An absence ends after it begins, within a year.")
        )


def week_of(day: date) -> tuple[datetime, datetime]:
    """The week (Monday to Monday, local midnight) that a day lies in."""
    monday = day - timedelta(days=day.weekday())
    begin = datetime.combine(monday, time(), ASIA_SHANGHAI)
    return begin, datetime.combine(monday + timedelta(days=7), time(), ASIA_SHANGHAI)
