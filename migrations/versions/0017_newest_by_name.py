"""indexes that hold what a walk through the newest studies looks at, and the studies of a modality."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NEWEST = ["study_date", "study_time", "id"]


def upgrade() -> None:
    op.execute(sa.text("UPDATE studies SET search = substr(search, 1, 500) WHERE length(search) > 500"))
    op.drop_index("ix_studies_study_date_study_time_id", table_name="studies")
    op.drop_index("ix_studies_institution_study_date_study_time_id", table_name="studies")
    op.create_index("ix_studies_newest", "studies", [*NEWEST, "institution", "search"], unique=False)
    op.create_index("ix_studies_institution_newest", "studies", ["institution", *NEWEST, "search"], unique=False)
    op.drop_index("ix_series_modality", table_name="series")
    op.create_index("ix_series_modality_study_id", "series", ["modality", "study_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_series_modality_study_id", table_name="series")
    op.create_index("ix_series_modality", "series", ["modality"], unique=False)
    op.drop_index("ix_studies_institution_newest", table_name="studies")
    op.drop_index("ix_studies_newest", table_name="studies")
    op.create_index(
        "ix_studies_institution_study_date_study_time_id", "studies", ["institution", *NEWEST], unique=False
    )
    op.create_index("ix_studies_study_date_study_time_id", "studies", NEWEST, unique=False)
