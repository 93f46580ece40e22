"""What a machine says that it did: a performed procedure step, and what follows from it for a study's images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from consult.domain.errors import Invalid, Refusal, Words
from consult.domain.losses import Expectation, Listed, Source


class StepStatus(StrEnum):
    """How far a step is (PS3.3 §C.4.14, Performed Procedure Step Status)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


ENDED = (StepStatus.COMPLETED, StepStatus.DISCONTINUED)


@dataclass(frozen=True, slots=True)
class Step:
    """A performed procedure step as it stands: the SOP instances that it made, by series UID.

    ``reason`` is why a discontinued step was broken off, in the machine's words.
    """

    sop_uid: str
    status: StepStatus
    study_uids: tuple[str, ...]
    series: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    reason: str = ""
    ae_title: str = ""
    ended_at: datetime | None = None


class StepOver(Refusal):
    """A step that has ended may not be changed (PS3.4 §F.7.2.2.3)."""

    code = "step-over"

    def __init__(self) -> None:
        super().__init__(Words("该检查步骤已结束，不能再修改。", "This step has ended and may no longer be changed."))


class StepKnown(Refusal):
    """A step of this UID was created before."""

    code = "step-known"

    def __init__(self) -> None:
        super().__init__(Words("该检查步骤已登记。", "This step is known already."))


def created(step: Step) -> Step:
    """A step as it begins. Raises Invalid where it does not begin in progress (PS3.4 §F.7.2.1.2)."""
    if step.status is not StepStatus.IN_PROGRESS:
        raise Invalid.at("status", Words("检查步骤须以进行中开始。", "A step begins in progress."))
    return step


def changed(step: Step, status: StepStatus | None, series: Mapping[str, tuple[str, ...]], reason: str) -> Step:
    """A step with what a machine says later: a series told again replaces what was told of it. Raises StepOver."""
    if step.status in ENDED:
        raise StepOver
    told = {**step.series, **series}
    return Step(step.sop_uid, status or step.status, step.study_uids, told, reason or step.reason, step.ae_title)


def expected_by(steps: Sequence[Step], here: frozenset[str]) -> list[Expectation]:
    """What the steps of a study lead one to expect; ``here`` are the UIDs of the series that came.

    Only what a completed step lists is expected: images of one that was broken off may never have been sent, which is
    said instead. Of a step for several studies nobody knows which series is of which, but for those that are here.
    """
    listed: dict[str, Listed] = {}
    done = [step for step in steps if step.status is StepStatus.COMPLETED]
    for step in done:
        for series_uid, sop_uids in step.series.items():
            if len(step.study_uids) == 1 or series_uid in here:
                listed.update({sop_uid: Listed(series_uid) for sop_uid in sop_uids})
    found = [Expectation(source=Source.PERFORMED, notices=tuple(_notices(steps)), partial=True)]
    if listed:
        by = "、".join(sorted({step.ae_title for step in done}))
        at = max((step.ended_at for step in done if step.ended_at is not None), default=None)
        found.append(
            Expectation(
                series=_counts(listed), sop_uids=frozenset(listed), source=Source.PERFORMED, by=by,
                at=at.isoformat() if at is not None else "", listed=listed, partial=True,
            )
        )  # fmt: skip
    return found


def _counts(listed: Mapping[str, Listed]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in listed.values():
        counts[each.series_uid] = counts.get(each.series_uid, 0) + 1
    return counts


def _notices(steps: Sequence[Step]) -> list[Words]:
    told: list[Words] = []
    for step in steps:
        why_zh, why_en = (f"（{step.reason}）", f" ({step.reason})") if step.reason else ("", "")
        if step.status is StepStatus.DISCONTINUED:
            told.append(
                Words(
                    f"设备 {step.ae_title} 报告检查中止{why_zh}，影像可能不全。",
                    f"{step.ae_title} broke the examination off{why_en}: there may be images missing.",
                )
            )
        if step.status is StepStatus.IN_PROGRESS:
            told.append(
                Words(
                    f"设备 {step.ae_title} 报告检查已开始，尚未报告完成。",
                    f"{step.ae_title} began the examination and has not said that it is done.",
                )
            )
    return told
