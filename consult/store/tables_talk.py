"""Tables of what is said and handed over beside a case's moves; rows are only ever added to."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text

from consult.store.columns import Instant, Position
from consult.store.tables import metadata

case_messages = Table(
    "case_messages",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False),
    Column("author_id", String(32), nullable=False),
    Column("author_name", String(64), nullable=False),
    Column("author_site", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_case_messages_case_id_id", "case_id", "id"),
    sqlite_autoincrement=True,
)

case_reads = Table(
    "case_reads",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("person_id", String(32), primary_key=True),
    Column("read_to", BigInteger, nullable=False),
)
"""Up to which message someone has read a case."""

case_files = Table(
    "case_files",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("name", String(160), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("category", String(16), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("by_id", String(32), nullable=False),
    Column("by_name", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("study_uid", String(64)),
    Index("ix_case_files_case_id_at", "case_id", "at"),
    Index("ix_case_files_sha256", "sha256"),
)
"""A file among the blobs; ``study_uid`` where it is an image that went to the archive."""
