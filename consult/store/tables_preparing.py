"""The table of studies whose images are yet to be made ready for viewers."""

from sqlalchemy import Column, ForeignKey, String, Table

from consult.store.columns import Instant
from consult.store.tables import metadata

preparing = Table(
    "preparing",
    metadata,
    Column("study_id", String(32), ForeignKey("studies.id"), primary_key=True),
    Column("asked_at", Instant, nullable=False),
)
"""A row is work to do; it goes when the work is done and nobody asked again meanwhile."""
