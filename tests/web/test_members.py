"""A consultation of several specialties over HTTP: the list, the answers, the opinions, and nobody else's business."""

from typing import Any

import pytest

from tests.web.conftest import House, Person, request_body

OPINION = {"text": "建议手术", "dissent": "不同意保守治疗", "base_revision": 0}


@pytest.fixture(scope="module")
def consultation(house: House) -> str:
    """A submitted consultation of a CT reader in the chair with a surgeon; its id."""
    doctor = house.person("anlong.doctor")
    made = doctor.call("POST", "/api/v1/cases", json=request_body(service_type="mdt", question="多学科讨论"))
    case_id = str(made.get_json()["id"])
    answer = doctor.move(case_id, "invite", members=seats(doctor, case_id))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert doctor.move(case_id, "submit").status_code == 200
    return case_id


def seats(doctor: Person, case_id: str) -> list[dict[str, str]]:
    told = doctor.get(f"/api/v1/cases/{case_id}/experts").get_json()
    known = {each["person"]["name"]: each for each in told["items"]}
    assert known["杨明远"]["chairs"] is True
    assert {each["code"] for each in told["specialties"]} >= {"radiology", "neurosurgery"}
    return [
        {"person": known["杨明远"]["person"]["id"], "specialty": "radiology", "role": "chair"},
        {"person": known["田雅琴"]["person"]["id"], "specialty": "neurosurgery", "role": "member"},
    ]


def member_of(case: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in case["members"] if each["person"]["name"] == name]
    return dict(found)


def test_members_answer_and_are_shown_with_their_words(house: House, consultation: str) -> None:
    surgeon = house.person("guiyang.mr")
    before = surgeon.case(consultation)
    assert member_of(before, "田雅琴")["answer_label"] == "待答复"
    assert "accept_invitation" in {move["verb"] for move in before["moves"]}
    assert surgeon.move(consultation, "accept_invitation").status_code == 200
    after = member_of(surgeon.case(consultation), "田雅琴")
    assert (after["answer"], after["specialty_label"], after["role_label"]) == ("accepted", "神经外科", "成员")
    assert after["answered_at"]


def test_an_opinion_waits_until_the_chair_has_the_case_and_is_then_versioned(house: House, consultation: str) -> None:
    surgeon, path = house.person("guiyang.mr"), f"/api/v1/cases/{consultation}/opinion"
    early = surgeon.call("PUT", path, json=OPINION)
    assert early.status_code == 409
    coordinator, chair = house.person("xingyi.coordinator"), house.person("guiyang.ct")
    triaged = coordinator.move(consultation, "triage", patient_override="曾用名")
    assert triaged.status_code == 200, triaged.get_data(as_text=True)
    chosen = member_of(surgeon.case(consultation), "杨明远")["person"]["id"]
    assert coordinator.move(consultation, "assign", assignee=chosen).status_code == 200
    assert chair.move(consultation, "accept").status_code == 200
    assert surgeon.call("PUT", path, json=OPINION).get_json()["revision"] == 1
    stale = surgeon.call("PUT", path, json={**OPINION, "text": "另一窗口"})
    assert stale.status_code == 412
    told = chair.get(f"/api/v1/cases/{consultation}/opinions").get_json()
    assert [(each["person"]["name"], each["text"], each["dissent"]) for each in told["items"]] == [
        ("田雅琴", "建议手术", "不同意保守治疗")
    ]
    assert (told["writes"], told["revision"]) == (True, 0)


def test_the_asking_side_reads_no_opinion_before_it_is_signed(house: House, consultation: str) -> None:
    doctor = house.person("anlong.doctor")
    assert doctor.get(f"/api/v1/cases/{consultation}/opinions").status_code == 404
    assert doctor.call("PUT", f"/api/v1/cases/{consultation}/opinion", json=OPINION).status_code == 404


def test_a_wrong_list_is_named_at_its_field(house: House, consultation: str) -> None:
    doctor = house.person("anlong.doctor")
    named = [{"person": "nobody", "specialty": "urology", "role": "member"}]
    answer = doctor.move(consultation, "invite", members=named)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "members"
    assert doctor.move(consultation, "invite", members=[{**named[0], "role": "boss"}]).status_code == 422
