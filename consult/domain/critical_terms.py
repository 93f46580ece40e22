"""Which critical findings (危急值) a report's text states: aware of negation, history and what acuity is implied."""

import re
from typing import NamedTuple

from consult.domain.errors import Words

_STOP = "，。；;,！？!?\n"
_CLAUSE = re.compile(f"[^{_STOP}]+")
_GAP = f"[^{_STOP}、]"

_BRAIN = (
    "脑|基底节|丘脑|壳核|尾状核|内囊|外囊|额叶|顶叶|颞叶|枕叶|岛叶|放射冠|半卵圆中心|延髓|额颞叶|额顶叶|颞顶叶|顶枕叶"
)


class CriticalFinding(NamedTuple):
    """A row of CRITICAL_FINDINGS: the list's own name, what texts call it, and what is not meant by it."""

    name: Words
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None


def _row(zh: str, en: str, pattern: str, unless: str | None = None) -> CriticalFinding:
    return CriticalFinding(Words(zh, en), re.compile(pattern), re.compile(unless) if unless else None)


CRITICAL_FINDINGS: tuple[CriticalFinding, ...] = (
    _row("急性肺栓塞", "acute pulmonary embolism", f"肺(动脉)?{_GAP}{{0,9}}栓塞|肺动脉{_GAP}{{0,14}}充盈缺损"),
    _row("急性主动脉夹层", "acute aortic dissection", f"主动脉{_GAP}{{0,6}}(夹层|壁间血肿)"),
    _row("主动脉瘤破裂", "ruptured aortic aneurysm", f"主动脉{_GAP}{{0,4}}瘤{_GAP}{{0,4}}破裂"),
    _row("心包填塞", "cardiac tamponade", "心包(填塞|压塞)"),
    _row(
        "大量液/血/气胸",
        "massive pleural fluid, blood or air",
        f"大量{_GAP}{{0,4}}(胸腔积液|胸腔积血|胸水|[液血气]胸|液气胸|血气胸)"
        f"|(胸腔|胸膜腔)({_GAP}{{0,3}})大量{_GAP}{{0,3}}(积液|积血|积气|液体|气体)|张力性气胸",
    ),
    _row("气管支气管异物", "foreign body in the airway", f"(气管|支气管){_GAP}{{0,5}}异物"),
    _row(
        "急性脑梗死",
        "acute cerebral infarction",
        f"({_BRAIN}){_GAP}{{0,6}}梗(死|塞)",
        "腔隙|软化|出血性转化后",
    ),
    _row(
        "急性脑出血",
        "acute intracerebral haemorrhage",
        f"({_BRAIN}){_GAP}{{0,6}}(出血|血肿)",
        "微出血|硬膜|蛛网膜|皮下|帽状腱膜",
    ),
    _row("急性硬膜外/硬膜下出血", "acute epidural or subdural haemorrhage", "硬膜[外下](腔)?(出血|血肿)"),
    _row("急性蛛网膜下腔出血", "acute subarachnoid haemorrhage", "蛛网膜下腔(内)?(出血|积血)"),
    _row("脑疝", "brain herniation", "脑疝|钩回疝|扁桃体疝|大脑镰下?疝|(天幕|枕骨大孔)疝"),
    _row(
        "消化道穿孔",
        "gastrointestinal perforation",
        f"(消化道|胃|十二指肠|小肠|空肠|回肠|结肠|直肠|肠|空腔脏器|阑尾){_GAP}{{0,4}}穿孔"
        f"|(膈下|腹腔){_GAP}{{0,8}}游离(气|积气)",
    ),
    _row(
        "腹腔脏器破裂出血",
        "ruptured abdominal organ",
        f"([肝脾肾胰](脏|腺)?|肠系膜|(腹腔|腹部)(实质)?脏器){_GAP}{{0,4}}(破裂|裂伤)",
    ),
    _row("绞窄性肠梗阻", "strangulated bowel obstruction", f"绞窄性?{_GAP}{{0,2}}肠梗阻|肠绞窄"),
)
"""The national list of critical radiology findings (workflow §8), as seed data.

The list says 急性; reports seldom do. Acuity is implied unless the text calls it old, chronic, subacute or operated.
"""

_DENIED = re.compile(
    r"未见|未发现|未示|未显示|未提示|未查见|无|没有|(?<!不能)(?<!不)(?<!未)(?<!未能)(?<!不可)(?<!待)(除外|排除)|不考虑|不支持|否认"
)
_AFFIRMED = re.compile(r"(?<!未)(?<!未查)(?<!未发)[见现]|但|考虑|提示(?!.*[未无])|并|伴|合并")
_DENIED_AFTER = re.compile(rf"^{_GAP}{{0,6}}?((可|已|予以?|基本|暂)(以)?(除外|排除)|不考虑|依据不足|可能性(不大|小))")
_OLD_BEFORE = re.compile(r"(陈旧性?|既往|慢性|亚急性|曾有?|恢复期|原(?!发)|旧)[^，。；]{0,6}$")
_OLD_AFTER = re.compile(
    r"^[^，。；、]{0,4}?(引流|清除|修补|切除|支架|栓塞|减压|介入)?[^，。；、]{0,2}?"
    r"(术后|治疗后|病史|史(?!无前)|后遗|后改变|[已基本完全部分]{1,4}吸收|较前[^，。；]{0,3}吸收|吸收期|残腔|软化灶)"
)
_ACUTE_BEFORE = re.compile(r"(?<!亚)急性期?(期)?[^，。；、]{0,2}$")


def critical_terms(text: str) -> tuple[str, ...]:
    """The names, as the national list has them, of the critical findings that ``text`` states as present.

    “左侧基底节区脑出血” is 急性脑出血; “未见脑出血”, “脑出血术后” and “陈旧性脑出血” are none.
    “不除外急性脑梗死” counts: a suspicion has to be told too.
    """
    stated = {
        finding.name.zh for clause in _CLAUSE.findall(text) for finding in CRITICAL_FINDINGS if _states(finding, clause)
    }
    return tuple(finding.name.zh for finding in CRITICAL_FINDINGS if finding.name.zh in stated)


def critical_name(zh: str) -> Words:
    """Both names of a finding of the list; a text that is not on it stands for itself."""
    return next((finding.name for finding in CRITICAL_FINDINGS if finding.name.zh == zh), Words(zh, zh))


def denied(before: str) -> bool:
    """Whether a clause, read up to a term, denies that term: “未见骨折及” does, “未见骨折但见” does not."""
    found = list(_DENIED.finditer(before))
    return bool(found) and _AFFIRMED.search(before, found[-1].end()) is None


def past(before: str, term: str, after: str) -> bool:
    """Whether a term, between what its clause says before and after it, is told as old, operated or history."""
    acute = _ACUTE_BEFORE.search(before) is not None or re.search("(?<!亚)急性", term) is not None
    old = _OLD_BEFORE.search(before) is not None or re.search("陈旧|慢性|亚急性", term) is not None
    return _OLD_AFTER.search(after) is not None or (old and not acute)


def _states(finding: CriticalFinding, clause: str) -> bool:
    for match in finding.pattern.finditer(clause):
        before, term, after = clause[: match.start()], match.group(), clause[match.end() :]
        if finding.unless is not None and finding.unless.search(clause[: match.end()]):
            continue
        if denied(before) or denied(term) or _DENIED_AFTER.search(after):
            continue
        if not past(before, term, after):
            return True
    return False
