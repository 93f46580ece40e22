"""The tables of what the archive holds: studies, their series, their instances, and what was refused."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from consult.store.columns import Document, Instant, Plain, Position
from consult.store.tables import metadata

studies = Table(
    "studies",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("institution", String(32), nullable=False),
    Column("study_uid", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("patient_name", Text, nullable=False),
    Column("patient_display", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("charset_guessed", Boolean, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("patient_sex", Text, nullable=False),
    Column("patient_birth_date", Text, nullable=False),
    Column("accession_number", Text, nullable=False),
    Column("study_label", Text, nullable=False),
    Column("study_date", Text, nullable=False),
    Column("study_time", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("referring_physician", Text, nullable=False),
    Column("series_count", Integer, nullable=False),
    Column("instance_count", Integer, nullable=False),
    Column("completeness", Document, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("told_at", Instant, nullable=False),
    Index("ix_studies_institution_study_uid", "institution", "study_uid", unique=True),
    Index("ix_studies_study_uid", "study_uid"),
    Index("ix_studies_institution_first_at", "institution", "first_at"),
    Index("ix_studies_patient_id", "patient_id"),
    Index("ix_studies_patient_birth_date", "patient_birth_date"),
    Index("ix_studies_accession_number", "accession_number"),
    Index("ix_studies_newest", "study_date", "study_time", "id", "institution", "search"),
    Index("ix_studies_institution_newest", "institution", "study_date", "study_time", "id", "search"),
)
"""A study as one institution sent it; ``id`` is made of the institution's code and the StudyInstanceUID.

Two institutions that send the same UID have a study each, with the same objects behind them where the bytes agree:
nobody can read, change or find out about another's study by sending its UID. ``study_label`` is StudyID (0020,0010).
``told_at`` is when its arrival was last told as a fact. ``search`` lies in the order of studies beside their ids, so
that a walk through the newest reads no row that does not match.
"""

study_words = Table(
    "study_words",
    metadata,
    Column("kind", String(12), primary_key=True),
    Column("word", Plain, primary_key=True),
    Column("study_id", String(32), ForeignKey("studies.id"), primary_key=True),
    sqlite_with_rowid=False,
)
"""What a study is found by from its beginning, folded: the words of its patient's name, its numbers."""

series = Table(
    "series",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("study_id", String(32), ForeignKey("studies.id"), nullable=False),
    Column("series_uid", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("modality", Text, nullable=False),
    Column("number", Integer),
    Column("description", Text, nullable=False),
    Column("body_part", Text, nullable=False),
    Column("laterality", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("series_date", Text, nullable=False),
    Column("series_time", Text, nullable=False),
    Column("procedure_start_date", Text, nullable=False),
    Column("procedure_start_time", Text, nullable=False),
    Column("scheduled_step_id", Text, nullable=False),
    Column("requested_procedure_id", Text, nullable=False),
    Column("manufacturer", Text, nullable=False),
    Column("station", Text, nullable=False),
    Column("instance_count", Integer, nullable=False),
    Column("lossy", Boolean, nullable=False),
    Column("gantry_tilt", Float),
    Column("first_at", Instant, nullable=False),
    Index("ix_series_study_id", "study_id"),
    Index("ix_series_modality_study_id", "modality", "study_id"),
)
"""A series of a study; ``version`` grows with every instance, and the cached metadata is named by it."""

instances = Table(
    "instances",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("study_id", String(32), ForeignKey("studies.id"), nullable=False),
    Column("series_id", String(32), ForeignKey("series.id"), nullable=False),
    Column("sop_uid", String(64), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Position, nullable=False),
    Column("sop_class", String(64), nullable=False),
    Column("transfer_syntax", String(64), nullable=False),
    Column("instance_number", Integer),
    Column("rows", Integer),
    Column("columns", Integer),
    Column("frames", Integer),
    Column("bits_allocated", Integer),
    Column("preamble_used", Boolean, nullable=False),
    Column("sender", String(64), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    Column("metadata", LargeBinary, nullable=False),
    Index("ix_instances_series_id_sop_uid_rank", "series_id", "sop_uid", "rank", unique=True),
    Index("ix_instances_series_id_sop_uid_sha256", "series_id", "sop_uid", "sha256", unique=True),
    Index("ix_instances_study_id_sop_uid", "study_id", "sop_uid"),
    Index("ix_instances_sha256", "sha256"),
    sqlite_autoincrement=True,
)
"""An object as received. Rank 0 is the first of its identity; others say the same UIDs and hold something else.

``facts`` is what the object says of itself and ``metadata`` its DICOM JSON, both deflated.
"""

refused = Table(
    "refused",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("institution", String(32), nullable=False),
    Column("sender", String(64), nullable=False),
    Column("door", String(8), nullable=False),
    Column("code", String(32), nullable=False),
    Column("reason_zh", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("sop_uid", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Position, nullable=False),
    Column("kept", Boolean, nullable=False),
    Index("ix_refused_at", "at"),
    sqlite_autoincrement=True,
)
"""An object that was not taken, with the reason; its bytes lie in the quarantine folder where ``kept``."""
