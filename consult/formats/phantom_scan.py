"""What a scanner makes of a drawn head: blur, hardened beam and grain, and the thin, thick and MR reconstructions."""

from collections.abc import Iterator

import numpy as np

from consult.formats.phantom_head import Folding, Head, Surfaces, draw_head
from consult.formats.phantom_shapes import Array, Canvas, Frame, blurred, coverage
from consult.formats.phantom_tissue import CT, T2


def headrest(frame: Frame) -> Array:
    """Air with the carved rest that the head lies on (HU): a thin shell filled with foam."""
    x, y = frame.axis[None, :], frame.axis[:, None]
    away = np.sqrt(x * x + ((y + 6) * 0.92) ** 2) - 111
    image = np.full((frame.pixels, frame.pixels), CT.air, dtype=np.float32)
    cradle = coverage(20 - y - 0.15 * np.abs(x))
    image += cradle * coverage(np.abs(away) - 4.0) * np.float32(90)
    image += cradle * coverage(np.abs(np.abs(away) - 4.0) - 0.5) * np.float32(760)
    return image


def ct_slices(head: Head, frame: Frame, heights: Array, noise: float, seed: int) -> Iterator[Array]:
    """Slices (HU) at scanner heights (mm), with noise of about ``noise`` HU in their middle."""
    folding, rest = Folding(head, frame), headrest(frame)
    rng = np.random.default_rng((seed, 77))
    noises = Grain(rng, frame.pixels)
    x2, y2 = frame.axis[None, :] ** 2, frame.axis[:, None] ** 2
    across = np.clip(1.25 - (x2 + y2) / 115.0**2, 0.3, 1.1).astype(np.float32)
    for z in heights:
        canvas, surfaces = draw_head(head, folding, float(z), CT, rest)
        image = rest.copy()
        image[canvas.window] = _hardened(canvas, surfaces)
        # Bone at the ears starves the detector: more noise, and streaks from side to side.
        ears = float(np.exp(-((((z - head.pose.shift[2]) + 36) / 12) ** 2)))
        grain = noises.piece() * np.float32(noise * (1 + 0.35 * ears))
        grain += rng.standard_normal((frame.pixels, 1), dtype=np.float32) * np.float32(0.2 + 1.1 * ears)
        image += grain * across
        yield image


def _hardened(canvas: Canvas, s: Surfaces) -> Array:
    """The drawn window blurred, brighter under the skull, and dark between the petrous bones."""
    image = blurred(canvas.values)
    inside = coverage(s.cavity, 1.0)
    image += inside * (5.0 * np.exp(np.minimum(s.cavity, 0) / np.float32(7)) - 1.0)
    if canvas.z_mm < 10:
        ears = np.exp(-(((canvas.z + 34) / 12) ** 2))
        between = np.exp(-(((canvas.y - 22 - 0.2 * np.abs(canvas.x)) / 5) ** 2)) * coverage(np.abs(canvas.x) - 36, 6)
        image -= inside * (9.0 * ears * between)
    return image


class Grain:
    """Noise with the texture of a reconstruction: mean 0, deviation 1, its slow part taken away.

    One field is filtered; each slice gets another piece of it, turned over at random.
    """

    def __init__(self, rng: np.random.Generator, pixels: int) -> None:
        self.rng, self.pixels, self.side = rng, pixels, 2 * pixels + 256
        fine = blurred(rng.standard_normal((self.side, self.side), dtype=np.float32))
        fine -= np.float32(0.55) * blurred(blurred(fine))
        self.field: Array = fine / np.float32(fine.std())

    def piece(self) -> Array:
        """The noise of one more slice."""
        top, left = self.rng.integers(0, self.side - self.pixels, 2)
        piece = self.field[top : top + self.pixels, left : left + self.pixels]
        down, along, sign = self.rng.choice((-1, 1), 3)
        return piece[::down, ::along] * np.float32(sign)


def averaged(slices: Iterator[Array], group: int) -> Iterator[Array]:
    """Thick slices: the mean of each ``group`` of thin ones; a shorter rest at the end is left out."""
    held: list[Array] = []
    for image in slices:
        held.append(image)
        if len(held) == group:
            yield np.asarray(np.mean(held, axis=0), dtype=np.float32)
            held = []


def t2_slices(head: Head, frame: Frame, heights: Array, seed: int) -> Iterator[Array]:
    """T2-weighted slices (signal ≥ 0): the mean of four planes each, coil shading, and Rician noise."""
    folding = Folding(head, frame)
    rng = np.random.default_rng((seed, 78))
    shading = 1 + 0.16 * (frame.axis[:, None] / 100) ** 2 + 0.08 * (frame.axis[None, :] / 80) ** 2
    for z in heights:
        total = np.full((frame.pixels, frame.pixels), T2.air, dtype=np.float32)
        for near in (-1.8, -0.6, 0.6, 1.8):
            canvas, _ = draw_head(head, folding, float(z) + near, T2)
            total[canvas.window] += (blurred(canvas.values) - T2.air) / 4
        real, imaginary = (rng.standard_normal((2, frame.pixels, frame.pixels), dtype=np.float32) * 9).astype(
            np.float32
        )
        yield np.asarray(np.sqrt((total * shading + real) ** 2 + imaginary**2), dtype=np.float32)
