"""What was written is never lost, and a signed document is only ever added to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consult.domain.errors import Stale
from consult.domain.reports import KeyImage, ReportState, ReportText
from consult.store import reports
from consult.store.reports import ISSUED, PENDING, RETRACTED, RETURNED, SignedDocument
from consult.store.unit import Store
from tests.makers.cases import NOW, WRITTEN, a_study, begun
from tests.makers.people import settle

BY = ("guiyang.ct", "陈医师")


@pytest.fixture
def case_id(store: Store) -> str:
    """A case to hang reports on."""
    settle(store)
    a_study(store)
    return begun(store)


def a_document(case_id: str, version: int = 1, state: str = ISSUED, digest: str = "a") -> SignedDocument:
    return SignedDocument(
        case_id, "BG20261124-0001", version, state, ReportState.FINAL, digest * 64, "c" * 64, None, WRITTEN,
        ({"signer": "陈医师"},), ({"code": "unit", "reason": "原文如此"},), NOW,
    )  # fmt: skip


def test_every_saved_word_stays_in_the_order_it_was_saved(store: Store, case_id: str) -> None:
    images = (KeyImage("1.2.3", 2, "右侧基底节"),)
    texts = [ReportText(findings="一"), replace(WRITTEN, key_images=images), ReportText(findings="")]
    with store.write() as unit:
        assert reports.latest(unit.connection, case_id) is None
        for text in texts:
            reports.keep(unit.connection, case_id, text, BY, NOW)
    with store.read() as connection:
        kept = reports.revisions(connection, case_id)
        assert [each.number for each in kept] == [1, 2, 3]
        assert [each.text for each in kept] == texts
        assert reports.latest(connection, case_id) == kept[-1]
        assert (kept[0].saved_by, kept[0].saved_by_name, kept[0].saved_at) == (*BY, NOW)


def test_a_document_comes_back_as_it_was_kept(store: Store, case_id: str) -> None:
    document = a_document(case_id)
    with store.write() as unit:
        reports.add_document(unit.connection, document)
    with store.read() as connection:
        (kept,) = reports.documents(connection, case_id)
        assert replace(kept, id=0) == document
        assert reports.document_by_hash(connection, document.sha256) == kept
        assert reports.document_by_hash(connection, "0" * 64) is None


def test_the_second_signature_issues_a_pending_document_once(store: Store, case_id: str) -> None:
    with store.write() as unit:
        reports.add_document(unit.connection, a_document(case_id, state=PENDING))
        (pending,) = reports.documents(unit.connection, case_id, (PENDING,))
        assert reports.documents(unit.connection, case_id) == []
        reports.countersign(unit.connection, pending, "b" * 64, {"signer": "张主任"}, NOW + timedelta(minutes=1))
    with store.read() as connection:
        (issued,) = reports.documents(connection, case_id)
        assert (issued.state, issued.sha256) == (ISSUED, "b" * 64)
        assert [each["signer"] for each in issued.signatures] == ["陈医师", "张主任"]
        assert reports.document_by_hash(connection, "a" * 64) is None
    with pytest.raises(Stale), store.write() as unit:
        reports.countersign(unit.connection, pending, "d" * 64, {"signer": "别人"}, NOW)


def test_a_returned_document_is_not_issued_and_cannot_be_signed_again(store: Store, case_id: str) -> None:
    with store.write() as unit:
        reports.add_document(unit.connection, a_document(case_id, state=PENDING))
        (pending,) = reports.documents(unit.connection, case_id, (PENDING,))
        reports.turn(unit.connection, case_id, PENDING, RETURNED)
    with pytest.raises(Stale), store.write() as unit:
        reports.countersign(unit.connection, pending, "b" * 64, {}, NOW)
    with store.read() as connection:
        assert reports.documents(connection, case_id) == []


def test_a_retracted_version_stays_readable_and_the_others_stay_as_they_are(store: Store, case_id: str) -> None:
    with store.write() as unit:
        for version, digest in ((1, "a"), (2, "b")):
            reports.add_document(unit.connection, a_document(case_id, version, digest=digest))
        reports.retract(unit.connection, case_id, 2)
    with store.read() as connection:
        told = [(each.version, each.state) for each in reports.documents(connection, case_id)]
        assert told == [(1, ISSUED), (2, RETRACTED)]
        assert [each.version for each in reports.documents_by_number(connection, "BG20261124-0001")] == [1, 2]
        assert reports.document_by_hash(connection, "b" * 64) is not None


def test_a_delivery_counts_once_by_version_and_receiver(store: Store, case_id: str) -> None:
    with store.write() as unit:
        for version, receiver in ((1, "ANLONG"), (1, "ANLONG"), (1, "XINGYI"), (2, "ANLONG")):
            reports.confirm_delivery(unit.connection, case_id, version, "portal", receiver, NOW)
    with store.read() as connection:
        assert [reports.receipts(connection, case_id, version) for version in (1, 2, 3)] == [2, 1, 0]


def test_the_newest_key_signs_and_older_ones_stay_on_record(store: Store, case_id: str) -> None:
    with store.write() as unit:
        assert reports.sealed_key(unit.connection, "guiyang.ct") is None
        reports.keep_key(unit.connection, "guiyang.ct", "1", b"old", NOW)
        reports.keep_key(unit.connection, "guiyang.ct", "2", b"new", NOW + timedelta(days=1))
        assert reports.sealed_key(unit.connection, "guiyang.ct") == b"new"
        assert reports.sealed_key(unit.connection, "guiyang.mr") is None
