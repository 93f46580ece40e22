"""Turnaround kept up with the facts: a case is measured again whenever something of it, or of its images, was told."""

from consult.domain.events import Fact
from consult.store import turnaround
from consult.store.turnaround import IMAGE_FACTS
from consult.store.unit import Store

AT_ONCE = 200


def on_fact(store: Store, fact: Fact) -> None:
    """Measure the case, or the cases of the study, that a fact tells of; the same fact twice changes nothing."""
    if fact.subject == "case":
        _measure(store, [fact.subject_id])
    elif fact.subject == "study" and fact.kind in IMAGE_FACTS:
        with store.read() as connection:
            linked = turnaround.with_study(connection, fact.subject_id)
        _measure(store, linked)


def rebuild(store: Store) -> tuple[int, int]:
    """Measure every case again from its facts: how many there are, and how many were measured that nobody tells of."""
    with store.read() as connection:
        told = turnaround.told_cases(connection)
    for first in range(0, len(told), AT_ONCE):
        _measure(store, told[first : first + AT_ONCE])
    with store.write() as unit:
        return len(told), turnaround.forget_others(unit, set(told))


def _measure(store: Store, case_ids: list[str]) -> None:
    if not case_ids:
        return
    with store.write() as unit:
        for case_id in case_ids:
            turnaround.keep(unit, case_id, turnaround.measured(unit.connection, case_id))
