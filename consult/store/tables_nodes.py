"""Tables of DICOM machines, and of what they asked us to commit to."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table

from consult.store.columns import Document, Instant
from consult.store.tables import metadata

nodes = Table(
    "nodes",
    metadata,
    Column("ae_title", String(16), primary_key=True),
    Column("institution", String(32), ForeignKey("institutions.code"), nullable=False),
    Column("host", String(255)),
    Column("port", Integer),
    Column("may_send", Boolean, nullable=False),
    Column("may_query", Boolean, nullable=False),
    Column("may_be_sent_to", Boolean, nullable=False),
    Column("tls", Boolean, nullable=False),
    Column("charset", String(32)),
    Index("ix_nodes_institution", "institution"),
)
"""DICOM machines by AE title: each belongs to one institution."""

commitments = Table(
    "commitments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("transaction_uid", String(64), nullable=False),
    Column("institution", String(32), nullable=False),
    Column("ae_title", String(16), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("asked", Document, nullable=False),
    Column("outcome", Document),
    Column("due_at", Instant),
    Column("failures", Integer, nullable=False),
    Column("told_at", Instant),
    Index("ix_commitments_due_at", "due_at"),
    Index("ix_commitments_institution_transaction_uid", "institution", "transaction_uid"),
)
"""A request for storage commitment (PS3.4 Annex J): ``asked`` are pairs of SOP class and instance.

``outcome`` is one reason for each of ``asked`` (0: committed), once it was judged. ``due_at`` is when the answer is to
be told next, None when nothing is left to do; ``told_at`` when the asker took it.
"""

commitment_studies = Table(
    "commitment_studies",
    metadata,
    Column("commitment_id", String(32), ForeignKey("commitments.id"), primary_key=True),
    Column("study_id", String(32), ForeignKey("studies.id"), primary_key=True),
    Column("sop_uids", Document, nullable=False),
    Index("ix_commitment_studies_study_id", "study_id"),
)
"""Which SOP instances of a study its sender asked commitment for, and so says that there are."""
