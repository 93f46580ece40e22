"""Puts a series' completeness into one clear line, and says what to do next."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from consult.domain.errors import Words
from consult.domain.losses import Kind, Missing, SeriesCompleteness, Status


def ranges_of(numbers: Iterable[int]) -> str:
    """Numbers as people write them: 37–41、50."""
    ordered = sorted(set(numbers))
    starts = [number for before, number in pairwise([None, *ordered]) if before is None or number != before + 1]
    spans = [(start, _end(start, ordered)) for start in starts if start is not None]
    return "、".join(str(one) if one == last else f"{one}–{last}" for one, last in spans)


def _end(start: int, ordered: Sequence[int]) -> int:
    last = start
    while last + 1 in ordered:
        last += 1
    return last


IMAGES = ("幅", "images")
PAPERS = ("份", "documents")
COUNTED_IN: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("SR", "DOC", "KO"), PAPERS),
    **dict.fromkeys(("PR", "REG", "SEG", "RTSTRUCT", "RTPLAN", "RTDOSE"), ("份", "objects")),
    **dict.fromkeys(("ECG", "HD", "EPS", "EEG", "AU", "RESP"), ("条", "recordings")),
}
"""What objects are counted in that are no images, by modality: Chinese measure word, English plural."""


def unit_of(modalities: Iterable[str]) -> tuple[str, str]:
    """What objects of these modalities are counted in; images where any of them are."""
    units = {COUNTED_IN.get(modality, IMAGES) for modality in modalities}
    return units.pop() if len(units) == 1 else PAPERS if units and IMAGES not in units else IMAGES


def line(series: SeriesCompleteness, modality: str = "") -> Words:
    """One line: how many came, and what is known of the rest."""
    came, total = series.received, series.expected
    one, many = unit_of([modality])
    if series.status is Status.RECEIVING:
        return Words(f"接收中，已收 {came} {one}", f"receiving, {came} so far")
    if series.status is Status.COMPLETE:
        return Words(f"齐全，{came} {one}（与申报一致）", f"complete, {came} {many} (as announced)")
    if series.status is Status.QUIET:
        return Words(f"{came} {one}，未见缺失（无清单）", f"{came} {many}, nothing seen to be missing (no list)")
    short = sum(each.count for each in series.missing)
    return Words(f"缺 {short} {one}（已收 {came}，应有 {total}）", f"{short} missing ({came} of {total} came)")


def advice(series: SeriesCompleteness) -> Words | None:
    """What to do about what is missing; None where nothing is."""
    if series.status is not Status.SHORT:
        return None
    numbers = [each.instance_number for each in series.missing if each.instance_number is not None]
    rest = [each for each in series.missing if each.instance_number is None]
    if numbers and not rest:
        told = ranges_of(numbers)
        return Words(f"请设备重发第 {told} 层。", f"Send slices {told.replace('、', ', ')} again from the scanner.")
    if any(each.kind is Kind.THINNED for each in series.missing):
        return Words("请从设备重发完整的薄层序列。", "Send the whole, unthinned series again from the scanner.")
    if not numbers and rest and all(each.position_mm is not None for each in rest):
        where = _positions(rest)
        return Words(
            f"请设备重发位置 {where} mm 的层面。",
            f"Send the slices at {where.replace('、', ', ')} mm again from the scanner.",
        )
    return Words("请设备重发整个序列。", "Send the whole series again from the scanner.")


def _positions(missing: Sequence[Missing]) -> str:
    return "、".join(f"{each.position_mm:g}".replace("-", "−") for each in missing)
