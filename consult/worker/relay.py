"""Facts reach their subscribers: at least once, in order, each from its own stored position, with back-off."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from consult.domain.events import Fact
from consult.worker.turns import Turns

BATCH = 200
LONGEST_WAIT = timedelta(minutes=5)

Handler = Callable[[Fact, datetime], None]
log = structlog.get_logger("relay")


class Positions(Protocol):
    """Where subscribers stand, as actions/relay keeps it."""

    def next_facts(self, subscriber: str, now: datetime, limit: int) -> list[Fact]:
        """The facts a subscriber has not had; none while it waits after a failure."""
        ...

    def had(self, subscriber: str, seq: int) -> None:
        """The subscriber had everything up to ``seq``."""
        ...

    def failed(self, subscriber: str, seq: int, now: datetime) -> None:
        """The fact after ``seq`` failed; try again later."""
        ...


class Relay(Turns):
    """The thread that hands facts to subscribers; ``nudge`` wakes it after a commit in this process."""

    def __init__(
        self,
        positions: Positions,
        subscribers: Mapping[str, Handler],
        clock: Callable[[], datetime],
        leads: Callable[[], bool],
    ) -> None:
        super().__init__("relay", leads)
        self._positions = positions
        self._subscribers = subscribers
        self._clock = clock

    def turn(self) -> bool:
        """One batch for every subscriber; whether any had news."""
        busy = False
        for name, handler in self._subscribers.items():
            busy = self._serve(name, handler) or busy
        return busy

    def _serve(self, name: str, handler: Handler) -> bool:
        try:
            return self._hand_over(name, handler)
        except Exception as failure:  # noqa: BLE001  the relay outlives whatever its own reading and writing meets
            log.warning("relay cannot keep its position", subscriber=name, error=type(failure).__name__)
            return False

    def _hand_over(self, name: str, handler: Handler) -> bool:
        """Give a subscriber its next facts, in order, up to one that fails; whether it took any."""
        done: int | None = None
        for fact in self._positions.next_facts(name, self._clock(), BATCH):
            try:
                handler(fact, self._clock())
            except Exception as failure:  # noqa: BLE001  one subscriber's failure must not stop the others
                told = {"subscriber": name, "seq": fact.seq, "kind": fact.kind, "error": type(failure).__name__}
                log.warning("subscriber failed", **told)
                self._positions.failed(name, (fact.seq or 1) - 1, self._clock())
                return done is not None
            done = fact.seq
        if done is not None:
            self._positions.had(name, done)
        return done is not None
