"""Tables of what a house decides: limits of its own, and whom to call for critical findings."""

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table

from consult.store.tables import metadata

limits = Table(
    "limits",
    metadata,
    Column("institution", String(32), ForeignKey("institutions.code"), primary_key=True),
    Column("service_type", String(24), primary_key=True),
    Column("clock", String(16), primary_key=True),
    Column("priority", String(16), primary_key=True),
    Column("seconds", Float, nullable=False),
    Column("pace", String(16), nullable=False),
)
"""Limits of a performing house in place of the usual ones; an empty ``service_type`` is every service."""

contacts = Table(
    "contacts",
    metadata,
    Column("institution", String(32), ForeignKey("institutions.code"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("duty", String(64), nullable=False),
    Column("phone", String(32), nullable=False),
)
"""Whom to call at a requesting house, in this order."""
