"""Turnaround as tables to take along: the tiles, or the cases behind one of them, for a spreadsheet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from consult.domain.calendars import ASIA_SHANGHAI
from consult.domain.cases import PRIORITY_NAMES, SERVICE_NAMES, Priority, ServiceType, State
from consult.domain.errors import Words
from consult.domain.indicators import INDICATORS, SOURCES
from consult.domain.people import Actor, Language
from consult.domain.turnaround import BY_NAME, SMALLEST
from consult.domain.workflow import STATES
from consult.formats.spreadsheets import Cell, csv_lines, pieces, xlsx
from consult.queries import turnaround, turnaround_cases
from consult.queries.turnaround import Asked, Count, Rate, Tile
from consult.queries.turnaround_cases import Found, Line
from consult.store.unit import Store

SECOND = 1_000_000
AT_ONCE = 500
Pieces = Iterator[str] | Iterator[bytes]

TILE_HEAD = (
    Words("指标代码", "metric"), Words("指标", "name"), Words("分组", "group"), Words("分组名称", "group name"),
    Words("例数", "n"), Words("中位数（秒）", "p50 (s)"), Words("P90（秒）", "p90 (s)"), Words("P95（秒）", "p95 (s)"),
    Words("应达标例数", "judged"), Words("超时例数", "breaches"), Words("其中未完成", "of these open"),
)  # fmt: skip
CASE_HEAD = (
    Words("会诊号", "case"), Words("申请机构", "requesting site"), Words("受邀机构", "performing site"),
    Words("服务", "service"), Words("检查类型", "modality"), Words("部位", "body part"), Words("优先级", "priority"),
    Words("状态", "state"), Words("提交时间", "submitted"), Words("用时（秒）", "value (s)"), Words("超时", "late"),
    Words("未完成且超时", "open and overdue"),
)  # fmt: skip
RATE_HEAD = (
    Words("指标代码", "metric"), Words("指标", "name"), Words("应达标例数", "judged"), Words("达标例数", "met"),
    Words("比率", "rate"), Words("依据", "source"),
)  # fmt: skip
COUNT_HEAD = (Words("代码", "code"), Words("名称", "name"), Words("例数", "n"))
YES = Words("是", "yes")
TILES, CASES, RATES = Words("时效", "turnaround"), Words("病例", "cases"), Words("质控指标", "indicators")
FUNNEL, REASONS = Words("进度漏斗", "funnel"), Words("退回原因", "reasons for return")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its name; ``rows`` come as they are asked for."""

    name: str
    head: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]


def of_figures(store: Store, actor: Actor, asked: Asked, now: datetime, language: Language) -> list[Sheet]:
    """Every tile as a row; undivided, the indicators, the funnel and the reasons too. Raises NotAllowed, Invalid."""
    found = turnaround.figures(store, actor, asked, now)
    tiles = _sheet(TILES, TILE_HEAD, [_tile(tile, language) for tile in found.tiles], language)
    whole = found.whole
    if whole is None:
        return [tiles]
    rates = [_rate(each, language) for each in (*whole.indicators, whole.first_time_right)]
    return [
        tiles,
        _sheet(RATES, RATE_HEAD, [*rates, _few_told(whole.discrepancy, language)], language),
        _sheet(FUNNEL, COUNT_HEAD, [_count(each, language) for each in whole.funnel], language),
        _sheet(REASONS, COUNT_HEAD, [_count(each, language) for each in whole.reasons], language),
    ]


def _sheet(name: Words, head: Iterable[Words], rows: Iterable[Sequence[Cell]], language: Language) -> Sheet:
    return Sheet(_said(name, language), tuple(_said(each, language) for each in head), rows)


def of_cases(
    store: Store, actor: Actor, asked: Asked, metric: str, now: datetime, language: Language, *, only_late: bool
) -> Sheet:
    """Every case behind a metric as a row. Raises NotAllowed, Invalid before the first row."""
    found = turnaround_cases.behind(store, actor, asked, metric, now, only_late=only_late)
    return _sheet(CASES, CASE_HEAD, _case_rows(store, actor, found, language), language)


def as_csv(sheets: Sequence[Sheet]) -> Iterator[str]:
    """The first table as CSV, which holds but one."""
    return csv_lines(sheets[0].head, sheets[0].rows)


def as_xlsx(sheets: Iterable[Sheet]) -> Iterator[bytes]:
    """The tables as a workbook, a sheet each."""
    return pieces(xlsx((sheet.name, sheet.head, sheet.rows) for sheet in sheets))


def _tile(tile: Tile, language: Language) -> tuple[Cell, ...]:
    ranked = turnaround.percentiles_of(tile)
    return (
        tile.metric,
        _said(BY_NAME[tile.metric].label, language),
        tile.group,
        _said(tile.label, language),
        tile.n,
        *(None if us is None else us / SECOND for us in ranked.values()),
        tile.judged,
        tile.breaches,
        tile.overdue,
    )


def _rate(rate: Rate, language: Language) -> tuple[Cell, ...]:
    source = _said(SOURCES[rate.code], language) if rate.code in INDICATORS else ""
    return (
        rate.code, _said(rate.label, language), rate.n, rate.met, rate.met / rate.n if rate.n else None, source,
    )  # fmt: skip


def _few_told(rate: Rate, language: Language) -> tuple[Cell, ...]:
    """A rate without its count: the few cases behind it would name their readers."""
    told = rate.met / rate.n if rate.n >= SMALLEST else None
    return rate.code, _said(rate.label, language), rate.n, None, told, ""


def _count(count: Count, language: Language) -> tuple[Cell, ...]:
    return count.code, _said(count.label, language), count.n


def _case_rows(store: Store, actor: Actor, found: Found, language: Language) -> Iterator[tuple[Cell, ...]]:
    with store.read() as connection:
        sites = turnaround.site_names(connection)
    for begin in range(0, len(found.ids), AT_ONCE):
        for line in turnaround_cases.lines(store, actor, found, begin, begin + AT_ONCE):
            yield _case(line, sites, language)


def _case(line: Line, sites: dict[str, Words], language: Language) -> tuple[Cell, ...]:
    names = [sites.get(code, Words(code, code)) for code in (line.requesting_site, line.performing_site)]
    return (
        line.number,
        *(_said(name, language) for name in names),
        _said(SERVICE_NAMES[ServiceType(line.service_type)], language),
        line.modality,
        line.body_part,
        _said(PRIORITY_NAMES[Priority(line.priority)], language),
        _said(STATES[State(line.state)].label, language),
        line.submitted_at.astimezone(ASIA_SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        None if line.value_us is None else line.value_us / SECOND,
        _said(YES, language) if line.late else "",
        _said(YES, language) if line.overdue else "",
    )


def _said(words: Words, language: Language) -> str:
    return words.en if language is Language.EN else words.zh
