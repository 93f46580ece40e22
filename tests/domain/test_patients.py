"""Promises about patients: one person written in several ways is one person; another person is never taken for them."""

from datetime import date

import pytest

from consult.domain.patients import (
    BIRTH,
    NAME,
    NUMBER,
    SEX,
    Person,
    dicom_date,
    differences,
    likeness,
    same_name,
)

ONE = "520102198003071234"
OTHER = "520102198003071250"


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("杨斑", "YANG^BAN"),
        ("杨斑", "Ban^Yang"),
        ("杨斑", "yang ban"),
        ("杨斑", "ＹＡＮＧ　ＢＡＮ"),
        ("杨斑", "杨^斑"),
        ("杨 斑", "杨斑"),
        ("李小明", "LI^XIAOMING"),
        ("李小明", "LI XM"),
        ("欧阳正华", "Zhenghua^Ouyang"),
        ("曾国强", "ZENG^GUOQIANG"),
        ("吕梁", "LÜ^LIANG"),
        ("YANG^BAN", "yangban"),
        ("Li Si", "SI^LI"),
        ("贾燊", "JIA^SHEN"),
    ],
)
def test_one_name_written_in_two_ways_is_one_name(mine: str, theirs: str) -> None:
    assert same_name([mine], [theirs]) is True
    assert same_name([theirs], [mine]) is True


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("杨斑", "LI^SI"), ("杨斑", "杨半"), ("LI^SI", "LI^SAN"), ("李小明", "LI^MING"), ("王芳", "WANG^LI")],
)
def test_two_names_are_two_names(mine: str, theirs: str) -> None:
    assert same_name([mine], [theirs]) is False


@pytest.mark.parametrize("nobody", ["", "^", "ANONYMOUS", "Anonymized^123", "匿名"])
def test_a_name_that_names_nobody_contradicts_nothing(nobody: str) -> None:
    assert same_name(["杨斑"], [nobody]) is None
    assert same_name(["杨斑"], [nobody, "YANG^BAN"]) is True


def test_what_contradicts_is_named() -> None:
    asked = Person(("杨斑",), "M", "19800307", (ONE,))
    assert differences(asked, Person(("YANG^BAN",), "M", "19800307", ("P-17", ONE))) == ()
    assert differences(asked, Person(("LI^SI",), "F", "19810307", (OTHER,))) == (NAME, SEX, BIRTH, NUMBER)
    assert differences(asked, Person(())) == ()
    assert differences(asked, Person(("杨斑",), "O", "", ("P-17",))) == (), (
        "a hospital's own number is no identity number"
    )


def test_a_year_without_a_day_contradicts_only_another_year() -> None:
    assert differences(Person((), born="19800307"), Person((), born="19800101")) == ()
    assert differences(Person((), born="19800307"), Person((), born="19810101")) == (BIRTH,)


def test_the_identity_number_tells_the_date_of_birth() -> None:
    assert differences(Person((), numbers=(ONE,)), Person((), born="19790307")) == (BIRTH,)


def test_a_match_needs_the_identity_number_or_name_and_birth_date_and_sex() -> None:
    one = Person(("杨斑",), "M", "19800307", (ONE,))
    assert likeness(one, Person(("YANG^BAN",), "", "", (ONE.lower(),))) == (NUMBER,)
    assert likeness(one, Person(("YANG^BAN",), "M", "19800307")) == (NAME, BIRTH, SEX)
    assert likeness(one, Person(("YANG^BAN",), "", "19800307")) == ()
    assert likeness(one, Person(("YANG^BAN",), "M", "")) == ()
    assert likeness(one, Person(("LI^SI",), "M", "19800307", (ONE,))) == (), "a number under another name is no match"


def test_a_date_as_dicom_writes_it() -> None:
    assert (dicom_date(date(1980, 3, 7)), dicom_date(None)) == ("19800307", "")
