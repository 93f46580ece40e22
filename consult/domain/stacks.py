"""Finds what is missing from a pile of slices, by arithmetic on their positions and numbers."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import acos, degrees, gcd, sqrt
from typing import Protocol

Vector = tuple[float, float, float]

SAME_PLACE = 0.02  # mm between two slices that lie at one position
SAME_DIRECTION = 0.01  # of a direction cosine, half a degree
ROUNDING = 0.1  # mm; scanners write positions with one to six decimals
FEWEST = 5  # positions; of fewer, no spacing can be told
MOSTLY = 0.8
AT_LEAST_HALF = 0.5
NEARLY_ALL = 0.9
LONGEST_HOLE = 3  # numbers in a row; more is a block that another series took
RAREST_HOLE = 0.05  # of the numbers; more is a way of numbering


class Placed(Protocol):
    """What must be known of an image to tell whether its neighbours are there."""

    @property
    def modality(self) -> str: ...
    @property
    def frame_of_reference(self) -> str: ...
    @property
    def position(self) -> Vector | None: ...
    @property
    def orientation(self) -> tuple[float, float, float, float, float, float] | None: ...
    @property
    def instance_number(self) -> int | None: ...
    @property
    def acquisition_number(self) -> int | None: ...
    @property
    def image_type(self) -> tuple[str, ...]: ...
    @property
    def slice_thickness(self) -> float | None: ...
    @property
    def spacing_between(self) -> float | None: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def columns(self) -> int | None: ...
    @property
    def kernel(self) -> str: ...
    @property
    def echo(self) -> str: ...
    @property
    def temporal_position(self) -> int | None: ...
    @property
    def trigger_time(self) -> float | None: ...
    @property
    def b_value(self) -> float | None: ...
    @property
    def gradient(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Lost:
    """One image that is not there: where it should lie and which number it should have, as far as that is known.

    ``position_mm`` is the patient coordinate along the axis that the stack runs along; ``count`` is above 1 only where
    the images cannot be told one by one.
    """

    position_mm: float | None
    instance_number: int | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Layer:
    """The slices at one position: their distance along the normal, and their coordinate along the main axis, in mm."""

    distance: float
    coordinate: float
    slices: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """Parallel slices of one kind, from one end to the other."""

    layers: tuple[Layer, ...]
    spacing: float | None  # mm; None where it is not even
    shear_deg: float  # between the normal and the way the slices run: gantry tilt where it is not 0

    @property
    def slices(self) -> Iterator[Placed]:
        """All slices of the stack."""
        return (each for layer in self.layers for each in layer.slices)


def stacks_of(images: Sequence[Placed]) -> list[Stack]:
    """The images that have a place, as stacks: by frame of reference, direction, matrix, kernel, thickness and type."""
    groups: dict[Hashable, list[Placed]] = defaultdict(list)
    directions: list[tuple[float, ...]] = []
    for image in images:
        if image.position is None or image.orientation is None:
            continue
        direction = _index_of(image.orientation, directions)
        thickness = round(image.slice_thickness or 0, 2)
        matrix = (image.rows, image.columns)
        kind = (image.frame_of_reference, direction, matrix, image.kernel, thickness, image.image_type, image.echo)
        groups[kind].append(image)
    return [stack for group in groups.values() if (stack := _stack(group)) is not None]


def _index_of(direction: tuple[float, ...], known: list[tuple[float, ...]]) -> int:
    """The number of a direction among those met so far, which grow by it where it is new."""
    for index, other in enumerate(known):
        if all(abs(one - two) < SAME_DIRECTION for one, two in zip(direction, other, strict=True)):
            return index
    known.append(direction)
    return len(known) - 1


def _normal(orientation: tuple[float, ...]) -> Vector:
    a, b, c, d, e, f = orientation
    x, y, z = b * f - c * e, c * d - a * f, a * e - b * d
    length = sqrt(x * x + y * y + z * z) or 1.0
    return x / length, y / length, z / length


def _stack(group: Sequence[Placed]) -> Stack | None:
    orientation = group[0].orientation
    if orientation is None:
        return None
    normal = _normal(orientation)
    axis = max(range(3), key=lambda each: abs(normal[each]))
    measured = sorted(
        (
            (sum(n * p for n, p in zip(normal, image.position, strict=True)), image)
            for image in group
            if image.position is not None
        ),
        key=lambda pair: pair[0],
    )
    layers: list[list[tuple[float, Placed]]] = []
    for distance, image in measured:
        if layers and distance - layers[-1][0][0] < SAME_PLACE:
            layers[-1].append((distance, image))
        else:
            layers.append([(distance, image)])
    made = tuple(
        Layer(layer[0][0], (layer[0][1].position or (0.0, 0.0, 0.0))[axis], tuple(image for _, image in layer))
        for layer in layers
    )
    return Stack(made, _spacing_by_number(made) or _even_spacing(made), _shear(made, normal))


def _shear(layers: tuple[Layer, ...], normal: Vector) -> float:
    first, last = layers[0].slices[0].position, layers[-1].slices[0].position
    if first is None or last is None:
        return 0.0
    way = [two - one for one, two in zip(first, last, strict=True)]
    length = sqrt(sum(part * part for part in way))
    if length < SAME_PLACE:
        return 0.0
    cosine = abs(sum(n * w for n, w in zip(normal, way, strict=True))) / length
    return degrees(acos(min(1.0, cosine)))


def _slack(spacing: float) -> float:
    """How far a distance may be from a whole number of spacings and still be one."""
    return min(max(ROUNDING, 0.05 * spacing), 0.3 * spacing)


def _even_spacing(layers: tuple[Layer, ...]) -> float | None:
    """The distance between neighbours, where at least half of them keep it and nearly all others are multiples."""
    steps = [two.distance - one.distance for one, two in pairwise(layers)]
    if len(steps) < FEWEST - 1:
        return None
    ordered = sorted(steps)
    near = min(ordered, key=lambda step: (-_within(ordered, step - _slack(step), step + _slack(step)), step))
    usual = [step for step in steps if abs(step - near) <= _slack(near)]
    spacing = sum(usual) / len(usual)
    whole = sum(abs(step - max(1, round(step / spacing)) * spacing) <= 1.5 * _slack(spacing) for step in steps)
    even = len(usual) >= AT_LEAST_HALF * len(steps) and whole >= NEARLY_ALL * len(steps)
    return spacing if even else None


def _within(ordered: Sequence[float], low: float, high: float) -> int:
    """How many of the rising values lie from ``low`` to ``high``."""
    return bisect_right(ordered, high) - bisect_left(ordered, low)


def _spacing_by_number(layers: tuple[Layer, ...]) -> float | None:
    """The distance from one number to the next, where positions and numbers step together all the way.

    Then a jump in both is a loss however many there are, as long as half of the slices are there. Of few slices, the
    scanner's own word on the spacing must agree.
    """
    numbers = _numbers(layers)
    if numbers is None or not _runs_with(numbers):
        return None
    steps = [abs(two - one) for one, two in pairwise(numbers)]
    unit = gcd(*steps)
    apart = (layers[-1].distance - layers[0].distance) / sum(steps) * unit
    pairs = zip(pairwise(layers), steps, strict=True)
    together = all(
        abs(two.distance - one.distance - step // unit * apart) <= _slack(apart) for (one, two), step in pairs
    )
    if not together or len(layers) < AT_LEAST_HALF * (sum(steps) // unit + 1):
        return None
    said = layers[0].slices[0].spacing_between
    return apart if len(layers) >= FEWEST or (said and abs(said - apart) <= _slack(apart)) else None


def lost_from(stack: Stack) -> list[Lost]:
    """The images that are missing from an evenly spaced stack; none where its spacing is not even."""
    if stack.spacing is None:
        return []
    repeats = Counter(len(layer.slices) for layer in stack.layers).most_common(1)[0][0]
    thinned = _thinned(stack, stack.spacing)
    if thinned:
        return [thinned]
    gaps = _gaps(stack, stack.spacing)
    return gaps if repeats == 1 else gaps + _short_layers(stack, repeats)


def _numbers(layers: Sequence[Layer]) -> list[int] | None:
    """Instance numbers in the order of the layers; None unless there are two or more, each with its own number."""
    numbers = [layer.slices[0].instance_number for layer in layers if len(layer.slices) == 1]
    known = [number for number in numbers if number is not None]
    if len(known) != len(layers) or len(set(known)) != len(known) or len(known) < 2:
        return None
    return known


def _runs_with(numbers: list[int]) -> bool:
    """Whether numbers rise or fall all the way."""
    steps = [two - one for one, two in pairwise(numbers)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


def _thinned(stack: Stack, spacing: float) -> Lost | None:
    """Every second (third …) image left out: numbers and positions step together past what the scanner made."""
    between, numbers = stack.layers[0].slices[0].spacing_between, _numbers(stack.layers)
    if not between or between <= 0 or numbers is None:
        return None
    times = round(spacing / between)
    steps = Counter(abs(two - one) for one, two in pairwise(numbers))
    if times < 2 or abs(spacing - times * between) > _slack(between) or not _runs_with(numbers):
        return None
    if steps[times] < MOSTLY * (len(numbers) - 1):
        return None
    return Lost(None, None, sum(step * count for step, count in steps.items()) + 1 - len(numbers))


def _gaps(stack: Stack, spacing: float) -> list[Lost]:
    """Positions that nothing lies at, between the first and the last."""
    lost: list[Lost] = []
    numbers = _numbers(stack.layers)
    tracked = numbers is not None and _runs_with(numbers)
    step = gcd(*(two - one for one, two in pairwise(numbers))) if tracked and numbers is not None else 1
    wide = [round((two.distance - one.distance) / spacing) for one, two in pairwise(stack.layers)]
    for index, (one, two) in enumerate(pairwise(stack.layers)):
        times = wide[index]
        if times < 2:
            continue
        first, second = one.slices[0].instance_number, two.slices[0].instance_number
        hole = abs(second - first) // step - 1 if tracked and first is not None and second is not None else None
        if not _credible_gap(stack, index, wide, hole):
            continue
        for part in range(1, times):
            share = part / times
            where = one.coordinate + (two.coordinate - one.coordinate) * share
            named = hole == times - 1 and first is not None and second is not None
            number = round(first + (second - first) * share) if named and first is not None and second else None
            lost.append(Lost(where, number))
    return lost


def _credible_gap(stack: Stack, index: int, wide: list[int], hole: int | None) -> bool:
    """Whether a gap in position is a loss: the numbers say so, or nothing contradicts it.

    Numbers that go on across the gap speak for a planned one: a second slab, or a part scanned more coarsely. Only in
    CT, amid one acquisition, short and alone, it is still a loss: nobody plans a single gap there.
    """
    if hole is not None and hole >= 1:
        return True
    one, two = stack.layers[index].slices[0], stack.layers[index + 1].slices[0]
    if hole is None:
        numbers = [each.instance_number for each in stack.slices if each.instance_number is not None]
        unusable = len(set(numbers)) < MOSTLY * max(1, sum(1 for _ in stack.slices))
        if unusable or max(numbers) - min(numbers) + 1 > len(set(numbers)):
            return _alone(index, wide)
    planned = one.modality != "CT" or one.acquisition_number != two.acquisition_number
    return not planned and wide[index] - 1 <= LONGEST_HOLE and _alone(index, wide)


def _alone(index: int, wide: list[int]) -> bool:
    """Whether the neighbouring steps are single ones."""
    return all(wide[near] == 1 for near in (index - 1, index + 1) if 0 <= near < len(wide))


_TELLS_APART: tuple[Callable[[Placed], Hashable], ...] = (
    lambda each: each.temporal_position,
    lambda each: (each.b_value, each.gradient),
    lambda each: each.trigger_time,
    lambda each: each.acquisition_number,
)


def _short_layers(stack: Stack, repeats: int) -> list[Lost]:
    """Images missing from positions that are repeated over time, echo, b-value …; none unless something proves it."""
    short = [layer for layer in stack.layers if len(layer.slices) < repeats]
    total = sum(repeats - len(layer.slices) for layer in short)
    over = any(len(layer.slices) > repeats for layer in stack.layers)
    if not short or over or total > (1 - NEARLY_ALL) * repeats * len(stack.layers):
        return []
    numbers = sorted(number for each in stack.slices if (number := each.instance_number) is not None)
    holes = _holes(numbers)
    everyone = len(numbers) == len(set(numbers)) == sum(len(layer.slices) for layer in stack.layers)
    if everyone and len(holes) == total:
        return _named_in_repeats(stack, short, holes)
    if everyone and not holes:
        return []
    for tell in _TELLS_APART:
        if (lost := _absent_combinations(stack, repeats, tell)) is not None and len(lost) == total:
            return lost
    return []


def _holes(numbers: Sequence[int]) -> list[int]:
    """The numbers left out between the first and the last; ``numbers`` rise."""
    return [number for one, two in pairwise(numbers) if two - one <= 1000 for number in range(one + 1, two)]


def _named_in_repeats(stack: Stack, short: list[Layer], holes: list[int]) -> list[Lost]:
    """Numbers that are missing, each at its position where the way of numbering shows it."""
    by_number = {
        each.instance_number: index
        for index, layer in enumerate(stack.layers)
        for each in layer.slices
        if each.instance_number is not None
    }
    places = len(stack.layers)
    volumes = sum(by_number.get(number + places, index) == index for number, index in by_number.items())
    stride = places if volumes >= MOSTLY * len(by_number) else 1  # volume by volume, or position by position
    lost: list[Lost] = []
    for hole in holes:
        near = {by_number.get(hole - stride), by_number.get(hole + stride)}
        candidates = [stack.layers[index] for index in near if index is not None and stack.layers[index] in short]
        layer = short[0] if len(short) == 1 else candidates[0] if len(candidates) == 1 else None
        lost.append(Lost(layer.coordinate if layer else None, hole))
    return lost


def _absent_combinations(stack: Stack, repeats: int, tell: Callable[[Placed], Hashable]) -> list[Lost] | None:
    """Positions without an image of one of ``repeats`` kinds; None where ``tell`` does not tell the kinds apart."""
    kinds = {tell(each) for each in stack.slices}
    if len(kinds) != repeats:
        return None
    lost: list[Lost] = []
    for layer in stack.layers:
        there = [tell(each) for each in layer.slices]
        if len(set(there)) != len(there):
            return None
        lost += [Lost(layer.coordinate, None)] * (repeats - len(there))
    return lost


def lost_by_number(images: Sequence[Placed]) -> list[Lost]:
    """Holes in the instance numbers, where numbering is otherwise without gaps and starts at the beginning.

    For series whose positions tell nothing. Many holes, long holes or repeated numbers are a way of numbering (two
    reconstructions in one count, another series in between), not a loss.
    """
    numbers = sorted(number for image in images if (number := image.instance_number) is not None)
    if len(numbers) < 2 * FEWEST or len(set(numbers)) != len(images) or numbers[0] > 1:
        return []
    steps = [two - one for one, two in pairwise(numbers)]
    holes = _holes(numbers)
    if not holes or max(steps) - 1 > LONGEST_HOLE or len(holes) > max(1, RAREST_HOLE * len(numbers)):
        return []
    return [Lost(None, hole) for hole in holes]
