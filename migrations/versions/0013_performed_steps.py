"""performed steps, and an index for patients by birth date."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_index("ix_studies_patient_birth_date", "studies", ["patient_birth_date"], unique=False)
    op.create_table(
        "performed_steps",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("sop_uid", sa.String(length=64), nullable=False),
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performed_steps")),
    )
    op.create_table(
        "performed_step_studies",
        sa.Column("step_id", sa.String(length=32), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["step_id"], ["performed_steps.id"], name=op.f("fk_performed_step_studies_step_id")
        ),
        sa.PrimaryKeyConstraint("step_id", "study_uid", name=op.f("pk_performed_step_studies")),
    )
    op.create_index(
        "ix_performed_step_studies_institution_study_uid", "performed_step_studies", ["institution", "study_uid"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_studies_patient_birth_date", table_name="studies")
    op.drop_table("performed_step_studies")
    op.drop_table("performed_steps")
