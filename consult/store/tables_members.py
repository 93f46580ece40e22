"""Tables of multidisciplinary consultations: who sits in which, and every saved state of each one's opinion."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from consult.store.columns import Instant
from consult.store.tables import metadata

case_members = Table(
    "case_members",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("person_id", String(32), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("answer", String(16), nullable=False),
    Index("ix_case_members_person_id_case_id", "person_id", "case_id"),
)
"""The members in a case's document once more, to be found by person."""

case_opinions = Table(
    "case_opinions",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("person_id", String(32), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("dissent", Text, nullable=False),
    Column("saved_at", Instant, nullable=False),
)
"""What a member thinks, each time it was saved; ``dissent`` is where they differ from the conclusion, or empty."""
