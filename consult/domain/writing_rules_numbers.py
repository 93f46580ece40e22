"""Whether the measures of a report can be, and whether findings and impression give the same ones."""

import re
from collections.abc import Iterator

from consult.domain.errors import Words
from consult.domain.report_sections import Section
from consult.domain.reports import ReportText
from consult.domain.writing_rule import Hit, ReportContext

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
            r"(?<![\d.×*])(?<!矩阵)\d+(?:\.\d+)?(?:\s*[×*]\s*\d+(?:\.\d+)?){1,2}(?![\d.])"
            r"(?!\s*(?:[×*]|mm|cm|m|毫米|厘米|个|层|HU))"
        ),
        Words("测量值缺少单位", "a measure without unit"),
    ),
)


def numbers(text: ReportText, _: ReportContext) -> Iterator[Hit]:
    """A measure without or with mixed units, malformed, or larger than a body."""
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


_SIZE = re.compile(
    r"(?P<before>[^，。；;,\n]{0,10}?)(?<![\d.])(?P<first>\d+(?:\.\d+)?)\s*(?P<unit1>mm|cm|毫米|厘米)?"
    r"(?:\s*[×xX*]\s*\d+(?:\.\d+)?\s*(?:mm|cm|毫米|厘米)?){0,2}(?<=[m米])(?![²³/A-Za-z])"
)
_UNIT_AT_END = re.compile(r"(mm|cm|毫米|厘米)$")
_NOT_OF_NOW = re.compile(r"前|原|既往|大于|小于|超过|不足|>|<|≥|≤|层厚|间隔")
_ROUNDING = 0.6
"""mm: 7.8 mm in the findings may be “8 mm” in the impression."""


def _sizes_mm(written: str) -> set[float]:
    """The first and largest number of each measure, in mm; not what is a threshold, of an older exam, or technical."""
    found: set[float] = set()
    for match in _SIZE.finditer(written):
        unit = match.group("unit1") or _UNIT_AT_END.findall(match.group())[-1]
        if not _NOT_OF_NOW.search(match.group("before")):
            found.add(float(match.group("first")) * (10 if unit in ("cm", "厘米") else 1))
    return found


def sizes(text: ReportText, _: ReportContext) -> Iterator[Hit]:
    """The impression gives a size that no measure of the findings has; 14 mm and 1.4 cm are the same."""
    measured = _sizes_mm(text.findings)
    for size in sorted(_sizes_mm(text.impression)):
        if measured and all(abs(size - other) > _ROUNDING for other in measured):
            yield Hit(
                Words(
                    f"诊断意见写约{size:g} mm，影像所见没有这个测量值，请核对大小和单位。",
                    f"The impression says {size:g} mm, which the findings do not give: check size and unit.",
                ),
                Section.IMPRESSION,
            )
