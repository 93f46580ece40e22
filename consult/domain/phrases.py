"""Phrases for a report: those everybody has by device and part, and each person's own; both with choices to fill in.

In a phrase ``{a|b|c}`` is a choice and ``{}`` a blank: neither may be left when the report is signed (writing_rules).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from consult.domain.errors import FieldError, Invalid, Words
from consult.domain.house_phrases import PHRASES, Phrase
from consult.domain.report_sections import ANY

MOST = 300
LONGEST = 2000
SHORTCUT = re.compile(r"[0-9A-Za-z\u4e00-\u9fff]{1,16}")


@dataclass(frozen=True, slots=True)
class OwnPhrases:
    """A person's phrases in their order; ``version`` is 0 before the first was kept."""

    items: tuple[Phrase, ...] = ()
    version: int = 0


def house_phrases(modality: str, body_part: str) -> list[Phrase]:
    """What is offered for a device and part of the body: the nearest first, then what fits any."""
    fitting = [row for row in PHRASES if row.modality in (ANY, modality) and row.body_part in (ANY, body_part)]
    return [row.phrase for row in sorted(fitting, key=lambda row: row.modality == ANY)]


def checked(items: Sequence[Phrase]) -> tuple[Phrase, ...]:
    """A person's phrases as they are kept. Raises Invalid naming each row that cannot be."""
    if len(items) > MOST:
        raise Invalid.at("items", Words(f"最多保存{MOST}条短语。", f"At most {MOST} phrases are kept."))
    wrong: list[FieldError] = []
    seen: set[str] = set()
    for place, phrase in enumerate(items):
        if SHORTCUT.fullmatch(phrase.shortcut) is None:
            wrong.append(
                FieldError(
                    f"items.{place}.shortcut",
                    Words("缩写为1～16个汉字、字母或数字。", "Give 1–16 letters, digits or Chinese characters."),
                )
            )
        elif phrase.shortcut.casefold() in seen:
            wrong.append(FieldError(f"items.{place}.shortcut", Words("缩写重复。", "This shortcut is there already.")))
        seen.add(phrase.shortcut.casefold())
        if not 1 <= len(phrase.text.strip()) <= LONGEST:
            told = Words(f"内容为1～{LONGEST}个字。", f"The text has 1–{LONGEST} characters.")
            wrong.append(FieldError(f"items.{place}.text", told))
    if wrong:
        raise Invalid(Words("有短语填写不对。", "Some phrases are not right."), wrong)
    return tuple(items)
