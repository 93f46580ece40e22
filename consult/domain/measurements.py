"""What readers measure and mark on a case's images: kinds, values with their units, and what a true one looks like."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from consult.domain.cases import Case, State
from consult.domain.errors import FieldError, Invalid, Words
from consult.domain.people import Actor, Role

MOST = 500  # measurements of a case that were not deleted
LONGEST_LABEL = 200
FARTHEST = 100_000.0  # mm or pixels from the origin
READERS = (Role.REQUESTER, Role.APPROVER, Role.COORDINATOR, Role.SPECIALIST, Role.REVIEWER)
"""Who may measure where they see the images; others who see them only look."""

Point = tuple[float, ...]
"""Three numbers: LPS mm in the frame of reference. Two: column and row of the frame, the corner of the first pixel
0, 0 (PS3.3 C.18.6.1.1), where the image has no place in the patient."""


class Kind(StrEnum):
    """What was drawn."""

    LENGTH = "length"
    ANGLE = "angle"
    COBB = "cobb"
    BIDIRECTIONAL = "bidirectional"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"
    FREEHAND = "freehand"
    PROBE = "probe"
    ARROW = "arrow"
    TEXT = "text"
    SPINE = "spine"
    CTR = "ctr"


class ValueName(StrEnum):
    """What a number says."""

    LENGTH = "length"
    WIDTH = "width"
    ANGLE = "angle"
    AREA = "area"
    MEAN = "mean"
    SD = "sd"
    MIN = "min"
    MAX = "max"
    VALUE = "value"
    RATIO = "ratio"


class Scale(StrEnum):
    """Where the millimetres come from (PS3.3 §10.7.1.3): only the first two are true sizes in the patient."""

    PATIENT = "patient"
    CALIBRATED = "calibrated"
    DETECTOR = "detector"
    NONE = "none"


SCALES: Mapping[Scale, Words] = {
    Scale.PATIENT: Words("患者坐标", "patient coordinates"),
    Scale.CALIBRATED: Words("已校准", "calibrated"),
    Scale.DETECTOR: Words("未校准（探测器平面）", "not calibrated (detector plane)"),
    Scale.NONE: Words("未校准（像素）", "not calibrated (pixels)"),
}
SIZES = frozenset({"mm", "{pixel}"})
INTENSITIES = frozenset({"[hnsf'U]", "{SUVbw}g/ml", "Bq/ml", "1"})
UNITS: Mapping[ValueName, frozenset[str]] = {
    ValueName.LENGTH: SIZES,
    ValueName.WIDTH: SIZES,
    ValueName.ANGLE: frozenset({"deg"}),
    ValueName.AREA: frozenset({"mm2", "{pixel}"}),
    ValueName.MEAN: INTENSITIES,
    ValueName.SD: INTENSITIES,
    ValueName.MIN: INTENSITIES,
    ValueName.MAX: INTENSITIES,
    ValueName.VALUE: INTENSITIES,
    ValueName.RATIO: frozenset({"1"}),
}
"""The units in which each value may be told, in UCUM; ``1`` for stored values without a unit, pixels in braces."""

VALUE_NAMES: Mapping[ValueName, Words] = {
    ValueName.LENGTH: Words("长度", "length"),
    ValueName.WIDTH: Words("短径", "short axis"),
    ValueName.ANGLE: Words("角度", "angle"),
    ValueName.AREA: Words("面积", "area"),
    ValueName.MEAN: Words("均值", "mean"),
    ValueName.SD: Words("标准差", "SD"),
    ValueName.MIN: Words("最小值", "minimum"),
    ValueName.MAX: Words("最大值", "maximum"),
    ValueName.VALUE: Words("值", "value"),
    ValueName.RATIO: Words("比值", "ratio"),
}


class KindRow(NamedTuple):
    """A row of KINDS: its word, how many points it has, and which values it may tell."""

    label: Words
    least: int
    most: int
    values: frozenset[ValueName]


_STATISTICS = frozenset({ValueName.AREA, ValueName.MEAN, ValueName.SD, ValueName.MIN, ValueName.MAX})

KINDS: Mapping[Kind, KindRow] = {
    Kind.LENGTH: KindRow(Words("长度", "length"), 2, 2, frozenset({ValueName.LENGTH})),
    Kind.ANGLE: KindRow(Words("角度", "angle"), 3, 3, frozenset({ValueName.ANGLE})),
    Kind.COBB: KindRow(Words("Cobb 角", "Cobb angle"), 4, 4, frozenset({ValueName.ANGLE})),
    Kind.BIDIRECTIONAL: KindRow(
        Words("长短径", "long and short axis"), 4, 4, frozenset({ValueName.LENGTH, ValueName.WIDTH})
    ),
    Kind.ELLIPSE: KindRow(Words("椭圆 ROI", "ellipse"), 4, 4, _STATISTICS),
    Kind.RECTANGLE: KindRow(Words("矩形 ROI", "rectangle"), 4, 4, _STATISTICS),
    Kind.FREEHAND: KindRow(Words("手绘 ROI", "freehand"), 3, 4000, _STATISTICS),
    Kind.PROBE: KindRow(Words("点测", "probe"), 1, 1, frozenset({ValueName.VALUE})),
    Kind.ARROW: KindRow(Words("箭头", "arrow"), 2, 2, frozenset()),
    Kind.TEXT: KindRow(Words("文字", "text"), 1, 1, frozenset()),
    Kind.SPINE: KindRow(Words("椎体标记", "vertebra"), 1, 1, frozenset()),
    Kind.CTR: KindRow(
        Words("心胸比", "cardiothoracic ratio"), 4, 4, frozenset({ValueName.RATIO, ValueName.LENGTH, ValueName.WIDTH})
    ),
}
"""An ellipse is the ends of its two axes; a rectangle the corners at its origin, along, across and opposite; a Cobb
angle and a cardiothoracic ratio (heart, then chest) are two lines; an arrow begins at its head."""

WORDED = frozenset({Kind.TEXT, Kind.SPINE})
"""Kinds that are nothing without their words."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number with its UCUM unit."""

    name: ValueName
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was drawn and what it says; ``sop_uid`` is empty for one on a reformatted plane, ``frame`` counts from 1."""

    kind: Kind
    study_uid: str
    series_uid: str
    sop_uid: str
    frame: int
    frame_of_reference_uid: str
    points: tuple[Point, ...]
    values: tuple[Value, ...] = ()
    label: str = ""
    scale: Scale = Scale.NONE


class Deed(StrEnum):
    """What a version came about by."""

    ADDED = "added"
    CHANGED = "changed"
    DELETED = "deleted"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a measurement of a case: its author made the first and alone makes the next ones."""

    id: str
    case_id: str
    version: int
    deed: Deed
    author_id: str
    author_name: str
    author_site: str
    at: datetime
    measurement: Measurement

    @property
    def deleted(self) -> bool:
        """Whether it is shown no more."""
        return self.deed is Deed.DELETED


def may_measure(actor: Actor, case: Case) -> bool:
    """Whether whoever sees the images of this case may measure on them."""
    return actor.person_id is not None and actor.has_any(READERS) and case.state is not State.ENTERED_IN_ERROR


def checked(told: Measurement) -> Measurement:
    """The measurement, its words trimmed. Raises Invalid, which names every wrong field."""
    known = replace(told, label=told.label.strip())
    wrong = [*_wrong_place(known), *_wrong_points(known), *_wrong_values(known)]
    if known.kind in WORDED and not known.label:
        wrong.append(FieldError("label", Words("请填写文字。", "Write the words.")))
    if len(known.label) > LONGEST_LABEL:
        wrong.append(FieldError("label", Words("文字不能超过 200 字。", "At most 200 characters.")))
    if wrong:
        raise Invalid(wrong[0].sentence, wrong)
    return known


def _wrong_place(told: Measurement) -> list[FieldError]:
    wrong: list[FieldError] = []
    if told.frame < 1:
        wrong.append(FieldError("frame", Words("帧号从 1 开始。", "Frames count from 1.")))
    if not told.sop_uid and not told.frame_of_reference_uid:
        wrong.append(FieldError("sop_uid", Words("请指明在哪幅图像上测量。", "Say on which image it was measured.")))
    return wrong


def _wrong_points(told: Measurement) -> list[FieldError]:
    row = KINDS[told.kind]
    if not row.least <= len(told.points) <= row.most:
        return [FieldError("points", Words(f"{row.label.zh}的点数不对。", f"Wrong number of points: {row.label.en}."))]
    length = 3 if told.frame_of_reference_uid else 2
    if any(len(point) != length for point in told.points):
        zh = "有坐标系的点须为三维（毫米），无坐标系的须为列、行两个数。"
        return [FieldError("points", Words(zh, "Points are x, y, z in a frame of reference, else column and row."))]
    if not all(math.isfinite(each) and abs(each) <= FARTHEST for point in told.points for each in point):
        return [FieldError("points", Words("点的坐标无效。", "Coordinates are out of range."))]
    return []


def _wrong_values(told: Measurement) -> list[FieldError]:
    allowed, names = KINDS[told.kind].values, [value.name for value in told.values]
    if len(set(names)) != len(names) or not set(names) <= allowed:
        return [FieldError("values", Words("该测量没有这些数值。", "It has no such values."))]
    for value in told.values:
        if value.unit not in UNITS[value.name] or not math.isfinite(value.value):
            zh, en = VALUE_NAMES[value.name]
            return [FieldError("values", Words(f"{zh}的数值或单位无效。", f"Value or unit of {en} is not valid."))]
    return _against_geometry(told)


def _against_geometry(told: Measurement) -> list[FieldError]:
    """What is told must be what the points say, where they are millimetres in the patient."""
    row = GEOMETRY.get(told.kind)
    if row is None or not told.frame_of_reference_uid or len(told.points) < KINDS[told.kind].least:
        return []
    if any(len(point) != 3 for point in told.points):
        return []
    true = row(told.points)
    for value in told.values:
        due = true.get(value.name)
        if due is not None and not math.isclose(value.value, due, rel_tol=0.005, abs_tol=0.05):
            zh, en = VALUE_NAMES[value.name]
            return [FieldError("values", Words(f"{zh}与标注点不符。", f"The {en} is not that of the points."))]
    return []


def _between(a: Point, b: Point) -> tuple[float, ...]:
    return tuple(there - here for here, there in zip(a, b, strict=True))


def _turn(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """The angle between two directions, 0 to 180 degrees; 0 where one has no length."""
    across, along = math.hypot(*_cross(a, b)), sum(x * y for x, y in zip(a, b, strict=True))
    return math.degrees(math.atan2(across, along))


def _cross(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, float, float]:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _length(points: tuple[Point, ...]) -> dict[ValueName, float]:
    return {ValueName.LENGTH: math.dist(points[0], points[1])}


def _angle(points: tuple[Point, ...]) -> dict[ValueName, float]:
    return {ValueName.ANGLE: _turn(_between(points[1], points[0]), _between(points[1], points[2]))}


def _cobb(points: tuple[Point, ...]) -> dict[ValueName, float]:
    turned = _turn(_between(points[0], points[1]), _between(points[2], points[3]))
    return {ValueName.ANGLE: min(turned, 180 - turned)}


def _axes(points: tuple[Point, ...]) -> dict[ValueName, float]:
    return {ValueName.LENGTH: math.dist(points[0], points[1]), ValueName.WIDTH: math.dist(points[2], points[3])}


def _ellipse(points: tuple[Point, ...]) -> dict[ValueName, float]:
    return {ValueName.AREA: math.pi / 4 * math.dist(points[0], points[1]) * math.dist(points[2], points[3])}


def _rectangle(points: tuple[Point, ...]) -> dict[ValueName, float]:
    return {ValueName.AREA: math.dist(points[0], points[1]) * math.dist(points[0], points[2])}


def _polygon(points: tuple[Point, ...]) -> dict[ValueName, float]:
    """Half the length of the sum of cross products of a flat polygon's corners, taken from the first one."""
    arms = [_between(points[0], point) for point in points]
    crosses = [_cross(a, b) for a, b in pairwise(arms)]
    return {ValueName.AREA: math.hypot(*(sum(part) for part in zip(*crosses, strict=True))) / 2}


def _ratio(points: tuple[Point, ...]) -> dict[ValueName, float]:
    lines = _axes(points)
    if not lines[ValueName.WIDTH]:
        return lines
    return lines | {ValueName.RATIO: lines[ValueName.LENGTH] / lines[ValueName.WIDTH]}


GEOMETRY: Mapping[Kind, Callable[[tuple[Point, ...]], dict[ValueName, float]]] = {
    Kind.LENGTH: _length,
    Kind.ANGLE: _angle,
    Kind.COBB: _cobb,
    Kind.BIDIRECTIONAL: _axes,
    Kind.ELLIPSE: _ellipse,
    Kind.RECTANGLE: _rectangle,
    Kind.FREEHAND: _polygon,
    Kind.CTR: _ratio,
}
"""What points in millimetres say by themselves: mm, mm², degrees."""


def measurement_document(measurement: Measurement) -> dict[str, Any]:
    """The measurement as JSON values."""
    told = asdict(measurement)
    return told | {"points": [list(point) for point in measurement.points], "values": list(told["values"])}


def measurement_from(told: Mapping[str, Any]) -> Measurement:
    """The measurement that :func:`measurement_document` wrote."""
    return Measurement(
        Kind(told["kind"]),
        told["study_uid"],
        told["series_uid"],
        told["sop_uid"],
        told["frame"],
        told["frame_of_reference_uid"],
        tuple(tuple(float(each) for each in point) for point in told["points"]),
        tuple(Value(ValueName(each["name"]), float(each["value"]), each["unit"]) for each in told["values"]),
        told["label"],
        Scale(told["scale"]),
    )
