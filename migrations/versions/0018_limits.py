"""limits."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "limits",
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("service_type", sa.String(length=24), nullable=False),
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("pace", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_limits_institution")),
        sa.PrimaryKeyConstraint("institution", "service_type", "clock", "priority", name=op.f("pk_limits")),
    )
    op.create_table(
        "contacts",
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("duty", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_contacts_institution")),
        sa.PrimaryKeyConstraint("institution", "position", name=op.f("pk_contacts")),
    )


def downgrade() -> None:
    op.drop_table("contacts")
    op.drop_table("limits")
