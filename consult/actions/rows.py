"""Commits the rows of what arrived for all senders together: one writer, so that no commit waits for another's lock."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from consult.domain.errors import Unavailable
from consult.formats.datasets import same_data_set
from consult.store import arrivals
from consult.store.arrivals import Arrival as Arrival  # noqa: PLC0414  for the doors
from consult.store.arrivals import Kept as Kept  # noqa: PLC0414
from consult.store.arrivals import Unknown
from consult.store.blobs import Blobs
from consult.store.unit import Store, Taken

log = logging.getLogger(__name__)

BATCH = 64  # objects in one commit
LINGER_S = 0.004  # that a commit waits for objects that other senders are about to bring
TRIES = 5  # of a commit that another writer disturbed
PAUSE_S = 0.05  # after the first of them, doubling
RELEASED_QUIET = timedelta(seconds=0.3)  # after the sender hung up; another association may follow at once


@dataclass(slots=True)
class _Pending:
    arrival: Arrival
    kept: Future[Kept]


class RowWriter:
    """The writer of this process: a thread that commits what waits, at once for all who brought it."""

    def __init__(self, store: Store, blobs: Blobs, clock: Callable[[], datetime], quiet: timedelta) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._quiet = quiet
        self._coming = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_on, name="intake-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def coming(self, more: int) -> None:
        """So many more objects are about to be brought; fewer where negative."""
        with self._lock:
            self._coming += more

    def put(self, arrival: Arrival) -> Future[Kept]:
        """Bring an object that is on disk; done when its row is committed."""
        pending = _Pending(arrival, Future())
        self._queue.put(pending)
        return pending.kept

    def hung_up(self, study_ids: Iterable[str]) -> None:
        """Look at these studies soon, without the long wait for a silent sender."""
        with self._store.write() as unit:
            arrivals.released(unit, study_ids, self._clock() + RELEASED_QUIET)

    def still_connected(self, study_ids: Iterable[str]) -> None:
        """These studies go on receiving."""
        with self._store.write() as unit:
            arrivals.touch(unit, study_ids, self._clock())

    def close(self) -> None:
        """Write what waits, and end."""
        self._queue.put(None)
        self._thread.join()

    def _write_on(self) -> None:
        while (first := self._queue.get()) is not None:
            self._write_or_tell(self._batch(first))

    def _batch(self, first: _Pending) -> list[_Pending]:
        """What is committed together: all that waits, and what comes while others are at it, for a moment."""
        batch = [first]
        until = time.monotonic() + LINGER_S
        while len(batch) < BATCH:
            patience = until - time.monotonic() if self._coming else 0
            try:
                more = self._queue.get(timeout=max(0, patience))
            except queue.Empty:
                break
            if more is None:
                self._queue.put(None)
                break
            batch.append(more)
        return batch

    def _write_or_tell(self, batch: Sequence[_Pending]) -> None:
        """Write; where that fails for a reason of one object, write each alone, so that it fails alone."""
        try:
            self._write(batch)
        except Unavailable as why:
            _fail(batch, why)
        except Exception as why:  # the edge of this thread: a sender must get an answer, and the next its turn
            if len(batch) > 1:
                for each in batch:
                    self._write_or_tell([each])
            else:
                log.exception("an object could not be written")
                _fail(batch, why)

    def _write(self, batch: Sequence[_Pending]) -> None:
        for each, outcome in zip(batch, self._commit([each.arrival for each in batch]), strict=True):
            if isinstance(outcome, Unknown):
                each.arrival = self._compared(each.arrival, outcome)
                self._queue.put(each)
            else:
                each.kept.set_result(outcome)

    def _commit(self, arrived: Sequence[Arrival]) -> list[Kept | Unknown]:
        for attempt in range(TRIES):
            try:
                with self._store.write() as unit:
                    return arrivals.keep(unit, arrived, self._quiet)
            except (Unavailable, Taken):
                if attempt == TRIES - 1:
                    raise
                time.sleep(PAUSE_S * 2**attempt)  # this thread's only work is this commit
        raise AssertionError("unreachable")

    def _compared(self, arrival: Arrival, unknown: Unknown) -> Arrival:
        mine = self._blobs.path(arrival.sha256)
        for sha256 in unknown.sha256s:
            other = self._blobs.path(sha256)
            arrival = arrival.compared(sha256, other.exists() and same_data_set(mine, other))
        return arrival


def _fail(batch: Sequence[_Pending], why: Exception) -> None:
    for each in batch:
        if not each.kept.done():
            each.kept.set_exception(why)
