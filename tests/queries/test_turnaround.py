"""Figures of time add up: they equal a plain recount of the event log, and nothing in them ranks people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some
from sqlalchemy import delete, select

from consult.actions import turnaround as keeping
from consult.actions.relay import StoredPositions
from consult.domain.people import SYSTEM
from consult.domain.turnaround import METRICS, SMALLEST
from consult.domain.turnaround_groups import By
from consult.queries import turnaround
from consult.queries.turnaround import Asked
from consult.store.schema import metadata
from consult.store.tables_turnaround import turnaround as table
from consult.store.tables_turnaround import turnaround_alerts
from consult.store.unit import Store
from consult.worker.relay import Relay
from tests.doubles import Clock
from tests.makers.cases import stored
from tests.makers.histories import HISTORY, History, live_through, states
from tests.makers.people import NOW, settle
from tests.makers.recount import Counted, recount

WIPED = ("case_studies", "report_revisions", "report_documents", "deliveries", "cases", "facts", "positions")
PERIOD = {"since": "2026-11-24", "until": "2027-03-01"}


def caught_up(store: Store) -> None:
    """Every fact has reached the subscriber."""
    relay = Relay(StoredPositions(store), {"turnaround": lambda fact, _: keeping.on_fact(store, fact)},
                  Clock(NOW), lambda: True)  # fmt: skip
    while relay.turn():
        pass


def kept(store: Store) -> list[Any]:
    with store.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.case_id)).all()
        alerts = connection.execute(select(turnaround_alerts).order_by(*turnaround_alerts.primary_key)).all()
    return [*map(tuple, rows), *map(tuple, alerts)]


def wipe(store: Store) -> None:
    with store.write() as unit:
        for name in (*WIPED, "turnaround", "turnaround_alerts", "studies"):
            unit.connection.execute(delete(metadata.tables[name]))


def assert_same(store: Store, now: datetime) -> None:
    counted = recount(store, now)
    for by in (By.WHOLE, By.MODALITY, By.PRIORITY, By.HOUR):
        told = turnaround.figures(store, SYSTEM, Asked(by=by, **PERIOD), now)
        groups = {key for key in counted if key.startswith(by.value) and bool(by.value) == bool(key)}
        found = {f"{by.value} {tile.group}".strip(): None for tile in told.tiles} if told.tiles else {}
        assert set(found) - {""} == groups - {""}
        for tile in told.tiles:
            same = counted.get(f"{by.value} {tile.group}".strip(), {}).get(tile.metric, Counted())
            assert (tile.metric, tile.n, tile.judged, tile.breaches, tile.overdue) == (
                tile.metric, len(same.values), same.judged, same.late, same.overdue,
            )  # fmt: skip
            if tile.n >= SMALLEST:
                assert tile.percentiles == tuple(same.percentile(percent) for percent in (50, 90, 95))
            else:
                assert tile.percentiles is None


@pytest.mark.slow
def test_a_recount_of_the_log_equals_every_tile_and_a_rebuild_changes_nothing(
    store: Store, request: pytest.FixtureRequest
) -> None:
    settle(store)
    reached: set[str] = set()
    long = request.config.getoption("--long")

    @settings(max_examples=60 if long else 3, phases=(Phase.generate,))
    @given(some.lists(HISTORY, min_size=4, max_size=5), some.sampled_from([0, 1, 9, 40]))
    def adds_up(histories: Sequence[History], days: int) -> None:
        wipe(store)
        ids = [
            live_through(store, history, NOW + timedelta(hours=7 * place), place)
            for place, history in enumerate(histories)
        ]
        caught_up(store)
        reached.update(map(str, states(store, ids)))
        last = max(stored(store, each).updated_at for each in ids)
        assert_same(store, last + timedelta(days=days))
        followed = kept(store)
        with store.write() as unit:
            unit.connection.execute(delete(turnaround_alerts))
            unit.connection.execute(table.update().values(figures=b"", number=table.c.case_id))
        keeping.rebuild(store)
        assert kept(store) == followed

    adds_up()
    assert len(reached) >= 5, f"the histories stay near their beginning: {reached}"


def test_every_metric_of_the_table_is_told_even_when_nothing_was_measured(store: Store) -> None:
    told = turnaround.figures(store, SYSTEM, Asked(**PERIOD), NOW)
    assert [tile.metric for tile in told.tiles] == [metric.name for metric in METRICS]
    assert {(tile.n, tile.percentiles, tile.breaches) for tile in told.tiles} == {(0, None, 0)}
