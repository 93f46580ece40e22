"""Turnaround as administrators ask for it: figures by division, the national indicators, and what stands behind each.

Figures are exact at ``now``: what is open and past its limit counts as late from that very moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from consult.domain.access import What, scope_of
from consult.domain.errors import Invalid, NotAllowed, Words
from consult.domain.indicators import CRITICAL_TEN_MINUTES, EMERGENCY_TWO_HOURS, INDICATORS
from consult.domain.people import Actor
from consult.domain.turnaround import (
    BY_NAME,
    CONCORDANCES,
    FUNNEL,
    METRICS,
    OWNER_KEYS,
    PERCENTILES,
    RETURN_REASONS,
    SMALLEST,
    instant,
    owner_label,
)
from consult.domain.turnaround_groups import TEXTS, TIMES, By, period, read_by
from consult.store import people, turnaround
from consult.store.turnaround import Block, Period
from consult.store.turnaround import Narrowed as Narrowed  # noqa: PLC0414  for the doors
from consult.store.unit import Reader, Store

if TYPE_CHECKING:
    from consult.formats.measures import Figure, Ints, Table

NOT_YOURS = Words("您无权查看时效统计。", "Figures of turnaround are not yours to see.")
RIGHT_AT_ONCE = Words("申请一次合格率", "requests right first time")
DISCREPANCY = Words("与临床结果不符率", "reports that differ from the outcome")
NO_METRIC = Words("没有这个指标。", "There is no such metric.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a period (as ``turnaround_groups.period`` reads it), a division, and what cases are narrowed to.

    ``metrics`` leaves only these (empty: all); ``group`` only this group of the division.
    """

    since: str = ""
    until: str = ""
    by: By = By.WHOLE
    narrowed: Narrowed = field(default_factory=Narrowed)
    metrics: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A metric of a group; ``percentiles`` in µs as PERCENTILES, None when fewer than SMALLEST were measured.

    Divided by people, the other counts are None then too.
    """

    metric: str
    group: str
    label: Words
    n: int
    percentiles: tuple[int, ...] | None
    judged: int | None
    breaches: int | None
    overdue: int | None


@dataclass(frozen=True, slots=True)
class Count:
    """So many of a kind, with the kind's name."""

    code: str
    label: Words
    n: int


@dataclass(frozen=True, slots=True)
class Rate:
    """Of ``n`` that were judged, ``met`` are as the label says."""

    code: str
    label: Words
    n: int
    met: int


@dataclass(frozen=True, slots=True)
class Hands:
    """Time in somebody's hands, in µs over all cases; ``paused``: the consult clock stood still."""

    owner: str
    label: Words
    paused: bool
    us: int


@dataclass(frozen=True, slots=True)
class Whole:
    """What is told of all cases together, beside the tiles."""

    cases: int
    indicators: tuple[Rate, ...]
    first_time_right: Rate
    reasons: tuple[Count, ...]
    funnel: tuple[Count, ...]
    hands: tuple[Hands, ...]
    discrepancy: Rate


@dataclass(frozen=True, slots=True)
class Figures:
    """The answer: the period as it was read, the tiles, and what is told of the whole (None for a division)."""

    period: Period
    by: By
    tiles: tuple[Tile, ...]
    whole: Whole | None
    now: datetime


def figures(store: Store, actor: Actor, asked: Asked, now: datetime) -> Figures:
    """The tiles. Raises NotAllowed, Invalid."""
    from consult.formats.measures import Table

    spoken = checked(actor, asked, now)
    with store.read() as connection:
        found = turnaround.block(connection, actor, spoken, narrowed_for(actor, asked), *TEXTS.get(asked.by, ("", "")))
        table = Table(found.figures)
        names = site_names(connection) if asked.by in (By.SITE, By.PERFORMING_SITE) else {}
        alerts = turnaround.alerts(connection, actor, spoken, asked.narrowed) if asked.by is By.WHOLE else []
    labels = {key: Words(label, label) for key, label in zip(found.keys, found.labels, strict=True)} | names
    wanted = [metric.name for metric in METRICS if not asked.metrics or metric.name in asked.metrics]
    moment = instant(now)
    tiles = [
        _tile(asked.by, metric, group, labels.get(group, Words(group, group)), table.figure(metric, moment, where))
        for group, where in divided(asked, found, table).items()
        for metric in wanted
    ]
    if asked.by is By.SPECIALIST:
        tiles.sort(key=lambda tile: (tile.label, tile.group))  # by name: nothing ranks people
    whole = _whole(table, [verdict for _, verdict in alerts], moment) if asked.by is By.WHOLE else None
    return Figures(spoken, asked.by, tuple(tiles), whole, now)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the cases of a period can be narrowed by, institutions by code with their names."""

    sites: tuple[str, ...]
    performing_sites: tuple[str, ...]
    modalities: tuple[str, ...]
    names: dict[str, Words]
    by_people: bool


def choices(store: Store, actor: Actor, asked: Asked, now: datetime) -> Choices:
    """What can be chosen. Raises NotAllowed, Invalid."""
    spoken = checked(actor, asked, now)
    with store.read() as connection:
        found = turnaround.choices(connection, actor, spoken)
        names = site_names(connection)
    try:
        by_people = bool(read_by(actor))
    except NotAllowed:
        by_people = False
    modalities = tuple(each for each in found["modality"] if each)
    return Choices(tuple(found["requesting_site"]), tuple(found["performing_site"]), modalities, names, by_people)


def checked(actor: Actor, asked: Asked, now: datetime) -> Period:
    """The period that is asked for. Raises NotAllowed, Invalid."""
    if not scope_of(actor, What.TURNAROUND):
        raise NotAllowed(NOT_YOURS)
    if any(metric not in BY_NAME for metric in asked.metrics):
        raise Invalid.at("metric", NO_METRIC)
    return Period(*period(asked.since, asked.until, now))


def narrowed_for(actor: Actor, asked: Asked) -> Narrowed:
    """What cases are narrowed to; divided by people, to those whose reading the actor may see one by one."""
    if asked.by is not By.SPECIALIST:
        return asked.narrowed
    allowed = read_by(actor)
    return replace(asked.narrowed, person=allowed.person, house=allowed.house)


def site_names(connection: Reader) -> dict[str, Words]:
    """Institutions by code, as people call them."""
    return {site.code: site.name for site in people.all_institutions(connection)}


def divided(asked: Asked, found: Block, table: "Table") -> "Mapping[str, Ints | None]":
    """The places of each group's cases, by group in order; None: all."""
    from consult.formats.measures import groups, time_groups

    if asked.by in TEXTS:
        parts: Mapping[str, Ints | None] = groups(found.keys)
    elif asked.by in TIMES:
        parts = time_groups(table.column("submitted"), lambda at: at.strftime(TIMES[asked.by]))
    else:
        parts = {"": None}
    parts = {key: where for key, where in parts.items() if key or asked.by is not By.SPECIALIST}
    return {key: where for key, where in parts.items() if not asked.group or key == asked.group}


def _tile(by: By, metric: str, group: str, label: Words, of: "Figure") -> Tile:
    few = of.n < SMALLEST
    if few and by is By.SPECIALIST:
        return Tile(metric, group, label, of.n, None, None, None, None)
    return Tile(metric, group, label, of.n, None if few else of.percentiles, of.judged, of.late, of.overdue)


def _whole(table: "Table", alerts: list[int], now: int) -> Whole:
    import numpy as np

    from consult.formats.measures import judged

    n, returned, reached = len(table), table.column("returned"), table.column("reached")
    concordance = table.column("concordance")
    told, critical = np.array(alerts, np.int64), CRITICAL_TEN_MINUTES
    discordant = int(np.count_nonzero(concordance == CONCORDANCES.index("discordant")))
    return Whole(
        cases=n,
        indicators=(
            Rate(EMERGENCY_TWO_HOURS, INDICATORS[EMERGENCY_TWO_HOURS], *judged(table.column("emergency"), now)),
            Rate(critical, INDICATORS[critical], *judged(told, now)),
        ),
        first_time_right=Rate("first_time_right", RIGHT_AT_ONCE, n, int(np.count_nonzero(returned == 0))),
        reasons=tuple(
            Count(code, words, int(np.count_nonzero(returned >> place & 1)))
            for place, (code, words) in enumerate(RETURN_REASONS.items())
        ),
        funnel=tuple(
            Count(str(moment), words, int(np.count_nonzero(reached >> place & 1)))
            for place, (moment, words) in enumerate(FUNNEL)
        ),
        hands=_hands(table, now),
        discrepancy=Rate(
            "discrepancy",
            Words("与结果不符", "differs from the outcome"),
            int(np.count_nonzero(concordance)),
            discordant,
        ),
    )


def _hands(table: "Table", now: int) -> tuple[Hands, ...]:
    held, since = table.column("held"), table.column("held_since")
    found: list[Hands] = []
    for place, (owner, paused) in enumerate(OWNER_KEYS):
        ended = int(table.column(f"owner.{owner}{'.paused' if paused else ''}").sum())
        open_since = since[held == place + 1]
        still = int((now - open_since[open_since < now]).sum())
        found.append(Hands(owner, owner_label(owner), paused, ended + still))
    return tuple(found)


def percentiles_of(tile: Tile) -> dict[str, int | None]:
    """A tile's percentiles by name, in µs."""
    return {
        f"p{percent}": None if tile.percentiles is None else tile.percentiles[place]
        for place, percent in enumerate(PERCENTILES)
    }
