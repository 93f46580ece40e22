"""Institutions, agreements and people in the database, as the values the rules take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Row, Select, delete, insert, literal, select, text, union_all, update

from consult.domain.agreements import Agreement
from consult.domain.errors import NotFound, Stale, Words
from consult.domain.people import (
    Approval,
    Institution,
    InstitutionKind,
    Language,
    Licence,
    Person,
    Role,
    SitePolicy,
    Skill,
)
from consult.store import nodes
from consult.store.tables_people import (
    agreements,
    institutions,
    people,
    person_roles,
    skills,
)
from consult.store.unit import Unit

FIRST_VERSION = 1


def institution(connection: Connection, code: str) -> Institution:
    """The institution of that code. Raises NotFound."""
    found = _institutions(connection, [code])
    if not found:
        raise NotFound
    return found[0]


def all_institutions(connection: Connection) -> list[Institution]:
    """Every institution, by code."""
    return _institutions(connection, None)


def institution_of_ae(connection: Connection, ae_title: str) -> Institution | None:
    """Whose machine calls by this AE title; None when it is nobody's."""
    node = nodes.find(connection, ae_title)
    return None if node is None else institution(connection, node.institution)


def _institutions(connection: Connection, codes: Sequence[str] | None) -> list[Institution]:
    query = select(institutions).order_by(institutions.c.code)
    if codes is not None:
        query = query.where(institutions.c.code.in_(codes))
    called: dict[str, set[str]] = {}
    for node in nodes.every(connection):
        called.setdefault(node.institution, set()).add(node.ae_title)
    return [
        Institution(
            code=row.code,
            name=Words(row.name_zh, row.name_en),
            kind=InstitutionKind(row.kind),
            ae_titles=frozenset(called.get(row.code, ())),
            policy=_policy(row.policy),
            centre=row.centre,
        )
        for row in connection.execute(query)
    ]


def _policy(kept: Mapping[str, Any]) -> SitePolicy:
    read: dict[str, Any] = {**kept, "approval": Approval(kept["approval"])}
    return SitePolicy(**read)


def keep_institution(unit: Unit, kept: Institution) -> None:
    """Add an institution, or bring the one of that code to these values."""
    values: dict[str, Any] = {
        "name_zh": kept.name.zh,
        "name_en": kept.name.en,
        "kind": str(kept.kind),
        "centre": kept.centre,
        "policy": asdict(kept.policy),
    }
    there = institutions.c.code == kept.code
    changed = unit.connection.execute(
        update(institutions).where(there).values(version=institutions.c.version + 1, **values)
    )
    if changed.rowcount == 0:
        unit.connection.execute(insert(institutions).values(code=kept.code, version=FIRST_VERSION, **values))
    nodes.keep_titles(unit, kept.code, kept.ae_titles)


def agreements_of(connection: Connection, requesting_site: str) -> list[Agreement]:
    """The agreements by which this institution may ask others, whether in force or not."""
    return _agreements(connection, requesting_site)


def all_agreements(connection: Connection) -> list[Agreement]:
    """Every agreement."""
    return _agreements(connection, None)


def _agreements(connection: Connection, requesting_site: str | None) -> list[Agreement]:
    query = select(agreements).order_by(agreements.c.id)
    if requesting_site is not None:
        query = query.where(agreements.c.requesting_site == requesting_site)
    return [
        Agreement(row.requesting_site, row.performing_site, frozenset(row.service_types), row.valid_from, row.valid_to)
        for row in connection.execute(query)
    ]


def add_agreement(unit: Unit, added: Agreement) -> None:
    """Keep a new agreement."""
    values = asdict(added) | {"service_types": sorted(added.service_types)}
    unit.connection.execute(insert(agreements).values(**values))


def person(connection: Connection, person_id: str) -> Person:
    """The person with that id, whether active or not. Raises NotFound."""
    found = _people(connection, people.c.id == person_id)
    if not found:
        raise NotFound
    return found[0]


def person_named(connection: Connection, username: str) -> Person | None:
    """The person with that account name, as ``account_name`` writes it; None when nobody has it."""
    found = _people(connection, people.c.username == username)
    return found[0] if found else None


def is_anyone(connection: Connection) -> bool:
    """Whether there is any account yet."""
    return connection.execute(select(people.c.id).limit(1)).first() is not None


def people_of(connection: Connection, ids: Sequence[str]) -> list[Person]:
    """The people with these ids, active or not, by account name."""
    return _people(connection, people.c.id.in_(ids))


def specialists_of(connection: Connection, site: str) -> list[Person]:
    """The active specialists of an institution, by account name."""
    return _holding(connection, site, Role.SPECIALIST)


def reviewers_of(connection: Connection, site: str) -> list[Person]:
    """The active reviewers of an institution, by account name."""
    return _holding(connection, site, Role.REVIEWER)


def names_of(connection: Connection, person_ids: Iterable[str]) -> dict[str, str]:
    """The names of these people, by id."""
    query = select(people.c.id, people.c.name).where(people.c.id.in_(list(person_ids)))
    return {row.id: row.name for row in connection.execute(query)}


def holders_of(connection: Connection, site: str, role: Role) -> list[Person]:
    """The active people of an institution who hold a role, by account name."""
    return _holding(connection, site, role)


def all_holding(connection: Connection, role: Role) -> list[Person]:
    """The active people of every institution who hold a role, by account name."""
    return _people(connection, people.c.active, people.c.id.in_(_holders(role)))


def _holding(connection: Connection, site: str, role: Role) -> list[Person]:
    return _people(connection, people.c.institution == site, people.c.active, people.c.id.in_(_holders(role)))


def _holders(role: Role) -> Select[tuple[str]]:
    return select(person_roles.c.person_id).where(person_roles.c.role == str(role))


def _people(connection: Connection, *conditions: Any) -> list[Person]:
    rows = connection.execute(select(people).where(*conditions).order_by(people.c.username)).all()
    ids = [row.id for row in rows]
    roles: dict[str, set[Role]] = {}
    can: dict[str, list[Skill]] = {}
    for row in connection.execute(_abilities(ids)):
        if row.role:
            roles.setdefault(row.person_id, set()).add(Role(row.role))
        else:
            can.setdefault(row.person_id, []).append(Skill(row.modality, row.body_part, row.subspecialty or None))
    return [_person(row, frozenset(roles.get(row.id, ())), tuple(can.get(row.id, ()))) for row in rows]


def _abilities(ids: Sequence[str]) -> Executable:
    """Roles and skills of these people in one go: every request asks for its own person's."""
    none = literal("")
    roles = select(
        person_roles.c.person_id,
        person_roles.c.role,
        none.label("modality"),
        none.label("body_part"),
        none.label("subspecialty"),
    )
    can = select(skills.c.person_id, none, skills.c.modality, skills.c.body_part, skills.c.subspecialty)
    return union_all(roles.where(person_roles.c.person_id.in_(ids)), can.where(skills.c.person_id.in_(ids))).order_by(
        text("3, 4, 5")
    )


def _person(row: Row[Any], roles: frozenset[Role], can: tuple[Skill, ...]) -> Person:
    licence = Licence(row.licence_number, row.licence_expires) if row.licence_number else None
    return Person(
        id=row.id,
        username=row.username,
        name=row.name,
        institution_code=row.institution,
        roles=roles,
        skills=can,
        licence=licence,
        sign_right=row.sign_right,
        language=Language(row.language) if row.language else None,
        load_limit_units=row.load_limit_units,
        active=row.active,
    )


def add_person(unit: Unit, added: Person, now: datetime) -> None:
    """Keep a new account, without a password. Raises Taken when the account name is in use."""
    unit.connection.execute(
        insert(people).values(id=added.id, version=FIRST_VERSION, created_at=now, **_account(added))
    )
    _keep_abilities(unit, added)


def version_of(connection: Connection, person_id: str) -> int:
    """The version of an account, to change it by. Raises NotFound."""
    version = connection.execute(select(people.c.version).where(people.c.id == person_id)).scalar()
    if version is None:
        raise NotFound
    return int(version)


def change_person(unit: Unit, changed: Person, version: int) -> None:
    """Bring an account to these values if it still stands at ``version``. Raises Stale."""
    done = unit.connection.execute(
        update(people)
        .where(people.c.id == changed.id, people.c.version == version)
        .values(version=version + 1, **_account(changed))
    )
    if done.rowcount != 1:
        raise Stale
    unit.connection.execute(delete(person_roles).where(person_roles.c.person_id == changed.id))
    unit.connection.execute(delete(skills).where(skills.c.person_id == changed.id))
    _keep_abilities(unit, changed)


def speak(unit: Unit, person_id: str, language: Language) -> None:
    """Keep the language a person chose. Raises NotFound, Stale."""
    change_person(
        unit, replace(person(unit.connection, person_id), language=language), version_of(unit.connection, person_id)
    )


def _account(told: Person) -> dict[str, Any]:
    return {
        "username": told.username,
        "name": told.name,
        "institution": told.institution_code,
        "licence_number": told.licence.number if told.licence else None,
        "licence_expires": told.licence.expires if told.licence else None,
        "sign_right": told.sign_right,
        "language": str(told.language) if told.language else None,
        "load_limit_units": told.load_limit_units,
        "active": told.active,
    }


def _keep_abilities(unit: Unit, told: Person) -> None:
    _insert(unit, person_roles, [{"person_id": told.id, "role": str(role)} for role in sorted(told.roles)])
    can = sorted({(s.modality, s.body_part, s.subspecialty or "") for s in told.skills})
    _insert(
        unit,
        skills,
        [{"person_id": told.id, "modality": m, "body_part": b, "subspecialty": sub} for m, b, sub in can],
    )


def _insert(unit: Unit, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        unit.connection.execute(insert(table), rows)
