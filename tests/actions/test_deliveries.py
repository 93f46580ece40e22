"""A signed report reaches the requesting site once, when its document can be opened, and is never said to before."""

from datetime import datetime
from pathlib import Path

import pytest

from consult.actions import deliveries
from consult.domain.cases import State
from consult.domain.errors import Unavailable
from consult.domain.events import Fact
from consult.domain.reports import ReportState
from consult.domain.workflow import Verb
from consult.store import cases, reports
from consult.store.blobs import Blobs
from consult.store.reports import ISSUED, SignedDocument
from consult.store.unit import Store
from tests.makers.cases import NOW, WRITTEN, a_study, brought_to, by, stored, write_report
from tests.makers.people import settle

PDF = b"%PDF-1.7 signed"


@pytest.fixture
def house(store: Store) -> Store:
    """A network with people and one study."""
    settle(store)
    a_study(store)
    return store


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """Where documents are kept."""
    return Blobs(tmp_path / "blobs")


def issue(store: Store, case_id: str, digest: str, version: int = 1, kind: ReportState = ReportState.FINAL) -> None:
    with store.write() as unit:
        reports.add_document(
            unit.connection,
            SignedDocument(
                case_id, "BG1", version, ISSUED, kind, digest, "c" * 64, None, WRITTEN, (), (), NOW
            ),
        )  # fmt: skip


def told(store: Store, case_id: str, kind: str) -> Fact:
    with store.read() as connection:
        return next(fact for fact in reversed(cases.facts_of(connection, case_id)) if fact.kind == kind)


def receipts(store: Store, case_id: str, version: int = 1) -> int:
    with store.read() as connection:
        return reports.receipts(connection, case_id, version)


def hand_over(store: Store, blobs: Blobs, fact: Fact, now: datetime = NOW) -> None:
    deliveries.on_case_fact(store, blobs, fact, now)


def test_a_signed_report_is_delivered_when_its_document_can_be_read(house: Store, blobs: Blobs) -> None:
    case_id = brought_to(house, State.SIGNED)
    issue(house, case_id, blobs.put(PDF))
    hand_over(house, blobs, told(house, case_id, "co_sign"))
    assert stored(house, case_id).state is State.DELIVERED
    assert receipts(house, case_id) == 1


def test_a_second_hand_over_of_the_same_fact_delivers_nothing_twice(house: Store, blobs: Blobs) -> None:
    case_id = brought_to(house, State.SIGNED)
    issue(house, case_id, blobs.put(PDF))
    for _ in range(3):
        hand_over(house, blobs, told(house, case_id, "co_sign"))
    assert receipts(house, case_id) == 1
    with house.read() as connection:
        assert [fact.kind for fact in cases.facts_of(connection, case_id)].count("deliver") == 1


def test_a_document_that_cannot_be_read_is_not_delivered_and_is_tried_again(house: Store, blobs: Blobs) -> None:
    case_id = brought_to(house, State.SIGNED)
    digest = blobs.put(PDF)
    issue(house, case_id, digest)
    path = blobs.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"%PDF-1.7 damaged")
    with pytest.raises(Unavailable):
        hand_over(house, blobs, told(house, case_id, "co_sign"))
    assert stored(house, case_id).state is State.SIGNED
    assert receipts(house, case_id) == 0
    path.write_bytes(PDF)
    hand_over(house, blobs, told(house, case_id, "co_sign"))
    assert stored(house, case_id).state is State.DELIVERED


def test_a_report_that_was_recalled_meanwhile_is_not_delivered(house: Store, blobs: Blobs) -> None:
    case_id = brought_to(house, State.SIGNED)
    issue(house, case_id, blobs.put(PDF))
    signed = told(house, case_id, "co_sign")
    by(house, case_id, "guiyang.reviewer", Verb.RECALL)
    hand_over(house, blobs, signed)
    assert stored(house, case_id).state is State.IN_PROGRESS
    assert receipts(house, case_id) == 0


def test_a_preliminary_report_goes_out_at_once_and_leaves_the_case_in_hand(house: Store, blobs: Blobs) -> None:
    case_id = brought_to(house, State.IN_PROGRESS)
    write_report(house, case_id)
    by(house, case_id, "guiyang.ct", Verb.ISSUE_PRELIMINARY)
    issue(house, case_id, blobs.put(PDF), kind=ReportState.PRELIMINARY)
    hand_over(house, blobs, told(house, case_id, "issue_preliminary"))
    assert stored(house, case_id).state is State.PRELIMINARY
    assert receipts(house, case_id) == 1


def test_other_facts_deliver_nothing(house: Store, blobs: Blobs) -> None:
    case_id = brought_to(house, State.SIGNED)
    issue(house, case_id, blobs.put(PDF))
    hand_over(house, blobs, told(house, case_id, "submit"))
    assert stored(house, case_id).state is State.SIGNED
