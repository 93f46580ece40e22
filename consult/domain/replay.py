"""What other rules would have done: past cases given out once more, by a house's people as their shifts were."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from consult.domain.calendars import Calendar
from consult.domain.dispatch import Waiting, dispatch
from consult.domain.routing import Candidate
from consult.domain.routing_policy import Policy
from consult.domain.work_units import units_of

AGAIN = timedelta(minutes=10)
"""How often a waiting case is tried again when nothing else happens: people come on duty."""

GIVES_UP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Past:
    """A case of the past: when it came to the pool, what it asked, and who had it then."""

    waiting: Waiting
    queued_at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """Who gets it, when they begin and when they are done; None where nobody could."""

    person_id: str | None
    begins: datetime | None
    ends: datetime | None
    due_at: datetime

    @property
    def late(self) -> bool:
        """Whether the report comes after it was due, or never."""
        return self.ends is None or self.ends > self.due_at


def replay(
    past: Sequence[Past], candidates: Sequence[Candidate], calendar: Calendar, policy: Policy
) -> Mapping[str, Given]:
    """By case id. Offers are taken at once, a unit takes the policy's time, everybody begins with empty hands."""
    return _Replay(candidates, calendar, policy).run(past)


class _Replay:
    """The people as they stand while the cases come again."""

    def __init__(self, candidates: Sequence[Candidate], calendar: Calendar, policy: Policy) -> None:
        self._standing = {
            c.person.id: replace(c, open_units=0.0, recent_units=0.0, unopened=0, unanswered=0) for c in candidates
        }
        self._free_at: dict[str, datetime] = {}
        self._calendar, self._policy = calendar, policy
        self._pool: dict[str, Past] = {}
        self._given: dict[str, Given] = {}
        self._agenda: list[tuple[datetime, int, str, float]] = []  # at, order, whose work changes, units that end

    def run(self, past: Sequence[Past]) -> Mapping[str, Given]:
        """Through all arrivals and ends of work."""
        coming = sorted(past, key=lambda each: (each.queued_at, each.waiting.case_id))
        last = coming[-1].queued_at + GIVES_UP if coming else None
        while coming or self._agenda or self._pool:
            now = min(
                [*(each.queued_at for each in coming[:1]), *(entry[0] for entry in self._agenda[:1])], default=None
            )
            if now is None or (last is not None and now > last):
                break
            while coming and coming[0].queued_at <= now:
                arrived = coming.pop(0)
                self._pool[arrived.waiting.case_id] = arrived
            self._end_work(now)
            self._give(now)
            if self._pool and not self._agenda:
                self._push(now + AGAIN, "", 0.0)
        for case_id, waits in self._pool.items():
            self._given[case_id] = Given(None, None, None, waits.waiting.need.due_at)
        return self._given

    def _push(self, at: datetime, person_id: str, units: float) -> None:
        heapq.heappush(self._agenda, (at, len(self._given), person_id, units))

    def _end_work(self, now: datetime) -> None:
        while self._agenda and self._agenda[0][0] <= now:
            _, _, person_id, units = heapq.heappop(self._agenda)
            if person_id and units:
                reader = self._standing[person_id]
                self._standing[person_id] = replace(reader, open_units=max(0.0, reader.open_units - units))
            elif person_id:
                reader = self._standing[person_id]
                self._standing[person_id] = replace(reader, unopened=max(0, reader.unopened - 1))

    def _give(self, now: datetime) -> None:
        waiting = [each.waiting for each in self._pool.values()]
        for each, decision in list(dispatch(waiting, list(self._standing.values()), now, self._calendar, self._policy)):
            chosen = decision.chosen.person_id if decision.chosen else None
            if chosen is None:
                continue
            units = units_of(self._policy.units, each.need.modality, each.need.body_part)
            begins = max(now, self._free_at.get(chosen, now))
            ends = begins + timedelta(seconds=units * self._policy.seconds_per_unit)
            reader = self._standing[chosen]
            self._standing[chosen] = replace(
                reader, open_units=reader.open_units + units, recent_units=reader.recent_units + units,
                unopened=reader.unopened + 1,
            )  # fmt: skip
            self._free_at[chosen] = ends
            self._given[each.case_id] = Given(chosen, begins, ends, each.need.due_at)
            self._push(begins, chosen, 0.0)
            self._push(ends, chosen, units)
            del self._pool[each.case_id]
