"""An institution's own holidays: imported line by line, and read instead of the published ones of that year."""

from datetime import date

import pytest

from consult.domain.calendars import CHINA
from consult.domain.errors import Invalid
from consult.domain.house_days import HouseDay, calendar_with, days_of, read_days

TEXT = "日期,类型,名称\n2027-01-01,休,元旦\n2027/01/03,班,调休\n"


def test_lines_become_days() -> None:
    assert read_days(TEXT, 2027, "院办通知") == [
        HouseDay(date(2027, 1, 1), False, "元旦", "院办通知"),
        HouseDay(date(2027, 1, 3), True, "调休", "院办通知"),
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("2027-01-01,休,元旦\n2026-01-02,休,别年\n2027-01-03,也许,x\n2027-01-01,班,重复", ["2", "3", "4"]),
        ("2027-13-01,休,没有这天\n2027-02-30,班,也没有", ["1", "2"]),
        ("", []),
    ],
)
def test_each_wrong_line_is_named(text: str, lines: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        read_days(text, 2027, "")
    assert [each.field.removeprefix("lines.") for each in refused.value.fields if each.field != "text"] == lines


def test_a_year_of_its_own_is_read_by_it_alone() -> None:
    calendar = calendar_with(CHINA, read_days(TEXT, 2027, ""))
    assert not calendar.is_workday(date(2027, 1, 1))
    assert calendar.is_workday(date(2027, 1, 3))  # a Sunday
    assert calendar.knows(2027)
    assert calendar.is_workday(date(2026, 1, 4)) == CHINA.is_workday(date(2026, 1, 4))
    of_2026 = calendar_with(CHINA, [HouseDay(date(2026, 5, 1), False, "劳动节")])
    assert of_2026.is_workday(date(2026, 5, 4))
    assert not CHINA.is_workday(date(2026, 5, 4))


def test_the_seed_can_be_taken_over_as_it_is() -> None:
    days = days_of(CHINA, 2026)
    again = calendar_with(CHINA, days)
    each = [date.fromordinal(date(2026, 1, 1).toordinal() + n) for n in range(365)]
    assert [again.is_workday(day) for day in each] == [CHINA.is_workday(day) for day in each]
