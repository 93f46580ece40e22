"""The tables of proof: what was announced, what was kept when, what people decided, and what was checked again."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from consult.store.columns import Document, Instant, Position
from consult.store.tables import metadata

manifest_keys = Table(
    "manifest_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("institution", String(32), ForeignKey("institutions.code"), nullable=False),
    Column("public_key", String(64), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("retired_at", Instant),
    Index("ix_manifest_keys_institution", "institution"),
)
"""Ed25519 keys with which institutions sign lists; ``id`` begins the SHA-256 of the key, ``public_key`` is base64."""

announcements = Table(
    "announcements",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("institution", String(32), nullable=False),
    Column("study_uid", String(64), nullable=False),
    Column("source", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("said", Document, nullable=False),
    Column("key_id", String(16)),
    Column("signature", Text),
    Index("ix_announcements_institution_study_uid", "institution", "study_uid"),
    sqlite_autoincrement=True,
)
"""What somebody said there is of a study, perhaps before any of it came; the newest of each source counts.

``said`` is a list (``series`` with ``instances``) or ``counts`` by series UID.
"""

series_manifests = Table(
    "series_manifests",
    metadata,
    Column("series_id", String(32), ForeignKey("series.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("instances", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("ix_series_manifests_sha256", "sha256"),
)
"""What a series held when its study came to rest: an object that never changes, named by its hash."""

decisions = Table(
    "decisions",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("study_id", String(32), ForeignKey("studies.id"), nullable=False),
    Column("series_id", String(32), ForeignKey("series.id"), nullable=False),
    Column("sop_uid", String(64), nullable=False),
    Column("chosen", String(64), nullable=False),
    Column("before", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by_id", String(32), nullable=False),
    Column("by_name", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_decisions_study_id", "study_id"),
    sqlite_autoincrement=True,
)
"""Which of several objects of one identity a person made the primary one; the newest decision counts."""

verifications = Table(
    "verifications",
    metadata,
    Column("study_id", String(32), ForeignKey("studies.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("good", Boolean, nullable=False),
    Column("objects", Integer, nullable=False),
    Column("bytes", Position, nullable=False),
    Column("faults", Document, nullable=False),
    Index("ix_verifications_good", "good"),
)
"""When everything of a study was last read and hashed again, and what was wrong."""

walks = Table(
    "walks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("after", String(32), nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)
"""How far a slow walk over all studies has come, and how often it went all the way."""
