"""rooms."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("open_case_id", sa.String(length=32), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.String(length=32), nullable=False),
        sa.Column("opened_by_name", sa.String(length=64), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_name", sa.String(length=64), nullable=False),
        sa.Column("ending", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_rooms_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
        sa.UniqueConstraint("open_case_id", name=op.f("uq_rooms_open_case_id")),
    )
    op.create_index("ix_rooms_case_id_opened_at", "rooms", ["case_id", "opened_at"], unique=False)
    op.create_table(
        "room_ops",
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=False),
        sa.Column("cid", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_ops_room_id")),
        sa.PrimaryKeyConstraint("room_id", "seq", name=op.f("pk_room_ops")),
    )
    op.create_index("ix_room_ops_room_id_by_id_cid", "room_ops", ["room_id", "by_id", "cid"], unique=True)
    op.create_table(
        "room_views",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_views_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_views")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_room_views_room_id_id", "room_views", ["room_id", "id"], unique=False)
    op.create_table(
        "room_visits",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_visits_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_visits")),
    )
    op.create_index("ix_room_visits_room_id_came_at", "room_visits", ["room_id", "came_at"], unique=False)
    op.create_table(
        "room_invitations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("images", sa.Boolean(), nullable=False),
        sa.Column("made_by_id", sa.String(length=32), nullable=False),
        sa.Column("made_by_name", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_invitations_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_invitations")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_room_invitations_token_sha256")),
    )
    op.create_index("ix_room_invitations_room_id_made_at", "room_invitations", ["room_id", "made_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_room_invitations_room_id_made_at", "room_invitations")
    op.drop_table("room_invitations")
    op.drop_index("ix_room_visits_room_id_came_at", "room_visits")
    op.drop_table("room_visits")
    op.drop_index("ix_room_views_room_id_id", "room_views")
    op.drop_table("room_views")
    op.drop_index("ix_room_ops_room_id_by_id_cid", "room_ops")
    op.drop_table("room_ops")
    op.drop_index("ix_rooms_case_id_opened_at", "rooms")
    op.drop_table("rooms")
