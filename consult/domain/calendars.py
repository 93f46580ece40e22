"""Business time: when an institution works, with the statutory holidays of China and the 调休 makeup workdays."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate
from zoneinfo import ZoneInfo

from consult.domain.errors import Words

ASIA_SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Holiday:
    """One holiday of a year: free from ``first`` through ``last``; ``makeup`` are the weekend days worked for it."""

    name: Words
    first: date
    last: date
    makeup: tuple[date, ...] = ()

    def days(self) -> Iterator[date]:
        """Each free day, in order."""
        for n in range((self.last - self.first).days + 1):
            yield self.first + n * DAY


@dataclass(frozen=True, slots=True)
class Notice:
    """The holidays of one year as published; ``source`` names the publication."""

    year: int
    source: str
    holidays: tuple[Holiday, ...]


NEW_YEAR = Words("元旦", "New Year")
SPRING = Words("春节", "Spring Festival")
QINGMING = Words("清明节", "Qingming")
LABOUR = Words("劳动节", "Labour Day")
DRAGON_BOAT = Words("端午节", "Dragon Boat")
MID_AUTUMN = Words("中秋节", "Mid-Autumn")
NATIONAL = Words("国庆节", "National Day")

NOTICES: tuple[Notice, ...] = (
    Notice(
        2025,
        "国务院办公厅关于2025年部分节假日安排的通知，2024-11-12",
        (
            Holiday(NEW_YEAR, date(2025, 1, 1), date(2025, 1, 1)),
            Holiday(SPRING, date(2025, 1, 28), date(2025, 2, 4), (date(2025, 1, 26), date(2025, 2, 8))),
            Holiday(QINGMING, date(2025, 4, 4), date(2025, 4, 6)),
            Holiday(LABOUR, date(2025, 5, 1), date(2025, 5, 5), (date(2025, 4, 27),)),
            Holiday(DRAGON_BOAT, date(2025, 5, 31), date(2025, 6, 2)),
            Holiday(NATIONAL, date(2025, 10, 1), date(2025, 10, 8), (date(2025, 9, 28), date(2025, 10, 11))),
        ),
    ),
    Notice(
        2026,
        "国务院办公厅关于2026年部分节假日安排的通知，2025-11-04",
        (
            Holiday(NEW_YEAR, date(2026, 1, 1), date(2026, 1, 3), (date(2026, 1, 4),)),
            Holiday(SPRING, date(2026, 2, 15), date(2026, 2, 23), (date(2026, 2, 14), date(2026, 2, 28))),
            Holiday(QINGMING, date(2026, 4, 4), date(2026, 4, 6)),
            Holiday(LABOUR, date(2026, 5, 1), date(2026, 5, 5), (date(2026, 5, 9),)),
            Holiday(DRAGON_BOAT, date(2026, 6, 19), date(2026, 6, 21)),
            Holiday(MID_AUTUMN, date(2026, 9, 25), date(2026, 9, 27)),
            Holiday(NATIONAL, date(2026, 10, 1), date(2026, 10, 7), (date(2026, 9, 20), date(2026, 10, 10))),
        ),
    ),
)
"""A year without a notice is read as plain weeks, Monday to Friday; ``Calendar.knows`` tells."""

COUNTED_FROM, COUNTED_DAYS = date(2015, 1, 1).toordinal(), 50 * 366

HOSPITAL_HOURS: tuple[tuple[time, time], ...] = ((time(8), time(12)), (time(14), time(18)))


@dataclass(frozen=True)
class Calendar:
    """When an institution works: ``hours`` of each workday in local time, ordered and apart; holidays by notice."""

    zone: ZoneInfo = ASIA_SHANGHAI
    hours: tuple[tuple[time, time], ...] = HOSPITAL_HOURS
    notices: tuple[Notice, ...] = NOTICES

    def __post_init__(self) -> None:
        ends = [moment for span in self.hours for moment in span]
        if not ends or ends != sorted(set(ends)):
            raise ValueError("working hours must be there, in order and apart")

    @cached_property
    def _free(self) -> frozenset[date]:
        return frozenset(day for n in self.notices for h in n.holidays for day in h.days())

    @cached_property
    def _makeup(self) -> frozenset[date]:
        return frozenset(day for n in self.notices for h in n.holidays for day in h.makeup)

    def knows(self, year: int) -> bool:
        """Whether the holidays of that year have been published to it."""
        return any(notice.year == year for notice in self.notices)

    def is_workday(self, day: date) -> bool:
        """Whether the institution works on that local day: a makeup day before a holiday before the week."""
        if day in self._makeup:
            return True
        return day not in self._free and day.weekday() < SATURDAY

    def local_day(self, at: datetime) -> date:
        """The local day of a moment."""
        return at.astimezone(self.zone).date()

    def is_open(self, at: datetime) -> bool:
        """Whether business time passes at that moment; the closing minute itself does not count."""
        return any(begin <= at < end for begin, end in self.spans_on(self.local_day(at)))

    @cached_property
    def workday_length(self) -> timedelta:
        """How long the institution works on a workday."""
        spans = (datetime.combine(date.min, end) - datetime.combine(date.min, begin) for begin, end in self.hours)
        return sum(spans, timedelta())

    def workdays_between(self, first: date, last: date) -> int:
        """How many workdays lie strictly between two days."""
        return self._workdays_before(last) - self._workdays_before(first + DAY)

    @cached_property
    def _counted(self) -> tuple[int, ...]:
        """For each day from COUNTED_FROM on, how many workdays came before it: a clock of an old case is one look."""
        days = (date.fromordinal(COUNTED_FROM + n) for n in range(COUNTED_DAYS))
        return tuple(accumulate((self.is_workday(day) for day in days), initial=0))

    def _workdays_before(self, day: date) -> int:
        """Workdays since COUNTED_FROM; negative for a day before it."""
        at = day.toordinal() - COUNTED_FROM
        if 0 <= at <= COUNTED_DAYS:
            return self._counted[at]
        near, sign = (0, -1) if at < 0 else (COUNTED_DAYS, 1)
        days = (date.fromordinal(COUNTED_FROM + n) for n in range(min(at, near), max(at, near)))
        return self._counted[near] + sign * sum(self.is_workday(each) for each in days)

    def spans_from(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Every working span from that local day on, without end, in UTC."""
        while True:
            yield from self.spans_on(day)
            day += DAY

    def spans_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working spans of a local day, in UTC."""
        if not self.is_workday(day):
            return []
        return [
            (_utc(datetime.combine(day, begin, self.zone)), _utc(datetime.combine(day, end, self.zone)))
            for begin, end in self.hours
        ]


CHINA = Calendar()
"""Hospital hours in Asia/Shanghai with the published holidays."""


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("a moment needs its time zone")
    return at.astimezone(UTC)


def business_seconds_between(a: datetime, b: datetime, calendar: Calendar = CHINA) -> float:
    """Business seconds that pass from ``a`` to ``b``, exact to the microsecond; 0 when ``b`` is not after ``a``."""
    a, b = _utc(a), _utc(b)
    first, last = calendar.local_day(a), calendar.local_day(b)
    if b <= a:
        return 0.0
    edges = sum((max(min(end, b) - max(begin, a), timedelta()) for begin, end in calendar.spans_on(first)), timedelta())
    if last == first:
        return edges.total_seconds()
    edges += sum((max(min(end, b) - begin, timedelta()) for begin, end in calendar.spans_on(last)), timedelta())
    return (edges + calendar.workdays_between(first, last) * calendar.workday_length).total_seconds()


def add_business(a: datetime, seconds: float, calendar: Calendar = CHINA) -> datetime:
    """The first moment at which ``seconds`` of business time have passed since ``a``, in UTC.

    Raises ValueError for a negative number of seconds.
    """
    if seconds < 0:
        raise ValueError("business time runs forward only")
    begun, left = _utc(a), timedelta(seconds=seconds)
    if not left:
        return begun
    for begin, end in calendar.spans_from(calendar.local_day(begun)):
        here = max(end - max(begin, begun), timedelta())
        if left <= here:
            return max(begin, begun) + left
        left -= here
    raise AssertionError("working spans never end")
