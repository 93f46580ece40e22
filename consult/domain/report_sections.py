"""The sections of a report, and what a template of one is: required parts, starting text, whose body it fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from consult.domain.errors import Words

ANY = "*"
"""In a template's key: every modality, body part or service."""


class Section(StrEnum):
    """The parts of a report, in the order of the page."""

    TECHNIQUE = "technique"
    COMPARISON = "comparison"
    FINDINGS = "findings"
    IMPRESSION = "impression"
    RECOMMENDATION = "recommendation"


SECTION_NAMES: dict[Section, Words] = {
    Section.TECHNIQUE: Words("检查方法", "Technique"),
    Section.COMPARISON: Words("对比", "Comparison"),
    Section.FINDINGS: Words("影像所见", "Findings"),
    Section.IMPRESSION: Words("诊断意见", "Impression"),
    Section.RECOMMENDATION: Words("建议", "Recommendation"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """The title on the page, the sections that must be written, and the text that each section starts with.

    ``name`` is what the list of templates calls it; ``sex`` M or F where it fits only that patient, else empty;
    ``calculator`` the scoring system that goes with it (:mod:`consult.domain.rads`), or empty.
    The impression never starts with a text: a conclusion is always the doctor's own.
    """

    id: str
    name: Words
    title: Words
    modality: str
    body_part: str
    service_type: str
    required: tuple[Section, ...]
    starting: Mapping[Section, str] = field(default_factory=dict[Section, str])
    names: Mapping[Section, Words] = field(default_factory=lambda: SECTION_NAMES)
    sex: str = ""
    calculator: str = ""


DIAGNOSIS = (Section.TECHNIQUE, Section.FINDINGS, Section.IMPRESSION)


def diagnosis(
    id: str,
    name: Words,
    title: Words,
    modality: str,
    body_part: str,
    technique: str,
    findings: str,
    sex: str = "",
    calculator: str = "",
) -> Template:
    """A template for telediagnosis: technique and findings start with the words of a normal examination."""
    starting = {Section.TECHNIQUE: technique, Section.FINDINGS: findings}
    return Template(
        id, name, title, modality, body_part, "telediagnosis", DIAGNOSIS, starting, sex=sex, calculator=calculator
    )
