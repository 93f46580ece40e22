"""Tables of people: institutions and their agreements, accounts and what they may, sessions and their keys."""

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table, false

from consult.store.columns import Document, Instant, Position
from consult.store.tables import metadata

institutions = Table(
    "institutions",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name_zh", String(128), nullable=False),
    Column("name_en", String(128), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("centre", String(32), ForeignKey("institutions.code")),
    Column("policy", Document, nullable=False),
)
"""``policy`` is a SitePolicy by field names; ``centre`` the regional centre that coordinates its cases."""

agreements = Table(
    "agreements",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("requesting_site", String(32), ForeignKey("institutions.code"), nullable=False),
    Column("performing_site", String(32), ForeignKey("institutions.code"), nullable=False),
    Column("service_types", Document, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Index("ix_agreements_requesting_site", "requesting_site"),
    sqlite_autoincrement=True,
)

people = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("username", String(64), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("institution", String(32), ForeignKey("institutions.code"), nullable=False),
    Column("licence_number", String(32)),
    Column("licence_expires", Date),
    Column("sign_right", Boolean, nullable=False),
    Column("language", String(8)),
    Column("load_limit_units", Float, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_people_institution", "institution"),
)
"""An account; ``username`` is kept as ``domain.sessions.account_name`` writes it."""

person_roles = Table(
    "person_roles",
    metadata,
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True),
    Column("role", String(24), primary_key=True),
)

skills = Table(
    "skills",
    metadata,
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("body_part", String(24), primary_key=True),
    Column("subspecialty", String(32), primary_key=True),
)
"""``body_part`` ``*`` is every part; an empty ``subspecialty`` is none."""

credentials = Table(
    "credentials",
    metadata,
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True),
    Column("password_hash", String(200), nullable=False),
    Column("pin_hash", String(200), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("temporary", Boolean, nullable=False, server_default=false()),
)
"""argon2id hashes, apart from the account, so that no list of people can carry one.

``temporary`` says that an administrator knows the password: its person changes it before anything else.
"""

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Index("ix_sessions_person_id", "person_id"),
    Index("ix_sessions_created_at", "created_at"),
)
"""A signed-in browser; the token itself is in its cookie only."""

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_api_tokens_person_id", "person_id"),
)
"""A key of a program that acts for a person; shown once, kept as its hash."""

failed_tries = Table(
    "failed_tries",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_failed_tries_key_at", "key", "at"),
    Index("ix_failed_tries_at", "at"),
    sqlite_autoincrement=True,
)
"""Wrong passwords and PINs; ``key`` is a hash of whose (account, address or signer), known or not."""
