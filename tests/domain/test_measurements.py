"""A measurement is kept only where its points, its values and its units agree."""

import math
from dataclasses import replace
from typing import Any

import pytest

from consult.domain.errors import Invalid
from consult.domain.measurements import (
    GEOMETRY,
    KINDS,
    LONGEST_LABEL,
    Kind,
    Measurement,
    Scale,
    Value,
    ValueName,
    checked,
    measurement_document,
    measurement_from,
)

SPACE = "1.2.3.9"
LENGTH = Measurement(
    Kind.LENGTH, "1.2.3", "1.2.3.1", "1.2.3.1.1", 1, SPACE,
    ((0.0, 0.0, 5.0), (30.0, 40.0, 5.0)), (Value(ValueName.LENGTH, 50.0, "mm"),), " 血肿长径 ", Scale.PATIENT,
)  # fmt: skip


def wrong(**changes: Any) -> str:
    with pytest.raises(Invalid) as refused:
        checked(replace(LENGTH, **changes))
    return refused.value.fields[0].field


def test_a_true_one_is_kept_with_its_words_trimmed_and_comes_back_from_its_document() -> None:
    kept = checked(LENGTH)
    assert kept == replace(LENGTH, label="血肿长径")
    assert measurement_from(measurement_document(kept)) == kept


def test_what_is_told_must_be_what_the_points_say() -> None:
    assert wrong(values=(Value(ValueName.LENGTH, 51.0, "mm"),)) == "values"
    checked(replace(LENGTH, values=(Value(ValueName.LENGTH, 50.04, "mm"),)))  # a display's rounding


def test_points_without_a_place_in_the_patient_are_columns_and_rows() -> None:
    flat = replace(LENGTH, frame_of_reference_uid="", points=((0.0, 0.0), (3.0, 4.0)), scale=Scale.DETECTOR)
    assert checked(flat).points == ((0.0, 0.0), (3.0, 4.0))
    assert wrong(frame_of_reference_uid="") == "points"
    assert wrong(points=((0.0, 0.0), (3.0, 4.0))) == "points"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("points", {"points": LENGTH.points[:1]}),
        ("points", {"points": ((0.0, 0.0, math.nan), LENGTH.points[1])}),
        ("points", {"points": ((0.0, 0.0, 1e9), LENGTH.points[1])}),
        ("values", {"values": (Value(ValueName.LENGTH, 50.0, "cm"),)}),
        ("values", {"values": (Value(ValueName.ANGLE, 50.0, "deg"),)}),
        ("values", {"values": LENGTH.values * 2}),
        ("frame", {"frame": 0}),
        ("sop_uid", {"sop_uid": "", "frame_of_reference_uid": "", "points": ((0.0, 0.0), (3.0, 4.0))}),
        ("label", {"label": "长" * (LONGEST_LABEL + 1)}),
        ("label", {"kind": Kind.TEXT, "points": LENGTH.points[:1], "values": (), "label": " "}),
    ],
)
def test_the_wrong_field_is_named(field: str, changes: dict[str, Any]) -> None:
    assert wrong(**changes) == field


def test_lines_and_areas_are_what_geometry_says() -> None:
    def says(kind: Kind, *points: tuple[float, float, float]) -> list[float]:
        return [round(each, 6) for each in GEOMETRY[kind](points).values()]

    assert says(Kind.ANGLE, (1, 0, 0), (0, 0, 0), (0, 1, 0)) == [90]
    assert says(Kind.COBB, (0, 0, 0), (1, 0, 0), (0, 0, 5), (-1, 0, 6)) == [45]  # whichever way the lines were drawn
    assert says(Kind.BIDIRECTIONAL, (0, 0, 0), (9, 0, 0), (0, 0, 0), (0, 4, 0)) == [9, 4]
    assert says(Kind.ELLIPSE, (0, -2, 0), (0, 2, 0), (-3, 0, 0), (3, 0, 0)) == [round(math.pi * 6, 6)]
    assert says(Kind.RECTANGLE, (0, 0, 0), (3, 0, 0), (0, 0, 4), (3, 0, 4)) == [12]
    assert says(Kind.FREEHAND, (0, 0, 7), (4, 0, 7), (4, 4, 7), (2, 1, 7), (0, 4, 7)) == [10]  # not convex
    assert says(Kind.CTR, (0, 0, 0), (12, 0, 0), (0, 0, 0), (24, 0, 0)) == [12, 24, 0.5]


def test_every_kind_says_only_what_it_may() -> None:
    for kind, row in GEOMETRY.items():
        points = tuple((float(n), float(n * n), 1.0) for n in range(KINDS[kind].least))
        assert set(row(points)) <= KINDS[kind].values
