"""The table of people's own phrases."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from consult.store.columns import Document, Instant
from consult.store.tables import metadata

phrases = Table(
    "phrases",
    metadata,
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("items", Document, nullable=False),
    Column("changed_at", Instant, nullable=False),
)
"""A person's phrases in their order, as one document: they are read and changed together."""
