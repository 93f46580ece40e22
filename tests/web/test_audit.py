"""What people do and look at is in the log; auditors search it and take it along; nobody else sees it."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest

from consult.actions import audit
from consult.domain.audit import Deed, Entry
from consult.formats.bounded import HeaderReader
from tests.makers.archive import STUDY, a_slice
from tests.makers.web import Site, site


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with (
        HeaderReader(1, 300, 20) as reader,
        site(tmp_path_factory.mktemp("audit"), reader, "anlong.doctor", "dushan.doctor", "admin", "auditor") as opened,
    ):
        opened.archive.put(a_slice(1, name=b"Canary^Bird"))
        yield opened


def rows(door: Site, query: str = "") -> list[dict[str, object]]:
    answer = door["auditor"].get(f"/api/v1/audit?limit=200&{query}", Accept_Language="zh-CN")
    assert answer.status_code == 200, answer.text
    return list(answer.json["items"])


def test_signing_in_and_out_and_failing_to_is_in_the_log(door: Site) -> None:
    door.anyone().post("/api/v1/session", json={"username": "anlong.doctor", "password": "wrong one"})
    door.anyone().post("/api/v1/session", json={"username": "金丝雀", "password": "wrong one"})
    found = rows(door, "deed=sign_in")
    assert [each["outcome"] for each in found[:2]] == ["refused", "refused"]
    assert [bool(each["person_id"]) for each in found[:2]] == [False, True]
    assert {each["address"] for each in found} == {"127.0.0.1"}
    assert found[-1]["words"] == "登录"
    assert found[-1]["event"] == 110114
    assert "anlong.doctor" in {each["label"] for each in found}


def test_looking_at_a_study_many_times_is_one_row_a_person(door: Site) -> None:
    for _ in range(3):
        assert door["anlong.doctor"].get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 200
        assert door["anlong.doctor"].get(f"/api/v1/studies/{STUDY}").status_code == 200
    assert door["dushan.doctor"].get(f"/dicom-web/studies/{STUDY}/metadata").status_code == 404
    found = [each for each in rows(door, f"study={STUDY}") if each["deed"] in ("view_images", "read_study")]
    assert [(each["deed"], each["outcome"], each["person"]) for each in reversed(found)] == [
        ("view_images", "success", "王建国"),
        ("read_study", "success", "王建国"),
        ("view_images", "refused", "韦丽"),
    ]
    door.archive.clock.advance(minutes=11)
    door["anlong.doctor"].get(f"/dicom-web/studies/{STUDY}/metadata")
    assert len([each for each in rows(door, f"study={STUDY}") if each["person"] == "王建国"]) == 3


def test_no_patient_is_named(door: Site) -> None:
    assert "Canary" not in str(rows(door))


def test_the_log_is_searched_by_person_and_period_and_paged(door: Site) -> None:
    now = door.archive.clock.now
    for number in range(5):
        audit.note(
            door.archive.store, Entry(Deed.HOLD, now + timedelta(days=number + 1), "p9", "审计甲", "case", f"c{number}")
        )
    since, until = (now + timedelta(days=days, hours=-1) for days in (2, 5))
    stamps = f"since={since:%Y-%m-%dT%H:%M:%SZ}&until={until:%Y-%m-%dT%H:%M:%SZ}"
    assert [each["subject_id"] for each in rows(door, f"person=p9&{stamps}")] == ["c3", "c2", "c1"]
    first = door["auditor"].get("/api/v1/audit?person=审计甲&limit=3").json
    rest = door["auditor"].get(f"/api/v1/audit?person=审计甲&limit=3&before={first['next']}").json
    assert [each["subject_id"] for each in first["items"] + rest["items"]] == ["c4", "c3", "c2", "c1", "c0"]
    assert rest["next"] is None


def test_the_table_holds_no_formula_and_taking_it_is_in_the_log(door: Site) -> None:
    now = door.archive.clock.now
    audit.note(door.archive.store, Entry(Deed.HOLD, now - timedelta(hours=1), "p8", "=HYPERLINK(1)", "case", "-1"))
    answer = door["auditor"].get("/api/v1/audit.csv?person=p8")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    _, row = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert "'=HYPERLINK(1)" in row
    assert "'-1" in row
    assert rows(door, "deed=export")[0]["person"] == "审计员"


@pytest.mark.parametrize("path", ["/api/v1/audit", "/api/v1/audit.csv"])
@pytest.mark.parametrize("username", ["anlong.doctor", "admin"])
def test_nobody_but_an_auditor_reads_the_log(door: Site, username: str, path: str) -> None:
    assert door[username].get(path).status_code == 403
    assert door.anyone().get(path).status_code == 401


def test_a_search_is_one_row_a_person_and_says_nothing_of_what_it_was_for(door: Site) -> None:
    for query in ("PatientName=Canary*", "PatientID=CANARY-7", ""):
        assert door["anlong.doctor"].get(f"/dicom-web/studies?{query}").status_code == 200
    assert door["dushan.doctor"].get("/dicom-web/series?PatientName=Canary*").status_code == 200
    found = rows(door, "deed=search")
    assert [(each["person"], each["outcome"], each["subject_id"]) for each in found] == [
        ("韦丽", "success", ""),
        ("王建国", "success", ""),
    ]
    assert "canary" not in str(rows(door)).lower()
    door.archive.clock.advance(minutes=11)
    door["anlong.doctor"].get("/dicom-web/instances?limit=1")
    assert len(rows(door, "deed=search")) == 3


def test_what_is_sent_is_one_row_a_request_and_study_with_how_many(door: Site) -> None:
    sent = [a_slice(number, study=study) for study, number in (("2.25.8", 1), ("2.25.8", 2), ("2.25.9", 1))]
    body = b"".join(b"--=_XX\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in (*sent, b"no"))
    kind = 'multipart/related; type="application/dicom"; boundary="=_XX"'
    answer = door["anlong.doctor"].post("/dicom-web/studies", body + b"--=_XX--", Content_Type=kind)
    assert answer.status_code == 202
    found = rows(door, "deed=send_images")
    assert [(each["outcome"], each["subject_id"], each["detail"]) for each in found] == [
        ("refused", "", {"objects": "1"}),
        ("success", "2.25.9", {"objects": "1"}),
        ("success", "2.25.8", {"objects": "2"}),
    ]
    assert [each["detail"] for each in rows(door, "study=2.25.8")] == [{"objects": "2"}]
    assert audit.verify(door.archive.store, None, None)[1] is None
