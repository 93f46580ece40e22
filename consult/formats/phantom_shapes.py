"""Soft solids painted into one slice at a time, so that a drawn body has a scanner's edges and stays quick to draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # of float32; the arithmetic's stubs widen it to float64
Point = tuple[float, float, float]
Box = tuple[slice, slice]

SOFT_MM = 0.7  # half the width of an edge, about what a soft reconstruction kernel leaves


@dataclass(frozen=True)
class Pose:
    """How a body lies in the scanner: shift in mm (LPS), yaw, pitch and roll in degrees, and size against the norm."""

    shift: Point = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    size: float = 1.0

    @cached_property
    def turn(self) -> NDArray[np.float64]:
        """The rotation from scanner to body axes, 3 × 3."""
        yaw, pitch, roll = np.radians([self.yaw, self.pitch, self.roll])
        about_z = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
        about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        about_y = np.array([[np.cos(roll), 0, np.sin(roll)], [0, 1, 0], [-np.sin(roll), 0, np.cos(roll)]])
        return np.asarray(about_y @ about_x @ about_z)  # body = turn · scanner

    def to_body(self, x: Array, y: Array, z: Array | float) -> tuple[Array, Array, Array]:
        """Body coordinates (mm) of scanner coordinates (mm), both LPS."""
        turn = self.turn / self.size
        x, y, z = x - self.shift[0], y - self.shift[1], z - self.shift[2]
        bx, by, bz = (np.asarray(row[0] * x + row[1] * y + row[2] * z, dtype=np.float32) for row in turn)
        return bx, by, bz

    def to_scanner(self, point: Point) -> Point:
        """Where a body point (mm) lies in the scanner (mm)."""
        (a, b, c), (d, e, f), (g, h, i) = self._back
        x, y, z = point
        return (
            a * x + b * y + c * z + self.shift[0],
            d * x + e * y + f * z + self.shift[1],
            g * x + h * y + i * z + self.shift[2],
        )

    @cached_property
    def _back(self) -> list[list[float]]:
        back: list[list[float]] = (self.turn.T * self.size).tolist()
        return back


STRAIGHT = Pose()


def coverage(distance: Array, soft: float = SOFT_MM) -> Array:
    """How much of each pixel a solid covers, 0–1, from the signed distance to its surface (mm, inside negative)."""
    return np.asarray(np.clip(0.5 - distance / (2 * soft), 0, 1), dtype=np.float32)


def ramp(values: Array, start: float, end: float) -> Array:
    """A smooth step from 0 at ``start`` to 1 at ``end``."""
    t = np.clip((values - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def ellipsoid(x: Array, y: Array, z: Array, radii: Point) -> Array:
    """Signed distance (mm, near the surface) to an ellipsoid about the origin."""
    a, b, c = radii
    xx, yy, zz = x * x, y * y, z * z
    inside = np.sqrt(xx / (a * a) + yy / (b * b) + zz / (c * c)) + np.float32(1e-6)
    slope = np.sqrt(xx / a**4 + yy / b**4 + zz / c**4) + np.float32(1e-6)
    return np.asarray(inside * (inside - 1) / slope, dtype=np.float32)


def capsule(x: Array, y: Array, z: Array, start: Point, end: Point, radii: tuple[float, float]) -> Array:
    """Signed distance (mm) to a rod whose radius runs from the first to the second value along its axis."""
    dx, dy, dz = (b - a for a, b in zip(start, end, strict=True))
    square = dx * dx + dy * dy + dz * dz
    px, py, pz = x - start[0], y - start[1], z - start[2]
    t = np.clip(px * (dx / square) + py * (dy / square) + pz * (dz / square), 0, 1)
    px -= t * dx
    py -= t * dy
    pz -= t * dz
    away = np.sqrt(px * px + py * py + pz * pz)
    return np.asarray(away - (radii[0] + t * (radii[1] - radii[0])), dtype=np.float32)


def waves(
    q: tuple[Array, Array, Array], length: float, seed: Sequence[int], count: int = 40, spread: float = 0.15
) -> Array:
    """A smooth random field over points ``q`` (mm) with structures of about ``length`` mm; mean 0, deviation 1."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    k = directions * (2 * np.pi / length) * rng.uniform(1 - spread, 1 + spread, (count, 1))
    total = np.zeros(q[0].shape, dtype=np.float32)
    for (kx, ky, kz), phase in zip(k.astype(np.float32), rng.uniform(0, 2 * np.pi, count), strict=True):
        total += np.cos(kx * q[0] + ky * q[1] + kz * q[2] + np.float32(phase))
    return np.asarray(total * np.float32(np.sqrt(2 / count)), dtype=np.float32)


def blurred(image: Array) -> Array:
    """The image under a 1-2-1 kernel in both directions; edges repeat, and what is empty stays so."""
    if image.size == 0:
        return image
    for axis in (0, 1):
        padded = np.pad(image, [(1, 1) if a == axis else (0, 0) for a in range(2)], mode="edge")
        middle = padded[1:-1] if axis == 0 else padded[:, 1:-1]
        before, after = (padded[:-2], padded[2:]) if axis == 0 else (padded[:, :-2], padded[:, 2:])
        image = np.float32(0.5) * middle + np.float32(0.25) * (before + after)
    return np.asarray(image, dtype=np.float32)


@lru_cache(maxsize=8)
def _between(fine: int, coarse: int) -> tuple[NDArray[np.int64], Array]:
    """For each fine sample the coarse one before it and how far it is on the way to the next, 0–1."""
    where = np.linspace(0, coarse - 1, fine)
    low = np.minimum(where.astype(np.int64), coarse - 2)
    return low, np.asarray(where - low, dtype=np.float32)


def stretched(coarse: Array, fine: int, window: Box) -> Array:
    """A window of a square coarse raster stretched to ``fine`` × ``fine`` samples, linearly, ends on ends.

    Not a matrix product: that would keep every core busy and round differently from machine to machine.
    """
    low, part = _between(fine, coarse.shape[0])
    rows, down = low[window[0]], part[window[0], None]
    columns, along = low[window[1]], part[window[1]]
    tall = coarse[rows] + down * (coarse[rows + 1] - coarse[rows])
    left: Array = tall.take(columns, axis=1)
    left += along * (tall.take(columns + 1, axis=1) - left)
    return left


@dataclass(frozen=True)
class Frame:
    """The raster of a slice: square, ``pixels`` wide, ``spacing`` mm, centred on the scanner's axis."""

    pixels: int
    spacing: float

    @cached_property
    def axis(self) -> Array:
        """Scanner coordinates (mm) of the pixels along either side."""
        return ((np.arange(self.pixels) - (self.pixels - 1) / 2) * self.spacing).astype(np.float32)

    def span(self, x: float, y: float, reach: float) -> Box:
        """Rows and columns within ``reach`` mm of a scanner point, kept inside the frame."""
        middle = (self.pixels - 1) / 2
        edges = [int(middle + (at + side) / self.spacing) for at in (y, x) for side in (-reach, reach)]
        top, bottom, left, right = (min(max(edge, 0), self.pixels) for edge in edges)
        return slice(top, bottom), slice(left, right)


class Canvas:
    """A window of one axial slice being painted: body coordinates of each pixel (mm) and the values so far."""

    def __init__(self, frame: Frame, pose: Pose, z: float, window: Box, background: Array | float) -> None:
        self.frame, self.pose, self.z_mm, self.window = frame, pose, z, window
        self.scanner_x, self.scanner_y = frame.axis[None, window[1]], frame.axis[window[0], None]
        self.x, self.y, self.z = pose.to_body(self.scanner_x, self.scanner_y, z)
        self.values = np.empty(self.x.shape, dtype=np.float32)
        self.values[:] = background

    def box(self, centre: Point, reach: float) -> Box | None:
        """Rows and columns within ``reach`` mm of a body point, or None where this slice does not come near it."""
        x, y, z = self.pose.to_scanner(centre)
        reach = reach * self.pose.size + 4
        if abs(z - self.z_mm) > reach:
            return None
        found = self.frame.span(x, y, reach)
        rows, columns = (
            slice(max(part.start - frame.start, 0), max(min(part.stop, frame.stop) - frame.start, 0))
            for part, frame in zip(found, self.window, strict=True)
        )
        return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None

    def near(self, box: Box, centre: Point) -> tuple[Array, Array, Array]:
        """Body coordinates in a box, measured from a point."""
        return self.x[box] - centre[0], self.y[box] - centre[1], self.z[box] - centre[2]

    def lay(self, value: float | Array, cover: Array, box: Box | None = None) -> None:
        """Cover pixels with a value (a tissue's, or one for each pixel) by a fraction of 0–1."""
        part = self.values if box is None else self.values[box]
        part += cover * (value - part)

    def blob(
        self,
        value: float | Array,
        centre: Point,
        radii: Point,
        turn: float = 0.0,
        tilt: float = 0.0,
        soft: float = SOFT_MM,
    ) -> None:
        """An ellipsoid; ``turn`` (about z) and ``tilt`` (about x) in degrees."""
        box = self.box(centre, max(radii))
        if box is not None:
            x, y, z = turned(*self.near(box, centre), turn, tilt)
            self.lay(value, coverage(ellipsoid(x, y, z, radii), soft), box)

    def pair(
        self,
        value: float | Array,
        centre: Point,
        radii: Point,
        turn: float = 0.0,
        tilt: float = 0.0,
        soft: float = SOFT_MM,
    ) -> None:
        """The same ellipsoid on the left (x > 0, as given) and mirrored on the right."""
        self.blob(value, centre, radii, turn, tilt, soft)
        self.blob(value, (-centre[0], centre[1], centre[2]), radii, -turn, tilt, soft)

    def rod(
        self, value: float, path: Sequence[tuple[Point, float]], soft: float = SOFT_MM, mirrored: bool = False
    ) -> None:
        """A bent tube through points with radii (mm); ``mirrored`` draws it on both sides."""
        for (start, r0), (end, r1) in pairwise(path):
            for side in (1, -1) if mirrored else (1,):
                a, b = (side * start[0], start[1], start[2]), (side * end[0], end[1], end[2])
                middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
                box = self.box(middle, math.dist(a, b) / 2 + max(r0, r1))
                if box is not None:
                    x, y, z = self.near(box, (0.0, 0.0, 0.0))
                    self.lay(value, coverage(capsule(x, y, z, a, b, (r0, r1)), soft), box)


def turned(x: Array, y: Array, z: Array, turn: float, tilt: float) -> tuple[Array, Array, Array]:
    """Coordinates turned about z, then about x, both in degrees."""
    if turn:
        c, s = np.float32(np.cos(np.radians(turn))), np.float32(np.sin(np.radians(turn)))
        x, y = c * x + s * y, -s * x + c * y
    if tilt:
        c, s = np.float32(np.cos(np.radians(tilt))), np.float32(np.sin(np.radians(tilt)))
        y, z = c * y + s * z, -s * y + c * z
    return x, y, z
