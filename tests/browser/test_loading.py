"""Over a thin line every slice is seen soon, marked as a preview; after a drop what is missing comes by itself."""

import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.browser.office import Desk, Office
from tests.journeys import people
from tests.journeys.people import move, send, settled, wait
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLICES = 40
LOADED_MS = 90_000
PREVIEW = "预览，非诊断用"
_ALL_ROUGH = """() => {
  const { visible, loaded, total } = document.querySelector('[data-testid=viewport]')?.dataset ?? {}
  return visible !== undefined && visible === total && Number(loaded) < total / 2
}"""


@pytest.fixture(scope="module")
def thin(site: Site, head_ct: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A case about a thin series, of which 杨明远 (guiyang.ct) has not seen an image yet; its id."""
    folder = tmp_path_factory.mktemp("thin")
    study, series = str(generate_uid()), str(generate_uid())
    frames: list[str] = []
    for number, path in enumerate(sorted((head_ct / "thin_1mm").iterdir(), key=_number)[:SLICES]):
        image = dcmread(path)
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.PatientName, image.PatientID = "OUYANG^CESHI", "B-9"
        image.save_as(folder / f"{number}.dcm")
        frames.append(f"/dicom-web/studies/{study}/series/{series}/instances/{image.SOPInstanceUID}/frames/1")
    send(site, list(folder.iterdir()))
    doctor, reader = site.signed_in("anlong.doctor"), site.signed_in("guiyang.ct")
    settled(doctor, study)
    case_id: str = people.request(doctor, study, question="头痛三天，排除出血（细线）")["id"]
    move(doctor, case_id, "submit")
    wait(doctor, case_id, "submitted")
    move(site.signed_in("xingyi.coordinator"), case_id, "triage")
    wait(reader, case_id, "assigned")
    move(reader, case_id, "accept")
    move(reader, case_id, "open")
    for frame in frames:
        _await_ready(doctor, frame)
    return case_id


def _number(path: Path) -> int:
    return int(dcmread(path, stop_before_pixels=True).InstanceNumber)


def _await_ready(doctor: httpx.Client, frame: str) -> None:
    """Until a frame has been made ready."""
    until = time.monotonic() + LOADED_MS / 1000
    while doctor.get(frame, headers={"Accept": 'multipart/related; type="image/jphc"'}).status_code != 200:
        assert time.monotonic() < until, "the frame was not made ready"
        time.sleep(0.1)


class Line:
    """What the page's line lets through."""

    def __init__(self, desk: Desk) -> None:
        self._devtools = desk.context.new_cdp_session(desk.page)
        self._devtools.send("Network.enable")

    def thin(self, mbit: float) -> None:
        """So many Mbit/s and 40 ms; 0 is a dropped line."""
        rate = mbit * 1e6 / 8
        how = {"offline": not mbit, "latency": 40, "downloadThroughput": rate, "uploadThroughput": rate}
        self._devtools.send("Network.emulateNetworkConditions", how)


def test_every_slice_is_a_preview_soon_and_whole_in_the_end(browser: Browser, site: Site, thin: str) -> None:
    with Office(browser, site) as office:
        reader = office.person("guiyang.ct")
        line = Line(reader)
        line.thin(6)
        reader.open_case(thin, "/read")
        picture, measure = reader.page.get_by_test_id("viewport"), reader.page.locator('[data-tool="length"]')
        reader.page.wait_for_function(_ALL_ROUGH, timeout=LOADED_MS)
        line.thin(0)
        expect(reader.page.get_by_test_id("truth")).to_contain_text(PREVIEW)
        expect(measure).to_be_disabled()
        reader.page.keyboard.press("End")
        expect(picture).to_have_attribute("data-slice", str(SLICES))
        expect(picture).to_have_attribute("data-quality", "preview")
        expect(reader.page.get_by_test_id("truth").get_by_text("线路中断")).to_be_visible()
        reader.shoot("60-preview", phone=True)
        line.thin(100)
        expect(picture).to_have_attribute("data-loaded", str(SLICES), timeout=LOADED_MS)
        expect(picture).to_have_attribute("data-quality", "whole")
        expect(reader.page.get_by_test_id("truth")).not_to_contain_text(PREVIEW)
        expect(measure).to_be_enabled()
