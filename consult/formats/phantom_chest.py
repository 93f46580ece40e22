"""A drawn chest radiograph, postero-anterior: what the rays pass through, summed and shown as a detector does."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from consult.formats.phantom_shapes import Array, Box, blurred, coverage, ramp

WIDTH_MM, HEIGHT_MM = 350.0, 420.0
DRAWN_MM = 0.35  # shapes are summed on this raster; the image has twice as many pixels
Spot = tuple[float, float]


@dataclass(frozen=True)
class Chest:
    """One person's chest; ``nodule`` is (x, y, radius) in mm from the top middle, x to the patient's left."""

    seed: int
    heart: float = 1.0
    breasts: bool = False
    nodule: tuple[float, float, float] | None = None


class Plate:
    """A radiograph being summed up: centimetres of water in the way of each ray; x from the midline, y from the top."""

    def __init__(self) -> None:
        self.rows, self.columns = int(HEIGHT_MM / DRAWN_MM), int(WIDTH_MM / DRAWN_MM)
        self.x = ((np.arange(self.columns) + 0.5) * DRAWN_MM - WIDTH_MM / 2).astype(np.float32)[None, :]
        self.y = ((np.arange(self.rows) + 0.5) * DRAWN_MM).astype(np.float32)[:, None]
        self.water: Array = np.zeros((self.rows, self.columns), dtype=np.float32)
        self._joined = False

    @contextmanager
    def joined(self) -> Generator[Array]:
        """A sheet apart, in which shapes that overlap do not add up; what to do with it is the caller's."""
        kept, self.water, self._joined = self.water, np.zeros_like(self.water), True
        yield self.water
        self.water, self._joined = kept, False

    def _put(self, part: Box, amount: Array) -> None:
        if self._joined:
            np.maximum(self.water[part], amount, out=self.water[part])
        else:
            self.water[part] += amount

    def part(self, spots: list[Spot], reach: float) -> Box:
        """Rows and columns within ``reach`` mm of the spots' bounding box."""
        xs, ys = [x + WIDTH_MM / 2 for x, _ in spots], [y for _, y in spots]
        cuts = [min(ys) - reach, max(ys) + reach, min(xs) - reach, max(xs) + reach]
        ends = (self.rows, self.rows, self.columns, self.columns)
        top, bottom, left, right = (min(max(int(cut / DRAWN_MM), 0), end) for cut, end in zip(cuts, ends, strict=True))
        return slice(top, bottom), slice(left, right)

    def from_path(self, path: list[Spot], radii: tuple[float, float], reach: float) -> tuple[Box, Array, Array]:
        """Around a bent line: its part of the plate, the distance to it over its radius, and the way along it, 0–1."""
        part = self.part(path, reach)
        x, y = self.x[:, part[1]], self.y[part[0]]
        nearest = np.full((y.shape[0], x.shape[1]), 1e6, dtype=np.float32)
        along = np.zeros_like(nearest)
        for k, ((x0, y0), (x1, y1)) in enumerate(pairwise(path)):
            dx, dy = x1 - x0, y1 - y0
            t = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
            away = np.sqrt((x - x0 - t * dx) ** 2 + (y - y0 - t * dy) ** 2)
            along = np.where(away < nearest, (k + t) / (len(path) - 1), along)
            nearest = np.minimum(away, nearest)
        return part, nearest / (radii[0] + along * (radii[1] - radii[0])), along

    def tube(self, water: float, path: list[Spot], radii: tuple[float, float]) -> None:
        """A full round tube, ``water`` cm in its middle."""
        part, level, _ = self.from_path(path, radii, max(radii) + 1)
        self._put(part, water * np.sqrt(np.clip(1 - level * level, 0, 1)))

    def bone(self, water: float, path: list[Spot], radii: tuple[float, float], fading: float = 0.0) -> None:
        """A hollow bone with denser rims; ``fading`` is the share lost at its far end."""
        part, level, along = self.from_path(path, radii, max(radii) + 1)
        outer = np.sqrt(np.clip(1 - level * level, 0, 1))
        inner = np.sqrt(np.clip(1 - (level / 0.82) ** 2, 0, 1))
        self._put(part, water * (1.5 * outer - 0.95 * inner) * (1 - fading * along))

    def ball(self, water: float, centre: Spot, radii: Spot, turn: float = 0.0, power: float = 0.5) -> None:
        """An ellipse, ``water`` cm in its middle, falling off to its edge by ``power``."""
        part = self.part([centre], max(radii) + 1)
        x, y = self.x[:, part[1]] - centre[0], self.y[part[0]] - centre[1]
        c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        level = ((c * x + s * y) / radii[0]) ** 2 + ((-s * x + c * y) / radii[1]) ** 2
        self._put(part, water * np.clip(1 - level, 0, 1) ** power)


def chest_image(chest: Chest) -> Array:
    """The radiograph as 2400 × 2000 values of 0–4095, bones bright; the patient's left is on the image's right."""
    rng = np.random.default_rng((chest.seed, 91))
    plate = Plate()
    _torso(plate, chest)
    with plate.joined() as middle:
        _middle(plate, chest.heart)
    share = _lungs(plate, middle)
    _airways(plate)
    with plate.joined() as vessels:
        _vessels(plate, rng)
    plate.water += blurred(vessels) * np.minimum(share * 1.6, 1)
    _spine(plate)
    _ribs(plate)
    _shoulders(plate)
    if chest.nodule is not None:
        x, y, radius = chest.nodule
        plate.ball(1.5, (x, y), (radius, radius * 0.9), 20, 0.6)
        for angle in rng.uniform(0, 2 * np.pi, 7):
            end = (x + 1.5 * radius * np.cos(angle), y + 1.5 * radius * np.sin(angle))
            plate.tube(0.14, [(x, y), end], (1.0, 0.3))
    return _detected(plate, rng)


def _torso(plate: Plate, chest: Chest) -> None:
    x, y = np.abs(plate.x), plate.y
    half = 54 + 148 * ramp(y, 18, 92) - 46 * ramp(y, 105, 175) + 10 * ramp(y, 260, 420)
    thick = 11.5 + 8.5 * ramp(y, 20, 170) + 2.0 * ramp(y, 280, 380)
    plate.water += thick * np.clip(1 - (x / half) ** 4, 0, 1) ** 0.5
    # The fold of the armpit and the flank under it.
    plate.water += 3.0 * ramp(y, 60, 100) * (1 - ramp(y, 130, 230)) * ramp(x, 118, 150) * coverage(x - half, 2)
    if chest.breasts:
        for side in (1, -1):
            plate.ball(3.2, (side * 78, 262), (62, 54), 0, 0.8)


def _borders(y: Array) -> tuple[Array, Array]:
    """Middle and half width (mm) of a lung at each height, before heart and diaphragm cut into it."""
    t = (y - 56) / 275
    half = 61 * np.sqrt(np.clip(1 - (1 - np.clip(t / 0.55, 0, 1)) ** 2, 0, 1))
    return np.asarray(44 + 33 * ramp(t, -0.1, 0.75), np.float32), np.asarray(half + 1e-3, np.float32)


def _lungs(plate: Plate, middle: Array) -> Array:
    """Takes the lungs' air out of the sum, but for what the ``middle`` (cm) fills; returns the lung's share, 0–1."""
    share = np.zeros_like(plate.water)
    centre, half = _borders(plate.y)
    for side, dome, top in ((-1, 74.0, 287.0), (1, 78.0, 295.0)):
        x = side * plate.x
        across = np.clip(1 - ((x - centre) / half) ** 2, 0, 1) ** 0.42
        floor = top + 0.0085 * (x - dome) ** 2 + 0.00011 * np.clip(x - dome, 0, None) ** 3
        above = coverage(plate.y - floor, 0.9)
        behind = 0.16 * (1 - above) * coverage(plate.y - floor - 38, 14)
        share += across * (above + behind)
    deep = 14.5 * ramp(plate.y, 40, 190)
    plate.water -= 0.74 * np.clip(deep * share - middle, 0, None)
    return share


def _middle(plate: Plate, heart: float) -> None:
    """Heart and great vessels: how much (cm) of the chest's depth they fill."""
    x, y = plate.x, plate.y
    band = coverage(np.abs(x) - (24 + 6 * ramp(y, 120, 60) + 3 * ramp(y, 180, 300)), 1.6)
    plate.water += 13 * band
    plate.ball(11.5, (24 * heart, 246), (65 * heart, 50 * heart), 28, 0.42)
    plate.ball(8.5, (-8, 246), (31 * heart, 48), 0, 0.42)
    plate.ball(7.5, (21, 142), (20, 19), 0, 0.5)
    plate.tube(4.5, [(30, 146), (30, 230), (20, 330)], (11, 10))
    plate.ball(7.5, (31, 176), (21, 26), 0, 0.5)
    plate.ball(7.5, (34, 200), (26, 26), 0, 0.5)
    plate.tube(6.0, [(-19, 85), (-20, 205)], (12, 13))


def _airways(plate: Plate) -> None:
    plate.tube(-1.7, [(1, 20), (0, 100), (-3, 163)], (8.5, 8.5))
    plate.tube(-1.0, [(-4, 161), (-26, 184), (-40, 196)], (6.5, 5))
    plate.tube(-1.0, [(-2, 161), (24, 190), (44, 200)], (6, 4.5))
    plate.ball(-3.0, (80, 328), (29, 12), -6, 0.3)
    plate.ball(-1.0, (106, 348), (17, 10), 25, 0.3)


def _branches(
    rng: np.random.Generator, start: Spot, angle: float, radius: float, length: float
) -> Iterator[tuple[list[Spot], tuple[float, float]]]:
    """A vessel and those that leave it, thinner and shorter each time."""
    bend = rng.normal(0, 0.22)
    knee = (start[0] + 0.5 * length * np.cos(angle), start[1] + 0.5 * length * np.sin(angle))
    end = (knee[0] + 0.5 * length * np.cos(angle + bend), knee[1] + 0.5 * length * np.sin(angle + bend))
    yield [start, knee, end], (radius, radius * 0.8)
    if radius > 0.85:
        for turn, shrink in ((rng.uniform(0.15, 0.5), 0.78), (-rng.uniform(0.2, 0.6), rng.uniform(0.6, 0.76))):
            side = turn * rng.choice((-1, 1)) if radius > 2 else turn
            yield from _branches(rng, end, angle + bend + side, radius * shrink, length * rng.uniform(0.72, 0.95))


def _vessels(plate: Plate, rng: np.random.Generator) -> None:
    roots = ((-1, 36, 186), (1, 44, 178))
    for side, x, y in roots:
        plate.ball(2.6, (side * x, y + 12), (12, 20), side * -18, 0.7)
        for angle, radius, length in (
            (-80, 3.0, 26), (-48, 3.0, 27), (-14, 2.6, 27), (22, 3.0, 28), (52, 3.6, 30), (78, 4.2, 30), (100, 3.0, 28),
        ):  # fmt: skip
            bearing = np.radians(angle + rng.normal(0, 5))
            for path, radii in _branches(rng, (x, y + angle * 0.12), float(bearing), radius, length):
                if all(14 < px < 138 and 58 < py < 320 for px, py in path):
                    plate.tube(0.3 * radii[0] ** 1.15, [(side * px, py) for px, py in path], radii)


def _spine(plate: Plate) -> None:
    x = plate.x
    top, step = -6.0, 21.5
    for k in range(19):
        height = step + 0.32 * k
        half = 14.5 + 0.45 * k
        y = plate.y - (top + height / 2)
        body = coverage(np.abs(x) - (half - 1.6 * np.cos(y / height * 5)), 0.8) * coverage(
            np.abs(y) - (height / 2 - 1.9), 1.6
        )
        rim = coverage(np.abs(np.abs(y) - (height / 2 - 2.9)) - 0.7, 0.7) * coverage(np.abs(x) - half + 1, 0.8)
        plate.water += 1.15 * body + 0.4 * rim
        for side in (1, -1):
            plate.ball(0.8, (side * half * 0.68, top + height * 0.38), (3.2, 4.6), 0, 0.35)
            plate.ball(-0.5, (side * half * 0.68, top + height * 0.38), (2.0, 3.3), 0, 0.35)
            plate.bone(
                0.5,
                [(side * half * 0.7, top + height * 0.4), (side * (half + 13), top + height * 0.32)],
                (4.2, 3.4),
                0.3,
            )
        plate.ball(1.0, (0, top + height * 0.95), (2.6, 7.0), 0, 0.35)
        top += height


def _rib(k: int, side: int) -> tuple[list[Spot], list[Spot]]:
    """The back and the front arc of the k-th rib (1 the highest)."""
    y0 = 44 + 21.0 * k + 0.22 * k * k
    middle, half = _borders(np.array([min(y0 + 24, 250.0)], dtype=np.float32))
    out = float(middle[0] + half[0]) + 2.5 - (14 if k == 1 else 0)
    drop = 20 + 4.2 * k
    s = np.linspace(0, 1, 22)
    back = [
        (side * float(13 + (out - 13) * np.sin(t * np.pi / 2) ** 0.9), float(y0 - 9 * np.sin(t * 2.6) + drop * t**2.2))
        for t in s
    ]
    x1, y1 = back[-1]
    reach = 0.62 if k < 7 else 0.42
    front = [
        (
            float(x1 * (1 - reach * (1 - np.cos(t * np.pi / 2)))),
            float(y1 + (34 + 3.4 * k) * np.sin(t * np.pi / 2) ** 1.15 * 0.9),
        )
        for t in np.linspace(0, 1, 16)
    ]
    return back, front


def _ribs(plate: Plate) -> None:
    for side in (1, -1):
        for k in range(1, 11):
            back, front = _rib(k, side)
            plate.bone(1.25, back, (5.0 + 0.1 * k, 5.6 + 0.1 * k))
            if k < 10:
                plate.bone(0.7, front, (5.2, 6.6), 0.75)


def _shoulders(plate: Plate) -> None:
    for side in (1, -1):
        clavicle = [(14, 102), (30, 98), (58, 90), (88, 79), (116, 74), (142, 79), (156, 86)]
        plate.bone(1.9, [(side * x, y) for x, y in clavicle], (7.0, 5.6))
        border = [(142, 92), (133, 130), (134, 172), (146, 205)]
        plate.bone(0.9, [(side * x, y) for x, y in border], (3.0, 3.4))
        plate.bone(0.9, [(side * x, y) for x, y in [(146, 205), (160, 150), (170, 110)]], (3.6, 5.0))
        plate.ball(1.9, (side * 186, 98), (25, 27), 0, 0.4)


LETTER_R = ("11110", "10001", "10001", "11110", "10100", "10010", "10001")


def _detected(plate: Plate, rng: np.random.Generator) -> Array:
    """Noise, processing and the lead letter at the patient's right, on the full raster."""
    water = np.clip(plate.water, 0, None)
    coarse = water[::8, ::8]
    for _ in range(40):
        coarse = blurred(coarse)
    low = np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1)[: water.shape[0], : water.shape[1]]
    for _ in range(6):
        low = blurred(low)
    shown = 0.62 * low + 1.05 * (water - low)
    full = np.repeat(np.repeat(shown, 2, axis=0), 2, axis=1)
    full = blurred(full)
    grain = blurred(rng.standard_normal(full.shape, dtype=np.float32))
    full += grain * (0.05 + 0.012 * full)
    values = 4095 / (1 + np.exp(-(full - 7.6) / 2.9))
    _letter(values, 90, 150)
    return np.asarray(np.clip(values, 0, 4095), dtype=np.float32)


def _letter(values: Array, left: int, top: int) -> None:
    pattern = np.array([[int(dot) for dot in row] for row in LETTER_R], dtype=np.float32)
    glyph = blurred(blurred(np.pad(np.kron(pattern, np.ones((11, 11), dtype=np.float32)), 4)))
    part = values[top : top + glyph.shape[0], left : left + glyph.shape[1]]
    part += glyph * (4060 - part)
