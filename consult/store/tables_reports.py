"""Tables of reports: every revision of the text, every signed document, every delivery; rows are only ever added to."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from consult.store.columns import Document, Instant, Position
from consult.store.tables import metadata

report_revisions = Table(
    "report_revisions",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("text", Document, nullable=False),
    Column("saved_by", String(32), nullable=False),
    Column("saved_by_name", String(64), nullable=False),
    Column("saved_at", Instant, nullable=False),
)
"""What was written, each time it was saved: medical text is never lost."""

report_documents = Table(
    "report_documents",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False),
    Column("number", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("previous_sha256", String(64)),
    Column("text", Document, nullable=False),
    Column("signatures", Document, nullable=False),
    Column("overrides", Document, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Index("ix_report_documents_case_id_version", "case_id", "version"),
    Index("ix_report_documents_sha256", "sha256"),
    Index("ix_report_documents_number", "number"),
    sqlite_autoincrement=True,
)
"""A signed PDF: ``state`` is pending (first of two signatures), issued, returned (by the reviewer) or retracted.

``sha256`` names the PDF among the blobs and is what a copy is compared with.
"""

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("person_id", String(32), primary_key=True),
    Column("serial", String(48), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)
"""A person's signing keys, each sealed under their PIN; the newest that is not revoked signs."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("receiver", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("case_id", "version", "channel", "receiver"),
    sqlite_autoincrement=True,
)
"""A confirmed delivery of one version by one channel."""
