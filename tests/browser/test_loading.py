"""Over a thin line every slice is seen soon, marked as a preview; once whole, the pixels are those that were stored."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
_NOTES = """
(() => {
  const decoded = window.__decoded = new Map()
  const keep = (value, depth) => {
    if (value === null || typeof value !== 'object' || depth > 4) return
    if (ArrayBuffer.isView(value.pixelData)) return void note(value)
    for (const each of Object.values(value)) keep(each, depth + 1)
  }
  const note = async ({ pixelData, preScale }) => {
    const scale = preScale?.scaled ? preScale.scalingParameters : { rescaleSlope: 1, rescaleIntercept: 0 }
    const back = (value) => Math.round((value - scale.rescaleIntercept) / scale.rescaleSlope)
    const stored = Uint16Array.from(pixelData, back)
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', stored))
    const name = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    decoded.set(name, (decoded.get(name) ?? 0) + 1)
  }
  window.Worker = class extends window.Worker {
    constructor(...asked) {
      super(...asked)
      this.addEventListener('message', ({ data }) => keep(data, 0))
    }
  }
})()
"""
"""Everything that the decoders gave back, by the digest of its stored values."""
_ALL_ROUGH = """() => {
  const { visible, loaded, total } = document.querySelector('[data-testid=viewport]')?.dataset ?? {}
  return visible !== undefined && visible === total && Number(loaded) < total / 2
}"""


@dataclass(frozen=True)
class Thin:
    """A case about a thin series: the digest of each slice's pixels, and the bytes of all frames as made ready."""

    case_id: str
    digests: set[str]
    bytes: int


@pytest.fixture(scope="module")
def thin(site: Site, head_ct: Path, tmp_path_factory: pytest.TempPathFactory) -> Thin:
    """Being read by 杨明远 (guiyang.ct), who has not seen an image yet."""
    folder = tmp_path_factory.mktemp("thin")
    study, series = str(generate_uid()), str(generate_uid())
    digests: dict[str, str] = {}
    for number, path in enumerate(sorted((head_ct / "thin_1mm").iterdir(), key=_number)[:SLICES]):
        image = dcmread(path)
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.PatientName, image.PatientID = "OUYANG^CESHI", "B-9"
        image.save_as(folder / f"{number}.dcm")
        digests[f"/dicom-web/studies/{study}/series/{series}/instances/{image.SOPInstanceUID}/frames/1"] = (
            hashlib.sha256(image.PixelData).hexdigest()
        )
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
    return Thin(case_id, set(digests.values()), sum(_made_ready(doctor, frame) for frame in digests))


def _number(path: Path) -> int:
    return int(dcmread(path, stop_before_pixels=True).InstanceNumber)


def _made_ready(doctor: httpx.Client, frame: str) -> int:
    """The bytes of a frame, when it has been made ready."""
    until = time.monotonic() + LOADED_MS / 1000
    while time.monotonic() < until:
        answer = doctor.get(frame, headers={"Accept": 'multipart/related; type="image/jphc"'})
        if answer.status_code == 200:
            return len(answer.content)
        time.sleep(0.1)
    raise AssertionError("the frame was not made ready")


class Line:
    """What the page's line lets through, and what came over it."""

    def __init__(self, desk: Desk) -> None:
        self._devtools = desk.context.new_cdp_session(desk.page)
        self._devtools.send("Network.enable")
        self._devtools.on("Network.requestWillBeSent", self._asked)
        self._devtools.on("Network.dataReceived", self._came)
        self._frames: set[str] = set()
        self.bytes = 0

    def _asked(self, told: dict[str, Any]) -> None:
        if "/frames/" in told["request"]["url"]:
            self._frames.add(told["requestId"])

    def _came(self, told: dict[str, Any]) -> None:
        if told["requestId"] in self._frames:
            self.bytes += told["dataLength"]

    def thin(self, mbit: float) -> None:
        """So many Mbit/s and 40 ms; 0 is a dropped line."""
        rate = mbit * 1e6 / 8
        how = {"offline": not mbit, "latency": 40, "downloadThroughput": rate, "uploadThroughput": rate}
        self._devtools.send("Network.emulateNetworkConditions", how)


def test_every_slice_is_a_preview_soon_and_whole_in_the_end(browser: Browser, site: Site, thin: Thin) -> None:
    with Office(browser, site) as office:
        reader = office.person("guiyang.ct")
        reader.page.add_init_script(_NOTES)
        line = Line(reader)
        line.thin(6)
        reader.open_case(thin.case_id, "/read")
        picture, measure = reader.page.get_by_test_id("viewport"), reader.page.locator('[data-tool="length"]')
        reader.page.wait_for_function(_ALL_ROUGH)
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
        reader.page.wait_for_function(
            "(wanted) => wanted.every((digest) => window.__decoded.has(digest))", arg=sorted(thin.digests)
        )
        assert line.bytes < thin.bytes * 1.1  # after the drop only what was missing came
