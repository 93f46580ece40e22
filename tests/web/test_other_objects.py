"""Curves and documents over HTTP: for who sees the study, kept by the browser, written down."""

import pytest
from pydicom import dcmread

from consult.domain.audit import Deed
from tests.makers.dicom import SAMPLES, needs_samples
from tests.web.conftest import House, store_instances

pytestmark = needs_samples
ECG, DOCUMENT = SAMPLES / "ecg" / "waveform_ecg_12lead.dcm", SAMPLES / "objects" / "gen" / "encapsulated_pdf.dcm"


@pytest.fixture(scope="module")
def places(house: House) -> dict[str, str]:
    """The paths of an ECG and of a document that ANLONG sent."""
    sent = store_instances(house.person("anlong.doctor"), [ECG.read_bytes(), DOCUMENT.read_bytes()])
    assert sent.status_code == 200, sent.get_data(as_text=True)
    found = {}
    for path in (ECG, DOCUMENT):
        told = dcmread(path)
        found[path.stem] = (
            f"/dicom-web/studies/{told.StudyInstanceUID}/series/{told.SeriesInstanceUID}"
            f"/instances/{told.SOPInstanceUID}"
        )
    return found


def test_curves_come_as_json_that_may_be_kept(house: House, places: dict[str, str]) -> None:
    doctor, path = house.person("anlong.doctor"), places[ECG.stem] + "/waveforms?group=0&at=1&seconds=0.5"
    answer = doctor.get(path)
    assert answer.status_code == 200
    assert [len(each["values"]) for each in answer.get_json()["channels"]] == [500] * 12
    assert "immutable" in answer.headers["Cache-Control"]
    assert doctor.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert doctor.get(places[ECG.stem] + "/waveforms?at=-1").status_code == 400


def test_pages_come_as_pictures_and_what_is_none_has_no_pages(house: House, places: dict[str, str]) -> None:
    doctor = house.person("anlong.doctor")
    assert doctor.get(places[DOCUMENT.stem] + "/pages").get_json() == {"title": "Outside report", "pages": 1}
    picture = doctor.get(places[DOCUMENT.stem] + "/pages/1")
    assert (picture.mimetype, picture.data[:4]) == ("image/png", b"\x89PNG")
    for wrong in ("/pages/0", "/pages/x", "/waveforms"):
        assert doctor.get(places[DOCUMENT.stem] + wrong).status_code == 404, wrong
    assert doctor.get(places[ECG.stem] + "/pages").status_code == 404


def test_another_county_has_neither(house: House, places: dict[str, str]) -> None:
    stranger = house.person("dushan.doctor")
    for path in (places[ECG.stem] + "/waveforms", places[DOCUMENT.stem] + "/pages", places[DOCUMENT.stem] + "/pages/1"):
        assert stranger.get(path).status_code == 404


def test_who_looked_is_written_down(house: House, places: dict[str, str]) -> None:
    house.person("anlong.doctor").get(places[ECG.stem] + "/waveforms")
    log = house.person("auditor").get(f"/api/v1/audit?deed={Deed.VIEW_IMAGES}").get_json()["items"]
    assert places[ECG.stem].split("/")[3] in {row["subject_id"] for row in log}
