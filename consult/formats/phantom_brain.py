"""What lies in the depth of a drawn brain: ventricles, nuclei, stem and cerebellum, and what can go wrong there."""

from dataclasses import dataclass

import numpy as np

from consult.formats.phantom_shapes import Array, Canvas, Point, coverage, ellipsoid, ramp, turned
from consult.formats.phantom_tissue import Tissue


@dataclass(frozen=True)
class Wound:
    """A lesion: ``clot`` (a haematoma with swelling), ``shell`` (subdural) or ``scar`` (an old softening or plaque).

    ``centre`` and ``radii`` in mm, ``turn`` in degrees about z. A shell uses ``radii`` as its thickness (x) and its
    half extents along the inner skull (y, z).
    """

    kind: str
    centre: Point
    radii: Point
    turn: float = 0.0

    def crescent(self, x: Array, y: Array, z: Array) -> Array:
        """How far (mm) a subdural collection pushes the brain's surface in; 0 for other wounds."""
        if self.kind != "shell":
            return np.zeros_like(x)
        side = ramp(x * np.sign(self.centre[0]), 2, 12)
        along = ((y - self.centre[1]) / self.radii[1]) ** 2 + ((z - self.centre[2]) / self.radii[2]) ** 2
        return np.asarray(self.radii[0] * side * np.clip(1.15 - along, 0, 1) ** 0.7, dtype=np.float32)


def press(x: Array, y: Array, z: Array, wounds: tuple[Wound, ...]) -> tuple[Array, Array, Array]:
    """Where tissue now at a point was before the wounds pushed it aside (mm)."""
    for wound in wounds:
        if wound.kind == "clot":
            dx, dy, dz = x - wound.centre[0], y - wound.centre[1], z - wound.centre[2]
            size = float(np.prod(wound.radii)) ** (1 / 3)
            away = np.sqrt(dx * dx + dy * dy + dz * dz)
            # Tissue that does not give moves by r³/3d²; it has faded before the skull.
            move = 0.45 * size * np.exp(-((away / (2.0 * size)) ** 2))
            pull = 1 - move / (away + 3)
            x, y, z = wound.centre[0] + dx * pull, wound.centre[1] + dy * pull, wound.centre[2] + dz * pull
        elif wound.kind == "shell":
            reach = np.exp(-((x / 40) ** 2) - ((y - wound.centre[1]) / 50) ** 2 - ((z - wound.centre[2]) / 45) ** 2)
            x = x + np.float32(np.sign(wound.centre[0]) * 0.6 * wound.radii[0]) * reach
    return x, y, z


def tent_height(x: Array, y: Array) -> Array:
    """The height (mm) of the tentorium over a point."""
    return np.asarray(8 - 0.27 * (y - 40) - 0.42 * np.abs(x), dtype=np.float32)


def draw_depths(canvas: Canvas, atrophy: float, calcified: bool, tissue: Tissue) -> None:
    """Everything under the cortex, from the outside in."""
    _white_core(canvas, tissue)
    _cisterns(canvas, tissue)
    _hind(canvas, tissue)
    _nuclei(canvas, tissue)
    _ventricles(canvas, 1 + 0.55 * atrophy, tissue)
    _after(canvas, calcified, tissue)
    _vessels(canvas, tissue)


def _white_core(canvas: Canvas, tissue: Tissue) -> None:
    """The deep white matter, the callosal arch and the capsules, into which no sulcus reaches."""
    canvas.pair(tissue.white, (21, -2, 12), (15, 32, 20), turn=-6, soft=3)
    canvas.pair(tissue.white, (24, 30, 14), (12, 26, 16), turn=12, soft=3)
    canvas.blob(tissue.white, (0, -29, 4), (13, 6, 9), soft=1.5)
    canvas.blob(tissue.white, (0, 38, 11), (15, 6, 8), soft=1.5)
    canvas.blob(tissue.white, (0, 4, 25), (12, 30, 4), soft=1.5)


def _cisterns(canvas: Canvas, tissue: Tissue) -> None:
    canvas.blob(tissue.fluid, (0, 21, -12), (19.5, 16, 13), soft=1.2)
    canvas.blob(tissue.fluid, (0, 18, -34), (26, 20, 28), soft=1.2)
    canvas.blob(tissue.fluid, (0, -4, -17), (13, 12, 7), soft=1.2)
    canvas.blob(tissue.fluid, (0, 40, -2), (13, 6, 7), soft=1.2)
    canvas.rod(tissue.fluid, [((8, -7, -15), 3.0), ((24, -11, -13), 2.2), ((36, -14, -9), 2.6)], mirrored=True)
    canvas.blob(tissue.fluid, (0, 88, -46), (14, 12, 8), soft=1.5)


def _hind(canvas: Canvas, tissue: Tissue) -> None:
    """Midbrain, pons, medulla and the cerebellum with its leaves."""
    if canvas.z_mm > 45:
        return
    leaf = 0.5 + 0.5 * np.cos(
        (canvas.z * 0.8 + np.abs(canvas.y - 60) * 0.55 + 0.25 * np.abs(canvas.x)) * (2 * np.pi / 5)
    )
    cortex = np.asarray(tissue.grey + (tissue.fluid - tissue.grey) * 0.16 * leaf, dtype=np.float32)
    under = coverage(canvas.z - tent_height(canvas.x, canvas.y) + 1.6, 1.0)
    for centre, radii in (((26, 62, -32), (30, 33, 25)), ((-26, 62, -32), (30, 33, 25)), ((0, 62, -22), (16, 30, 26))):
        box = canvas.box(centre, max(radii))
        if box is not None:
            distance = ellipsoid(*canvas.near(box, centre), radii)
            canvas.lay(cortex[box], coverage(distance) * under[box], box)
            canvas.lay(tissue.white + 3, coverage(distance + 9, 2.5) * under[box], box)
    canvas.blob(tissue.grey, (0, 62, -24), (5, 24, 20), soft=1.2)
    canvas.pair(tissue.white + 3, (17, 36, -30), (9, 14, 8), turn=-35, soft=1.5)
    canvas.blob(tissue.stem, (0, 22, -11), (9, 11, 12), soft=1.0)
    canvas.pair(tissue.stem, (9, 15, -11), (7, 10, 10), turn=25, soft=1.0)
    canvas.blob(tissue.stem, (0, 32, -7), (11, 6, 7), soft=1.0)
    canvas.blob(tissue.stem, (0, 22, -28), (18, 13, 14), soft=1.0)
    canvas.rod(tissue.stem, [((0, 27, -38), 9.5), ((0, 34, -52), 7.5), ((0, 39, -70), 6.5)], soft=1.0)


def _nuclei(canvas: Canvas, tissue: Tissue) -> None:
    canvas.pair(tissue.grey, (35.5, -1, 2), (1.9, 19, 14), soft=0.9)
    canvas.pair(tissue.deep, (32.0, -2, 2), (0.7, 15, 10), soft=0.6)
    canvas.pair(tissue.deep, (25.5, -1, 3), (5.2, 16, 10), turn=-14, soft=1.0)
    canvas.pair(tissue.pallidum, (19.5, 2, 0), (3.6, 9, 7), turn=-24, soft=1.0)
    canvas.pair(tissue.deep, (10.5, 16, 8), (8.5, 15, 9), turn=-22, soft=1.0)


def _ventricles(canvas: Canvas, wide: float, tissue: Tissue) -> None:
    canvas.pair(tissue.fluid, (7.8, -16, 11), (6.2 * wide, 17, 9), turn=14)
    paths = (
        [((7, -10, 18), 5.2), ((8, 6, 23), 5.4), ((13, 24, 22), 5.6), ((24, 39, 11), 6.6), ((26, 44, 6), 6.2)],
        [((25, 42, 8), 6.0), ((24, 56, 4), 3.4), ((22, 66, 3), 1.6)],
        [((27, 40, 4), 4.2), ((34, 25, -8), 2.6), ((31, 6, -14), 1.8)],
    )
    for path in paths:
        canvas.rod(tissue.fluid, [(point, radius * wide) for point, radius in path], mirrored=True)
    canvas.blob(tissue.fluid, (0, 9, 0), (2.0 * wide, 16, 11), soft=0.8)
    canvas.blob(tissue.fluid, (0, 45, -29), (8 * wide, 4.5, 8))
    canvas.rod(tissue.fluid, [((0, 27, -3), 1.1), ((0, 33, -14), 1.1), ((0, 42, -24), 2.0)])


def _after(canvas: Canvas, calcified: bool, tissue: Tissue) -> None:
    """What lies over the ventricles: caudate, septum, plexus, pineal."""
    canvas.pair(tissue.deep, (14.5, -14, 7), (4.8, 11, 9), turn=8, soft=0.9)
    canvas.rod(tissue.deep, [((15, -4, 17), 3.0), ((17.5, 10, 20), 2.4), ((22, 24, 17), 1.8)], mirrored=True)
    canvas.blob(tissue.white, (0, -13, 10), (0.8, 15, 9), soft=0.6)
    canvas.pair(tissue.blood - 8, (25, 43, 7), (2.6, 5, 3.4), turn=20, soft=1.0)
    canvas.blob(tissue.grey, (0, 31, 1), (3, 4, 3))
    if calcified:
        canvas.pair(tissue.calcium, (24.5, 43.5, 7), (1.5, 2.6, 2.2), turn=20, soft=1.0)
        canvas.blob(tissue.calcium, (0.4, 31.5, 1), (1.7, 2.0, 1.6), soft=0.9)
        canvas.pair(tissue.deep + 35, (19, 1, -1), (1.2, 2.5, 1.5), soft=1.2)


def _vessels(canvas: Canvas, tissue: Tissue) -> None:
    wall = tissue.blood - 8
    canvas.rod(
        wall, [((7, -6, -15), 1.6), ((18, -9, -13), 1.4), ((30, -11, -11), 1.2), ((38, -6, -6), 0.9)], mirrored=True
    )
    canvas.rod(wall, [((0, 6, -18), 1.7), ((0, 7, -28), 1.8), ((0, 13, -40), 1.8)])
    canvas.rod(wall, [((2, -10, -14), 1.0), ((1.5, -22, -8), 1.0), ((1.2, -36, 6), 0.8)], mirrored=True)
    canvas.rod(tissue.blood, [((0, 44, 8), 1.6), ((0, 70, 1), 1.8), ((0, 96, -6), 2.4)])
    canvas.rod(tissue.blood, [((4, 100, -12), 3.2), ((40, 84, -16), 3.0), ((58, 56, -20), 3.0)], mirrored=True)


def draw_wounds(canvas: Canvas, wounds: tuple[Wound, ...], grain: Array, cavity: Array, tissue: Tissue) -> None:
    """The lesions themselves, in the place that ``press`` has made for them."""
    for wound in wounds:
        if wound.kind == "shell":
            crescent = wound.crescent(canvas.x, canvas.y, canvas.z)
            cover = coverage(cavity + 0.6) * coverage(-(cavity + crescent + 0.6)) * ramp(crescent, 0.2, 1.5)
            canvas.lay(tissue.clot - 6 + 3 * grain, cover)
            continue
        box = canvas.box(wound.centre, max(wound.radii) + 10)
        if box is None:
            continue
        x, y, z = turned(*canvas.near(box, wound.centre), wound.turn, 0)
        edge = ellipsoid(x, y, z, wound.radii) + 1.3 * grain[box]
        if wound.kind == "clot":
            canvas.lay(tissue.swelling, coverage(edge - 5.0 - 1.5 * grain[box], 2.2) * 0.9, box)
            canvas.lay(tissue.clot + 3.0 * grain[box] - 6 * ramp(edge, -3, 0), coverage(edge, 0.9), box)
        else:
            canvas.lay(tissue.scar, coverage(edge, 1.0), box)
