"""Tables of what was measured: the newest version of each measurement, and every version that ever was."""

from sqlalchemy import Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Table

from consult.store.columns import Document, Instant
from consult.store.tables import metadata

measurements = Table(
    "measurements",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("author_id", String(32), nullable=False),
    Column("author_name", String(64), nullable=False),
    Column("author_site", String(32), nullable=False),
    Column("added_at", Instant, nullable=False),
    Index("ix_measurements_case_id_added_at", "case_id", "added_at", "id"),
)
"""A measurement; whoever draws it gives the id, which counts within its case only."""

measurement_versions = Table(
    "measurement_versions",
    metadata,
    Column("case_id", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("deed", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("document", Document, nullable=False),
    ForeignKeyConstraint(["case_id", "id"], ["measurements.case_id", "measurements.id"]),
)
"""What it was at each version; rows are only ever added. A deleted one has the text of the version before."""
