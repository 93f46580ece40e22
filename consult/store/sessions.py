"""Sessions, API tokens, password hashes and wrong tries in the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from consult.store.tables_people import api_tokens, credentials, failed_tries, people, sessions
from consult.store.unit import Unit

NO_PIN = "*"
"""In place of a PIN's hash while its person has not chosen one: nothing that is typed agrees with it."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The hashes of one account."""

    person_id: str
    password_hash: str = field(repr=False)
    pin_hash: str = field(repr=False)
    active: bool = True
    temporary: bool = False


def secrets_named(connection: Connection, username: str) -> Secrets | None:
    """The hashes of the account of that name; None when there is none."""
    return _secrets(connection, people.c.username == username)


def secrets_of(connection: Connection, person_id: str) -> Secrets | None:
    """The hashes of a person's account; None when there is none."""
    return _secrets(connection, people.c.id == person_id)


def _secrets(connection: Connection, which: ColumnElement[bool]) -> Secrets | None:
    query = (
        select(
            people.c.id,
            people.c.active,
            credentials.c.password_hash,
            credentials.c.pin_hash,
            credentials.c.temporary,
        )
        .join(credentials, credentials.c.person_id == people.c.id)
        .where(which)
    )
    row = connection.execute(query).first()
    return None if row is None else Secrets(row.id, row.password_hash, row.pin_hash, row.active, row.temporary)


def keep_secrets(unit: Unit, kept: Secrets, now: datetime) -> None:
    """Keep the hashes of a new account."""
    unit.connection.execute(
        insert(credentials).values(
            person_id=kept.person_id,
            password_hash=kept.password_hash,
            pin_hash=kept.pin_hash,
            changed_at=now,
            temporary=kept.temporary,
        )
    )


def change_secrets(unit: Unit, kept: Secrets, now: datetime) -> None:
    """Replace the hashes of an account."""
    mine = credentials.c.person_id == kept.person_id
    unit.connection.execute(
        update(credentials)
        .where(mine)
        .values(password_hash=kept.password_hash, pin_hash=kept.pin_hash, changed_at=now, temporary=kept.temporary)
    )


def failures_of(connection: Connection, key: str, since: datetime) -> list[datetime]:
    """The wrong tries under this key after ``since``."""
    query = select(failed_tries.c.at).where(failed_tries.c.key == key, failed_tries.c.at > since)
    return list(connection.execute(query).scalars())


def add_failures(unit: Unit, keys: Sequence[str], now: datetime, forget_before: datetime) -> None:
    """Count one wrong try under each key, and forget those that no limit looks at any more."""
    unit.connection.execute(delete(failed_tries).where(failed_tries.c.at < forget_before))
    unit.connection.execute(insert(failed_tries), [{"key": key, "at": now} for key in keys])


def clear_failures(unit: Unit, key: str) -> None:
    """The right one came: the wrong tries under this key no longer count."""
    unit.connection.execute(delete(failed_tries).where(failed_tries.c.key == key))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """Whose session it is, since when, when it was last used; ``temporary``: the password is to be changed first."""

    person_id: str
    created_at: datetime
    seen_at: datetime
    temporary: bool = False


def session(connection: Connection, token_sha256: str) -> SessionRow | None:
    """The session with that hash, live or not; None when there is none."""
    query = select(sessions.c.person_id, sessions.c.created_at, sessions.c.seen_at, credentials.c.temporary).outerjoin(
        credentials, credentials.c.person_id == sessions.c.person_id
    )
    row = connection.execute(query.where(sessions.c.token_sha256 == token_sha256)).first()
    return None if row is None else SessionRow(row.person_id, row.created_at, row.seen_at, bool(row.temporary))


def add_session(unit: Unit, token_sha256: str, person_id: str, now: datetime, forget_before: datetime) -> None:
    """Open a session, and drop those that began before ``forget_before``."""
    unit.connection.execute(delete(sessions).where(sessions.c.created_at < forget_before))
    unit.connection.execute(
        insert(sessions).values(token_sha256=token_sha256, person_id=person_id, created_at=now, seen_at=now)
    )


def touch_session(unit: Unit, token_sha256: str, now: datetime) -> None:
    """The session was used."""
    unit.connection.execute(update(sessions).where(sessions.c.token_sha256 == token_sha256).values(seen_at=now))


def drop_session(unit: Unit, token_sha256: str) -> None:
    """End one session."""
    unit.connection.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))


def drop_sessions_of(unit: Unit, person_id: str, but: str | None = None) -> None:
    """End every session of a person, all ``but`` the one with this hash."""
    theirs = delete(sessions).where(sessions.c.person_id == person_id)
    unit.connection.execute(theirs if but is None else theirs.where(sessions.c.token_sha256 != but))


def end_access(unit: Unit, person_id: str) -> None:
    """End every session and token of a person."""
    drop_sessions_of(unit, person_id)
    drop_tokens_of(unit, person_id)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token without its secret."""

    id: str
    person_id: str
    name: str
    created_at: datetime
    expires_at: datetime


def token_by_hash(connection: Connection, token_sha256: str) -> TokenRow | None:
    """The token with that hash, expired or not; None when there is none."""
    row = connection.execute(select(api_tokens).where(api_tokens.c.token_sha256 == token_sha256)).first()
    return None if row is None else TokenRow(row.id, row.person_id, row.name, row.created_at, row.expires_at)


def tokens_of(connection: Connection, person_id: str) -> list[TokenRow]:
    """A person's tokens, newest first."""
    query = select(api_tokens).where(api_tokens.c.person_id == person_id)
    rows = connection.execute(query.order_by(api_tokens.c.created_at.desc(), api_tokens.c.id))
    return [TokenRow(row.id, row.person_id, row.name, row.created_at, row.expires_at) for row in rows]


def count_tokens(connection: Connection, person_id: str) -> int:
    """How many tokens a person has."""
    query = select(func.count()).select_from(api_tokens).where(api_tokens.c.person_id == person_id)
    return int(connection.execute(query).scalar_one())


def add_token(unit: Unit, added: TokenRow, token_sha256: str) -> None:
    """Keep a new token by its hash."""
    unit.connection.execute(
        insert(api_tokens).values(
            id=added.id,
            person_id=added.person_id,
            name=added.name,
            token_sha256=token_sha256,
            created_at=added.created_at,
            expires_at=added.expires_at,
        )
    )


def drop_token(unit: Unit, person_id: str, token_id: str) -> bool:
    """Take a token of this person back; False when there is none of that id."""
    mine = (api_tokens.c.id == token_id) & (api_tokens.c.person_id == person_id)
    return unit.connection.execute(delete(api_tokens).where(mine)).rowcount == 1


def drop_tokens_of(unit: Unit, person_id: str) -> None:
    """Take back every token of a person."""
    unit.connection.execute(delete(api_tokens).where(api_tokens.c.person_id == person_id))
