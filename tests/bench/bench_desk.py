"""The coordinator's desk over a hundred thousand cases: how long the server takes for it and for a page of a pile."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from consult.domain.desk import COLUMNS, Pile
from consult.domain.people import actor_for
from consult.queries import desk
from consult.store import people
from consult.store.unit import Store
from tests.bench.bench_worklist import COUNT, fill
from tests.bench.table import Row
from tests.peers.site import Site

DRAWS = 60
ALLOWED_MS = 50.0


def run(folder: Path, _files: list[Path], _rounds: int) -> list[Row]:
    """p50 and p95 (ms) of one coordinator's questions, and the processor time (ms) that one takes."""
    site = Site(folder / "desk", folder / "template")
    fill(site.settings, COUNT)
    store = Store(site.settings.database.url)
    try:
        return rows(store)
    finally:
        store.close()


def rows(store: Store) -> list[Row]:
    """The figures over a database that is filled."""
    from consult.wiring import clock

    with store.read() as connection:
        person = people.person_named(connection, "xingyi.coordinator")
    if person is None:
        raise RuntimeError("the region has no coordinator")
    actor, now = actor_for(person), clock()
    asked: list[tuple[str, Callable[[], object]]] = [("the whole desk", lambda: desk.desk_of(store, actor, now))]
    for pile in (*COLUMNS, Pile.OVERDUE):
        first, _ = desk.sheet_of(store, actor, pile, None, 100, now)
        after = partial(desk.sheet_of, store, actor, pile, first.after, 20, now)
        asked.append((f"{pile}, page 6 of {first.count.total:,} cases", after))
    return [_row(what, ask) for what, ask in asked]


def _row(what: str, ask: Callable[[], object]) -> Row:
    ask()
    took, began = [], time.process_time()
    for _ in range(DRAWS):
        at = time.perf_counter()
        ask()
        took.append((time.perf_counter() - at) * 1000)
    each = (time.process_time() - began) / DRAWS * 1000
    middle, late = (sorted(took)[int(len(took) * share)] for share in (0.5, 0.95))
    return Row(f"desk of {COUNT:,}: {what}", f"p50 {middle:.0f} p95 {late:.0f} ms, {each:.0f} ms of processor",
               asked=f"p95 ≤ {ALLOWED_MS:.0f} ms", held=late <= ALLOWED_MS)  # fmt: skip
