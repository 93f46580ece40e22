"""What the viewer does not show is named for what it is, and can be taken away whole."""

from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.browser.office import Desk, Office
from tests.journeys import people
from tests.journeys.people import move, send, settled, wait
from tests.makers.dicom import SAMPLES, needs_samples
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_samples]

OBJECTS = {
    "ecg/waveform_ecg_12lead.dcm": ("ECG", "心电图"),
    "objects/gen/encapsulated_pdf.dcm": ("DOC", "文档（PDF）"),
    "objects/gen/kos.dcm": ("KO", "关键图像清单"),
    "objects/gen/gsps.dcm": ("PR", "标注或引用对象"),
    "objects/reportsi.dcm": ("SR", "结构化报告"),
}


@pytest.fixture(scope="module")
def sent(site: Site, head_ct: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A study of one slice and one object of each kind: the files by modality, and the study's UID as a path."""
    folder, study = tmp_path_factory.mktemp("objects"), generate_uid()
    files = {}
    for path in (next((head_ct / "thick_5mm").iterdir()), *(SAMPLES / name for name in OBJECTS)):
        image = dcmread(path)
        image.StudyInstanceUID, image.SeriesInstanceUID = study, generate_uid()
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.PatientName, image.PatientID = "OUYANG^CESHI", "B-2"
        files[str(image.Modality)] = folder / f"{image.Modality}.dcm"
        image.save_as(files[str(image.Modality)])
    send(site, list(files.values()))
    settled(site.signed_in("anlong.doctor"), str(study))
    return files | {"study": Path(str(study))}


@pytest.fixture
def being_read_with_objects(site: Site, sent: dict[str, Path]) -> str:
    doctor, reader = site.signed_in("anlong.doctor"), site.signed_in("guiyang.ct")
    case_id: str = people.request(doctor, str(sent["study"]), question="头痛三天，排除出血（其他对象）")["id"]
    move(doctor, case_id, "submit")
    wait(doctor, case_id, "submitted")
    move(site.signed_in("xingyi.coordinator"), case_id, "triage")
    wait(reader, case_id, "assigned")
    move(reader, case_id, "accept")
    move(reader, case_id, "open")
    return case_id


def taken(desk: Desk, modality: str) -> tuple[str, bytes]:
    """The name and the bytes of what a click on the series' button saves."""
    tile = desk.page.get_by_test_id("series").filter(has=desk.page.get_by_text(modality, exact=True))
    with desk.page.expect_download() as saving:
        tile.get_by_role("button", name="下载").click()
    return saving.value.suggested_filename, Path(saving.value.path()).read_bytes()


def test_other_objects_are_named_and_downloaded(
    browser: Browser, site: Site, sent: dict[str, Path], being_read_with_objects: str
) -> None:
    with Office(browser, site) as office:
        reader = office.person("guiyang.ct")
        reader.open_case(being_read_with_objects)
        expect(reader.page.get_by_text("心电图").first).to_be_visible()
        expect(reader.page.get_by_test_id("read-on")).to_be_visible()
        reader.shoot("61-case-with-objects", phone=True)
        reader.page.get_by_test_id("read-on").click()
        for modality, kind in OBJECTS.values():
            tile = reader.page.get_by_test_id("series").filter(has=reader.page.get_by_text(modality, exact=True))
            expect(tile.get_by_text(f"{kind}，暂不能显示，可下载")).to_be_visible()
        reader.shoot("62-objects-in-the-strip")
        for modality in ("ECG", "KO", "SR"):
            name, saved = taken(reader, modality)
            assert name == f"{modality}-1.dcm"
            assert dcmread(BytesIO(saved)) == dcmread(sent[modality])  # by value: storescu writes lengths anew
        name, saved = taken(reader, "DOC")
        assert name == "DOC-1.pdf"
        assert saved.startswith(b"%PDF-")
        assert office.troubles == []
