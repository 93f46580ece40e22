"""The modelled centre at work: cases come, are offered, answered, read; shifts change; a policy gives them out."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from consult.cli.bench_model import DAY_S, SHIFT_S, Case, Reader, answer, arrivals, staff
from consult.domain.dispatch import RANK


class Policy(Protocol):
    """Who decides.

    ``recalls``: what is not begun goes back to the pool at shift end, and offers run out. ``broadcasts``: after so
    many missed offers an emergency is for whoever looks up first; None: never.
    """

    name: str
    recalls: bool
    broadcasts: int | None

    def act(self, centre: "Centre") -> None:
        """Give cases of the pool to readers, now."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went: the share of emergencies over their hour, and the 90th percentile of routine reports in minutes."""

    emergency_breaches: float
    routine_p90_min: float
    cases: int


def urgency(case: Case) -> tuple[int, float]:
    """The order in which anybody sensible works."""
    return RANK[case.priority], case.due


class Centre:
    """One run of one policy."""

    def __init__(self, policy: Policy, seed: int, days: int, utilisation: float, accept_s: dict[str, float]) -> None:
        self.policy = policy
        self.seed = seed
        self.now = 0.0
        self.day = 0
        self.readers = staff(seed, days)
        self.cases = list(arrivals(seed, days, utilisation))
        self.pool: dict[int, Case] = {}
        self._accept_s = accept_s
        self._days = days
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        for case in self.cases:
            self.at(case.at, partial(self._arrive, case))
        for n in range(days * 3 + 1):
            self.at(n * SHIFT_S, partial(self._change, n))

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Put something on the agenda."""
        self._count += 1
        heapq.heappush(self._agenda, (when, self._count, what))

    def run(self) -> Outcome:
        """Through all days; what is still open then counts with its age."""
        end = self._days * DAY_S
        while self._agenda and self._agenda[0][0] <= end:
            self.now, _, what = heapq.heappop(self._agenda)
            what()
            self.policy.act(self)
        self.now = end
        return self._outcome()

    def _outcome(self) -> Outcome:
        took: dict[str, list[float]] = {priority: [] for priority in RANK}
        breached = 0
        for case in self.cases:
            done = self.now if case.done is None else case.done
            took[case.priority].append(done - case.at)
            breached += case.priority == "emergency" and done > case.due
        routine = sorted(took["routine"])
        p90 = routine[max(0, -(-len(routine) * 9 // 10) - 1)] / 60 if routine else 0.0
        return Outcome(100 * breached / max(1, len(took["emergency"])), p90, len(self.cases))

    def _arrive(self, case: Case) -> None:
        self.pool[case.number] = case

    def _change(self, n: int) -> None:
        self.day, shift = divmod(n, 3)
        for reader in self.readers:
            on = reader.shift == shift and self.day < self._days
            if reader.on_rota and not on and self.policy.recalls:
                for case in reader.hand:
                    self._back(case)
                reader.accepted.clear()
                reader.offered.clear()
            reader.on_rota = on
            reader.here = on and self.day not in reader.absent_on
            reader.until = (n + 1) * SHIFT_S
            reader.unanswered = 0
            if shift == 0 and on:
                reader.recent_units *= 6 / 7  # the week's window, as it moves
            self.look(reader)

    def _back(self, case: Case) -> None:
        case.offer += 1
        self.pool[case.number] = case

    def offer(self, case: Case, reader: Reader) -> None:
        """To one, until the timer; they answer as people do."""
        del self.pool[case.number]
        case.offer += 1
        turn = case.offer
        reader.offered.append(case)
        reader.recent_units += case.units
        if self.policy.recalls:
            until = min(self.now + self._accept_s[case.priority], reader.until)
            self.at(until, lambda: self._ran_out(case, reader, turn))
        if reader.here:
            after = answer(self.seed, case, reader)
            self.at(
                self.now + (after.busy_s if reader.reading else after.idle_s), lambda: self._answers(case, reader, turn)
            )

    def _ran_out(self, case: Case, reader: Reader, turn: int) -> None:
        if case.offer == turn and case in reader.offered:
            reader.unanswered += not reader.here
            self._pass_on(case, reader)

    def _pass_on(self, case: Case, reader: Reader) -> None:
        reader.offered.remove(case)
        reader.recent_units -= case.units
        case.passed = (*case.passed, reader.id)
        self._back(case)
        if self._for_all(case):
            for each in self.readers:
                self.at(self.now + answer(self.seed, case, each).idle_s, partial(self.look, each))

    def _for_all(self, case: Case) -> bool:
        after = self.policy.broadcasts
        return after is not None and case.priority == "emergency" and len(case.passed) >= after

    def _answers(self, case: Case, reader: Reader, turn: int) -> None:
        if case.offer != turn or case not in reader.offered or not reader.here:
            return
        if self.policy.recalls and answer(self.seed, case, reader).declines:
            self._pass_on(case, reader)
            return
        reader.offered.remove(case)
        reader.accepted.append(case)
        self.look(reader)

    def take(self, case: Case, reader: Reader, instant: bool = False) -> None:
        """Out of the pool by their own hand; who was idle needs a moment to see it."""
        del self.pool[case.number]
        case.offer += 1
        reader.accepted.append(case)
        after = 0.0 if instant else answer(self.seed, case, reader).idle_s
        self.at(self.now + after, lambda: self.look(reader))

    def look(self, reader: Reader) -> None:
        """Whoever reads nothing begins the most urgent of what is theirs, an emergency that is for all before that."""
        if reader.reading is not None or not reader.here:
            return
        called = [case for case in self.pool.values() if self._for_all(case) and reader.reads(case)]
        if called:
            case = min(called, key=urgency)
            del self.pool[case.number]
        elif reader.accepted:
            case = min(reader.accepted, key=urgency)
            reader.accepted.remove(case)
        else:
            return
        reader.reading = case
        self.at(self.now + case.reading_s, lambda: self._finish(reader, case))

    def _finish(self, reader: Reader, case: Case) -> None:
        case.done = self.now
        reader.reading = None
        for offered in sorted(reader.offered, key=urgency):
            if reader.here:  # between two cases everybody looks at what was offered
                self._answers(offered, reader, offered.offer)
        self.look(reader)
