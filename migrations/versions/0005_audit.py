"""audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", POSITION, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("deed", sa.String(length=24), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("person_name", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("detail", DOCUMENT, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_person_id_seq", "audit", ["person_id", "seq"], unique=False)
    op.create_index("ix_audit_subject_id_seq", "audit", ["subject_id", "seq"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("released_at", MOMENT, nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_subject_id", "holds", ["subject_id"], unique=False)
    op.create_table(
        "retention",
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_retention_institution")),
        sa.PrimaryKeyConstraint("institution", "kind", name=op.f("pk_retention")),
    )
    op.create_table(
        "tombstones",
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("objects", DOCUMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_tombstones")),
    )
    op.create_table(
        "refused_settled",
        sa.Column("refused_id", POSITION, autoincrement=False, nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=True),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["refused_id"], ["refused.id"], name=op.f("fk_refused_settled_refused_id")),
        sa.PrimaryKeyConstraint("refused_id", name=op.f("pk_refused_settled")),
    )


def downgrade() -> None:
    op.drop_table("refused_settled")
    op.drop_table("tombstones")
    op.drop_table("retention")
    op.drop_index("ix_holds_subject_id", "holds")
    op.drop_table("holds")
    op.drop_index("ix_audit_subject_id_seq", "audit")
    op.drop_index("ix_audit_person_id_seq", "audit")
    op.drop_index("ix_audit_at", "audit")
    op.drop_table("audit")
