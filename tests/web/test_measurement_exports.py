"""What was measured goes out as DICOM objects that others' checkers find no error in."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydicom import dcmread

from tests.makers.dicom import ct_slice, part10
from tests.web.conftest import House, Person, request_body, store_instances

ROOT = "1.2.826.0.1.99.8"
SERIES, SOP, SPACE = f"{ROOT}.1", f"{ROOT}.1.1", f"{ROOT}.9"
PLACE = {"study_uid": ROOT, "series_uid": SERIES, "frame": 1, "frame_of_reference_uid": SPACE, "scale": "patient"}
HU = [{"name": "mean", "value": 62.4, "unit": "[hnsf'U]"}, {"name": "sd", "value": 3.1, "unit": "[hnsf'U]"}]


def at(column: float, row: float) -> list[float]:
    """A corner of a pixel of the slice in the patient: 0.5 mm pixels, the first one's middle at -10, -20, 30.5."""
    return [-10 + 0.5 * (column - 0.5), -20 + 0.5 * (row - 0.5), 30.5]


def measured(kind: str, points: list[list[float]], values: list[dict[str, Any]], label: str = "") -> dict[str, Any]:
    return PLACE | {"sop_uid": SOP, "kind": kind, "points": points, "values": values, "label": label}


DRAWN = [
    measured("length", [at(0, 0), at(3, 4)], [{"name": "length", "value": 2.5, "unit": "mm"}], "血肿长径"),
    measured("cobb", [at(0, 0), at(4, 0), at(0, 0), at(4, 4)], [{"name": "angle", "value": 45.0, "unit": "deg"}]),
    measured("ellipse", [at(2, 1), at(2, 3), at(0, 2), at(4, 2)], HU, "左侧基底节"),
    measured("rectangle", [at(0, 0), at(4, 0), at(0, 2), at(4, 2)], [{"name": "area", "value": 2.0, "unit": "mm2"}]),
    measured("freehand", [at(0, 0), at(4, 0), at(2, 3)], HU),
    measured("probe", [at(1, 1)], [{"name": "value", "value": 44, "unit": "[hnsf'U]"}]),
    measured("arrow", [at(1, 1), at(3, 3)], [], "此处"),
    measured("spine", [at(2, 2)], [], "L3"),
    measured("length", [at(0, 0), at(3, 4)], [{"name": "length", "value": 2.5, "unit": "mm"}]) | {"sop_uid": None},
]


@pytest.fixture(scope="module")
def doctor(house: House) -> Person:
    return house.person("anlong.doctor")


@pytest.fixture(scope="module")
def case(house: House, doctor: Person) -> str:
    uids = {0x00080018: SOP, 0x0020000D: ROOT, 0x0020000E: SERIES, 0x00200052: SPACE}
    changes: dict[int, tuple[str, bytes] | None] = {tag: ("UI", uid.encode()) for tag, uid in uids.items()}
    name = "=".join(("Jin^Si", "金^丝")).encode("utf-8")
    changes |= {0x00080005: ("CS", b"ISO_IR 192"), 0x00100010: ("PN", name), 0x00181164: None}
    assert store_instances(doctor, [part10(ct_slice(changes))]).status_code == 200
    made = doctor.call("POST", "/api/v1/cases", json=request_body(study_uids=[ROOT], question="导出"))
    case_id = str(made.get_json()["id"])
    for drawn in DRAWN:
        kept = doctor.call("POST", f"/api/v1/cases/{case_id}/measurements", json=drawn | {"id": str(uuid4())})
        assert kept.status_code == 201, kept.get_data(as_text=True)
    return case_id


def errors(data: bytes, folder: Path) -> list[str]:
    """What an independent checker of DICOM objects calls an error."""
    place = folder / "made.dcm"
    place.write_bytes(data)
    checker = Path(sys.executable).with_name("dciodvfy")
    if not checker.exists():
        pytest.skip("no dciodvfy here")
    said = subprocess.run([checker, place], capture_output=True, text=True, check=False, timeout=60)
    return [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]


def given(person: Person, case: str, name: str) -> bytes:
    answer = person.get(f"/api/v1/cases/{case}/{name}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.headers["Content-Type"] == "application/dicom"
    return bytes(answer.data)


def test_a_structured_report_says_every_number_with_its_author_on_its_image(
    doctor: Person, case: str, tmp_path: Path
) -> None:
    data = given(doctor, case, "measurements.sr.dcm")
    assert errors(data, tmp_path) == []
    made = dcmread(io.BytesIO(data))
    text = str(made)
    assert (str(made.PatientName), made.SpecificCharacterSet) == ("Jin^Si=金^丝", "ISO_IR 192")
    assert made.StudyInstanceUID == ROOT
    assert all(word in text for word in ("血肿长径", "左侧基底节", "韦春梅", "Cobb angle", "zh-CN", SPACE, "此处"))
    assert text.count("Numeric Value") == sum(len(drawn["values"]) for drawn in DRAWN)
    assert "[0.0, 0.0, 3.0, 4.0]" in text
    assert given(doctor, case, "measurements.sr.dcm") == data


def test_a_presentation_state_draws_them_where_they_were_drawn(doctor: Person, case: str, tmp_path: Path) -> None:
    data = given(doctor, case, "measurements.pr.dcm")
    assert errors(data, tmp_path) == []
    (annotation,) = dcmread(io.BytesIO(data)).GraphicAnnotationSequence
    assert [each.GraphicType for each in annotation.GraphicObjectSequence] == [
        "POLYLINE", "POLYLINE", "POLYLINE", "ELLIPSE", "POLYLINE", "POLYLINE", "POINT", "POLYLINE", "POINT",
    ]  # fmt: skip
    assert list(annotation.GraphicObjectSequence[0].GraphicData) == pytest.approx([0, 0, 3, 4], abs=1e-4)
    assert "血肿长径\r\n2.5 mm" in annotation.TextObjectSequence[0].UnformattedTextValue


def test_who_has_no_part_gets_neither_and_what_was_not_measured_is_not_there(house: House, doctor: Person) -> None:
    made = doctor.call("POST", "/api/v1/cases", json=request_body(study_uids=[ROOT], question="空"))
    for name in ("measurements.sr.dcm", "measurements.pr.dcm", "key-images.ko.dcm"):
        path = f"/api/v1/cases/{made.get_json()['id']}/{name}"
        assert doctor.get(path).status_code == 404
        assert house.person("dushan.doctor").get(path).status_code == 404
