"""proof."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "manifest_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_manifest_keys_institution")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifest_keys")),
    )
    op.create_index("ix_manifest_keys_institution", "manifest_keys", ["institution"], unique=False)
    op.create_table(
        "announcements",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("said", DOCUMENT, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_announcements_institution_study_uid", "announcements", ["institution", "study_uid"], unique=False
    )
    op.create_table(
        "series_manifests",
        sa.Column("series_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_series_manifests_series_id")),
        sa.PrimaryKeyConstraint("series_id", "version", name=op.f("pk_series_manifests")),
    )
    op.create_index("ix_series_manifests_sha256", "series_manifests", ["sha256"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("series_id", sa.String(length=32), nullable=False),
        sa.Column("sop_uid", sa.String(length=64), nullable=False),
        sa.Column("chosen", sa.String(length=64), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_decisions_series_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_decisions_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_study_id", "decisions", ["study_id"], unique=False)
    op.create_table(
        "verifications",
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("objects", sa.Integer(), nullable=False),
        sa.Column("bytes", POSITION, nullable=False),
        sa.Column("faults", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_verifications_study_id")),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_verifications")),
    )
    op.create_index("ix_verifications_good", "verifications", ["good"], unique=False)
    op.create_table(
        "walks",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("after", sa.String(length=32), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_walks")),
    )


def downgrade() -> None:
    op.drop_table("walks")
    op.drop_index("ix_verifications_good", "verifications")
    op.drop_table("verifications")
    op.drop_index("ix_decisions_study_id", "decisions")
    op.drop_table("decisions")
    op.drop_index("ix_series_manifests_sha256", "series_manifests")
    op.drop_table("series_manifests")
    op.drop_index("ix_announcements_institution_study_uid", "announcements")
    op.drop_table("announcements")
    op.drop_index("ix_manifest_keys_institution", "manifest_keys")
    op.drop_table("manifest_keys")
