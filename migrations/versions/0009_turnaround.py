"""turnaround, turnaround_alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "turnaround",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("service_type", sa.String(length=24), nullable=False),
        sa.Column("requesting_site", sa.String(length=32), nullable=False),
        sa.Column("performing_site", sa.String(length=32), nullable=False),
        sa.Column("centre", sa.String(length=32), nullable=True),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("body_part", sa.String(length=24), nullable=False),
        sa.Column("assignee_id", sa.String(length=32), nullable=True),
        sa.Column("author_id", sa.String(length=32), nullable=True),
        sa.Column("reviewer_id", sa.String(length=32), nullable=True),
        sa.Column("specialist_id", sa.String(length=32), nullable=True),
        sa.Column("specialist_name", sa.String(length=64), nullable=False),
        sa.Column("figures", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_turnaround")),
    )
    op.create_index("ix_turnaround_submitted_at_case_id", "turnaround", ["submitted_at", "case_id"])
    op.create_index("ix_turnaround_requesting_site_submitted_at", "turnaround", ["requesting_site", "submitted_at"])
    op.create_index("ix_turnaround_performing_site_submitted_at", "turnaround", ["performing_site", "submitted_at"])
    op.create_table(
        "turnaround_alerts",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "place", name=op.f("pk_turnaround_alerts")),
    )
    op.create_index("ix_turnaround_alerts_submitted_at", "turnaround_alerts", ["submitted_at"])


def downgrade() -> None:
    op.drop_table("turnaround_alerts")
    op.drop_table("turnaround")
