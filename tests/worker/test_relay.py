"""The relay's thread: it wakes when there is news, works only while it leads, and outlives what it meets."""

import threading
from collections.abc import Iterator
from datetime import datetime

import pytest

from consult.actions.relay import StoredPositions
from consult.domain.events import Fact
from consult.store.unit import Store
from consult.worker.relay import Relay
from tests.doubles import Clock
from tests.makers.people import NOW

LONGEST = 20


class Waiting:
    """A subscriber that a test can wait for."""

    def __init__(self) -> None:
        self.came = threading.Event()

    def __call__(self, _fact: Fact, _now: datetime) -> None:
        self.came.set()


def tell(store: Store) -> None:
    with store.write() as unit:
        unit.tell(Fact("case", "c", "noted", NOW, None, "系统", 1))


@pytest.fixture
def waiting() -> Waiting:
    """A subscriber."""
    return Waiting()


@pytest.fixture
def relay(store: Store, waiting: Waiting) -> Iterator[Relay]:
    """A relay in its thread."""
    running = Relay(StoredPositions(store), {"one": waiting}, Clock(NOW), lambda: True)
    running.start()
    yield running
    running.stop()


def test_a_fact_told_in_this_process_is_handed_over_at_once(store: Store, relay: Relay, waiting: Waiting) -> None:
    store.on_facts(relay.nudge)
    tell(store)
    assert waiting.came.wait(LONGEST)


def test_a_fact_told_by_another_process_is_found_by_looking(relay: Relay, store: Store, waiting: Waiting) -> None:
    tell(store)
    assert waiting.came.wait(LONGEST)


def test_whoever_does_not_lead_hands_nothing_over(store: Store, waiting: Waiting) -> None:
    leads, asked = threading.Event(), threading.Semaphore(0)

    def held() -> bool:
        asked.release()
        return leads.is_set()

    tell(store)
    relay = Relay(StoredPositions(store), {"one": waiting}, Clock(NOW), held)
    relay.start()
    try:
        for _ in range(3):  # the third question comes after the first turn was, or was not, made
            relay.nudge()
            assert asked.acquire(timeout=LONGEST)
        assert not waiting.came.is_set()
        leads.set()
        relay.nudge()
        assert waiting.came.wait(LONGEST)
    finally:
        relay.stop()


def test_the_relay_outlives_a_database_that_goes_away(store: Store) -> None:
    class Flaky(StoredPositions):
        def __init__(self, inner: Store) -> None:
            super().__init__(inner)
            self.away = 3

        def next_facts(self, subscriber: str, now: datetime, limit: int) -> list[Fact]:
            if self.away > 1:
                self.away -= 1
                raise ConnectionError("away")
            return super().next_facts(subscriber, now, limit)

        def had(self, subscriber: str, seq: int) -> None:
            if self.away:
                self.away -= 1
                raise ConnectionError("away")
            super().had(subscriber, seq)

    waiting = Waiting()
    relay = Relay(Flaky(store), {"one": waiting}, Clock(NOW), lambda: True)
    tell(store)
    relay.start()
    try:
        assert waiting.came.wait(LONGEST)
        waiting.came.clear()
        relay.nudge()
        assert waiting.came.wait(LONGEST), "not handed over again after its position could not be kept"
    finally:
        relay.stop()
