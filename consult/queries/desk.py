"""The coordinator's desk: what waits where in the region, what sounds an alarm, and who could take it."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from consult.domain.access import Scope, What, scope_of
from consult.domain.cases import Case, State
from consult.domain.desk import COLUMNS, Pile
from consult.domain.errors import Invalid, NotAllowed, Words
from consult.domain.people import Actor, Institution, Person
from consult.domain.rota import on_rota, shift_ends
from consult.domain.work_units import units_of
from consult.domain.workflow_needs import Images
from consult.store import desk, people, rota, routing_rules
from consult.store.desk import Count, Key
from consult.store.unit import Reader, Store
from consult.store.world import images_of_all

__all__ = ["Colleague", "Count", "Desk", "Sheet", "Slip", "desk_of", "sheet_of"]

MOST = 200
FIRST = 20
NOT_YOURS = Words("调度台由会诊中心调度使用。", "The desk is for coordinators.")
BY_MOMENT = (Pile.CRITICAL, Pile.OFFERS)


@dataclass(frozen=True, slots=True)
class Slip:
    """A case as it lies on the desk."""

    case: Case
    due_at: datetime | None
    images: Images


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some cases of a pile, the cursor of the next ones (None: that was all), and the count of the whole pile."""

    pile: Pile
    slips: tuple[Slip, ...]
    after: str | None
    count: Count


@dataclass(frozen=True, slots=True)
class Colleague:
    """A specialist who could take a case: open work in units, cases held and among them offered, and their shift."""

    person: Person
    units: float
    held: int
    offered: int
    on_shift: bool
    on_call: bool
    shift_ends: datetime | None


@dataclass(frozen=True, slots=True)
class Desk:
    """The whole desk at a moment."""

    as_of: datetime
    columns: tuple[Sheet, ...]
    counts: Mapping[Pile, Count]
    people: tuple[Colleague, ...]
    sites: dict[str, Institution]


def desk_of(store: Store, actor: Actor, now: datetime) -> Desk:
    """The first cases of every column, every count, and the people of the performing side. Raises NotAllowed."""
    _check(actor)
    with store.read() as connection:
        counts = desk.counts(connection, actor, now)
        asked = {pile: (None, FIRST, counts[pile]) for pile in COLUMNS}
        sheets = _sheets(connection, actor, now, asked)
        sites = {site.code: site for site in people.all_institutions(connection)}
        return Desk(now, sheets, counts, _colleagues(connection, actor.institution_code or "", now), sites)


def sheet_of(
    store: Store, actor: Actor, pile: Pile, after: str | None, limit: int, now: datetime
) -> tuple[Sheet, dict[str, Institution]]:
    """A page of one pile, and the institutions in it. Raises NotAllowed, Invalid for a cursor that is not ours."""
    _check(actor)
    as_of, key = _cursor(after, pile) if after else (now, None)
    with store.read() as connection:
        count = desk.counts(connection, actor, as_of)[pile]
        (sheet,) = _sheets(connection, actor, as_of, {pile: (key, max(1, min(limit, MOST)), count)})
        return sheet, {site.code: site for site in people.all_institutions(connection)}


def _check(actor: Actor) -> None:
    if Scope.REGION not in scope_of(actor, What.LIST):
        raise NotAllowed(NOT_YOURS)


def _sheets(
    connection: Reader, actor: Actor, as_of: datetime, asked: Mapping[Pile, tuple[Key | None, int, Count]]
) -> tuple[Sheet, ...]:
    """A page of each pile that is asked for: after a key, so many cases, of a pile of that count."""
    found = {
        pile: desk.page(connection, actor, pile, as_of, after, size + 1) if count.total else []
        for pile, (after, size, count) in asked.items()
    }
    images = images_of_all(connection, [case for page in found.values() for case, _, _ in page])
    return tuple(
        Sheet(
            pile,
            tuple(Slip(case, due_at, images[case.id]) for case, due_at, _ in found[pile][:size]),
            _told(as_of, found[pile][size - 1][2]) if len(found[pile]) > size else None,
            count,
        )
        for pile, (_, size, count) in asked.items()
    )


def _colleagues(connection: Reader, centre: str, now: datetime) -> tuple[Colleague, ...]:
    """Whoever is on shift first, the least loaded first among them."""
    found: list[Colleague] = []
    for site in desk.performing_for(connection, centre):
        specialists = people.specialists_of(connection, site)
        if not specialists:
            continue
        units = routing_rules.policy_of(connection, site).units
        shifts = rota.shifts_of(connection, site, now)
        held = desk.holdings(connection, [person.id for person in specialists])
        for person in specialists:
            own = [each for each in held if each.person_id == person.id]
            found.append(
                Colleague(
                    person,
                    round(sum(units_of(units, each.modality, each.body_part) * each.n for each in own), 2),
                    sum(each.n for each in own),
                    sum(each.n for each in own if each.state == State.ASSIGNED),
                    on_shift=on_rota(shifts, person.id, now, emergency=False),
                    on_call=on_rota(shifts, person.id, now),
                    shift_ends=shift_ends(shifts, person.id, now),
                )
            )
    return tuple(sorted(found, key=lambda one: (not one.on_shift, not one.on_call, _share(one), one.person.username)))


def _share(one: Colleague) -> float:
    return one.units / one.person.load_limit_units if one.person.load_limit_units else 1.0


def _told(as_of: datetime, key: Key) -> str:
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return base64.urlsafe_b64encode(json.dumps([as_of.isoformat(), *plain]).encode()).decode()


def _cursor(told: str, pile: Pile) -> tuple[datetime, Key]:
    """The moment that the first page was of, so that the pages fit together, and the key of its last case."""
    try:
        as_of, first, *rest = json.loads(base64.urlsafe_b64decode(told))
        if len(rest) != (1 if pile in BY_MOMENT else 2):
            raise ValueError(told)
        key = datetime.fromisoformat(first) if pile in BY_MOMENT else int(first)
        moment = datetime.fromisoformat(as_of)
        if moment.tzinfo is None:
            raise ValueError(told)
    except (ValueError, binascii.Error, TypeError) as broken:
        raise Invalid.at("after", Words("翻页标记无效。", "That cursor is not valid.")) from broken
    return moment, (key, *map(str, rest))
