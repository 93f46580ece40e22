"""Messages and files over HTTP: told by their bytes, given back caged, refused with a sentence."""

import io
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from consult.actions.talk import Handed, hand_over
from consult.domain import talk
from consult.domain.errors import Invalid
from consult.domain.people import actor_for
from consult.store import people
from tests.makers.dicom import part10
from tests.web.conftest import CANARY, STUDY, House, Person, request_body, slice_of

PDF = b"%PDF-1.7\n" + b"1 0 obj<</Type/Catalog>>endobj\n" * 20 + b"%%EOF\n"
SCRIPT = b"<script>alert(document.cookie)</script>"


def person_of(connection: Any, username: str) -> Any:
    return people.person_named(connection, username)


def picture(kind: str = "JPEG", size: tuple[int, int] = (1600, 900), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **more)
    return out.getvalue()


@pytest.fixture(scope="module")
def doctor(house: House) -> Person:
    return house.person("anlong.doctor")


@pytest.fixture(scope="module")
def case(house: House, doctor: Person) -> str:
    made = doctor.call("POST", "/api/v1/cases", json=request_body(question="附件与留言"))
    return str(made.get_json()["id"])


def upload(person: Person, case: str, data: bytes, name: str = "血常规.pdf", **more: Any) -> TestResponse:
    query = {"name": name, "category": more.pop("category", "lab")}
    headers = {"Content-Type": "application/octet-stream"}
    return person.call("POST", f"/api/v1/cases/{case}/files", data=data, query_string=query, headers=headers, **more)


def test_a_file_comes_back_byte_for_byte_to_be_saved_and_runs_nowhere(doctor: Person, case: str) -> None:
    made = upload(doctor, case, PDF)
    assert made.status_code == 201, made.get_data(as_text=True)
    told = made.get_json()
    assert (told["kind"], told["name"], told["category_label"], told["size"]) == ("pdf", "血常规.pdf", "检验", len(PDF))
    answer = doctor.get(f"/api/v1/cases/{case}/files/{told['id']}", buffered=True)
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]


HOSTILE: dict[str, bytes] = {
    "HTML named .pdf": b"<html><body>" + SCRIPT,
    "SVG": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>",
    "zip": b"PK\x03\x04" + bytes(300),
    "nothing": b"",
    "one byte": b"%",
    "program": b"\x7fELF" + bytes(300),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_on_no_list_is_refused_with_a_sentence_and_not_kept(doctor: Person, case: str, data: bytes) -> None:
    before = len(doctor.get(f"/api/v1/cases/{case}/files").get_json()["items"])
    answer = upload(doctor, case, data, "报告.pdf")
    assert answer.status_code == 422
    assert "PDF" in answer.get_json()["detail"]
    assert len(doctor.get(f"/api/v1/cases/{case}/files").get_json()["items"]) == before


BROKEN = {
    "cut off": picture()[:2000],
    "a script behind the mark": b"\xff\xd8\xff" + SCRIPT * 20,
    "a PNG of nothing": b"\x89PNG\r\n\x1a\n" + bytes(200),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_picture_that_cannot_be_decoded_to_its_end_is_refused(doctor: Person, case: str, data: bytes) -> None:
    answer = upload(doctor, case, data, "心电图.jpg", category="ecg")
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "broken"


def test_a_picture_is_drawn_anew_small_and_bare(doctor: Person, case: str) -> None:
    polyglot = picture(exif=b"Exif\0\0" + SCRIPT, comment=SCRIPT) + SCRIPT + b"PK\x03\x04"
    told = upload(doctor, case, polyglot, "心电图.html", category="ecg").get_json()
    assert (told["kind"], told["name"], told["preview"]) == ("jpeg", "心电图.jpg", True)
    small = doctor.get(f"/api/v1/cases/{case}/files/{told['id']}/preview.jpg", buffered=True)
    assert small.headers["Content-Type"] == "image/jpeg"
    assert "sandbox" in small.headers["Content-Security-Policy"]
    assert SCRIPT not in small.data
    with Image.open(io.BytesIO(small.data)) as shown:
        assert shown.size == (1024, 576)
        assert not shown.getexif()
    whole = doctor.get(f"/api/v1/cases/{case}/files/{told['id']}", buffered=True)
    assert whole.data == polyglot
    assert whole.headers["Content-Type"] == "image/jpeg"
    assert whole.headers["Content-Disposition"].startswith("attachment")


def test_a_bomb_of_pixels_is_refused(doctor: Person, case: str) -> None:
    out = io.BytesIO()
    Image.new("1", (12000, 11000)).save(out, "PNG")
    bomb = out.getvalue()
    assert len(bomb) < 1 << 20
    assert upload(doctor, case, bomb, "大图.png").status_code == 400


def test_what_is_too_large_is_told_before_it_is_sent_and_while_it_comes(
    house: House, doctor: Person, case: str
) -> None:
    limit = doctor.get(f"/api/v1/cases/{case}/files").get_json()["limit_bytes"]
    assert limit == talk.LARGEST_FILE
    announced = upload(doctor, case, b"%PDF-", environ_overrides={"CONTENT_LENGTH": str(limit + 1)})
    assert announced.status_code == 422
    assert "100 MB" in announced.get_json()["detail"]
    came: list[int] = []

    def endless() -> Iterator[bytes]:
        yield b"%PDF-"
        for n in count():
            came.append(n)
            yield bytes(1 << 20)

    with house.parts.store.read() as connection:
        whoever = actor_for(person_of(connection, "anlong.doctor"))
    handed = Handed("x.pdf", talk.Category.LAB)
    with pytest.raises(Invalid) as refused:
        hand_over(house.parts, case, handed, endless(), None, whoever, house.parts.clock())
    assert "100 MB" in refused.value.sentence.zh
    assert len(came) == 100


def test_an_image_goes_the_way_of_images_and_is_linked(house: House, doctor: Person, case: str) -> None:
    uid = "1.2.826.0.1.99.55"
    told = upload(doctor, case, part10(slice_of(uid, f"{uid}.1", f"{uid}.1.1")), "IM0001", category="other")
    assert told.status_code == 201, told.get_data(as_text=True)
    assert (told.get_json()["kind"], told.get_json()["study_uid"]) == ("dicom", uid)
    assert [study["study_uid"] for study in doctor.case(case)["studies"]][:2] == [STUDY, uid]
    assert doctor.get(f"/dicom-web/studies/{uid}/metadata").status_code == 200
    coordinator = house.person("xingyi.coordinator")
    doctor.move(case, "submit")
    foreign = upload(coordinator, case, part10(slice_of(f"{uid}.9", f"{uid}.9.1", f"{uid}.9.1.1")), "IM0002")
    assert foreign.status_code == 403


def test_a_dicom_file_that_is_none_is_refused(doctor: Person, case: str) -> None:
    assert upload(doctor, case, bytes(128) + b"DICM" + bytes(400), "IM").status_code == 400


def test_messages_are_said_read_and_found(house: House, doctor: Person, case: str) -> None:
    coordinator = house.person("xingyi.coordinator")
    said = doctor.call("POST", f"/api/v1/cases/{case}/messages", json={"text": "请看心电图"})
    assert said.status_code == 201
    told = coordinator.get(f"/api/v1/cases/{case}/messages").get_json()
    assert [(each["author"]["name"], each["text"], each["mine"]) for each in told["items"]] == [
        ("韦春梅", "请看心电图", False)
    ]
    assert told["items"][0]["site"] == "安龙县人民医院"
    assert told["talks"]
    line = next(each for each in coordinator.get("/api/v1/cases").get_json()["items"] if each["id"] == case)
    assert line["unread"] == 1
    mark = {"message_id": told["items"][0]["id"]}
    assert coordinator.call("PUT", f"/api/v1/cases/{case}/messages/read", json=mark).status_code == 200
    line = next(each for each in coordinator.get("/api/v1/cases").get_json()["items"] if each["id"] == case)
    assert line["unread"] == 0
    found = coordinator.get("/api/v1/messages", query_string={"q": CANARY}).get_json()["items"]
    assert [(each["case_id"], each["patient"]["name"]) for each in found] == [(case, CANARY)]
    assert house.person("dushan.doctor").get("/api/v1/messages").get_json()["items"] == []


def test_a_supplement_is_answered_item_by_item_in_words_files_or_with_why_not(
    house: House, doctor: Person, case: str
) -> None:
    coordinator = house.person("xingyi.coordinator")
    items = ["血常规", "心电图", "既往片"]
    assert coordinator.move(case, "return_for_supplement", reason="不足", items=items).status_code == 200
    file = upload(doctor, case, PDF, "血常规.pdf").get_json()["id"]
    answers: list[dict[str, Any]] = [{"files": [file]}, {"answer": "窦性心律"}, {"declined": True}]
    assert doctor.move(case, "resubmit", answers=answers).status_code == 409
    answers[2]["answer"] = "片已遗失"
    stolen = [{"files": ["0" * 32]}, *answers[1:]]
    refused = doctor.move(case, "resubmit", answers=stolen)
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "answers")
    assert doctor.move(case, "resubmit", answers=answers).status_code == 200
    asked = coordinator.case(case)["asked"]
    assert [(each["answer"], each["declined"], each["files"]) for each in asked] == [
        ("", False, [file]), ("窦性心律", False, []), ("片已遗失", True, []),
    ]  # fmt: skip
