"""What a report starts from: one template per modality, body part and service, in radiologists' words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from consult.domain.errors import Words

ANY = "*"
"""In a template's key: every modality, body part or service."""


class Section(StrEnum):
    """The parts of a report, in the order of the page."""

    TECHNIQUE = "technique"
    COMPARISON = "comparison"
    FINDINGS = "findings"
    IMPRESSION = "impression"
    RECOMMENDATION = "recommendation"


SECTION_NAMES: dict[Section, Words] = {
    Section.TECHNIQUE: Words("检查方法", "Technique"),
    Section.COMPARISON: Words("对比", "Comparison"),
    Section.FINDINGS: Words("影像所见", "Findings"),
    Section.IMPRESSION: Words("诊断意见", "Impression"),
    Section.RECOMMENDATION: Words("建议", "Recommendation"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """The title on the page, the sections that must be written, and the text that each section starts with.

    The impression never starts with a text: a conclusion is always the doctor's own.
    """

    id: str
    title: Words
    modality: str
    body_part: str
    service_type: str
    required: tuple[Section, ...]
    starting: Mapping[Section, str] = field(default_factory=dict[Section, str])
    names: Mapping[Section, Words] = field(default_factory=lambda: SECTION_NAMES)


_DIAGNOSIS = (Section.TECHNIQUE, Section.FINDINGS, Section.IMPRESSION)
_OPINION = (Section.FINDINGS, Section.IMPRESSION, Section.RECOMMENDATION)
_OPINION_NAMES = SECTION_NAMES | {
    Section.TECHNIQUE: Words("所阅资料", "Material reviewed"),
    Section.IMPRESSION: Words("会诊意见", "Opinion"),
    Section.RECOMMENDATION: Words("诊疗建议", "Advice"),
}


def _diagnosis(id: str, title: Words, modality: str, body_part: str, technique: str, findings: str) -> Template:
    starting = {Section.TECHNIQUE: technique, Section.FINDINGS: findings}
    return Template(id, title, modality, body_part, "telediagnosis", _DIAGNOSIS, starting)


_CT = Words("CT诊断报告书", "CT report")
_MR = Words("磁共振诊断报告书", "MR report")
_DX = Words("X线诊断报告书", "Radiography report")

TEMPLATES: tuple[Template, ...] = (
    _diagnosis(
        "ct-head",
        _CT,
        "CT",
        "HEAD",
        "头颅CT平扫，横断面扫描，脑窗及骨窗观察。",
        "双侧大脑半球对称，脑实质密度均匀，灰白质分界清楚，未见异常密度影。\n"
        "脑室、脑池系统形态、大小正常，脑沟、脑裂无增宽。中线结构居中。\n"
        "小脑、脑干形态及密度未见异常。\n"
        "颅骨骨质连续，未见骨折征象。所示鼻窦及乳突气房清晰。",
    ),
    _diagnosis(
        "ct-chest",
        _CT,
        "CT",
        "CHEST",
        "胸部CT平扫，肺尖至肺底连续扫描，肺窗及纵隔窗观察。",
        "胸廓对称，气管及各叶、段支气管通畅，管壁无增厚。\n"
        "双肺纹理清晰，走行自然，肺野内未见实变及结节影。\n"
        "双侧肺门不大，纵隔居中，纵隔内未见肿大淋巴结。\n"
        "心影大小、形态正常，大血管未见异常。\n"
        "双侧胸膜无增厚，胸腔内未见积液及积气。所示骨质未见异常。",
    ),
    _diagnosis(
        "ct-abdomen",
        _CT,
        "CT",
        "ABDOMEN",
        "上腹部CT平扫，膈顶至双肾下极连续扫描。",
        "肝脏形态、大小正常，各叶比例协调，肝实质密度均匀，肝内外胆管无扩张。\n"
        "胆囊不大，壁不厚，腔内未见异常密度影。\n"
        "脾脏、胰腺形态及密度正常，胰管无扩张，胰周脂肪间隙清晰。\n"
        "双肾形态、大小正常，肾盂、肾盏无扩张，未见阳性结石影。双侧肾上腺未见异常。\n"
        "所示胃肠道未见扩张及积气、积液。腹膜后未见肿大淋巴结，腹腔内未见积液及游离气体。",
    ),
    _diagnosis(
        "ct-spine",
        _CT,
        "CT",
        "SPINE",
        "脊柱CT平扫，骨窗及软组织窗观察，矢状面、冠状面重建。",
        "脊柱生理曲度存在，序列连续。\n"
        "各椎体形态、密度正常，骨皮质连续，附件未见骨折征象。\n"
        "各椎间隙无狭窄，椎间盘未见突出，硬膜囊及神经根无受压，椎管无狭窄。\n"
        "椎旁软组织未见肿胀。",
    ),
    _diagnosis(
        "ct-vessel",
        Words("CT血管成像诊断报告书", "CT angiography report"),
        "CT",
        "VESSEL",
        "CT血管成像，静脉团注对比剂后容积扫描，行MPR、MIP及VR重建。",
        "所示动脉起源、走行正常，管腔充盈良好，未见充盈缺损。\n"
        "管壁光整，未见明显钙化及非钙化斑块，管腔无狭窄及扩张，未见内膜片影。",
    ),
    _diagnosis(
        "mr-head",
        _MR,
        "MR",
        "HEAD",
        "头颅MR平扫：T1WI、T2WI、T2-FLAIR、DWI（b=0、1000 s/mm²）及ADC图。",
        "双侧大脑半球对称，灰白质分界清楚，脑实质内未见异常信号影，DWI未见弥散受限。\n"
        "脑室、脑池系统形态、大小正常，脑沟、脑裂无增宽。中线结构居中。\n"
        "垂体、脑干及小脑形态、信号未见异常。\n"
        "所示大血管流空信号存在。所示鼻窦、乳突未见异常信号。",
    ),
    _diagnosis(
        "mr-spine",
        _MR,
        "MR",
        "SPINE",
        "脊柱MR平扫：矢状面T1WI、T2WI、T2WI脂肪抑制，横断面T2WI。",
        "脊柱生理曲度存在，序列连续。\n"
        "各椎体形态、信号正常，未见骨髓水肿。\n"
        "各椎间盘信号正常，未见突出，硬膜囊无受压，椎管无狭窄，双侧椎间孔通畅。\n"
        "所示脊髓形态、信号正常，脊髓圆锥位置正常。椎旁软组织未见异常。",
    ),
    _diagnosis(
        "dx-chest",
        _DX,
        "DX",
        "CHEST",
        "胸部正位（后前位）摄影。",
        "胸廓对称，气管居中。\n"
        "双肺纹理清晰，肺野内未见实变影，双侧肺门不大。\n"
        "心影大小、形态正常，主动脉未见异常。\n"
        "双侧膈面光整，肋膈角锐利。所示骨质未见异常。",
    ),
    _diagnosis(
        "dx-extremity",
        _DX,
        "DX",
        "EXTREMITY",
        "正、侧位摄影。",
        "所示诸骨骨质连续，骨皮质完整，未见骨折及骨质破坏征象。\n"
        "关节在位，关节面光整，关节间隙无狭窄。\n"
        "周围软组织未见肿胀。",
    ),
    Template(
        "opinion",
        Words("远程会诊意见书", "Teleconsultation opinion"),
        ANY,
        ANY,
        "teleconsultation",
        _OPINION,
        {Section.TECHNIQUE: "阅申请医院提供的影像及病历资料。"},
        _OPINION_NAMES,
    ),
    Template(
        "mdt-opinion",
        Words("多学科会诊意见书", "Multidisciplinary opinion"),
        ANY,
        ANY,
        "mdt",
        _OPINION,
        {Section.TECHNIQUE: "阅申请医院提供的影像及病历资料，各学科讨论如下。"},
        _OPINION_NAMES,
    ),
    Template("general", Words("影像诊断报告书", "Imaging report"), ANY, ANY, ANY, _DIAGNOSIS),
)

_SAME_MODALITY = {"CR": "DX", "RF": "DX", "DR": "DX", "MRI": "MR"}


def template_for(modality: str, body_part: str, service_type: str) -> Template:
    """The closest template: exact service and modality and part first, then what matches any; always one.

    ``modality`` is DICOM's (CR and DR count as DX), ``body_part`` one of the product's words (HEAD, CHEST …).
    """
    wanted = (service_type, _SAME_MODALITY.get(modality.upper(), modality.upper()), body_part.upper())

    def closeness(template: Template) -> int:
        key = (template.service_type, template.modality, template.body_part)
        if any(ours not in (ANY, theirs) for ours, theirs in zip(key, wanted, strict=True)):
            return -1
        return sum(weight for ours, weight in zip(key, (4, 2, 1), strict=True) if ours != ANY)

    return max(TEMPLATES, key=closeness)


def template_by_id(id: str) -> Template:
    """The template of that id; raises KeyError where there is none."""
    return {template.id: template for template in TEMPLATES}[id]
