"""Objects that are no images are shown in a way of their own, with numbers that hold, and can be taken away whole."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect
from pydicom import Dataset, dcmread
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
    "objects/gen/kos.dcm": ("KO", "关键图像"),
    "objects/dcmqi_petct_sr/sr.dcm": ("SR", "结构化报告"),
}


@pytest.fixture(scope="module")
def sent(site: Site, head_ct: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A study of one slice and one object of each kind: the files by modality, and the study's UID as a path."""
    folder, study = tmp_path_factory.mktemp("objects"), generate_uid()
    files: dict[str, Path] = {}
    first: Dataset | None = None
    for path in (next((head_ct / "thick_5mm").iterdir()), *(SAMPLES / name for name in OBJECTS)):
        image = dcmread(path)
        image.StudyInstanceUID, image.SeriesInstanceUID = study, generate_uid()
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.PatientName, image.PatientID = "OUYANG^CESHI", "B-2"
        first = first or image
        if image.Modality == "KO":
            choose(image, first)
        files[str(image.Modality)] = folder / f"{image.Modality}.dcm"
        image.save_as(files[str(image.Modality)])
    send(site, list(files.values()))
    settled(site.signed_in("anlong.doctor"), str(study))
    return files | {"study": Path(str(study))}


def choose(selection: Dataset, image: Dataset) -> None:
    """Makes ``image`` the one that was selected."""
    evidence = selection.CurrentRequestedProcedureEvidenceSequence[0]
    series = evidence.ReferencedSeriesSequence[0]
    evidence.StudyInstanceUID, series.SeriesInstanceUID = image.StudyInstanceUID, image.SeriesInstanceUID
    evidence.ReferencedSeriesSequence = [series]
    del series.ReferencedSOPSequence[1:], selection.ContentSequence[1:]
    for named in (series, selection.ContentSequence[0]):
        named.ReferencedSOPSequence[0].ReferencedSOPClassUID = image.SOPClassUID
        named.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = image.SOPInstanceUID


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


def tile(desk: Desk, modality: str) -> Locator:
    """The series of this modality in the strip."""
    return desk.page.get_by_test_id("series").filter(has=desk.page.get_by_text(modality, exact=True))


def taken(desk: Desk) -> tuple[str, bytes]:
    """The name and the bytes of what a click on the shown object's button saves."""
    with desk.page.expect_download() as saving:
        desk.page.get_by_test_id("object").get_by_role("button", name="下载").click()
    return saving.value.suggested_filename, Path(saving.value.path()).read_bytes()


def drag(desk: Desk, lead: str, first_s: float, last_s: float) -> Locator:
    """A caliper along a lead, from one time of the record to another; what it says."""
    page = desk.page
    svg, strip = page.locator(".ecg svg"), page.locator(f'.curve[data-strip="{lead}"]').last
    box = svg.bounding_box()
    assert box is not None
    mm = box["width"] / float(svg.get_attribute("data-width") or 0)
    x, y, begins = (float(strip.get_attribute(f"data-{name}") or 0) for name in ("x", "y", "from"))
    along = [box["x"] + (x + (at - begins) * 25) * mm for at in (first_s, last_s)]
    page.mouse.move(along[0], box["y"] + y * mm)
    page.mouse.down()
    page.mouse.move(along[1], box["y"] + y * mm, steps=4)
    page.mouse.up()
    return page.get_by_test_id("caliper")


def told(caliper: Locator, name: str) -> float:
    """A number of the caliper."""
    return float(caliper.get_attribute(f"data-{name}") or "nan")


def check_ecg(desk: Desk, ecg: Dataset) -> None:
    """Interval, amplitude and rate are those of the stored samples under the caliper's ends."""
    expect(desk.page.get_by_test_id("ecg")).to_have_attribute("data-channels", "12")
    volts = ecg.waveform_array(0)[:, 1] / 1000  # lead II, µV to mV
    caliper = drag(desk, "II", 1.2, 2.18)
    first, last = round(told(caliper, "from") * 1000), round(told(caliper, "to") * 1000)
    assert abs(first - 1200) < 25
    assert abs(last - 2180) < 25
    assert told(caliper, "ms") == pytest.approx(last - first, abs=1e-6)
    assert told(caliper, "amplitude") == pytest.approx(volts[last] - volts[first], abs=1e-9)
    assert told(caliper, "rate") == pytest.approx(60_000 / (last - first), abs=1e-6)
    expect(desk.page.get_by_text("滤波 0.05–300 Hz")).to_be_visible()
    expect(desk.page.get_by_text("QT 间期")).to_be_visible()


def test_other_objects_are_shown_and_downloaded(
    browser: Browser, site: Site, sent: dict[str, Path], being_read_with_objects: str
) -> None:
    with Office(browser, site) as office:
        reader = office.person("guiyang.ct")
        reader.open_case(being_read_with_objects)
        expect(reader.page.get_by_text("心电图").first).to_be_visible()
        reader.page.get_by_test_id("read-on").click()
        for modality, kind in OBJECTS.values():
            expect(tile(reader, modality).get_by_text(kind)).to_be_visible()
        tile(reader, "ECG").click()
        check_ecg(reader, dcmread(sent["ECG"]))
        reader.shoot("61-ecg")
        name, saved = taken(reader)
        assert (name, dcmread(BytesIO(saved))) == ("ECG-1.dcm", dcmread(sent["ECG"]))  # by value: storescu writes anew
        tile(reader, "DOC").click()
        picture = reader.page.get_by_role("img", name="第 1 页，共 1 页")
        expect(picture).to_be_visible()
        reader.page.wait_for_function("image => image.complete", arg=picture.element_handle())
        assert picture.evaluate("image => Math.max(image.naturalWidth, image.naturalHeight)") == 2400
        reader.shoot("62-document")
        name, saved = taken(reader)
        assert (name, saved[:5]) == ("DOC-1.pdf", b"%PDF-")
        check_report(reader)
        tile(reader, "KO").click()
        reader.page.get_by_test_id("key-objects").get_by_role("button", name="第 1 幅").click()
        expect(reader.page.get_by_test_id("object")).to_have_count(0)
        shown = str(dcmread(sent["CT"]).SOPInstanceUID)
        expect(reader.page.get_by_test_id("viewport")).to_have_attribute("data-sop", shown)
        assert office.troubles == []


def check_report(desk: Desk) -> None:
    """Measurements stand in a table, with Chinese names of what they are."""
    tile(desk, "SR").click()
    report = desk.page.get_by_test_id("structured-report")
    expect(report.get_by_role("heading", name="影像测量报告")).to_be_visible()
    values = [str(item.MeasuredValueSequence[0].NumericValue) for item in measurements(dcmread(OBJECTS_SR))]
    assert len(values) > 3
    expect(report).to_have_attribute("data-rows", str(len(values)))
    cells = report.locator("td.number").all_inner_texts()
    assert np.allclose([float(cell) for cell in cells], [float(value) for value in values])
    desk.shoot("63-structured-report")


OBJECTS_SR = SAMPLES / "objects" / "dcmqi_petct_sr" / "sr.dcm"


def measurements(item: Dataset) -> list[Dataset]:
    """The numbers of all measurement groups (PS3.16 TID 1411), in order."""
    name = item.get("ConceptNameCodeSequence")
    if name and name[0].CodeValue == "125007":
        return [child for child in item.ContentSequence if child.ValueType == "NUM"]
    return [found for child in item.get("ContentSequence", []) for found in measurements(child)]
