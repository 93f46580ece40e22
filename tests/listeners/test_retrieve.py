"""C-MOVE and C-GET with real peers: the stored bytes where they are taken, true counts, and nothing to strangers."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from sqlalchemy import select

from consult.listeners.retrieve import PATIENT_GET, PATIENT_MOVE, STUDY_GET, STUDY_MOVE
from consult.store.audit import walk
from consult.store.tables_studies import instances
from tests.makers.archive import DUSHAN_CT, a_slice
from tests.makers.dicom import CT, JPEG_LS, SAMPLES, needs_samples
from tests.makers.door import Clinic
from tests.peers.dcmtk import Server, receiver
from tests.peers.dicom import data_set_of

MOVESCU, GETSCU = "/usr/bin/movescu", "/usr/bin/getscu"
needs_dcmtk = pytest.mark.skipif(shutil.which(MOVESCU) is None, reason="dcmtk is not installed")
SAME_IMAGE = SAMPLES / "syntax/ct_same_image"
SLICES = 6
PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
LOSSY = tuple(f"1.2.840.10008.1.2.4.{tail}" for tail in (50, 51, 81, 91))
RETIRED = ("1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55")


@pytest.fixture
def stocked(here: Clinic) -> Clinic:
    """A study of six slices of ANLONG, and one slice of DUSHAN."""
    for number in range(1, SLICES + 1):
        here.made.put(a_slice(number, study="2.25.1", series="2.25.11", pixel=number))
    here.made.put(a_slice(1, study="2.25.4", series="2.25.41"), DUSHAN_CT)
    return here


def identifier(level: str = "STUDY", **keys: Any) -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for name, value in ({"StudyInstanceUID": "2.25.1"} | keys).items():
        setattr(asked, name, value)
    return asked


@contextmanager
def asking(here: Clinic, title: str = "ANLONG", *, takes: Any = None, syntaxes: Any = None) -> Iterator[Association]:
    peer = AE(title)
    for model in (PATIENT_MOVE, STUDY_MOVE, PATIENT_GET, STUDY_GET):
        peer.add_requested_context(model)
    peer.add_requested_context(CT, syntaxes or [ExplicitVRLittleEndian])
    handlers: Any = [(evt.EVT_C_STORE, takes or (lambda _: 0))]
    roles: Any = [build_role(CT, scp_role=True)]
    association = peer.associate("127.0.0.1", here.port, ae_title="CONSULT", ext_neg=roles, evt_handlers=handlers)
    assert association.is_established
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
        association.join(20)


def moved(here: Clinic, to: str, asked: Dataset, title: str = "ANLONG") -> list[tuple[Dataset, Dataset | None]]:
    with asking(here, title) as association:
        return list(association.send_c_move(asked, to, STUDY_MOVE))


def numbers(status: Dataset) -> tuple[Any, ...]:
    names = ("Remaining", "Completed", "Failed", "Warning")
    return tuple(status.get(f"NumberOf{name}Suboperations") for name in names)


@contextmanager
def pacs(here: Clinic, folder: Path, *options: str, institution: str = "ANLONG") -> Iterator[Server]:
    with receiver(folder, *options) as server:
        here.knows("RECEIVER", institution, server.port)
        yield server


# what is sent


@needs_dcmtk
def test_a_study_is_moved_as_it_is_stored_and_every_step_is_counted(stocked: Clinic, tmp_path: Path) -> None:
    with pacs(stocked, tmp_path / "pacs", "+B") as server:
        told = moved(stocked, "RECEIVER", identifier())
        assert [status.Status for status, _ in told] == [0xFF00] * (SLICES - 1) + [0x0000]
        assert [numbers(status) for status, _ in told[:-1]] == [(SLICES - n, n, 0, 0) for n in range(1, SLICES)]
        assert numbers(told[-1][0]) == (None, SLICES, 0, 0)
        received = sorted(data_set_of(path.read_bytes()) for path in server.files())
    assert received == sorted(data_set_of(a_slice(n, study="2.25.1", series="2.25.11", pixel=n)) for n in range(1, 7))


@needs_dcmtk
@pytest.mark.parametrize(
    ("level", "keys", "count"),
    [
        ("SERIES", ("0020,000e=2.25.11",), SLICES),
        ("IMAGE", ("0020,000e=2.25.11", "0008,0018=2.25.11.2\\2.25.11.5"), 2),
        ("PATIENT", ("0010,0020=P1",), SLICES),
    ],
)
def test_movescu_moves_at_every_level(
    stocked: Clinic, tmp_path: Path, level: str, keys: tuple[str, ...], count: int
) -> None:
    root = ["-P"] if level == "PATIENT" else ["-S", "-k", "0020,000d=2.25.1"]
    with pacs(stocked, tmp_path / "pacs") as server:
        done = subprocess.run(
            [MOVESCU, "-aet", "ANLONG", "-aec", "CONSULT", "-aem", "RECEIVER", *root, "-k", f"0008,0052={level}",
             *(part for key in keys for part in ("-k", key)), "127.0.0.1", str(stocked.port)],
            check=False, capture_output=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        assert len(server.files()) == count


@needs_dcmtk
def test_getscu_gets_a_study_on_its_own_association(stocked: Clinic, tmp_path: Path) -> None:
    done = subprocess.run(
        [GETSCU, "-aet", "ANLONG", "-aec", "CONSULT", "-S", "-k", "0008,0052=STUDY", "-k", "0020,000d=2.25.1",
         "+B", "-od", str(tmp_path), "127.0.0.1", str(stocked.port)],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    received = [data_set_of(path.read_bytes()) for path in tmp_path.glob("2.25.11.*")]
    assert sorted(received) == sorted(
        data_set_of(a_slice(n, study="2.25.1", series="2.25.11", pixel=n)) for n in range(1, SLICES + 1)
    )


def test_a_get_counts_what_the_asker_did_not_take(stocked: Clinic) -> None:
    def picky(event: evt.Event) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        return {"2.25.11.2": 0xA700, "2.25.11.3": 0xB000}.get(uid, 0)

    with asking(stocked, takes=picky) as association:
        told = list(association.send_c_get(identifier(), STUDY_GET))
    status, listed = told[-1]
    assert status.Status == 0xB000
    assert numbers(status) == (None, SLICES - 2, 1, 1)
    assert listed is not None
    assert listed.FailedSOPInstanceUIDList == "2.25.11.2"


@needs_samples
@needs_dcmtk
def test_every_stored_syntax_goes_out_unchanged_to_whoever_takes_it(here: Clinic, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(SAME_IMAGE.glob("*.dcm"))):
        here.made.put(renamed(path, f"2.25.1.{number}"))
    with here.made.store.read() as connection:
        stored = {row.sop_uid: row for row in connection.execute(select(instances))}
    study = dcmread(BytesIO(renamed(next(SAME_IMAGE.glob("*.dcm")), "2.25.1.0")), stop_before_pixels=True)
    with pacs(here, tmp_path / "pacs", "+B", "+xa") as server:
        told = moved(here, "RECEIVER", identifier(StudyInstanceUID=study.StudyInstanceUID))
        assert numbers(told[-1][0])[1] == len(stored)
        for path in server.files():
            data = path.read_bytes()
            head = dcmread(BytesIO(data), stop_before_pixels=True)
            row = stored[head.SOPInstanceUID]
            if head.file_meta.TransferSyntaxUID == row.transfer_syntax:
                assert data_set_of(data) == data_set_of(here.made.blobs.path(row.sha256).read_bytes())
        assert len(server.files()) == len(stored)


def renamed(path: Path, sop_uid: str) -> bytes:
    """The same image as another instance; its pixels stay as they are."""
    data = dcmread(path)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = sop_uid
    out = BytesIO()
    data.save_as(out)
    return out.getvalue()


@needs_samples
@needs_dcmtk
@pytest.mark.parametrize("option", ["+xi", "+x="])
def test_what_a_peer_cannot_take_is_rewritten_without_loss(here: Clinic, tmp_path: Path, option: str) -> None:
    """JPEG-LS, J2K, RLE, big endian …: to implicit or explicit little endian, each pixel the same."""
    kept = {}
    for number, path in enumerate(sorted(SAME_IMAGE.glob("*.dcm"))):
        here.made.put(renamed(path, f"2.25.1.{number}"))
        kept[f"2.25.1.{number}"] = path
    study = dcmread(next(iter(kept.values())), stop_before_pixels=True)
    with pacs(here, tmp_path / "pacs", "+B", option) as server:
        told = moved(here, "RECEIVER", identifier(StudyInstanceUID=study.StudyInstanceUID))
        assert (told[-1][0].Status, numbers(told[-1][0])[1]) == (0x0000, len(kept))
        for path in server.files():
            sent = dcmread(path)
            syntax = sent.file_meta.TransferSyntaxUID
            assert syntax in PLAIN if option == "+x=" else syntax == ImplicitVRLittleEndian
            original = dcmread(kept[sent.SOPInstanceUID])
            if original.file_meta.TransferSyntaxUID in RETIRED:
                continue  # pydicom cannot read the original to compare
            lossy = original.file_meta.TransferSyntaxUID in LOSSY  # whose decoders may differ in the last bit
            difference = sent.pixel_array.astype(int) - original.pixel_array.astype(int)
            assert np.abs(difference).max() <= lossy, kept[sent.SOPInstanceUID].name
            assert sent.PatientName == original.PatientName


@needs_samples
def test_a_get_is_served_in_a_syntax_that_everything_can_be_put_into(here: Clinic) -> None:
    (path,) = SAME_IMAGE.glob("*_JPEGLSLosslessTransferSyntax_*")
    here.made.put(path.read_bytes())
    source = dcmread(path)
    received: list[Any] = []

    def take(event: evt.Event) -> int:
        received.append((event.context.transfer_syntax, event.dataset))
        return 0

    with asking(here, takes=take, syntaxes=[JPEG_LS, ExplicitVRLittleEndian]) as association:
        told = list(association.send_c_get(identifier(StudyInstanceUID=source.StudyInstanceUID), STUDY_GET))
    assert told[-1][0].Status == 0
    ((syntax, sent),) = received
    assert syntax == ExplicitVRLittleEndian
    assert sent.PixelData == source.pixel_array.tobytes()


# to whom


def test_an_unknown_destination_is_refused(stocked: Clinic) -> None:
    stocked.knows("NOWHERE", "ANLONG")
    for destination in ("STRANGER", "ANLONG", "NOWHERE"):
        ((status, _),) = moved(stocked, destination, identifier())
        assert status.Status == 0xA801


@needs_dcmtk
def test_a_machine_moves_and_gets_nothing_of_another_county(stocked: Clinic, tmp_path: Path) -> None:
    with pacs(stocked, tmp_path / "pacs", institution="DUSHAN") as server:
        ((status, _),) = moved(stocked, "RECEIVER", identifier(), "DUSHAN")
        assert (status.Status, numbers(status)) == (0x0000, (None, 0, 0, 0))
        with asking(stocked, "DUSHAN") as association:
            ((status, _),) = association.send_c_get(identifier("IMAGE", SOPInstanceUID="2.25.11.1"), STUDY_GET)
        assert numbers(status) == (None, 0, 0, 0)
        assert server.files() == []


def test_what_goes_out_is_written_down_before_it_does(stocked: Clinic) -> None:
    with asking(stocked) as association:
        list(association.send_c_get(identifier(), STUDY_GET))
        list(association.send_c_get(identifier(StudyInstanceUID="2.25.4"), STUDY_GET))
    with stocked.made.store.read() as connection:
        (entry,) = (row.entry for row in walk(connection) if row.entry.deed == "export")
    assert (entry.person_name, entry.address) == ("ANLONG", "127.0.0.1")
    assert dict(entry.detail) == {"to": "ANLONG", "institution": "ANLONG", "objects": SLICES, "studies": ["2.25.1"]}


@needs_dcmtk
def test_a_study_is_not_moved_to_those_who_may_not_see_it(stocked: Clinic, tmp_path: Path) -> None:
    with pacs(stocked, tmp_path / "pacs", institution="DUSHAN") as server:
        status, listed = moved(stocked, "RECEIVER", identifier())[-1]
        assert (status.Status, numbers(status)) == (0xA702, (None, 0, SLICES, 0))
        assert listed is not None
        assert len(listed.FailedSOPInstanceUIDList) == SLICES
        assert server.files() == []


def test_a_retrieval_without_its_unique_key_is_not_of_everything(stocked: Clinic) -> None:
    with asking(stocked) as association:
        for asked in (identifier(StudyInstanceUID=""), identifier("IMAGE"), identifier("FRAME")):
            ((status, _),) = association.send_c_get(asked, STUDY_GET)
            assert status.Status == 0xA900


def test_a_machine_that_may_only_send_may_not_retrieve(stocked: Clinic) -> None:
    stocked.knows("ANLONG_CT2", "ANLONG", may_query=False)
    with asking(stocked, "ANLONG_CT2") as association:
        assert [status.Status for status, _ in association.send_c_get(identifier(), STUDY_GET)] == [0x0124]
        assert [status.Status for status, _ in association.send_c_move(identifier(), "X", STUDY_MOVE)] == [0x0124]


# when it goes wrong


def test_a_destination_that_is_not_there_fails_all(stocked: Clinic, tmp_path: Path) -> None:
    with receiver(tmp_path / "pacs") as server:
        port = server.port
    stocked.knows("RECEIVER", "ANLONG", port)
    status, listed = moved(stocked, "RECEIVER", identifier())[-1]
    assert (status.Status, numbers(status)) == (0xA702, (None, 0, SLICES, 0))
    assert listed is not None


def test_a_destination_that_dies_midway_is_counted_and_named(stocked: Clinic) -> None:
    def die(event: evt.Event) -> int:
        if event.request.AffectedSOPInstanceUID == "2.25.11.3":
            event.assoc.abort()
        return 0

    peer = AE("RECEIVER")
    peer.add_supported_context(CT, ExplicitVRLittleEndian)
    server = peer.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, die)])
    try:
        stocked.knows("RECEIVER", "ANLONG", server.server_address[1])
        status, listed = moved(stocked, "RECEIVER", identifier())[-1]
    finally:
        server.shutdown()
    assert (status.Status, numbers(status)) == (0xB000, (None, 2, SLICES - 2, 0))
    assert listed is not None
    assert listed.FailedSOPInstanceUIDList == [f"2.25.11.{n}" for n in range(3, SLICES + 1)]


def test_a_retrieval_that_is_cancelled_stops_and_says_what_remains(stocked: Clinic) -> None:
    with asking(stocked) as association:

        def cancel(event: evt.Event) -> int:
            if event.request.AffectedSOPInstanceUID == "2.25.11.1":
                association.send_c_cancel(9, query_model=STUDY_GET)
            return 0

        association.bind(evt.EVT_C_STORE, cancel)
        status, _ = list(association.send_c_get(identifier(), STUDY_GET, msg_id=9))[-1]
    assert status.Status == 0xFE00
    remaining, completed, *_ = numbers(status)
    assert remaining + completed == SLICES
    assert remaining > 0


def test_an_asker_who_dies_midway_harms_nobody(stocked: Clinic) -> None:
    gone = threading.Event()

    def die(event: evt.Event) -> int:
        event.assoc.abort()
        gone.set()
        return 0

    with asking(stocked, takes=die) as association:
        association.dimse_timeout = 2  # that the asker itself waits for, having hung up
        list(association.send_c_get(identifier(), STUDY_GET))
    assert gone.is_set()
    with asking(stocked) as association:
        assert list(association.send_c_get(identifier(), STUDY_GET))[-1][0].Status == 0
