"""Whether a report speaks of the right side and the right part of the body."""

import re
from collections.abc import Iterator

from consult.domain.errors import Words
from consult.domain.modalities import BODY_PARTS, BodyPart
from consult.domain.report_sections import Section
from consult.domain.reports import ReportText
from consult.domain.writing_rule import CLAUSE, Hit, ReportContext, lesion

_PLACES = (
    "基底节|丘脑|内囊|外囊|额颞叶|额叶|顶叶|颞叶|枕叶|岛叶|小脑|放射冠|半卵圆中心|侧脑室|桥小脑角|海马|大脑半球|"
    "大脑中动脉|大脑前动脉|大脑后动脉|颈内动脉|颈总动脉|椎动脉|锁骨下动脉|肺动脉|硬膜下|硬膜外|上颌窦|筛窦|额窦|蝶窦|"
    "乳突|中耳|眼眶|腮腺|甲状腺|肺上叶|肺中叶|肺下叶|肺尖|肺门|肺|胸腔|胸膜|主支气管|乳腺|乳房|腋窝|肾上腺|肾|输尿管|"
    "肾盂|卵巢|附件|腹股沟|髂动脉|髋|股骨|膝|胫骨|腓骨|踝|跟骨|足|肩|锁骨|肩胛骨|肱骨|肘|桡骨|尺骨|腕|手|肋|髂骨|耻骨"
)
_PLACE = re.compile(f"(?P<side>[左右双])(侧|[上中下前后]|第[\\d一二三四五六七八九十]+|[、及和])*(?P<place>{_PLACES})")
_SIDE = re.compile(r"[左右双](?=[侧上中下肺肾眼耳乳大小额顶颞枕基丘股胫髋膝踝肩肱肘桡尺腕])")
_NORMAL = re.compile(r"未见|未发现|正常|对称|清晰|通畅|均匀|光整|锐利|无(?!明显诱因)|居中|连续")
_OTHER_SIDE = {"左": "右", "右": "左"}
_SIDE_EN = {"左": "left", "右": "right"}


def _places(written: str) -> dict[str, set[str]]:
    """Which sides each place is named with; 双 counts as both."""
    sides: dict[str, set[str]] = {}
    for match in _PLACE.finditer(written):
        side = match.group("side")
        sides.setdefault(match.group("place"), set()).update("左右" if side == "双" else side)
    return sides


def _abnormal(written: str) -> str:
    clauses = CLAUSE.findall(written)
    return "\n".join(clause for clause in clauses if _NORMAL.search(clause) is None or lesion(clause) is not None)


def _sides(written: str) -> set[str]:
    found: set[str] = set()
    for match in _SIDE.finditer(written):
        found.update("左右" if match.group() == "双" else match.group())
    return found


def side(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    """Findings and impression name opposite sides of one place, or both the side that was not examined."""
    findings, impression = _abnormal(text.findings), _abnormal(text.impression)
    named = _places(findings)
    compared = False
    for place, sides in _places(impression).items():
        if place in named:
            compared = True
            if not sides & named[place]:
                yield _side_hit(f"{min(sides)}侧{place}", f"{min(named[place])}侧{place}")
    ours, theirs = _sides(impression), _sides(findings)
    if not compared and len(ours) == 1 and len(theirs) == 1 and ours != theirs:
        yield _side_hit(f"{min(ours)}侧", f"{min(theirs)}侧")
    exam = {"L": "左", "R": "右"}.get(context.laterality)
    if exam is not None and (ours | theirs) == {_OTHER_SIDE[exam]}:
        yield Hit(
            Words(
                f"检查部位为{exam}侧，文中写的是{_OTHER_SIDE[exam]}侧，请核对。",
                f"The exam is of the {_SIDE_EN[exam]} side; the text says {_SIDE_EN[_OTHER_SIDE[exam]]}.",
            ),
            Section.IMPRESSION,
        )


def _side_hit(concluded: str, described: str) -> Hit:
    return Hit(
        Words(
            f"左右不一致：诊断意见写“{concluded}”，影像所见写“{described}”。",
            f"Sides differ: the impression says “{concluded}”, the findings say “{described}”.",
        ),
        Section.IMPRESSION,
    )


_WORDS_OF_PARTS: dict[str, re.Pattern[str]] = {
    BodyPart.HEAD: re.compile(
        r"头颅|脑(?!脊)|颅|基底节|丘脑|蛛网膜|硬膜[下外](?!腔阻滞)|垂体|鼻窦|上颌窦|筛窦|乳突|眼眶"
    ),
    BodyPart.CHEST: re.compile(r"胸部|胸腔|胸膜|肺|纵隔|支气管|肋骨|心影|心包"),
    BodyPart.ABDOMEN: re.compile(r"腹|肝|胆|脾|胰|肾(?!上腺素)|阑尾|肠|胃"),
    BodyPart.PELVIS: re.compile(r"盆|膀胱|子宫|卵巢|前列腺|直肠|髋|骶髂"),
    BodyPart.SPINE: re.compile(r"椎|脊|[CTLS]\d\s*[/／-]|硬膜囊"),
    BodyPart.EXTREMITY: re.compile(r"膝|肩|肘|腕|踝|髋|股骨|胫骨|腓骨|肱骨|尺骨|桡骨|跟骨|掌|指骨|趾骨|跖|半月板|关节"),
}
_CONCLUDES = re.compile("头颅|心肺|" + "|".join(pattern.pattern for pattern in _WORDS_OF_PARTS.values()))


def part(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    """The impression names organs of other parts only, none of the part that was examined; unknown parts are left."""
    own = _WORDS_OF_PARTS.get(context.body_part)
    if own is None or own.search(f"{text.findings}\n{text.impression}"):
        return
    other = _CONCLUDES.search(text.impression)
    if other is not None:
        name = BODY_PARTS[BodyPart(context.body_part)]
        yield Hit(
            Words(
                f"检查部位为{name.zh}，诊断意见写的是“{other.group()}”，请核对是否同一检查。",
                f"The exam is of: {name.en}; the impression speaks of “{other.group()}”. The same exam?",
            ),
            Section.IMPRESSION,
        )
