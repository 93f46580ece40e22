"""Whether the people on duty will do for the coming hours: work as it came in the last weeks, against shifts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from consult.domain.calendars import Calendar
from consult.domain.rota import Shift

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """One coming hour: minutes of reading expected, minutes that people on duty have, those people, cases expected."""

    begin: datetime
    cases: float
    work_min: float
    capacity_min: float
    people: int

    @property
    def short(self) -> bool:
        """Whether more is expected than can be read."""
        return self.work_min > self.capacity_min


def forecast(
    arrived: Iterable[tuple[datetime, float]],
    weeks: int,
    shifts: Sequence[Shift],
    now: datetime,
    hours: int,
    calendar: Calendar,
    seconds_per_unit: float,
) -> list[Hour]:
    """The hours from the one that runs now; ``arrived`` are the moments and work units of the last ``weeks``.

    An hour is expected to bring what the same hour brought on a day of its kind (workday or free) on average.
    """
    first = now.replace(minute=0, second=0, microsecond=0)
    kinds = {True: 0, False: 0}
    for n in range(1, weeks * 7 + 1):
        kinds[calendar.is_workday(calendar.local_day(now - timedelta(days=n)))] += 1
    sums: dict[tuple[bool, int], tuple[int, float]] = {}
    for at, units in arrived:
        key = _key(at, calendar)
        n, total = sums.get(key, (0, 0.0))
        sums[key] = n + 1, total + units
    coming: list[Hour] = []
    for n in range(hours):
        begin = first + n * HOUR
        key = _key(begin, calendar)
        days = max(1, kinds[key[0]])
        cases, units = sums.get(key, (0, 0.0))
        minutes = {s.person_id: 0.0 for s in shifts if not s.on_call}
        for shift in shifts:
            overlap = min(shift.end, begin + HOUR) - max(shift.start, begin)
            if overlap > timedelta() and not shift.on_call:
                minutes[shift.person_id] = min(60.0, minutes[shift.person_id] + overlap.total_seconds() / 60)
        here = [each for each in minutes.values() if each]
        coming.append(Hour(begin, cases / days, units / days * seconds_per_unit / 60, sum(here), len(here)))
    return coming


def _key(at: datetime, calendar: Calendar) -> tuple[bool, int]:
    return calendar.is_workday(calendar.local_day(at)), at.astimezone(calendar.zone).hour
