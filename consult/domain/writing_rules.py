"""What a report must not say, checked before it is signed (书写规范, workflow §8): a table of rules over its text."""

import re
from collections.abc import Iterator

from consult.domain.critical_terms import critical_name, critical_terms
from consult.domain.errors import Words
from consult.domain.report_sections import SECTION_NAMES, Section
from consult.domain.reports import ReportText, missing_sections
from consult.domain.writing_rule import CLAUSE, Finding, Hit, ReportContext, Severity, WritingRule, affirmed, lesion
from consult.domain.writing_rules_numbers import numbers, sizes
from consult.domain.writing_rules_places import part, side


def _sections_empty(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    for name in missing_sections(text, context.template):
        section = Section(name)
        label = context.template.names[section]
        yield Hit(Words(f"“{label.zh}”还没有填写。", f"“{label.en}” is still empty."), section)


_RESIDUE = re.compile(
    r"×{2,}|[xX]{2,}(?!染色体)(?=\s*(mm|cm|ml|HU|岁|年|月|日|级|型|%|[\u4e00-\u9fff]))|_{2,}|＿{2,}|\[\s*\]|［\s*］|【\s*】"
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
    "突出",
    "脱位",
    "肺炎",
)


def _contradiction(text: ReportText, _: ReportContext) -> Iterator[Hit]:
    clauses = [clause.strip(" 　1234567890.、") for clause in CLAUSE.findall(text.impression)]
    stated = next((found for clause in CLAUSE.findall(text.findings) if (found := lesion(clause))), None)
    if clauses and stated is not None and all(_ALL_NORMAL.search(clause) for clause in clauses if clause):
        yield Hit(
            Words(
                f"影像所见写有“{stated.group()}”，诊断意见却写未见异常。",
                f"The findings tell of “{stated.group()}”, yet the impression is normal.",
            ),
            Section.IMPRESSION,
        )
    for word in _STATED:
        if affirmed(text.impression, word, now=True) and word in text.findings and not affirmed(text.findings, word):
            yield Hit(
                Words(
                    f"诊断意见有“{word}”，影像所见却写未见。", f"The impression states “{word}”, the findings deny it."
                ),
                Section.IMPRESSION,
            )


def _untouched(text: ReportText, context: ReportContext) -> Iterator[Hit]:
    start = context.template.starting.get(Section.FINDINGS, "")
    clauses = [clause.strip(" 　1234567890.、") for clause in CLAUSE.findall(text.impression)]
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
    WritingRule("side-contradiction", Words("左右不一致", "side contradiction"), Severity.BLOCK, side),
    WritingRule("part-differs", Words("检查部位不符", "other part of the body"), Severity.BLOCK, part),
    WritingRule(
        "conclusion-contradicts", Words("结论与所见矛盾", "conclusion contradicts"), Severity.BLOCK, _contradiction
    ),
    WritingRule("absent-organ-normal", Words("缺失脏器写正常", "absent organ normal"), Severity.BLOCK, _absent_organ),
    WritingRule("critical-untold", Words("危急值未通报", "critical finding untold"), Severity.BLOCK, _critical),
    WritingRule("number-error", Words("数字或单位错误", "number or unit error"), Severity.WARN, numbers),
    WritingRule("size-differs", Words("所见与结论大小不一致", "sizes differ"), Severity.WARN, sizes),
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
