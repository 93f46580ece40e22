"""Storage commitment with pynetdicom as the asker: only what lies safe on disk is committed, and the answer comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from sqlalchemy import select

from consult.channels.dicom import COMMITMENT, COMMITMENT_INSTANCE
from consult.store.commitments import expected_by_commitment, find, untold
from consult.store.tables_nodes import commitments
from consult.store.tables_studies import instances
from tests.bench.orthanc import free_port
from tests.makers.archive import DUSHAN_CT, a_slice
from tests.makers.dicom import CT
from tests.makers.door import Clinic

MR = "1.2.840.10008.5.1.4.1.1.4"
HERE, ALSO_HERE, NOT_HERE = "2.25.11.1", "2.25.11.2", "2.25.11.3"


class Asker:
    """A PACS that asks for commitment, and writes down what it is told on a port of its own."""

    def __init__(self, title: str = "PACS") -> None:
        self.title = title
        self.told: list[tuple[int, Dataset]] = []
        self.answer = 0x0000
        self.port = free_port()

    def take(self, event: evt.Event) -> tuple[int, None]:
        self.told.append((event.request.EventTypeID, event.event_information))
        return self.answer, None

    @contextmanager
    def listening(self) -> Iterator[None]:
        peer = AE(self.title)
        peer.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)
        handlers: Any = [(evt.EVT_N_EVENT_REPORT, self.take)]
        server = peer.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)
        try:
            yield
        finally:
            server.shutdown()

    @contextmanager
    def calling(self, here: Any, with_role: bool = False) -> Iterator[Association]:
        peer = AE(self.title)
        peer.add_requested_context(COMMITMENT)
        roles: Any = [build_role(COMMITMENT, scu_role=True)] if with_role else []
        handlers: Any = [(evt.EVT_N_EVENT_REPORT, self.take)]
        association = peer.associate(
            "127.0.0.1",
            here.port if isinstance(here, Clinic) else here.dicom_port,
            ae_title="CONSULT",
            ext_neg=roles,
            evt_handlers=handlers,
        )
        assert association.is_established
        try:
            yield association
        finally:
            if association.is_established:
                association.release()
            association.join(20)

    def ask(self, here: Clinic, *pairs: tuple[str, str], transaction: str = "2.25.500") -> int:
        with self.calling(here) as association:
            return action(association, *pairs, transaction=transaction)

    @property
    def reasons(self) -> dict[str, int]:
        """What the last report says: a reason for each instance, 0 where it is committed."""
        _, said = self.told[-1]
        kept = {str(each.ReferencedSOPInstanceUID): 0 for each in said.get("ReferencedSOPSequence", ())}
        failed = said.get("FailedSOPSequence", ())
        return kept | {str(each.ReferencedSOPInstanceUID): int(each.FailureReason) for each in failed}


def action(association: Association, *pairs: tuple[str, str], transaction: str = "2.25.500", type_id: int = 1) -> int:
    asked = Dataset()
    asked.TransactionUID = transaction
    items = []
    for sop_class, sop_uid in pairs:
        one = Dataset()
        one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = sop_class, sop_uid
        items.append(one)
    asked.ReferencedSOPSequence = items
    status, _ = association.send_n_action(asked, type_id, COMMITMENT, COMMITMENT_INSTANCE)
    return int(status.Status)


@pytest.fixture
def asker(here: Clinic) -> Asker:
    """A PACS of ANLONG, with two slices that are here."""
    one = Asker()
    here.knows(one.title, "ANLONG", one.port)
    for number in (1, 2):
        here.made.put(a_slice(number, study="2.25.1", series="2.25.11"))
    return one


def test_what_is_here_is_committed_on_a_new_association(here: Clinic, asker: Asker) -> None:
    assert asker.ask(here, (CT, HERE), (CT, ALSO_HERE)) == 0
    assert asker.told == []
    with asker.listening():
        assert here.tell_commitments() == 1
    ((event, said),) = asker.told
    assert (event, said.TransactionUID) == (1, "2.25.500")
    assert asker.reasons == {HERE: 0, ALSO_HERE: 0}
    assert here.tell_commitments() == 0


def test_what_is_not_here_or_not_so_is_named_with_its_reason(here: Clinic, asker: Asker) -> None:
    here.made.put(a_slice(1, study="2.25.4", series="2.25.41"), DUSHAN_CT)
    asker.ask(here, (CT, HERE), (CT, NOT_HERE), (MR, ALSO_HERE), (CT, "2.25.41.1"))
    with asker.listening():
        here.tell_commitments()
    assert asker.told[0][0] == 2
    assert asker.reasons == {HERE: 0, NOT_HERE: 0x0112, ALSO_HERE: 0x0119, "2.25.41.1": 0x0112}


@pytest.mark.parametrize("harm", ["damaged", "gone"])
def test_what_is_damaged_on_disk_is_not_committed(here: Clinic, asker: Asker, harm: str) -> None:
    with here.made.store.read() as connection:
        sha256 = connection.execute(select(instances.c.sha256).where(instances.c.sop_uid == HERE)).scalar_one()
    path = here.made.blobs.path(sha256)
    if harm == "gone":
        path.unlink()
    else:
        path.chmod(0o640)
        path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    asker.ask(here, (CT, HERE), (CT, ALSO_HERE))
    with asker.listening():
        here.tell_commitments()
    assert asker.reasons == {HERE: 0x0110, ALSO_HERE: 0}


def test_an_asker_that_does_not_listen_is_told_later(here: Clinic, asker: Asker) -> None:
    asker.ask(here, (CT, HERE))
    assert here.tell_commitments() == 0
    with asker.listening():
        assert here.tell_commitments() == 0  # it is not yet time again
        here.made.clock.advance(seconds=20)
        asker.answer = 0x0110
        assert here.tell_commitments() == 0
        here.made.clock.advance(seconds=60)
        asker.answer = 0
        assert here.tell_commitments() == 1
    assert asker.reasons == {HERE: 0}


def test_a_request_outlives_whoever_took_it(here: Clinic, asker: Asker) -> None:
    """It is a row before the asker hears Success; a worker that died with it leaves it to the next."""
    asker.ask(here, (CT, HERE))
    with here.made.store.read() as connection:
        (waiting,) = untold(connection)
    assert waiting.asked == ((CT, HERE),)
    with here.made.store.write() as unit:
        unit.connection.execute(commitments.update().values(due_at=here.made.clock.advance(minutes=15)))
    with asker.listening():
        assert here.tell_commitments() == 1


def test_an_asker_that_never_listens_is_given_up_but_not_forgotten(here: Clinic, asker: Asker) -> None:
    asker.ask(here, (CT, HERE))
    for _ in range(9):
        here.made.clock.advance(days=1)
        here.tell_commitments()
    with here.made.store.read() as connection:
        (given_up,) = untold(connection)
    assert given_up.due_at is None
    assert given_up.outcome == (0,)


@pytest.mark.parametrize("with_role", [True, False])
def test_an_asker_is_answered_on_its_own_association_where_it_keeps_it_open(
    here: Clinic, asker: Asker, with_role: bool
) -> None:
    """Where roles were negotiated, and where there is no address to call."""
    if not with_role:
        here.knows(asker.title, "ANLONG")
    with asker.calling(here, with_role) as association:
        assert action(association, (CT, HERE), (CT, NOT_HERE)) == 0
        until = 200
        while not asker.told and until:
            until -= 1
            association.join(0.05)
    assert asker.reasons == {HERE: 0, NOT_HERE: 0x0112}
    with here.made.store.read() as connection:
        assert untold(connection) == []


def test_a_request_that_is_not_whole_or_not_known_is_refused(here: Clinic, asker: Asker) -> None:
    assert asker.ask(here) == 0x0115
    with asker.calling(here) as association:
        assert action(association, (CT, HERE), type_id=2) == 0x0123
        assert action(association, (CT, ""), transaction="2.25.501") == 0x0115
    with here.made.store.read() as connection:
        assert untold(connection) == []


def test_asking_again_is_answered_again_once(here: Clinic, asker: Asker) -> None:
    for _ in range(2):
        assert asker.ask(here, (CT, HERE)) == 0
    with asker.listening():
        assert here.tell_commitments() == 1
        assert len(asker.told) == 1
        asker.ask(here, (CT, HERE))
        assert here.tell_commitments() == 1
    assert len(asker.told) == 2


def test_a_request_says_what_a_study_should_hold(here: Clinic, asker: Asker) -> None:
    receipt = here.made.put(a_slice(1, study="2.25.1", series="2.25.11"))
    other = here.made.put(a_slice(1, study="2.25.2", series="2.25.21"))
    asker.ask(here, (CT, HERE), (CT, ALSO_HERE), (CT, NOT_HERE))
    asker.ask(here, (CT, HERE), (CT, "2.25.21.1"), (CT, "2.25.99"), transaction="2.25.501")
    with asker.listening():
        assert here.tell_commitments() == 2
    with here.made.store.read() as connection:
        assert expected_by_commitment(connection, receipt.study_id) == {HERE, ALSO_HERE, NOT_HERE}
        assert expected_by_commitment(connection, other.study_id) == {"2.25.21.1"}
        assert expected_by_commitment(connection, "0" * 32) is None


def test_requests_are_kept_and_answered_on_either_engine(anywhere: Clinic) -> None:
    asker = Asker()
    anywhere.knows(asker.title, "ANLONG", asker.port)
    receipt = anywhere.made.put(a_slice(1, study="2.25.1", series="2.25.11"))
    asker.ask(anywhere, (CT, HERE), (CT, NOT_HERE))
    with asker.listening():
        assert anywhere.tell_commitments() == 1
    with anywhere.made.store.read() as connection:
        key = connection.execute(select(commitments.c.id)).scalar_one()
        assert find(connection, key).outcome == (0, 0x0112)
        assert expected_by_commitment(connection, receipt.study_id) == {HERE, NOT_HERE}
