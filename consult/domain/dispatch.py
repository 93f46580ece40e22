"""Whose turn it is: the waiting cases of a house against the people who have their hands free, in one order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from consult.domain.calendars import CHINA, Calendar
from consult.domain.routing import Candidate, Need, Routing, is_anyone_fit, route
from consult.domain.routing_policy import PRIORITIES, STANDARD, Policy
from consult.domain.work_units import units_of

RANK = {priority: rank for rank, priority in enumerate(PRIORITIES)}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case in the pool and what it asks."""

    case_id: str
    need: Need


Known = Callable[[Waiting, Sequence[Candidate]], Sequence[Candidate]]


def _as_they_are(_: Waiting, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    return candidates


def turn(waiting: Waiting) -> tuple[int, datetime, str]:
    """The order in which cases get their turn: by priority, then by when the report is due."""
    return RANK[waiting.need.priority], waiting.need.due_at, waiting.case_id


def dispatch(
    waiting: Sequence[Waiting],
    candidates: Sequence[Candidate],
    now: datetime,
    calendar: Calendar = CHINA,
    policy: Policy = STANDARD,
    known: Known = _as_they_are,
) -> Iterator[tuple[Waiting, Routing]]:
    """The cases that are given now, each with its decision; the rest stays in the pool.

    Late binding: what nobody is free for keeps waiting, so that the first who is free gets the first in turn. Each
    given case counts as open work of its reader for those after it. A case for the whole pool is among the answers
    with a decision that chooses nobody. ``known`` adds what only matters for one case: who knows patient and site.
    """
    standing = {c.person.id: c for c in candidates}
    in_vain: set[tuple[object, ...]] = set()
    for each in sorted(waiting, key=turn):
        kind = _kind(each.need)
        if kind in in_vain:
            continue
        if not is_anyone_fit(each.need, standing.values(), now, calendar, policy):
            in_vain.add(kind)
            continue
        routing = route(each.need, known(each, list(standing.values())), now, calendar, policy)
        if routing.chosen is not None:
            units = units_of(policy.units, each.need.modality, each.need.body_part)
            standing[routing.chosen.person_id] = _given(standing[routing.chosen.person_id], units)
        yield each, routing


def _given(candidate: Candidate, units: float) -> Candidate:
    return replace(
        candidate,
        open_units=candidate.open_units + units,
        recent_units=candidate.recent_units + units,
        unopened=candidate.unopened + 1,
    )


def _kind(need: Need) -> tuple[object, ...]:
    """What the hard conditions look at: two cases alike in it find the same people free."""
    return (
        need.requesting_site,
        need.performing_site,
        need.service_type,
        need.priority,
        need.modality,
        need.body_part,
        need.subspecialty,
        need.conflicts,
        need.chair,
        need.passed_over,
    )
