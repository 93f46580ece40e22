"""The workflow's tables as a page for people, in Chinese and English: what ``consult generate`` writes from them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from consult.domain.cases import Case, Party, Patient, Priority, ServiceType, State, Stay
from consult.domain.errors import Words
from consult.domain.reports import REPORT_STATES, REPORT_TRANSITIONS
from consult.domain.workflow import ORDER, STATES, TRANSITIONS, Transition
from consult.domain.workflow_needs import Images, Need, Who, World

HEAD = """<!-- Generated from workflow.py by `consult generate`; do not edit. -->
# 会诊流程 · The workflow

病例只能按下表移动，其余一律拒绝（409）。申请单、按钮、接口、计时与测试都读这两张表。
A case moves by these rows and by no other (409 otherwise); buttons, API, clocks and tests read the same tables.
"""
ROLES: dict[Who, Words] = {
    Who.REQUESTER: Words("申请医师", "requester"),
    Who.APPROVER: Words("审批人", "approver"),
    Who.COORDINATOR: Words("调度", "coordinator"),
    Who.SPECIALIST: Words("会诊专家", "specialist"),
    Who.ASSIGNEE: Words("接诊专家", "assignee"),
    Who.AUTHOR: Words("报告医师", "author"),
    Who.REVIEWER: Words("审核医师", "reviewer"),
    Who.QA: Words("质控", "quality assurance"),
    Who.PLATFORM_ADMIN: Words("平台管理员", "platform admin"),
    Who.SYSTEM: Words("系统", "system"),
    Who.MEMBER: Words("会诊成员", "member"),
    Who.INVITED: Words("被邀请人", "invited"),
}
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_EXAMPLE = Case(
    id="0" * 32, number="HZ20260101-0001", state=State.DRAFT, version=1, priority=Priority.ROUTINE,
    service_type=ServiceType.TELEDIAGNOSIS, requesting_site="A", performing_site="B", centre=None,
    requester=Party("r", "某医师"), patient=Patient("某患者", "M"), question="", clinical_history="", modality="CT",
    body_part="HEAD", created_at=_SOME_DAY, updated_at=_SOME_DAY, stays=(Stay(State.DRAFT, _SOME_DAY),),
)  # fmt: skip
_WORLD = World(
    duplicate="HZ20260101-0002",
    images=Images("short", 119, 120, (Words("缺第 35 层。", "Slice 35 is missing."),)),
    report_missing=(Words("请填写诊断意见。", "Write the impression."),),
    blocking=(Words("诊断意见与影像所见矛盾。", "The impression contradicts the findings."),),
    critical_terms=("急性脑出血",),
    silent=("某医师",),
)


def page() -> str:
    """The whole page, in Markdown."""
    parts = (HEAD, _states(), _transitions(), _needs(), _report())
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _states() -> str:
    head = ("代码 code", "中文", "English", "归属 owner", "计时 clocks", "FHIR Task.status / businessStatus", "")
    rows = [
        (
            f"`{state}`",
            row.label.zh,
            row.label.en,
            row.owner or "–",
            ", ".join(f"`{clock}`" for clock in sorted(row.clocks)) or "–",
            f"{row.fhir_status} / {row.fhir_business_status}",
            "" if row.live else "已结束 ended",
        )
        for state, row in STATES.items()
    ]
    return "## 状态 · States\n" + _table(head, rows)


def _transitions() -> str:
    head = ("编号", "动词 verb", "中文", "English", "从 from", "到 to", "谁 who", "须满足 needs", "填写 asks")
    return "## 流转 · Moves\n" + _table(head, (_move(row) for row in TRANSITIONS))


def _move(row: Transition) -> tuple[str, ...]:
    asks = [*row.asks, *(("reason",) if row.reason else ())]
    return (
        row.id,
        f"`{row.verb}`",
        row.label.zh,
        row.label.en,
        _span(row.origins),
        STATES[row.target].label.zh if row.target else "不变 same",
        "、".join(ROLES[who].zh for who in ROLES if who in row.who),
        ", ".join(f"`{need.code}`" for need in row.needs) or "–",
        ", ".join(f"`{ask}`" for ask in asks) or "–",
    )


def _span(states: frozenset[State]) -> str:
    """States by name; a run of more than three as “first … last (without …)”."""
    there = [state for state in ORDER if state in states]
    if len(there) <= 3:
        return "、".join(STATES[state].label.zh for state in there)
    inside = ORDER[ORDER.index(there[0]) : ORDER.index(there[-1]) + 1]
    without = "、".join(STATES[state].label.zh for state in inside if state not in states)
    told = f"{STATES[there[0]].label.zh} … {STATES[there[-1]].label.zh}"
    return f"{told}（除 {without}）" if without else told


def _needs() -> str:
    known: dict[str, Need] = {need.code: need for row in TRANSITIONS for need in row.needs}
    rows = []
    for code, need in known.items():
        words = need.sentence(_EXAMPLE, _WORLD)
        rows.append((f"`{code}`", words.zh, words.en, f"`{need.settled_by}`" if need.settled_by else "–"))
    head = ("代码 code", "未满足时的提示", "what the screen says while it does not hold", "可当场解决 settled by")
    return "## 须满足的条件 · Needs\n" + _table(head, rows)


def _report() -> str:
    states = _table(
        ("代码 code", "中文", "English", "FHIR DiagnosticReport.status", "签发 signed"),
        (
            (f"`{state}`", row.label.zh, row.label.en, row.fhir_status, "✓" if row.signed else "")
            for state, row in REPORT_STATES.items()
        ),
    )
    moves = _table(
        ("动词 verb", "中文", "English", "从 from", "到 to", "新版本 opens"),
        (
            (
                f"`{row.verb}`",
                row.label.zh,
                row.label.en,
                ", ".join(f"`{state}`" for state in REPORT_STATES if state in row.sources),
                "不变 same" if row.opens else f"`{row.target}`" if row.target else "按版本类型 by its kind",
                f"`{row.opens}`" if row.opens else "–",
            )
            for row in REPORT_TRANSITIONS
        ),
    )
    return "## 报告 · The report\n" + states + "\n" + moves
