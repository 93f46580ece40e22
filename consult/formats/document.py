"""The report as it will be printed: plain values, ready to be laid out, told in FHIR, and signed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from consult.domain.report_sections import Template
from consult.domain.reports import ReportState, ReportText

SHOWN_ZONE = ZoneInfo("Asia/Shanghai")
"""The zone in which documents tell the time (workflow §3)."""


@dataclass(frozen=True, slots=True)
class PrintedPatient:
    """Whom the report is about. ``sex`` is M, F or O; ``patient_id`` is the number in the images."""

    name: str
    sex: str
    birth_date: date | None = None
    patient_id: str = ""


@dataclass(frozen=True, slots=True)
class PrintedRequest:
    """Who asked, and what. ``submitted_at`` is aware."""

    case_number: str
    institution: str
    doctor: str
    clinical_history: str = ""
    question: str = ""
    submitted_at: datetime | None = None
    urgent: str = ""  # "急诊", "加急", or "" for an ordinary request


@dataclass(frozen=True, slots=True)
class PrintedExam:
    """What was examined. ``name`` is what people call it (头颅CT平扫); ``started_at`` is aware."""

    name: str
    modality: str
    body_part: str
    accession_number: str = ""
    started_at: datetime | None = None
    study_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrintedImage:
    """A key image as PNG bytes, windowed as the doctor saw it, with its caption."""

    png: bytes
    caption: str = ""


@dataclass(frozen=True, slots=True)
class PrintedPerson:
    """Whoever answers for the report; a name on paper only, never a signature."""

    id: str
    name: str
    licence_number: str = ""


@dataclass(frozen=True, slots=True)
class PrintedMember:
    """Someone who took part in a multidisciplinary consultation; ``dissent`` is where they differ, in their words."""

    name: str
    specialty: str
    role: str
    institution: str = ""
    dissent: str = ""


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The signed document that this one follows: number, version and the SHA-256 of its PDF."""

    number: str
    version: int
    sha256: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """Everything on the page.

    ``kind`` is what signing makes of it (final, appended …), or ``preliminary`` for a preliminary report, which gets
    a watermark and no reviewer's field. ``two_person`` asks for two signature fields. ``demo`` prints that the
    certificates are self-made; ``unsigned`` marks a page that is only looked at before signing. ``number`` names the
    report through all its versions; ``content_sha256`` is ``reports.content_hash``. Times are aware.
    """

    number: str
    version: int
    kind: ReportState
    institution: str
    template: Template
    patient: PrintedPatient
    request: PrintedRequest
    exam: PrintedExam
    text: ReportText
    reporter: PrintedPerson
    written_at: datetime
    content_sha256: str
    verify_url: str
    two_person: bool = False
    demo: bool = False
    unsigned: bool = False
    images: tuple[PrintedImage, ...] = ()
    predecessor: Predecessor | None = None
    reason: str = ""
    reviewer: PrintedPerson | None = None
    members: tuple[PrintedMember, ...] = ()

    @property
    def preliminary(self) -> bool:
        """Whether this is an unreviewed, preliminary report."""
        return self.kind is ReportState.PRELIMINARY


class Box(NamedTuple):
    """A rectangle on a page: page from 0; corners in PDF points from the lower left."""

    page: int
    x1: float
    y1: float
    x2: float
    y2: float


class Rendered(NamedTuple):
    """A laid-out document, and where its signatures go; ``reviewer`` is None where one person signs."""

    pdf: bytes
    reporter: Box
    reviewer: Box | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a signature looks like on the page: made from the signature's own record, by whoever signs.

    ``handwriting`` is a PNG of the person's hand where there is one; else the name is set in type.
    """

    name: str
    signed_at: datetime
    licence_number: str = ""
    handwriting: bytes | None = None


def age_on(born: date | None, day: date) -> str:
    """An age as hospitals write it: 岁 from three years on, below that 岁 and 月, 月, or 天; "" if it cannot be."""
    if born is None or day < born:
        return ""
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    if months >= 36:
        return f"{months // 12}岁"
    if months >= 12:
        rest = months % 12
        return f"{months // 12}岁{rest}月" if rest else f"{months // 12}岁"
    return f"{months}月" if months else f"{(day - born).days}天"
