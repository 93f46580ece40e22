"""A machine tells what it does and did: its performed procedure steps are kept, and its studies looked at again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from consult.domain.errors import NotFound
from consult.domain.nodes import Node
from consult.domain.performed import Step, StepStatus, changed, created
from consult.store import performed
from consult.store.unit import Store


def begin(store: Store, node: Node, step: Step, now: datetime) -> None:
    """Keep a step that a machine began. Raises Invalid, StepKnown."""
    mine = replace(created(step), ae_title=node.ae_title)
    with store.write() as unit:
        performed.begin(unit, node.institution, mine, now)


def change(
    store: Store,
    node: Node,
    sop_uid: str,
    status: StepStatus | None,
    series: Mapping[str, tuple[str, ...]],
    reason: str,
    now: datetime,
) -> None:
    """Keep what a machine says of a step of its institution. Raises NotFound, StepOver."""
    with store.write() as unit:
        step = performed.find(unit.connection, node.institution, sop_uid)
        if step is None:
            raise NotFound
        performed.change(unit, node.institution, changed(step, status, series, reason), now)
