"""The cases behind a figure of turnaround: what is open and overdue first, then the longest; a page at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from consult.domain.errors import Invalid, Words
from consult.domain.indicators import CRITICAL_TEN_MINUTES, EMERGENCY_TWO_HOURS
from consult.domain.people import Actor
from consult.domain.turnaround import (
    ABSENT,
    FUNNEL,
    IN_TIME,
    LATE,
    METRICS,
    RETURN_REASONS,
    VERDICT,
    instant,
)
from consult.domain.turnaround_groups import TEXTS
from consult.queries.turnaround import NO_METRIC, Asked, checked, divided, narrowed_for
from consult.store import turnaround
from consult.store.turnaround import Block
from consult.store.unit import Store

if TYPE_CHECKING:
    from consult.formats.measures import Bools, Ints, Table

MOST = 200
REACHED, RETURNED = "reached.", "returned."
BAD_CURSOR = Words("翻页位置无效，请从头查看。", "That place in the list is not valid; start from the beginning.")
Cursor = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A case behind a figure: nothing of the patient; ``value_us`` is None where it is open or nothing is measured.

    ``opens``: the actor may open the case itself.
    """

    case_id: str
    number: str
    state: str
    priority: str
    service_type: str
    requesting_site: str
    performing_site: str
    modality: str
    body_part: str
    submitted_at: datetime
    value_us: int | None
    late: bool
    overdue: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Cases, and where the next page begins."""

    lines: tuple[Line, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """All cases behind a figure: their places in the block, in order, with what is shown of them."""

    ids: list[str]
    values: list[int]
    late: list[bool]
    overdue: list[bool]
    cursors: list[Cursor]


def page(
    store: Store, actor: Actor, asked: Asked, metric: str, now: datetime, *, only_late: bool, after: str, limit: int
) -> Page:
    """The cases behind a metric (see SELECTORS) after a cursor. Raises NotAllowed, Invalid."""
    size = max(1, min(limit, MOST))
    found = behind(store, actor, asked, metric, now, only_late=only_late, after=_cursor(after), most=size + 1)
    shown = lines(store, actor, found, 0, size)
    more = len(found.ids) > size
    return Page(shown, ":".join(map(str, found.cursors[size - 1])) if more else None)


def behind(
    store: Store,
    actor: Actor,
    asked: Asked,
    metric: str,
    now: datetime,
    *,
    only_late: bool,
    after: Cursor | None = None,
    most: int | None = None,
) -> Found:
    """All cases behind a metric, or the first ``most`` of them. Raises NotAllowed, Invalid."""
    import numpy as np

    from consult.formats.measures import Table

    spoken, select = checked(actor, asked, now), _selector(metric)
    with store.read() as connection:
        block = turnaround.block(
            connection, actor, spoken, narrowed_for(actor, asked), *TEXTS.get(asked.by, ("", "")), named=True
        )
        alerts = turnaround.alerts(connection, actor, spoken, asked.narrowed) if metric == CRITICAL_TEN_MINUTES else []
    table, moment = Table(block.figures), instant(now)
    chosen, spans, verdicts = select(table, block, alerts, moment, only_late)
    chosen = chosen & _of_group(asked, block, table)
    overdue = (verdicts > LATE) & (verdicts < moment)
    first = np.where(overdue, 0, 1)
    second = np.where(overdue, verdicts, -np.where(spans == ABSENT, table.column("submitted"), spans))
    ids = np.array(block.ids, dtype="U32")
    if after is not None:
        chosen = chosen & _later((first, second, ids), after)
    places = np.flatnonzero(chosen)
    order = places[np.lexsort((ids[places], second[places], first[places]))][:most]
    return Found(
        ids=[str(block.ids[place]) for place in order],
        values=spans[order].tolist(),
        late=((verdicts[order] == LATE) | overdue[order]).tolist(),
        overdue=overdue[order].tolist(),
        cursors=[(int(first[place]), int(second[place]), str(block.ids[place])) for place in order],
    )


def _later(keys: "tuple[Ints, Ints, Any]", after: Cursor) -> "Bools":
    """What comes after a cursor in the order of these keys."""
    (first, second, ids), (a, b, c) = keys, after
    later: Bools = (first > a) | ((first == a) & ((second > b) | ((second == b) & (ids > c))))
    return later


def lines(store: Store, actor: Actor, found: Found, begin: int, end: int) -> tuple[Line, ...]:
    """Some of the cases that were found, with what is shown of them."""
    ids = found.ids[begin:end]
    with store.read() as connection:
        rows, opens = turnaround.lines(connection, ids), turnaround.opens(connection, actor, ids)
    places = range(begin, begin + len(ids))
    return tuple(
        _line(rows[case_id], found, place, case_id in opens)
        for place, case_id in zip(places, ids, strict=True)
        if case_id in rows
    )


def _line(row: Any, found: Found, place: int, opens: bool) -> Line:
    value = found.values[place]
    return Line(
        row.case_id, row.number, row.state, row.priority, row.service_type, row.requesting_site, row.performing_site,
        row.modality, row.body_part, row.submitted_at, None if value == ABSENT else value,
        found.late[place], found.overdue[place], opens,
    )  # fmt: skip


def _of_group(asked: Asked, block: Block, table: "Table") -> "Bools":
    import numpy as np

    chosen = np.zeros(len(table), np.bool_)
    for where in divided(asked, block, table).values():
        chosen[... if where is None else where] = True
    return chosen


def _cursor(text: str) -> Cursor | None:
    if not text:
        return None
    try:
        first, second, case_id = text.split(":")
        return int(first), int(second), case_id
    except ValueError:
        raise Invalid.at("after", BAD_CURSOR) from None


Selected = tuple["Bools", "Ints", "Ints"]
"""Which cases, the span that is shown of each (ABSENT: none), and its verdict."""
Selector = Callable[["Table", Block, list[tuple[str, int]], int, bool], Selected]


def _selector(metric: str) -> Selector:
    found = SELECTORS.get(metric)
    if found is None:
        raise Invalid.at("metric", NO_METRIC)
    return found


def _spans(metric: str) -> Selector:
    def select(table: "Table", _b: Block, _a: list[tuple[str, int]], now: int, only_late: bool) -> Selected:
        return table.matching(metric, now, only_late), table.column(metric), table.column(metric + VERDICT)

    return select


def _where(condition: "Callable[[Table], Bools]", value: str = "") -> Selector:
    def select(table: "Table", _b: Block, _a: list[tuple[str, int]], _now: int, _late: bool) -> Selected:
        none = table.column("submitted") * 0
        return condition(table), table.column(value) if value else none + ABSENT, none

    return select


def _verdicts(table: "Table", verdicts: "Ints", now: int, only_late: bool) -> Selected:
    overdue = (verdicts > LATE) & (verdicts < now)
    missed = (verdicts == LATE) | overdue
    chosen = missed if only_late else missed | (verdicts == IN_TIME)
    return chosen, table.column("patient_tat"), verdicts


def _emergency(table: "Table", _b: Block, _a: list[tuple[str, int]], now: int, only_late: bool) -> Selected:
    return _verdicts(table, table.column("emergency"), now, only_late)


def _critical(table: "Table", block: Block, alerts: list[tuple[str, int]], now: int, only_late: bool) -> Selected:
    """A case with several findings stands here once, by the worst of them."""
    import numpy as np

    worst: dict[str, int] = {}
    for case_id, verdict in alerts:
        worst[case_id] = max(worst.get(case_id, 0), verdict if verdict < now else 0)
    verdicts = np.array([worst.get(case_id, 0) for case_id in block.ids], np.int64)
    chosen, spans, verdicts = _verdicts(table, verdicts, now, only_late)
    return chosen, spans * 0 + ABSENT, verdicts


def _bit(column: str, place: int) -> "Callable[[Table], Bools]":
    return lambda table: (table.column(column) >> place & 1) == 1


SELECTORS: Mapping[str, Selector] = {
    **{metric.name: _spans(metric.name) for metric in METRICS},
    EMERGENCY_TWO_HOURS: _emergency,
    CRITICAL_TEN_MINUTES: _critical,
    "all": _where(lambda table: table.column("submitted") >= 0),
    "first_time_right": _where(lambda table: table.column("returned") == 0),
    "returned": _where(lambda table: table.column("returned") > 0),
    **{f"{REACHED}{moment}": _where(_bit("reached", place)) for place, (moment, _) in enumerate(FUNNEL)},
    **{f"{RETURNED}{code}": _where(_bit("returned", place)) for place, code in enumerate(RETURN_REASONS)},
}
"""What can be opened into cases: every metric, both indicators, returns by reason, steps of the funnel.

Not the reports that differ from the outcome: the few cases behind that rate would name their readers.
"""
