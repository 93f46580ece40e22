"""Accounts, institutions and agreements as administrators page through and change them, each with its version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from consult.domain.agreements import Agreement
from consult.domain.errors import NotFound, Stale
from consult.domain.people import Institution, Person
from consult.store import people
from consult.store.tables_people import agreements, credentials, institutions
from consult.store.tables_people import people as accounts
from consult.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Account:
    """A person with the version to change it by, and whether its password was made by an administrator."""

    person: Person
    version: int
    temporary: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: one house, letters of a name, licences that run out before a day, closed ones too."""

    institution: str | None = None
    q: str = ""
    licence_before: date | None = None
    closed: bool = False


def page(connection: Connection, asked: Asked, after: str | None, limit: int) -> list[Account]:
    """Accounts that fit, by account name, those behind ``after``."""
    query = select(accounts.c.id).order_by(accounts.c.username).limit(limit)
    if after is not None:
        query = query.where(accounts.c.username > after)
    for condition in _conditions(asked):
        query = query.where(condition)
    return _accounts(connection, list(connection.execute(query).scalars()))


def count(connection: Connection, asked: Asked) -> int:
    """How many accounts fit."""
    return int(connection.execute(select(func.count()).select_from(accounts).where(*_conditions(asked))).scalar_one())


def _conditions(asked: Asked) -> list[Any]:
    conditions: list[Any] = [] if asked.closed else [accounts.c.active]
    if asked.institution is not None:
        conditions.append(accounts.c.institution == asked.institution)
    if asked.q:
        conditions.append(
            or_(
                accounts.c.name.contains(asked.q, autoescape=True),
                accounts.c.username.contains(asked.q.casefold(), autoescape=True),
            )
        )
    if asked.licence_before is not None:
        conditions.append(accounts.c.licence_expires < asked.licence_before)
    return conditions


def account(connection: Connection, person_id: str) -> Account:
    """One account. Raises NotFound."""
    found = _accounts(connection, [person_id])
    if not found:
        raise NotFound
    return found[0]


def _accounts(connection: Connection, ids: Sequence[str]) -> list[Account]:
    query = (
        select(accounts.c.id, accounts.c.version, credentials.c.temporary)
        .outerjoin(credentials, credentials.c.person_id == accounts.c.id)
        .where(accounts.c.id.in_(ids))
    )
    kept = {row.id: row for row in connection.execute(query)}
    return [
        Account(person, kept[person.id].version, bool(kept[person.id].temporary))
        for person in people.people_of(connection, ids)
    ]


def institution_versions(connection: Connection) -> dict[str, int]:
    """The version of each institution, by code."""
    return {row.code: row.version for row in connection.execute(select(institutions.c.code, institutions.c.version))}


def change_institution(unit: Unit, changed: Institution, version: int) -> None:
    """Bring an institution to these values if it still stands at ``version``. Raises Stale."""
    if institution_versions(unit.connection).get(changed.code) != version:
        raise Stale
    people.keep_institution(unit, changed)


@dataclass(frozen=True, slots=True)
class KeptAgreement:
    """An agreement by its number."""

    number: int
    agreement: Agreement


def kept_agreements(connection: Connection) -> list[KeptAgreement]:
    """Every agreement, by who asks, then whom, then since when."""
    query = select(agreements).order_by(
        agreements.c.requesting_site, agreements.c.performing_site, agreements.c.valid_from, agreements.c.id
    )
    return [
        KeptAgreement(
            row.id,
            Agreement(
                row.requesting_site, row.performing_site, frozenset(row.service_types), row.valid_from, row.valid_to
            ),
        )
        for row in connection.execute(query)
    ]


def kept_agreement(connection: Connection, number: int) -> Agreement:
    """One agreement. Raises NotFound."""
    found = [each.agreement for each in kept_agreements(connection) if each.number == number]
    if not found:
        raise NotFound
    return found[0]


def change_agreement(unit: Unit, number: int, changed: Agreement) -> None:
    """Bring an agreement's services and days to these values. Raises NotFound."""
    done = unit.connection.execute(
        update(agreements)
        .where(agreements.c.id == number)
        .values(service_types=sorted(changed.service_types), valid_from=changed.valid_from, valid_to=changed.valid_to)
    )
    if done.rowcount != 1:
        raise NotFound
