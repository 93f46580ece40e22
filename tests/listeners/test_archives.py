"""Other archives as peers, in both directions: Orthanc and dcmqrscp send, ask, fetch, are asked and are sent to."""

import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from sqlalchemy import select

from consult.channels.dicom import Unreachable
from consult.domain.nodes import Node
from consult.store.tables_studies import instances
from tests.bench.orthanc import PROGRAM, free_port
from tests.makers.archive import DUSHAN_CT, a_slice
from tests.makers.door import Clinic
from tests.peers.dcmtk import DCMQRSCP, Server, dcmqrscp
from tests.peers.orthanc import Acquainted, in_time

MOVESCU, STORESCU = "/usr/bin/movescu", "/usr/bin/storescu"
WANG = "Wang^Xiaodong=王^小东"
COUNT = 4
pytestmark = pytest.mark.slow


@pytest.fixture
def orthanc(here: Clinic, tmp_path: Path) -> Iterator[Acquainted]:
    """Orthanc as a machine of ANLONG."""
    if not PROGRAM.exists():
        pytest.skip("Orthanc is not installed")
    with Acquainted(tmp_path / "orthanc", here.port) as running:
        here.knows("ORTHANC", "ANLONG", running.dicom_port)
        yield running


@pytest.fixture
def qrscp(here: Clinic, tmp_path: Path) -> Iterator[Server]:
    """dcmqrscp as a machine of ANLONG."""
    if not DCMQRSCP.exists():
        pytest.skip("dcmtk is not installed")
    with dcmqrscp(tmp_path / "qrscp", here.port) as running:
        here.knows("QRSCP", "ANLONG", running.port)
        yield running


def files() -> list[bytes]:
    return [
        a_slice(number, study="2.25.1", series=f"2.25.1{number % 2}", pixel=number, name=WANG.encode("gb18030"))
        for number in range(1, COUNT + 1)
    ]


def fill(here: Clinic) -> None:
    for file in files():
        here.made.put(file)
    here.made.put(a_slice(1, study="2.25.4", series="2.25.41"), DUSHAN_CT)


def held(here: Clinic) -> int:
    with here.made.store.read() as connection:
        return len(connection.execute(select(instances.c.id)).all())


def moved(here: Clinic, to: str) -> None:
    done = subprocess.run(
        [MOVESCU, "-aet", "ANLONG", "-aec", "CONSULT", "-aem", to, "-S", "-k", "0008,0052=STUDY",
         "-k", "0020,000d=2.25.1", "127.0.0.1", str(here.port)],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def test_orthanc_finds_and_fetches_what_is_its_institutions(here: Clinic, orthanc: Acquainted) -> None:
    fill(here)
    _, every = orthanc.found("Study", {"StudyInstanceUID": "", "PatientName": ""})
    assert [study["StudyInstanceUID"] for study in every] == ["2.25.1"]
    path, studies = orthanc.found("Study", {"PatientName": "*王*", "StudyInstanceUID": "", "ModalitiesInStudy": ""})
    assert [(study["PatientName"], study["ModalitiesInStudy"]) for study in studies] == [(WANG, "CT")]
    _, series = orthanc.found("Series", {"StudyInstanceUID": "2.25.1", "NumberOfSeriesRelatedInstances": ""})
    assert sorted(each["NumberOfSeriesRelatedInstances"] for each in series) == ["2", "2"]
    orthanc.post(f"{path}/retrieve", {"TargetAet": "ORTHANC"})
    assert in_time(lambda: orthanc.held() == COUNT)
    for name in orthanc.get("/instances"):
        sent = dcmread(BytesIO(orthanc_file(orthanc, name)))
        original = next(file for file in map(BytesIO, files()) if dcmread(file).SOPInstanceUID == sent.SOPInstanceUID)
        original.seek(0)
        assert sent.PixelData == dcmread(original).PixelData


def orthanc_file(orthanc: Acquainted, name: str) -> bytes:
    import httpx

    return httpx.get(f"{orthanc.url}/instances/{name}/file", timeout=60).content


def test_orthanc_sends_and_has_it_committed(here: Clinic, orthanc: Acquainted) -> None:
    names = [orthanc.post("/instances", file)["ID"] for file in files()]
    asked = {"Resources": names, "StorageCommitment": True, "Synchronous": True}
    told = orthanc.post("/modalities/consult/store", asked)
    assert held(here) == COUNT
    transaction = f"/storage-commitment/{told['StorageCommitmentTransactionUID']}"
    assert orthanc.get(transaction)["Status"] == "Pending"
    assert here.tell_commitments() == 1
    assert in_time(lambda: orthanc.get(transaction)["Status"] != "Pending")
    report = orthanc.get(transaction)
    assert report["Status"] == "Success"
    assert len(report["Success"]) == COUNT


def test_we_send_to_orthanc_and_ask_it_how_much_it_holds(here: Clinic, orthanc: Acquainted) -> None:
    fill(here)
    node = Node("ORTHANC", "ANLONG", "127.0.0.1", orthanc.dicom_port)
    here.peers.echo(node)
    assert here.peers.counts(node, "2.25.1") == {}
    moved(here, "ORTHANC")
    assert orthanc.held() == COUNT
    assert here.peers.counts(node, "2.25.1") == {"2.25.11": 2, "2.25.10": 2}


def test_dcmqrscp_is_sent_to_and_asked(here: Clinic, qrscp: Server) -> None:
    """It does not answer how many instances a series has: they are counted."""
    fill(here)
    node = Node("QRSCP", "ANLONG", "127.0.0.1", qrscp.port)
    moved(here, "QRSCP")
    assert here.peers.counts(node, "2.25.1") == {"2.25.11": 2, "2.25.10": 2}
    assert here.peers.counts(node, "2.25.999") == {}


def test_what_dcmqrscp_was_sent_it_sends_on_to_us(here: Clinic, qrscp: Server, tmp_path: Path) -> None:
    for number, file in enumerate(files()):
        (tmp_path / f"{number}.dcm").write_bytes(file)
    sent = [str(tmp_path / f"{number}.dcm") for number in range(COUNT)]
    stored = subprocess.run(
        [STORESCU, "-aet", "ANLONG", "-aec", "QRSCP", "127.0.0.1", str(qrscp.port), *sent],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    assert stored.returncode == 0
    done = subprocess.run(
        [MOVESCU, "-aet", "CONSULT", "-aec", "QRSCP", "-aem", "CONSULT", "-S", "-k", "0008,0052=STUDY",
         "-k", "0020,000d=2.25.1", "127.0.0.1", str(qrscp.port)],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert held(here) == COUNT


def test_a_peer_that_is_not_there_is_told_so(here: Clinic) -> None:
    for node in (Node("NOWHERE", "ANLONG", "127.0.0.1", free_port()), Node("NOWHERE", "ANLONG")):
        with pytest.raises(Unreachable, match="NOWHERE"):
            here.peers.echo(node)
