"""A drawn head: skull, scalp and the brain's folded surface, in mm about the anterior commissure (left, back, up)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from consult.formats.phantom_brain import Wound, draw_depths, draw_wounds, press, tent_height
from consult.formats.phantom_face import draw_base, draw_face, floor_height
from consult.formats.phantom_shapes import STRAIGHT, Array, Box, Canvas, Frame, Pose, coverage, ramp, stretched, waves
from consult.formats.phantom_tissue import Tissue

LATTICE_MM = 3.0  # the smooth fields are computed on this raster and stretched to each slice
LOWEST_MM, HIGHEST_MM = -75.0, 115.0


@dataclass(frozen=True)
class Head:
    """One person's head: ``seed`` draws the folds, ``atrophy`` (0–1) widens the fluid, ``calcified`` marks age."""

    seed: int
    pose: Pose = STRAIGHT
    atrophy: float = 0.2
    calcified: bool = True
    wounds: tuple[Wound, ...] = ()


class Surfaces(NamedTuple):
    """Smooth fields of one slice: signed distances in mm (inside negative), and the field whose zeros are sulci."""

    vault: Array
    cavity: Array
    skin: Array
    folds: Array
    steepness: Array
    reach: Array
    grain: Array
    undulation: Array
    above: Array  # height over the skull base
    temporal: Array  # 0–1 where the temporal muscle lies


def vault_distance(x: Array, y: Array, z: Array) -> Array:
    """About how far (mm) a point is outside the inner table of the skull, an egg that is widest behind."""
    a = 65.5 + 5.0 * np.tanh((y - 12) / 35)
    b = np.where(y > 16, 88.0, 84.0)
    c = np.where(z > 5, 70.0, 68.0)
    level = (np.abs(x / a) ** 2.3 + np.abs((y - 16) / b) ** 2.3 + np.abs((z - 5) / c) ** 2.3) ** (1 / 2.3) + 1e-6
    radius = np.sqrt(x * x + (y - 16) ** 2 + (z - 5) ** 2)
    return np.asarray(radius * (1 - 1 / level) * np.where(level < 1, 0.97, 0.9), dtype=np.float32)


class Folding:
    """The smooth fields of one head on a coarse raster around the whole scan, stretched to any slice."""

    def __init__(self, head: Head, frame: Frame) -> None:
        self.frame = frame
        width = float(frame.axis[-1] - frame.axis[0])
        count = int(width / LATTICE_MM) + 1
        axis = np.linspace(-width / 2, width / 2, count, dtype=np.float32)
        self.step = width / (count - 1)
        self.heights = np.arange(LOWEST_MM, HIGHEST_MM, LATTICE_MM, dtype=np.float32)
        grid = np.meshgrid(self.heights, axis, axis, indexing="ij")
        x, y, z = head.pose.to_body(grid[2], grid[1], grid[0])
        vault = vault_distance(x, y, z)
        above, temporal = z - floor_height(x, y), _temporal(x, y, z)
        folds = self._folds(head, *press(x, y, z, head.wounds))
        self.fields = Surfaces(
            vault,
            np.maximum(vault, -above),
            _skin(x, y, z, temporal),
            *folds,
            *self._unevenness(head, x, y, z),
            above,
            temporal,
        )

    def _folds(self, head: Head, x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        px, py, pz = x, y - 16, z - 8
        radius = np.sqrt(px * px + py * py + pz * pz) + 1e-3
        # Sulci go in towards the middle: the field is a function of the direction, and only a little of the depth.
        flat = 0.75 * 68 / radius + 0.25
        drift = 5 * waves((x, y, z), 45, (head.seed, 1), 8)
        q = (np.abs(px) * flat + drift * np.sign(x) * 0.6, py * flat + drift, pz * flat)
        folds = waves((q[0], q[1], q[2]), 21, (head.seed, 2), 40, 0.18)
        slopes = np.gradient(folds, LATTICE_MM, self.step, self.step)
        steepness = np.maximum(np.sqrt(sum(slope * slope for slope in slopes)), 0.12)
        return folds, np.asarray(steepness, np.float32)

    @staticmethod
    def _unevenness(head: Head, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        reach = 15 + 6 * waves((x, y, z), 40, (head.seed, 3), 8)
        grain = waves((x, y, z), 12, (head.seed, 4), 20, 0.4)
        return reach, grain, waves((x, y, z), 30, (head.seed, 5), 8, 0.3)

    def window(self, z: float) -> Box:
        """Rows and columns of the slice that hold the head."""
        nearest = int(np.abs(self.heights - z).argmin())
        rows, columns = np.nonzero(self.fields.skin[nearest] < 5)
        if not len(rows):
            return slice(0, 0), slice(0, 0)
        scale = (self.frame.pixels - 1) / (self.fields.skin.shape[1] - 1)
        down, across = (
            slice(max(int((found.min() - 1) * scale), 0), min(int((found.max() + 1) * scale) + 1, self.frame.pixels))
            for found in (rows, columns)
        )
        return down, across

    def at(self, z: float, window: Box) -> Surfaces:
        """The fields of a window of the slice at scanner height ``z`` (mm)."""
        where = (z - float(self.heights[0])) / LATTICE_MM
        low = int(np.clip(where, 0, len(self.heights) - 2))
        part = np.float32(where - low)
        near = (f[low] + part * (f[low + 1] - f[low]) for f in self.fields)
        return Surfaces(*(stretched(field, self.frame.pixels, window) for field in near))


def _skin(x: Array, y: Array, z: Array, temporal: Array) -> Array:
    upright = np.where(z < 5, 5 + (z - 5) * (0.25 + 0.35 * ramp(y, -20, 40)), z)
    scalp = vault_distance(x, y, upright) - 11.5 - 3.5 * temporal
    face = (np.abs(x / 60) ** 3 + np.abs((y + 30) / 54) ** 3 + np.abs((z + 50) / 58) ** 3) ** (1 / 3)
    nose = np.sqrt((x / 15) ** 2 + ((y + 84) / 22) ** 2 + ((z + 54) / 26) ** 2)
    return np.asarray(np.minimum(np.minimum(scalp, (face - 1) * 54), (nose - 1) * 15), dtype=np.float32)


def _temporal(x: Array, y: Array, z: Array) -> Array:
    """Where the temporal muscle lies on the skull, 0–1."""
    return np.asarray(np.exp(-(((y + 18) / 28) ** 2) - ((z - 2) / 32) ** 2) * ramp(np.abs(x), 30, 55), np.float32)


def draw_head(
    head: Head, folding: Folding, z: float, tissue: Tissue, background: Array | None = None
) -> tuple[Canvas, Surfaces]:
    """The window of the slice at scanner height ``z`` (mm) that holds the head, free of noise, and its surfaces."""
    window = folding.window(z)
    s = folding.at(z, window)
    canvas = Canvas(folding.frame, head.pose, z, window, tissue.air if background is None else background[window])
    _scalp(canvas, s, tissue)
    draw_face(canvas, s.undulation, tissue)
    _skull(canvas, s, tissue)
    found = np.nonzero((s.cavity < 2).any(axis=1))[0], np.nonzero((s.cavity < 2).any(axis=0))[0]
    if len(found[0]):
        part = slice(found[0][0], found[0][-1] + 1), slice(found[1][0], found[1][-1] + 1)
        _fill(canvas, Surfaces(*(field[part] for field in s)), part, head, tissue)
    draw_base(canvas, s.grain, tissue)
    return canvas, s


def _fill(canvas: Canvas, s: Surfaces, part: Box, head: Head, tissue: Tissue) -> None:
    """What the skull holds, in the part of the canvas that its cavity takes up."""
    down, across = (
        slice(outer.start + cut.start, outer.start + cut.stop) for outer, cut in zip(canvas.window, part, strict=True)
    )
    brain = Canvas(canvas.frame, head.pose, canvas.z_mm, (down, across), tissue.fluid)
    placed = brain.x, brain.y, brain.z
    brain.x, brain.y, brain.z = press(*placed, head.wounds)
    _brain(brain, s, head, tissue)
    draw_depths(brain, head.atrophy, head.calcified, tissue)
    brain.x, brain.y, brain.z = placed
    draw_wounds(brain, head.wounds, s.grain, s.cavity, tissue)
    canvas.lay(brain.values, coverage(s.cavity + 0.4), part)


def _scalp(canvas: Canvas, s: Surfaces, tissue: Tissue) -> None:
    canvas.lay(tissue.skin, coverage(s.skin))
    canvas.lay(tissue.fat, coverage(s.skin + 2.0))
    # Under the subcutaneous fat: temporal muscle beside, galea on top.
    canvas.lay(tissue.muscle - 8, coverage(s.vault - 8.4 - 5 * s.temporal) * coverage(s.skin + 3.2))


def _skull(canvas: Canvas, s: Surfaces, tissue: Tissue) -> None:
    thickness = 6.2 + 1.4 * ramp(canvas.y, 60, 100) + 0.4 * s.undulation
    outer = s.vault - thickness
    spongy = np.abs(s.vault - thickness * 0.52) - (thickness * 0.23 + 0.5 * s.undulation)
    if canvas.z_mm < 20:
        # The side walls go on below the floor, to the ears and the nape.
        wall = 5 * ramp(canvas.y, -34, -12) + 21 * ramp(canvas.y, 5, 20)
        plate = 2.6 + 2.4 * ramp(canvas.y, 0, 20) + ramp(s.vault, -7, -1) * wall
        outer = np.maximum(outer, -plate - s.above)
        spongy = np.maximum(spongy, 1 - s.above)
    bone = coverage(outer)
    canvas.lay(tissue.bone, bone)
    canvas.lay(tissue.marrow * (1 + 0.15 * s.grain), coverage(spongy, 0.9) * bone)


def _brain(canvas: Canvas, s: Surfaces, head: Head, tissue: Tissue) -> None:
    x, y, z = canvas.x, canvas.y, canvas.z
    wide = 0.55 + 1.3 * head.atrophy
    surface = s.cavity + 1.2 + 1.6 * head.atrophy + 0.4 * s.grain
    for wound in head.wounds:
        surface = surface + wound.crescent(x, y, z)
    depth = -surface
    narrowing = np.clip(1.25 - depth / s.reach, 0.2, 1.2)
    sulcus = np.maximum(np.abs(s.folds) / s.steepness - wide * narrowing, depth - s.reach)
    tent = z - tent_height(x, y)
    gap = np.minimum(
        np.minimum(sulcus, depth), np.minimum(_midline(s, x, y, z, tent, wide), _sylvian(s, x, y, z, wide))
    )
    if canvas.z_mm < 45:
        gap = np.minimum(gap, np.abs(tent) + 20 * ramp(-y, -44, -30) - 1.0)
    tissue_here = coverage(-gap)
    canvas.lay(tissue.white, tissue_here)
    canvas.lay(tissue.grey, coverage(gap - 3.1, 0.9) * tissue_here)
    partition = coverage(np.abs(x) - 0.5, 0.6) * coverage(_outside_arch(y, z) * -1 + 5) * ramp(tent, -1, 2)
    canvas.lay(tissue.dura, partition * ramp(z + 0.25 * y, -2, 10))
    sinus = np.maximum(np.abs(x) - 3.4 * np.clip((s.vault + 8) / 6, 0, 1), -s.vault - 7)
    canvas.lay(tissue.blood, coverage(sinus) * ramp(z + 0.5 * y, 20, 34))


def _outside_arch(y: Array, z: Array) -> Array:
    """How far (mm) a point of the midline is outside the arch of the corpus callosum; inside negative."""
    level = np.sqrt(((y - 4) / 37) ** 2 + ((z - 5) / 22) ** 2)
    return np.asarray((level - 1) * 24, dtype=np.float32)


def _midline(s: Surfaces, x: Array, y: Array, z: Array, tent: Array, wide: float) -> Array:
    """Distance (mm) to the fluid of the interhemispheric fissure; its two banks are not quite straight."""
    bank = np.abs(x + 0.5 * s.grain) - 0.7 - wide * 0.6 * (1 + 0.5 * s.undulation)
    under = 30 * ramp(-tent, 0, 4) * ramp(y, 20, 40)
    return np.asarray(np.maximum(bank, -_outside_arch(y, z)) + under, dtype=np.float32)


def _sylvian(s: Surfaces, x: Array, y: Array, z: Array, wide: float) -> Array:
    """Distance (mm) to the fluid over the insula and in the cleft that opens from it to the side."""
    side = np.abs(x)
    taper = np.clip(1.3 - np.abs(y - 1) / 20, 0, 1)
    island = np.abs(side - (40.5 - 0.012 * (y - 4) ** 2 + 1.3 * s.grain)) - (0.4 + wide * 0.9) * taper
    island = np.maximum(island, np.maximum(np.abs(y - 1) - 22, np.abs(z - 3) - 15))
    cleft = np.abs(z + 5 - 0.42 * (y + 8) + 2.0 * s.grain) * 0.9 - 0.4 - wide * (1 + 0.5 * s.undulation)
    cleft = np.maximum(cleft, np.maximum(40 - side, np.abs(y - 6) - 30))
    return np.asarray(np.minimum(island, cleft), dtype=np.float32)
