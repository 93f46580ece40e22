"""Tables of what operators and auditors answer for: the audit log, holds, what was removed, what became of refusals."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from consult.store.columns import Document, Instant, Position
from consult.store.tables import metadata

audit = Table(
    "audit",
    metadata,
    Column("seq", Position, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("deed", String(24), nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("person_id", String(32)),
    Column("person_name", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("subject", String(16), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("detail", Document, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_at", "at"),
    Index("ix_audit_person_id_seq", "person_id", "seq"),
    Index("ix_audit_subject_id_seq", "subject_id", "seq"),
)
"""The audit log: only ever added to, numbered without gaps, each row's hash over the row and the hash before it."""

holds = Table(
    "holds",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("subject", String(8), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by_id", String(32)),
    Column("by_name", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("released_at", Instant),
    Column("released_by", Text),
    Column("released_reason", Text),
    Index("ix_holds_subject_id", "subject_id"),
)
"""Legal holds (封存) on a study (StudyInstanceUID) or a case; while one is not released nothing of it is removed."""

retention = Table(
    "retention",
    metadata,
    Column("institution", String(32), ForeignKey("institutions.code"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("years", Integer, nullable=False),
)
"""Terms of an institution that are longer than the usual ones."""

tombstones = Table(
    "tombstones",
    metadata,
    Column("study_id", String(32), primary_key=True),
    Column("institution", String(32), nullable=False),
    Column("study_uid", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("objects", Document, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by_name", Text, nullable=False),
)
"""A study that was removed after its term: when its last object came, and the hashes of what was there."""

refused_settled = Table(
    "refused_settled",
    metadata,
    Column("refused_id", Position, ForeignKey("refused.id"), primary_key=True, autoincrement=False),
    Column("how", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by_id", String(32)),
    Column("by_name", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
"""What became of a refused object: ``taken`` after all, or ``dismissed``; its bytes stay where they are."""
