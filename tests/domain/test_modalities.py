"""Promises about modalities: where in the body a study is, and how its images are first looked at."""

import pytest

from consult.domain.modalities import (
    BODY_PARTS,
    CT_PRESETS,
    MODALITIES,
    BodyPart,
    body_part_of,
    main_modality,
    modality_of,
    presets_for,
)


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        (("", "头颅CT平扫"), "HEAD"),
        (("", "颅脑MRI+DWI"), "HEAD"),
        (("BRAIN",), "HEAD"),
        (("", "1A TRAUMA/PLAIN HEAD DM"), "HEAD"),
        (("HEADNECK",), "HEAD"),
        (("", "颈部软组织"), "NECK"),
        (("", "颈椎MRI"), "SPINE"),
        (("", "胸椎正侧位"), "SPINE"),
        (("CSPINE",), "SPINE"),
        (("", "L-SPINE AP"), "SPINE"),
        (("", "胸部CT"), "CHEST"),
        (("", "胸腹部增强"), "CHEST"),
        (("", "HELICAL CHEST"), "CHEST"),
        (("HEART",), "CHEST"),
        (("", "上腹部增强"), "ABDOMEN"),
        (("ABDOMENPELVIS",), "ABDOMEN"),
        (("", "手术后复查 腹部"), "ABDOMEN"),
        (("", "MRCP"), "ABDOMEN"),
        (("", "骨盆正位"), "PELVIS"),
        (("", "前列腺MRI"), "PELVIS"),
        (("", "股骨头坏死"), "EXTREMITY"),
        (("", "双膝关节正侧位"), "EXTREMITY"),
        (("LEG",), "EXTREMITY"),
        (("", "乳腺钼靶"), "BREAST"),
        (("", "头颈CTA"), "VESSEL"),
        (("HEAD", "TOF MRA"), "VESSEL"),
        (("CHEST", "", "冠状动脉CTA"), "VESSEL"),
        (("WHOLEBODY",), "OTHER"),
        (("",), ""),
        (("", "legacy report analysis"), ""),
    ],
)
def test_the_body_part_is_read_out_of_chinese_and_english(texts: tuple[str, ...], part: str) -> None:
    assert body_part_of(*texts) == part


def test_what_the_scanner_says_was_examined_counts_before_descriptions() -> None:
    assert body_part_of("CHEST", "头颅") == "CHEST"
    assert body_part_of("UNKNOWN THING", "头颅") == "HEAD"


def test_a_ct_of_the_head_opens_in_the_brain_window() -> None:
    first = presets_for("CT", "HEAD")[0]
    assert (first.center, first.width) == (40, 80)
    assert {preset.label.en for preset in presets_for("CT", "HEAD")} >= {"Brain", "Subdural", "Bone"}
    assert {preset.label.en for preset in presets_for("CT", "CHEST")} >= {"Lung", "Mediastinum"}


def test_ct_has_windows_for_every_part_and_for_none() -> None:
    assert set(CT_PRESETS) == set(BodyPart)
    assert presets_for("CT", "") == presets_for("CT", "OTHER") != ()


def test_where_numbers_have_no_unit_images_bring_their_own_window() -> None:
    assert presets_for("MR", "HEAD") == ()


def test_every_part_and_modality_has_words_in_both_languages() -> None:
    assert set(BODY_PARTS) == set(BodyPart)
    for words in (*BODY_PARTS.values(), *(row.label for row in MODALITIES.values())):
        assert words.zh
        assert words.en


def test_an_unknown_modality_is_called_by_its_own_code() -> None:
    assert modality_of("ZZ").label.zh == "ZZ"
    assert not modality_of("ZZ").volumetric


@pytest.mark.parametrize(
    ("codes", "main"),
    [(["SR", "CT"], "CT"), (["CT", "PT"], "PT"), (["SR"], "SR"), ([], ""), (["OT", "DX", "SR"], "DX")],
)
def test_a_study_is_what_is_read_in_it(codes: list[str], main: str) -> None:
    assert main_modality(codes) == main
