"""The report's promises: what may follow what, what a hash covers, which template a doctor starts from."""

import itertools
from dataclasses import replace

import pytest

from consult.domain.critical_terms import critical_terms
from consult.domain.errors import WrongState
from consult.domain.report_sections import Section
from consult.domain.report_templates import TEMPLATES, template_by_id, template_for
from consult.domain.reports import (
    REPORT_STATES,
    REPORT_TRANSITIONS,
    SIGNED_STATES,
    KeyImage,
    ReportState,
    ReportText,
    content_hash,
    decide_report,
    missing_sections,
    opened_by,
    text_document,
    text_from,
)

TEXT = ReportText(
    technique="头颅CT平扫",
    comparison="无",
    findings="左侧基底节区见片状高密度影。",
    impression="左侧基底节区脑出血。",
    recommendation="急诊神经外科会诊。",
    key_images=(KeyImage("1.2.3", 1, "左侧基底节"), KeyImage("1.2.4", 2, "")),
)
HASHED = {"number": "R20261124-0001", "version": 1, "kind": ReportState.FINAL, "previous_sha256": None}
FHIR_R4_STATUS = {
    "registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled",
    "entered-in-error", "unknown",
}  # fmt: skip


def test_every_state_has_its_own_fhir_status_and_it_is_one_of_r4() -> None:
    statuses = [row.fhir_status for row in REPORT_STATES.values()]
    assert set(REPORT_STATES) == set(ReportState)
    assert len(set(statuses)) == len(statuses)
    assert set(statuses) <= FHIR_R4_STATUS


def test_a_signed_report_never_goes_back_to_draft() -> None:
    verbs = {row.verb for row in REPORT_TRANSITIONS}
    for state, verb in itertools.product(SIGNED_STATES, verbs):
        try:
            after = decide_report(state, verb)
        except WrongState:
            continue
        assert after in SIGNED_STATES | {ReportState.RETRACTED}


def test_nothing_leaves_a_retracted_report() -> None:
    for verb in {row.verb for row in REPORT_TRANSITIONS}:
        with pytest.raises(WrongState) as refused:
            decide_report(ReportState.RETRACTED, verb)
        assert refused.value.allowed == ()


def test_only_a_signature_makes_a_report_final() -> None:
    for row in REPORT_TRANSITIONS:
        if row.target is None and row.opens is None:
            assert row.verb in {"sign", "co_sign"}
        assert row.target not in SIGNED_STATES


def test_a_correction_leaves_the_old_version_and_is_signed_as_a_correction() -> None:
    assert decide_report(ReportState.FINAL, "correct") is ReportState.FINAL
    kind = opened_by("correct")
    assert kind is ReportState.CORRECTED
    assert decide_report(ReportState.DRAFT, "sign", kind) is ReportState.CORRECTED
    assert opened_by("sign") is None


def test_a_refused_move_says_what_is_allowed() -> None:
    with pytest.raises(WrongState) as refused:
        decide_report(ReportState.UNDER_REVIEW, "sign")
    assert set(refused.value.allowed) == {"return_review", "co_sign"}
    assert "待审核" in refused.value.sentence.zh


def test_the_hash_changes_with_every_part_that_a_signer_answers_for() -> None:
    base = content_hash(TEXT, **HASHED)
    changed = [
        *(content_hash(replace(TEXT, **{section.value: "改"}), **HASHED) for section in Section),
        content_hash(replace(TEXT, key_images=TEXT.key_images[::-1]), **HASHED),
        content_hash(replace(TEXT, key_images=(replace(TEXT.key_images[0], frame=2), TEXT.key_images[1])), **HASHED),
        content_hash(TEXT, **HASHED | {"number": "R20261124-0002"}),
        content_hash(TEXT, **HASHED | {"version": 2}),
        content_hash(TEXT, **HASHED | {"kind": ReportState.CORRECTED}),
        content_hash(TEXT, **HASHED | {"previous_sha256": "0" * 64}),
    ]
    assert len({base, *changed}) == 1 + len(changed)
    assert content_hash(text_from(text_document(TEXT)), **HASHED) == base


def test_the_hash_is_the_one_of_the_documented_canonical_json() -> None:
    # Computed by hand with sha256sum: other systems must be able to do the same.
    assert content_hash(ReportText(impression="正常"), **HASHED) == (
        "96db3a3efbccfc86a3a080ab72f9f7a159cdc8db3a22fb927bb3c9bc0ed4c44d"
    )


def test_required_sections_that_are_blank_are_missing_in_the_order_of_the_page() -> None:
    template = template_by_id("ct-head")
    assert missing_sections(ReportText(findings=" \n"), template) == ["technique", "findings", "impression"]
    assert missing_sections(TEXT, template) == []


@pytest.mark.parametrize(
    ("modality", "body_part", "service", "expected"),
    [
        ("CT", "HEAD", "telediagnosis", "ct-head"),
        ("CT", "CHEST", "telediagnosis", "ct-chest"),
        ("CT", "ABDOMEN", "telediagnosis", "ct-abdomen"),
        ("MR", "HEAD", "telediagnosis", "mr-head"),
        ("MR", "SPINE", "telediagnosis", "mr-spine"),
        ("DX", "CHEST", "telediagnosis", "dx-chest"),
        ("CR", "chest", "telediagnosis", "dx-chest"),
        ("CT", "HEAD", "teleconsultation", "opinion"),
        ("MR", "SPINE", "mdt", "mdt-opinion"),
        ("US", "ABDOMEN", "telediagnosis", "us-abdomen"),
        ("PT", "CHEST", "telediagnosis", "pet-ct"),
        ("NM", "CHEST", "telediagnosis", "general"),
        ("CT", "OTHER", "telediagnosis", "general"),
        ("", "", "", "general"),
    ],
)
def test_the_closest_template_is_found_and_there_always_is_one(
    modality: str, body_part: str, service: str, expected: str
) -> None:
    assert template_for(modality, body_part, service).id == expected


def test_no_template_starts_with_a_conclusion_or_a_critical_finding() -> None:
    assert len({template.id for template in TEMPLATES}) == len(TEMPLATES)
    for template in TEMPLATES:
        assert Section.IMPRESSION in template.required
        assert Section.IMPRESSION not in template.starting
        assert critical_terms("\n".join(template.starting.values())) == ()


def test_a_template_of_one_sex_opens_for_that_sex_only() -> None:
    assert template_for("CT", "PELVIS", "telediagnosis", "M").id == "ct-pelvis-male"
    assert template_for("CT", "PELVIS", "telediagnosis", "F").id == "ct-pelvis-female"
    assert template_for("CT", "PELVIS", "telediagnosis", "O").id == "general"


def test_every_template_has_a_name_of_its_own_in_both_languages() -> None:
    assert len(TEMPLATES) >= 40
    assert len({template.id for template in TEMPLATES}) == len(TEMPLATES)
    assert len({(template.modality, template.name.zh) for template in TEMPLATES}) == len(TEMPLATES)
    assert all(template.name.en and template.title.zh and template.title.en for template in TEMPLATES)


def test_what_is_read_most_has_a_template() -> None:
    held = {(template.modality, template.body_part) for template in TEMPLATES}
    parts = ("HEAD", "CHEST", "ABDOMEN", "PELVIS", "SPINE", "EXTREMITY", "VESSEL")
    assert {("CT", part) for part in parts} <= held
    assert {("MR", part) for part in parts if part != "CHEST"} <= held
    assert {("DX", "CHEST"), ("DX", "EXTREMITY"), ("MG", "BREAST"), ("US", "NECK"), ("ECG", "*"), ("PT", "*")} <= held
    assert {template.calculator for template in TEMPLATES} >= {"bi-rads", "pi-rads", "ti-rads", "lung-rads"}
