"""What each kind of device is called, how its images are first looked at, what its texts say of the body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from consult.domain.errors import Words


class BodyPart(StrEnum):
    """Where in the body, as skills, templates and cases say it. Empty texts elsewhere mean: not known."""

    HEAD = "HEAD"
    NECK = "NECK"
    CHEST = "CHEST"
    ABDOMEN = "ABDOMEN"
    PELVIS = "PELVIS"
    SPINE = "SPINE"
    EXTREMITY = "EXTREMITY"
    BREAST = "BREAST"
    VESSEL = "VESSEL"
    OTHER = "OTHER"


BODY_PARTS: Mapping[BodyPart, Words] = {
    BodyPart.HEAD: Words("头颅", "Head"),
    BodyPart.NECK: Words("颈部", "Neck"),
    BodyPart.CHEST: Words("胸部", "Chest"),
    BodyPart.ABDOMEN: Words("腹部", "Abdomen"),
    BodyPart.PELVIS: Words("盆腔", "Pelvis"),
    BodyPart.SPINE: Words("脊柱", "Spine"),
    BodyPart.EXTREMITY: Words("四肢关节", "Joint or limb"),
    BodyPart.BREAST: Words("乳腺", "Breast"),
    BodyPart.VESSEL: Words("血管", "Vessel"),
    BodyPart.OTHER: Words("其他", "Other"),
}


class Preset(NamedTuple):
    """A window to look through: its name, centre and width in the modality's units (HU for CT)."""

    label: Words
    center: float
    width: float


@dataclass(frozen=True, slots=True)
class Modality:
    """A row of the table.

    ``presets`` are by body part, the first being the one to open with; ``volumetric`` says that slices make up a
    volume; ``thin_mm`` is the thickness up to which they serve for reconstruction in other planes.
    """

    code: str
    label: Words
    volumetric: bool = False
    thin_mm: float | None = None
    presets: Mapping[str, tuple[Preset, ...]] | None = None


BRAIN = Preset(Words("脑窗", "Brain"), 40, 80)
STROKE = Preset(Words("卒中窗", "Stroke"), 35, 40)
SUBDURAL = Preset(Words("硬膜下窗", "Subdural"), 75, 250)
SOFT_TISSUE = Preset(Words("软组织窗", "Soft tissue"), 40, 350)
BONE = Preset(Words("骨窗", "Bone"), 500, 2000)
TEMPORAL_BONE = Preset(Words("颞骨窗", "Temporal bone"), 700, 4000)
LUNG = Preset(Words("肺窗", "Lung"), -600, 1500)
MEDIASTINUM = Preset(Words("纵隔窗", "Mediastinum"), 40, 400)
ABDOMINAL = Preset(Words("腹窗", "Abdomen"), 50, 350)
LIVER = Preset(Words("肝窗", "Liver"), 60, 160)
SPINAL = Preset(Words("脊柱软组织窗", "Spine, soft tissue"), 50, 250)
VESSELS = Preset(Words("血管窗", "Vessels"), 300, 700)
EMBOLISM = Preset(Words("肺动脉窗", "Pulmonary arteries"), 100, 700)

CT_PRESETS: Mapping[str, tuple[Preset, ...]] = {
    BodyPart.HEAD: (BRAIN, SUBDURAL, STROKE, BONE, SOFT_TISSUE, TEMPORAL_BONE),
    BodyPart.NECK: (SOFT_TISSUE, BONE, VESSELS),
    BodyPart.CHEST: (LUNG, MEDIASTINUM, BONE, EMBOLISM),
    BodyPart.ABDOMEN: (ABDOMINAL, LIVER, BONE, LUNG),
    BodyPart.PELVIS: (ABDOMINAL, BONE),
    BodyPart.SPINE: (BONE, SPINAL),
    BodyPart.EXTREMITY: (BONE, SOFT_TISSUE),
    BodyPart.BREAST: (SOFT_TISSUE, LUNG),
    BodyPart.VESSEL: (VESSELS, EMBOLISM, SOFT_TISSUE, BONE),
    BodyPart.OTHER: (SOFT_TISSUE, BONE, LUNG, BRAIN),
}

_ROWS = (
    Modality("CT", Words("CT", "CT"), True, 1.5, CT_PRESETS),
    Modality("MR", Words("磁共振", "MR"), True, 1.5),
    Modality("PT", Words("PET", "PET"), True, 4.0),
    Modality("NM", Words("核医学", "Nuclear medicine")),
    Modality("DX", Words("DR", "Digital radiography")),
    Modality("CR", Words("CR", "Computed radiography")),
    Modality("RF", Words("透视造影", "Fluoroscopy")),
    Modality("RG", Words("X 线平片", "Radiograph")),
    Modality("MG", Words("乳腺钼靶", "Mammography")),
    Modality("XA", Words("血管造影", "Angiography")),
    Modality("US", Words("超声", "Ultrasound")),
    Modality("IVUS", Words("血管内超声", "Intravascular ultrasound")),
    Modality("OCT", Words("光学相干断层", "Optical coherence tomography")),
    Modality("ES", Words("内镜", "Endoscopy")),
    Modality("PX", Words("口腔全景", "Panoramic X-ray")),
    Modality("IO", Words("口内片", "Intra-oral radiography")),
    Modality("SM", Words("病理切片", "Slide microscopy")),
    Modality("XC", Words("照片", "Photograph")),
    Modality("ECG", Words("心电图", "ECG")),
    Modality("OT", Words("其他", "Other")),
    Modality("SC", Words("二次采集", "Secondary capture")),
    Modality("SR", Words("结构化报告", "Structured report")),
    Modality("DOC", Words("文档", "Document")),
    Modality("KO", Words("关键图像", "Key images")),
    Modality("PR", Words("显示状态", "Presentation state")),
    Modality("SEG", Words("分割", "Segmentation")),
    Modality("RTSTRUCT", Words("放疗勾画", "RT structure set")),
    Modality("RTDOSE", Words("放疗剂量", "RT dose")),
    Modality("RTPLAN", Words("放疗计划", "RT plan")),
)
MODALITIES: Mapping[str, Modality] = {row.code: row for row in _ROWS}

NOT_READ = frozenset({"SR", "DOC", "KO", "PR", "SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "ECG", "SC", "OT", ""})
"""Modalities that do not say what a study is: they come beside the images."""


def modality_of(code: str) -> Modality:
    """The row of a modality; an unknown one is called by its own code."""
    return MODALITIES.get(code) or Modality(code, Words(code, code))


def main_modality(codes: list[str]) -> str:
    """What a study is, by the modalities of its series: PT before CT (PET/CT), else the first that is read."""
    if "PT" in codes:
        return "PT"
    return next((code for code in codes if code not in NOT_READ), codes[0] if codes else "")


def presets_for(modality: str, body_part: str) -> tuple[Preset, ...]:
    """The windows offered for a modality and body part, the first to open with; none where images bring their own."""
    presets = modality_of(modality).presets
    if presets is None:
        return ()
    return presets.get(body_part) or presets[BodyPart.OTHER]


# Words of request and device texts.
_VESSEL_WORDS = "血管|动脉|静脉|冠脉|CTA|CTV|MRA|MRV|DSA|angio|coronary|aorta|artery|carotid|venogra|vessel"
_PART_WORDS: Mapping[BodyPart, str] = {
    BodyPart.SPINE: "颈椎|胸椎|腰椎|骶椎|骶尾|尾椎|脊柱|脊椎|脊髓|椎间盘|椎体|spine|cspine|c-spine|tspine|t-spine"
    "|lspine|l-spine|sspine|ctspine|tlspine|lsspine|cervical spine|thoracic spine|lumbar|sacrum|coccyx|vertebra"
    "|lumbosacral|facet",
    BodyPart.BREAST: "乳腺|乳房|钼靶|breast|mammo",
    BodyPart.EXTREMITY: "关节|四肢|上肢|下肢|肩|肱骨|肘|前臂|尺桡骨|腕|手部|手掌|手指|双手|左手|右手|髋|股骨|大腿|膝"
    "|小腿|胫|腓骨|踝|足部|双足|左足|右足|足正|跟骨|锁骨|extremity|joint|shoulder|humerus|elbow|forearm|wrist|hand|finger"
    "|thumb|hip|femur|thigh|knee|patella|leg|tibia|fibula|ankle|calcaneus|foot|feet|toe|arm|clavicle|scapula|ulna"
    "|radius",
    BodyPart.HEAD: "头|颅|脑|鞍区|垂体|眼|眶|鼻窦|副鼻窦|鼻骨|颞骨|乳突|内耳|内听道|颌|面部|head|headneck|brain|skull"
    "|cranial|cranium|orbit|sinus|sella|pituitary|iac|face|facial|temporal bone|mastoid|jaw|mandible|maxilla|tmj|nasal"
    "|eye|neuro",
    BodyPart.NECK: "颈|甲状腺|喉|咽|neck|thyroid|larynx|pharynx|nasopharynx",
    BodyPart.CHEST: "胸|肺|纵隔|肋|心脏|心影|食管|chest|lung|thorax|thoracic|hrct|rib|heart|cardiac|mediastin|sternum"
    "|esophagus|pulmonary",
    BodyPart.PELVIS: "盆|前列腺|子宫|卵巢|膀胱|直肠|肛|pelvi|prostate|uterus|ovari|bladder|rectum|rectal",
    BodyPart.ABDOMEN: "腹|肝|胆|胰|脾|肾|胃|肠|阑尾|泌尿|输尿管|MRCP|CTU|KUB|abd|abdom|liver|hepat|bile|biliary"
    "|gallbladder|pancrea|spleen|kidney|renal|adrenal|stomach|bowel|colon|urogra|ureter",
    BodyPart.OTHER: "全身|wholebody|whole body",
}


def _pattern(words: str) -> str:
    """Longer words first; English ones from a word's start, short ones to its end ("leg", not "legacy")."""

    def one(word: str) -> str:
        if not word.isascii():
            return word
        return rf"(?<![a-z]){re.escape(word)}" + (r"s?(?![a-z])" if len(word) <= 4 else "")

    return "|".join(one(word) for word in sorted(words.split("|"), key=len, reverse=True))


_VESSEL = re.compile(_pattern(_VESSEL_WORDS), re.IGNORECASE)
_PARTS = re.compile("|".join(f"(?P<{part}>{_pattern(words)})" for part, words in _PART_WORDS.items()), re.IGNORECASE)


def body_part_of(examined: str, *descriptions: str) -> str:
    """The body part that an image's texts speak of, one of BodyPart; "" where they say nothing.

    ``examined`` is BodyPartExamined, which counts before the ``descriptions`` (of study, series, protocol) in their
    order. Studies of vessels say so in any of them. In one text the part named first counts.
    """
    texts = [text for text in (examined, *descriptions) if text]
    if any(_VESSEL.search(text) for text in texts):
        return BodyPart.VESSEL
    for text in texts:
        found = _PARTS.search(text)
        if found and found.lastgroup:
            return BodyPart(found.lastgroup)
    return ""
