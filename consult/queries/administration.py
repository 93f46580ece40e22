"""What administrators look at: accounts by pages, institutions and agreements, and what was changed of each."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from consult.domain import administration
from consult.domain.access import Scope, What, scope_of
from consult.domain.audit import Deed, Row
from consult.domain.calendars import CHINA
from consult.domain.errors import NotAllowed, Words
from consult.domain.people import Actor, Institution
from consult.store import accounts, audit, people
from consult.store.accounts import Account as Account  # noqa: PLC0414  for the doors
from consult.store.accounts import Asked as Asked  # noqa: PLC0414  for the doors
from consult.store.accounts import KeptAgreement as KeptAgreement  # noqa: PLC0414  for the doors
from consult.store.unit import Store

MOST = 200
SOON = timedelta(days=60)
"""A licence that runs out within this is told: renewing one takes weeks."""
NOT_YOURS = Words("只有管理员可以查看账号与设置。", "Only administrators look at accounts and settings.")


@dataclass(frozen=True, slots=True)
class Accounts:
    """A page of accounts; ``total`` fit, ``expiring`` of the open ones have a licence that runs out soon or has."""

    items: tuple[Account, ...]
    next: str | None
    total: int
    expiring: int


@dataclass(frozen=True, slots=True)
class House:
    """An institution with its version, and how many open accounts it has."""

    institution: Institution
    version: int
    accounts: int


def _houses(actor: Actor) -> str | None:
    """The one house this actor looks after; None for all of them. Raises NotAllowed for nobody's administrator."""
    scopes = scope_of(actor, What.PEOPLE)
    if not scopes:
        raise NotAllowed(NOT_YOURS)
    return None if Scope.ALL in scopes else actor.institution_code


def check(actor: Actor) -> None:
    """Raises NotAllowed for nobody's administrator."""
    _houses(actor)


def page(store: Store, actor: Actor, asked: Asked, after: str | None, limit: int, now: datetime) -> Accounts:
    """Accounts of the houses that the actor looks after. Raises NotAllowed."""
    only = _houses(actor)
    asked = asked if only is None else replace(asked, institution=only)
    size = max(1, min(limit, MOST))
    with store.read() as connection:
        found = accounts.page(connection, asked, after, size + 1)
        return Accounts(
            tuple(found[:size]),
            found[size - 1].person.username if len(found) > size else None,
            accounts.count(connection, asked),
            accounts.count(connection, Asked(asked.institution, licence_before=soon(now))),
        )


def soon(now: datetime) -> date:
    """The day before which a licence runs out soon."""
    return CHINA.local_day(now) + SOON


def houses(store: Store, actor: Actor) -> list[House]:
    """The institutions that the actor looks after, by code. Raises NotAllowed."""
    only = _houses(actor)
    with store.read() as connection:
        versions = accounts.institution_versions(connection)
        known = [each for each in people.all_institutions(connection) if only in (None, each.code)]
        return [House(each, versions[each.code], accounts.count(connection, Asked(each.code))) for each in known]


def agreements(store: Store, actor: Actor) -> list[KeptAgreement]:
    """Agreements in which a house of the actor is a side. Raises NotAllowed."""
    only = _houses(actor)
    with store.read() as connection:
        kept = accounts.kept_agreements(connection)
    return [e for e in kept if only is None or only in (e.agreement.requesting_site, e.agreement.performing_site)]


def changes(
    store: Store, actor: Actor, subject: str, subject_id: str, before: int | None, limit: int
) -> tuple[list[Row], int | None]:
    """What was changed of one account or institution, newest first, and the cursor of the next page.

    Raises NotFound, NotAllowed.
    """
    _houses(actor)
    with store.read() as connection:
        house = subject_id if subject == "institution" else people.person(connection, subject_id).institution_code
        administration.check_house(actor, house)
        rows = audit.about(connection, subject, subject_id, Deed.ADMINISTER, before, limit + 1)
    return rows[:limit], rows[limit - 1].seq if len(rows) > limit else None
