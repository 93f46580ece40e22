"""Tables of the rota and of routing: shifts, absences, calendar days, and each version of a house's policy."""

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table, false

from consult.store.columns import Document, Instant, Position
from consult.store.tables import metadata

shifts = Table(
    "shifts",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Column("on_call", Boolean, nullable=False, server_default=false()),
    Index("ix_shifts_person_id_end_at", "person_id", "end_at"),
    sqlite_autoincrement=True,
)

absences = Table(
    "absences",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Column("reason", String(200), nullable=False),
    Index("ix_absences_person_id_end_at", "person_id", "end_at"),
    sqlite_autoincrement=True,
)

calendar_days = Table(
    "calendar_days",
    metadata,
    Column("institution", String(32), ForeignKey("institutions.code"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("works", Boolean, nullable=False),
    Column("name", String(64), nullable=False),
    Column("source", String(200), nullable=False),
)
"""Days on which an institution works, or does not, against the week: holidays, makeup days, its own ones."""

routing_policies = Table(
    "routing_policies",
    metadata,
    Column("institution", String(32), ForeignKey("institutions.code"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by_id", String(32), nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("note", String(200), nullable=False),
    Column("numbers", Document, nullable=False),
)
"""A version is never changed; the highest one holds. ``numbers`` are weights, timers and limits by field name."""

routing_rules = Table(
    "routing_rules",
    metadata,
    Column("institution", String(32), ForeignKey("institutions.code"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("note", String(100), nullable=False),
    Column("modality", String(16), nullable=False),
    Column("body_part", String(24), nullable=False),
    Column("subspecialty", String(32), nullable=False),
    Column("requesting_site", String(32), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("pool", Document, nullable=False),
    Column("skill", String(32), nullable=False),
    Column("language", String(8), nullable=False),
    Column("hard", Boolean, nullable=False),
    Column("points", Float, nullable=False),
)

work_units = Table(
    "work_units",
    metadata,
    Column("institution", String(32), ForeignKey("institutions.code"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("body_part", String(24), primary_key=True),
    Column("units", Float, nullable=False),
)

missed_offers = Table(
    "missed_offers",
    metadata,
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("times", Integer, nullable=False),
)
"""Offers that ran out since somebody last took a case."""
