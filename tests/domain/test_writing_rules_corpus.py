"""How well the writing rules read Chinese reports: precision and recall over labelled sentences and whole reports."""

from collections import defaultdict

import pytest

from consult.domain.critical_terms import critical_terms
from consult.domain.report_templates import template_by_id
from consult.domain.reports import ReportText
from consult.domain.writing_rule import ReportContext
from consult.domain.writing_rules import WRITING_RULES, check
from tests.corpus.reading import Score, Sentence, critical, sentences
from tests.corpus.whole_reports import REPORTS, Whole

LEAST = 0.95
"""Of what a rule says, and of what it should say."""


def _strikes(sentence: Sentence) -> bool:
    text = ReportText(technique="平扫。", findings=sentence.findings, impression=sentence.impression)
    said = {finding.code for finding in check(text, _context(sentence.patient))}
    return sentence.rule in said


def _context(patient: str) -> ReportContext:
    template = template_by_id("general")
    if "," in patient:
        sex, age = patient.split(",")
        return ReportContext(template, sex=sex, age_years=int(age))
    return ReportContext(template, body_part="" if patient == "-" else patient)


def test_sentences_are_judged_as_they_are_labelled(capsys: pytest.CaptureFixture[str]) -> None:
    scores: dict[str, Score] = defaultdict(Score)
    wrong: list[Sentence] = []
    for sentence in sentences():
        said = _strikes(sentence)
        scores[sentence.rule].count(said=said, true=sentence.strikes)
        if said != sentence.strikes:
            wrong.append(sentence)
    for text, names in critical():
        stated = frozenset(critical_terms(text))
        for name in stated | names:
            scores["critical-untold"].count(said=name in stated, true=name in names)
    with capsys.disabled():
        print("\nrule                     precision  recall")
        for rule, score in scores.items():
            print(f"{rule:<24} {score.precision:9.3f} {score.recall:7.3f}")
    assert all(score.precision >= LEAST and score.recall >= LEAST for score in scores.values()), wrong


def test_the_corpus_is_large_and_has_both_labels_for_every_rule_it_judges() -> None:
    labelled = sentences()
    assert len(labelled) + len(critical()) >= 300
    assert len(REPORTS) >= 60
    for rule in {sentence.rule for sentence in labelled}:
        assert rule in {row.code for row in WRITING_RULES}
        assert {sentence.strikes for sentence in labelled if sentence.rule == rule} == {True, False}
    assert {code for whole in REPORTS for code in whole.expected} == {row.code for row in WRITING_RULES}


@pytest.mark.parametrize("whole", REPORTS, ids=lambda whole: whole.name)
def test_a_whole_report_gets_exactly_what_is_wrong_with_it(whole: Whole) -> None:
    context = ReportContext(
        template_by_id(whole.template), whole.sex, whole.body_part, whole.age, alerts=frozenset(whole.alerts)
    )
    assert {finding.code for finding in check(whole.text, context)} == set(whole.expected)
