"""Scoring systems of radiology as tables of questions: what is answered gives the category, its risk and what to do.

Each names the year of its rules and where they stand; a newer edition is a change of the table, seen in its sentence.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from consult.domain.errors import Invalid, Words
from consult.domain.rads_rules import Answers, Graded, birads, ctirads, lung_rads, pirads, tirads


class Choice(NamedTuple):
    """One answer that can be picked."""

    value: str
    label: Words


class Question(NamedTuple):
    """One thing asked: picked from ``choices``, or with none a length in mm from ``least`` to ``most``."""

    id: str
    label: Words
    choices: tuple[Choice, ...] = ()
    least: float = 0
    most: float = 300


class Rads(NamedTuple):
    """A row of RADS."""

    name: str
    edition: str
    source: str
    questions: tuple[Question, ...]
    grade: Callable[[Answers], Graded]


class Result(NamedTuple):
    """What answers come to: the category, the sentence for the impression, and the advice."""

    category: str
    sentence: Words
    advice: Words


def _pick(id: str, zh: str, en: str, *choices: tuple[str, str, str]) -> Question:
    return Question(id, Words(zh, en), tuple(Choice(value, Words(*label)) for value, *label in choices))


_BIRADS = (
    _pick(
        "category", "评估分类", "Assessment",
        ("0", "0：评估不完全", "0: incomplete"), ("1", "1：阴性", "1: negative"), ("2", "2：良性", "2: benign"),
        ("3", "3：可能良性", "3: probably benign"), ("4A", "4A：低度可疑", "4A: low suspicion"),
        ("4B", "4B：中度可疑", "4B: moderate suspicion"), ("4C", "4C：高度可疑", "4C: high suspicion"),
        ("5", "5：高度提示恶性", "5: highly suggestive of malignancy"),
        ("6", "6：已活检证实恶性", "6: known malignancy"),
    ),
)  # fmt: skip
_LUNG = (
    _pick(
        "kind", "结节类型", "Nodule",
        ("none", "无结节", "none"), ("benign", "良性特征（钙化、脂肪）", "benign features (calcium, fat)"),
        ("solid", "实性", "solid"), ("part_solid", "部分实性", "part solid"),
        ("ground_glass", "纯磨玻璃", "ground glass"),
    ),
    Question("size", Words("平均直径 (mm)", "Mean diameter (mm)")),
    Question("core", Words("实性成分平均直径 (mm)", "Mean diameter of the solid part (mm)")),
    _pick(
        "change", "与前次对比", "Against the exam before",
        ("baseline", "首次检查", "baseline"), ("new", "新发", "new"), ("growing", "增大", "growing"),
        ("stable", "稳定或缩小", "stable or smaller"),
    ),
    _pick(
        "suspicious", "毛刺、淋巴结肿大等恶性征象", "Spiculation, enlarged nodes or the like",
        ("no", "无", "no"), ("yes", "有", "yes"),
    ),
)  # fmt: skip
_FIVE = tuple((str(score), f"{score}分", str(score)) for score in range(1, 6))
_PI = (
    _pick("zone", "所在区", "Zone", ("peripheral", "外周带", "peripheral"), ("transition", "移行带", "transition")),
    _pick("t2", "T2WI评分", "T2 score", *_FIVE),
    _pick("dwi", "DWI评分", "DWI score", *_FIVE),
    _pick("dce", "动态增强", "Contrast", ("negative", "阴性", "negative"), ("positive", "阳性", "positive")),
)
_TI = (
    _pick(
        "composition", "结构", "Composition",
        ("cystic", "囊性", "cystic"), ("spongiform", "海绵样", "spongiform"), ("mixed", "囊实性", "mixed"),
        ("solid", "实性", "solid"),
    ),
    _pick(
        "echo", "回声", "Echogenicity",
        ("anechoic", "无回声", "anechoic"), ("iso", "高或等回声", "hyper- or isoechoic"),
        ("hypo", "低回声", "hypoechoic"), ("very_hypo", "极低回声", "very hypoechoic"),
    ),
    _pick("shape", "纵横比", "Shape", ("wide", "小于1", "wider than tall"), ("tall", "大于1", "taller than wide")),
    _pick(
        "margin", "边缘", "Margin",
        ("smooth", "光整或模糊", "smooth or ill-defined"), ("lobulated", "分叶或不规则", "lobulated or irregular"),
        ("beyond", "甲状腺外侵犯", "extrathyroidal extension"),
    ),
    _pick(
        "foci", "强回声灶", "Echogenic foci",
        ("none", "无，或大彗星尾", "none, or large comet tail"), ("macro", "粗大钙化", "macrocalcification"),
        ("rim", "边缘钙化", "rim calcification"), ("punctate", "点状强回声", "punctate"),
    ),
    Question("size", Words("最大径 (mm)", "Largest diameter (mm)")),
)  # fmt: skip
_NO_YES = (("no", "否", "no"), ("yes", "是", "yes"))
_CTI = (
    _pick("vertical", "垂直位", "Taller than wide", *_NO_YES),
    _pick("solid", "实性", "Solid", *_NO_YES),
    _pick("very_hypo", "极低回声", "Markedly hypoechoic", *_NO_YES),
    _pick("punctate", "点状强回声（可疑微钙化）", "Microcalcification", *_NO_YES),
    _pick("margin", "边缘模糊、不规则或腺体外侵犯", "Ill-defined, irregular or extrathyroidal", *_NO_YES),
    _pick("comet", "彗星尾伪像", "Comet-tail artefact", *_NO_YES),
)

RADS: Mapping[str, Rads] = {
    "bi-rads": Rads("BI-RADS", "2013", "ACR BI-RADS Atlas, 5th edition, 2013", _BIRADS, birads),
    "lung-rads": Rads("Lung-RADS", "2022", "ACR Lung-RADS v2022, November 2022", _LUNG, lung_rads),
    "pi-rads": Rads("PI-RADS", "2.1", "ACR/ESUR PI-RADS v2.1, 2019", _PI, pirads),
    "ti-rads": Rads("ACR TI-RADS", "2017", "J Am Coll Radiol 2017;14:587–595", _TI, tirads),
    "c-ti-rads": Rads("C-TIRADS", "2020", "中华超声影像学杂志 2021;30(3):185–200（2020中国指南）", _CTI, ctirads),
}


def grade(name: str, answers: Mapping[str, str]) -> Result:
    """What answers of a scoring system come to.

    ``answers`` maps each question's id to a choice's value, or to a length in mm as text. Raises KeyError for an
    unknown system and :class:`Invalid` naming the question that is not answered, or not as it can be.
    """
    system = RADS[name]
    unknown = set(answers) - {question.id for question in system.questions}
    if unknown:
        raise Invalid.at(min(unknown), Words("没有这一项。", "There is no such question."))
    checked = {question.id: _answer(question, answers.get(question.id, "")) for question in system.questions}
    graded = system.grade(checked)
    return Result(
        graded.category,
        Words(
            f"{system.name} {graded.category}类（{system.edition}版{graded.risk.zh}）",
            f"{system.name} {graded.category} ({system.edition}{graded.risk.en})",
        ),
        graded.advice,
    )


def _answer(question: Question, given: str) -> str:
    if question.choices:
        if given not in {choice.value for choice in question.choices}:
            raise Invalid.at(question.id, Words(f"请选择“{question.label.zh}”。", f"Choose: {question.label.en}."))
        return given
    try:
        length = float(given or "0")
    except ValueError:
        length = float("nan")
    if not question.least <= length <= question.most:
        told = f"{question.least:g}–{question.most:g} mm"
        raise Invalid.at(question.id, Words(f"请填写{told}之间的长度。", f"Give a length of {told}."))
    return str(length)
