"""Cases side by side as columns of numbers: grouped, counted, and put in order, by numpy."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consult.domain.calendars import ASIA_SHANGHAI
from consult.domain.turnaround import (
    ABSENT,
    COLUMNS,
    EPOCH,
    LATE,
    PERCENTILES,
    PLACE,
    VERDICT,
    nearest_rank,
)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
HOUR_US = 3_600_000_000


class Figure(NamedTuple):
    """One metric of one group: measures, their percentiles (µs) as PERCENTILES, those held to a limit, those late.

    ``judged`` and ``late`` count what is open and overdue too, ``overdue`` counts these alone.
    """

    n: int
    percentiles: tuple[int, ...]
    judged: int
    late: int
    overdue: int


class Table:
    """Cases as rows of ``turnaround.COLUMNS``."""

    def __init__(self, packed: bytes) -> None:
        self._rows: Ints = np.frombuffer(packed, "<i8").reshape(-1, len(COLUMNS))

    def __len__(self) -> int:
        return len(self._rows)

    def column(self, name: str) -> Ints:
        """One of COLUMNS, a number a case."""
        return self._rows[:, PLACE[name]]

    def figure(self, metric: str, now: int, where: Ints | None = None) -> Figure:
        """A metric over the cases at these places (all when none are named)."""
        spans, verdicts = self.column(metric), self.column(metric + VERDICT)
        if where is not None:
            spans, verdicts = spans[where], verdicts[where]
        measured = spans[spans >= 0]
        overdue = int(np.count_nonzero((verdicts > LATE) & (verdicts < now)))
        late = int(np.count_nonzero(verdicts == LATE)) + overdue
        judged = int(np.count_nonzero((verdicts > 0) & (verdicts <= LATE))) + overdue
        return Figure(len(measured), _percentiles(measured), judged, late, overdue)

    def matching(self, metric: str, now: int, only_late: bool) -> Bools:
        """Which cases stand behind a metric's figure: measured, or open and overdue; or the late ones alone."""
        spans, verdicts = self.column(metric), self.column(metric + VERDICT)
        overdue = (verdicts > LATE) & (verdicts < now)
        return (verdicts == LATE) | overdue if only_late else (spans >= 0) | overdue


def judged(verdicts: Ints, now: int) -> tuple[int, int]:
    """Of these verdicts: how many are judged by now, and how many of them were in time."""
    met = int(np.count_nonzero(verdicts == 1))
    missed = int(np.count_nonzero(verdicts == LATE)) + int(np.count_nonzero((verdicts > LATE) & (verdicts < now)))
    return met + missed, met


def _percentiles(measured: Ints) -> tuple[int, ...]:
    n = len(measured)
    if n == 0:
        return tuple(ABSENT for _ in PERCENTILES)
    places = [nearest_rank(n, percent) for percent in PERCENTILES]
    ordered = np.partition(measured, sorted(set(places)))
    return tuple(int(ordered[place]) for place in places)


def groups(keys: Sequence[str]) -> dict[str, Ints]:
    """The places of each text among these, by text in order."""
    codes: dict[str, int] = {}
    numbers = np.fromiter((codes.setdefault(key, len(codes)) for key in keys), np.int64, len(keys))
    found = _split(numbers, len(codes))
    return {key: found[codes[key]] for key in sorted(codes)}


def time_groups(submitted: Ints, name: Callable[[datetime], str]) -> dict[str, Ints]:
    """The places of each group of hours; ``name`` tells an hour in China's time its group."""
    hours, numbers = np.unique(submitted // HOUR_US, return_inverse=True)
    named = [name((EPOCH + timedelta(hours=int(hour))).astimezone(ASIA_SHANGHAI)) for hour in hours]
    codes: dict[str, int] = {}
    of_hour = np.array([codes.setdefault(each, len(codes)) for each in named], np.int64)
    found = _split(of_hour[numbers] if len(numbers) else numbers, len(codes))
    return {key: found[codes[key]] for key in sorted(codes)}


def _split(numbers: Ints, count: int) -> list[Ints]:
    order: Any = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(count + 1))
    return [order[bounds[code] : bounds[code + 1]] for code in range(count)]
