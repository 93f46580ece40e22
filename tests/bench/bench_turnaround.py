"""Turnaround over a month of 100,000 cases: how long the tiles, a division and the cases behind a figure take."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sqlalchemy import insert

from consult.domain.cases import Party
from consult.domain.people import SYSTEM
from consult.domain.turnaround import measure
from consult.domain.turnaround_groups import By
from consult.queries import turnaround, turnaround_cases
from consult.queries.turnaround import Asked
from consult.store.schema import metadata
from consult.store.tables_turnaround import turnaround as table
from consult.store.tables_turnaround import turnaround_alerts
from consult.store.turnaround import alert_rows, row_of
from consult.store.unit import Store
from tests.bench.table import Row
from tests.makers.busy_region import a_timed_case, begins

COUNT, DISTINCT, TIMES = 100_000, 4000, 5
NOW = datetime(2026, 11, 30, 16, tzinfo=UTC)
MONTH = {"since": "2026-11-01", "until": "2026-11-30"}


def run(folder: Path, _files: list[Path], _rounds: int) -> list[Row]:
    """Wall and processor time (ms) of one answer, the median of five."""
    store = Store(f"sqlite:///{folder / 'turnaround.db'}")
    metadata.create_all(store.engine)
    fill(store, COUNT)
    rows = [_row(what, lambda ask=ask: ask(store)) for what, ask in ASKED.items()]
    store.close()
    return rows


ASKED: dict[str, Callable[[Store], object]] = {
    "tiles of the whole": lambda store: turnaround.figures(store, SYSTEM, Asked(**MONTH), NOW),
    "tiles by site": lambda store: turnaround.figures(store, SYSTEM, Asked(**MONTH, by=By.SITE), NOW),
    "consult time by weekday and hour": lambda store: turnaround.figures(
        store, SYSTEM, Asked(**MONTH, by=By.WEEKDAY_HOUR, metrics=("consult_tat",)), NOW
    ),
    "first page of cases behind a tile": lambda store: turnaround_cases.page(
        store, SYSTEM, Asked(**MONTH), "consult_tat", NOW, only_late=False, after="", limit=40
    ),
}


def _row(what: str, ask: Callable[[], object]) -> Row:
    took: list[tuple[float, float]] = []
    for _ in range(TIMES):
        wall, processor = time.perf_counter(), time.process_time()
        ask()
        took.append(((time.perf_counter() - wall) * 1000, (time.process_time() - processor) * 1000))
    wall, processor = sorted(took)[TIMES // 2]
    return Row(f"turnaround of {COUNT:,} cases: {what}", f"{wall:.0f} ms, {processor:.0f} ms processor")


def fill(store: Store, count: int) -> None:
    """Measure some cases of one month, and put them into the table as often as it takes."""
    chance = Random(7)
    readers = [Party(f"reader{n}", f"医师{n}") for n in range(18)]
    begun = sorted(begins(chance, NOW, 30) for _ in range(DISTINCT))
    sites = [f"SITE{n:02d}" for n in range(40)]
    made = [a_timed_case(n, at, NOW, chance, sites, readers, readers[0]) for n, at in enumerate(begun)]
    measured = [timed for case in made if (timed := measure(case, [], [])) is not None]
    for again in range(-(-count // len(measured))):
        with store.write() as unit:
            copies = [(f"{again:04x}{each.case.id[4:]}", each) for each in measured]
            unit.connection.execute(insert(table), [{"case_id": key, **row_of(each)} for key, each in copies])
            alerts = [{**row, "case_id": key} for key, each in copies for row in alert_rows(each)]
            unit.connection.execute(insert(turnaround_alerts), alerts)
