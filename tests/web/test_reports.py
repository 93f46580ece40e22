"""Reports over HTTP: written, checked, signed, fetched and verified, each by whom it concerns; names leak nowhere."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consult.domain.cases import State
from consult.web.app import create_app
from tests.makers.cases import WRITTEN
from tests.makers.people import PEOPLE
from tests.makers.signing import AUTHOR, PIN, REQUESTER, Desk, lone_desk

TEXT = {
    "technique": WRITTEN.technique,
    "findings": WRITTEN.findings,
    "impression": WRITTEN.impression,
    "recommendation": WRITTEN.recommendation,
}


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with lone_desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


class Browser:
    """Someone signed in, or a passer-by (None)."""

    def __init__(self, there: Desk, who: str | None) -> None:
        self._client: FlaskClient = create_app(there.parts).test_client()
        self._headers: dict[str, str] = {}
        if who is not None:
            told = self._client.post("/api/v1/session", json={"username": who, "password": PIN})
            assert told.status_code == 200, told.get_data(as_text=True)
            self._headers["X-CSRF-Token"] = told.get_json()["csrf"]

    def get(self, path: str) -> TestResponse:
        return self._client.get(f"/api/v1{path}", headers=self._headers, buffered=True)

    def put(self, path: str, body: Any) -> TestResponse:
        return self._client.put(f"/api/v1{path}", json=body, headers=self._headers)

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self._client.post(f"/api/v1{path}", json=body, headers=self._headers | headers)

    def verify(self, file: bytes) -> TestResponse:
        upload = {"file": (io.BytesIO(file), "report.pdf", "application/pdf")}
        return self._client.post("/api/v1/reports/verify", data=upload, headers=self._headers)


@pytest.fixture(scope="module")
def author(there: Desk) -> Browser:
    return Browser(there, AUTHOR)


@pytest.fixture(scope="module")
def requester(there: Desk) -> Browser:
    return Browser(there, REQUESTER)


@pytest.fixture(scope="module")
def passer_by(there: Desk) -> Browser:
    return Browser(there, None)


@pytest.fixture(scope="module")
def signed(there: Desk, author: Browser) -> str:
    """A case whose report was signed over HTTP; its id."""
    case_id = there.case()
    there.clock.advance(minutes=1)
    body = {"verb": "sign", "pin": PIN}
    version = there.stored(case_id).version
    answer = author.post(f"/cases/{case_id}/moves", body, **{"If-Match": f'"{version}"', "Idempotency-Key": "k1"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.get_json()["state"] == "signed"
    return case_id


def test_a_text_is_saved_and_read_back_with_its_revision(there: Desk, author: Browser) -> None:
    case_id = there.case()
    saved = author.put(f"/cases/{case_id}/report", TEXT | {"comparison": "无", "base_revision": 1})
    assert (saved.status_code, saved.get_json()["revision"]) == (200, 2)
    told = author.get(f"/cases/{case_id}/report").get_json()
    assert (told["revision"], told["comparison"], told["saved_by"]) == (2, "无", PEOPLE[AUTHOR].name)


def test_a_conflict_brings_the_text_that_is_there(there: Desk, author: Browser) -> None:
    case_id = there.case()
    author.put(f"/cases/{case_id}/report", TEXT | {"comparison": "无", "base_revision": 1})
    lost = author.put(f"/cases/{case_id}/report", TEXT | {"comparison": "旧窗口", "base_revision": 1})
    assert lost.status_code == 412
    problem = lost.get_json()
    assert problem["code"] == "report-conflict"
    assert (problem["current"]["revision"], problem["current"]["comparison"]) == (2, "无")


def test_the_checks_tell_what_and_where(there: Desk, author: Browser) -> None:
    case_id = there.case()
    body = TEXT | {"impression": "左侧基底节区脑出血 [ ]。"}
    told = author.post(f"/cases/{case_id}/report/checks", body).get_json()
    found = {(each["code"], each["severity"], each["where"]) for each in told["findings"]}
    assert ("template-residue", "block", "impression") in found
    assert ("side-contradiction", "block", "impression") in found
    assert told["critical_terms"] == ["急性脑出血"]
    assert all(each["sentence"] for each in told["findings"])


def test_templates_are_told_with_their_starting_text(there: Desk, author: Browser) -> None:
    told = author.get(f"/cases/{there.case()}/template").get_json()
    assert (told["id"], told["title"]) == ("opinion", "远程会诊意见书")
    assert "impression" in told["required"]
    assert author.get("/templates/ct-head").get_json()["text"]["findings"]
    assert author.get("/templates/none").status_code == 404
    assert len(author.get("/templates").get_json()["items"]) >= 8


def test_the_signed_pdf_is_served_to_both_sides_and_to_nobody_else(
    there: Desk, signed: str, author: Browser, requester: Browser, passer_by: Browser
) -> None:
    (document,) = there.documents(signed)
    for who in (author, requester):
        answer = who.get(f"/cases/{signed}/report.pdf")
        assert answer.status_code == 200
        assert answer.mimetype == "application/pdf"
        assert answer.get_data() == there.pdf(document)
        assert answer.headers["ETag"].strip('"') == document.sha256
        assert "private" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert PEOPLE[AUTHOR].name not in str(answer.headers)
        assert "患者一" not in str(answer.headers)
    assert author.get(f"/cases/{signed}/report.pdf?version=1").status_code == 200
    assert author.get(f"/cases/{signed}/report.pdf?version=2").status_code == 404
    assert passer_by.get(f"/cases/{signed}/report.pdf").status_code == 401


def test_there_is_no_pdf_before_there_is_a_signature(there: Desk, author: Browser, requester: Browser) -> None:
    case_id = there.case()
    assert author.get(f"/cases/{case_id}/report.pdf").status_code == 404
    preview = author.get(f"/cases/{case_id}/report/preview.pdf")
    assert preview.get_data().startswith(b"%PDF")
    assert preview.headers["Cache-Control"] == "no-store"
    assert requester.get(f"/cases/{case_id}/report/preview.pdf").status_code == 404


def test_a_wrong_pin_is_told_beside_its_field_and_signs_nothing(there: Desk, author: Browser) -> None:
    case_id = there.case()
    version = there.stored(case_id).version
    body = {"verb": "sign", "pin": "135790-pin"}
    refused = author.post(f"/cases/{case_id}/moves", body, **{"If-Match": f'"{version}"', "Idempotency-Key": "k2"})
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["field"] == "pin"
    assert there.stored(case_id).state is State.IN_PROGRESS
    right = body | {"pin": PIN}
    signed = author.post(f"/cases/{case_id}/moves", right, **{"If-Match": f'"{version}"', "Idempotency-Key": "k3"})
    assert signed.status_code == 200


def test_anyone_may_verify_and_learns_what_the_contract_names(there: Desk, signed: str, passer_by: Browser) -> None:
    (document,) = there.documents(signed)
    told = passer_by.verify(there.pdf(document)).get_json()
    assert (told["valid"], told["reasons"], told["newest"]) == (True, [], True)
    assert [signer["name"] for signer in told["signers"]] == [PEOPLE[AUTHOR].name]
    assert told["signers"][0]["intent"]
    assert (told["document"]["number"], told["document"]["version"]) == (document.number, 1)
    assert told["document"]["sha256"] == document.sha256


def test_a_tampered_copy_is_refused_with_reasons(there: Desk, signed: str, passer_by: Browser) -> None:
    file = bytearray(there.pdf(there.documents(signed)[0]))
    file[len(file) // 2] ^= 1
    told = passer_by.verify(bytes(file)).get_json()
    assert told["valid"] is False
    assert told["reasons"]
    assert all(reason["code"] and reason["sentence"] for reason in told["reasons"])


@pytest.mark.parametrize("file", [b"", b"no pdf", b"%PDF-1.7\n%%EOF"])
def test_what_is_no_report_gets_an_answer_not_an_error(passer_by: Browser, file: bytes) -> None:
    answer = passer_by.verify(file)
    assert answer.status_code == 200
    assert answer.get_json()["valid"] is False
    assert answer.get_json()["document"] is None


def test_a_call_without_a_file_is_told_what_is_missing(passer_by: Browser) -> None:
    assert passer_by.post("/reports/verify", {}).status_code == 422


def test_a_report_number_tells_its_newest_version_and_names_nobody(
    there: Desk, signed: str, passer_by: Browser
) -> None:
    (document,) = there.documents(signed)
    told = passer_by.get(f"/reports/{document.number}")
    assert told.get_json()["newest"] == 1
    for name in ("患者一", PEOPLE[AUTHOR].name, PEOPLE[REQUESTER].name):
        assert name not in told.get_data(as_text=True)
    assert passer_by.get("/reports/BG-none").status_code == 404


def test_nobody_writes_or_checks_without_signing_in(there: Desk, passer_by: Browser) -> None:
    case_id = there.case()
    assert passer_by.put(f"/cases/{case_id}/report", TEXT).status_code == 401
    assert passer_by.post(f"/cases/{case_id}/report/checks", TEXT).status_code == 401
    assert passer_by.get(f"/cases/{case_id}/report").status_code == 401
    assert passer_by.get("/templates").status_code == 401


def test_a_text_that_is_too_long_is_refused_at_its_field(there: Desk, author: Browser) -> None:
    refused = author.put(f"/cases/{there.case()}/report", TEXT | {"findings": "长" * 200_000})
    assert refused.status_code == 422
    assert any("findings" in error["field"] for error in refused.get_json()["errors"])


def test_a_scoring_system_is_asked_and_answers_with_a_sentence_for_the_impression(author: Browser) -> None:
    (lung,) = [each for each in author.get("/rads").get_json()["items"] if each["id"] == "lung-rads"]
    assert {question["id"] for question in lung["questions"]} >= {"kind", "size", "change"}
    answers = {"kind": "solid", "size": "8", "core": "0", "change": "baseline", "suspicious": "no"}
    told = author.post("/rads/lung-rads", {"answers": answers}).get_json()
    assert told["category"] == "4A"
    assert "2022" in told["sentence"]
    refused = author.post("/rads/lung-rads", {"answers": answers | {"kind": ""}})
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["field"] == "kind"
    assert author.post("/rads/none", {"answers": {}}).status_code == 404


def test_ones_own_phrases_are_kept_in_order_and_a_second_window_cannot_overwrite_them(
    author: Browser, requester: Browser
) -> None:
    assert author.get("/phrases?modality=CT&body_part=HEAD").get_json()["own"] == []
    mine = [{"shortcut": "正常", "section": "impression", "text": "未见明显异常。"}]
    kept = author.put("/account/phrases", {"items": mine, "version": 0}).get_json()
    assert (kept["own"], kept["version"]) == (mine, 1)
    late = author.put("/account/phrases", {"items": [], "version": 0})
    assert (late.status_code, late.get_json()["code"]) == (412, "stale")
    wrong = author.put("/account/phrases", {"items": [mine[0] | {"shortcut": "a b"}], "version": 1})
    assert wrong.get_json()["errors"][0]["field"] == "items.0.shortcut"
    told = author.get("/phrases?modality=CT&body_part=HEAD").get_json()
    assert told["own"] == mine
    assert "脑出血" in {phrase["shortcut"] for phrase in told["house"]}
    assert requester.get("/phrases").get_json()["own"] == []
