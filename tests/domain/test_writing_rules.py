"""The checks before signing: what they catch, and what they must leave in peace."""

from dataclasses import replace

import pytest

from consult.domain.critical_terms import CRITICAL_FINDINGS, critical_terms
from consult.domain.report_sections import Section
from consult.domain.report_templates import TEMPLATES, template_by_id, template_for
from consult.domain.reports import ReportText
from consult.domain.writing_rule import ReportContext, Severity
from consult.domain.writing_rules import WRITING_RULES, blocks, check, rule_label

HEAD = ReportContext(template_by_id("ct-head"), sex="M", age_years=56, alerts=frozenset({"急性脑出血"}))
GOOD = ReportText(
    technique="头颅CT平扫，层厚1 mm",
    comparison="无",
    findings="左侧基底节区见片状高密度影，大小约14 mm×9 mm，周围见低密度水肿带。",
    impression="左侧基底节区脑出血。",
    recommendation="急诊神经外科会诊。",
)


def codes(text: ReportText, context: ReportContext = HEAD) -> set[str]:
    return {finding.code for finding in check(text, context)}


def test_a_sound_report_passes() -> None:
    assert check(GOOD, HEAD) == ()


def test_every_rule_has_a_code_of_its_own_and_words_in_both_languages() -> None:
    assert len({rule.code for rule in WRITING_RULES}) == len(WRITING_RULES)
    for rule in WRITING_RULES:
        assert rule_label(rule.code).zh
        assert rule_label(rule.code).en


NORMAL = [
    (template, sex)
    for template in TEMPLATES
    for sex in ("M", "F")
    if template.service_type == "telediagnosis" and template.sex in ("", sex)
]


@pytest.mark.parametrize(("template", "sex"), NORMAL, ids=lambda value: getattr(value, "id", value))
def test_a_template_left_as_it_is_with_a_normal_conclusion_passes(template, sex) -> None:
    text = ReportText(
        technique=template.starting[Section.TECHNIQUE],
        findings=template.starting[Section.FINDINGS],
        impression="所示范围未见明显异常。",
    )
    assert check(text, ReportContext(template, sex=sex, age_years=40)) == ()


STRIKES = [
    ("section-empty", {"impression": "  "}),
    ("template-residue", {"findings": "左侧基底节区见××密度影，周围见低密度影。"}),
    ("template-residue", {"findings": "左侧基底节区见高密度影，大小约[ ]mm。"}),
    ("template-residue", {"findings": "左侧基底节区见高密度影，大小约___mm。"}),
    ("template-residue", {"findings": "左/右侧基底节区见高密度影。"}),
    ("template-residue", {"technique": "头颅CT平扫，层厚{slice_thickness} mm"}),
    ("sex-contradiction", {"findings": GOOD.findings + "子宫形态正常。"}),
    ("sex-contradiction", {"recommendation": "女性患者，建议妇科会诊。"}),
    ("side-contradiction", {"impression": "右侧基底节区脑出血。"}),
    ("side-contradiction", {"findings": "左肺上叶见结节影，直径约8 mm。", "impression": "右上肺结节。"}),
    ("conclusion-contradicts", {"impression": "头颅CT平扫未见明显异常。"}),
    ("conclusion-contradicts", {"findings": "颅骨未见骨折。左侧颞部头皮肿胀。", "impression": "左侧颞骨骨折。"}),
    ("absent-organ-normal", {"findings": "胆囊切除术后。胆囊不大，壁不厚。", "impression": "胆囊切除术后改变。"}),
    ("critical-untold", {"impression": "左侧基底节区脑出血，脑疝形成。"}),
    ("number-error", {"findings": "左侧基底节区见高密度影，大小约14 mm×9 cm。"}),
    ("number-error", {"findings": "左侧基底节区见高密度影，大小约140 cm。"}),
    ("number-error", {"findings": "左侧基底节区见高密度影，CT值约7000 HU。"}),
    ("number-error", {"findings": "左侧基底节区见高密度影，大小约14×9。"}),
    ("number-error", {"findings": "左侧基底节区见高密度影，大小约1。4cm。"}),
    ("age-differs", {"technique": "患者男，31岁，头颅CT平扫"}),
]


@pytest.mark.parametrize(("code", "change"), STRIKES)
def test_what_must_not_be_signed_is_found(code: str, change: dict[str, str]) -> None:
    text = replace(GOOD, **change)
    found = [finding for finding in check(text, HEAD) if finding.code == code]
    assert found
    for finding in found:
        assert finding.sentence.zh
        assert finding.sentence.en
        assert finding.where in {section.value for section in Section}


def test_the_finding_points_at_the_section_it_is_in() -> None:
    (found,) = check(replace(GOOD, technique="头颅CT平扫，层厚 ___ mm"), HEAD)
    assert (found.code, found.where) == ("template-residue", "technique")


@pytest.mark.parametrize(
    "findings",
    [
        "左侧基底节区见高密度影，大小约14 mm×9 mm×8 mm，CT值约65 HU。",
        "左侧基底节区见高密度影，大小约1.4 cm×0.9 cm。椎体附件骨质连续。",
        "左侧基底节区见高密度影，矩阵像素512×512个。右侧基底节区未见异常。",
        "左侧基底节区见边界清晰的高密度影，双侧侧脑室对称。",
        "左侧基底节区见高密度影，较2026.11.20片无变化。骨龄约30岁。",
    ],
)
def test_sound_wording_is_left_in_peace(findings: str) -> None:
    assert check(replace(GOOD, findings=findings), HEAD) == ()


def test_the_side_of_the_exam_counts_too() -> None:
    knee = ReportContext(template_for("DX", "EXTREMITY", "telediagnosis"), laterality="L")
    text = ReportText(
        technique="膝关节正、侧位摄影。", findings="右侧胫骨平台见骨折线。", impression="右侧胫骨平台骨折。"
    )
    assert codes(text, knee) == {"side-contradiction"}
    assert codes(text, replace(knee, laterality="R")) == set()


def test_a_prostate_in_a_woman_is_found_and_in_a_man_it_is_not() -> None:
    text = replace(GOOD, findings=GOOD.findings + "前列腺增大。")
    assert codes(text) == set()
    assert "sex-contradiction" in codes(text, replace(HEAD, sex="F"))


def test_untouched_normal_findings_with_a_lesion_concluded_are_shown_but_do_not_block() -> None:
    text = replace(GOOD, findings=HEAD.template.starting[Section.FINDINGS], impression="双侧上颌窦炎。")
    found = check(text, HEAD)
    assert [(finding.code, finding.severity) for finding in found] == [("findings-untouched", Severity.WARN)]
    assert blocks(found) == ()


def test_a_critical_term_without_an_alert_blocks_until_the_alert_is_raised() -> None:
    silent = replace(HEAD, alerts=frozenset())
    (found,) = check(GOOD, silent)
    assert (found.code, found.severity, found.where) == ("critical-untold", Severity.BLOCK, "impression")
    assert "急性脑出血" in found.sentence.zh
    assert blocks(check(GOOD, silent)) == (found,)
    assert check(GOOD, replace(HEAD, alerts=frozenset({"左侧基底节区脑出血"}))) == ()


PRESENT = {
    "左侧基底节区脑出血。": "急性脑出血",
    "右侧丘脑血肿形成，破入脑室": "急性脑出血",
    "未见明显骨折但见脑内血肿": "急性脑出血",
    "脑出血术后，现左侧基底节新发出血": "急性脑出血",
    "原发性脑桥出血": "急性脑出血",
    "左侧大脑半球大面积脑梗死": "急性脑梗死",
    "不除外急性脑梗死": "急性脑梗死",
    "右侧额颞叶急性期脑梗死": "急性脑梗死",
    "双肺动脉多发栓塞": "急性肺栓塞",
    "肺动脉主干及分支内见充盈缺损": "急性肺栓塞",
    "慢性支气管炎合并急性肺栓塞": "急性肺栓塞",
    "主动脉夹层（Stanford A型）": "急性主动脉夹层",
    "腹主动脉瘤破裂": "主动脉瘤破裂",
    "心包填塞": "心包填塞",
    "右侧大量气胸，右肺压缩约80%": "大量液/血/气胸",
    "右侧胸腔大量积液": "大量液/血/气胸",
    "右主支气管内异物": "气管支气管异物",
    "右侧额颞部硬膜下血肿": "急性硬膜外/硬膜下出血",
    "蛛网膜下腔出血": "急性蛛网膜下腔出血",
    "大脑镰下疝": "脑疝",
    "膈下见游离气体": "消化道穿孔",
    "胃窦穿孔": "消化道穿孔",
    "脾破裂": "腹腔脏器破裂出血",
    "绞窄性肠梗阻": "绞窄性肠梗阻",
}
ABSENT = [
    "未见脑出血",
    "未见明显脑出血、脑疝及骨折征象",
    "排除脑出血",
    "急性脑出血可排除",
    "无肺栓塞",
    "肺动脉未见充盈缺损",
    "管腔充盈良好，未见充盈缺损",
    "脑出血术后",
    "硬膜下血肿引流术后改变",
    "脾破裂术后",
    "脑出血病史",
    "脑出血后遗改变",
    "脑出血较前吸收",
    "既往脑出血",
    "陈旧性脑梗死",
    "左侧基底节区陈旧性脑出血",
    "多发腔隙性脑梗死",
    "亚急性脑梗死",
    "慢性硬膜下血肿",
    "脑内多发微出血灶",
    "两侧顶部头皮血肿",
    "小脑扁桃体下疝畸形",
    "少量胸腔积液",
    "腹腔内未见积液及游离气体",
    "腹主动脉瘤",
]


@pytest.mark.parametrize(("text", "name"), PRESENT.items())
def test_a_critical_finding_is_recognised_in_the_words_of_reports(text: str, name: str) -> None:
    assert critical_terms(text) == (name,)


@pytest.mark.parametrize("text", ABSENT)
def test_what_is_denied_old_or_operated_is_not_critical(text: str) -> None:
    assert critical_terms(text) == ()


def test_every_finding_of_the_list_is_recognised_by_its_own_name_or_words() -> None:
    assert {name for text in PRESENT for name in critical_terms(text)} == {row.name.zh for row in CRITICAL_FINDINGS}
    for row in CRITICAL_FINDINGS:
        if "/" not in row.name.zh and row.name.zh != "腹腔脏器破裂出血":
            assert row.name.zh in critical_terms(row.name.zh)
