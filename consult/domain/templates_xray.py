"""Starting texts of radiography, mammography and angiography reports: a normal examination of each part."""

from consult.domain.errors import Words
from consult.domain.report_sections import Template, diagnosis

_DX = Words("X线诊断报告书", "Radiography report")
_MG = Words("乳腺X线摄影诊断报告书", "Mammography report")
_XA = Words("血管造影诊断报告书", "Angiography report")


def _dx(id: str, zh: str, en: str, body_part: str, technique: str, findings: str) -> Template:
    return diagnosis(id, Words(zh, en), _DX, "DX", body_part, technique, findings)


XRAY_TEMPLATES: tuple[Template, ...] = (
    _dx(
        "dx-chest",
        "胸部正位",
        "Chest, one view",
        "CHEST",
        "胸部正位（后前位）摄影。",
        "胸廓对称，气管居中。\n"
        "双肺纹理清晰，肺野内未见实变影，双侧肺门不大。\n"
        "心影大小、形态正常，主动脉未见异常。\n"
        "双侧膈面光整，肋膈角锐利。所示骨质未见异常。",
    ),
    _dx(
        "dx-chest-lateral",
        "胸部正侧位",
        "Chest, two views",
        "CHEST",
        "胸部正位（后前位）及侧位摄影。",
        "胸廓对称，气管居中。双肺纹理清晰，肺野内未见实变及结节影，双侧肺门不大。\n"
        "心影大小、形态正常，心后间隙及胸骨后间隙清晰，主动脉未见异常。\n"
        "双侧膈面光整，前后肋膈角锐利。所示胸椎及肋骨骨质未见异常。",
    ),
    _dx(
        "dx-abdomen",
        "腹部立位",
        "Abdomen, erect",
        "ABDOMEN",
        "腹部立位摄影，包括双侧膈顶。",
        "双侧膈下未见游离气体。肠管未见扩张及气液平面，肠气分布正常。\n"
        "双肾区及输尿管走行区未见阳性结石影。\n"
        "腰大肌影清晰。所示骨质未见异常。",
    ),
    _dx(
        "dx-pelvis",
        "骨盆",
        "Pelvis",
        "PELVIS",
        "骨盆正位摄影。",
        "骨盆诸骨骨质连续，骨皮质完整，未见骨折征象。\n"
        "双侧骶髂关节、髋关节间隙对称，关节面光整。双侧股骨头形态圆整，Shenton线连续。\n"
        "耻骨联合无分离。周围软组织未见异常。",
    ),
    _dx(
        "dx-spine",
        "脊柱正侧位",
        "Spine, two views",
        "SPINE",
        "脊柱正位、侧位摄影。",
        "脊柱生理曲度存在，序列连续，未见侧弯及滑脱。\n"
        "各椎体形态正常，骨皮质连续，未见骨折征象，椎弓根影对称。\n"
        "各椎间隙无狭窄，椎体缘未见骨质增生。椎旁软组织未见异常。",
    ),
    _dx(
        "dx-extremity",
        "四肢关节正侧位",
        "Limb or joint, two views",
        "EXTREMITY",
        "正、侧位摄影。",
        "所示诸骨骨质连续，骨皮质完整，未见骨折及骨质破坏征象。\n"
        "关节在位，关节面光整，关节间隙无狭窄。\n"
        "周围软组织未见肿胀。",
    ),
    _dx(
        "dx-skull",
        "头颅正侧位",
        "Skull, two views",
        "HEAD",
        "头颅正位、侧位摄影。",
        "颅骨骨质连续，未见骨折及骨质破坏征象，颅缝无分离。\n"
        "血管压迹正常，颅内未见异常钙化。蝶鞍大小、形态正常。所示鼻窦清晰。",
    ),
    diagnosis(
        "mg-breast",
        Words("乳腺X线摄影（BI-RADS）", "Mammography (BI-RADS)"),
        _MG,
        "MG",
        "BREAST",
        "双侧乳腺头尾位（CC）及内外斜位（MLO）摄影。",
        "双侧乳腺对称，呈散在纤维腺体型（b类）。\n"
        "双侧乳腺内未见肿块、可疑钙化及结构扭曲，未见不对称致密影。\n"
        "双侧皮肤无增厚，乳头无凹陷。双侧腋窝未见肿大淋巴结。",
        calculator="bi-rads",
    ),
    diagnosis(
        "xa-vessel",
        Words("血管造影", "Angiography"),
        _XA,
        "XA",
        "VESSEL",
        "经动脉穿刺插管，注射对比剂后数字减影血管造影。",
        "所示动脉起源、走行正常，管腔充盈良好，管壁光整，未见狭窄及充盈缺损。\n"
        "实质期染色均匀，未见异常染色及对比剂外溢。静脉回流正常。",
    ),
)
