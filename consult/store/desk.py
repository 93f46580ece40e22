"""The desk's questions to the database: pages of its piles, their counts, and who holds how much."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, and_, case, func, or_, select, tuple_

from consult.domain.access import Scope, What, scope_of
from consult.domain.cases import Case, State, case_of
from consult.domain.desk import OF_STATES, ON_DESK, RUNS_OUT_WITHIN, Pile
from consult.domain.people import Actor
from consult.store.cases import HELD, within
from consult.store.tables import cases
from consult.store.tables_people import agreements, institutions

Key = tuple[Any, ...]
BEFORE_ANY = datetime(2000, 1, 1, tzinfo=UTC)
WIDE = frozenset({Scope.REGION, Scope.ALL})


class Count(NamedTuple):
    """How many cases a pile has, how many of them are overdue, and when the most pressing one's time is up."""

    total: int
    overdue: int
    nearest: datetime | None = None


def _region(actor: Actor) -> ColumnElement[bool]:
    """Said so that no index of a site can serve it: what runs is found by state, and is less than a site's history."""
    lies = within(scope_of(actor, What.LIST) & WIDE, actor, cases)
    return case((lies, 1), else_=0) == 1


def _on(pile: Pile, actor: Actor, as_of: datetime) -> ColumnElement[bool]:
    """The cases of a pile that lie in the actor's region."""
    lies: ColumnElement[bool]
    if pile in OF_STATES:
        lies = cases.c.state.in_(OF_STATES[pile])
    elif pile is Pile.CRITICAL:
        lies = and_(cases.c.alert_due_at > BEFORE_ANY, cases.c.live)  # unlike IS NOT NULL, served by the index
    elif pile is Pile.OFFERS:
        lies = and_(cases.c.offer_until <= as_of + RUNS_OUT_WITHIN, cases.c.state == State.ASSIGNED)
    elif pile is Pile.UNACKNOWLEDGED:
        lies = and_(cases.c.state == State.DELIVERED, cases.c.due_at < as_of)
    else:
        lies = and_(cases.c.state.in_(ON_DESK), cases.c.due_at < as_of)
    return and_(lies, _region(actor))


def _order(pile: Pile, as_of: datetime) -> tuple[ColumnElement[Any], ...]:
    """What is overdue lies on top, in the order of the worklist; where one moment counts, by that."""
    if pile is Pile.CRITICAL:
        return cases.c.alert_due_at, cases.c.id
    if pile is Pile.OFFERS:
        return cases.c.offer_until, cases.c.id
    late = case((cases.c.due_at < as_of, 0), else_=1)
    return late.cast(Integer), cases.c.rank, cases.c.id


def page(
    connection: Connection, actor: Actor, pile: Pile, as_of: datetime, after: Key | None, limit: int
) -> list[tuple[Case, datetime | None, Key]]:
    """Up to ``limit`` cases of a pile after a key, each with its due time and its own key."""
    order = _order(pile, as_of)
    keys = select(*(key.label(f"key_{place}") for place, key in enumerate(order))).where(_on(pile, actor, as_of))
    if after is not None:
        keys = keys.where(tuple_(*order) > after)
    found = [tuple(row) for row in connection.execute(keys.order_by(*order).limit(limit))]
    whole = select(cases.c.id, cases.c.document, cases.c.due_at).where(cases.c.id.in_([key[-1] for key in found]))
    rows = {row.id: row for row in connection.execute(whole)}
    return [(case_of(rows[key[-1]].document), rows[key[-1]].due_at, key) for key in found]


def counts(connection: Connection, actor: Actor, as_of: datetime) -> dict[Pile, Count]:
    """Every pile's count, as its pages would tell."""
    late = func.sum(case((cases.c.due_at < as_of, 1), else_=0))
    query = select(cases.c.state, func.count(), late).where(
        cases.c.state.in_((*ON_DESK, State.DELIVERED)), _region(actor)
    )
    rows = connection.execute(query.group_by(cases.c.state))
    states = {state: Count(n, overdue) for state, n, overdue in rows}
    of = {pile: _together([states[state] for state in found if state in states]) for pile, found in OF_STATES.items()}
    late_ones = sum(count.overdue for count in of.values())
    unread = states[State.DELIVERED].overdue if State.DELIVERED in states else 0
    return of | {
        Pile.OVERDUE: Count(late_ones, late_ones),
        Pile.UNACKNOWLEDGED: Count(unread, unread),
        Pile.CRITICAL: _pressing(connection, actor, Pile.CRITICAL, as_of),
        Pile.OFFERS: _pressing(connection, actor, Pile.OFFERS, as_of),
    }


def _together(found: Sequence[Count]) -> Count:
    return Count(sum(each.total for each in found), sum(each.overdue for each in found))


def _pressing(connection: Connection, actor: Actor, pile: Pile, as_of: datetime) -> Count:
    moment, _ = _order(pile, as_of)
    late = func.sum(case((cases.c.due_at < as_of, 1), else_=0))
    query = select(func.count(), late, func.min(moment)).where(_on(pile, actor, as_of))
    row = connection.execute(query).one()
    return Count(row[0], row[1] or 0, row[2])


class Holding(NamedTuple):
    """How many cases of a kind somebody has on their hands in a state."""

    person_id: str
    state: str
    modality: str
    body_part: str
    n: int


def holdings(connection: Connection, person_ids: Sequence[str]) -> list[Holding]:
    """The open work of these people, by kind."""
    kind = cases.c.assignee_id, cases.c.state, cases.c.modality, cases.c.body_part
    query = select(*kind, func.count()).where(cases.c.assignee_id.in_(person_ids), cases.c.state.in_(HELD))
    return [Holding(*row) for row in connection.execute(query.group_by(*kind))]


def performing_for(connection: Connection, centre: str) -> list[str]:
    """The institutions that perform for a region: for its centre and whoever belongs to it, and the centre's own."""
    asking = select(institutions.c.code).where(or_(institutions.c.centre == centre, institutions.c.code == centre))
    query = select(agreements.c.performing_site).where(agreements.c.requesting_site.in_(asking)).distinct()
    return sorted({centre, *connection.scalars(query)})
