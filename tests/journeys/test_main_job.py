"""The main job over the outside face: request, images, route, read, report, review, sign, deliver, verify."""

import io
from pathlib import Path
from subprocess import run

import pytest
from pydicom import dcmread

from tests.journeys.people import BLEED, PIN, move, request, seen, send, settled, try_move, wait
from tests.peers.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]


@pytest.fixture(scope="module")
def signed(site: Site, head_ct: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """A case brought from request to delivery; (case id, study UID, its PDF)."""
    files = sorted(head_ct.rglob("*.dcm"))
    first = dcmread(files[0], stop_before_pixels=True)
    study_uid = str(first.StudyInstanceUID)
    doctor, coordinator = site.signed_in("anlong.doctor"), site.signed_in("xingyi.coordinator")
    reader, reviewer = site.signed_in("guiyang.ct"), site.signed_in("guiyang.reviewer")
    case_id = request(doctor, study_uid, study_uids=[], images_follow=True)["id"]
    move(doctor, case_id, "submit")
    wait(doctor, case_id, "awaiting_images")
    send(site, files)
    study = settled(doctor, study_uid)
    assert study["completeness"]["received"] == len(files)
    move(doctor, case_id, "link_studies", study_uids=[study_uid])
    wait(coordinator, case_id, "submitted")
    assert "姓名" in try_move(coordinator, case_id, "triage").text, "the phantom is nobody"
    move(coordinator, case_id, "triage", patient_override="体模检查，影像没有患者姓名")
    wait(coordinator, case_id, "assigned")
    assert any(why["chosen"] and why["reasons"] for why in seen(reader, case_id)["why"])
    move(reader, case_id, "accept")
    move(reader, case_id, "open")
    image = next(path for path in files if "thin" in str(path))
    key = {"sop_uid": str(dcmread(image, stop_before_pixels=True).SOPInstanceUID), "frame": 1, "caption": "左侧基底节"}
    saved = reader.put(f"/api/v1/cases/{case_id}/report", json=BLEED | {"key_images": [key]})
    assert saved.status_code == 200, saved.text
    untold = try_move(reader, case_id, "submit_for_review", pin=PIN)
    assert untold.status_code == 409
    assert "急性脑出血" in untold.json()["detail"]
    move(reader, case_id, "submit_for_review", pin=PIN, critical={"finding": "急性脑出血"})
    assert doctor.get(f"/api/v1/cases/{case_id}/report.pdf").status_code == 404
    move(reviewer, case_id, "co_sign", pin=PIN)
    wait(doctor, case_id, "delivered")
    answer = doctor.get(f"/api/v1/cases/{case_id}/report.pdf")
    assert answer.status_code == 200, answer.text
    pdf = tmp_path_factory.mktemp("pdf") / "report.pdf"
    pdf.write_bytes(answer.content)
    return case_id, study_uid, pdf


def verdict(site: Site, pdf: bytes) -> dict[str, object]:
    """What the public verify says; nobody needs to sign in for it."""
    import httpx

    answer = httpx.post(f"{site.url}/api/v1/reports/verify", files={"file": ("r.pdf", pdf, "application/pdf")})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_the_key_images_go_out_as_a_key_object_selection(site: Site, signed: tuple[str, str, Path]) -> None:
    case_id, study_uid, _ = signed
    given = site.signed_in("anlong.doctor").get(f"/api/v1/cases/{case_id}/key-images.ko.dcm")
    assert given.status_code == 200, given.text
    chosen = dcmread(io.BytesIO(given.content))
    assert (chosen.Modality, chosen.StudyInstanceUID) == ("KO", study_uid)
    (study,) = chosen.CurrentRequestedProcedureEvidenceSequence
    assert len(study.ReferencedSeriesSequence[0].ReferencedSOPSequence) == 1
    assert "左侧基底节" in str(chosen)


def test_the_signed_report_is_valid_and_newest_and_says_who_signed(site: Site, signed: tuple[str, str, Path]) -> None:
    found = verdict(site, signed[2].read_bytes())
    assert found["valid"] is True, found["reasons"]
    assert found["newest"] is True
    assert [signer["name"] for signer in found["signers"]] == ["杨明远", "龙志刚"]  # type: ignore[attr-defined]


def test_pyhanko_and_pdfsig_find_two_whole_signatures(signed: tuple[str, str, Path]) -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    assert len(PdfFileReader(io.BytesIO(signed[2].read_bytes())).embedded_regular_signatures) == 2
    told = run(["pdfsig", "-nocert", str(signed[2])], capture_output=True, text=True, check=False).stdout
    assert told.count("Signature is Valid") >= 2


@pytest.mark.parametrize("part", [0.1, 0.33, 0.5, 0.9])
def test_a_tampered_copy_is_refused_with_a_reason(site: Site, signed: tuple[str, str, Path], part: float) -> None:
    pdf = bytearray(signed[2].read_bytes())
    pdf[int(len(pdf) * part)] ^= 1
    found = verdict(site, bytes(pdf))
    assert found["valid"] is False
    assert found["reasons"]


def test_the_printed_page_is_chinese_and_counts_its_pages(signed: tuple[str, str, Path]) -> None:
    told = run(["pdftotext", "-layout", str(signed[2]), "-"], capture_output=True, text=True, check=False).stdout
    for words in ("贵阳专家中心", "欧阳测试", "左侧基底节区脑出血", "第1页/共1页"):
        assert words in told.replace(" ", "")


def test_the_report_cannot_be_changed_after_signing(site: Site, signed: tuple[str, str, Path]) -> None:
    reader = site.signed_in("guiyang.ct")
    answer = reader.put(f"/api/v1/cases/{signed[0]}/report", json=BLEED | {"impression": "未见异常。"})
    assert answer.status_code == 409


def test_another_county_sees_neither_case_nor_study(site: Site, signed: tuple[str, str, Path]) -> None:
    other = site.signed_in("dushan.doctor")
    case_id, study_uid, _ = signed
    for path in (
        f"/api/v1/cases/{case_id}",
        f"/api/v1/cases/{case_id}/events",
        f"/api/v1/cases/{case_id}/report",
        f"/api/v1/cases/{case_id}/report.pdf",
        f"/api/v1/studies/{study_uid}",
        f"/dicom-web/studies/{study_uid}/metadata",
    ):
        assert other.get(path).status_code == 404, path
    assert all(item["id"] != case_id for item in other.get("/api/v1/cases").json()["items"])


def test_every_image_can_be_found_again_and_fetched_as_it_came(
    site: Site, signed: tuple[str, str, Path], head_ct: Path
) -> None:
    doctor = site.signed_in("anlong.doctor")
    files = {str(dcmread(p, stop_before_pixels=True).SOPInstanceUID): p for p in head_ct.rglob("*.dcm")}
    found = doctor.get(f"/dicom-web/studies/{signed[1]}/instances").json()
    assert {each["00080018"]["Value"][0] for each in found} == set(files)


def test_the_story_is_told_in_order(site: Site, signed: tuple[str, str, Path]) -> None:
    doctor = site.signed_in("anlong.doctor")
    events = doctor.get(f"/api/v1/cases/{signed[0]}/events").json()["items"]
    assert [each["seq"] for each in events] == sorted(each["seq"] for each in events)
    kinds = [each["kind"] for each in events if each["kind"] != "call_contact"]  # at once, by the worker
    order = ["create", "submit", "images_incomplete", "images_complete", "triage", "assign", "accept", "open"]
    assert [kind for kind in kinds if kind in order] == order
    assert kinds[-3:] == ["submit_for_review", "co_sign", "deliver"]


def test_the_doctor_reads_the_critical_finding_back_and_closes(site: Site, signed: tuple[str, str, Path]) -> None:
    doctor = site.signed_in("anlong.doctor")
    assert seen(doctor, signed[0])["alerts"][0]["state"] in ("detected", "notifying")
    read = move(doctor, signed[0], "acknowledge", read_back="急性脑出血，已通知神经外科")
    assert read["alerts"][0]["state"] == "acknowledged"
    assert move(doctor, signed[0], "close")["state"] == "closed"


def test_the_patient_is_named_in_no_log_and_no_figure(site: Site, signed: tuple[str, str, Path]) -> None:
    import httpx

    figures = httpx.get(f"{site.url}/metrics").text
    log = (site.folder / "log").read_text()
    assert "consult_http_requests_total" in figures
    for secret in ("欧阳", signed[1], PIN):
        assert secret not in figures
        assert secret not in log
