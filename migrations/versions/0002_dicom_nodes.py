"""dicom nodes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "nodes",
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("may_send", sa.Boolean(), nullable=False),
        sa.Column("may_query", sa.Boolean(), nullable=False),
        sa.Column("may_be_sent_to", sa.Boolean(), nullable=False),
        sa.Column("tls", sa.Boolean(), nullable=False),
        sa.Column("charset", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_nodes_institution")),
        sa.PrimaryKeyConstraint("ae_title", name=op.f("pk_nodes")),
    )
    op.create_index("ix_nodes_institution", "nodes", ["institution"], unique=False)
    # who could call could send, and no more
    op.execute(
        "INSERT INTO nodes (ae_title, institution, may_send, may_query, may_be_sent_to, tls)"
        " SELECT ae_title, institution, true, false, false, false FROM calling_titles"
    )
    op.drop_table("calling_titles")
    op.create_table(
        "commitments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", DOCUMENT, nullable=False),
        sa.Column("outcome", DOCUMENT, nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitments")),
    )
    op.create_index("ix_commitments_due_at", "commitments", ["due_at"], unique=False)
    op.create_index(
        "ix_commitments_institution_transaction_uid", "commitments", ["institution", "transaction_uid"], unique=False
    )
    op.create_table(
        "commitment_studies",
        sa.Column("commitment_id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("sop_uids", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["commitments.id"], name=op.f("fk_commitment_studies_commitment_id")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_commitment_studies_study_id")),
        sa.PrimaryKeyConstraint("commitment_id", "study_id", name=op.f("pk_commitment_studies")),
    )
    op.create_index("ix_commitment_studies_study_id", "commitment_studies", ["study_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_commitment_studies_study_id", "commitment_studies")
    op.drop_table("commitment_studies")
    op.drop_index("ix_commitments_institution_transaction_uid", "commitments")
    op.drop_index("ix_commitments_due_at", "commitments")
    op.drop_table("commitments")
    op.create_table(
        "calling_titles",
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_calling_titles_institution")),
        sa.PrimaryKeyConstraint("ae_title", name=op.f("pk_calling_titles")),
    )
    op.execute("INSERT INTO calling_titles (ae_title, institution) SELECT ae_title, institution FROM nodes")
    op.drop_index("ix_nodes_institution", "nodes")
    op.drop_table("nodes")
