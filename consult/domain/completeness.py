"""Says whether a study is all there: by what was announced, else by geometry and numbers; never by waiting alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from consult.domain import thinning
from consult.domain.announced import altered, announced, contradictions, series_in_vain, told_beside
from consult.domain.errors import Words
from consult.domain.losses import (
    Conflict,
    Expectation,
    Kind,
    Listed,
    Missing,
    SeriesCompleteness,
    Status,
    StudyCompleteness,
)
from consult.domain.own_counts import Counting, said_by_images
from consult.domain.stacks import Lost, Stack, lost_by_number, lost_from, stacks_of
from consult.domain.thinning import Sliced

__all__ = [
    "Conflict",
    "Expectation",
    "Kind",
    "Missing",
    "Said",
    "SeriesCompleteness",
    "Status",
    "StudyCompleteness",
    "assess",
    "assess_series",
]

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_SLICED = frozenset({"CT", "MR", "PT"})
_LOCALISER_TYPES = frozenset({"LOCALIZER", "SCOUT"})
_LOCALISER_WORDS = ("localizer", "localiser", "scout", "topogram", "surview", "定位像", "定位片", "定位图")


class Said(Sliced, Counting, Protocol):
    """What must be known of an image to assess the study it belongs to."""

    @property
    def sop_uid(self) -> str: ...
    @property
    def sop_class(self) -> str: ...
    @property
    def patient_id(self) -> str: ...
    @property
    def frames(self) -> int | None: ...
    @property
    def expected_in_series(self) -> int | None: ...
    @property
    def temporal_positions(self) -> int | None: ...


def assess(
    said: Sequence[tuple[Said, str, int]],
    expectations: Sequence[Expectation] = (),
    receiving: bool = False,
    decided: frozenset[str] = frozenset(),
) -> StudyCompleteness:
    """Assess a study from all its objects: (what it says, SHA-256, rank), rank above 0 being a differing copy.

    ``decided`` are SOP instances between whose copies a person has chosen.
    """
    images = [image for image, _, rank in said if rank == 0]
    known = announced(images, (*expectations, *said_by_images(images)))
    copies = _copies(said, decided)
    by_series: dict[str, list[Said]] = defaultdict(list)
    for image in images:
        by_series[image.series_uid].append(image)
    judged = [
        assess_series(
            group, known.series.get(uid), tuple(each for each in copies if each[0] == uid), known.absent.get(uid, ())
        )
        for uid, group in by_series.items()
    ]
    series = _beside_siblings(judged, by_series)
    missing = tuple(each for one in series for each in one.missing) + series_in_vain(known, frozenset(by_series))
    missing += known.unsaid(sum(each.count for each in missing))
    conflicts = tuple(each for one in series for each in one.conflicts) + _crossed(images)
    conflicts += altered(_hashes(said), expectations)
    total = len(images) + sum(each.count for each in missing) if missing or known.claims else None
    status = Status.SHORT if missing else Status.COMPLETE if known.proven else Status.QUIET
    return StudyCompleteness(
        Status.RECEIVING if receiving else status,
        len(images),
        total,
        missing,
        conflicts,
        (*_thick_only(images), *contradictions(known.claims), *told_beside(expectations)),
        series,
        known.claims,
    )


def _hashes(said: Sequence[tuple[Said, str, int]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for image, sha256, _ in said:
        found[image.sop_uid].add(sha256)
    return {sop_uid: frozenset(hashes) for sop_uid, hashes in found.items()}


def _beside_siblings(
    judged: Sequence[SeriesCompleteness], by_series: Mapping[str, Sequence[Said]]
) -> tuple[SeriesCompleteness, ...]:
    """The series with what their siblings tell of them."""
    stacks = {uid: _stacks(group) for uid, group in by_series.items()}
    names = {uid: group[0].series_description for uid, group in by_series.items()}
    told = thinning.shorter_than_sibling(stacks, names)
    return tuple(replace(one, evidence=(*one.evidence, *told.get(one.series_uid, ()))) for one in judged)


def assess_series(
    images: Sequence[Said],
    announced: int | None = None,
    copies: Sequence[tuple[str, Conflict]] = (),
    absent: Sequence[Listed] = (),
) -> SeriesCompleteness:
    """Assess one series; ``announced`` is how many images its sender says it has, ``images`` is not empty.

    ``absent`` are images that a sender's list has and that are not here.
    """
    uid = images[0].series_uid
    stacks = _stacks(images)
    missing = [_missing(each, uid) for each in _lost(images, stacks)]
    missing += _times_lost(images, stacks)
    missing += _listed(absent, missing, uid)
    expected = announced if announced is not None else images[0].expected_in_series
    unnamed = (expected or 0) - len(images) - sum(each.count for each in missing)
    if unnamed > 0 and expected is not None:
        missing += _at_the_ends(images, missing, expected, unnamed) or [_unnamed(unnamed, expected, uid, bool(missing))]
    if missing or expected is not None:
        expected = max(expected or 0, len(images) + sum(each.count for each in missing))
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
        thinning.evidence(images, stacks) if not any(each.kind is Kind.THINNED for each in missing) else (),
    )


def _listed(absent: Sequence[Listed], missing: Sequence[Missing], series_uid: str) -> list[Missing]:
    """Images of the sender's list by their numbers, but for those that are missed already."""
    told = {each.instance_number for each in missing}
    numbers = sorted({one.instance_number for one in absent if one.instance_number is not None} - told)
    return [_missing(Lost(None, number), series_uid) for number in numbers]


def _at_the_ends(images: Sequence[Said], missing: Sequence[Missing], expected: int, unnamed: int) -> list[Missing]:
    """The first or last images by their numbers, where all numbers from 1 to what is expected are accounted for."""
    numbers = {image.instance_number for image in images} | {each.instance_number for each in missing}
    absent = [number for number in range(1, expected + 1) if number not in numbers]
    if len(absent) != unnamed or None in numbers or len(numbers) + len(absent) != expected:
        return []
    return [_missing(Lost(None, number), images[0].series_uid) for number in absent]


def _times_lost(images: Sequence[Said], stacks: Sequence[Stack]) -> list[Missing]:
    """Whole time points of a dynamic series that says how many it has, where several came (PS3.3 §C.8.13.1)."""
    told = {image.temporal_positions for image in images}
    seen = {image.temporal_position for image in images}
    if len(told) != 1 or len(seen) < 2 or None in seen or len(stacks) != 1:
        return []
    wanted = told.pop() or 0
    absent = wanted - len(seen)
    if absent <= 0 or len(images) != len(seen) * len(stacks[0].layers):
        return []
    words = Words(
        f"缺 {absent} 个时相（数据称共 {wanted} 个）。", f"{absent} time points are missing of the {wanted} it says."
    )
    return [Missing(Kind.COUNT, words, images[0].series_uid, count=absent * len(stacks[0].layers))]


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
    lost = [each for stack in stacks for each in lost_from(stack) or thinning.decimated(stack)]
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


def _copies(said: Sequence[tuple[Said, str, int]], decided: frozenset[str]) -> list[tuple[str, Conflict]]:
    """Series UID and conflict for each instance that came with different content."""
    found: dict[str, tuple[Said, int]] = {}
    for image, _, rank in said:
        if rank > 0:
            found[image.sop_uid] = (image, found.get(image.sop_uid, (image, 1))[1] + 1)
    return [(image.series_uid, _copy(image, count, image.sop_uid in decided)) for image, count in found.values()]


def _copy(image: Said, count: int, decided: bool) -> Conflict:
    number = image.instance_number
    zh, en = (f"第 {number} 层", f"Slice {number}") if number is not None else ("一幅影像", "One image")
    words = Words(
        f"{zh}收到 {count} 个内容不同的版本，均已保留，请核对。",
        f"{en} came in {count} differing versions; all are kept, please check.",
    )
    if decided:
        words = Words(
            f"{zh}的 {count} 个版本已由专人核对选定，全部保留。",
            f"A person has chosen between the {count} versions of {en[0].lower() + en[1:]}; all are kept.",
        )
    return Conflict(Kind.CHOSEN if decided else Kind.COPY, words, image.sop_uid)


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


def _thick_only(images: Sequence[Said]) -> tuple[Words, ...]:
    return thinning.thick_only(
        [image for image in images if image.modality == "CT" and _is_slice(image) and not _localises(image)]
    )
