"""preparing."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preparing",
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_preparing_study_id")),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_preparing")),
    )


def downgrade() -> None:
    op.drop_table("preparing")
