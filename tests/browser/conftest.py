"""Headless Chromium before a running site of its own: what the journeys send would be old news to each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.browser.office import WAIT_MS
from tests.journeys import people
from tests.journeys.conftest import head_ct, site
from tests.journeys.people import move, send, settled, wait
from tests.peers.site import Site

__all__ = ["head_ct", "site"]

CHROMIUM = Path("/usr/bin/chromium")
PAGES = Path(__file__).parents[2] / "consult" / "web" / "static" / "index.html"
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""WebGL in software, and no calls home."""


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    assert PAGES.exists(), "the pages are not built: make setup"
    expect.set_options(timeout=WAIT_MS)
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def study_uid(site: Site, head_ct: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A study of one slice, at rest: enough for what is not about images."""
    image = dcmread(next((head_ct / "thick_5mm").iterdir()))
    image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.PatientName, image.PatientID = "OUYANG^CESHI", "B-1"
    path = tmp_path_factory.mktemp("slice") / "slice.dcm"
    image.save_as(path)
    send(site, [path])
    uid = str(image.StudyInstanceUID)
    settled(site.signed_in("anlong.doctor"), uid)
    return uid


@pytest.fixture
def being_read(site: Site, study_uid: str, request: pytest.FixtureRequest) -> str:
    """A case that 杨明远 (guiyang.ct) has begun to read; its id. One question may be asked of a study only once."""
    doctor, reader = site.signed_in("anlong.doctor"), site.signed_in("guiyang.ct")
    question = f"头痛三天，排除出血（{request.node.name}）"
    case_id: str = people.request(doctor, study_uid, question=question)["id"]
    move(doctor, case_id, "submit")
    wait(doctor, case_id, "submitted")
    move(site.signed_in("xingyi.coordinator"), case_id, "triage")
    wait(reader, case_id, "assigned")
    move(reader, case_id, "accept")
    move(reader, case_id, "open")
    return case_id
