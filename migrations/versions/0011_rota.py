"""rota and routing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _of_institution(table: str) -> list[sa.Column | sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_institution")
    return [
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=name),
    ]


def upgrade() -> None:
    op.add_column("shifts", sa.Column("on_call", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "absences",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("start_at", MOMENT, nullable=False),
        sa.Column("end_at", MOMENT, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_absences_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_absences_person_id_end_at", "absences", ["person_id", "end_at"], unique=False)
    op.create_table(
        "calendar_days",
        *_of_institution("calendar_days"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("institution", "day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "routing_policies",
        *_of_institution("routing_policies"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by_id", sa.String(length=32), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("numbers", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("institution", "version", name=op.f("pk_routing_policies")),
    )
    op.create_table(
        "routing_rules",
        *_of_institution("routing_rules"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=100), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("body_part", sa.String(length=24), nullable=False),
        sa.Column("subspecialty", sa.String(length=32), nullable=False),
        sa.Column("requesting_site", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("pool", DOCUMENT, nullable=False),
        sa.Column("skill", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("hard", sa.Boolean(), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "version", "place", name=op.f("pk_routing_rules")),
    )
    op.create_table(
        "work_units",
        *_of_institution("work_units"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("body_part", sa.String(length=24), nullable=False),
        sa.Column("units", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "version", "modality", "body_part", name=op.f("pk_work_units")),
    )
    op.create_table(
        "missed_offers",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_missed_offers_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_missed_offers")),
    )


def downgrade() -> None:
    for table in ("missed_offers", "work_units", "routing_rules", "routing_policies", "calendar_days", "absences"):
        op.drop_table(table)
    op.drop_column("shifts", "on_call")
