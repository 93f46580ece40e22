"""What administrators change: institutions, agreements and accounts, each change on record with what it was before."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from consult.actions.parts import Parts
from consult.domain import administration
from consult.domain.agreements import Agreement
from consult.domain.audit import Deed, Entry
from consult.domain.errors import Invalid, NotAllowed, NotFound, Words
from consult.domain.people import Actor, Institution, Licence, Person, Role, Skill
from consult.domain.sessions import account_name, check_account_name
from consult.store import accounts, people, sessions
from consult.store.accounts import Account
from consult.store.unit import Taken, Unit

SAID = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that look like others when they are read out
PIECES, PIECE = 4, 4
NOT_YOURSELF = Words("不能停用自己的账号，请由其他管理员操作。", "Another administrator has to close your account.")


@dataclass(frozen=True, slots=True)
class AccountText:
    """What an administrator says of an account."""

    name: str
    institution_code: str
    roles: frozenset[Role]
    skills: tuple[Skill, ...] = ()
    licence: Licence | None = None
    sign_right: bool = False
    load_limit_units: float = 20.0


@dataclass(frozen=True, slots=True)
class Opened:
    """An account with its one-time password, which is shown once and has to be changed at the first sign-in."""

    account: Account
    password: str = field(repr=False)


def one_time_password() -> str:
    """About 79 bits, in pieces that can be read out over a telephone."""
    return "-".join("".join(secrets.choice(SAID) for _ in range(PIECE)) for _ in range(PIECES))


# ---- accounts ----


def check_account(actor: Actor, told: AccountText, before: Person | None = None) -> None:
    """Raises Invalid with the field that is wrong, NotAllowed, NotFound for another house."""
    administration.check_house(actor, told.institution_code)
    administration.check_roles(actor, before.roles if before else frozenset(), told.roles)
    administration.check_text(told.name, told.licence, told.sign_right)


def check_new(actor: Actor, username: str, told: AccountText) -> None:
    """The same for an account that is to be opened under this name."""
    check_account_name(username)
    check_account(actor, told)


def open_account(parts: Parts, actor: Actor, username: str, told: AccountText) -> Opened:
    """Open an account with a one-time password. Raises Invalid, NotAllowed, NotFound."""
    password = one_time_password()
    with parts.passwords.turn():
        hashed = parts.passwords.hash(password)
    try:
        with parts.store.write() as unit:
            kept = open_in(unit, actor, username, told, hashed, parts.clock())
    except Taken:
        raise Invalid.at("username", administration.NAME_TAKEN) from None
    return Opened(kept, password)


def open_in(unit: Unit, actor: Actor, username: str, told: AccountText, hashed: str, now: datetime) -> Account:
    """Open an account in a transaction under way; ``hashed`` is its one-time password's hash. Raises Invalid."""
    name = account_name(username)
    check_new(actor, name, told)
    if people.person_named(unit.connection, name) is not None:
        raise Invalid.at("username", administration.NAME_TAKEN)
    kept = _person(Person(uuid4().hex, name, "", "", frozenset()), told)
    people.add_person(unit, kept, now)
    # the person chooses a PIN at the first sign-in, and is given a certificate then
    sessions.keep_secrets(unit, sessions.Secrets(kept.id, hashed, sessions.NO_PIN, temporary=True), now)
    difference = administration.changed(Person(kept.id, "", "", "", frozenset()), kept)
    _note(unit, actor, "person", kept.id, "open", difference, now)
    return accounts.account(unit.connection, kept.id)


def change_account(parts: Parts, actor: Actor, person_id: str, version: int, told: AccountText) -> Account:
    """Bring an account to these values. Raises Stale, Invalid, NotAllowed, NotFound."""
    now = parts.clock()
    with parts.store.write() as unit:
        before = _theirs(unit, actor, person_id)
        check_account(actor, told, before)
        after = _person(before, told)
        people.change_person(unit, after, version)
        _note(unit, actor, "person", person_id, "change", administration.changed(before, after), now)
        return accounts.account(unit.connection, person_id)


def _person(before: Person, told: AccountText) -> Person:
    return replace(
        before,
        name=told.name.strip(),
        institution_code=told.institution_code,
        roles=told.roles,
        skills=tuple(
            sorted(set(told.skills), key=lambda skill: (skill.modality, skill.body_part, skill.subspecialty or ""))
        ),
        licence=told.licence,
        sign_right=told.sign_right,
        load_limit_units=told.load_limit_units,
    )


def close_account(parts: Parts, actor: Actor, person_id: str, version: int) -> Account:
    """Nobody signs in with it any more, and its certificates are revoked. Raises Stale, NotAllowed, NotFound."""
    if person_id == actor.person_id:
        raise NotAllowed(NOT_YOURSELF)
    account = _set_active(parts, actor, person_id, version, active=False)
    parts.sealer.revoke(parts.store, account.person, parts.clock(), actor)
    return account


def reopen_account(parts: Parts, actor: Actor, person_id: str, version: int) -> Opened:
    """A closed account is used again, by a new one-time password. Raises Stale, NotFound."""
    account = _set_active(parts, actor, person_id, version, active=True)
    return renew_password(parts, actor, person_id, account.version)


def _set_active(parts: Parts, actor: Actor, person_id: str, version: int, *, active: bool) -> Account:
    now = parts.clock()
    with parts.store.write() as unit:
        before = _theirs(unit, actor, person_id)
        people.change_person(unit, replace(before, active=active), version)
        sessions.end_access(unit, person_id)
        _note(unit, actor, "person", person_id, "reopen" if active else "close", {}, now)
        return accounts.account(unit.connection, person_id)


def renew_password(parts: Parts, actor: Actor, person_id: str, version: int) -> Opened:
    """A new one-time password for who forgot theirs; sessions and tokens end. Raises Stale, NotFound."""
    now, password = parts.clock(), one_time_password()
    with parts.passwords.turn():
        hashed = parts.passwords.hash(password)
    with parts.store.write() as unit:
        before = _theirs(unit, actor, person_id)
        people.change_person(unit, before, version)
        kept = sessions.secrets_of(unit.connection, person_id)
        if kept is None:
            raise NotFound
        sessions.change_secrets(unit, replace(kept, password_hash=hashed, temporary=True), now)
        sessions.end_access(unit, person_id)
        _note(unit, actor, "person", person_id, "password", {}, now)
        return Opened(accounts.account(unit.connection, person_id), password)


def _theirs(unit: Unit, actor: Actor, person_id: str) -> Person:
    """The person, whom this actor looks after. Raises NotFound, NotAllowed for an account with the platform's roles."""
    found = people.person(unit.connection, person_id)
    administration.check_house(actor, found.institution_code)
    administration.check_roles(actor, found.roles - administration.PLATFORM_ROLES, found.roles)
    return found


# ---- institutions and agreements ----


def keep_institution(parts: Parts, actor: Actor, told: Institution, version: int | None) -> None:
    """Add an institution, or bring it to these values; ``version`` None means it is new.

    The platform changes all of it, a house's own administrator its policy. Raises Invalid, Stale, NotAllowed, NotFound.
    """
    with parts.store.write() as unit:
        known = {each.code: each for each in people.all_institutions(unit.connection)}
        before = known.get(told.code)
        _check_institution(actor, told, before, version, set(known))
        if before is None:
            people.keep_institution(unit, told)
        else:
            told = replace(told, ae_titles=before.ae_titles)  # its machines are `consult node`'s
            accounts.change_institution(unit, told, version or 0)
        difference = administration.changed(before or Institution(told.code, Words("", ""), told.kind), told)
        _note(unit, actor, "institution", told.code, "change" if before else "open", difference, parts.clock())


def _check_institution(
    actor: Actor, told: Institution, before: Institution | None, version: int | None, known: set[str]
) -> None:
    if before is None or replace(told, policy=before.policy, ae_titles=before.ae_titles) != before:
        administration.check_platform(actor)
    administration.check_house(actor, told.code)
    if before is not None and version is None:
        raise Invalid.at("code", Words("这个机构代码已存在。", "There is an institution of that code."))
    if before is None and version is not None:
        raise NotFound
    if not told.name.zh.strip() or not told.name.en.strip():
        raise Invalid.at("name", Words("请填写中文和英文名称。", "Give its name in Chinese and in English."))
    if told.centre is not None and told.centre not in known - {told.code}:
        raise Invalid.at("centre", Words("没有这个区域中心。", "There is no such regional centre."))


def keep_agreement(parts: Parts, actor: Actor, told: Agreement, number: int | None) -> None:
    """Keep a new agreement, or change the days and services of one. Raises NotAllowed, Invalid, NotFound."""
    administration.check_platform(actor)
    with parts.store.write() as unit:
        known = {each.code for each in people.all_institutions(unit.connection)}
        if not {told.requesting_site, told.performing_site} <= known:
            raise Invalid.at("performing_site", Words("没有这个机构。", "There is no such institution."))
        if not told.service_types:
            raise Invalid.at("service_types", Words("请选择服务类型。", "Choose what may be asked."))
        before = None if number is None else accounts.kept_agreement(unit.connection, number)
        if before is None:
            people.add_agreement(unit, told)
        elif number is not None:
            told = replace(told, requesting_site=before.requesting_site, performing_site=before.performing_site)
            accounts.change_agreement(unit, number, told)
        blank = Agreement("", " ", frozenset(), date.min)
        difference = administration.changed(before or blank, told)
        for code in (told.requesting_site, told.performing_site):
            _note(unit, actor, "institution", code, "agreement", difference, parts.clock())


def _note(
    unit: Unit, actor: Actor, subject: str, subject_id: str, what: str, difference: Mapping[str, Any], now: datetime
) -> None:
    told = {name: " → ".join(pair) for name, pair in difference.items()}
    unit.note(
        Entry(Deed.ADMINISTER, now, actor.person_id, actor.name, subject, subject_id, detail={"what": what, **told})
    )
