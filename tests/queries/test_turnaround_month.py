"""The monthly report: made once, in China's month, by the process that prints, and read again as text."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from consult.actions import turnaround_months
from consult.actions.turnaround_months import last_month
from consult.domain.cases import Party
from consult.domain.errors import NotAllowed, NotFound
from consult.domain.people import Actor
from consult.domain.reach import Open
from consult.formats.pdf_pool import Workshop
from consult.queries import turnaround_month
from consult.store.unit import Store
from tests.makers.busy_region import a_timed_case, keep_measured
from tests.makers.people import ACTORS, settle

NOW = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


def filled(store: Store) -> None:
    """Forty cases of ANLONG in October."""
    settle(store)
    chance, reader = Random(3), Party("guiyang.ct", "陈医师")
    begun = [datetime(2026, 10, 1, 1, tzinfo=UTC) + timedelta(hours=17 * n) for n in range(40)]
    cases = [a_timed_case(n, at, NOW, chance, ["ANLONG"], [reader], reader) for n, at in enumerate(begun)]
    keep_measured(store, cases)


def test_a_month_is_laid_out_in_chinese_and_made_once_for_those_who_took_part(store: Store, tmp_path: Path) -> None:
    filled(store)
    asked: list[str] = []
    with Workshop(1, 120) as workshop:

        def make(actor: Actor, month: str, house: str, now: datetime) -> bytes | None:
            asked.append(house)
            page = turnaround_month.page(store, actor, month, house, now)
            return None if page is None else workshop.figures(page)

        assert turnaround_months.make_due(store, make, Open(), NOW) == 3  # who asked, who read, and the region's centre
        asked.clear()
        assert turnaround_months.make_due(store, make, Open(), NOW) == 0
        assert asked == ["独山县人民医院"]  # nothing happened there, and it may be asked again
    admin = ACTORS["anlong.admin"]
    assert [each.month for each in turnaround_month.kept(store, admin)] == ["2026-10"]
    pdf = turnaround_month.pdf(store, admin, "2026-10")
    text = read(pdf, tmp_path)
    for words in (
        "远程会诊时效月报（2026 年 10 月）",
        "安龙县人民医院",
        "40 例",
        "会诊用时",
        "急诊影像报告 2 小时完成率",
        "危急值 10 分钟通报完成率",
        "时间在谁手里",
    ):
        assert words in text
    assert "陈医师" not in text
    assert "患者一" not in text


def test_nobody_gets_another_houses_report_nor_one_that_is_not_there(store: Store) -> None:
    filled(store)
    turnaround_months.make_due(store, lambda *_: b"%PDF", Open(), NOW)
    assert turnaround_month.pdf(store, ACTORS["xingyi.coordinator"], "2026-10") == b"%PDF"
    for stranger in ("anlong.doctor", "guiyang.ct", "auditor"):
        with pytest.raises(NotAllowed):
            turnaround_month.pdf(store, ACTORS[stranger], "2026-10")
    with pytest.raises(NotFound):
        turnaround_month.pdf(store, ACTORS["anlong.admin"], "2026-09")


@pytest.mark.parametrize(
    ("now", "month"),
    [
        (datetime(2026, 11, 30, 15, 59, tzinfo=UTC), "2026-10"),
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), "2026-11"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2026-12"),
    ],
)
def test_the_month_turns_at_midnight_in_china(now: datetime, month: str) -> None:
    assert last_month(now) == month


def read(pdf: bytes, folder: Path) -> str:
    """The text of a PDF by a program of others."""
    path = folder / "month.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout
