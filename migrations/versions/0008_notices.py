"""notices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("fact_seq", POSITION, nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("notice", sa.String(length=48), nullable=False),
        sa.Column("urgency", sa.String(length=16), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("said", DOCUMENT, nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notices_person_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notices_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("fact_seq", "person_id", name=op.f("uq_notices_fact_seq_person_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notices_person_id_id", "notices", ["person_id", "id"])
    op.create_index("ix_notices_person_id_read_at", "notices", ["person_id", "read_at"])
    op.create_index("ix_notices_case_id", "notices", ["case_id"])
    op.create_table(
        "reach",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("mobile", sa.String(length=32), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.Column("ways", DOCUMENT, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_reach_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_reach")),
    )
    op.create_table(
        "sendings",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("urgency", sa.String(length=16), nullable=False),
        sa.Column("notice", sa.String(length=48), nullable=False),
        sa.Column("said", DOCUMENT, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("institution", sa.String(length=32), nullable=True),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt", sa.String(length=128), nullable=False),
        sa.Column("trouble", sa.String(length=24), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sendings_person_id")),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_sendings_institution")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sendings")),
        sa.UniqueConstraint("key", name=op.f("uq_sendings_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sendings_channel_standing_due_at", "sendings", ["channel", "standing", "due_at"])
    op.create_index("ix_sendings_standing_id", "sendings", ["standing", "id"])
    op.create_index("ix_sendings_case_id", "sendings", ["case_id"])
    op.create_index("ix_sendings_channel_receipt", "sendings", ["channel", "receipt"])
    # what happened before there were notices is nobody's news: the subscriber begins where the log stands
    op.execute(
        "INSERT INTO positions (subscriber, seq, failures) "
        "SELECT 'notices', MAX(seq), 0 FROM facts HAVING MAX(seq) IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("sendings")
    op.drop_table("reach")
    op.drop_table("notices")
    op.execute("DELETE FROM positions WHERE subscriber = 'notices'")
