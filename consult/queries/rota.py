"""What coordinators and administrators look at: the week's rota, the rules, other rules tried, the hours to come."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from consult.domain.access import may_administer
from consult.domain.cases import Case, State
from consult.domain.dispatch import Waiting
from consult.domain.errors import NotFound
from consult.domain.forecast import Hour, forecast
from consult.domain.house_days import HouseDay, days_of
from consult.domain.limits import LimitBook
from consult.domain.people import Actor, Institution, Person, Role
from consult.domain.replay import Given, Past, replay
from consult.domain.rota import Absence, Shift, present, week_of
from consult.domain.routing_policy import Edition, Policy, check_policy
from consult.domain.work_units import units_of
from consult.store import limits, people, rota, routing_rules
from consult.store.candidates import came_to, house_of, need_of
from consult.store.rota import Numbered
from consult.store.unit import Reader, Store
from consult.store.world import report_due

LOOKS_BACK_WEEKS, LOOKS_AHEAD_HOURS, MOST_DAYS, MOST_VERSIONS = 4, 12, 31, 50


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the rota: its begin and end, people, shifts and absences with numbers, days against the week."""

    begin: datetime
    end: datetime
    people: tuple[Person, ...]
    shifts: tuple[Numbered[Shift], ...]
    absences: tuple[Numbered[Absence], ...]
    days: Mapping[date, HouseDay]
    may_change: bool


def _sees(connection: Reader, actor: Actor, site: str) -> Institution:
    """The house, for its administrator and for the coordinators of its region. Raises NotFound."""
    house = people.institution(connection, site)
    coordinates = Role.COORDINATOR in actor.roles and actor.institution_code in (house.code, house.centre)
    if not coordinates and not may_administer(actor, site):
        raise NotFound
    return house


def houses(store: Store, actor: Actor) -> list[Institution]:
    """The institutions with specialists whose rota the actor sees, by code."""
    with store.read() as connection:
        return [
            each
            for each in people.all_institutions(connection)
            if (may_administer(actor, each.code) or _coordinates(actor, each))
            and people.specialists_of(connection, each.code)
        ]


def _coordinates(actor: Actor, house: Institution) -> bool:
    return Role.COORDINATOR in actor.roles and actor.institution_code in (house.code, house.centre)


def week(store: Store, actor: Actor, site: str, day: date) -> Week:
    """The week that a day lies in. Raises NotFound."""
    begin, end = week_of(day)
    with store.read() as connection:
        _sees(connection, actor, site)
        calendar = rota.calendar_of(connection, site)
        years = {begin.year, (end - timedelta(days=1)).year}
        return Week(
            begin,
            end,
            tuple(people.specialists_of(connection, site)),
            tuple(rota.shifts_between(connection, site, begin, end)),
            tuple(rota.absences_between(connection, site, begin, end)),
            {each.day: each for year in years for each in days_of(calendar, year)},
            may_administer(actor, site),
        )


def year_days(store: Store, actor: Actor, site: str, year: int) -> list[HouseDay]:
    """The holidays and makeup days of a year as they hold at the house. Raises NotFound."""
    with store.read() as connection:
        _sees(connection, actor, site)
        return days_of(rota.calendar_of(connection, site), year)


def rules(store: Store, actor: Actor, site: str, version: int | None = None) -> tuple[Edition, bool]:
    """A version of the rules (the newest where none is named), and whether the actor may change them.

    Raises NotFound.
    """
    with store.read() as connection:
        _sees(connection, actor, site)
        return routing_rules.edition(connection, site, version), may_administer(actor, site)


def specialists(store: Store, actor: Actor, site: str) -> list[Person]:
    """Who may stand in a rule's pool. Raises NotFound."""
    with store.read() as connection:
        _sees(connection, actor, site)
        return people.specialists_of(connection, site)


def versions(store: Store, actor: Actor, site: str, before: int | None = None) -> list[Edition]:
    """The versions of the rules, newest first, a page. Raises NotFound."""
    with store.read() as connection:
        _sees(connection, actor, site)
        return routing_rules.history(connection, site, before, MOST_VERSIONS)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A past case: who had it, who gets it by the rules that hold, and who by the changed ones."""

    case: Case
    queued_at: datetime
    before: Given
    after: Given


@dataclass(frozen=True, slots=True)
class DryRun:
    """The difference that changed rules would have made; ``names`` of the people by id."""

    cases: tuple[Replayed, ...]
    names: Mapping[str, str]
    since: datetime


def dry_run(store: Store, actor: Actor, site: str, policy: Policy, days: int, now: datetime) -> DryRun:
    """The cases of the last days given out again by the rules that hold and by others. Raises NotFound, Invalid."""
    since = now - timedelta(days=min(days, MOST_DAYS))
    with store.read() as connection:
        _sees(connection, actor, site)
        house = house_of(connection, site, now)
        check_policy(policy, [each.person.id for each in house.candidates])
        planned = [each.value for each in rota.shifts_between(connection, site, since)]
        shifts = present(planned, [each.value for each in rota.absences_between(connection, site, since)])
        candidates = [
            replace(each, shifts=tuple(s for s in shifts if s.person_id == each.person.id), seen=None)
            for each in house.candidates
        ]
        book = limits.book(connection)
        came = [(case, at) for case in came_to(connection, site, since) if (at := _queued_at(case)) is not None]
        past = [Past(Waiting(case.id, replace(need_of(connection, case, _due(case, at, book), at), passed_over=())), at)
                for case, at in came]  # fmt: skip
    before = replay(past, candidates, house.calendar, house.policy)
    after = replay(past, candidates, house.calendar, policy)
    names = {each.person.id: each.person.name for each in candidates}
    return DryRun(tuple(Replayed(case, at, before[case.id], after[case.id]) for case, at in came), names, since)


def _queued_at(case: Case) -> datetime | None:
    return next((stay.since for stay in case.stays if stay.state is State.QUEUED), None)


def _due(case: Case, at: datetime, book: LimitBook) -> datetime | None:
    stays = tuple(stay for stay in case.stays if stay.since <= at)
    return report_due(replace(case, stays=stays, state=State.QUEUED), at, book)


def coming_hours(store: Store, actor: Actor, site: str, now: datetime) -> list[Hour]:
    """The next hours: work expected from the last weeks against who is on duty. Raises NotFound."""
    since = now - timedelta(weeks=LOOKS_BACK_WEEKS)
    with store.read() as connection:
        _sees(connection, actor, site)
        policy, calendar = routing_rules.policy_of(connection, site), rota.calendar_of(connection, site)
        readers = {person.id for person in people.specialists_of(connection, site)}
        shifts = [each for each in rota.shifts_of(connection, site, now) if each.person_id in readers]
        arrived = [
            (at, units_of(policy.units, case.modality, case.body_part))
            for case in came_to(connection, site, since)
            if (at := _queued_at(case)) is not None
        ]
    return forecast(arrived, LOOKS_BACK_WEEKS, shifts, now, LOOKS_AHEAD_HOURS, calendar, policy.seconds_per_unit)
