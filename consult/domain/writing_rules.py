"""What a report must not say, checked before it is signed (书写规范, workflow §8): a table of rules over its text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from consult.domain.critical_terms import critical_name, critical_terms, denied
from consult.domain.errors import Words
from consult.domain.report_sections import SECTION_NAMES, Section, Template
from consult.domain.reports import ReportText, missing_sections


class Severity(StrEnum):
    """``block``: not signed unless overridden with a reason (the rules do not understand language). ``warn``: shown."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What is known beside the text.

    ``sex`` is M, F or O; ``laterality`` of the exam is L, R or ""; ``alerts`` are the findings for which a critical
    alert was opened or settled.
    """

    template: Template
    sex: str = "O"
    age_years: int | None = None
    laterality: str = ""
    alerts: frozenset[str] = field(default_factory=frozenset[str])


class Finding(NamedTuple):
    """What a rule found: its code and severity, one sentence, and the section it is in."""

    code: str
    severity: Severity
    sentence: Words
    where: str


class Hit(NamedTuple):
    """One place where a rule strikes."""

    sentence: Words
    where: Section


class WritingRule(NamedTuple):
    """A row of WRITING_RULES."""

    code: str
    label: Words
    severity: Severity
    find: Callable[[ReportText, ReportContext], Iterator[Hit]]


_CLAUSE = re.compile(r"[^，。；;,！？!?\n]+")
_LESION = re.compile(
    r"(高|低|混杂|等)密度(影|灶|病灶)|异常信号|骨折线|骨质破坏|占位|肿块|(?<!肱骨[大小])结节(?!间沟)|积液|积气|出血|血肿|梗死|狭窄|扩张"
    r"|充盈缺损|弥散受限|实变|压缩"
)


def _sections_empty(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    for name in missing_sections(text, context.template):
        section = Section(name)
        label = context.template.names[section]
        yield Hit(Words(f"“{label.zh}”还没有填写。", f"“{label.en}” is still empty."), section)


_RESIDUE = re.compile(
    r"×{2,}|[xX]{2,}(?=\s*(mm|cm|ml|HU|岁|年|月|日|级|型|%|[\u4e00-\u9fff]))|_{2,}|＿{2,}|\[\s*\]|［\s*］|【\s*】"
    r"|\(\s*\)|（\s*）|\{[^}\n]*\}|\?{2,}|？{2,}|…{3,}|[\[［【（(]左[/／、]右[\]］】）)]|左[/／]右|有[/／]无|增[/／]减"
)


def _residue(text: ReportText, _: ReportContext) -> Iterator[Hit]:
    for section in Section:
        match = _RESIDUE.search(text.section(section))
        if match is not None:
            left = match.group().strip()
            yield Hit(
                Words(f"模板占位“{left}”没有改掉。", f"The placeholder “{left}” was left from the template."), section
            )


_OF_WOMEN = re.compile(r"子宫|卵巢|输卵管|宫颈|宫腔|宫体|阴道|附件区|妊娠|孕囊|胎儿|胎盘|绝经|月经")
_OF_MEN = re.compile(r"前列腺(?!素)|精囊|睾丸|附睾|阴囊|阴茎|精索")
_SAYS_SEX = re.compile(r"(患者|病人|患儿)?[，,]?(?P<sex>[男女])(性(?!激素|型|化)|，|,|\s*\d{1,3}\s*岁)")


def _sex(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    wrong, patient = {"M": (_OF_WOMEN, "男"), "F": (_OF_MEN, "女")}.get(context.sex, (None, ""))
    if wrong is None:
        return
    for section in Section:
        written = text.section(section)
        organ = wrong.search(written)
        said = _SAYS_SEX.search(written)
        word = organ.group() if organ else said.group() if said and said.group("sex") != patient else None
        if word is not None:
            english = {"男": "male", "女": "female"}[patient]
            yield Hit(
                Words(
                    f"患者为{patient}性，文中出现“{word}”。", f"The patient is {english}, yet the text says “{word}”."
                ),
                section,
            )


_SAYS_AGE = re.compile(r"(?:患者|病人|患儿|[男女]性?)[^。；\n\d]{0,4}(\d{1,3})\s*岁")


def _age(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    if context.age_years is None:
        return
    for section in Section:
        for match in _SAYS_AGE.finditer(text.section(section)):
            if abs(int(match.group(1)) - context.age_years) > 1:
                yield Hit(
                    Words(
                        f"文中写“{match.group(1)}岁”，患者为{context.age_years}岁，请核对是否同一患者。",
                        f"The text says {match.group(1)} years, the patient is {context.age_years}: the same person?",
                    ),
                    section,
                )


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


def _lesion(clause: str) -> re.Match[str] | None:
    return next((match for match in _LESION.finditer(clause) if not denied(clause[: match.start()])), None)


def _abnormal(written: str) -> str:
    clauses = _CLAUSE.findall(written)
    return "\n".join(clause for clause in clauses if _NORMAL.search(clause) is None or _lesion(clause) is not None)


def _sides(written: str) -> set[str]:
    found: set[str] = set()
    for match in _SIDE.finditer(written):
        found.update("左右" if match.group() == "双" else match.group())
    return found


def _side(text: ReportText, context: ReportContext) -> Iterator[Hit]:
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


_MEASURE = re.compile(r"(?<![\d.])(?P<number>-?\d+(\.\d+)?)\s*(?P<unit>mm|毫米|cm|厘米|HU|Hu|hu)(?![²³/A-Za-z])")
_RANGES: dict[str, tuple[float, float, Words]] = {
    "mm": (0, 500, Words("长度过大", "an implausible length")),
    "cm": (0, 60, Words("长度过大", "an implausible length")),
    "hu": (-1100, 4100, Words("CT值超出范围", "a CT number out of range")),
}
_UNITS = {"毫米": "mm", "厘米": "cm"}
_MALFORMED: tuple[tuple[re.Pattern[str], Words], ...] = (
    (
        re.compile(r"\d+[.．]{2,}\d+|\d+\.\d+\.\d+\s*(?:mm|cm|HU)|\d+。\d+\s*(?:mm|cm|ml|HU|%)"),
        Words("数字格式有误", "a malformed number"),
    ),
    (
        re.compile(r"(?:狭窄|压缩)[^，。；\d]{0,6}(?:10[1-9]|1[1-9]\d|[2-9]\d\d)\s*[%％]"),
        Words("百分比超过100%", "over 100 %"),
    ),
    (
        re.compile(r"\d\s*mm\s*[×xX*]\s*[\d.]+\s*cm|\d\s*cm\s*[×xX*]\s*[\d.]+\s*mm"),
        Words("同一测量单位不一致", "mixed units in one measure"),
    ),
    (
        re.compile(
            r"(?<![\d.×*])\d+(?:\.\d+)?\s*[×*]\s*\d+(?:\.\d+)?(?![\d.])(?!\s*(?:[×*]|mm|cm|m|毫米|厘米|个|层|HU))"
        ),
        Words("测量值缺少单位", "a measure without unit"),
    ),
)


def _numbers(text: ReportText, _: ReportContext) -> Iterator[Hit]:
    for section in (Section.FINDINGS, Section.IMPRESSION):
        written = text.section(section)
        wrong = [(match.group(), what) for pattern, what in _MALFORMED for match in pattern.finditer(written)]
        for match in _MEASURE.finditer(written):
            unit = match.group("unit")
            low, high, what = _RANGES[_UNITS.get(unit, unit.lower())]
            if not low <= float(match.group("number")) <= high:
                wrong.append((match.group(), what))
        for said, what in wrong:
            yield Hit(Words(f"{what.zh}：“{said}”。", f"“{said}” is {what.en}."), section)


_ALL_NORMAL = re.compile(
    r"^[^，。；]{0,16}(未见(明显|明确)?异常|未见(明显|明确)?病变|正常|未见(明显|明确)?异常征象)[^，。；]{0,6}$"
)
_STATED = (
    "出血",
    "血肿",
    "骨折",
    "梗死",
    "气胸",
    "胸腔积液",
    "结节",
    "肿块",
    "占位",
    "脑疝",
    "栓塞",
    "夹层",
    "穿孔",
    "肠梗阻",
    "结石",
    "椎间盘突出",
    "脱位",
    "肺炎",
)


def _affirmed(written: str, term: re.Pattern[str] | str) -> bool:
    for clause in _CLAUSE.findall(written):
        for match in re.finditer(term, clause):
            if not denied(clause[: match.start()]):
                return True
    return False


def _contradiction(text: ReportText, _: ReportContext) -> Iterator[Hit]:
    clauses = [clause.strip(" 　1234567890.、") for clause in _CLAUSE.findall(text.impression)]
    lesion = next((found for clause in _CLAUSE.findall(text.findings) if (found := _lesion(clause))), None)
    if clauses and lesion is not None and all(_ALL_NORMAL.search(clause) for clause in clauses if clause):
        yield Hit(
            Words(
                f"影像所见写有“{lesion.group()}”，诊断意见却写未见异常。",
                f"The findings tell of “{lesion.group()}”, yet the impression is normal.",
            ),
            Section.IMPRESSION,
        )
    for word in _STATED:
        if _affirmed(text.impression, word) and word in text.findings and not _affirmed(text.findings, word):
            yield Hit(
                Words(
                    f"诊断意见有“{word}”，影像所见却写未见。", f"The impression states “{word}”, the findings deny it."
                ),
                Section.IMPRESSION,
            )


def _untouched(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    start = context.template.starting.get(Section.FINDINGS, "")
    clauses = [clause.strip(" 　1234567890.、") for clause in _CLAUSE.findall(text.impression)]
    if start and text.findings.strip() == start.strip() and not all(_ALL_NORMAL.search(c) for c in clauses if c):
        yield Hit(
            Words("影像所见仍是模板的正常描述，与诊断意见不符。", "The findings are still the template's normal text."),
            Section.FINDINGS,
        )


_ORGANS = ("胆囊", "脾脏?", "左肾", "右肾", "子宫", "前列腺", "阑尾", "甲状腺", "胰腺", "左侧?乳腺", "右侧?乳腺")


def _absent_organ(text: ReportText, _: ReportContext) -> Iterator[Hit]:
    written = text.words
    for organ in _ORGANS:
        gone = re.search(rf"({organ})[^，。；、\n]{{0,4}}(切除术?后|已切除|缺如|未见显示|术后缺如)", written)
        fine = re.search(rf"({organ})[^，。；\n]{{0,8}}(正常|不大|未见异常|未见明显异常|均匀|光整)", written)
        if gone is not None and fine is not None:
            yield Hit(
                Words(
                    f"文中既写“{gone.group()}”，又写“{fine.group()}”。",
                    f"“{gone.group()}” and “{fine.group()}” cannot both be.",
                ),
                Section.FINDINGS,
            )


def _critical(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    told = set(context.alerts) | {term for alert in context.alerts for term in critical_terms(alert)}
    concluded = critical_terms(text.impression)
    for term in critical_terms(f"{text.findings}\n{text.impression}"):
        if term not in told:
            english = critical_name(term).en
            yield Hit(
                Words(
                    f"文中有危急值“{term}”，尚未通报。", f"“{term}” ({english}) is critical, and no alert was raised."
                ),
                Section.IMPRESSION if term in concluded else Section.FINDINGS,
            )


WRITING_RULES: tuple[WritingRule, ...] = (
    WritingRule("section-empty", Words("必填内容为空", "required section empty"), Severity.BLOCK, _sections_empty),
    WritingRule("template-residue", Words("模板残留", "template residue"), Severity.BLOCK, _residue),
    WritingRule("sex-contradiction", Words("性别不符", "sex contradiction"), Severity.BLOCK, _sex),
    WritingRule("side-contradiction", Words("左右不一致", "side contradiction"), Severity.BLOCK, _side),
    WritingRule(
        "conclusion-contradicts", Words("结论与所见矛盾", "conclusion contradicts"), Severity.BLOCK, _contradiction
    ),
    WritingRule("absent-organ-normal", Words("缺失脏器写正常", "absent organ normal"), Severity.BLOCK, _absent_organ),
    WritingRule("critical-untold", Words("危急值未通报", "critical finding untold"), Severity.BLOCK, _critical),
    WritingRule("number-error", Words("数字或单位错误", "number or unit error"), Severity.WARN, _numbers),
    WritingRule("age-differs", Words("年龄不符", "age differs"), Severity.WARN, _age),
    WritingRule("findings-untouched", Words("所见未修改", "findings untouched"), Severity.WARN, _untouched),
)


def check(text: ReportText, context: ReportContext) -> tuple[Finding, ...]:
    """What the rules find in ``text``, in the order of the table; an empty tuple when there is nothing to say."""
    return tuple(
        Finding(rule.code, rule.severity, hit.sentence, hit.where.value)
        for rule in WRITING_RULES
        for hit in rule.find(text, context)
    )


def blocks(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that keep a report from being signed until they are settled or overridden with a reason."""
    return tuple(finding for finding in found if finding.severity is Severity.BLOCK)


def rule_label(code: str) -> Words:
    """The short name of a rule; raises KeyError for a code that no rule has."""
    return {rule.code: rule.label for rule in WRITING_RULES}[code]


def section_label(where: str) -> Words:
    """The name of the section that a finding points at."""
    return SECTION_NAMES[Section(where)]
