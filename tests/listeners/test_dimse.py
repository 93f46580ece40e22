"""The DICOM door against real peers: who may call, what is kept, what is answered, and that Success is never a lie."""

import hashlib
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from sqlalchemy import select

from consult.actions.nodes import Call
from consult.domain.nodes import Node
from consult.formats.bounded import HeaderReader
from consult.listeners import upper_layer
from consult.listeners.dimse import DimseListener
from consult.listeners.upper_layer import Answer, StoreRequest, command_elements, store_request, store_response
from consult.store.tables_studies import instances, refused, studies
from tests.makers.archive import Archive, a_slice, archive
from tests.makers.dicom import CT, DEFLATED, JPEG_LS, SAMPLES, needs_samples
from tests.makers.parallel import together
from tests.makers_people import fresh_store
from tests.peers.dicom import answer_of, c_store_rq, data_set_of, p_data, pdv, raw_association, store_raw

STORESCU = "/usr/bin/storescu"
VERIFICATION = "1.2.840.10008.1.1"
MR = "1.2.840.10008.5.1.4.1.1.4"
PRIVATE = "1.2.826.0.1.3680043.8.498.999.1"
needs_dcmtk = pytest.mark.skipif(shutil.which(STORESCU) is None, reason="dcmtk is not installed")


def known(call: Call) -> Node | None:
    return Node(call.ae_title, call.ae_title) if call.ae_title in ("ANLONG", "DUSHAN") else None


@contextmanager
def listening(made: Archive, **more: int) -> Iterator[DimseListener]:
    with DimseListener(made.intake, known, host="127.0.0.1", port=0, **more) as listener:
        yield listener


@pytest.fixture
def door(made: Archive) -> Iterator[DimseListener]:
    with listening(made) as listener:
        yield listener


@contextmanager
def calling(
    door: DimseListener, *contexts: tuple[str, str], title: str = "ANLONG", called: str = "CONSULT"
) -> Iterator[Association]:
    peer = AE(title)
    for sop_class, syntax in contexts or ((CT, ExplicitVRLittleEndian),):
        peer.add_requested_context(sop_class, syntax)
    peer.add_requested_context(VERIFICATION)
    association = peer.associate("127.0.0.1", door.port, ae_title=called)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
        if association.ident is not None:
            association.join(20)


def sent(association: Association, file: bytes) -> int:
    return int(association.send_c_store(dcmread(BytesIO(file), force=True)).Status)


def rows(made: Archive, table: Any = instances) -> list[Any]:
    with made.store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def in_time(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


# who may call


def test_a_known_machine_is_answered(door: DimseListener) -> None:
    with calling(door) as association:
        assert association.send_c_echo().Status == 0


@pytest.mark.parametrize(("title", "called"), [("STRANGER", "CONSULT"), ("ANLONG", "ORTHANC")])
def test_strangers_and_wrong_numbers_are_rejected(door: DimseListener, title: str, called: str) -> None:
    with calling(door, title=title, called=called) as association:
        assert association.is_rejected


def test_a_study_belongs_to_the_institution_whose_machine_called(made: Archive, door: DimseListener) -> None:
    for title in ("ANLONG", "DUSHAN"):
        with calling(door, title=title) as association:
            assert sent(association, a_slice(1)) == 0
    assert sorted(row.institution for row in rows(made, studies)) == ["ANLONG", "DUSHAN"]


def test_associations_beyond_the_limit_are_told_so(made: Archive) -> None:
    with listening(made, max_associations=1) as door:
        with calling(door) as first, calling(door) as second:
            assert first.is_established
            assert second.is_rejected
        assert in_time(lambda: admitted(door))


def admitted(door: DimseListener) -> bool:
    with calling(door) as association:
        return association.is_established


# what is kept


def test_the_data_set_is_kept_as_it_came(made: Archive, door: DimseListener) -> None:
    file = a_slice(1)
    peer = send_bytes(door, file)
    assert peer == 0
    (row,) = rows(made)
    kept = made.blobs.path(row.sha256).read_bytes()
    assert kept[:132] == b"\0" * 128 + b"DICM"
    assert data_set_of(kept) == data_set_of(file)
    assert hashlib.sha256(kept).hexdigest() == row.sha256
    assert dcmread(BytesIO(kept)).file_meta.MediaStorageSOPInstanceUID == row.sop_uid


def send_bytes(door: DimseListener, file: bytes) -> int:
    """Send the very bytes of a file's data set, without a library that writes it anew."""
    data = dcmread(BytesIO(file))
    with raw_association(door.port, str(data.SOPClassUID), str(data.file_meta.TransferSyntaxUID)) as peer:
        return store_raw(peer, str(data.SOPClassUID), str(data.SOPInstanceUID), data_set_of(file))


def test_private_classes_and_any_syntax_are_taken(made: Archive, door: DimseListener) -> None:
    wanted = ((PRIVATE, ExplicitVRLittleEndian), (CT, JPEG_LS), (MR, ImplicitVRLittleEndian), (CT, DEFLATED))
    with calling(door, *wanted) as association:
        assert len(association.accepted_contexts) == len(wanted) + 1
        private = dcmread(BytesIO(a_slice(1)))
        private.SOPClassUID = private.file_meta.MediaStorageSOPClassUID = PRIVATE
        assert association.send_c_store(private).Status == 0
    assert rows(made)[0].sop_class == PRIVATE


@needs_samples
@needs_dcmtk
def test_what_dcmtk_sends_is_kept_to_the_byte(made: Archive, door: DimseListener, tmp_path: Path) -> None:
    names = sorted((SAMPLES / "series/ct_head_phantom_thin_thick/thick_5mm").iterdir())[:10]
    done = subprocess.run(
        [STORESCU, "-aet", "ANLONG", "-aec", "CONSULT", "127.0.0.1", str(door.port), *map(str, names)],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    kept = {row.sop_uid: made.blobs.path(row.sha256) for row in rows(made)}
    assert len(kept) == len(names)
    for path in names:
        source = dcmread(path)
        assert dcmread(kept[source.SOPInstanceUID]).PixelData == source.PixelData


@needs_samples
def test_one_image_in_every_syntax_is_kept_in_that_syntax(made: Archive, door: DimseListener) -> None:
    for path in sorted((SAMPLES / "syntax/ct_same_image").glob("*.dcm")):
        source = dcmread(path)
        syntax = source.file_meta.TransferSyntaxUID
        assert send_bytes(door, path.read_bytes()) == 0, path.name
        row = rows(made)[-1]
        assert row.transfer_syntax == syntax
        assert data_set_of(made.blobs.path(row.sha256).read_bytes()) == data_set_of(path.read_bytes())


def test_four_senders_at_once_are_all_served(made: Archive, door: DimseListener) -> None:
    def send(n: int) -> list[int]:
        with calling(door) as association:
            return [sent(association, a_slice(100 * n + k)) for k in range(10)]

    assert together(4, send) == [[0] * 10] * 4
    assert len(rows(made)) == 40


# what is answered


@needs_samples
def test_a_broken_object_is_refused_and_its_neighbours_are_kept(made: Archive, door: DimseListener) -> None:
    names = ("truncated_pixels", "rows_too_large", "deep_nesting", "path_uid", "no_study_uid", "frames_lie")
    with raw_association(door.port, CT, ExplicitVRLittleEndian) as peer:
        for n, name in enumerate(names):
            data = data_set_of((SAMPLES / f"malformed/gen/{name}.dcm").read_bytes())
            assert store_raw(peer, CT, f"2.25.77.{n}", data) == 0xC000, name
            good = a_slice(n)
            assert store_raw(peer, CT, f"2.25.1002.{n}", data_set_of(good)) == 0
    assert len(rows(made)) == len(names)
    assert all(row.kept and row.door == "dimse" for row in rows(made, refused))
    assert not made.aside()


def test_an_object_that_is_not_what_the_command_says_is_refused(made: Archive, door: DimseListener) -> None:
    with raw_association(door.port, CT, ExplicitVRLittleEndian) as peer:
        assert store_raw(peer, CT, "2.25.404", data_set_of(a_slice(1))) == 0xA900
        assert store_raw(peer, CT, "2.25.404", b"") == 0xC000
        assert store_raw(peer, CT, "2.25.1002.1", data_set_of(a_slice(1))) == 0
    assert len(rows(made)) == 1


def test_a_full_disk_is_told_and_it_goes_on_when_there_is_room(tmp_path: Path, reader: HeaderReader) -> None:
    store = fresh_store(tmp_path)
    with archive(store, tmp_path, reader) as made, listening(made) as door, calling(door) as association:
        made.blobs._reserve = 1 << 60
        assert sent(association, a_slice(1)) == 0xA700
        made.blobs._reserve = 0
        assert sent(association, a_slice(1)) == 0
        assert not made.aside()
    store.close()


def test_a_sender_that_breaks_off_leaves_nothing(made: Archive, door: DimseListener) -> None:
    with raw_association(door.port, CT, ExplicitVRLittleEndian) as peer:
        peer.sendall(pdv(1, 3, c_store_rq(CT, "2.25.5")) + pdv(1, 0, data_set_of(a_slice(1))[:100]))
        assert in_time(lambda: len(made.aside()) == 1)
    assert in_time(lambda: not made.aside())
    assert not rows(made)


def test_the_door_closes_while_somebody_is_in_the_middle(made: Archive) -> None:
    with ExitStack() as staying, listening(made) as door:
        peer = staying.enter_context(raw_association(door.port, CT, ExplicitVRLittleEndian))
        peer.sendall(pdv(1, 3, c_store_rq(CT, "2.25.5")) + pdv(1, 0, b"x" * 100))
        assert in_time(lambda: len(made.aside()) == 1)
    assert not made.aside()
    assert not [thread for thread in threading.enumerate() if "AcceptorThread" in thread.name]


def test_fragments_may_be_cut_anywhere(made: Archive, door: DimseListener) -> None:
    command, data = c_store_rq(CT, "2.25.1002.1"), data_set_of(a_slice(1))
    values = [(1, command[:7]), (3, command[7:]), *((0, data[k : k + 50]) for k in range(0, len(data), 50)), (2, b"")]
    with raw_association(door.port, CT, ExplicitVRLittleEndian) as peer:
        peer.sendall(p_data(*((1, control, value) for control, value in values)))
        assert answer_of(peer) == 0
    assert data_set_of(made.blobs.path(rows(made)[0].sha256).read_bytes()) == data


@pytest.mark.parametrize(
    "nonsense",
    [
        struct.pack(">BBI", 4, 0, 1 << 31),
        struct.pack(">BBI", 4, 0, 20) + b"\xff" * 20,
        struct.pack(">BBI", 4, 0, 4) + struct.pack(">I", 1),
        struct.pack(">BBI", 9, 0, 4) + b"abcd",
    ],
)
def test_nonsense_ends_the_association_and_nothing_else(made: Archive, door: DimseListener, nonsense: bytes) -> None:
    with raw_association(door.port, CT, ExplicitVRLittleEndian) as peer:
        peer.sendall(nonsense)
        assert not peer.recv(1) or peer.recv(1 << 16) is not None
    with calling(door) as association:
        assert sent(association, a_slice(1)) == 0


def test_a_command_that_never_ends_is_not_listened_to(door: DimseListener) -> None:
    with raw_association(door.port, CT, ExplicitVRLittleEndian) as peer:
        for _ in range(3):
            peer.sendall(p_data((1, 1, b"x" * 40_000)))
        assert in_time(lambda: gone(peer))


def gone(peer: socket.socket) -> bool:
    peer.settimeout(0.1)
    try:
        return not peer.recv(1 << 16)
    except TimeoutError:
        return False
    except OSError:
        return True


# command sets


def test_a_command_set_is_read_as_it_was_written() -> None:
    request = store_request(c_store_rq(CT, "2.25.5", message_id=7))
    assert request == StoreRequest(7, CT, "2.25.5")
    response = command_elements(store_response(request, Answer(0xA700, "The disk is full")))
    assert response[0x0100] == b"\x01\x80"
    assert response[0x0120] == b"\x07\x00"
    assert response[0x0900] == b"\x00\xa7"
    assert response[0x0902] == b"The disk is full"
    assert response[0x1000].rstrip(b"\0") == b"2.25.5"
    (length,) = struct.unpack("<I", response[0])
    assert length == len(store_response(request, Answer(0xA700, "The disk is full"))) - 12


@pytest.mark.parametrize("cut", range(0, 90, 7))
def test_a_cut_command_set_is_no_request(cut: int) -> None:
    assert store_request(c_store_rq(CT, "2.25.5")[:cut]) is None


def test_a_pdu_at_the_agreed_limit_is_taken(made: Archive, door: DimseListener) -> None:
    data = data_set_of(a_slice(1))
    padding = upper_layer.MAX_PDU - len(data) - 6 - 12
    data += struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, padding) + b"\0" * padding
    with raw_association(door.port, CT, ExplicitVRLittleEndian) as peer:
        assert store_raw(peer, CT, "2.25.1002.1", data) == 0
    assert data_set_of(made.blobs.path(rows(made)[0].sha256).read_bytes()) == data
