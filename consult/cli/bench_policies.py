"""The policies that the routing benchmark compares; ours asks the product's own rules."""

from collections.abc import Callable
from importlib import import_module
from itertools import count, islice
from typing import Any

from consult.cli import bench_centre
from consult.cli.bench_centre import Centre, urgency
from consult.cli.bench_model import Case, Reader, duty, moment
from consult.domain.calendars import CHINA
from consult.domain.dispatch import RANK, dispatch
from consult.domain.routing import Candidate
from consult.domain.routing_policy import STANDARD, Policy

EPOCH_S = 60.0
NEVER = 1e9


def linear_sum_assignment() -> Any:
    """SciPy's solver, which only this benchmark uses. Raises LookupError with what to do where it is not installed."""
    try:
        return import_module("scipy.optimize").linear_sum_assignment
    except ModuleNotFoundError as absent:
        raise LookupError("The assignment solver needs SciPy: pip install scipy (or consult[dev]).") from absent


def _free(centre: Centre) -> list[Reader]:
    return [r for r in centre.readers if r.here and r.reading is None and not r.accepted and not r.offered]


class Pull:
    """Whoever is free takes the first of the pool, in some order, that they can read."""

    recalls = False
    broadcasts: int | None = None

    def __init__(self, name: str, order: Callable[[Case], tuple[float, ...]], anybody: bool = False) -> None:
        self.name = name
        self._order = order
        self._anybody = anybody

    def act(self, centre: Centre) -> None:
        """One case each."""
        if not centre.pool:
            return
        for reader in _free(centre):
            mine = [case for case in centre.pool.values() if self._anybody or reader.reads(case)]
            if mine:
                centre.take(min(mine, key=self._order), reader, instant=self._anybody)


class Push:
    """At once to one of those on the rota who can read it, for good."""

    recalls = False
    broadcasts: int | None = None

    def __init__(self, name: str, choose: Callable[[list[Reader]], Reader]) -> None:
        self.name = name
        self._choose = choose

    def act(self, centre: Centre) -> None:
        """All that came."""
        for case in list(centre.pool.values()):
            able = [r for r in centre.readers if r.on_rota and r.reads(case)]
            if able:
                centre.offer(case, self._choose(able))


def round_robin() -> Callable[[list[Reader]], Reader]:
    """One after the other."""
    turns = count()
    return lambda able: able[next(turns) % len(able)]


class Solver:
    """Each minute the cheapest assignment of the most urgent cases to those with free hands."""

    name = "solver each epoch"
    recalls = True
    broadcasts: int | None = STANDARD.broadcast_after

    def __init__(self) -> None:
        self._next = 0.0
        self._cheapest = linear_sum_assignment()

    def act(self, centre: Centre) -> None:
        """Once an epoch; costs grow with the place in the order of urgency."""
        if centre.now < self._next:
            return
        self._next = centre.now + EPOCH_S
        centre.at(self._next, lambda: None)
        free = [r for r in centre.readers if r.on_rota and not r.unanswered and not r.hand]
        waiting = _first_ones(free, sorted(centre.pool.values(), key=urgency))
        if not free or not waiting:
            return
        costs = [[self._cost(reader, case, place) for place, case in enumerate(waiting)] for reader in free]
        for row, column in zip(*self._cheapest(costs), strict=True):
            if costs[row][column] < NEVER:
                centre.offer(waiting[column], free[row])

    @staticmethod
    def _cost(reader: Reader, case: Case, place: int) -> float:
        if not reader.reads(case) or reader.id in case.passed:
            return NEVER
        return place + 1000.0 * RANK[case.priority] + (0 if reader.reading is None else 5.0)


def _first_ones(free: list[Reader], waiting: list[Case]) -> list[Case]:
    """The cases that can be in a best assignment: for each reader the first ones they may have, as many as readers."""
    wanted: set[int] = set()
    for reader in free:
        theirs = (case.number for case in waiting if reader.reads(case) and reader.id not in case.passed)
        wanted.update(islice(theirs, len(free)))
    return [case for case in waiting if case.number in wanted]


class Ours:
    """The product's routing, as it stands: domain/dispatch.py and domain/routing.py."""

    name = "ours"
    recalls = True

    def __init__(self, policy: Policy = STANDARD) -> None:
        self._policy = policy
        self.broadcasts: int | None = policy.broadcast_after

    def act(self, centre: Centre) -> None:
        """What the worker does after each move: the waiting cases against the house's people."""
        if not centre.pool:
            return
        waiting = {each.case_id: (each, case) for case in centre.pool.values() for each in [case.waiting()]}
        on_rota = [reader for reader in centre.readers if reader.on_rota]
        candidates = [_candidate(centre, reader) for reader in on_rota]
        by_id = {reader.id: reader for reader in on_rota}
        dealt = dispatch([each for each, _ in waiting.values()], candidates, moment(centre.now), CHINA, self._policy)
        for each, decision in list(dealt):
            if decision.chosen is not None:
                centre.offer(waiting[each.case_id][1], by_id[decision.chosen.person_id])


def _candidate(centre: Centre, reader: Reader) -> Candidate:
    return Candidate(
        reader.person,
        (duty(reader, centre.day),),
        reader.open_units,
        reader.recent_units,
        unopened=len(reader.accepted) + len(reader.offered),
        unanswered=reader.unanswered,
        seen=reader.here,
    )


def policies() -> list[Callable[[], bench_centre.Policy]]:
    """All, in the order of the table; the bound is the last."""
    return [
        lambda: Pull("FIFO pull", lambda case: (case.at,)),
        lambda: Push("round-robin push", round_robin()),
        lambda: Pull("cherry-pick pull", lambda case: (case.units, -case.at)),
        lambda: Push("workload push", lambda able: min(able, key=lambda r: (r.open_units, r.id))),
        Ours,
        Solver,
        lambda: Pull("pooled bound", lambda case: (*urgency(case),), anybody=True),
    ]
