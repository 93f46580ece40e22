"""An institution's own days: holidays and makeup days as it imports them, against the plain week."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from consult.domain.calendars import Calendar, Holiday, Notice
from consult.domain.errors import FieldError, Invalid, Words

WORDS = {"休": False, "班": True, "off": False, "work": True}
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class HouseDay:
    """A day on which the institution works (or not) whatever weekday it is; ``source`` says who published it."""

    day: date
    works: bool
    name: str
    source: str = ""


def calendar_with(calendar: Calendar, days: Sequence[HouseDay]) -> Calendar:
    """The calendar with these days: a year that has any is read by them alone."""
    years = {each.day.year for each in days}
    kept = tuple(notice for notice in calendar.notices if notice.year not in years)
    own = tuple(_notice(year, [each for each in days if each.day.year == year]) for year in sorted(years))
    return replace(calendar, notices=(*kept, *own))


def _notice(year: int, days: Sequence[HouseDay]) -> Notice:
    holidays = tuple(
        Holiday(Words(each.name, each.name), each.day, each.day - timedelta(days=1), (each.day,))
        if each.works
        else Holiday(Words(each.name, each.name), each.day, each.day)
        for each in days
    )
    return Notice(year, next((each.source for each in days if each.source), ""), holidays)


def days_of(calendar: Calendar, year: int) -> list[HouseDay]:
    """The days of a year as the calendar has them, by date."""
    found = {
        day: HouseDay(day, works, holiday.name.zh, notice.source)
        for notice in calendar.notices
        if notice.year == year
        for holiday in notice.holidays
        for works, span in ((False, holiday.days()), (True, holiday.makeup))
        for day in span
    }
    return [found[day] for day in sorted(found)]


def read_days(text: str, year: int, source: str) -> list[HouseDay]:
    """The days of a year from lines ``2027-01-01,休,元旦`` (休 or off, 班 or work); a heading may stand first.

    Raises Invalid with every line that is wrong.
    """
    wrong: list[FieldError] = []
    found: dict[date, HouseDay] = {}
    for n, row in enumerate(csv.reader(text.lstrip("\ufeff").splitlines()), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (n == 1 and _day(cells[0]) is None and len(cells) > 1 and cells[1] not in WORDS):
            continue
        day = _day(cells[0])
        works = WORDS.get(cells[1].lower()) if len(cells) > 1 else None
        if day is None or day.year != year or works is None or day in found:
            words = (
                f"第 {n} 行：应为 {year} 年的日期、休或班、名称。",
                f"Line {n}: a day of {year}, off or work, a name.",
            )
            wrong.append(FieldError(f"lines.{n}", Words(*words)))
            continue
        found[day] = HouseDay(day, works, cells[2][:64] if len(cells) > 2 else "", source[:200])
    if not found and not wrong:
        wrong.append(FieldError("text", Words("没有可导入的日期。", "There is no day to import.")))
    if wrong:
        raise Invalid(wrong[0].sentence, wrong[:MOST_DAYS])
    return [found[day] for day in sorted(found)]


def _day(cell: str) -> date | None:
    try:
        return date.fromisoformat(cell.replace("/", "-"))
    except ValueError:
        return None
