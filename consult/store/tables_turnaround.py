"""The tables of turnaround: every submitted case measured, made from the facts and made again at will."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from consult.store.columns import Instant
from consult.store.tables import metadata

turnaround = Table(
    "turnaround",
    metadata,
    Column("case_id", String(32), primary_key=True),
    Column("number", String(32), nullable=False),
    Column("submitted_at", Instant, nullable=False),
    Column("state", String(24), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("service_type", String(24), nullable=False),
    Column("requesting_site", String(32), nullable=False),
    Column("performing_site", String(32), nullable=False),
    Column("centre", String(32)),
    Column("modality", String(16), nullable=False),
    Column("body_part", String(24), nullable=False),
    Column("assignee_id", String(32)),
    Column("author_id", String(32)),
    Column("reviewer_id", String(32)),
    Column("specialist_id", String(32)),
    Column("specialist_name", String(64), nullable=False),
    Column("figures", LargeBinary, nullable=False),
    Index("ix_turnaround_submitted_at_case_id", "submitted_at", "case_id"),
    Index("ix_turnaround_requesting_site_submitted_at", "requesting_site", "submitted_at"),
    Index("ix_turnaround_performing_site_submitted_at", "performing_site", "submitted_at"),
)
"""A case measured; ``figures`` are the whole numbers of ``domain.turnaround.COLUMNS``, 8 bytes each, little-endian:
100,000 cases are read as one block of memory, and no percentile is asked of the database."""

turnaround_alerts = Table(
    "turnaround_alerts",
    metadata,
    Column("case_id", String(32), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("submitted_at", Instant, nullable=False),
    Column("verdict", BigInteger, nullable=False),
    Index("ix_turnaround_alerts_submitted_at", "submitted_at"),
)
"""The verdict on each critical finding of a case, as ``domain.turnaround`` writes verdicts."""

turnaround_months = Table(
    "turnaround_months",
    metadata,
    Column("institution", String(32), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("made_at", Instant, nullable=False),
    Column("pdf", LargeBinary, nullable=False),
)
"""The monthly report of an institution as it was made, once; ``month`` is 2026-10."""
