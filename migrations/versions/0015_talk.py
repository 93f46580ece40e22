"""talk."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "case_messages",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=False),
        sa.Column("author_name", sa.String(length=64), nullable=False),
        sa.Column("author_site", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_messages_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_messages")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_case_messages_case_id_id", "case_messages", ["case_id", "id"], unique=False)
    op.create_table(
        "case_reads",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("read_to", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_reads_case_id")),
        sa.PrimaryKeyConstraint("case_id", "person_id", name=op.f("pk_case_reads")),
    )
    op.create_table(
        "case_files",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=False),
        sa.Column("by_name", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_files_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_files")),
    )
    op.create_index("ix_case_files_case_id_at", "case_files", ["case_id", "at"], unique=False)
    op.create_index("ix_case_files_sha256", "case_files", ["sha256"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_case_files_sha256", "case_files")
    op.drop_index("ix_case_files_case_id_at", "case_files")
    op.drop_table("case_files")
    op.drop_table("case_reads")
    op.drop_index("ix_case_messages_case_id_id", "case_messages")
    op.drop_table("case_messages")
