"""members."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

PARENT = {
    "postgresql": "UPDATE cases SET parent_id = document->>'parent_id'",
    "sqlite": "UPDATE cases SET parent_id = json_extract(document, '$.parent_id')",
}


def upgrade() -> None:
    with op.batch_alter_table("cases") as cases:
        cases.add_column(sa.Column("parent_id", sa.String(length=32), nullable=True))
    op.execute(PARENT[op.get_bind().dialect.name])
    op.create_index("ix_cases_parent_id", "cases", ["parent_id"], unique=False)
    op.create_table(
        "case_members",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_members_case_id")),
        sa.PrimaryKeyConstraint("case_id", "person_id", name=op.f("pk_case_members")),
    )
    op.create_index("ix_case_members_person_id_case_id", "case_members", ["person_id", "case_id"], unique=False)
    op.create_table(
        "case_opinions",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("dissent", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_opinions_case_id")),
        sa.PrimaryKeyConstraint("case_id", "person_id", "revision", name=op.f("pk_case_opinions")),
    )


def downgrade() -> None:
    op.drop_table("case_opinions")
    op.drop_index("ix_case_members_person_id_case_id", "case_members")
    op.drop_table("case_members")
    op.drop_index("ix_cases_parent_id", "cases")
    with op.batch_alter_table("cases") as cases:
        cases.drop_column("parent_id")
