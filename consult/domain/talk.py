"""What is said and handed over beside a case's moves: messages, and files told by their bytes, never by their name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from consult.domain.cases import Case, State
from consult.domain.errors import Words
from consult.domain.people import Actor, Role

LONGEST_MESSAGE = 4000
LARGEST_FILE = 100 << 20  # bytes
MOST_FILES = 200  # a case
HEAD = 132  # bytes that tell what a file is
SPEAKERS = (Role.REQUESTER, Role.APPROVER, Role.COORDINATOR, Role.SPECIALIST, Role.REVIEWER)
"""Who takes part in the care of the patient; others who see a case only read."""


class Kind(StrEnum):
    """What a file is, by its bytes."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    DICOM = "dicom"


class Category(StrEnum):
    """What a file is about, as whoever hands it over says."""

    LAB = "lab"
    ECG = "ecg"
    ULTRASOUND = "ultrasound"
    REPORT = "report"
    OTHER = "other"


CATEGORIES: Mapping[Category, Words] = {
    Category.LAB: Words("检验", "laboratory"),
    Category.ECG: Words("心电图", "ECG"),
    Category.ULTRASOUND: Words("超声", "ultrasound"),
    Category.REPORT: Words("既往报告", "earlier report"),
    Category.OTHER: Words("其他", "other"),
}
MEDIA_TYPES: Mapping[Kind, str] = {
    Kind.PDF: "application/pdf",
    Kind.JPEG: "image/jpeg",
    Kind.PNG: "image/png",
    Kind.DICOM: "application/dicom",
}
PICTURES = frozenset({Kind.JPEG, Kind.PNG})
SIGNATURES: tuple[tuple[Kind, int, bytes], ...] = (
    (Kind.PDF, 0, b"%PDF-"),
    (Kind.JPEG, 0, b"\xff\xd8\xff"),
    (Kind.PNG, 0, b"\x89PNG\r\n\x1a\n"),
    (Kind.DICOM, 128, b"DICM"),
)
"""Where in a file its kind is told, and by which bytes (ISO 32000-1 §7.5.2, ISO 10918-1 §B, ISO 15948 §5.2, PS3.10
§7.1). What matches none is not taken; of two that match the later says what it is, as a preamble may hold anything."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said about a case; never changed, never removed."""

    id: int
    case_id: str
    author_id: str
    author_name: str
    author_site: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class File:
    """A file of a case: its bytes by hash; ``study_uid`` where it went to the archive, ``item`` what it answers."""

    id: str
    case_id: str
    sha256: str
    name: str
    kind: str
    category: str
    size: int
    by_id: str
    by_name: str
    at: datetime
    study_uid: str | None = None


def sniffed(head: bytes) -> Kind | None:
    """What the first bytes of a file say it is; None for what is not taken."""
    found = [kind for kind, at, mark in SIGNATURES if head[at : at + len(mark)] == mark]
    return found[-1] if found else None


def plain_name(told: str, kind: Kind) -> str:
    """A name to show and to save under: no path, no control characters, and the ending of what the file is."""
    bare = "".join(char for char in told.replace("\\", "/").rpartition("/")[2] if char.isprintable()).strip(". ")
    stem = bare.rpartition(".")[0] or bare or "file"
    ending = {Kind.PDF: "pdf", Kind.JPEG: "jpg", Kind.PNG: "png", Kind.DICOM: "dcm"}[kind]
    return f"{stem[:120]}.{ending}"


def may_talk(actor: Actor, case: Case) -> bool:
    """Whether whoever sees this case may add to it."""
    return actor.person_id is not None and actor.has_any(SPEAKERS) and case.state is not State.ENTERED_IN_ERROR
