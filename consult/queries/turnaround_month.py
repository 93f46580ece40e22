"""The monthly report of turnaround: what its page says of one calendar month, to whoever may count those cases."""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, datetime

from consult.domain.access import Scope, What, scope_of
from consult.domain.calendars import ASIA_SHANGHAI
from consult.domain.errors import Invalid, NotAllowed, NotFound, Words
from consult.domain.people import Actor
from consult.domain.turnaround import BY_NAME
from consult.domain.turnaround_groups import By
from consult.formats.figures_page import FiguresPage, Headline, Part
from consult.queries import turnaround
from consult.queries.turnaround import Asked, Rate, Tile, Whole
from consult.store import turnaround_months
from consult.store.unit import Store

SECOND = 1_000_000
METRIC = "consult_tat"
HEAD = ("例数", "中位数", "P90", "P95", "超时", "其中未完成")
NO_MONTH = Words("请写月份，如 2026-10。", "Write a month, such as 2026-10.")


@dataclass(frozen=True, slots=True)
class Made:
    """A report that is there."""

    month: str
    made_at: datetime


def kept(store: Store, actor: Actor) -> tuple[Made, ...]:
    """The reports of the actor's institution, newest first. Raises NotAllowed."""
    house = _house(actor)
    with store.read() as connection:
        return tuple(Made(*each) for each in turnaround_months.of(connection, house))


def pdf(store: Store, actor: Actor, month: str) -> bytes:
    """The report of a month of the actor's institution, as it was made. Raises NotAllowed, NotFound."""
    house = _house(actor)
    with store.read() as connection:
        found = turnaround_months.pdf(connection, house, month)
    if found is None:
        raise NotFound
    return found


def _house(actor: Actor) -> str:
    if not {Scope.REGION, Scope.ALL} & scope_of(actor, What.TURNAROUND) or actor.institution_code is None:
        raise NotAllowed(turnaround.NOT_YOURS)
    return actor.institution_code


def page(store: Store, actor: Actor, month: str, house: str, now: datetime) -> FiguresPage | None:
    """The page of a month (2026-10), made for the house of that name; None where it has no case.

    Raises NotAllowed, Invalid.
    """
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise Invalid.at("month", NO_MONTH)
    year, number = (int(part) for part in month.split("-"))
    first, last = date(year, number, 1), date(year, number, monthrange(year, number)[1])
    span = Asked(first.isoformat(), last.isoformat(), metrics=(METRIC,))
    whole = turnaround.figures(store, actor, replace(span, metrics=()), now)
    if whole.whole is None or whole.whole.cases == 0:
        return None
    sites = turnaround.figures(store, actor, replace(span, by=By.SITE), now)
    days = turnaround.figures(store, actor, replace(span, by=By.DAY), now)
    told = {tile.group: tile for tile in days.tiles}
    return FiguresPage(
        title=f"远程会诊时效月报（{year} 年 {number} 月）",
        lead=f"{house} · {first:%Y-%m-%d} 至 {last:%Y-%m-%d} 提交的会诊 {whole.whole.cases} 例 · "
        f"生成于 {now.astimezone(ASIA_SHANGHAI):%Y-%m-%d %H:%M}。"
        "未完成且已超时的计入超时；少于 5 例不显示中位数和百分位；不对个人排名。",
        headlines=_headlines(whole.tiles, whole.whole),
        parts=(
            Part("各阶段用时", "已扣除退回和等影像的时间。", ("阶段", *HEAD), _rows(whole.tiles, by_metric=True)),
            _hands(whole.whole),
            _returns(whole.whole),
            Part("各申请机构会诊用时", "按机构代码排列。", ("机构", *HEAD), _rows(sites.tiles, by_metric=False)),
        ),
        chart_title="每日例数与会诊用时",
        chart_lead="柱为签发例数，线为会诊用时中位数。",
        days=tuple(
            (str(day), tile.n if tile else 0, tile.percentiles[0] / SECOND / 60 if tile and tile.percentiles else None)
            for day in range(1, last.day + 1)
            for tile in [told.get(date(year, number, day).isoformat())]
        ),
    )


def _headlines(tiles: tuple[Tile, ...], whole: Whole) -> tuple[Headline, ...]:
    tile = next(each for each in tiles if each.metric == METRIC)
    first = Headline(f"{BY_NAME[METRIC].label.zh} · 中位数", _time(tile, 0), f"{tile.n} 例，超时 {tile.breaches} 例")
    return (first, *(Headline(rate.label.zh, _share(rate), _met(rate)) for rate in whole.indicators))


def _rows(tiles: tuple[Tile, ...], *, by_metric: bool) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            BY_NAME[tile.metric].label.zh if by_metric else tile.label.zh,
            str(tile.n),
            *(_time(tile, place) for place in range(3)),
            str(tile.breaches) if tile.judged else "—",
            str(tile.overdue) if tile.judged else "—",
        )
        for tile in tiles
    )


def _hands(whole: Whole) -> Part:
    every = sum(each.us for each in whole.hands) or 1
    rows = tuple(
        (f"{each.label.zh}{'（计时暂停）' if each.paused else ''}", f"{each.us / every:.1%}") for each in whole.hands
    )
    return Part("时间在谁手里", "从提交到确认的全部时间。", ("经手方", "占比"), rows)


def _returns(whole: Whole) -> Part:
    right = whole.first_time_right
    rows = tuple((each.label.zh, str(each.n)) for each in whole.reasons if each.n)
    lead = f"申请一次合格率 {_share(right)}（{right.met} / {right.n}）。"
    return Part("退回原因", lead, ("原因", "例数"), rows or (("本月没有退回", "0"),))


def _time(tile: Tile, place: int) -> str:
    if tile.percentiles is None:
        return "—"
    minutes = tile.percentiles[place] // (60 * SECOND)
    return f"{minutes // 60} 小时 {minutes % 60} 分" if minutes >= 60 else f"{minutes} 分"


def _share(rate: Rate) -> str:
    return f"{rate.met / rate.n:.1%}" if rate.n else "—"


def _met(rate: Rate) -> str:
    return f"{rate.met} / {rate.n} 例达标" if rate.n else "本月无此类病例"
