"""The audit log's words and its chain: who did what to which object, from where, with what outcome; no patient's name.

The vocabulary is DICOM's (PS3.15 §A.5, PS3.16 CID 400 and 401), as IHE ATNA asks it.
"""

import hashlib
import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from consult.domain.errors import Words
from consult.domain.events import TALK, Fact

BEGINNING = "0" * 64
"""What stands in place of a hash before the first row."""

address: ContextVar[str] = ContextVar("address", default="")
"""Where the deeds of this thread come from: a network address, or empty for the machine itself."""


class Deed(StrEnum):
    """What is written down."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    READ_CASE = "read_case"
    READ_REPORT = "read_report"
    READ_STUDY = "read_study"
    VIEW_IMAGES = "view_images"
    SEARCH = "search"
    SEND_IMAGES = "send_images"
    READ_LOG = "read_log"
    EXPORT = "export"
    SIGN = "sign"
    MOVE_CASE = "move_case"
    DECIDE = "decide"
    HOLD = "hold"
    RELEASE = "release"
    REMOVE = "remove"
    QUARANTINE = "quarantine"
    ADMINISTER = "administer"
    BACK_UP = "back_up"
    RESTORE = "restore"


class Code(NamedTuple):
    """A deed in DICOM's words: EventID (CID 400, DCM), EventActionCode (C R U D E), and in people's."""

    event: int
    action: str
    words: Words


CODES: Mapping[Deed, Code] = MappingProxyType(
    {
        Deed.SIGN_IN: Code(110114, "E", Words("登录", "signed in")),
        Deed.SIGN_OUT: Code(110114, "E", Words("退出", "signed out")),
        Deed.READ_CASE: Code(110110, "R", Words("查看会诊", "read a case")),
        Deed.READ_REPORT: Code(110110, "R", Words("查看报告", "read a report")),
        Deed.READ_STUDY: Code(110103, "R", Words("查看检查", "read a study")),
        Deed.VIEW_IMAGES: Code(110103, "R", Words("调阅影像", "viewed images")),
        Deed.SEARCH: Code(110112, "E", Words("检索影像目录", "searched the archive")),
        Deed.SEND_IMAGES: Code(110104, "C", Words("上传影像", "sent images")),
        Deed.READ_LOG: Code(110101, "R", Words("查看审计日志", "read the audit log")),
        Deed.EXPORT: Code(110106, "R", Words("导出", "exported")),
        Deed.SIGN: Code(110110, "U", Words("签名", "signed")),
        Deed.MOVE_CASE: Code(110110, "U", Words("处理会诊", "moved a case")),
        Deed.DECIDE: Code(110103, "U", Words("影像裁定", "decided about images")),
        Deed.HOLD: Code(110103, "U", Words("封存", "put under hold")),
        Deed.RELEASE: Code(110103, "U", Words("解除封存", "released from hold")),
        Deed.REMOVE: Code(110105, "D", Words("到期清除", "removed after its term")),
        Deed.QUARANTINE: Code(110113, "E", Words("处理隔离区", "settled a refused object")),
        Deed.ADMINISTER: Code(110113, "E", Words("账号与设置", "administered accounts")),
        Deed.BACK_UP: Code(110106, "R", Words("备份", "backed up")),
        Deed.RESTORE: Code(110107, "C", Words("从备份恢复", "restored from a backup")),
    }
)
"""DEEDS: each deed's code; 110114 user authentication, 110110 patient record, 110103 instances accessed, 110104
instances transferred, 110112 query, 110101 log used, 110106 export, 110107 import, 110105 study deleted, 110113
security alert."""


class Outcome(StrEnum):
    """How it ended (EventOutcomeIndicator 0, 4, 8)."""

    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row before it has its place; ``deed`` is one of Deed, ``outcome`` of Outcome.

    ``detail`` holds strings, whole numbers, truths and lists of these only.
    """

    deed: str
    at: datetime
    person_id: str | None
    person_name: str
    subject: str = ""
    subject_id: str = ""
    outcome: str = Outcome.SUCCESS
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])
    address: str = field(default_factory=address.get)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry in its place: numbered without gaps, ``hash`` over the row and the hash before it."""

    seq: int
    entry: Entry
    hash: str


def chained(before: str, seq: int, entry: Entry) -> str:
    """The hash of the row that follows the row with the hash ``before``."""
    told = [
        before,
        seq,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(entry.deed),
        str(entry.outcome),
        entry.person_id,
        entry.person_name,
        entry.address,
        entry.subject,
        entry.subject_id,
        dict(entry.detail),
    ]
    plain = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


SIGNING = frozenset({"sign", "co_sign", "issue_preliminary", "submit_for_review", "amend"})


def entry_of(fact: Fact) -> Entry | None:
    """What the log says of a fact; None for what no person did."""
    if fact.by_id is None:
        return None
    deed = Deed.DECIDE if fact.subject == "study" else Deed.SIGN if fact.kind in SIGNING else Deed.MOVE_CASE
    return Entry(
        deed,
        fact.at,
        fact.by_id,
        fact.by_name,
        "case" if fact.subject == TALK else fact.subject,
        fact.subject_id,
        detail={"kind": fact.kind, "version": fact.version},
    )


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first row that is not as it was written, and why."""

    seq: int
    sentence: Words


def flaw_of(before: Row | None, row: Row) -> Flaw | None:
    """What is wrong with a row that follows another; None when nothing is."""
    due = before.seq + 1 if before else 1
    if row.seq != due:
        return Flaw(due, Words(f"第 {due} 行缺失。", f"Row {due} is missing."))
    if row.hash != chained(before.hash if before else BEGINNING, row.seq, row.entry):
        return Flaw(due, Words(f"第 {due} 行被改动。", f"Row {due} is not as it was written."))
    return None
