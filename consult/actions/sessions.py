"""Signing in and out: opaque sessions for browsers, tokens for programs, both kept as hashes only."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from consult.actions.passwords import Passwords
from consult.domain.audit import Deed, Entry, Outcome
from consult.domain.errors import Invalid, NotAllowed, NotFound, NotSignedIn, Words
from consult.domain.people import Actor, Institution, Person, actor_for
from consult.domain.sessions import (
    ABSOLUTE,
    ACCOUNT_TRIES,
    ADDRESS_TRIES,
    LONGEST_WINDOW,
    SEEN_EVERY,
    TOKEN_MAX_DAYS,
    ForeignCall,
    WrongSignIn,
    account_name,
    is_account_name,
    is_live,
    too_many,
)
from consult.store import people, sessions
from consult.store.unit import Store

TOKEN_BYTES = 32
KEY_PREFIX = "consult_"
TOKENS_EACH = 50
SIGNED_OUT = Words("请先登录。", "Please sign in first.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is there and how they proved it; ``csrf`` is None for a program with a token, which needs none.

    ``temporary`` says that an administrator knows the password: nothing is open until it was changed.
    """

    person: Person
    csrf: str | None
    temporary: bool = False

    @property
    def actor(self) -> Actor:
        """Who acts in what this one asks for."""
        return actor_for(self.person)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just opened; ``token`` goes into the cookie and nowhere else."""

    signed_in: SignedIn
    token: str = field(repr=False)


def hash_of(token: str) -> str:
    """A token as it is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_of(token: str) -> str:
    """The CSRF token of a session: told to its pages, and of no use for finding the session's own token."""
    return hashlib.sha256(b"csrf\x00" + token.encode("utf-8", "surrogatepass")).hexdigest()


def sign_in(
    store: Store,
    passwords: Passwords,
    username: str,
    password: str,
    *,
    address: str,
    old_token: str | None,
    now: datetime,
) -> NewSession:
    """Open a new session; the browser's old one ends. Raises WrongSignIn, TooMany.

    Wrong tries count per account (known or not) and per address; right ones never do.
    """
    name = account_name(username)
    account_key, address_key = hash_of(f"account:{name}"), hash_of(f"address:{address}")
    with passwords.turn():
        kept = _prove(store, passwords, name, password, (account_key, address_key), now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with store.write() as unit:
        person = people.person(unit.connection, kept.person_id)
        sessions.clear_failures(unit, account_key)
        if old_token is not None:
            sessions.drop_session(unit, hash_of(old_token))
        sessions.add_session(unit, hash_of(token), person.id, now, now - ABSOLUTE)
        unit.note(Entry(Deed.SIGN_IN, now, person.id, person.name, "person", person.id))
    return NewSession(SignedIn(person, csrf_of(token), kept.temporary), token)


def _prove(
    store: Store, passwords: Passwords, name: str, password: str, keys: tuple[str, str], now: datetime
) -> sessions.Secrets:
    """The account whose name and password these are."""
    with store.read() as connection:
        pauses = [
            limit.pause_s(sessions.failures_of(connection, key, now - limit.within), now)
            for key, limit in zip(keys, (ACCOUNT_TRIES, ADDRESS_TRIES), strict=True)
        ]
        kept = sessions.secrets_named(connection, name) if is_account_name(name) else None
    if any(pauses):
        raise too_many(max(pauses))
    right = passwords.agree(kept.password_hash if kept else None, password)
    if not right or kept is None or not kept.active:
        with store.write() as unit:
            sessions.add_failures(unit, keys, now, now - LONGEST_WINDOW)
            unit.note(_failed(kept.person_id if kept else None, now))
        raise WrongSignIn
    return kept


def _failed(person_id: str | None, now: datetime) -> Entry:
    """A sign-in that failed. What was typed as a name is not told: it may be a password, or anybody's name."""
    return Entry(Deed.SIGN_IN, now, person_id, "", "person", person_id or "", Outcome.REFUSED)


def resume(store: Store, token: str, now: datetime) -> SignedIn:
    """Whose session this is. Raises NotSignedIn when it is over, unknown, or the account was closed."""
    token_sha256 = hash_of(token)
    with store.read() as connection:
        kept = sessions.session(connection, token_sha256)
        if kept is None or not is_live(kept.created_at, kept.seen_at, now):
            raise NotSignedIn(SIGNED_OUT)
        person = people.person(connection, kept.person_id)
    if not person.active:
        raise NotSignedIn(SIGNED_OUT)
    if now - kept.seen_at >= SEEN_EVERY:
        with store.write() as unit:
            sessions.touch_session(unit, token_sha256, now)
    return SignedIn(person, csrf_of(token), kept.temporary)


def institution_of(store: Store, who: SignedIn) -> Institution:
    """Where the person works."""
    with store.read() as connection:
        return people.institution(connection, who.person.institution_code)


def check_csrf(token: str, told: str | None) -> None:
    """Raises ForeignCall unless the call carries the CSRF token of its session."""
    expected = csrf_of(token).encode()
    if told is None or not hmac.compare_digest(expected, told.encode("utf-8", "surrogatepass")):
        raise ForeignCall


def sign_out(store: Store, who: SignedIn, token: str, now: datetime) -> None:
    """End this session."""
    with store.write() as unit:
        sessions.drop_session(unit, hash_of(token))
        unit.note(Entry(Deed.SIGN_OUT, now, who.person.id, who.person.name, "person", who.person.id))


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as its owner sees it; ``secret`` only in the answer that made it."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime
    secret: str | None = field(default=None, repr=False)


def make_token(store: Store, who: SignedIn, name: str, days: int, now: datetime) -> ApiToken:
    """A token with which a program acts as this person. Raises Invalid, and NotAllowed for a program itself."""
    if who.csrf is None:
        raise NotAllowed(Words("令牌不能再创建令牌，请登录后操作。", "A token cannot make tokens; please sign in."))
    if not name.strip():
        raise Invalid.at("name", Words("请写明令牌的用途。", "Say what the token is for."))
    if not 1 <= days <= TOKEN_MAX_DAYS:
        raise Invalid.at(
            "days", Words(f"有效期为 1 到 {TOKEN_MAX_DAYS} 天。", f"It may live 1 to {TOKEN_MAX_DAYS} days.")
        )
    secret = KEY_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    kept = sessions.TokenRow(uuid4().hex, who.person.id, name.strip()[:64], now, now + timedelta(days=days))
    with store.write() as unit:
        if sessions.count_tokens(unit.connection, who.person.id) >= TOKENS_EACH:
            raise Invalid.at(
                "name",
                Words(f"最多 {TOKENS_EACH} 个令牌，请先撤销不用的。", f"{TOKENS_EACH} at most; revoke some first."),
            )
        sessions.add_token(unit, kept, hash_of(secret))
    return ApiToken(kept.id, kept.name, kept.created_at, kept.expires_at, secret)


def by_token(store: Store, secret: str, now: datetime) -> SignedIn:
    """Whom the program with this token acts for. Raises NotSignedIn when it is unknown, expired or revoked."""
    with store.read() as connection:
        kept = sessions.token_by_hash(connection, hash_of(secret))
        if kept is None or now >= kept.expires_at:
            raise NotSignedIn(Words("令牌无效或已过期。", "The token is not valid, or has expired."))
        person = people.person(connection, kept.person_id)
    if not person.active:
        raise NotSignedIn(Words("令牌无效或已过期。", "The token is not valid, or has expired."))
    return SignedIn(person, None)


def tokens(store: Store, who: SignedIn) -> list[ApiToken]:
    """The person's own tokens, newest first, without their secrets."""
    with store.read() as connection:
        rows = sessions.tokens_of(connection, who.person.id)
    return [ApiToken(row.id, row.name, row.created_at, row.expires_at) for row in rows]


def revoke_token(store: Store, who: SignedIn, token_id: str) -> None:
    """Take back one of the person's own tokens. Raises NotFound."""
    with store.write() as unit:
        if not sessions.drop_token(unit, who.person.id, token_id):
            raise NotFound
