"""What is known of a study's completeness, as values: what came, what is missing, what contradicts, who says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from consult.domain.errors import Words


class Status(StrEnum):
    """How complete a study or series is known to be."""

    RECEIVING = "receiving"
    COMPLETE = "complete"  # all that was announced has come
    SHORT = "short"  # what is missing is named
    QUIET = "quiet"  # nothing was announced and nothing is seen to be missing


class Kind(StrEnum):
    """What sort of thing is missing or in conflict."""

    SLICE = "slice"  # a place between slices is empty
    NUMBER = "number"  # a number is left out
    COUNT = "count"  # fewer than announced
    SERIES = "series"  # an announced series of which nothing came
    THINNED = "thinned"  # every second (third …) slice was left out
    COPY = "copy"  # one SOP instance UID, different content
    CHOSEN = "chosen"  # the same, and a person has chosen
    TWICE = "twice"  # one SOP instance UID in two series
    ALTERED = "altered"  # other bytes than the sender's list says
    PATIENT = "patient"  # two patients in one study


class Source(StrEnum):
    """Who said how many images there are, the best word first."""

    SIGNED = "signed"  # a list signed with the key of the sending institution
    LISTED = "listed"  # a list that an account sent, without a signature
    COMMITMENT = "commitment"  # storage commitment was asked for these
    COUNTED = "counted"  # the sender's machine answered our query
    PERFORMED = "performed"  # the machine said what it made when it was done (MPPS)
    TOTAL = "total"  # the images themselves say how many the study has
    DATA = "data"  # the images themselves say how many their series or acquisition has


SOURCES: dict[Source, Words] = {
    Source.SIGNED: Words("签名清单", "signed list"),
    Source.LISTED: Words("未签名清单", "unsigned list"),
    Source.COMMITMENT: Words("存储确认请求", "storage commitment"),
    Source.COUNTED: Words("设备查询", "query of the sender"),
    Source.PERFORMED: Words("设备完成报告（MPPS）", "performed procedure step (MPPS)"),
    Source.TOTAL: Words("影像自带检查总数", "study count in the images"),
    Source.DATA: Words("影像自带序列计数", "series count in the images"),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there; ``count`` images where they cannot be named one by one."""

    kind: Kind
    sentence: Words
    series_uid: str = ""
    instance_number: int | None = None
    position_mm: float | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two things that cannot both be right; both are kept, and a person decides."""

    kind: Kind
    sentence: Words
    sop_uid: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says of a study: so many images in all, of which ``short`` are not here.

    ``at`` is ISO 8601, ``by`` who said it; both empty where the images say it themselves. ``partial``: of a part of it.
    """

    source: Source
    expected: int
    short: int
    by: str = ""
    at: str = ""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class SeriesCompleteness:
    """One series: what came and what is missing. ``spacing_mm`` is None where it is not even.

    ``evidence`` are things to know that are no loss by themselves.
    """

    series_uid: str
    status: Status
    received: int
    expected: int | None = None
    missing: tuple[Missing, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    spacing_mm: float | None = None
    slice_thickness_mm: float | None = None
    tilt_deg: float | None = None
    evidence: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyCompleteness:
    """A study: the sum of its series, and what concerns it as a whole.

    ``notices`` are things to know that are no loss by themselves, such as thick slices only. ``claims`` are what each
    source says, the best first; where they contradict each other, all of them stand.
    """

    status: Status
    received: int
    expected: int | None = None
    missing: tuple[Missing, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notices: tuple[Words, ...] = ()
    series: tuple[SeriesCompleteness, ...] = ()
    claims: tuple[Claim, ...] = ()

    @classmethod
    def receiving(cls, received: int) -> "StudyCompleteness":
        """A study that is still arriving, of which so many images are here."""
        return cls(Status.RECEIVING, received)

    def document(self) -> dict[str, Any]:
        """The assessment as plain JSON values, to be kept."""
        return dict(_plain(self))

    @classmethod
    def of_document(cls, kept: Mapping[str, Any]) -> "StudyCompleteness":
        """The assessment out of what ``document`` made."""
        return cls(
            Status(kept["status"]),
            kept["received"],
            kept["expected"],
            *_losses(kept),
            tuple(Words(*words) for words in kept["notices"]),
            tuple(_series_of(series) for series in kept["series"]),
            tuple(Claim(**each | {"source": Source(each["source"])}) for each in kept.get("claims", ())),
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """An image as a sender's list tells it; ``sha256`` of the file, empty where the list does not say."""

    series_uid: str
    instance_number: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a source says there is: images in all, by series UID, or one by one. What it did not say is None or empty.

    ``listed`` are the images one by one, by SOP instance UID. ``partial``: there may be more than these. ``notices``
    are things to know that the source said beside.
    """

    instances: int | None = None
    series: Mapping[str, int] = field(default_factory=dict[str, int])
    sop_uids: frozenset[str] = frozenset()
    source: Source = Source.LISTED
    by: str = ""
    at: str = ""
    listed: Mapping[str, Listed] = field(default_factory=dict[str, Listed])
    partial: bool = False
    notices: tuple[Words, ...] = ()

    @property
    def total(self) -> int | None:
        """Images in all, from the best that was said."""
        if self.sop_uids:
            return len(self.sop_uids)
        return sum(self.series.values()) if self.series else self.instances


def _plain(value: Any) -> Any:
    if isinstance(value, (Missing, Conflict, Claim, SeriesCompleteness, StudyCompleteness)):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, StrEnum) else value


def _losses(kept: Mapping[str, Any]) -> tuple[tuple[Missing, ...], tuple[Conflict, ...]]:
    missing = (
        Missing(**each | {"kind": Kind(each["kind"]), "sentence": Words(*each["sentence"])}) for each in kept["missing"]
    )
    conflicts = (
        Conflict(**each | {"kind": Kind(each["kind"]), "sentence": Words(*each["sentence"])})
        for each in kept["conflicts"]
    )
    return tuple(missing), tuple(conflicts)


def _series_of(kept: Mapping[str, Any]) -> SeriesCompleteness:
    missing, conflicts = _losses(kept)
    told: dict[str, Any] = {
        **kept,
        "status": Status(kept["status"]),
        "missing": missing,
        "conflicts": conflicts,
        "evidence": tuple(Words(*words) for words in kept.get("evidence", ())),
    }
    return SeriesCompleteness(**told)
