"""Says whether a study is all there: by what was announced, else by geometry and numbers; never by waiting alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from consult.domain.errors import Words
from consult.domain.stacks import Lost, Placed, Stack, lost_by_number, lost_from, stacks_of

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_SLICED = frozenset({"CT", "MR", "PT"})
_LOCALISER_TYPES = frozenset({"LOCALIZER", "SCOUT"})
_LOCALISER_WORDS = ("localizer", "localiser", "scout", "topogram", "surview", "定位像", "定位片", "定位图")
THICK = 2.5  # mm from which a CT series is not thin enough for reconstruction in other planes
MAKES_THIN = 1.5  # mm; a detector row this thin means that thin slices were acquired


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
    TWICE = "twice"  # one SOP instance UID in two series
    PATIENT = "patient"  # two patients in one study


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
class SeriesCompleteness:
    """One series: what came and what is missing. ``spacing_mm`` is None where it is not even."""

    series_uid: str
    status: Status
    received: int
    expected: int | None = None
    missing: tuple[Missing, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    spacing_mm: float | None = None
    slice_thickness_mm: float | None = None
    tilt_deg: float | None = None


@dataclass(frozen=True, slots=True)
class StudyCompleteness:
    """A study: the sum of its series, and what concerns it as a whole.

    ``notices`` are things to know that are no loss by themselves, such as thick slices only.
    """

    status: Status
    received: int
    expected: int | None = None
    missing: tuple[Missing, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notices: tuple[Words, ...] = ()
    series: tuple[SeriesCompleteness, ...] = ()

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
        )


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a sender announced: images in all, by series UID, or one by one. What it did not say is None or empty."""

    instances: int | None = None
    series: Mapping[str, int] = field(default_factory=dict[str, int])
    sop_uids: frozenset[str] = frozenset()

    @property
    def total(self) -> int | None:
        """Images in all, from the best that was said."""
        if self.sop_uids:
            return len(self.sop_uids)
        return sum(self.series.values()) if self.series else self.instances


class Said(Placed, Protocol):
    """What must be known of an image to assess the study it belongs to."""

    @property
    def series_uid(self) -> str: ...
    @property
    def sop_uid(self) -> str: ...
    @property
    def sop_class(self) -> str: ...
    @property
    def patient_id(self) -> str: ...
    @property
    def series_description(self) -> str: ...
    @property
    def frames(self) -> int | None: ...
    @property
    def expected_in_series(self) -> int | None: ...
    @property
    def collimation(self) -> float | None: ...


def assess(
    said: Sequence[tuple[Said, str, int]], expectation: Expectation | None = None, receiving: bool = False
) -> StudyCompleteness:
    """Assess a study from all its objects: (what it says, SHA-256, rank), rank above 0 being a differing copy."""
    images = [image for image, _, rank in said if rank == 0]
    announced = expectation or Expectation()
    copies = _copies(said)
    by_series: dict[str, list[Said]] = defaultdict(list)
    for image in images:
        by_series[image.series_uid].append(image)
    series = tuple(
        assess_series(group, announced.series.get(uid), tuple(each for each in copies if each[0] == uid))
        for uid, group in by_series.items()
    )
    missing = tuple(each for one in series for each in one.missing) + _announced_in_vain(images, announced, by_series)
    conflicts = tuple(each for one in series for each in one.conflicts) + _crossed(images)
    total = announced.total
    if total is None and missing:
        total = len(images) + sum(each.count for each in missing)
    status = Status.SHORT if missing else Status.COMPLETE if announced.total is not None else Status.QUIET
    return StudyCompleteness(
        Status.RECEIVING if receiving else status, len(images), total, missing, conflicts, _notices(images), series
    )


def assess_series(
    images: Sequence[Said], announced: int | None = None, copies: Sequence[tuple[str, Conflict]] = ()
) -> SeriesCompleteness:
    """Assess one series; ``announced`` is how many images its sender says it has, ``images`` is not empty."""
    uid = images[0].series_uid
    stacks = _stacks(images)
    lost = _lost(images, stacks)
    missing = [_missing(each, uid) for each in lost]
    expected = announced if announced is not None else images[0].expected_in_series
    unnamed = (expected or 0) - len(images) - sum(each.count for each in missing)
    if unnamed > 0 and expected is not None:
        missing.append(_unnamed(unnamed, expected, uid, bool(missing)))
    if expected is None and missing:
        expected = len(images) + sum(each.count for each in missing)
    status = Status.SHORT if missing else Status.COMPLETE if announced is not None else Status.QUIET
    largest = max(stacks, key=lambda stack: len(stack.layers), default=None)
    return SeriesCompleteness(
        uid,
        status,
        len(images),
        expected,
        tuple(missing),
        tuple(conflict for _, conflict in copies),
        round(largest.spacing, 4) if largest and largest.spacing else None,
        images[0].slice_thickness,
        round(largest.shear_deg, 1) if largest and len(largest.layers) > 1 else None,
    )


def _stacks(images: Sequence[Said]) -> list[Stack]:
    """The stacks of a series of single slices; none for several frames in one object, captures and localisers."""
    if any((image.frames or 1) > 1 for image in images) or _localises(images[0]):
        return []
    return stacks_of([image for image in images if _is_slice(image)])


def _is_slice(image: Said) -> bool:
    return image.frames == 1 and image.modality in _SLICED and not image.sop_class.startswith(_SECONDARY_CAPTURE)


def _localises(image: Said) -> bool:
    described = image.series_description.casefold()
    return bool(_LOCALISER_TYPES & {part.upper() for part in image.image_type}) or any(
        word in described for word in _LOCALISER_WORDS
    )


def _lost(images: Sequence[Said], stacks: Sequence[Stack]) -> list[Lost]:
    lost = [each for stack in stacks for each in lost_from(stack)]
    even = sum(len(layer.slices) for stack in stacks if stack.spacing is not None for layer in stack.layers)
    slices = [image for image in images if _is_slice(image)]
    untold = len(slices) == len(images) and not even and len(stacks) <= 1 and not _localises(images[0])
    repeated = any(len(layer.slices) > 1 for stack in stacks for layer in stack.layers)
    if untold and not repeated and all(image.frames == 1 for image in images):
        lost += lost_by_number(slices)
    return lost


def _millimetres(position: float) -> str:
    return f"{position:.2f}".rstrip("0").rstrip(".").replace("-", "−") if round(position, 2) else "0"


def _missing(lost: Lost, series_uid: str) -> Missing:
    number, position, count = lost.instance_number, lost.position_mm, lost.count
    if number is None and position is None:
        sentence = Words(
            f"序列被抽层，约缺 {count} 层。", f"The series was thinned out: about {count} slices are missing."
        )
        return Missing(Kind.THINNED, sentence, series_uid, count=count)
    where = (
        (f"（位置 {_millimetres(position)} mm）", f" (position {_millimetres(position)} mm)")
        if position is not None
        else ("", "")
    )
    if number is None:
        sentence = Words(f"缺 1 层{where[0]}。", f"One slice is missing{where[1]}.")
    else:
        sentence = Words(f"缺第 {number} 层{where[0]}。", f"Slice {number} is missing{where[1]}.")
    return Missing(Kind.NUMBER if position is None else Kind.SLICE, sentence, series_uid, number, position, count)


def _unnamed(count: int, expected: int, series_uid: str, more: bool) -> Missing:
    zh = f"{'另' if more else ''}缺 {count} 幅（该序列应有 {expected} 幅）。"
    en = f"{count} {'more ' if more else ''}missing (the series has {expected} images)."
    return Missing(Kind.COUNT, Words(zh, en), series_uid, count=count)


def _announced_in_vain(
    images: Sequence[Said], announced: Expectation, by_series: Mapping[str, Sequence[Said]]
) -> tuple[Missing, ...]:
    """What was announced for the study and did not come: whole series, named objects, or a number of images."""
    absent = tuple(
        Missing(
            Kind.SERIES,
            Words(f"缺整个序列（{count} 幅）。", f"A whole series is missing ({count} images)."),
            uid,
            count=count,
        )
        for uid, count in announced.series.items()
        if uid not in by_series and count
    )
    if announced.sop_uids:
        short = len(announced.sop_uids - {image.sop_uid for image in images})
    else:
        short = 0 if announced.series else (announced.instances or 0) - len(images)
    if short <= 0:
        return absent
    words = Words(f"比清单少 {short} 幅影像。", f"{short} images of the sender's list have not come.")
    return (*absent, Missing(Kind.COUNT, words, count=short))


def _copies(said: Sequence[tuple[Said, str, int]]) -> list[tuple[str, Conflict]]:
    """Series UID and conflict for each instance that came with different content."""
    found: dict[str, tuple[Said, int]] = {}
    for image, _, rank in said:
        if rank > 0:
            found[image.sop_uid] = (image, found.get(image.sop_uid, (image, 1))[1] + 1)
    return [(image.series_uid, _copy(image, count)) for image, count in found.values()]


def _copy(image: Said, count: int) -> Conflict:
    number = image.instance_number
    zh, en = (f"第 {number} 层", f"Slice {number}") if number is not None else ("一幅影像", "One image")
    words = Words(
        f"{zh}收到 {count} 个内容不同的版本，均已保留，请核对。",
        f"{en} came in {count} differing versions; all are kept, please check.",
    )
    return Conflict(Kind.COPY, words, image.sop_uid)


def _crossed(images: Sequence[Said]) -> tuple[Conflict, ...]:
    """What contradicts itself across the series of a study."""
    conflicts: list[Conflict] = []
    series_of: dict[str, set[str]] = defaultdict(set)
    for image in images:
        series_of[image.sop_uid].add(image.series_uid)
    for sop_uid, uids in series_of.items():
        if len(uids) > 1:
            words = Words(
                "同一影像编号出现在两个序列中，请核对。", "One image identifier appears in two series; please check."
            )
            conflicts.append(Conflict(Kind.TWICE, words, sop_uid))
    patients = {image.patient_id for image in images if image.patient_id}
    if len(patients) > 1:
        words = Words(
            f"同一检查中出现 {len(patients)} 个患者编号，请核对。",
            f"{len(patients)} patient identifiers appear in one study; please check.",
        )
        conflicts.append(Conflict(Kind.PATIENT, words))
    return tuple(conflicts)


def _notices(images: Sequence[Said]) -> tuple[Words, ...]:
    """Thick CT slices only, where the scanner measured thin ones."""
    slices = [image for image in images if image.modality == "CT" and _is_slice(image) and not _localises(image)]
    thicknesses = [image.slice_thickness for image in slices if image.slice_thickness]
    rows = [image.collimation for image in slices if image.collimation]
    if not thicknesses or min(thicknesses) < THICK or not rows or min(rows) > MAKES_THIN:
        return ()
    thick, thin = f"{min(thicknesses):g}", f"{min(rows):g}"
    return (
        Words(
            f"只有 {thick} mm 厚层；扫描采集层厚为 {thin} mm，可请申请方补传薄层。",
            f"Only {thick} mm slices came; {thin} mm were acquired. Ask the requesting site for the thin series.",
        ),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, (Missing, Conflict, SeriesCompleteness, StudyCompleteness)):
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
    }
    return SeriesCompleteness(**told)
