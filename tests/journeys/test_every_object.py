"""Objects of every class in every syntax are taken, and kept to the byte in the syntax that they came in."""

import subprocess
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts
from sqlalchemy import select

from consult.domain.nodes import Node
from consult.formats.bounded import HeaderReader
from consult.listeners.dimse import DimseListener
from consult.store.tables_studies import instances
from tests.makers.archive import Archive, archive
from tests.makers.dicom import EXPLICIT, SAMPLES, element, fragments, implicit, needs_samples, padded
from tests.makers_people import fresh_store
from tests.peers.dicom import data_set_of, raw_association, store_raw

STORESCU = Path("/usr/bin/storescu")
PRIVATE_CLASSES = ("1.2.826.0.1.3680043.8.498.999.1", "1.2.840.113619.4.30", "1.3.12.2.1107.5.9.1")
CLASSES = [str(context.abstract_syntax) for context in AllStoragePresentationContexts] + list(PRIVATE_CLASSES)
PRIVATE_SYNTAX = "1.2.826.0.1.3680043.8.498.999.2"
MOST_CONTEXTS = 128  # PS3.8 §9.3.2.2: odd ids of a byte
SYNTAXES = [*map(str, ALL_TRANSFER_SYNTAXES), PRIVATE_SYNTAX]
# JPIP (PS3.5 §A.6, §A.7, §A.11, §A.12): pixels are elsewhere; the last two, as the first, are deflated as a whole
ELSEWHERE = {f"1.2.840.10008.1.2.4.{tail}" for tail in (94, 204, 95, 205)}
DEFLATED = {DeflatedExplicitVRLittleEndian, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
PROPOSALS = {
    "-xs": "JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70",
    "-xy": "JPEGProcess1TransferSyntax_1.2.840.10008.1.2.4.50",
    "-xx": "JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51",
    "-xv": "JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90",
    "-xw": "JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91",
    "-xt": "JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80",
    "-xu": "JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81",
    "-xr": "RLELosslessTransferSyntax_1.2.840.10008.1.2.5",
    "-xd": "DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99",
    "-xb": "BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2",
    "-xi": "LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2",
    "-xe": "LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1",
}
WHO = ("SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
VIDEOS = {"-xm": "mpeg2.dcm", "-xn": "mpeg4_h264.dcm"}
needs_dcmtk = pytest.mark.skipif(not STORESCU.exists(), reason="dcmtk is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("objects")
    with (
        closing(fresh_store(folder)) as store,
        HeaderReader(1, 300, 20) as reader,
        archive(store, folder, reader) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def door(made: Archive) -> Iterator[DimseListener]:
    known = lambda call: Node(call.ae_title, call.ae_title)  # noqa: E731
    with DimseListener(made.intake, known, host="127.0.0.1", port=0) as opened:
        yield opened


def kept(made: Archive, sop_uid: str) -> list[tuple[str, str, bytes]]:
    """Class, transfer syntax and data set of each object of an instance."""
    with made.store.read() as connection:
        rows = connection.execute(select(instances).where(instances.c.sop_uid == sop_uid)).all()
    places = [made.blobs.path(row.sha256) for row in rows]
    assert [read_file_meta_info(place).TransferSyntaxUID for place in places] == [row.transfer_syntax for row in rows]
    return [
        (row.sop_class, row.transfer_syntax, data_set_of(place.read_bytes()))
        for row, place in zip(rows, places, strict=True)
    ]


def written(sop_class: str, sop_uid: str, syntax: str = EXPLICIT) -> bytes:
    """A data set as a syntax writes it: who it is, and in all but plain ones an image of one pixel."""
    order, big = ("big", ">") if syntax == ExplicitVRBigEndian else ("little", "<")
    uids = ((0x00080016, sop_class), (0x00080018, sop_uid), (0x0020000D, "2.25.71"), (0x0020000E, "2.25.72"))
    numbers = ((0x00280002, 1), (0x00280010, 1), (0x00280011, 1), (0x00280100, 8), (0x00280101, 8))
    elements = [(tag, "UI", padded(uid.encode(), "UI")) for tag, uid in uids]
    if syntax != EXPLICIT:
        elements += [(tag, "US", number.to_bytes(2, order)) for tag, number in numbers]
    if syntax == ImplicitVRLittleEndian:
        return b"".join(implicit(tag, value) for tag, _, value in elements) + implicit(0x7FE00010, b"\7\0")
    data = b"".join(element(tag, vr, value, order=big) for tag, vr, value in elements)
    if syntax in (ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian):
        data += element(0x7FE00010, "OB", b"\7\0", order=big)
    elif syntax != EXPLICIT and syntax not in ELSEWHERE:
        data += fragments(b"\7\0")
    return deflated(data) if syntax in DEFLATED else data


def deflated(data: bytes) -> bytes:
    """PS3.5 §A.5: deflated without a zlib head, and of even length."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(data) + packer.flush()
    return packed + b"\0" * (len(packed) % 2)


def test_every_storage_class_and_private_ones_are_kept(
    made: Archive, door: DimseListener, request: pytest.FixtureRequest
) -> None:
    """Every fifth in the short mode."""
    for number, sop_class in enumerate(CLASSES if request.config.getoption("--long") else CLASSES[::-5]):
        data = written(sop_class, f"2.25.70.{number}")
        with raw_association(door.port, sop_class, EXPLICIT) as peer:
            assert store_raw(peer, sop_class, f"2.25.70.{number}", data) == 0, sop_class
        assert kept(made, f"2.25.70.{number}") == [(sop_class, EXPLICIT, data)]


def test_each_class_is_accepted_in_the_syntax_that_is_asked_for(door: DimseListener) -> None:
    count = max(len(CLASSES), len(SYNTAXES))
    wanted = [(CLASSES[n % len(CLASSES)], SYNTAXES[n % len(SYNTAXES)]) for n in range(count)]
    for first in range(0, len(wanted), MOST_CONTEXTS):
        peer = AE("ANLONG")
        for sop_class, syntax in wanted[first : first + MOST_CONTEXTS]:
            peer.add_requested_context(sop_class, syntax)
        association = peer.associate("127.0.0.1", door.port, ae_title="CONSULT")
        assert association.is_established
        agreed = {(str(each.abstract_syntax), str(each.transfer_syntax[0])) for each in association.accepted_contexts}
        association.release()
        assert agreed == set(wanted[first : first + MOST_CONTEXTS])


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_object_in_any_syntax_is_kept_as_it_came(made: Archive, door: DimseListener, syntax: str) -> None:
    sop_class, sop_uid = CLASSES[0], f"2.25.73.{SYNTAXES.index(syntax)}"
    data = written(sop_class, sop_uid, syntax)
    with raw_association(door.port, sop_class, syntax) as peer:
        assert store_raw(peer, sop_class, sop_uid, data) == 0
    assert kept(made, sop_uid) == [(sop_class, syntax, data)]


@needs_samples
@needs_dcmtk
@pytest.mark.parametrize("option", [*PROPOSALS, *VIDEOS])
def test_what_dcmtk_proposes_is_taken_in_that_syntax(made: Archive, door: DimseListener, option: str) -> None:
    path = (
        SAMPLES / "video" / VIDEOS[option]
        if option in VIDEOS
        else (SAMPLES / "syntax/ct_same_image" / f"CTImage.dcm_{PROPOSALS[option]}.dcm")
    )
    done = subprocess.run(
        [
            STORESCU,
            "-aet",
            f"N{option[1:].upper()}",
            "-aec",
            "CONSULT",
            option,
            "-R",
            "127.0.0.1",
            str(door.port),
            str(path),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    source = dcmread(path)
    with made.store.read() as connection:
        query = select(instances).where(instances.c.sender == f"N{option[1:].upper()}")
        (row,) = connection.execute(query).all()
    assert row.transfer_syntax == source.file_meta.TransferSyntaxUID
    assert dcmread(made.blobs.path(row.sha256)).PixelData == source.PixelData


@needs_samples
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_one_of_each_kind_of_real_object_is_kept_to_the_byte(made: Archive, door: DimseListener) -> None:
    kinds: dict[tuple[str, str], Path] = {}
    for path in sorted(path for path in SAMPLES.rglob("*.dcm") if not {"malformed", "dicomdir"} & set(path.parts)):
        with path.open("rb") as file:
            whole = file.read(132)[128:] == b"DICM"
        if whole:
            said = dcmread(path, stop_before_pixels=True, specific_tags=list(WHO))
            if not all(said.get(name) for name in WHO):
                continue  # nobody could file it
            kinds.setdefault((str(said.get("SOPClassUID")), str(said.file_meta.get("TransferSyntaxUID"))), path)
    assert len(kinds) > 40
    for (sop_class, syntax), path in kinds.items():
        source = dcmread(path, stop_before_pixels=True)
        with raw_association(door.port, sop_class, syntax) as peer:
            data = data_set_of(path.read_bytes())
            assert store_raw(peer, sop_class, str(source.SOPInstanceUID), data) == 0, path
        assert (sop_class, syntax, data) in kept(made, str(source.SOPInstanceUID))
