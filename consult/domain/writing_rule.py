"""What a writing rule is, what it is told, and how it reads a clause: which lesions it states and which it denies."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from consult.domain.critical_terms import denied, past
from consult.domain.errors import Words
from consult.domain.report_sections import Section, Template
from consult.domain.reports import ReportText


class Severity(StrEnum):
    """``block``: not signed unless overridden with a reason (the rules do not understand language). ``warn``: shown."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What is known beside the text.

    ``sex`` is M, F or O; ``body_part`` the exam's (HEAD, CHEST …) or ""; ``laterality`` of the exam is L, R or "";
    ``alerts`` are the findings for which a critical alert was opened or settled.
    """

    template: Template
    sex: str = "O"
    body_part: str = ""
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


CLAUSE = re.compile(r"[^，。；;,！？!?\n]+")
_LESION = re.compile(
    r"(高|低|混杂|等)密度(影|灶|病灶)|异常信号|骨折线|骨质破坏|占位|肿块|(?<!肱骨[大小])结节(?!间沟)|积液|积气|出血|血肿|梗死|狭窄|扩张"
    r"|充盈缺损|弥散受限|实变|压缩"
)


def lesion(clause: str) -> re.Match[str] | None:
    """The first lesion that ``clause`` states and does not deny; None where there is none."""
    return next((match for match in _LESION.finditer(clause) if not denied(clause[: match.start()])), None)


def affirmed(written: str, term: str, *, now: bool = False) -> bool:
    """Whether some clause of ``written`` states ``term`` without denying it; ``now``: and not as history either."""
    for clause in CLAUSE.findall(written):
        for match in re.finditer(term, clause):
            before, after = clause[: match.start()], clause[match.end() :]
            if not denied(before) and not (now and past(before, term, after)):
                return True
    return False
