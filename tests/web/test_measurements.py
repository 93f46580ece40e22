"""Measurements over HTTP: by author, in versions, on images of the case's patient only."""

from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from tests.makers.dicom import part10
from tests.web.conftest import SERIES, SOP, STUDY, House, Person, request_body, slice_of, store_instances

FLAT: dict[str, Any] = {
    "kind": "ellipse", "study_uid": STUDY, "series_uid": SERIES, "sop_uid": SOP, "scale": "patient",
    "label": "左侧基底节",
    "points": [[1.0, 0.0], [1.0, 2.0], [0.0, 1.0], [2.0, 1.0]],
    "values": [{"name": "area", "value": 3.14, "unit": "{pixel}"}, {"name": "mean", "value": 62.4, "unit": "[hnsf'U]"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def case(house: House) -> str:
    made = house.person("anlong.doctor").call("POST", "/api/v1/cases", json=request_body(question="测量"))
    house.person("anlong.doctor").move(made.get_json()["id"], "submit")
    return str(made.get_json()["id"])


@pytest.fixture(scope="module")
def doctor(house: House) -> Person:
    return house.person("anlong.doctor")


@pytest.fixture(scope="module")
def coordinator(house: House) -> Person:
    return house.person("xingyi.coordinator")


def draw(person: Person, case: str, **changes: Any) -> TestResponse:
    return person.call("POST", f"/api/v1/cases/{case}/measurements", json=FLAT | {"id": str(uuid4())} | changes)


def listed(person: Person, case: str) -> list[dict[str, Any]]:
    return list(person.get(f"/api/v1/cases/{case}/measurements").get_json()["items"])


def on(person: Person, method: str, case: str, told: dict[str, Any], version: int | None, **more: Any) -> TestResponse:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return person.call(method, f"/api/v1/cases/{case}/measurements/{told['id']}", headers=headers, **more)


def test_others_see_it_under_its_author(doctor: Person, coordinator: Person, case: str) -> None:
    made = draw(doctor, case)
    assert made.status_code == 201, made.get_data(as_text=True)
    assert made.headers["ETag"] == '"1"'
    seen = next(each for each in listed(coordinator, case) if each["id"] == made.get_json()["id"])
    assert (seen["author"]["name"], seen["site"], seen["mine"]) == ("韦春梅", "安龙县人民医院", False)
    assert (seen["kind_label"], seen["scale_label"], seen["points"]) == ("椭圆 ROI", "患者坐标", FLAT["points"])
    assert [(each["name"], each["unit"]) for each in seen["values"]] == [("area", "{pixel}"), ("mean", "[hnsf'U]")]


def test_the_same_once_more_is_the_one_that_is_there(doctor: Person, coordinator: Person, case: str) -> None:
    same = str(uuid4())
    assert draw(doctor, case, id=same).get_json()["version"] == 1
    assert draw(doctor, case, id=same).get_json()["version"] == 1
    assert draw(coordinator, case, id=same).status_code == 422
    assert draw(doctor, case, id=same, label="别的").status_code == 422
    assert len([each for each in listed(doctor, case) if each["id"] == same]) == 1


def test_its_author_changes_deletes_and_restores_it_and_every_version_stays(doctor: Person, case: str) -> None:
    told = draw(doctor, case).get_json()
    assert on(doctor, "PUT", case, told, None, json=FLAT).status_code == 428
    changed = on(doctor, "PUT", case, told, 1, json=FLAT | {"label": "改"})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert on(doctor, "PUT", case, told, 1, json=FLAT).status_code == 412
    assert on(doctor, "DELETE", case, told, 1).status_code == 412
    assert on(doctor, "DELETE", case, told, 2).get_json()["deed"] == "deleted"
    assert told["id"] not in [each["id"] for each in listed(doctor, case)]
    restored = on(doctor, "PUT", case, told, 3, json=FLAT)
    assert (restored.get_json()["deed"], restored.get_json()["version"]) == ("restored", 4)
    history = doctor.get(f"/api/v1/cases/{case}/measurements/{told['id']}/versions").get_json()["items"]
    assert [(each["version"], each["deed"], each["label"]) for each in history] == [
        (1, "added", "左侧基底节"), (2, "changed", "改"), (3, "deleted", "改"), (4, "restored", "左侧基底节"),
    ]  # fmt: skip


def test_nobody_changes_what_another_measured(doctor: Person, coordinator: Person, case: str) -> None:
    told = draw(doctor, case).get_json()
    for method, more in (("PUT", {"json": FLAT}), ("DELETE", {})):
        refused = on(coordinator, method, case, told, 1, **more)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "not-allowed")
    assert next(each for each in listed(doctor, case) if each["id"] == told["id"])["version"] == 1


def test_it_lies_on_an_image_of_this_patient(house: House, doctor: Person, case: str) -> None:
    other = f"{STUDY}.77"
    stored = store_instances(doctor, [part10(slice_of(other, f"{other}.1", f"{other}.1.1", b"OTHER^BIRD"))])
    assert stored.status_code == 200
    elsewhere = {"study_uid": other, "series_uid": f"{other}.1", "sop_uid": f"{other}.1.1"}
    spaced: dict[str, Any] = {"kind": "arrow", "points": [[0.0, 0.0, 0.0]] * 2, "values": []}
    for field, changes in {
        "study_uid": {"study_uid": f"{STUDY}.78"},
        "sop_uid": {"sop_uid": f"{SOP}.9"},
        "frame": {"frame": 2},
        "frame_of_reference_uid": {"frame_of_reference_uid": "1.2.3", **spaced},
    }.items():
        refused = draw(doctor, case, **changes)
        assert refused.status_code == 422, field
        assert [error["field"] for error in refused.get_json()["errors"]] == [field]
    assert draw(doctor, case, **elsewhere).status_code == 422


def test_who_only_looks_after_the_platform_sees_none(house: House, case: str) -> None:
    assert house.person("admin").get(f"/api/v1/cases/{case}/measurements").status_code == 404
    assert draw(house.person("admin"), case).status_code == 404


def test_the_feed_tells_that_one_changed_and_not_what_it_says(doctor: Person, coordinator: Person, case: str) -> None:
    head = coordinator.get("/api/v1/feed").get_json()["head"]
    draw(doctor, case, label="金丝雀的结节")
    (told,) = coordinator.get(f"/api/v1/feed?after={head}").get_json()["items"]
    assert (told["kind"], told["case_id"]) == ("measurement", case)
    assert "结节" not in str(told)
