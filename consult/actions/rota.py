"""The rota and the routing rules changed by those who look after the house; every change is written down."""

from collections.abc import Iterable
from datetime import datetime

from consult.actions.parts import Parts
from consult.domain.access import may_administer
from consult.domain.audit import Deed, Entry
from consult.domain.errors import NotAllowed, NotFound, Words
from consult.domain.house_days import read_days
from consult.domain.people import Actor
from consult.domain.rota import Absence, Pattern, Shift, check_absence, check_shifts, planned
from consult.domain.routing_policy import Policy, check_policy
from consult.store import people, rota, routing_rules
from consult.store.unit import Unit

NOT_YOURS = Words("只有本机构的管理员可以修改排班和派单规则。", "Only the institution's administrator may change this.")


def _check(unit: Unit, actor: Actor, site: str) -> None:
    people.institution(unit.connection, site)
    if not may_administer(actor, site):
        raise NotAllowed(NOT_YOURS)


def plan_shifts(parts: Parts, actor: Actor, site: str, added: Iterable[Shift]) -> int:
    """Put shifts on the rota; how many were new. Raises NotFound, NotAllowed, Invalid."""
    shifts = list(added)
    with parts.store.write() as unit:
        _check(unit, actor, site)
        check_shifts(shifts, (person.id for person in people.specialists_of(unit.connection, site)))
        new = rota.add_shifts(unit, shifts)
        _note(unit, actor, site, "shifts added", {"shifts": [_span(each) for each in shifts]}, parts.clock())
    return new


def plan_pattern(parts: Parts, actor: Actor, site: str, pattern: Pattern) -> int:
    """The same shift on many days, by the house's calendar. Raises NotFound, NotAllowed, Invalid."""
    with parts.store.read() as connection:
        calendar = rota.calendar_of(connection, site)
    return plan_shifts(parts, actor, site, planned(pattern, calendar))


def drop_shift(parts: Parts, actor: Actor, site: str, number: int) -> None:
    """Take a shift off the rota. Raises NotFound, NotAllowed."""
    with parts.store.write() as unit:
        _check(unit, actor, site)
        dropped = rota.remove_shift(unit, site, number)
        if dropped is None:
            raise NotFound
        _note(unit, actor, site, "shift removed", {"shift": _span(dropped)}, parts.clock())


def keep_absence(parts: Parts, actor: Actor, site: str, absence: Absence) -> int:
    """Somebody will be away; the number of the absence. Raises NotFound, NotAllowed, Invalid."""
    check_absence(absence)
    with parts.store.write() as unit:
        _check(unit, actor, site)
        if absence.person_id not in {person.id for person in people.specialists_of(unit.connection, site)}:
            raise NotFound
        number = rota.add_absence(unit, absence)
        _note(unit, actor, site, "absence added", {"absence": _span(absence)}, parts.clock())
    return number


def drop_absence(parts: Parts, actor: Actor, site: str, number: int) -> None:
    """Take an absence back. Raises NotFound, NotAllowed."""
    with parts.store.write() as unit:
        _check(unit, actor, site)
        dropped = rota.remove_absence(unit, site, number)
        if dropped is None:
            raise NotFound
        _note(unit, actor, site, "absence removed", {"absence": _span(dropped)}, parts.clock())


def import_days(parts: Parts, actor: Actor, site: str, year: int, text: str, source: str) -> int:
    """The holidays and makeup days of a year, instead of those kept before; how many. Raises as ``read_days``."""
    with parts.store.write() as unit:
        _check(unit, actor, site)
        days = read_days(text, year, source)
        rota.keep_year(unit, site, year, days)
        _note(unit, actor, site, "calendar imported", {"year": year, "days": len(days)}, parts.clock())
    return len(days)


def keep_policy(parts: Parts, actor: Actor, site: str, policy: Policy, version: int, note: str) -> int:
    """Keep the routing rules as the next version; its number. Raises NotFound, NotAllowed, Invalid, Stale."""
    now = parts.clock()
    with parts.store.write() as unit:
        _check(unit, actor, site)
        check_policy(policy, [person.id for person in people.specialists_of(unit.connection, site)])
        kept = routing_rules.keep(unit, site, policy, version, actor, note, now)
        _note(unit, actor, site, "routing rules changed", {"version": kept, "rules": len(policy.rules)}, now)
    return kept


def _span(each: Shift | Absence) -> str:
    return f"{each.person_id} {each.start.isoformat()}/{each.end.isoformat()}"


def _note(unit: Unit, actor: Actor, site: str, what: str, told: dict[str, object], now: datetime) -> None:
    detail = {"what": what, **told}
    unit.note(Entry(Deed.ADMINISTER, now, actor.person_id, actor.name, "institution", site, detail=detail))
