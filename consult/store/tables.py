"""All tables, in one place: the migrations must lead to exactly this on both engines.

Each subject's tables live in ``tables_<subject>.py`` where they are many; every one hangs on this ``metadata``.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint

from consult.store.columns import Document, Instant, Position

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

facts = Table(
    "facts",
    metadata,
    Column("seq", Position, primary_key=True, autoincrement=True),
    Column("subject", String(16), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("kind", String(48), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by_id", String(32)),
    Column("by_name", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("data", Document, nullable=False),
    Index("ix_facts_subject_subject_id_seq", "subject", "subject_id", "seq"),
    sqlite_autoincrement=True,
)

positions = Table(
    "positions",
    metadata,
    Column("subscriber", String(48), primary_key=True),
    Column("seq", Position, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("retry_at", Instant),
)

timers = Table(
    "timers",
    metadata,
    Column("id", Position, primary_key=True, autoincrement=True),
    Column("job", String(48), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("data", Document, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    UniqueConstraint("job", "subject_id"),
    Index("ix_timers_due_at", "due_at"),
    sqlite_autoincrement=True,
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(48), primary_key=True),
    Column("value", Integer, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("person_id", String(32), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Document, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_answers_at", "at"),
)
"""What an idempotency key was answered, so that a second click has one effect."""

cases = Table(
    "cases",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", String(32), nullable=False, unique=True),
    Column("state", String(24), nullable=False),
    Column("version", Integer, nullable=False),
    Column("priority", String(16), nullable=False),
    Column("service_type", String(24), nullable=False),
    Column("requesting_site", String(32), nullable=False),
    Column("performing_site", String(32), nullable=False),
    Column("centre", String(32)),
    Column("requester_id", String(32), nullable=False),
    Column("assignee_id", String(32)),
    Column("author_id", String(32)),
    Column("reviewer_id", String(32)),
    Column("patient_name", String(128), nullable=False),
    Column("modality", String(16), nullable=False),
    Column("body_part", String(24), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("live", Boolean, nullable=False),
    Column("sampled", Boolean, nullable=False),
    Column("rank", String(64), nullable=False),
    Column("document", Document, nullable=False),
    Column("parent_id", String(32)),
    Column("patient_class", String(16)),
    Column("offer_until", Instant),
    Column("alert_due_at", Instant),
    Column("approval_asked_at", Instant),
    Index("ix_cases_rank_id", "rank", "id"),
    Index("ix_cases_requesting_site_rank", "requesting_site", "rank"),
    Index("ix_cases_performing_site_rank", "performing_site", "rank"),
    Index("ix_cases_centre_rank", "centre", "rank"),
    Index("ix_cases_assignee_id_rank", "assignee_id", "rank"),
    Index("ix_cases_author_id_rank", "author_id", "rank"),
    Index("ix_cases_performing_site_state_rank", "performing_site", "state", "rank"),
    Index("ix_cases_patient_name", "patient_name"),
    Index("ix_cases_parent_id", "parent_id"),
    Index("ix_cases_state_rank", "state", "rank", "id", "due_at", "centre", "performing_site", "requesting_site"),
    Index("ix_cases_assignee_id_state", "assignee_id", "state", "modality", "body_part"),
    Index("ix_cases_offer_until", "offer_until"),
    Index("ix_cases_alert_due_at", "alert_due_at"),
)
"""A case as it stands; everything in it can be rebuilt from its facts.

``document`` is the whole value; ``rank`` sorts a worklist (live before ended, by priority, then by due time).
"""

case_studies = Table(
    "case_studies",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("study_uid", String(64), primary_key=True),
    Index("ix_case_studies_study_uid", "study_uid"),
)
