"""Accounts: opening, changing and closing them, the rota, and the PIN that stands for a person's signature."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import uuid4

from consult.actions.passwords import Passwords
from consult.domain import administration
from consult.domain.agreements import Agreement
from consult.domain.audit import Deed, Entry
from consult.domain.errors import Invalid, NotAllowed, NotFound, Words
from consult.domain.people import COMMAND_LINE, Actor, Institution, Language, Licence, Person, Role, Skill
from consult.domain.rota import Shift
from consult.domain.sessions import (
    LONGEST_WINDOW,
    PIN_TRIES,
    WrongPin,
    account_name,
    check_account_name,
    check_password,
    check_pin_text,
    too_many,
)
from consult.store import people, rota, sessions
from consult.store.unit import Store, Taken, Unit


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account is opened with; ``username`` as typed, the password and the PIN in clear, for hashing only."""

    username: str
    name: str
    institution_code: str
    roles: frozenset[Role]
    password: str = field(repr=False)
    pin: str = field(repr=False)
    skills: tuple[Skill, ...] = ()
    licence: Licence | None = None
    sign_right: bool = False
    language: Language | None = None
    load_limit_units: float = 20.0


def add_institution(store: Store, added: Institution, now: datetime) -> None:
    """Add an institution, or bring the one of that code to these values, from the command line.

    Raises Invalid when its centre is not there, Taken when an AE title calls for another institution.
    """
    with store.write() as unit:
        if added.centre is not None and added.centre != added.code:
            _check_institution(unit, added.centre, "centre")
        known = {each.code: each for each in people.all_institutions(unit.connection)}
        people.keep_institution(unit, added)
        before = known.get(added.code, Institution(added.code, Words("", ""), added.kind))
        what = "change" if added.code in known else "open"
        unit.note(_typed(added.code, what, administration.changed(before, added), now))


def institution_of_ae(store: Store, ae_title: str) -> str | None:
    """The code of the institution whose machine calls by this AE title; None when it is nobody's."""
    with store.read() as connection:
        found = people.institution_of_ae(connection, ae_title)
    return None if found is None else found.code


def add_agreement(store: Store, added: Agreement, now: datetime) -> None:
    """Keep an agreement between two institutions, from the command line. Raises NotFound when one is not there."""
    with store.write() as unit:
        for code in (added.requesting_site, added.performing_site):
            people.institution(unit.connection, code)
        people.add_agreement(unit, added)
        difference = administration.changed(Agreement("", " ", frozenset(), date.min), added)
        for code in (added.requesting_site, added.performing_site):
            unit.note(_typed(code, "agreement", difference, now))


def _typed(institution: str, what: str, difference: Mapping[str, list[str]], now: datetime) -> Entry:
    """What an administrator at this machine's own command line did to an institution."""
    told = {name: " → ".join(pair) for name, pair in difference.items()}
    return Entry(
        Deed.ADMINISTER, now, None, COMMAND_LINE.name, "institution", institution, detail={"what": what, **told}
    )


def add_shifts(store: Store, added: Iterable[Shift]) -> None:
    """Put people on the rota. Raises ValueError for a shift that ends before it begins."""
    with store.write() as unit:
        rota.add_shifts(unit, added)


def add_person(store: Store, passwords: Passwords, asked: NewAccount, now: datetime) -> Person:
    """Open an account. Raises Invalid with the field that is wrong."""
    username = account_name(asked.username)
    _check(asked, username)
    kept = Person(
        id=uuid4().hex,
        username=username,
        name=asked.name.strip(),
        institution_code=asked.institution_code,
        roles=asked.roles,
        skills=asked.skills,
        licence=asked.licence,
        sign_right=asked.sign_right,
        language=asked.language,
        load_limit_units=asked.load_limit_units,
    )
    with passwords.turn():
        password_hash, pin_hash = passwords.hash(asked.password), passwords.hash(asked.pin)
    try:
        with store.write() as unit:
            _check_institution(unit, kept.institution_code, "institution")
            people.add_person(unit, kept, now)
            sessions.keep_secrets(unit, sessions.Secrets(kept.id, password_hash, pin_hash), now)
            unit.note(_administered("open", kept.id, now))
    except Taken:
        raise Invalid.at("username", administration.NAME_TAKEN) from None
    return kept


def _check(asked: NewAccount, username: str) -> None:
    check_account_name(username)
    administration.check_staff(asked.roles)
    administration.check_text(asked.name, asked.licence, asked.sign_right)
    check_password(asked.password, username)
    check_pin_text(asked.pin)


def _check_institution(unit: Unit, code: str, field: str) -> None:
    try:
        people.institution(unit.connection, code)
    except NotFound:
        raise Invalid.at(field, Words(f"没有机构 {code}。", f"There is no institution {code}.")) from None


def set_password(store: Store, passwords: Passwords, person: Person, password: str, now: datetime) -> None:
    """Give an account a new password; its sessions and tokens end. Raises NotFound, Invalid."""
    check_password(password, person.username)
    with passwords.turn():
        password_hash = passwords.hash(password)
    with store.write() as unit:
        kept = _secrets(unit, person)
        sessions.change_secrets(unit, replace(kept, password_hash=password_hash), now)
        unit.note(_administered("password", person.id, now))
        sessions.end_access(unit, person.id)


def set_pin(store: Store, passwords: Passwords, person: Person, pin: str, now: datetime) -> None:
    """Give an account a new signing PIN; a key sealed under the old one stays closed. Raises NotFound, Invalid."""
    check_pin_text(pin)
    with passwords.turn():
        pin_hash = passwords.hash(pin)
    with store.write() as unit:
        kept = _secrets(unit, person)
        sessions.change_secrets(unit, replace(kept, pin_hash=pin_hash), now)
        sessions.clear_failures(unit, f"pin:{person.id}")
        unit.note(_administered("pin", person.id, now))


def _administered(what: str, person_id: str, now: datetime) -> Entry:
    """What an administrator at this machine's own command line did to an account."""
    return Entry(Deed.ADMINISTER, now, None, COMMAND_LINE.name, "person", person_id, detail={"what": what})


def _secrets(unit: Unit, person: Person) -> sessions.Secrets:
    kept = sessions.secrets_of(unit.connection, person.id)
    if kept is None:
        raise NotFound
    return kept


def close_account(store: Store, person: Person, now: datetime) -> None:
    """Nobody signs in with this account any more, and whoever is, is out. Raises NotFound."""
    with store.write() as unit:
        version = people.version_of(unit.connection, person.id)
        closed = replace(people.person(unit.connection, person.id), active=False)
        people.change_person(unit, closed, version)
        sessions.end_access(unit, person.id)
        unit.note(_administered("close", person.id, now))


def choose_language(store: Store, actor: Actor, language: Language) -> None:
    """Keep the language in which the actor wants to be spoken to. Raises NotAllowed for the system."""
    if actor.person_id is None:
        raise NotAllowed(Words("请先登录。", "Please sign in first."))
    with store.write() as unit:
        people.speak(unit, actor.person_id, language)


def check_pin(store: Store, passwords: Passwords, person_id: str, pin: str, now: datetime) -> None:
    """Whether this PIN is the person's. Raises WrongPin, and TooMany after too many wrong ones.

    Opens transactions of its own: call it before the one that signs.
    """
    key = f"pin:{person_id}"
    with passwords.turn():
        with store.read() as connection:
            failures = sessions.failures_of(connection, key, now - PIN_TRIES.within)
            kept = sessions.secrets_of(connection, person_id)
        pause_s = PIN_TRIES.pause_s(failures, now)
        if pause_s:
            raise too_many(pause_s)
        right = passwords.agree(kept.pin_hash if kept and kept.active else None, pin)
        if not right:
            with store.write() as unit:
                sessions.add_failures(unit, [key], now, now - LONGEST_WINDOW)
            raise WrongPin
    if failures:
        with store.write() as unit:
            sessions.clear_failures(unit, key)
