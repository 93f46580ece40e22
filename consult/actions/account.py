"""What people change of their own account: the password, and the PIN that opens their signing key."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from consult.actions.parts import Parts
from consult.actions.sessions import SignedIn, hash_of
from consult.domain.audit import Deed, Entry
from consult.domain.errors import Invalid, NotAllowed, NotFound, Stale, Words
from consult.domain.sessions import (
    ACCOUNT_TRIES,
    LONGEST_WINDOW,
    PIN_TRIES,
    TryLimit,
    WrongPin,
    check_password,
    check_pin_text,
    too_many,
)
from consult.formats.signing_keys import reseal_key
from consult.store import people, reports, sessions

IN_PERSON = Words("请登录后本人修改。", "Please sign in and change it yourself.")
WRONG_PASSWORD = Words("原密码不正确。", "The present password is wrong.")
WRONG_PIN = Words("原签名密码不正确，未作修改。", "The present signing PIN is wrong; nothing was changed.")
SAME_PASSWORD = Words("新密码不能与原密码相同。", "The new password must differ from the present one.")
SAME_PIN = Words("新签名密码不能与原来相同。", "The new signing PIN must differ from the present one.")
PIN_IS_PASSWORD = Words("签名密码不能与登录密码相同。", "The signing PIN must differ from the password.")


class WrongSecret(Invalid):
    """The present password or PIN was not given rightly; nothing was changed."""

    code = "wrong-secret"


def change_password(parts: Parts, who: SignedIn, token: str | None, old: str, new: str) -> None:
    """Give one's own account a new password: every other session and every token of the person ends.

    ``token`` is that of the session in which it is done, which goes on. Raises WrongSecret, Invalid, TooMany, and
    NotAllowed for a program.
    """
    if who.csrf is None or token is None:
        raise NotAllowed(IN_PERSON)
    check_password(new, who.person.username)
    kept, password_hash = _proved_and_hashed(parts, who, "password", old, new)
    with parts.store.write() as unit:
        if sessions.secrets_of(unit.connection, who.person.id) != kept:
            raise Stale
        sessions.change_secrets(unit, replace(kept, password_hash=password_hash, temporary=False), parts.clock())
        unit.note(_own(who, "own password", parts.clock()))
        sessions.drop_sessions_of(unit, who.person.id, but=hash_of(token))
        sessions.drop_tokens_of(unit, who.person.id)


def first_secrets(parts: Parts, who: SignedIn, token: str | None, old: str, new: str, pin: str) -> None:
    """Replace a one-time password by one's own, and choose a signing PIN; whoever may sign gets a certificate now.

    The administrator who opened the account knows neither. Raises WrongSecret, Invalid, TooMany, Unavailable, and
    NotAllowed for a program and for an account whose password is its own.
    """
    if who.csrf is None or token is None or not who.temporary:
        raise NotAllowed(IN_PERSON)
    check_password(new, who.person.username)
    check_pin_text(pin)
    if pin == new:
        raise Invalid.at("pin", PIN_IS_PASSWORD)
    kept, password_hash = _proved_and_hashed(parts, who, "password", old, new)
    with parts.passwords.turn():
        pin_hash = parts.passwords.hash(pin)
    if who.person.sign_right:
        with parts.store.read() as connection:
            house = people.institution(connection, who.person.institution_code)
        parts.sealer.revoke(parts.store, who.person, parts.clock(), who.actor)  # a key nobody can open any more
        parts.sealer.enrol(parts.store, who.person, house.name.zh, pin, parts.clock())
    with parts.store.write() as unit:
        if sessions.secrets_of(unit.connection, who.person.id) != kept:
            raise Stale
        changed = replace(kept, password_hash=password_hash, pin_hash=pin_hash, temporary=False)
        sessions.change_secrets(unit, changed, parts.clock())
        unit.note(_own(who, "first password and pin", parts.clock()))
        sessions.drop_sessions_of(unit, who.person.id, but=hash_of(token))


def change_pin(parts: Parts, who: SignedIn, old: str, new: str) -> None:
    """Give oneself a new signing PIN: the signing key stays the same, sealed under the new PIN.

    Raises WrongSecret, Invalid, TooMany, and NotAllowed for a program.
    """
    if who.csrf is None:
        raise NotAllowed(IN_PERSON)
    check_pin_text(new)
    kept, pin_hash = _proved_and_hashed(parts, who, "pin", old, new)
    with parts.store.read() as connection:
        sealed = reports.sealed_key(connection, who.person.id)
    resealed = None if sealed is None else _resealed(parts, sealed, old, new)
    with parts.store.write() as unit:
        if sessions.secrets_of(unit.connection, who.person.id) != kept:
            raise Stale
        sessions.change_secrets(unit, replace(kept, pin_hash=pin_hash), parts.clock())
        unit.note(_own(who, "own pin", parts.clock()))
        if sealed is not None and resealed is not None:
            reports.reseal(unit.connection, who.person.id, sealed, resealed)


def _own(who: SignedIn, what: str, now: datetime) -> Entry:
    person = who.person
    return Entry(Deed.ADMINISTER, now, person.id, person.name, "person", person.id, detail={"what": what})


def _resealed(parts: Parts, sealed: bytes, old: str, new: str) -> bytes:
    """The key under the new PIN."""
    try:
        with parts.passwords.turn():
            return reseal_key(sealed, old, new)
    except WrongPin:
        raise WrongSecret.at("old_pin", WRONG_PIN) from None


_Kept = Callable[[sessions.Secrets], str]
_SECRETS: dict[str, tuple[TryLimit, Words, Words, _Kept]] = {
    "password": (ACCOUNT_TRIES, WRONG_PASSWORD, SAME_PASSWORD, lambda kept: kept.password_hash),
    "pin": (PIN_TRIES, WRONG_PIN, SAME_PIN, lambda kept: kept.pin_hash),
}


def _proved_and_hashed(parts: Parts, who: SignedIn, which: str, old: str, new: str) -> tuple[sessions.Secrets, str]:
    """The account's hashes, and that of the new secret; wrong old ones count as wrong tries do at the door."""
    limit, wrong, same, kept_hash = _SECRETS[which]
    key, now = _try_key(which, who), parts.clock()
    with parts.passwords.turn():
        with parts.store.read() as connection:
            failures = sessions.failures_of(connection, key, now - limit.within)
            kept = sessions.secrets_of(connection, who.person.id)
        if pause_s := limit.pause_s(failures, now):
            raise too_many(pause_s)
        if kept is None:
            raise NotFound
        if not parts.passwords.agree(kept_hash(kept), old):
            with parts.store.write() as unit:
                sessions.add_failures(unit, [key], now, now - LONGEST_WINDOW)
            raise WrongSecret.at(f"old_{which}", wrong)
        if new == old:
            raise Invalid.at(which, same)
        if which == "pin" and parts.passwords.agree(kept.password_hash, new):
            raise Invalid.at(which, PIN_IS_PASSWORD)
        hashed = parts.passwords.hash(new)
    if failures:
        with parts.store.write() as unit:
            sessions.clear_failures(unit, key)
    return kept, hashed


def _try_key(which: str, who: SignedIn) -> str:
    """The key that wrong tries are counted under where the secret is asked elsewhere: signing in, signing."""
    return f"pin:{who.person.id}" if which == "pin" else hash_of(f"account:{who.person.username}")
