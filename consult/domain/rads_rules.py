"""How each scoring system comes from its answers to a category; the thresholds stand beside their source."""

from collections.abc import Mapping
from typing import NamedTuple

from consult.domain.errors import Words

Answers = Mapping[str, str]


class Graded(NamedTuple):
    """A category, the risk of malignancy as it is written after the edition, and what is to be done."""

    category: str
    risk: Words
    advice: Words


_NO_RISK = Words("", "")


def _risk(zh: str, en: str) -> Words:
    return Words(f"，恶性风险{zh}", f", risk of malignancy {en}")


_BIRADS = {
    "0": (_NO_RISK, Words("需补充其他影像检查或与前片对比。", "More imaging or earlier images are needed.")),
    "1": (_NO_RISK, Words("常规筛查。", "Routine screening.")),
    "2": (_NO_RISK, Words("常规筛查。", "Routine screening.")),
    "3": (_risk("≤2%", "≤ 2 %"), Words("建议6个月短期随访。", "Follow up in 6 months.")),
    "4A": (_risk("2%～10%", "2–10 %"), Words("建议组织学诊断。", "Tissue diagnosis.")),
    "4B": (_risk("10%～50%", "10–50 %"), Words("建议组织学诊断。", "Tissue diagnosis.")),
    "4C": (_risk("50%～95%", "50–95 %"), Words("建议组织学诊断。", "Tissue diagnosis.")),
    "5": (_risk("≥95%", "≥ 95 %"), Words("建议组织学诊断。", "Tissue diagnosis.")),
    "6": (_NO_RISK, Words("按临床需要手术切除。", "Excision when clinically appropriate.")),
}


def birads(answers: Answers) -> Graded:
    """ACR BI-RADS Atlas, 5th edition (2013): the assessment is the reader's; risk and management follow from it."""
    category = answers["category"]
    return Graded(category, *_BIRADS[category])


_LUNG = {
    "1": (_risk("<1%", "< 1 %"), Words("12个月后低剂量CT复查。", "Low-dose CT in 12 months.")),
    "2": (_risk("<1%", "< 1 %"), Words("12个月后低剂量CT复查。", "Low-dose CT in 12 months.")),
    "3": (_risk("1%～2%", "1–2 %"), Words("6个月后低剂量CT复查。", "Low-dose CT in 6 months.")),
    "4A": (
        _risk("5%～15%", "5–15 %"),
        Words(
            "3个月后低剂量CT复查；实性成分≥8 mm可行PET/CT。",
            "Low-dose CT in 3 months; PET/CT if the solid part is ≥ 8 mm.",
        ),
    ),
    "4B": (
        _risk(">15%", "> 15 %"),
        Words("建议进一步检查：增强CT、PET/CT或组织学诊断。", "Work up: enhanced CT, PET/CT or tissue."),
    ),
    "4X": (
        _risk(">15%", "> 15 %"),
        Words("建议进一步检查：增强CT、PET/CT或组织学诊断。", "Work up: enhanced CT, PET/CT or tissue."),
    ),
}
_LUNG_ORDER = ("2", "3", "4A", "4B")


def _first_over(size: float, *limits: tuple[float, str]) -> str:
    """The category of the highest limit that ``size`` (mm) reaches; 2 below all of them."""
    return next((category for least, category in reversed(limits) if size >= least), "2")


def _ground_glass(size: float, _: float, change: str) -> str:
    return "3" if size >= 30 and change in ("baseline", "new") else "2"


def _solid(size: float, _: float, change: str) -> str:
    if change == "growing":
        return "4B" if size >= 8 else "4A"
    if change == "new":
        return _first_over(size, (4, "3"), (6, "4A"), (8, "4B"))
    return _first_over(size, (6, "3"), (8, "4A"), (15, "4B"))


def _part_solid(size: float, core: float, change: str) -> str:
    if change in ("new", "growing") and core > 0:
        return "4B" if core >= 4 else "4A"
    if size < 6:
        return "3" if change == "new" else "2"
    return _first_over(core, (0, "3"), (6, "4A"), (8, "4B"))


_LUNG_KINDS = {"ground_glass": _ground_glass, "solid": _solid, "part_solid": _part_solid}
"""From the mean diameter and that of the solid part, in mm, and the change since the exam before."""


def lung_rads(answers: Answers) -> Graded:
    """ACR Lung-RADS v2022: by kind, mean diameter and change; stable at follow-up steps 4A down to 3 and 3 to 2."""
    kind, change = answers["kind"], answers["change"]
    if kind in ("none", "benign"):
        return Graded("1", *_LUNG["1"])
    category = _LUNG_KINDS[kind](float(answers["size"]), float(answers["core"]), change)
    if change == "stable" and category in ("3", "4A"):
        category = _LUNG_ORDER[_LUNG_ORDER.index(category) - 1]
    if answers["suspicious"] == "yes" and category != "2":
        category = "4X"
    return Graded(category, *_LUNG[category])


_PIRADS = {
    "1": Words("临床显著癌可能性极低。", "Clinically significant cancer is very unlikely."),
    "2": Words("临床显著癌可能性低。", "Clinically significant cancer is unlikely."),
    "3": Words("临床显著癌可能性中等，结合PSA密度决定是否活检。", "Equivocal: decide on biopsy by PSA density."),
    "4": Words("临床显著癌可能性高，建议靶向活检。", "Clinically significant cancer is likely: targeted biopsy."),
    "5": Words(
        "临床显著癌可能性极高，建议靶向活检。", "Clinically significant cancer is very likely: targeted biopsy."
    ),
}


def pirads(answers: Answers) -> Graded:
    """PI-RADS v2.1 (2019): DWI decides in the peripheral zone, T2 in the transition zone."""
    t2, dwi = int(answers["t2"]), int(answers["dwi"])
    if answers["zone"] == "peripheral":
        score = 4 if dwi == 3 and answers["dce"] == "positive" else dwi
    elif t2 == 2:
        score = 3 if dwi >= 4 else 2
    elif t2 == 3:
        score = 4 if dwi == 5 else 3
    else:
        score = t2
    return Graded(str(score), _NO_RISK, _PIRADS[str(score)])


_TI_POINTS: Mapping[str, Mapping[str, int]] = {
    "composition": {"cystic": 0, "spongiform": 0, "mixed": 1, "solid": 2},
    "echo": {"anechoic": 0, "iso": 1, "hypo": 2, "very_hypo": 3},
    "shape": {"wide": 0, "tall": 3},
    "margin": {"smooth": 0, "lobulated": 2, "beyond": 3},
    "foci": {"none": 0, "macro": 1, "rim": 2, "punctate": 3},
}
_TI_LEVELS: tuple[tuple[int, str, float, float], ...] = (
    # least points, category, biopsy from mm, follow-up from mm (0: neither)
    (7, "5", 10, 5),
    (4, "4", 15, 10),
    (3, "3", 25, 15),
    (2, "2", 0, 0),
    (0, "1", 0, 0),
)


def tirads(answers: Answers) -> Graded:
    """ACR TI-RADS (2017): points of five features; a spongiform nodule gets none for the others."""
    spongy = answers["composition"] == "spongiform"
    points = 0 if spongy else sum(table[answers[feature]] for feature, table in _TI_POINTS.items())
    size = float(answers["size"])
    _, category, biopsy, follow = next(level for level in _TI_LEVELS if points >= level[0])
    told = Words(f"，{points}分", f", {points} points")
    if biopsy and size >= biopsy:
        return Graded(category, told, Words("建议细针穿刺活检。", "Fine-needle aspiration."))
    if follow and size >= follow:
        return Graded(category, told, Words("建议超声随访。", "Ultrasound follow-up."))
    return Graded(category, told, Words("无需穿刺及随访。", "Neither aspiration nor follow-up."))


_CTI = {
    -1: ("2", _risk("0", "0"), Words("无需特殊处理。", "Nothing further.")),
    0: ("3", _risk("<2%", "< 2 %"), Words("建议超声随访。", "Ultrasound follow-up.")),
    1: ("4A", _risk("2%～10%", "2–10 %"), Words("按大小决定穿刺或随访。", "Aspiration or follow-up by size.")),
    2: ("4B", _risk("10%～50%", "10–50 %"), Words("建议细针穿刺活检。", "Fine-needle aspiration.")),
    3: ("4C", _risk("50%～90%", "50–90 %"), Words("建议细针穿刺活检。", "Fine-needle aspiration.")),
    4: ("4C", _risk("50%～90%", "50–90 %"), Words("建议细针穿刺活检。", "Fine-needle aspiration.")),
    5: ("5", _risk(">90%", "> 90 %"), Words("建议细针穿刺活检。", "Fine-needle aspiration.")),
}


def ctirads(answers: Answers) -> Graded:
    """C-TIRADS (2020): one point for each of five suspicious signs, one off for a comet tail."""
    signs = ("vertical", "solid", "very_hypo", "punctate", "margin")
    points = sum(answers[sign] == "yes" for sign in signs) - (answers["comet"] == "yes")
    return Graded(*_CTI[points])
