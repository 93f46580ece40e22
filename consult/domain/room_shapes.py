"""What a message of a room may look like: shapes that a value fits or not, and that tell their TypeScript type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Protocol

FARTHEST_MM = 100_000.0
LONGEST_UID = 64  # PS3.5 §9.1
NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")


class Shape(Protocol):
    """What a JSON value must be."""

    def fits(self, value: Any) -> bool:
        """Whether this value is of the shape."""
        ...

    @property
    def script(self) -> str:
        """The same as a TypeScript type."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a person: at least ``least``, at most ``most`` characters, none of which is half a character."""

    most: int
    least: int = 0

    def fits(self, value: Any) -> bool:
        """Whether it is such a text."""
        return (
            isinstance(value, str)
            and self.least <= len(value) <= self.most
            and "\0" not in value
            and value.isascii() | _whole(value)
        )

    @property
    def script(self) -> str:
        """TypeScript."""
        return "string"


def _whole(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


@dataclass(frozen=True, slots=True)
class Name:
    """A key that a program made: an id or a UID."""

    most: int = LONGEST_UID

    def fits(self, value: Any) -> bool:
        """Whether it is such a key."""
        return isinstance(value, str) and 0 < len(value) <= self.most and NAME.issuperset(value)

    @property
    def script(self) -> str:
        """TypeScript."""
        return "string"


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number within bounds."""

    least: float = -FARTHEST_MM
    most: float = FARTHEST_MM

    def fits(self, value: Any) -> bool:
        """Whether it is such a number; true and false are none."""
        kind = type(value)
        return (kind is float or kind is int) and self.least <= value <= self.most and isfinite(value)

    @property
    def script(self) -> str:
        """TypeScript."""
        return "number"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds."""

    least: int = 0
    most: int = 1_000_000

    def fits(self, value: Any) -> bool:
        """Whether it is such a number."""
        return type(value) is int and self.least <= value <= self.most

    @property
    def script(self) -> str:
        """TypeScript."""
        return "number"


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def fits(self, value: Any) -> bool:
        """Whether it is one of the two."""
        return isinstance(value, bool)

    @property
    def script(self) -> str:
        """TypeScript."""
        return "boolean"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words."""

    words: tuple[str, ...]

    def fits(self, value: Any) -> bool:
        """Whether it is among them."""
        return isinstance(value, str) and value in self.words

    @property
    def script(self) -> str:
        """TypeScript."""
        return " | ".join(f"'{word}'" for word in self.words)


@dataclass(frozen=True, slots=True)
class Many:
    """A list of what has one shape."""

    each: Shape
    most: int
    least: int = 0

    def fits(self, value: Any) -> bool:
        """Whether it is such a list."""
        return isinstance(value, list) and self.least <= len(value) <= self.most and all(map(self.each.fits, value))

    @property
    def script(self) -> str:
        """TypeScript; a list of a fixed length is a tuple."""
        if self.least == self.most:
            return f"[{', '.join([self.each.script] * self.most)}]"
        inner = self.each.script
        return f"({inner})[]" if "|" in inner else f"{inner}[]"


@dataclass(frozen=True, slots=True)
class Record:
    """Named values; ``asked`` must be there, ``may`` may, and nothing else."""

    asked: Mapping[str, Shape] = field(default_factory=dict[str, Shape])
    may: Mapping[str, Shape] = field(default_factory=dict[str, Shape])

    def fits(self, value: Any) -> bool:
        """Whether all that is asked is there, and all that is there fits."""
        if not isinstance(value, dict):
            return False
        asked, may, seen = self.asked, self.may, 0
        for name, each in value.items():
            shape = asked.get(name)
            if shape is not None:
                seen += 1
            else:
                shape = may.get(name)
            if shape is None or not shape.fits(each):
                return False
        return seen == len(asked)

    @property
    def script(self) -> str:
        """TypeScript."""
        told = [f"{name}: {shape.script}" for name, shape in self.asked.items()]
        told += [f"{name}?: {shape.script}" for name, shape in self.may.items()]
        return "{ " + "; ".join(told) + " }" if told else "Record<string, never>"


POINT = Many(Number(), 3, 3)
"""Patient coordinates in millimetres (LPS, PS3.3 §C.7.6.2.1.1)."""

IMAGE: Mapping[str, Shape] = {"study": Name(), "series": Name(), "sop": Name(), "frame": Whole()}
"""What is looked at: by UIDs and the frame from 0, never by pixels or by the viewer's own keys."""

CAMERA = Record(
    {"position": POINT, "focal_point": POINT, "view_up": POINT, "normal": POINT, "parallel_scale": Number(0)},
    {"flip_horizontal": Flag(), "flip_vertical": Flag(), "rotation": Number(-360, 360)},
)
WINDOW = Record({"center": Number(-1e9, 1e9), "width": Number(0, 1e9)}, {"invert": Flag(), "colours": Name()})
SLAB = Record({"thickness": Number(0, 1000), "blend": OneOf(("composite", "mip", "minip", "average"))})
FUSION = Record({"series": Name(), "opacity": Number(0, 1)}, {"window": WINDOW, "colours": Name()})
CINE = Record({"playing": Flag(), "rate": Number(0, 120)})
VIEW = Record(
    IMAGE,
    {"cell": Whole(0, 63), "frame_of_reference": Name(), "plane": OneOf(("acquired", "axial", "coronal", "sagittal")),
     "camera": CAMERA, "window": WINDOW, "slab": SLAB, "fusion": FUSION, "cine": CINE},
)  # fmt: skip
"""What one cell of the screen shows: enough to bring any other screen to the same picture, whatever its size."""

CELL = Record({}, {"study": Name(), "series": Name(), "plane": OneOf(("acquired", "axial", "coronal", "sagittal"))})
