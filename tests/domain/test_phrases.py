"""Phrases: those everybody has cannot be signed with a choice left open; one's own are checked before they are kept."""

import pytest

from consult.domain.errors import Invalid
from consult.domain.house_phrases import PHRASES, Phrase
from consult.domain.phrases import MOST, checked, house_phrases
from consult.domain.report_sections import Section
from consult.domain.report_templates import template_by_id
from consult.domain.reports import ReportText
from consult.domain.writing_rule import ReportContext
from consult.domain.writing_rules import check

OWN = Phrase("肺大疱", Section.FINDINGS, "双肺见多发{小|大}疱影。")


def test_a_choice_or_blank_that_was_left_keeps_the_report_from_being_signed() -> None:
    context = ReportContext(template_by_id("general"))
    for row in PHRASES:
        text = ReportText(
            technique="平扫。", findings="未见异常。", impression="未见异常。", recommendation=row.phrase.text
        )
        codes = {finding.code for finding in check(text, context)}
        assert ("template-residue" in codes) == ("{" in row.phrase.text), row.phrase


def test_what_is_offered_fits_the_device_and_part_and_the_nearest_comes_first() -> None:
    chest = house_phrases("CT", "CHEST")
    assert chest[0] in [row.phrase for row in PHRASES if (row.modality, row.body_part) == ("CT", "CHEST")]
    assert not {"脑出血", "半月板"} & {phrase.shortcut for phrase in chest}
    assert "复查" in {phrase.shortcut for phrase in house_phrases("", "")}


def test_shortcuts_of_one_list_are_unique_and_can_be_typed() -> None:
    for row in PHRASES:
        alike = house_phrases(row.modality, row.body_part)
        assert len({phrase.shortcut for phrase in alike}) == len(alike)
        assert checked([row.phrase]) == (row.phrase,)


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([OWN._replace(shortcut="")], "items.0.shortcut"),
        ([OWN._replace(shortcut="a b")], "items.0.shortcut"),
        ([OWN._replace(shortcut="x" * 17)], "items.0.shortcut"),
        ([OWN, OWN._replace(text="另一条")], "items.1.shortcut"),
        ([OWN, Phrase("空", Section.FINDINGS, " ")], "items.1.text"),
        ([OWN._replace(text="长" * 2001)], "items.0.text"),
        ([OWN._replace(shortcut=f"a{n}") for n in range(MOST + 1)], "items"),
    ],
)
def test_a_phrase_that_cannot_be_kept_is_named(items: list[Phrase], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(items)
    assert field in [error.field for error in refused.value.fields]
