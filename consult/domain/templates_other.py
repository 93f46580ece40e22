"""Starting texts of ultrasound, ECG and PET/CT reports and of opinions."""

from consult.domain.errors import Words
from consult.domain.report_sections import ANY, DIAGNOSIS, SECTION_NAMES, Section, Template, diagnosis

_US = Words("超声诊断报告书", "Ultrasound report")
_OPINION = (Section.FINDINGS, Section.IMPRESSION, Section.RECOMMENDATION)
_OPINION_NAMES = SECTION_NAMES | {
    Section.TECHNIQUE: Words("所阅资料", "Material reviewed"),
    Section.IMPRESSION: Words("会诊意见", "Opinion"),
    Section.RECOMMENDATION: Words("诊疗建议", "Advice"),
}


def _us(
    id: str, zh: str, en: str, body_part: str, technique: str, findings: str, sex: str = "", calculator: str = ""
) -> Template:
    return diagnosis(id, Words(zh, en), _US, "US", body_part, technique, findings, sex, calculator)


OTHER_TEMPLATES: tuple[Template, ...] = (
    _us(
        "us-abdomen",
        "腹部超声",
        "Abdominal ultrasound",
        "ABDOMEN",
        "腹部二维及彩色多普勒超声检查。",
        "肝脏大小、形态正常，包膜光整，实质回声均匀，肝内管道走行清晰，门静脉内径正常。\n"
        "胆囊大小正常，壁光滑，腔内未见异常回声。胆总管内径正常。\n"
        "胰腺大小、形态正常，回声均匀，主胰管无扩张。脾脏大小正常，回声均匀。\n"
        "双肾大小、形态正常，皮髓质分界清楚，集合系统无分离。腹腔内未见游离液性暗区。",
    ),
    _us(
        "us-thyroid",
        "甲状腺超声（TI-RADS）",
        "Thyroid ultrasound (TI-RADS)",
        "NECK",
        "甲状腺及颈部淋巴结二维及彩色多普勒超声检查。",
        "甲状腺左、右叶大小、形态正常，峡部不厚，包膜光整，实质回声均匀。\n"
        "双侧叶内未见异常回声结节，血流分布正常。\n"
        "双侧颈部未见异常肿大淋巴结。",
        calculator="ti-rads",
    ),
    _us(
        "us-breast",
        "乳腺超声（BI-RADS）",
        "Breast ultrasound (BI-RADS)",
        "BREAST",
        "双侧乳腺及腋窝二维及彩色多普勒超声检查。",
        "双侧乳腺腺体层次清晰，回声均匀，导管无扩张。\n"
        "双侧乳腺内未见异常回声肿块，血流分布正常。\n"
        "双侧腋窝未见异常肿大淋巴结。",
        calculator="bi-rads",
    ),
    _us(
        "us-pelvis-female",
        "妇科超声",
        "Gynaecological ultrasound",
        "PELVIS",
        "子宫及双侧附件二维及彩色多普勒超声检查。",
        "子宫大小、形态正常，轮廓清晰，肌层回声均匀，内膜厚度正常，宫腔线居中。\n"
        "双侧卵巢大小、形态正常，附件区未见异常回声包块。\n"
        "盆腔内未见游离液性暗区。",
        sex="F",
    ),
    _us(
        "us-pelvis-male",
        "前列腺、膀胱超声",
        "Prostate and bladder ultrasound",
        "PELVIS",
        "经腹膀胱、前列腺二维及彩色多普勒超声检查。",
        "膀胱充盈良好，壁光滑，腔内未见异常回声。\n前列腺大小、形态正常，包膜完整，内部回声均匀。双侧精囊腺未见异常。",
        sex="M",
    ),
    _us(
        "us-vessel",
        "颈动脉超声",
        "Carotid ultrasound",
        "VESSEL",
        "双侧颈总、颈内、颈外动脉及椎动脉二维、彩色及频谱多普勒超声检查。",
        "双侧颈总动脉、颈内动脉及颈外动脉内径正常，内-中膜无增厚，未见斑块，血流充盈良好，频谱形态正常。\n"
        "双侧椎动脉走行自然，内径对称，血流方向及频谱形态正常。",
    ),
    _us(
        "us-heart",
        "心脏超声",
        "Echocardiography",
        "CHEST",
        "经胸二维、M型及多普勒超声心动图检查。",
        "各房室内径正常，室间隔与左室后壁厚度正常，室壁运动协调，未见节段性运动异常。\n"
        "各瓣膜形态、启闭正常，未见反流。房、室间隔连续完整。\n"
        "主动脉、肺动脉内径正常。左室收缩功能正常。心包腔内未见液性暗区。",
    ),
    diagnosis(
        "ecg",
        Words("心电图", "ECG"),
        Words("心电图诊断报告书", "ECG report"),
        "ECG",
        ANY,
        "标准12导联同步心电图，走纸速度25 mm/s，增益10 mm/mV。",
        "窦性心律，心律规则，心率在正常范围。\n"
        "P波形态、时限正常，PR间期正常。QRS波时限、电压正常，电轴无偏移，未见病理性Q波。\n"
        "ST段无抬高及压低，T波方向正常。QTc间期正常。",
    ),
    diagnosis(
        "pet-ct",
        Words("PET/CT", "PET/CT"),
        Words("PET/CT诊断报告书", "PET/CT report"),
        "PT",
        ANY,
        "静脉注射18F-FDG后静息，行颅顶至股骨上段PET/CT显像，CT用于衰减校正及解剖定位。",
        "脑皮质放射性分布对称、均匀。鼻咽、口咽及喉部未见异常放射性浓聚，双侧颈部未见肿大淋巴结。\n"
        "双肺野内未见结节影及异常放射性浓聚，纵隔及双侧肺门未见高代谢淋巴结。\n"
        "肝脏、脾脏、胰腺、双肾及肾上腺未见异常放射性浓聚。胃肠道呈生理性摄取。\n"
        "腹膜后、盆腔及双侧腹股沟区未见高代谢淋巴结。所示骨骼未见骨质破坏及异常放射性浓聚。",
    ),
    Template(
        "opinion",
        Words("远程会诊意见", "Teleconsultation opinion"),
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
        Words("多学科会诊意见", "Multidisciplinary opinion"),
        Words("多学科会诊意见书", "Multidisciplinary opinion"),
        ANY,
        ANY,
        "mdt",
        _OPINION,
        {Section.TECHNIQUE: "阅申请医院提供的影像及病历资料，各学科讨论如下。"},
        _OPINION_NAMES,
    ),
    Template(
        "general",
        Words("空白报告", "Blank report"),
        Words("影像诊断报告书", "Imaging report"),
        ANY,
        ANY,
        ANY,
        DIAGNOSIS,
    ),
)
