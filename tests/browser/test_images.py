"""A case page names the slices that are missing and what to do; a coordinator chooses between two versions of one."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.browser.office import Office
from tests.journeys import people
from tests.journeys.people import move, send, settled, wait
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def holed(site: Site, head_ct: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A thick head CT without its tenth to twelfth slice, of which one slice came twice with other pixels; its UID."""
    folder = tmp_path_factory.mktemp("holed")
    study, series = generate_uid(), generate_uid()
    files: list[Path] = []
    for index, path in enumerate(sorted((head_ct / "thick_5mm").iterdir(), key=_number)):
        image = dcmread(path)
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.PatientName, image.PatientID = "OUYANG^CESHI", "B-7"
        if index not in (9, 10, 11):
            files.append(folder / f"{index}.dcm")
            image.save_as(files[-1])
        if index == 3:
            image.PatientComments = "second"
            image.PixelData = bytes(image.PixelData[2:]) + bytes(2)
            image.save_as(folder / "again.dcm")
    send(site, files)
    send(site, [folder / "again.dcm"])
    settled(site.signed_in("anlong.doctor"), str(study))
    return str(study)


def _number(path: Path) -> int:
    return int(dcmread(path, stop_before_pixels=True).InstanceNumber)


def test_what_is_missing_and_what_differs_is_shown_and_decided(browser: Browser, site: Site, holed: str) -> None:
    doctor = site.signed_in("anlong.doctor")
    case_id: str = people.request(doctor, holed, question="缺层的检查")["id"]
    move(doctor, case_id, "submit")
    wait(doctor, case_id, "awaiting_images")
    with Office(browser, site) as office:
        desk = office.person("xingyi.coordinator")
        desk.open_case(case_id)
        expect(desk.page.get_by_text("缺 3 幅")).to_be_visible()
        expect(desk.page.get_by_text("请设备重发第")).to_be_visible()
        desk.shoot("40-completeness", phone=True)
        desk.page.get_by_role("link", name="核对不同版本").click()
        expect(desk.page.get_by_text("与当前显示的不同")).to_be_visible()
        expect(desk.page.get_by_role("cell", name="PatientComments")).to_be_visible()
        for name in ("版本 1", "版本 2"):
            desk.page.wait_for_function(
                "name => [...document.images].some(each => each.alt === name && each.naturalWidth > 0)", arg=name
            )
        desk.shoot("41-versions", phone=True)
        desk.page.get_by_role("button", name="改为显示此版本").click()
        desk.page.get_by_label("选定理由").fill("设备重建后重发")
        desk.page.get_by_role("button", name="确定选定").click()
        expect(desk.page.get_by_text("选定记录")).to_be_visible()
        desk.shoot("42-chosen")
