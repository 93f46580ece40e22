"""Whole reports of everyday work, all made up: thirty sound ones, and as many with one flaw each."""

from typing import NamedTuple

from consult.domain.reports import ReportText


class Whole(NamedTuple):
    """A report, whose it is, the alerts already raised, and the rules that must speak."""

    name: str
    template: str
    body_part: str
    sex: str
    age: int
    text: ReportText
    expected: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()


def _report(technique: str, findings: str, impression: str, recommendation: str = "") -> ReportText:
    return ReportText(technique, "无", findings, impression, recommendation)


_HEAD = "头颅CT平扫，横断面扫描，脑窗及骨窗观察。"
_CHEST = "胸部CT平扫，肺窗及纵隔窗观察。"
_ABDOMEN = "上腹部CT平扫。"
_BLEED = _report(
    _HEAD,
    "左侧基底节区见片状高密度影，大小约32 mm×21 mm×18 mm，CT值约66 HU，"
    "周围见低密度水肿带，左侧侧脑室受压变窄，中线结构右移约4 mm。"
    "右侧大脑半球未见异常。",
    "左侧基底节区脑出血。",
    "请结合临床，建议神经外科会诊，动态复查。",
)
_PNEUMONIA = _report(
    _CHEST,
    "右肺下叶见斑片状实变影，边界模糊，其内见支气管充气征。左肺纹理清晰。双侧肺门不大，"
    "纵隔内未见肿大淋巴结。双侧胸腔未见积液。",
    "右肺下叶肺炎。",
    "抗感染治疗后复查。",
)
_NODULE = _report(
    _CHEST,
    "左肺上叶尖后段见实性结节影，大小约8 mm×6 mm，边界清，未见毛刺。余肺野清晰。"
    "双侧肺门及纵隔未见肿大淋巴结。双侧胸腔未见积液。",
    "左肺上叶尖后段结节，大小约0.8 cm×0.6 cm。",
    "建议3个月后复查胸部CT。",
)
_STONE = _report(
    "泌尿系CT平扫。",
    "左侧输尿管上段见结石影，大小约9 mm×6 mm，其上输尿管及左侧肾盂扩张。右肾未见阳性结石影。膀胱充盈良好。",
    "左侧输尿管上段结石并左肾积水。",
    "泌尿外科就诊。",
)
_GALL = _report(
    _ABDOMEN,
    "肝脏形态、大小正常，肝实质密度均匀。胆囊增大，壁增厚，腔内见多发结石影，胆囊周围见渗出。"
    "胆总管未见结石，肝内外胆管无扩张。"
    "脾脏、胰腺未见异常。双肾未见阳性结石影。腹腔未见游离气体。",
    "1.胆囊结石；2.急性胆囊炎。",
)
_LUMBAR = _report(
    "腰椎MR平扫：矢状面T1WI、T2WI，横断面T2WI。",
    "腰椎生理曲度变直。L4/5、L5/S1椎间盘T2信号减低，L4/5椎间盘向左后突出约5 mm，"
    "左侧侧隐窝变窄，左侧神经根受压。余椎间盘未见突出。"
    "脊髓圆锥位置正常。",
    "L4/5椎间盘突出（左后型）；腰椎退行性变。",
)
_KNEE = _report(
    "右膝关节MR平扫。",
    "右膝关节内侧半月板后角见线样高信号达关节面。前、后交叉韧带连续。内侧副韧带信号增高。关节腔及髌上囊见积液。",
    "右膝关节内侧半月板后角撕裂；右膝关节积液。",
)
_HIP = _report(
    "骨盆正位摄影。",
    "左侧股骨颈见骨折线，断端错位成角。右侧股骨颈骨质连续。双侧骶髂关节间隙对称。",
    "左侧股骨颈骨折。",
    "骨科就诊。",
)
_RIBS = _report(
    _CHEST,
    "左侧第5、6肋骨见骨折线，断端无明显错位。双肺纹理清晰，未见实变影。双侧胸腔未见积气及积液。",
    "左侧第5、6肋骨骨折。",
)
_INFARCT = _report(
    "头颅MR平扫：T1WI、T2WI、T2-FLAIR、DWI及ADC图。",
    "右侧额顶叶见片状DWI高信号、ADC低信号影，范围约41 mm×28 mm。双侧基底节区见腔隙灶。脑室系统无扩张。中线结构居中。",
    "1.右侧额顶叶急性脑梗死；2.双侧基底节区腔隙灶。",
)
_UTERUS = _report(
    "盆腔MR平扫。",
    "子宫增大，肌层内见类圆形等T1短T2信号影，大小约45 mm×38 mm，边界清。双侧卵巢形态正常。盆腔未见积液。",
    "子宫肌瘤，大小约4.5 cm×3.8 cm。",
)
_PROSTATE = _report(
    "前列腺多参数MR。",
    "前列腺增大，大小约52 mm×41 mm×47 mm，移行带见多发结节状混杂信号。外周带信号均匀，"
    "DWI未见弥散受限。双侧精囊腺对称。膀胱壁增厚。",
    "前列腺增生，PI-RADS 2分。",
)
_THYROID = _report(
    "甲状腺及颈部淋巴结超声检查。",
    "甲状腺右叶中部见低回声结节，大小约7 mm×6 mm，纵横比小于1，边界清。左叶未见异常回声。双侧颈部未见异常肿大淋巴结。",
    "甲状腺右叶结节，C-TIRADS 4a类。",
    "建议超声引导下细针穿刺。",
)
_BREAST = _report(
    "双侧乳腺头尾位及内外斜位摄影。",
    "左侧乳腺外上象限见肿块影，大小约18 mm×15 mm，边缘毛刺，其内见细小多形性钙化。"
    "右侧乳腺未见肿块。左侧腋窝见肿大淋巴结。",
    "左侧乳腺外上象限肿块，BI-RADS 5类。",
    "建议活检。",
)
_AORTA = _report(
    "全主动脉CT血管成像。",
    "升主动脉管径正常。降主动脉内见内膜片影，真假腔形成，破口位于左锁骨下动脉开口以远。双肾动脉显影良好。"
    "心包未见积液。",
    "降主动脉夹层（Stanford B型）。",
)
_EMBOLUS = _report(
    "肺动脉CT血管成像。",
    "右肺动脉干及右肺下叶动脉见充盈缺损。左肺动脉充盈良好。右心室无增大。双肺野未见实变。",
    "右肺动脉栓塞。",
)
_BOWEL = _report(
    "全腹部CT平扫。",
    "小肠肠管扩张积气、积液，见多发气液平面，回肠末段见移行带。膈下未见游离气体。腹腔少量积液。",
    "低位小肠肠梗阻；腹腔少量积液。",
)
_SINUS = _report(
    "鼻窦CT平扫。",
    "双侧上颌窦黏膜增厚，左侧窦腔见积液。鼻中隔左偏。双侧筛窦、额窦清晰。",
    "双侧上颌窦炎，左侧为著；鼻中隔偏曲。",
)
_NORMAL_HEAD = _report(
    _HEAD,
    "双侧大脑半球对称，脑实质密度均匀，未见出血及占位。脑室系统未见扩张，中线结构居中。颅骨未见骨折。",
    "头颅CT平扫未见明显异常。",
)
_NORMAL_CHEST = _report(
    "胸部正位摄影。", "双肺纹理清晰，肺野内未见实变影。心影不大。双侧肋膈角锐利。", "心、肺、膈未见明显异常。"
)
_POST = _report(
    _ABDOMEN,
    "胆囊切除术后，胆囊窝未见积液。肝内外胆管无扩张。胰腺形态正常。双肾未见阳性结石影。",
    "胆囊切除术后改变，余上腹部未见异常。",
)
_OLD = _report(
    _HEAD,
    "左侧基底节区见低密度软化灶，边界清，左侧侧脑室轻度扩大。未见新发出血。",
    "左侧基底节区软化灶，脑出血后遗改变。",
)
_SPUR = _report(
    "颈椎CT平扫。", "颈椎生理曲度变直，C5/6椎体缘骨质增生，椎间隙变窄。椎管无狭窄。未见骨折。", "颈椎退行性变。"
)
_CYST = _report(
    _ABDOMEN,
    "肝右叶见类圆形低密度影，大小约23 mm×20 mm，CT值约6 HU，边界清。胆囊不大。"
    "脾脏、胰腺未见异常。右肾见囊性灶，直径约15 mm。",
    "1.肝囊肿；2.右肾囊肿。",
)
_CORONARY = _report(
    "冠状动脉CT血管成像。",
    "冠状动脉呈右优势型。左前降支近段见混合斑块，管腔狭窄约60%。右冠状动脉及回旋支管腔无狭窄。心包未见积液。",
    "左前降支近段混合斑块，管腔中度狭窄（约60%）。",
)
_TRAUMA = _report(
    _HEAD,
    "右侧额颞部颅板下见梭形高密度影，最厚处约19 mm，邻近脑组织受压。右侧颞骨见骨折线。"
    "右侧颞部头皮肿胀。左侧大脑半球未见异常。",
    "1.右侧额颞部硬膜外血肿；2.右侧颞骨骨折。",
)
_ECG = _report(
    "标准12导联同步心电图。",
    "窦性心律，心率78次/分。PR间期160 ms。II、III、aVF导联ST段抬高。",
    "下壁导联ST段抬高，请结合临床。",
)
_CHILD = _report("胸部正位摄影。", "双肺纹理增多，右肺下野见斑片状影。心影不大。骨龄未评估。", "右肺下野炎症。")
_FRACTURE = _report(
    "右腕关节正、侧位摄影。", "右侧桡骨远端见骨折线，断端向背侧移位。尺骨茎突骨质连续。", "右侧桡骨远端骨折。"
)
_SPLEEN = _report(
    "全腹部CT平扫及增强扫描。",
    "脾脏上极见不规则低密度影，增强后未见强化，脾周见高密度积血。肝脏、双肾未见异常。膈下未见游离气体。",
    "脾破裂，脾周积血。",
)

SOUND: tuple[Whole, ...] = (
    Whole("bleed-told", "ct-head", "HEAD", "M", 56, _BLEED, (), ("急性脑出血",)),
    Whole("pneumonia", "ct-chest", "CHEST", "F", 63, _PNEUMONIA),
    Whole("nodule-in-cm", "ct-lung-nodule", "CHEST", "M", 58, _NODULE),
    Whole("ureter-stone", "ct-urinary", "ABDOMEN", "M", 41, _STONE),
    Whole("gallstones", "ct-abdomen", "ABDOMEN", "F", 52, _GALL),
    Whole("lumbar-disc", "mr-lumbar", "SPINE", "M", 45, _LUMBAR),
    Whole("meniscus", "mr-knee", "EXTREMITY", "M", 35, _KNEE),
    Whole("hip-fracture", "dx-pelvis", "PELVIS", "F", 78, _HIP),
    Whole("ribs", "ct-chest", "CHEST", "M", 39, _RIBS),
    Whole("infarct-told", "mr-head", "HEAD", "M", 70, _INFARCT, (), ("急性脑梗死",)),
    Whole("fibroid", "mr-pelvis-female", "PELVIS", "F", 44, _UTERUS),
    Whole("prostate", "mr-prostate", "PELVIS", "M", 72, _PROSTATE),
    Whole("thyroid", "us-thyroid", "NECK", "F", 37, _THYROID),
    Whole("breast", "mg-breast", "BREAST", "F", 55, _BREAST),
    Whole("dissection-told", "ct-aorta", "VESSEL", "M", 61, _AORTA, (), ("急性主动脉夹层",)),
    Whole("embolism-told", "ct-pulmonary", "VESSEL", "F", 66, _EMBOLUS, (), ("急性肺栓塞",)),
    Whole("bowel", "ct-acute-abdomen", "ABDOMEN", "M", 68, _BOWEL),
    Whole("sinus", "ct-sinus", "HEAD", "M", 29, _SINUS),
    Whole("normal-head", "ct-head", "HEAD", "F", 33, _NORMAL_HEAD),
    Whole("normal-chest", "dx-chest", "CHEST", "M", 25, _NORMAL_CHEST),
    Whole("after-gallbladder", "ct-abdomen", "ABDOMEN", "F", 60, _POST),
    Whole("old-bleed", "ct-head", "HEAD", "M", 66, _OLD),
    Whole("cervical", "ct-cervical", "SPINE", "F", 51, _SPUR),
    Whole("cysts", "ct-abdomen", "ABDOMEN", "M", 64, _CYST),
    Whole("coronary", "ct-coronary", "VESSEL", "M", 59, _CORONARY),
    Whole("epidural-told", "ct-head-trauma", "HEAD", "M", 22, _TRAUMA, (), ("急性硬膜外/硬膜下出血",)),
    Whole("ecg", "ecg", "CHEST", "M", 54, _ECG),
    Whole("child", "dx-chest", "CHEST", "F", 4, _CHILD),
    Whole("wrist", "dx-extremity", "EXTREMITY", "F", 49, _FRACTURE),
    Whole("spleen-told", "ct-acute-abdomen", "ABDOMEN", "M", 31, _SPLEEN, (), ("腹腔脏器破裂出血",)),
)


def _but(name: str, of: str, *expected: str, alerts: tuple[str, ...] | None = None, **changed: str) -> Whole:
    whole = next(sound for sound in SOUND if sound.name == of)
    told = whole.alerts if alerts is None else alerts
    return whole._replace(
        name=name, text=ReportText(**{**_sections(whole.text), **changed}), expected=expected, alerts=told
    )


def _sections(text: ReportText) -> dict[str, str]:
    return {
        name: getattr(text, name) for name in ("technique", "comparison", "findings", "impression", "recommendation")
    }


FLAWED: tuple[Whole, ...] = (
    _but("bleed-untold", "bleed-told", "critical-untold", alerts=()),
    _but("infarct-untold", "infarct-told", "critical-untold", alerts=()),
    _but("dissection-untold", "dissection-told", "critical-untold", alerts=()),
    _but("embolism-untold", "embolism-told", "critical-untold", alerts=()),
    _but("epidural-untold", "epidural-told", "critical-untold", alerts=()),
    _but("spleen-untold", "spleen-told", "critical-untold", alerts=()),
    _but("bleed-other-side", "bleed-told", "side-contradiction", impression="右侧基底节区脑出血。"),
    _but("stone-other-side", "ureter-stone", "side-contradiction", impression="右侧输尿管上段结石。"),
    _but("hip-other-side", "hip-fracture", "side-contradiction", impression="右侧股骨颈骨折。"),
    _but("ribs-other-side", "ribs", "side-contradiction", impression="右侧第5、6肋骨骨折。"),
    _but("nodule-other-side", "nodule-in-cm", "side-contradiction", impression="右肺上叶尖段结节。"),
    _but("breast-other-side", "breast", "side-contradiction", impression="右侧乳腺外上象限肿块，BI-RADS 5类。"),
    _but("no-impression", "pneumonia", "section-empty", impression=""),
    _but("no-technique", "gallstones", "section-empty", technique=" "),
    _but("blank-left", "lumbar-disc", "template-residue", recommendation="___周后复查。"),
    _but("choice-left", "sinus", "template-residue", recommendation="[左/右]侧上颌窦穿刺。"),
    _but("pick-left", "thyroid", "template-residue", recommendation="建议{3|6|12}个月后复查。"),
    _but("woman-prostate", "gallstones", "sex-contradiction", recommendation="前列腺请结合B超。"),
    _but("man-uterus", "bowel", "sex-contradiction", recommendation="子宫附件请结合B超。"),
    _but("wrong-sex-said", "cysts", "sex-contradiction", technique="女性，上腹部CT平扫。"),
    _but("normal-with-nodule", "nodule-in-cm", "conclusion-contradicts", impression="胸部CT平扫未见异常。"),
    _but("normal-with-stone", "ureter-stone", "conclusion-contradicts", impression="泌尿系CT平扫未见异常。"),
    _but("fracture-denied", "wrist", "conclusion-contradicts", findings="右侧桡骨远端骨皮质完整，未见骨折。"),
    _but(
        "gallbladder-fine",
        "after-gallbladder",
        "absent-organ-normal",
        findings="胆囊切除术后。胆囊不大，壁不厚。肝内外胆管无扩张。",
    ),
    _but("size-in-wrong-unit", "fibroid", "size-differs", impression="子宫肌瘤，大小约4.5 mm×3.8 mm。"),
    _but("size-of-another", "nodule-in-cm", "size-differs", impression="左肺上叶尖后段结节，大小约18 mm×6 mm。"),
    _but("impossible-length", "cysts", "number-error", recommendation="", impression="1.肝囊肿，大小约2300×2000。"),
    _but("over-hundred", "coronary", "number-error", findings="左前降支近段见混合斑块，管腔狭窄约160%。"),
    _but("another-age", "sinus", "age-differs", technique="患者男，61岁，鼻窦CT平扫。"),
    _but(
        "another-part",
        "normal-head",
        "part-differs",
        findings="未见异常密度影。",
        impression="肝、胆、胰、脾未见异常。",
    ),
    _but(
        "left-as-it-was",
        "pneumonia",
        "findings-untouched",
        findings="胸廓对称，气管及各叶、段支气管通畅，管壁无增厚。\n"
        "双肺纹理清晰，走行自然，肺野内未见实变及结节影。\n"
        "双侧肺门不大，纵隔居中，纵隔内未见肿大淋巴结。\n"
        "心影大小、形态正常，大血管未见异常。\n"
        "双侧胸膜无增厚，胸腔内未见积液及积气。所示骨质未见异常。",
        impression="右肺下叶炎症。",
    ),
)

REPORTS: tuple[Whole, ...] = SOUND + FLAWED
