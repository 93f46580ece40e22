"""measurements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "measurements",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=False),
        sa.Column("author_name", sa.String(length=64), nullable=False),
        sa.Column("author_site", sa.String(length=32), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_measurements_case_id")),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_measurements")),
    )
    op.create_index("ix_measurements_case_id_added_at", "measurements", ["case_id", "added_at", "id"], unique=False)
    op.create_table(
        "measurement_versions",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "id"],
            ["measurements.case_id", "measurements.id"],
            name=op.f("fk_measurement_versions_case_id_id"),
        ),
        sa.PrimaryKeyConstraint("case_id", "id", "version", name=op.f("pk_measurement_versions")),
    )


def downgrade() -> None:
    op.drop_table("measurement_versions")
    op.drop_index("ix_measurements_case_id_added_at", "measurements")
    op.drop_table("measurements")
