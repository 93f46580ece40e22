"""Tables of notices: what people were told, how they are reached, and what went out to them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from consult.store.columns import Document, Instant, Position
from consult.store.tables import metadata

notices = Table(
    "notices",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("fact_seq", Position, nullable=False),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False),
    Column("notice", String(48), nullable=False),
    Column("urgency", String(16), nullable=False),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False),
    Column("said", Document, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("read_at", Instant),
    UniqueConstraint("fact_seq", "person_id"),
    Index("ix_notices_person_id_id", "person_id", "id"),
    Index("ix_notices_person_id_read_at", "person_id", "read_at"),
    Index("ix_notices_case_id", "case_id"),
    sqlite_autoincrement=True,
)
"""What a person was told, in the page: one row a fact and person; ``rung`` counts the steps of an emergency's ladder.

``notice`` is a row of domain.notices.NOTICES, ``said`` what its words need: never anything of the patient.
"""

reach = Table(
    "reach",
    metadata,
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("email", String(200), nullable=False),
    Column("mobile", String(32), nullable=False),
    Column("quiet_from", Integer, nullable=False),
    Column("quiet_to", Integer, nullable=False),
    Column("ways", Document, nullable=False),
    Column("changed_at", Instant, nullable=False),
)
"""How a person is reached; ``ways`` holds the urgencies they want by each way."""

sendings = Table(
    "sendings",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("channel", String(16), nullable=False),
    Column("urgency", String(16), nullable=False),
    Column("notice", String(48), nullable=False),
    Column("said", Document, nullable=False),
    Column("case_id", String(32)),
    Column("person_id", String(32), ForeignKey("people.id")),
    Column("institution", String(32), ForeignKey("institutions.code")),
    Column("standing", String(16), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("claimed_at", Instant),
    Column("receipt", String(128), nullable=False),
    Column("trouble", String(24), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("delivered_at", Instant),
    Index("ix_sendings_channel_standing_due_at", "channel", "standing", "due_at"),
    Index("ix_sendings_standing_id", "standing", "id"),
    Index("ix_sendings_case_id", "case_id"),
    Index("ix_sendings_channel_receipt", "channel", "receipt"),
    sqlite_autoincrement=True,
)
"""One notice by one way to one receiver, a person or an institution's system; ``key`` says which, so there is one."""
