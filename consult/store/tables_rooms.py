"""Tables of live rooms: the meeting, its hash-chained deeds, its view track, who was there, links for guests."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from consult.store.columns import Instant, Position
from consult.store.tables import metadata

rooms = Table(
    "rooms",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False),
    Column("open_case_id", String(32), unique=True),
    Column("opened_at", Instant, nullable=False),
    Column("opened_by_id", String(32), nullable=False),
    Column("opened_by_name", String(64), nullable=False),
    Column("met_at", Instant),
    Column("closed_at", Instant),
    Column("closed_by_name", String(64), nullable=False),
    Column("ending", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("rung_at", Instant),
    Index("ix_rooms_case_id_opened_at", "case_id", "opened_at"),
)
"""``open_case_id`` is the case's id while the room is open and null after, so that a case has one open room."""

room_ops = Table(
    "room_ops",
    metadata,
    Column("room_id", String(32), ForeignKey("rooms.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("by_id", String(32), nullable=False),
    Column("cid", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_room_ops_room_id_by_id_cid", "room_id", "by_id", "cid", unique=True),
)
"""Rows are only added; ``body`` is the text that was hashed, which a JSON column would write anew."""

room_views = Table(
    "room_views",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("room_id", String(32), ForeignKey("rooms.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by_id", String(32), nullable=False),
    Column("view", Text, nullable=False),
    Index("ix_room_views_room_id_id", "room_id", "id"),
    sqlite_autoincrement=True,
)
"""What the presenter showed, at most once a second and only where it changed."""

room_visits = Table(
    "room_visits",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("room_id", String(32), ForeignKey("rooms.id"), nullable=False),
    Column("person_id", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("site", String(32), nullable=False),
    Column("role", String(16), nullable=False),
    Column("came_at", Instant, nullable=False),
    Column("left_at", Instant),
    Column("why", String(16), nullable=False),
    Index("ix_room_visits_room_id_came_at", "room_id", "came_at"),
)
"""A visit's id is its ticket's: the row that says somebody came is what makes a ticket used."""

room_invitations = Table(
    "room_invitations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("room_id", String(32), ForeignKey("rooms.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("images", Boolean, nullable=False),
    Column("made_by_id", String(32), nullable=False),
    Column("made_by_name", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("ended_at", Instant),
    Index("ix_room_invitations_room_id_made_at", "room_id", "made_at"),
)
