"""What screens ask about institutions and people."""

from dataclasses import dataclass
from datetime import datetime

from consult.domain.access import may_administer
from consult.domain.agreements import Agreement
from consult.domain.calendars import CHINA
from consult.domain.errors import NotFound
from consult.domain.people import Actor, Institution, Person
from consult.domain.sessions import account_name
from consult.store import people
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Site:
    """An institution as others see it; ``agreements`` are the codes of those it may ask today, for any service."""

    institution: Institution
    agreements: tuple[str, ...]


def sites(store: Store, actor: Actor, now: datetime) -> list[Site]:
    """Every institution by code; whom each may ask is told to itself, to its centre, and to the platform."""
    day = CHINA.local_day(now)
    with store.read() as connection:
        known = people.all_institutions(connection)
        agreed = [a for a in people.all_agreements(connection) if a.holds_on(day)]
    return [Site(each, _partners(agreed, each.code) if _concerns(actor, each) else ()) for each in known]


def _concerns(actor: Actor, site: Institution) -> bool:
    return actor.institution_code in (site.code, site.centre) or may_administer(actor, site.code)


def _partners(agreed: list[Agreement], code: str) -> tuple[str, ...]:
    return tuple(sorted({a.performing_site for a in agreed if a.requesting_site == code}))


def anyone(store: Store) -> bool:
    """Whether there is any account yet."""
    with store.read() as connection:
        return people.is_anyone(connection)


def institution(store: Store, code: str) -> Institution:
    """The institution of that code. Raises NotFound."""
    with store.read() as connection:
        return people.institution(connection, code)


def person_named(store: Store, username: str) -> Person:
    """Whose account this is, as they type its name. Raises NotFound."""
    with store.read() as connection:
        found = people.person_named(connection, account_name(username))
    if found is None:
        raise NotFound
    return found
