"""The lower part of a drawn head: orbits, sinuses, ears and the bones of the skull base."""

import numpy as np

from consult.formats.phantom_shapes import Array, Box, Canvas, coverage, ellipsoid, ramp
from consult.formats.phantom_tissue import Tissue


def floor_height(x: Array, y: Array) -> Array:
    """The height (mm) of the inner skull base: three steps down from front to back, the petrous ridges between."""
    side = np.abs(x)
    roof = 11 * np.exp(-(((side - 28) / 15) ** 2) - ((y + 50) / 17) ** 2)
    front = -26 + 7 * ramp(y, -42, -24) + roof + 8 * np.exp(-((side / 3) ** 2) - ((y + 50) / 12) ** 2)
    beside = ramp(side, 11, 20)
    bowl = -46 + np.minimum(0.03 * (side - 37) ** 2 + 0.02 * (y + 8) ** 2, 18)
    middle = -25 * (1 - beside) + bowl * beside
    ridge_line = 8 + 0.5 * side
    ridge = 10 * np.exp(-(((y - ridge_line) / 8) ** 2)) * beside
    slope = -22 - 40 * ramp(y, 4, 40)
    behind = ramp(y - ridge_line, -5, 6) * beside + (1 - beside) * ramp(y, 0, 5)
    back = (-62 + 30 * ramp(y, 60, 106)) * beside + slope * (1 - beside)
    opening = -60 * np.exp(-(((side / 15) ** 2 + ((y - 40) / 16) ** 2) ** 2))
    rear = middle * (1 - behind) + back * behind + ridge
    forward = 1 - ramp(y + 0.15 * side, -27, -18)
    return np.asarray(front * forward + rear * (1 - forward) + opening, dtype=np.float32)


def draw_face(canvas: Canvas, undulation: Array, tissue: Tissue) -> None:
    """What lies in front of and under the skull: drawn before it."""
    if canvas.z_mm > 35:
        return
    canvas.blob(tissue.skin, (0, -86, -55), (12, 18, 24))
    canvas.pair(tissue.skin, (80, 26, -36), (3.5, 14, 26), turn=-12)
    canvas.pair(tissue.air, (81.5, 22, -38), (2.0, 6, 12), turn=-12)
    _muscles(canvas, undulation, tissue)
    canvas.rod(
        tissue.bone,
        [((48, -56, -26), 3.0), ((52, -48, -42), 3.4), ((62, -32, -48), 2.4), ((67, 0, -46), 2.6)],
        mirrored=True,
    )
    canvas.pair(tissue.bone, (52, 2, -54), (8, 4.5, 8))
    canvas.rod(tissue.bone, [((3, -76, -24), 3.0), ((4, -82, -42), 1.6)], mirrored=True)


def _muscles(canvas: Canvas, undulation: Array, tissue: Tissue) -> None:
    """The muscles of chewing in front, those of the neck behind, with planes of fat between them."""
    packed = np.asarray(tissue.muscle - 4 * undulation, dtype=np.float32)
    for centre, radii in (
        ((0, -20, -62), (44, 26, 30)),
        ((0, 64, -74), (66, 40, 36)),
        ((54, 52, -72), (18, 26, 22)),
        ((-54, 52, -72), (18, 26, 22)),
    ):
        box = canvas.box(centre, max(radii))
        if box is not None:
            canvas.lay(packed[box], coverage(ellipsoid(*canvas.near(box, centre), radii) + 2 * undulation[box]), box)
    canvas.pair(tissue.muscle, (57, -20, -44), (7, 24, 26), turn=-8)
    canvas.pair(tissue.muscle, (36, -14, -58), (11, 17, 22), turn=-20)
    canvas.rod(
        tissue.fat, [((48, -34, -70), 2.2), ((47, -10, -60), 2.0), ((46, -4, -46), 1.5)], mirrored=True, soft=1.5
    )
    canvas.blob(tissue.fat, (0, 84, -66), (0.9, 22, 30), soft=1.2)
    canvas.rod(tissue.fat, [((10, 80, -56), 1.0), ((34, 74, -58), 1.2), ((50, 62, -58), 1.0)], mirrored=True, soft=1.2)
    canvas.blob(tissue.air, (0, -8, -66), (13, 7, 12))


def draw_base(canvas: Canvas, grain: Array, tissue: Tissue) -> None:
    """The skull base and the spaces in it: drawn last."""
    if canvas.z_mm > 40:
        return
    _petrous(canvas, grain, tissue)
    _sinuses(canvas, grain, tissue)
    _orbits(canvas, tissue)


def _cells(canvas: Canvas, grain: Array, wavelength: float, box: Box) -> Array:
    """Walls between air cells, 0–1: where a quick pattern, bent by the grain, passes through zero."""
    k = 2 * np.pi / wavelength
    x, y, z = canvas.near(box, (0.0, 0.0, 0.0))
    pattern = np.sin(k * x + 1.6 * grain[box]) + np.sin(k * y - 1.3 * grain[box]) + np.sin(k * z + 1.1)
    return np.asarray(1 - ramp(np.abs(pattern), 0.25, 0.65), dtype=np.float32)


def _petrous(canvas: Canvas, grain: Array, tissue: Tissue) -> None:
    canvas.rod(
        tissue.bone,
        [((13, 9, -37), 5.0), ((28, 16, -35), 7.0), ((46, 27, -36), 9.5), ((57, 38, -42), 11)],
        mirrored=True,
    )
    canvas.pair(tissue.dense, (33, 21, -34), (6, 4, 4.5), turn=-30)
    canvas.rod(tissue.fluid, [((17, 24, -34), 2.4), ((27, 20, -34), 1.8)], mirrored=True)
    for side in (1, -1):
        for centre, radii in (((56 * side, 38, -44), (9, 12, 15)), ((47 * side, 30, -33), (5, 7, 5))):
            box = canvas.box(centre, max(radii))
            if box is not None:
                cover = coverage(ellipsoid(*canvas.near(box, centre), radii) + 0.8 * grain[box])
                air = tissue.air + (tissue.bone * 0.6 - tissue.air) * _cells(canvas, grain, 7.5, box)
                canvas.lay(air, cover, box)
    canvas.pair(tissue.air, (45, 17, -37), (3, 4.5, 6))
    canvas.pair(tissue.bone, (45.5, 18, -35), (1.0, 1.4, 2.0))
    canvas.rod(tissue.air, [((48, 16, -40), 2.8), ((62, 15, -42), 3.2), ((82, 16, -43), 4.0)], mirrored=True)


def _sinuses(canvas: Canvas, grain: Array, tissue: Tissue) -> None:
    canvas.blob(tissue.bone, (0, -72, -7), (27, 8, 17))
    canvas.blob(tissue.bone, (0, -8, -35), (18, 17, 10.5))
    canvas.rod(tissue.bone, [((6, 6, -27), 1.6), ((7, 5, -20), 1.5)], mirrored=True)
    canvas.rod(tissue.bone, [((-7, 5.5, -21), 1.5), ((7, 5.5, -21), 1.5)])
    canvas.rod(tissue.bone, [((20, -20, -22), 2.0), ((13, -8, -20), 1.8)], mirrored=True)
    spaces = (
        ((9, -72.5, -6), (11, 4.6, 11), False),
        ((-12, -72.5, -5), (10, 4.4, 13), False),
        ((8, -9, -35), (6.6, 11, 8), False),
        ((-7, -8, -34), (6.0, 12, 8.5), False),
        ((7, -44, -33), (5.6, 23, 14), True),
        ((-7, -44, -33), (5.6, 23, 14), True),
        ((30, -46, -64), (15, 18, 17), False),
        ((-30, -46, -64), (15, 18, 17), False),
        ((6, -54, -60), (4.5, 26, 14), False),
        ((-6, -54, -60), (4.5, 26, 14), False),
    )
    for centre, radii, divided in spaces:
        box = canvas.box(centre, max(radii))
        if box is not None:
            distance = ellipsoid(*canvas.near(box, centre), radii) + 0.6 * grain[box]
            canvas.lay(tissue.bone * 0.7, coverage(distance - 1.3), box)
            canvas.lay(tissue.muscle - 15, coverage(distance - 0.3), box)
            walls = _cells(canvas, grain, 10.0, box) if divided else 0.0
            canvas.lay(tissue.air + (tissue.bone * 0.35 - tissue.air) * walls, coverage(distance + 0.5), box)
    canvas.pair(tissue.muscle - 10, (8.5, -56, -60), (2.2, 18, 5))


def _orbits(canvas: Canvas, tissue: Tissue) -> None:
    canvas.rod(tissue.bone, [((31, -64, -31), 17.4), ((26.5, -46, -30), 14.6), ((13, -22, -28), 5.2)], mirrored=True)
    canvas.rod(tissue.fat + 8, [((31, -70, -31), 16.2), ((26.5, -46, -30), 13.2), ((13, -22, -28), 3.6)], mirrored=True)
    canvas.pair(tissue.skin, (31, -77, -31), (16, 3.6, 12))
    canvas.rod(tissue.muscle, [((20.5, -64, -31), 1.4), ((16.5, -46, -30), 2.5), ((12, -24, -28), 1.4)], mirrored=True)
    canvas.rod(tissue.muscle, [((43, -62, -31), 1.2), ((36, -44, -30), 2.4), ((15, -24, -28), 1.4)], mirrored=True)
    canvas.rod(tissue.muscle, [((31, -62, -18.6), 1.2), ((26, -46, -19.6), 2.2), ((14, -24, -25), 1.4)], mirrored=True)
    canvas.rod(tissue.muscle - 12, [((30, -51, -31), 2.2), ((22, -36, -30), 1.9), ((11, -18, -27), 1.9)], mirrored=True)
    canvas.pair(tissue.skin + 15, (31, -63, -31), (12.2, 12.2, 12.2))
    canvas.pair(tissue.eye, (31, -63, -31), (11.0, 11.0, 11.0))
    canvas.pair(tissue.lens, (31, -71.0, -31), (4.6, 2.0, 4.6))
