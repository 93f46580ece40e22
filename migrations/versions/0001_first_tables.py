"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", DOCUMENT, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_answers")),
    )
    op.create_index("ix_answers_at", "answers", ["at"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("service_type", sa.String(length=24), nullable=False),
        sa.Column("requesting_site", sa.String(length=32), nullable=False),
        sa.Column("performing_site", sa.String(length=32), nullable=False),
        sa.Column("centre", sa.String(length=32), nullable=True),
        sa.Column("requester_id", sa.String(length=32), nullable=False),
        sa.Column("assignee_id", sa.String(length=32), nullable=True),
        sa.Column("author_id", sa.String(length=32), nullable=True),
        sa.Column("reviewer_id", sa.String(length=32), nullable=True),
        sa.Column("patient_name", sa.String(length=128), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("body_part", sa.String(length=24), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.String(length=64), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index("ix_cases_assignee_id_rank", "cases", ["assignee_id", "rank"], unique=False)
    op.create_index("ix_cases_author_id_rank", "cases", ["author_id", "rank"], unique=False)
    op.create_index("ix_cases_centre_rank", "cases", ["centre", "rank"], unique=False)
    op.create_index("ix_cases_patient_name", "cases", ["patient_name"], unique=False)
    op.create_index("ix_cases_performing_site_rank", "cases", ["performing_site", "rank"], unique=False)
    op.create_index("ix_cases_performing_site_state_rank", "cases", ["performing_site", "state", "rank"], unique=False)
    op.create_index("ix_cases_rank_id", "cases", ["rank", "id"], unique=False)
    op.create_index("ix_cases_requesting_site_rank", "cases", ["requesting_site", "rank"], unique=False)

    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "facts",
        sa.Column("seq", POSITION, autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.String(length=32), nullable=True),
        sa.Column("by_name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_facts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_facts_subject_subject_id_seq", "facts", ["subject", "subject_id", "seq"], unique=False)

    op.create_table(
        "failed_tries",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_tries")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_failed_tries_at", "failed_tries", ["at"], unique=False)
    op.create_index("ix_failed_tries_key_at", "failed_tries", ["key", "at"], unique=False)

    op.create_table(
        "institutions",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(length=128), nullable=False),
        sa.Column("name_en", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("centre", sa.String(length=32), nullable=True),
        sa.Column("policy", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["centre"], ["institutions.code"], name=op.f("fk_institutions_centre")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_institutions")),
    )
    op.create_table(
        "positions",
        sa.Column("subscriber", sa.String(length=48), nullable=False),
        sa.Column("seq", POSITION, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subscriber", name=op.f("pk_positions")),
    )
    op.create_table(
        "refused",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("door", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("sop_uid", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", POSITION, nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_refused_at", "refused", ["at"], unique=False)

    op.create_table(
        "signing_keys",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("serial", sa.String(length=48), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "serial", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "studies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("patient_name", sa.Text(), nullable=False),
        sa.Column("patient_display", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("charset_guessed", sa.Boolean(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("patient_sex", sa.Text(), nullable=False),
        sa.Column("patient_birth_date", sa.Text(), nullable=False),
        sa.Column("accession_number", sa.Text(), nullable=False),
        sa.Column("study_label", sa.Text(), nullable=False),
        sa.Column("study_date", sa.Text(), nullable=False),
        sa.Column("study_time", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("referring_physician", sa.Text(), nullable=False),
        sa.Column("series_count", sa.Integer(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("completeness", DOCUMENT, nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
    )
    op.create_index("ix_studies_accession_number", "studies", ["accession_number"], unique=False)
    op.create_index("ix_studies_institution_first_at", "studies", ["institution", "first_at"], unique=False)
    op.create_index("ix_studies_institution_study_uid", "studies", ["institution", "study_uid"], unique=True)
    op.create_index("ix_studies_patient_id", "studies", ["patient_id"], unique=False)
    op.create_index("ix_studies_study_uid", "studies", ["study_uid"], unique=False)

    op.create_table(
        "timers",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("job", sa.String(length=48), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("job", "subject_id", name=op.f("uq_timers_job_subject_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_timers_due_at", "timers", ["due_at"], unique=False)

    op.create_table(
        "agreements",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("requesting_site", sa.String(length=32), nullable=False),
        sa.Column("performing_site", sa.String(length=32), nullable=False),
        sa.Column("service_types", DOCUMENT, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["performing_site"], ["institutions.code"], name=op.f("fk_agreements_performing_site")),
        sa.ForeignKeyConstraint(["requesting_site"], ["institutions.code"], name=op.f("fk_agreements_requesting_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_agreements_requesting_site", "agreements", ["requesting_site"], unique=False)

    op.create_table(
        "calling_titles",
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_calling_titles_institution")),
        sa.PrimaryKeyConstraint("ae_title", name=op.f("pk_calling_titles")),
    )
    op.create_table(
        "case_studies",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_studies_case_id")),
        sa.PrimaryKeyConstraint("case_id", "study_uid", name=op.f("pk_case_studies")),
    )
    op.create_index("ix_case_studies_study_uid", "case_studies", ["study_uid"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("receiver", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_deliveries_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "case_id", "version", "channel", "receiver", name=op.f("uq_deliveries_case_id_version_channel_receiver")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("institution", sa.String(length=32), nullable=False),
        sa.Column("licence_number", sa.String(length=32), nullable=True),
        sa.Column("licence_expires", sa.Date(), nullable=True),
        sa.Column("sign_right", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("load_limit_units", sa.Float(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"], name=op.f("fk_people_institution")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("username", name=op.f("uq_people_username")),
    )
    op.create_index("ix_people_institution", "people", ["institution"], unique=False)

    op.create_table(
        "report_documents",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("previous_sha256", sa.String(length=64), nullable=True),
        sa.Column("text", DOCUMENT, nullable=False),
        sa.Column("signatures", DOCUMENT, nullable=False),
        sa.Column("overrides", DOCUMENT, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_report_documents_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_documents")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_report_documents_case_id_version", "report_documents", ["case_id", "version"], unique=False)
    op.create_index("ix_report_documents_number", "report_documents", ["number"], unique=False)
    op.create_index("ix_report_documents_sha256", "report_documents", ["sha256"], unique=False)

    op.create_table(
        "report_revisions",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", DOCUMENT, nullable=False),
        sa.Column("saved_by", sa.String(length=32), nullable=False),
        sa.Column("saved_by_name", sa.String(length=64), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_report_revisions_case_id")),
        sa.PrimaryKeyConstraint("case_id", "revision", name=op.f("pk_report_revisions")),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("series_uid", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("body_part", sa.Text(), nullable=False),
        sa.Column("laterality", sa.Text(), nullable=False),
        sa.Column("protocol", sa.Text(), nullable=False),
        sa.Column("series_date", sa.Text(), nullable=False),
        sa.Column("series_time", sa.Text(), nullable=False),
        sa.Column("procedure_start_date", sa.Text(), nullable=False),
        sa.Column("procedure_start_time", sa.Text(), nullable=False),
        sa.Column("scheduled_step_id", sa.Text(), nullable=False),
        sa.Column("requested_procedure_id", sa.Text(), nullable=False),
        sa.Column("manufacturer", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("lossy", sa.Boolean(), nullable=False),
        sa.Column("gantry_tilt", sa.Float(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_series_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
    )
    op.create_index("ix_series_modality", "series", ["modality"], unique=False)
    op.create_index("ix_series_study_id", "series", ["study_id"], unique=False)

    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_api_tokens_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_tokens_token_sha256")),
    )
    op.create_index("ix_api_tokens_person_id", "api_tokens", ["person_id"], unique=False)

    op.create_table(
        "credentials",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("pin_hash", sa.String(length=200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_credentials_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_credentials")),
    )
    op.create_table(
        "instances",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.Column("series_id", sa.String(length=32), nullable=False),
        sa.Column("sop_uid", sa.String(length=64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", POSITION, nullable=False),
        sa.Column("sop_class", sa.String(length=64), nullable=False),
        sa.Column("transfer_syntax", sa.String(length=64), nullable=False),
        sa.Column("instance_number", sa.Integer(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("columns", sa.Integer(), nullable=True),
        sa.Column("frames", sa.Integer(), nullable=True),
        sa.Column("bits_allocated", sa.Integer(), nullable=True),
        sa.Column("preamble_used", sa.Boolean(), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("metadata", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_instances_series_id")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_instances_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_instances_series_id_sop_uid_rank", "instances", ["series_id", "sop_uid", "rank"], unique=True)
    op.create_index(
        "ix_instances_series_id_sop_uid_sha256", "instances", ["series_id", "sop_uid", "sha256"], unique=True
    )
    op.create_index("ix_instances_sha256", "instances", ["sha256"], unique=False)
    op.create_index("ix_instances_study_id_sop_uid", "instances", ["study_id", "sop_uid"], unique=False)

    op.create_table(
        "person_roles",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_roles_person_id")),
        sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_person_roles")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sessions_person_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_created_at", "sessions", ["created_at"], unique=False)
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"], unique=False)

    op.create_table(
        "shifts",
        sa.Column("id", POSITION, autoincrement=True, nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_shifts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shifts_person_id_end_at", "shifts", ["person_id", "end_at"], unique=False)

    op.create_table(
        "skills",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("body_part", sa.String(length=24), nullable=False),
        sa.Column("subspecialty", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_skills_person_id")),
        sa.PrimaryKeyConstraint("person_id", "modality", "body_part", "subspecialty", name=op.f("pk_skills")),
    )


def downgrade() -> None:
    op.drop_table("skills")
    op.drop_index("ix_shifts_person_id_end_at", "shifts")

    op.drop_table("shifts")
    op.drop_index("ix_sessions_person_id", "sessions")
    op.drop_index("ix_sessions_created_at", "sessions")

    op.drop_table("sessions")
    op.drop_table("person_roles")
    op.drop_index("ix_instances_study_id_sop_uid", "instances")
    op.drop_index("ix_instances_sha256", "instances")
    op.drop_index("ix_instances_series_id_sop_uid_sha256", "instances")
    op.drop_index("ix_instances_series_id_sop_uid_rank", "instances")

    op.drop_table("instances")
    op.drop_table("credentials")
    op.drop_index("ix_api_tokens_person_id", "api_tokens")

    op.drop_table("api_tokens")
    op.drop_index("ix_series_study_id", "series")
    op.drop_index("ix_series_modality", "series")

    op.drop_table("series")
    op.drop_table("report_revisions")
    op.drop_index("ix_report_documents_sha256", "report_documents")
    op.drop_index("ix_report_documents_number", "report_documents")
    op.drop_index("ix_report_documents_case_id_version", "report_documents")

    op.drop_table("report_documents")
    op.drop_index("ix_people_institution", "people")

    op.drop_table("people")
    op.drop_table("deliveries")
    op.drop_index("ix_case_studies_study_uid", "case_studies")

    op.drop_table("case_studies")
    op.drop_table("calling_titles")
    op.drop_index("ix_agreements_requesting_site", "agreements")

    op.drop_table("agreements")
    op.drop_index("ix_timers_due_at", "timers")

    op.drop_table("timers")
    op.drop_index("ix_studies_study_uid", "studies")
    op.drop_index("ix_studies_patient_id", "studies")
    op.drop_index("ix_studies_institution_study_uid", "studies")
    op.drop_index("ix_studies_institution_first_at", "studies")
    op.drop_index("ix_studies_accession_number", "studies")

    op.drop_table("studies")
    op.drop_table("signing_keys")
    op.drop_index("ix_refused_at", "refused")

    op.drop_table("refused")
    op.drop_table("positions")
    op.drop_table("institutions")
    op.drop_index("ix_failed_tries_key_at", "failed_tries")
    op.drop_index("ix_failed_tries_at", "failed_tries")

    op.drop_table("failed_tries")
    op.drop_index("ix_facts_subject_subject_id_seq", "facts")

    op.drop_table("facts")
    op.drop_table("counters")
    op.drop_index("ix_cases_requesting_site_rank", "cases")
    op.drop_index("ix_cases_rank_id", "cases")
    op.drop_index("ix_cases_performing_site_state_rank", "cases")
    op.drop_index("ix_cases_performing_site_rank", "cases")
    op.drop_index("ix_cases_patient_name", "cases")
    op.drop_index("ix_cases_centre_rank", "cases")
    op.drop_index("ix_cases_author_id_rank", "cases")
    op.drop_index("ix_cases_assignee_id_rank", "cases")

    op.drop_table("cases")
    op.drop_index("ix_answers_at", "answers")

    op.drop_table("answers")
