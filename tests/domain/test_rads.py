"""The scoring systems give what their published tables give, and ask for what is missing."""

import itertools

import pytest

from consult.domain.errors import Invalid
from consult.domain.rads import RADS, grade


def lung(kind: str, size: float, change: str = "baseline", core: float = 0, suspicious: str = "no") -> str:
    answers = {"kind": kind, "size": str(size), "core": str(core), "change": change, "suspicious": suspicious}
    return grade("lung-rads", answers).category


@pytest.mark.parametrize(
    ("category", "told"),
    [
        ("1", lung("none", 0)),
        ("1", lung("benign", 20)),
        ("2", lung("solid", 5.9)),
        ("3", lung("solid", 6)),
        ("4A", lung("solid", 8)),
        ("4B", lung("solid", 15)),
        ("2", lung("solid", 3.9, "new")),
        ("3", lung("solid", 4, "new")),
        ("4A", lung("solid", 6, "new")),
        ("4B", lung("solid", 8, "new")),
        ("4A", lung("solid", 7, "growing")),
        ("4B", lung("solid", 8, "growing")),
        ("2", lung("solid", 7, "stable")),
        ("3", lung("solid", 9, "stable")),
        ("2", lung("part_solid", 5, core=3)),
        ("3", lung("part_solid", 9, core=5)),
        ("4A", lung("part_solid", 9, core=6)),
        ("4B", lung("part_solid", 12, core=8)),
        ("4A", lung("part_solid", 9, "growing", core=3)),
        ("4B", lung("part_solid", 9, "growing", core=4)),
        ("2", lung("ground_glass", 29)),
        ("3", lung("ground_glass", 30)),
        ("2", lung("ground_glass", 31, "stable")),
        ("4X", lung("solid", 9, suspicious="yes")),
    ],
)
def test_lung_rads_2022(category: str, told: str) -> None:
    assert told == category


@pytest.mark.parametrize(
    ("zone", "t2", "dwi", "dce", "category"),
    [
        ("peripheral", 5, 2, "positive", "2"),
        ("peripheral", 2, 3, "negative", "3"),
        ("peripheral", 2, 3, "positive", "4"),
        ("peripheral", 2, 5, "negative", "5"),
        ("transition", 1, 5, "positive", "1"),
        ("transition", 2, 3, "positive", "2"),
        ("transition", 2, 4, "negative", "3"),
        ("transition", 3, 4, "negative", "3"),
        ("transition", 3, 5, "negative", "4"),
        ("transition", 4, 1, "negative", "4"),
    ],
)
def test_pi_rads_2_1(zone: str, t2: int, dwi: int, dce: str, category: str) -> None:
    assert grade("pi-rads", {"zone": zone, "t2": str(t2), "dwi": str(dwi), "dce": dce}).category == category


def thyroid(size: float, *features: str) -> tuple[str, str]:
    names = ("composition", "echo", "shape", "margin", "foci")
    result = grade("ti-rads", dict(zip(names, features, strict=True)) | {"size": str(size)})
    return result.category, result.advice.en


@pytest.mark.parametrize(
    ("told", "category", "advice"),
    [
        (thyroid(40, "cystic", "anechoic", "wide", "smooth", "none"), "1", "Neither"),
        (thyroid(40, "spongiform", "hypo", "wide", "smooth", "none"), "1", "Neither"),
        (thyroid(40, "mixed", "iso", "wide", "smooth", "none"), "2", "Neither"),
        (thyroid(25, "solid", "iso", "wide", "smooth", "none"), "3", "Fine-needle"),
        (thyroid(24, "solid", "iso", "wide", "smooth", "none"), "3", "Ultrasound"),
        (thyroid(15, "solid", "hypo", "wide", "smooth", "none"), "4", "Fine-needle"),
        (thyroid(9, "solid", "hypo", "wide", "smooth", "none"), "4", "Neither"),
        (thyroid(10, "solid", "hypo", "tall", "smooth", "none"), "5", "Fine-needle"),
        (thyroid(5, "solid", "very_hypo", "tall", "beyond", "punctate"), "5", "Ultrasound"),
    ],
)
def test_acr_ti_rads_2017(told: tuple[str, str], category: str, advice: str) -> None:
    assert told[0] == category
    assert told[1].startswith(advice)


def test_c_ti_rads_2020_counts_suspicious_signs() -> None:
    ids = [question.id for question in RADS["c-ti-rads"].questions]
    for picked in itertools.product(("no", "yes"), repeat=len(ids)):
        answers = dict(zip(ids, picked, strict=True))
        points = sum(value == "yes" for name, value in answers.items() if name != "comet") - (answers["comet"] == "yes")
        expected = {-1: "2", 0: "3", 1: "4A", 2: "4B", 3: "4C", 4: "4C", 5: "5"}[points]
        assert grade("c-ti-rads", answers).category == expected


def test_every_combination_of_answers_has_a_category_a_sentence_and_an_advice() -> None:
    for name, system in RADS.items():
        choices = [
            [(question.id, value) for value in ([c.value for c in question.choices] or ["0", "7", "300"])]
            for question in system.questions
        ]
        for answers in itertools.product(*choices):
            result = grade(name, dict(answers))
            assert result.category in result.sentence.zh
            assert system.edition in result.sentence.zh
            assert result.advice.zh
            assert result.advice.en


@pytest.mark.parametrize(
    ("change", "field"),
    [({"zone": ""}, "zone"), ({"t2": "6"}, "t2"), ({"psa": "4"}, "psa")],
)
def test_an_answer_that_cannot_be_is_named(change: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        grade("pi-rads", {"zone": "peripheral", "t2": "3", "dwi": "3", "dce": "negative"} | change)
    assert [error.field for error in refused.value.fields] == [field]


@pytest.mark.parametrize("size", ["-1", "301", "viel", "nan"])
def test_a_length_is_one_in_millimetres(size: str) -> None:
    with pytest.raises(Invalid):
        grade("lung-rads", {"kind": "solid", "size": size, "change": "baseline", "suspicious": "no"})
