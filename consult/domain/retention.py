"""How long images and reports are kept, and what may be removed when: never by itself, never under a hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from consult.domain.errors import Words


class Kind(StrEnum):
    """What the term goes by: whom a study was made for."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"


TERMS_YEARS: Mapping[Kind, int] = MappingProxyType({Kind.OUTPATIENT: 15, Kind.INPATIENT: 30})
"""RETENTION: 15 years for outpatients, 30 for inpatients (医疗机构管理条例实施细则 §53); a house may only say more."""

UNKNOWN = Kind.INPATIENT
"""What a study is taken for while nobody said: the longer term."""

OF_CLASS: Mapping[str, Kind] = MappingProxyType(
    {"outpatient": Kind.OUTPATIENT, "emergency": Kind.OUTPATIENT, "inpatient": Kind.INPATIENT}
)
"""What a patient's class means for the term: an emergency's records are kept as an outpatient's (门急诊)."""


def kind_of(classes: Iterable[str | None]) -> Kind:
    """The kind of a study by its cases' patient classes: the longer term as soon as one asks for it, or none says."""
    kinds = {OF_CLASS.get(said or "", UNKNOWN) for said in classes}
    return Kind.OUTPATIENT if kinds == {Kind.OUTPATIENT} else UNKNOWN


@dataclass(frozen=True, slots=True)
class Kept:
    """What the rule asks of a study: when its last object came, its kind, holds on it or its cases, open cases."""

    last_at: datetime
    kind: Kind
    holds: int
    live_cases: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may be removed, and the sentence why (not)."""

    removable: bool
    sentence: Words


def ends(kept: Kept, own_years: int | None) -> datetime:
    """When its term ends; a house's own term counts where it is longer than the usual one."""
    years = max(TERMS_YEARS[kept.kind], own_years or 0)
    try:
        return kept.last_at.replace(year=kept.last_at.year + years)
    except ValueError:  # 29 February
        return kept.last_at.replace(year=kept.last_at.year + years, month=3, day=1)


def may_be_removed(kept: Kept, own_years: int | None, now: datetime) -> Verdict:
    """Whether a study may be removed now; a hold is stronger than any term."""
    if kept.holds:
        return Verdict(False, Words("已封存，不得删除。", "It is under a legal hold."))
    if kept.live_cases:
        return Verdict(False, Words("仍有进行中的会诊。", "A case that goes on uses it."))
    end = ends(kept, own_years)
    if now < end:
        day = end.date().isoformat()
        return Verdict(False, Words(f"保存期到 {day}。", f"Its term ends on {day}."))
    return Verdict(True, Words("保存期已满，无封存。", "Its term is over, and nothing holds it."))
