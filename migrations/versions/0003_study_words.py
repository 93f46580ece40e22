"""study words."""

import re
import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LONGEST, _AT_ONCE = 64, 500


def upgrade() -> None:
    op.create_index("ix_studies_study_date_study_time_id", "studies", ["study_date", "study_time", "id"], unique=False)
    op.create_index(
        "ix_studies_institution_study_date_study_time_id",
        "studies",
        ["institution", "study_date", "study_time", "id"],
        unique=False,
    )
    words = op.create_table(
        "study_words",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("word", PLAIN, nullable=False),
        sa.Column("study_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_words_study_id")),
        sa.PrimaryKeyConstraint("kind", "word", "study_id", name=op.f("pk_study_words")),
        sqlite_with_rowid=False,
    )
    _fill(words)


def _fill(words: sa.Table) -> None:
    """The studies that are there are found as new ones are."""
    studies = sa.table("studies", *map(sa.column, ("id", "patient_name", "patient_id", "accession_number", "search")))
    connection = op.get_bind()
    change = sa.update(studies).where(studies.c.id == sa.bindparam("key")).values(search=sa.bindparam("found"))
    every = connection.execute(sa.select(studies)).all()
    for first in range(0, len(every), _AT_ONCE):
        some = every[first : first + _AT_ONCE]
        connection.execute(change, [{"key": row.id, "found": _searchable(row.patient_name)} for row in some])
        rows = [
            {"kind": kind, "word": word, "study_id": row.id} for row in some for kind, word in sorted(set(_words(row)))
        ]
        if rows:
            connection.execute(sa.insert(words), rows)


def _words(row: sa.Row[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    found = set(_searchable(row.patient_name).split()) | {each for each in _folded(row.patient_name).split("=") if each}
    found |= {word[at:] for word in found if _HAN.search(word) for at in range(1, len(word)) if word[at] != "^"}
    yield from (("name", word[:_LONGEST]) for word in found)
    for kind, value in (("patient", row.patient_id), ("accession", row.accession_number)):
        if _folded(value):
            yield kind, _folded(value)[:_LONGEST]


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(char for char in apart if not unicodedata.combining(char)))


def _searchable(groups: str) -> str:
    parts = [group for group in _folded(groups).split("=") if group]
    joined = (f"{part.replace('^', ' ')} {part.replace('^', '').replace(' ', '')}" for part in parts)
    return " ".join(" ".join(each.split()) for each in joined)


def downgrade() -> None:
    op.drop_table("study_words")
    op.drop_index("ix_studies_institution_study_date_study_time_id", "studies")
    op.drop_index("ix_studies_study_date_study_time_id", "studies")
