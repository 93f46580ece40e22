"""Cases over HTTP: what others rely on is there, a wrong move says what is allowed, a second click has one effect."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.web.conftest import STUDY, House, Person, request_body

CASE_FIELDS = {
    "id", "number", "state", "version", "priority", "service_type", "patient", "question", "studies", "assignee",
    "clocks", "moves", "report", "alerts", "room",
}  # fmt: skip


def made(doctor: Person, **changes: Any) -> dict[str, Any]:
    answer = doctor.call("POST", "/api/v1/cases", json=request_body(**changes))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.get_json())


@pytest.fixture
def doctor(house: House) -> Person:
    return house.person("anlong.doctor")


def test_a_new_case_has_an_address_a_version_and_every_promised_field(doctor: Person) -> None:
    answer = doctor.call("POST", "/api/v1/cases", json=request_body(question="地址"))
    case = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/cases/{case['id']}"
    assert answer.headers["ETag"] == f'"{case["version"]}"'
    assert set(case) >= CASE_FIELDS
    assert case["state"] == "draft"
    assert case["studies"][0]["completeness"].keys() >= {"status", "expected", "received", "missing", "conflicts"}
    assert case["modality"] == "CT"


def test_what_is_lacking_is_named_field_by_field_in_the_persons_language(doctor: Person) -> None:
    body = request_body()
    del body["patient"]["sex"]
    body["service_typ"] = "x"
    zh = doctor.call("POST", "/api/v1/cases", json=body, headers={"Accept-Language": "zh-CN"})
    assert zh.status_code == 422
    assert zh.content_type == "application/problem+json"
    named = {error["field"]: error["sentence"] for error in zh.get_json()["errors"]}
    assert named["patient.sex"] == "必填。"
    assert "service_typ" in named
    en = doctor.call("POST", "/api/v1/cases", json=body, headers={"Accept-Language": "en"})
    assert {error["sentence"] for error in en.get_json()["errors"]} & {"Required."}


def test_a_study_of_another_institution_cannot_be_asked_about(house: House) -> None:
    answer = house.person("dushan.doctor").call("POST", "/api/v1/cases", json=request_body())
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "study_uids"


def test_as_whom_the_patient_came_is_kept_and_need_not_be_said(doctor: Person) -> None:
    said = doctor.call(
        "POST", "/api/v1/cases", json=request_body(patient_class="emergency", question="类别")
    ).get_json()
    assert doctor.case(said["id"])["patient_class"] == "emergency"
    assert made(doctor, question="未写类别")["patient_class"] == ""
    assert doctor.call("POST", "/api/v1/cases", json=request_body(patient_class="vip")).status_code == 422


def test_a_performing_site_without_agreement_is_refused(doctor: Person) -> None:
    answer = doctor.call("POST", "/api/v1/cases", json=request_body(performing_site="DUSHAN"))
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "performing_site"


def test_a_move_needs_the_version_that_was_seen(doctor: Person) -> None:
    case = made(doctor, question="版本")
    path = f"/api/v1/cases/{case['id']}/moves"
    assert doctor.call("POST", path, json={"verb": "submit"}).status_code == 428
    stale = doctor.move(case["id"], "submit", version=case["version"] + 1)
    assert stale.status_code == 412
    assert doctor.case(case["id"])["state"] == "draft"


def test_an_impossible_move_says_what_is_allowed(doctor: Person) -> None:
    case = made(doctor, question="允许")
    answer = doctor.move(case["id"], "acknowledge")
    assert answer.status_code == 409
    said = answer.get_json()
    assert said["code"] == "wrong-state"
    assert set(said["allowed"]) == {move["verb"] for move in case["moves"]}


def test_an_unmet_need_is_shown_with_its_sentence_and_refused_with_it(doctor: Person) -> None:
    case = made(doctor, question="同意", consent=None)
    submit = next(move for move in case["moves"] if move["verb"] == "submit")
    unmet = [need for need in submit["needs"] if not need["met"]]
    assert [need["code"] for need in unmet] == ["consented"]
    answer = doctor.move(case["id"], "submit")
    assert answer.status_code == 409
    assert answer.get_json()["detail"] == unmet[0]["sentence"]


def test_a_move_of_someone_else_is_not_allowed(house: House, doctor: Person) -> None:
    case = made(doctor, question="他人")
    assert doctor.move(case["id"], "submit").status_code == 200
    assert doctor.move(case["id"], "triage").status_code == 403


def test_a_second_click_has_one_effect_and_the_same_answer(doctor: Person) -> None:
    case = made(doctor, question="双击")
    headers = {"If-Match": f'"{case["version"]}"', "Idempotency-Key": uuid4().hex}
    path = f"/api/v1/cases/{case['id']}/moves"
    first = doctor.call("POST", path, json={"verb": "submit"}, headers=headers)
    second = doctor.call("POST", path, json={"verb": "submit"}, headers=headers)
    assert first.status_code == second.status_code == 200
    assert first.get_json() == second.get_json()
    events = doctor.get(f"/api/v1/cases/{case['id']}/events").get_json()["items"]
    assert [event["kind"] for event in events] == ["create", "submit"]
    other = doctor.call("POST", path, json={"verb": "withdraw", "reason": "x"}, headers=headers)
    assert other.status_code == 422
    assert other.get_json()["code"] == "idempotency-key-reused"


def test_a_request_made_twice_with_one_key_is_one_case(doctor: Person) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = request_body(question="一次")
    first = doctor.call("POST", "/api/v1/cases", json=body, headers=headers)
    second = doctor.call("POST", "/api/v1/cases", json=body, headers=headers)
    assert first.get_json()["id"] == second.get_json()["id"]


def test_a_duplicate_of_an_open_request_is_named(doctor: Person) -> None:
    first = made(doctor, question="重复的问题")
    assert doctor.move(first["id"], "submit").status_code == 200
    twin = made(doctor, question="重复的问题")
    answer = doctor.move(twin["id"], "submit")
    assert answer.status_code == 409
    assert first["number"] in answer.get_json()["detail"]


def test_returned_answered_item_by_item_and_resubmitted(house: House, doctor: Person) -> None:
    coordinator = house.person("xingyi.coordinator")
    case = made(doctor, question="补充")
    assert doctor.move(case["id"], "submit").status_code == 200
    assert coordinator.move(case["id"], "return_for_supplement", items=["血压"]).status_code == 422
    back = coordinator.move(case["id"], "return_for_supplement", reason="资料不足", items=["血压", "既往史"])
    assert back.status_code == 200
    half = doctor.move(case["id"], "resubmit", answers=[{"answer": "186/104"}])
    assert half.status_code == 409
    whole = doctor.move(
        case["id"], "resubmit", answers=[{"answer": "186/104"}, {"answer": "患者已离院", "declined": True}]
    )
    assert whole.status_code == 200
    asked = doctor.case(case["id"])["asked"]
    assert [(each["answer"], each["declined"]) for each in asked] == [("186/104", False), ("患者已离院", True)]


def test_a_draft_is_revised_as_a_whole_and_nothing_else_of_it(doctor: Person) -> None:
    case = made(doctor, question="原来的")
    revised = doctor.move(case["id"], "revise", request=request_body(question="改过的"))
    assert revised.status_code == 200
    after = doctor.case(case["id"])
    assert (after["question"], after["state"], after["number"]) == ("改过的", "draft", case["number"])


def test_linked_images_tell_what_a_case_is_about(doctor: Person) -> None:
    case = made(doctor, question="随后", study_uids=[], images_follow=True)
    assert case["modality"] == ""
    assert doctor.move(case["id"], "link_studies", study_uids=[STUDY]).status_code == 200
    assert doctor.case(case["id"])["modality"] == "CT"


def test_an_emergency_goes_straight_to_the_pool(house: House, doctor: Person) -> None:
    case = made(doctor, question="急", priority="emergency", consent=None, study_uids=[], images_follow=True,
                modality="CT", body_part="HEAD")  # fmt: skip
    assert doctor.move(case["id"], "emergency_submit").status_code == 200
    pool = house.person("guiyang.ct").get("/api/v1/cases?queue=pool").get_json()["items"]
    assert case["id"] in {item["id"] for item in pool}
    assert house.person("guiyang.mr").get(f"/api/v1/cases/{case['id']}").status_code == 404


def test_a_list_pages_without_loss_or_repeat_and_counts_honestly(house: House, doctor: Person) -> None:
    for number in range(7):
        made(doctor, question=f"分页 {number}", priority=("emergency", "urgent", "routine")[number % 3])
    whole = doctor.get("/api/v1/cases?limit=200").get_json()
    seen: list[str] = []
    after = ""
    while True:
        page = doctor.get(f"/api/v1/cases?limit=3&after={after}").get_json()
        seen += [item["id"] for item in page["items"]]
        assert page["total"] == whole["total"]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == [item["id"] for item in whole["items"]]
    assert len(seen) == len(set(seen)) == whole["total"]


def test_a_list_is_narrowed_by_state_priority_and_words(doctor: Person) -> None:
    case = made(doctor, question="筛选", priority="routine", patient={"name": "百分%号", "sex": "F"})
    found = doctor.get("/api/v1/cases?q=分%25号").get_json()["items"]
    assert [item["id"] for item in found] == [case["id"]]
    assert doctor.get(f"/api/v1/cases?q={case['number']}").get_json()["total"] == 1
    drafts = doctor.get("/api/v1/cases?state=draft&priority=routine&limit=200").get_json()["items"]
    assert {item["state"] for item in drafts} == {"draft"}
    assert {item["priority"] for item in drafts} == {"routine"}


def test_what_is_not_signed_yet_is_for_the_side_that_writes(house: House, doctor: Person) -> None:
    reader, coordinator = house.person("guiyang.ct"), house.person("xingyi.coordinator")
    case_id = made(doctor, question="未签", modality="CT", body_part="HEAD")["id"]
    reader_id = reader.get("/api/v1/session").get_json()["person"]["id"]
    assert doctor.move(case_id, "submit").status_code == 200
    differs = coordinator.move(case_id, "triage")
    assert (differs.status_code, "姓名" in differs.get_data(as_text=True)) == (409, True)
    assert coordinator.move(case_id, "triage", patient_override="影像用的是译名").status_code == 200
    assert coordinator.move(case_id, "assign", assignee=reader_id).status_code == 200
    assert reader.move(case_id, "accept").status_code == 200
    assert reader.move(case_id, "open").status_code == 200
    saved = reader.call("PUT", f"/api/v1/cases/{case_id}/report", json={"impression": "未签的话"})
    assert saved.status_code == 200
    assert reader.case(case_id)["report"]["impression"] == "未签的话"
    for outsider in (doctor, coordinator):
        assert outsider.case(case_id)["report"] is None
        assert outsider.get(f"/api/v1/cases/{case_id}/report").status_code == 404
        assert outsider.get(f"/api/v1/cases/{case_id}/report/preview.pdf").status_code == 404


def test_a_case_is_found_by_the_accession_number_of_its_study(doctor: Person) -> None:
    case_id = made(doctor, question="检查号")["id"]
    accession = doctor.get("/dicom-web/studies").get_json()[0]["00080050"]["Value"][0]
    found = doctor.get(f"/api/v1/cases?q={accession}&limit=200").get_json()["items"]
    assert case_id in {item["id"] for item in found}


def test_a_cursor_that_is_not_ours_is_refused(doctor: Person) -> None:
    assert doctor.get("/api/v1/cases?after=zzzz").status_code == 422


def test_sentences_follow_the_persons_choice(house: House) -> None:
    reader = house.person("guiyang.resident")
    assert reader.call("PUT", "/api/v1/session/language", json={"language": "en"}).status_code == 200
    detail = reader.get(f"/api/v1/cases/{uuid4().hex}").get_json()["detail"]
    assert detail == "Not found, or not yours to see."
    assert reader.call("PUT", "/api/v1/session/language", json={"language": "zh-CN"}).status_code == 200


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"verb": "\\ud800"}', '{"verb":' + "[" * 2000, '"x"'])
def test_hostile_bodies_are_problems_never_failures(doctor: Person, body: str) -> None:
    case = made(doctor, question="坏输入")
    headers = {"If-Match": '"1"', "Content-Type": "application/json"}
    answer = doctor.call("POST", f"/api/v1/cases/{case['id']}/moves", data=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"
    assert doctor.case(case["id"])["state"] == "draft"


def test_characters_that_no_database_keeps_are_refused_beside_their_field(doctor: Person) -> None:
    for question in ("半个\ud83d字", "空\x00字"):
        body = json.dumps(request_body(question=question))
        answer = doctor.call("POST", "/api/v1/cases", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, answer.get_data(as_text=True)
        assert answer.get_json()["errors"][0]["field"] == "question"
