"""Names are found as people type them: without case, accents or width, in Chinese from any character."""

import pytest

from consult.domain.words import asked_words, folded, found_by, searchable


@pytest.mark.parametrize(
    ("typed", "plain"), [("Müller", "muller"), ("ＷＡＮＧ", "wang"), ("Ōta", "ota"), ("杨半", "杨半")]
)
def test_case_accents_and_width_do_not_matter(typed: str, plain: str) -> None:
    assert folded(typed) == plain


def test_words_are_searched_apart_and_joined() -> None:
    assert searchable("Zhang^San Feng=张^三丰") == "zhang san feng zhangsanfeng 张 三丰 张三丰"


@pytest.mark.parametrize("beginning", ["zhang", "san", "zhang^san", "zhangsanf", "张", "三丰", "丰", "张三丰", "张^三"])
def test_a_name_is_found_by_the_beginning_of(beginning: str) -> None:
    assert any(word.startswith(beginning) for word in found_by("Zhang^San Feng=张^三丰"))


def test_a_latin_name_is_not_found_from_its_middle() -> None:
    assert not any(word.startswith("hang") for word in found_by("Zhang^San"))


def test_the_asked_words_hold_no_signs() -> None:
    assert asked_words("FENG, Zhang*^") == ["feng", "zhang"]
    assert found_by("") == set()
