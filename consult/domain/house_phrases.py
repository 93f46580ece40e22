"""The phrases everybody has, by device and part of the body: what is written most, with its choices and blanks."""

from typing import NamedTuple

from consult.domain.report_sections import ANY, Section


class Phrase(NamedTuple):
    """A text that is put into a section by its shortcut, of 1–16 letters, digits or Chinese characters."""

    shortcut: str
    section: Section
    text: str


class HousePhrase(NamedTuple):
    """A row of PHRASES: a phrase and the devices and parts of the body it is offered for."""

    modality: str
    body_part: str
    phrase: Phrase


def _found(modality: str, body_part: str, shortcut: str, text: str) -> HousePhrase:
    return HousePhrase(modality, body_part, Phrase(shortcut, Section.FINDINGS, text))


def _concluded(modality: str, body_part: str, shortcut: str, text: str) -> HousePhrase:
    return HousePhrase(modality, body_part, Phrase(shortcut, Section.IMPRESSION, text))


def _advised(shortcut: str, text: str) -> HousePhrase:
    return HousePhrase(ANY, ANY, Phrase(shortcut, Section.RECOMMENDATION, text))


_SIDE = "{左侧|右侧|双侧}"
_LOBE = "{右肺上叶|右肺中叶|右肺下叶|左肺上叶|左肺下叶}"

PHRASES: tuple[HousePhrase, ...] = (
    _found(
        "CT",
        "HEAD",
        "脑出血",
        _SIDE + "{基底节区|丘脑|额叶|颞叶|顶叶|枕叶|小脑半球|脑干}见片状高密度影，"
        "大小约{} mm×{} mm，CT值约{} HU，"
        "周围见{窄带状|片状}低密度水肿带，{中线结构居中|中线结构移位约{} mm}。",
    ),
    _found("CT", "HEAD", "脑萎缩", "双侧大脑半球脑沟、脑裂增宽，脑室系统{轻度|中度|明显}扩大。"),
    _found(
        "CT", "HEAD", "腔隙灶", "{双侧|左侧|右侧}{基底节区|放射冠|半卵圆中心}见{点状|斑点状}低密度影，边界{清|欠清}。"
    ),
    _found(
        "CT",
        "HEAD",
        "硬膜外血肿",
        "{左侧|右侧}{额部|颞部|顶部|枕部}颅板下见梭形高密度影，最厚处约{} mm，邻近脑组织{受压|无明显受压}。",
    ),
    _found("CT", "HEAD", "颅骨骨折", "{左侧|右侧}{额骨|颞骨|顶骨|枕骨}见骨折线，{无明显错位|断端凹陷约{} mm}。"),
    _found(
        "CT",
        "CHEST",
        "肺结节",
        _LOBE + "见{实性|部分实性|磨玻璃}结节影，大小约{} mm×{} mm，边界{清|欠清}，"
        "{未见毛刺|见毛刺}，{未见|见}胸膜牵拉。",
    ),
    _found("CT", "CHEST", "肺炎", _LOBE + "见{斑片状|大片状}实变影，边界模糊，其内见支气管充气征。"),
    _found("CT", "CHEST", "肺气肿", "双肺透光度增高，见{小叶中心型|间隔旁型|全小叶型}低密度区。"),
    _found("CT", "CHEST", "胸腔积液", _SIDE + "胸腔见{少量|中等量|大量}液性密度影，邻近肺组织{膨胀不全|无明显受压}。"),
    _found("CT", "CHEST", "气胸", "{左侧|右侧}胸腔见无肺纹理透亮区，肺组织压缩约{}%，纵隔{居中|移位}。"),
    _found("CT", "CHEST", "肋骨骨折", "{左侧|右侧}第{}肋骨见骨折线，断端{无明显错位|错位}。"),
    _found("CT", "ABDOMEN", "肝囊肿", "肝{右叶|左叶}见类圆形低密度影，大小约{} mm×{} mm，CT值约{} HU，边界清。"),
    _found("CT", "ABDOMEN", "脂肪肝", "肝实质密度{弥漫性|不均匀}减低，CT值约{} HU，低于脾脏。"),
    _found(
        "CT",
        "ABDOMEN",
        "胆囊结石",
        "胆囊腔内见{单发|多发}结石影，较大者约{} mm，胆囊壁{不厚|增厚}，周围{清晰|见渗出}。",
    ),
    _found("CT", "ABDOMEN", "肾结石", _SIDE + "肾{盏|盂}见结石影，较大者约{} mm，肾盂、肾盏{无扩张|扩张}。"),
    _found("CT", "ABDOMEN", "阑尾炎", "阑尾增粗，管径约{} mm，壁增厚，周围脂肪间隙模糊，腔内{未见|见}粪石。"),
    _found(
        "CT", "ABDOMEN", "肠梗阻", "{小肠|结肠}肠管扩张，最宽约{} mm，见多发气液平面，移行区位于{}。膈下未见游离气体。"
    ),
    _found(
        "CT",
        "SPINE",
        "压缩骨折",
        "{}椎体变扁，前缘高度压缩约{1/4|1/3|1/2|2/3}，椎体后缘{完整|后突}，椎管{无狭窄|变窄}。",
    ),
    _found("CT", "VESSEL", "斑块狭窄", "{}见{钙化|非钙化|混合}斑块，管腔{轻度|中度|重度}狭窄，约{}%。"),
    _found("CT", "VESSEL", "充盈缺损", "{主干|右肺动脉|左肺动脉|叶动脉|段动脉}见充盈缺损，管腔{部分|完全}阻塞。"),
    _found(
        "MR",
        "HEAD",
        "急性梗死",
        _SIDE + "{额叶|颞叶|顶叶|枕叶|基底节区|放射冠|小脑半球|脑干}见{点状|片状}DWI高信号、"
        "ADC低信号影，范围约{} mm×{} mm。",
    ),
    _found(
        "MR", "HEAD", "缺血灶", "双侧{额顶叶|放射冠|半卵圆中心}见多发点状、斑点状T2-FLAIR高信号影，DWI未见弥散受限。"
    ),
    _found(
        "MR",
        "SPINE",
        "椎间盘突出",
        "{}椎间盘向{后|左后|右后}{膨出|突出}约{} mm，硬膜囊{受压|轻度受压}，{左侧|右侧|双侧}神经根{受压|无受压}。",
    ),
    _found("MR", "EXTREMITY", "半月板", "{内侧|外侧}半月板{前角|体部|后角}见线样高信号，{达|未达}关节面。"),
    _found(
        "MR",
        "EXTREMITY",
        "韧带",
        "{前交叉韧带|后交叉韧带|内侧副韧带|外侧副韧带}信号增高，{连续|部分不连续|连续性中断}。",
    ),
    _found("DX", "CHEST", "肺部感染", "{右肺|左肺}{上野|中野|下野}见斑片状影，边界模糊。"),
    _found("DX", "EXTREMITY", "骨折", "{左侧|右侧}{}见骨折线，断端{无明显错位|错位|成角}，关节{在位|脱位}。"),
    _found(
        "US",
        "NECK",
        "甲状腺结节",
        "甲状腺{左叶|右叶|峡部}见{低|等|高|无}回声结节，大小约{} mm×{} mm，"
        "纵横比{小于1|大于1}，边界{清|欠清}，{未见|见}点状强回声。",
    ),
    _concluded(ANY, ANY, "对比无变化", "与{}片对比，未见明显变化。"),
    _concluded(ANY, ANY, "请结合临床", "请结合临床及实验室检查。"),
    _concluded("CT", "CHEST", "结节结论", _LOBE + "{实性|部分实性|磨玻璃}结节，大小约{} mm×{} mm。"),
    _concluded("CT", "HEAD", "出血结论", _SIDE + "{基底节区|丘脑|脑叶|小脑|脑干}脑出血。"),
    _advised("复查", "建议{1周|2周|1个月|3个月|6个月|12个月}后复查{CT|MR|X线|超声}。"),
    _advised("增强", "建议{CT|MR}增强扫描进一步检查。"),
    _advised("会诊", "建议{神经外科|胸外科|普外科|骨科|泌尿外科|心内科|介入科}会诊。"),
    _advised("转诊", "病情危重，建议在生命体征平稳下转上级医院。"),
)
