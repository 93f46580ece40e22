"""Requests for storage commitment: kept until they are answered, and kept after for what they say of a study."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, insert, select, update

from consult.store import outbox
from consult.store.arrivals import SETTLE
from consult.store.tables_nodes import commitment_studies, commitments
from consult.store.tables_studies import instances, studies
from consult.store.unit import Unit

AT_ONCE = 500  # UIDs in one question


class Reference(NamedTuple):
    """An object that somebody asks about."""

    sop_class: str
    sop_uid: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """A request and what became of it; ``outcome`` is a reason for each of ``asked``, 0 where it is committed."""

    id: str
    transaction_uid: str
    institution: str
    ae_title: str
    asked_at: datetime
    asked: tuple[Reference, ...]
    outcome: tuple[int, ...] | None
    due_at: datetime | None
    failures: int
    told_at: datetime | None


class Copy(NamedTuple):
    """An object as it is kept."""

    study_id: str
    sop_class: str
    sop_uid: str
    sha256: str


def ask(
    unit: Unit,
    institution: str,
    ae_title: str,
    transaction_uid: str,
    asked: Sequence[Reference],
    now: datetime,
    due_at: datetime,
) -> str:
    """Keep a request, to be answered at ``due_at``; its id. A machine that asks again is answered again."""
    same = (commitments.c.institution == institution, commitments.c.transaction_uid == transaction_uid)
    again = unit.connection.execute(select(commitments.c.id).where(*same, commitments.c.ae_title == ae_title)).scalar()
    values: dict[str, Any] = {
        "asked_at": now, "asked": [list(each) for each in asked], "outcome": None, "due_at": due_at, "failures": 0,
        "told_at": None,
    }  # fmt: skip
    if again is not None:
        unit.connection.execute(update(commitments).where(commitments.c.id == again).values(values))
        return str(again)
    key = uuid4().hex
    unit.connection.execute(
        insert(commitments).values(
            id=key, transaction_uid=transaction_uid, institution=institution, ae_title=ae_title, **values
        )
    )
    return key


def find(connection: Connection, commitment_id: str) -> Commitment:
    """The request with that id."""
    return _commitment(connection.execute(select(commitments).where(commitments.c.id == commitment_id)).one())


def due(connection: Connection, now: datetime, limit: int) -> list[Commitment]:
    """Requests that are to be answered now, oldest first."""
    query = select(commitments).where(commitments.c.due_at <= now).order_by(commitments.c.due_at, commitments.c.id)
    return [_commitment(row) for row in connection.execute(query.limit(limit))]


def copies(connection: Connection, institution: str, asked: Iterable[Reference]) -> list[Copy]:
    """What is kept of these objects in an institution's studies, differing copies too."""
    uids = sorted({each.sop_uid for each in asked})
    found: list[Copy] = []
    for at in range(0, len(uids), AT_ONCE):
        query = (
            select(instances.c.study_id, instances.c.sop_class, instances.c.sop_uid, instances.c.sha256)
            .join(studies, studies.c.id == instances.c.study_id)
            .where(studies.c.institution == institution, instances.c.sop_uid.in_(uids[at : at + AT_ONCE]))
            .order_by(instances.c.id)
        )
        found += [Copy(*row) for row in connection.execute(query)]
    return found


def claim(unit: Unit, each: Commitment, until: datetime) -> bool:
    """Take a due request; False when another tick had it first. It is due again at ``until`` if its taker dies."""
    there = (commitments.c.id == each.id, commitments.c.due_at == each.due_at)
    claimed = unit.connection.execute(update(commitments).where(*there).values(due_at=until))
    return claimed.rowcount == 1


def judged(unit: Unit, each: Commitment, outcome: Sequence[int], found: Sequence[Copy]) -> None:
    """Keep the reasons, and what the request says about studies, which are looked at again.

    A request names objects, not studies. Where all that are here belong to one study, those that are not here are
    taken to belong to it as well; where they belong to several, nobody knows.
    """
    unit.connection.execute(update(commitments).where(commitments.c.id == each.id).values(outcome=list(outcome)))
    by_study: dict[str, set[str]] = defaultdict(set)
    for copy in found:
        by_study[copy.study_id].add(copy.sop_uid)
    if len(by_study) == 1:
        (only,) = by_study.values()
        only.update(reference.sop_uid for reference in each.asked)
    unit.connection.execute(delete(commitment_studies).where(commitment_studies.c.commitment_id == each.id))
    rows = [{"commitment_id": each.id, "study_id": study_id, "sop_uids": sorted(uids)}
            for study_id, uids in sorted(by_study.items())]  # fmt: skip
    if rows:
        unit.connection.execute(insert(commitment_studies), rows)
    for study_id in by_study:  # due since it was asked: it counts at once
        outbox.set_timer(unit, SETTLE, study_id, each.asked_at, {"released": True})


def told(unit: Unit, commitment_id: str, now: datetime) -> None:
    """The asker took the answer."""
    there = commitments.c.id == commitment_id
    unit.connection.execute(update(commitments).where(there).values(told_at=now, due_at=None))


def postponed(unit: Unit, commitment_id: str, due_at: datetime | None) -> None:
    """The asker did not take the answer: again at ``due_at``, or (None) never."""
    values = {"due_at": due_at, "failures": commitments.c.failures + 1}
    unit.connection.execute(update(commitments).where(commitments.c.id == commitment_id).values(values))


def expected_by_commitment(connection: Connection, study_id: str) -> frozenset[str] | None:
    """The SOP instances of a study that its sender asked commitment for, here or not; None where nobody asked."""
    query = select(commitment_studies.c.sop_uids).where(commitment_studies.c.study_id == study_id)
    lists = connection.execute(query).scalars().all()
    return frozenset(uid for uids in lists for uid in uids) if lists else None


def untold(connection: Connection) -> list[Commitment]:
    """Requests whose asker does not know the answer yet, oldest first; those that were given up too."""
    query = select(commitments).where(commitments.c.told_at.is_(None)).order_by(commitments.c.asked_at)
    return [_commitment(row) for row in connection.execute(query)]


def _commitment(row: Row[Any]) -> Commitment:
    asked = tuple(Reference(*each) for each in row.asked)
    outcome = tuple(row.outcome) if row.outcome is not None else None
    return Commitment(
        row.id, row.transaction_uid, row.institution, row.ae_title, row.asked_at, asked, outcome, row.due_at,
        row.failures, row.told_at,
    )  # fmt: skip
