"""Others that speak DICOMweb at a running site, in both directions: Orthanc's plugin, and the client from PyPI."""

import hashlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom import Dataset, dcmread

from tests.bench.orthanc import DICOMWEB, PROGRAM, Orthanc
from tests.peers.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]
COUNT = 6
ROOT = "/dicom-web"


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    """A program's token of a doctor of ANLONG."""
    answer = site.signed_in("anlong.doctor").post("/api/v1/tokens", json={"name": "PACS"})
    answer.raise_for_status()
    return str(answer.json()["token"])


@pytest.fixture(scope="module")
def orthanc(site: Site, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Orthanc that knows us as the DICOMweb server ``consult``, by a token."""
    if not (PROGRAM.exists() and DICOMWEB.exists()):
        pytest.skip("Orthanc with its DICOMweb plugin is not installed (apt-get install orthanc orthanc-dicomweb)")
    with Orthanc(tmp_path_factory.mktemp("orthanc") / "run") as running:
        said = {"Url": f"{site.url}{ROOT}/", "HttpHeaders": {"Authorization": f"Bearer {token}"}}
        httpx.put(f"{running.url}{ROOT}/servers/consult", json=said).raise_for_status()
        yield running


@pytest.fixture(scope="module")
def thick(head_ct: Path) -> list[bytes]:
    """Some slices of a real head."""
    return [path.read_bytes() for path in sorted((head_ct / "thick_5mm").iterdir())[:COUNT]]


@pytest.fixture(scope="module")
def thin(head_ct: Path) -> list[bytes]:
    """Other slices of it."""
    return [path.read_bytes() for path in sorted((head_ct / "thin_1mm").iterdir())[:COUNT]]


@pytest.fixture(scope="module")
def client(site: Site, token: str) -> Iterator[DICOMwebClient]:
    """The client from PyPI, with the token."""
    opened = DICOMwebClient(f"{site.url}{ROOT}", headers={"Authorization": f"Bearer {token}"})
    yield opened
    opened._session.close()


def post(orthanc: Orthanc, path: str, said: Any) -> Any:
    """The answer of its plugin about us; raises for a failure."""
    answer = httpx.post(f"{orthanc.url}{ROOT}/servers/consult/{path}", json=said, timeout=120)
    answer.raise_for_status()
    return answer.json()


def sums(files: Iterable[bytes]) -> set[str]:
    return {hashlib.sha256(file).hexdigest() for file in files}


def pixels(objects: Iterable[Dataset]) -> dict[str, str]:
    """SHA-256 of the decoded pixels by SOP instance: peers give lossless ones out in another syntax."""
    return {str(each.SOPInstanceUID): hashlib.sha256(each.pixel_array).hexdigest() for each in objects}


def read(files: Iterable[bytes]) -> list[Dataset]:
    return [dcmread(BytesIO(file)) for file in files]


def held_by(orthanc: Orthanc) -> list[bytes]:
    names = httpx.get(f"{orthanc.url}/instances").json()
    return [httpx.get(f"{orthanc.url}/instances/{name}/file").content for name in names]


def emptied(orthanc: Orthanc) -> None:
    for study in httpx.get(f"{orthanc.url}/studies").json():
        httpx.delete(f"{orthanc.url}/studies/{study}").raise_for_status()
    assert orthanc.held() == 0


def test_what_orthanc_sends_it_finds_and_fetches_again_byte_by_byte(
    site: Site, orthanc: Orthanc, client: DICOMwebClient, thick: list[bytes]
) -> None:
    first = read(thick)[0]
    names = [httpx.post(f"{orthanc.url}/instances", content=file).json()["ID"] for file in thick]
    assert post(orthanc, "stow", {"Resources": names, "Synchronous": True})["InstancesCount"] == str(COUNT)
    assert sums(_files(site, client, first)) == sums(thick)

    emptied(orthanc)
    for wanted, count in (({"PatientID": first.PatientID}, 1), ({"PatientID": "NOBODY"}, 0)):
        found = post(orthanc, "qido", {"Uri": "/studies", "Arguments": wanted})
        assert [each["0020000D"]["Value"] for each in found] == [first.StudyInstanceUID] * count
    series = {"Study": first.StudyInstanceUID, "Series": first.SeriesInstanceUID}
    for resource in ({"Study": first.StudyInstanceUID}, series, series | {"Instance": first.SOPInstanceUID}):
        fetched = post(orthanc, "retrieve", {"Resources": [resource], "Synchronous": True})
        count = 1 if "Instance" in resource else COUNT
        assert (fetched["ReceivedInstancesCount"], orthanc.held()) == (str(count), count)
        assert sums(held_by(orthanc)) <= sums(thick)
        emptied(orthanc)


def _files(site: Site, client: DICOMwebClient, of: Dataset) -> list[bytes]:
    """The files of a series at our side, as they are given out one by one."""
    found: list[bytes] = []
    for each in client.search_for_instances(of.StudyInstanceUID, of.SeriesInstanceUID):
        path = f"{ROOT}/studies/{of.StudyInstanceUID}/series/{of.SeriesInstanceUID}/instances/"
        answer = site.signed_in("anlong.doctor").get(
            path + each["00080018"]["Value"][0], headers={"Accept": "application/dicom"}
        )
        answer.raise_for_status()
        found.append(answer.content)
    return found


def test_orthanc_without_our_word_gets_nothing(site: Site, orthanc: Orthanc, thick: list[bytes]) -> None:
    httpx.put(f"{orthanc.url}{ROOT}/servers/stranger", json={"Url": f"{site.url}{ROOT}/"}).raise_for_status()
    (name,) = [httpx.post(f"{orthanc.url}/instances", content=thick[0]).json()["ID"]]
    for path, said in (("stow", {"Resources": [name], "Synchronous": True}), ("qido", {"Uri": "/studies"})):
        answer = httpx.post(f"{orthanc.url}{ROOT}/servers/stranger/{path}", json=said, timeout=60)
        assert answer.status_code >= 400, path
    emptied(orthanc)


def test_what_is_read_from_orthanc_and_sent_to_us_and_back_is_the_same(
    orthanc: Orthanc, client: DICOMwebClient, thin: list[bytes]
) -> None:
    """Both are asked by the same client, so that both speak the standard and not each other's dialect."""
    for file in thin:
        httpx.post(f"{orthanc.url}/instances", content=file).raise_for_status()
    uid = read(thin)[0].StudyInstanceUID
    theirs = DICOMwebClient(f"{orthanc.url}{ROOT}")
    client.store_instances(theirs.retrieve_study(uid))
    emptied(orthanc)
    ours = [each for each in client.retrieve_study(uid) if str(each.SOPInstanceUID) in pixels(read(thin))]
    assert pixels(ours) == pixels(read(thin))
    theirs.store_instances(ours)
    assert pixels(read(held_by(orthanc))) == pixels(read(thin))
    theirs._session.close()


def test_a_stock_client_searches_at_all_levels(client: DICOMwebClient, thick: list[bytes]) -> None:
    client.store_instances(read(thick))
    first = read(thick)[0]
    of_study, of_series = {"StudyInstanceUID": first.StudyInstanceUID}, {"SeriesInstanceUID": first.SeriesInstanceUID}
    (study,) = client.search_for_studies(search_filters=of_study, fields=["NumberOfStudyRelatedInstances"])
    assert study["0020000D"]["Value"] == [first.StudyInstanceUID]
    for found in (
        client.search_for_series(first.StudyInstanceUID, search_filters=of_series),
        client.search_for_series(search_filters=of_series),
    ):
        assert [each["0020000E"]["Value"] for each in found] == [[first.SeriesInstanceUID]]
    uids = {str(each.SOPInstanceUID) for each in read(thick)}
    for found in (
        client.search_for_instances(first.StudyInstanceUID, first.SeriesInstanceUID),
        client.search_for_instances(first.StudyInstanceUID, search_filters=of_series),
        client.search_for_instances(search_filters=of_series),
    ):
        assert {each["00080018"]["Value"][0] for each in found} == uids
    paged = [
        client.search_for_instances(first.StudyInstanceUID, first.SeriesInstanceUID, limit=2, offset=at)
        for at in range(0, COUNT, 2)
    ]
    assert {each["00080018"]["Value"][0] for page in paged for each in page} == uids


def test_a_stock_client_fetches_everything_that_the_standard_has(
    site: Site, client: DICOMwebClient, thick: list[bytes]
) -> None:
    client.store_instances(read(thick))
    objects = read(thick)
    study, series = objects[0].StudyInstanceUID, objects[0].SeriesInstanceUID
    assert pixels(client.retrieve_series(study, series)) == pixels(objects)
    assert pixels(client.retrieve_study(study)).items() >= pixels(objects).items()
    for said in (client.retrieve_series_metadata(study, series), client.retrieve_study_metadata(study)):
        assert {each["00080018"]["Value"][0] for each in said} >= set(pixels(objects))
    for each in objects[:2]:
        named = (study, series, each.SOPInstanceUID)
        assert client.retrieve_instance(*named) == each
        assert client.retrieve_instance_frames(*named, frame_numbers=[1]) == [each.PixelData]
        said = client.retrieve_instance_metadata(*named)
        told = Dataset.from_json(said, lambda uri: bytes(client.retrieve_bulkdata(urljoin(site.url, uri))[0]))
        assert (told.PixelData, told.ImagePositionPatient) == (each.PixelData, each.ImagePositionPatient)
        for kind in ("image/jpeg", "image/png"):
            for painted in (
                client.retrieve_instance_rendered(*named, media_types=(kind,)),
                client.retrieve_instance_frames_rendered(*named, frame_numbers=[1], media_types=(kind,)),
            ):
                with Image.open(BytesIO(painted)) as picture:
                    assert (picture.size, picture.get_format_mimetype()) == ((each.Columns, each.Rows), kind)
