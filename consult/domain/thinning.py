"""Finds series that were thinned and tell it only by what they say of themselves or by their siblings."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import cos, radians
from typing import Protocol

from consult.domain.errors import Words
from consult.domain.stacks import SAME_PLACE, Lost, Placed, Stack

THICK = 2.5  # mm from which a CT series is not thin enough for reconstruction in other planes
MAKES_THIN = 1.5  # mm; a detector row this thin means that thin slices were acquired
FEWEST = 5  # slices; of fewer, nothing is said
FAR_OFF = 0.15  # of the spacing that the header says
UNCOVERED = 1.4  # spacing over thickness from which tissue lies between the slices
MOST_AT_AN_END = 5  # slices; where a sibling goes on for longer, it was planned so
_AVERAGED = frozenset({"AVERAGE", "AVG", "MEAN"})


class Sliced(Placed, Protocol):
    """What is asked of a slice here."""

    @property
    def series_uid(self) -> str: ...
    @property
    def series_description(self) -> str: ...
    @property
    def collimation(self) -> float | None: ...
    @property
    def acquisition_time(self) -> str: ...
    @property
    def content_time(self) -> str: ...


def decimated(stack: Stack) -> list[Lost]:
    """Every second (third …) slice of a CT left out and the rest numbered anew, or numbered as before.

    The header's spacing tells it; or numbers that step by more than one while tissue lies uncovered between slices.
    A scanner that writes the gap between slices as their spacing is told by gap and thickness adding up; where the two
    are one number, slices that touch are what it meant.
    """
    first, spacing = next(iter(stack.slices)), stack.spacing
    layers = len(stack.layers)
    if first.modality != "CT" or spacing is None or layers < FEWEST or _is_uneven(stack):
        return []
    said, thickness = first.spacing_between, first.slice_thickness or 0.0
    slack = max(0.1, 0.05 * spacing)
    if said and said > 0:
        times = _times(stack, spacing, said, slack)
        writes_gap = abs(spacing - said - thickness) <= slack < abs(said - thickness)
        return [Lost(None, None, (layers - 1) * (times - 1))] if times >= 2 and not writes_gap else []
    step = _constant_step(stack)
    if step >= 2 and thickness and spacing >= UNCOVERED * thickness and abs(spacing - step * thickness) <= slack:
        return [Lost(None, None, (layers - 1) * (step - 1))]
    return []


def _times(stack: Stack, spacing: float, said: float, slack: float) -> int:
    """How many of the header's spacings lie between neighbours; 1 where it is no whole number of them."""
    for measured in (spacing, spacing / max(0.1, cos(radians(stack.shear_deg)))):
        times = round(measured / said)
        if abs(measured - times * said) <= slack:
            return times
    return 1


def _is_uneven(stack: Stack) -> bool:
    steps = [two.distance - one.distance for one, two in pairwise(stack.layers)]
    return max(steps) - min(steps) > 0.1 * max(steps)


def _constant_step(stack: Stack) -> int:
    numbers = [layer.slices[0].instance_number for layer in stack.layers]
    known = [number for number in numbers if number is not None]
    if len(known) != len(numbers):
        return 0
    steps = {two - one for one, two in pairwise(known)}
    return abs(steps.pop()) if len(steps) == 1 else 0


def evidence(images: Sequence[Sliced], stacks: Sequence[Stack]) -> tuple[Words, ...]:
    """What a CT series says against itself: spacing unlike its header's, one position twice."""
    if not images or images[0].modality != "CT":
        return ()
    return tuple(words for stack in stacks for words in (*_other_spacing(stack), *_doubled(stack)))


def _other_spacing(stack: Stack) -> tuple[Words, ...]:
    first, spacing = next(iter(stack.slices)), stack.spacing
    said, thickness = first.spacing_between, first.slice_thickness or 0.0
    if spacing is None or not said or said <= 0 or len(stack.layers) < FEWEST:
        return ()
    along = spacing / max(0.1, cos(radians(stack.shear_deg)))
    if any(abs(each - said) <= FAR_OFF * said for each in (spacing, along, spacing - thickness)):
        return ()
    return (
        Words(
            f"实测层间距 {spacing:.3g} mm，与标注的 {said:g} mm 不符。",
            f"Slices lie {spacing:.3g} mm apart; the header says {said:g} mm.",
        ),
    )


def _doubled(stack: Stack) -> tuple[Words, ...]:
    """Positions that hold two slices of one moment where all others hold one."""
    if len(stack.layers) < FEWEST or stack.spacing is None:
        return ()
    twice = [layer for layer in stack.layers if len(layer.slices) > 1]
    if not twice or len(twice) > 0.2 * len(stack.layers):
        return ()
    moments = {(each.acquisition_number, each.trigger_time) for layer in twice for each in layer.slices}
    if len(moments) > 1:
        return ()
    where = "、".join(f"{layer.coordinate:g}" for layer in twice[:3])
    return (
        Words(
            f"{len(twice)} 个位置各有多于一层（{where} mm）。",
            f"{len(twice)} positions hold more than one slice ({where.replace('、', ', ')} mm).",
        ),
    )


def thick_only(slices: Sequence[Sliced]) -> tuple[Words, ...]:
    """Thick or averaged CT slices only, where the scanner measured thin ones; ``slices`` of a whole study."""
    found = [*_thick(slices), *_averages(slices)]
    return tuple(found)


def _thick(slices: Sequence[Sliced]) -> tuple[Words, ...]:
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


def _averages(slices: Sequence[Sliced]) -> tuple[Words, ...]:
    averaged = [image for image in slices if _AVERAGED & {part.upper() for part in image.image_type}]
    if not averaged or len(averaged) < len(slices):
        return ()
    return (
        Words(
            "只有平均（厚层叠加）图像，未收到原始薄层。",
            "Only averaged images came; the slices they were made of did not.",
        ),
    )


def shorter_than_sibling(
    stacks: Mapping[str, Sequence[Stack]], names: Mapping[str, str]
) -> dict[str, tuple[Words, ...]]:
    """By series UID: the slices at either end that another reconstruction of the same scan has and this one has not.

    Only where both lie on one grid, in one frame of reference, with one thickness and acquisition.
    """
    groups: dict[tuple[object, ...], list[tuple[str, Stack]]] = defaultdict(list)
    for uid, several in stacks.items():
        for stack in several:
            first = next(iter(stack.slices))
            if first.modality == "CT" and stack.spacing is not None and len(stack.layers) >= FEWEST:
                key = (first.frame_of_reference, first.orientation, first.slice_thickness, first.acquisition_number)
                groups[(*key, round(stack.spacing, 2))].append((uid, stack))
    found: dict[str, tuple[Words, ...]] = {}
    for group in groups.values():
        longest_uid, longest = max(group, key=lambda pair: len(pair[1].layers))
        for uid, stack in group:
            if uid != longest_uid and (words := _lacking(stack, longest, names.get(longest_uid, ""))) is not None:
                found[uid] = (*found.get(uid, ()), words)
    return found


def _lacking(stack: Stack, longest: Stack, name: str) -> Words | None:
    before = [layer for layer in longest.layers if layer.distance < stack.layers[0].distance - SAME_PLACE]
    after = [layer for layer in longest.layers if layer.distance > stack.layers[-1].distance + SAME_PLACE]
    on_grid = Counter(round(layer.distance, 1) for layer in longest.layers)
    if (not before and not after) or len(before) > MOST_AT_AN_END or len(after) > MOST_AT_AN_END:
        return None
    if any(not on_grid[round(layer.distance, 1)] for layer in stack.layers):
        return None
    where = "、".join(f"{layer.coordinate:g}" for layer in (*before, *after)[:4])
    return Words(
        f"比同次扫描的另一重建（{name}）少首尾 {len(before) + len(after)} 层（位置 {where} mm）。",
        f"{len(before) + len(after)} slices fewer at its ends than another reconstruction of the scan ({name}), "
        f"at {where.replace('、', ', ')} mm.",
    )
