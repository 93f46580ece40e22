"""The tables of performed procedure steps: what a machine says that it did, and for which studies."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from consult.store.columns import Document, Instant
from consult.store.tables import metadata

performed_steps = Table(
    "performed_steps",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("institution", String(32), nullable=False),
    Column("sop_uid", String(64), nullable=False),
    Column("ae_title", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("said", Document, nullable=False),
)
"""A modality performed procedure step (PS3.4 Annex F); ``id`` follows from institution and UID.

``said`` has ``studies`` (UIDs), the ``reason`` of a step that was broken off, and ``series``: each with ``series_uid``
and ``sop_uids``.
"""

performed_step_studies = Table(
    "performed_step_studies",
    metadata,
    Column("step_id", String(32), ForeignKey("performed_steps.id"), primary_key=True),
    Column("study_uid", String(64), primary_key=True),
    Column("institution", String(32), nullable=False),
    Index("ix_performed_step_studies_institution_study_uid", "institution", "study_uid"),
)
"""For which studies a step was performed, mostly one."""
