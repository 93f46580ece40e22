"""Lists of accounts as hospitals keep them: a CSV out of a spreadsheet, with Chinese or English headings."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from consult.domain.errors import Invalid, Words

MOST = 200
HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "username": ("用户名", "username"),
        "name": ("姓名", "name"),
        "institution": ("机构代码", "institution"),
        "roles": ("角色", "roles"),
        "skills": ("技能", "skills"),
        "licence": ("执业证号", "licence"),
        "expires": ("有效期", "expires"),
        "sign_right": ("签发权", "sign_right"),
    }
)
"""Column → what its heading may say."""
NEEDED = ("username", "name", "institution", "roles")
NOT_TEXT = Words("文件不是文本表格，请另存为 CSV 再上传。", "The file is no text table; save it as CSV and try again.")
EMPTY = Words("文件里没有人员。", "There is nobody in the file.")
TOO_MANY = Words(f"一次最多 {MOST} 人，请分成几个文件。", f"At most {MOST} people at a time; divide the file.")


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its line in the file, counted from 1 with the headings, and its cells by column."""

    number: int
    cells: Mapping[str, str]


def read(data: bytes) -> list[Line]:
    """The rows of a CSV in UTF-8 or GB18030, as spreadsheets in China save it. Raises Invalid at ``file``."""
    text = _text(data)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise Invalid.at("file", NOT_TEXT) from None
    columns = _columns(rows[0] if rows else [])
    lines = [
        Line(number, {name: row[at].strip() if at < len(row) else "" for name, at in columns.items()})
        for number, row in enumerate(rows[1:], 2)
        if any(cell.strip() for cell in row)
    ]
    if not lines:
        raise Invalid.at("file", EMPTY)
    if len(lines) > MOST:
        raise Invalid.at("file", TOO_MANY)
    return lines


def _text(data: bytes) -> str:
    for charset in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(charset)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Invalid.at("file", NOT_TEXT)


def _columns(headings: list[str]) -> dict[str, int]:
    said = [heading.strip().casefold() for heading in headings]
    columns = {name: said.index(word) for name, words in HEADINGS.items() for word in words if word.casefold() in said}
    lacking = [HEADINGS[name] for name in NEEDED if name not in columns]
    if lacking:
        zh, en = ("、".join(words[0] for words in lacking), ", ".join(words[1] for words in lacking))
        raise Invalid.at("file", Words(f"缺少列：{zh}。", f"These columns are missing: {en}."))
    return columns


def template() -> str:
    """An empty list with its headings and one row to show how it is filled in."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(words[0] for words in HEADINGS.values())
    writer.writerow(("zhang.san", "张三", "ANLONG", "申请医师", "", "", "", ""))
    writer.writerow(
        ("li.si", "李四", "GUIYANG", "会诊专家 审核医师", "CT:HEAD MR:*", "110520100001234", "2030-06-30", "是")
    )
    return "\ufeff" + out.getvalue()
