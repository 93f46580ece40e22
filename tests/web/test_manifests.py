"""Proof at the HTTP door: lists signed or not, versions side by side, and the figures of checking."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consult.actions import announcements, assessment, proof
from consult.formats.bounded import HeaderReader
from consult.formats.manifest import canonical, key_id_of
from consult.store.arrivals import study_key
from tests.makers.archive import SERIES, STUDY, a_slice
from tests.makers.web import Site, site

QUIET = timedelta(seconds=10)
PATH = f"/api/v1/studies/{STUDY}"
SAID = {
    "study_uid": STUDY,
    "series": [
        {"series_uid": SERIES, "instances": [{"sop_uid": f"{SERIES}.{n}", "instance_number": n} for n in (1, 2, 3)]}
    ],
}


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def door(tmp_path: Path, reader: HeaderReader) -> Iterator[Site]:
    with site(tmp_path, reader, "anlong.doctor", "dushan.doctor", "xingyi.coordinator", "admin") as opened:
        yield opened


def settled(door: Site) -> None:
    now = door.archive.clock.advance(seconds=10)
    assessment.settle(door.archive.store, study_key("ANLONG", STUDY), QUIET, False, now)
    proof.make_manifests(door.archive.store, door.archive.blobs, study_key("ANLONG", STUDY), now)


def test_a_gateway_puts_a_signed_list_without_an_account(door: Site) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    text = base64.b64encode(public).decode()
    announcements.register_key(door.archive.store, "ANLONG", text, door.archive.clock.now)
    value = base64.b64encode(key.sign(canonical(SAID))).decode()
    header = {"Consult-Signature": f"ed25519; key={key_id_of(public)}; sig={value}"}
    answer = door.anyone().put(f"{PATH}/manifest", json=SAID, headers=header)
    assert (answer.status_code, answer.json["source"], answer.json["images"]) == (200, "signed", 3)
    assert door.anyone().put(f"{PATH}/manifest", json=SAID | {"series": []}, headers=header).status_code == 401
    assert door.anyone().put(f"{PATH}/manifest", json=SAID).status_code == 401
    assert door.anyone().put(f"{PATH}/manifest", json=SAID, headers={"Consult-Signature": "x"}).status_code == 422
    door.archive.put(a_slice(1))
    settled(door)
    told = door["anlong.doctor"].get(PATH).json["completeness"]
    assert (told["status"], told["expected"], told["received"]) == ("short", 3, 1)
    assert [(claim["label"], claim["expected"], claim["short"]) for claim in told["claims"]] == [("签名清单", 3, 2)]


def test_a_series_says_in_one_line_what_is_missing_and_what_to_do(door: Site) -> None:
    for number in (1, 2, 3, 6, 7, 8, 9):
        door.archive.put(a_slice(number))
    settled(door)
    for language, line, advice in (
        ("zh-CN", "缺 2 幅（已收 7，应有 9）", "请设备重发第 4–5 层。"),
        ("en", "2 missing (7 of 9 came)", "Send slices 4–5 again from the scanner."),
    ):
        (series,) = door["anlong.doctor"].get(PATH, Accept_Language=language).json["series"]
        assert (series["completeness"]["line"], series["completeness"]["advice"]) == (line, advice)


def test_what_we_wrote_down_of_a_study_can_be_asked(door: Site) -> None:
    door.archive.put(a_slice(1))
    settled(door)
    (held,) = door["anlong.doctor"].get(f"{PATH}/manifest").json["items"]
    assert (held["series_uid"], held["instances"], len(held["sha256"])) == (SERIES, 1, 64)
    assert door["dushan.doctor"].get(f"{PATH}/manifest").status_code == 404


def test_versions_are_shown_side_by_side_with_what_differs(door: Site) -> None:
    door.archive.put(a_slice(1))
    door.archive.put(a_slice(1, pixel=7))
    door.archive.put(a_slice(1, name=b"Li^Si"))
    settled(door)
    told = door["anlong.doctor"].get(f"{PATH}/conflicts").json
    (item,) = told["items"]
    first, pixels, named = item["versions"]
    assert (first["primary"], pixels["primary"], told["may_decide"]) == (True, False, False)
    assert (pixels["same_pixels"], pixels["differences"]) == (False, [])
    assert named["same_pixels"] is True
    assert [(each["keyword"], each["first"], each["second"]) for each in named["differences"]] == [
        ("PatientName", "Yang^Ban", "Li^Si")
    ]
    picture = door["anlong.doctor"].get(f"{PATH}/conflicts/{item['sop_uid']}/{pixels['sha256']}/picture")
    assert (picture.status_code, picture.data[:4]) == (200, b"\x89PNG")
    choice = {"sop_uid": item["sop_uid"], "sha256": pixels["sha256"], "reason": "设备重建后的版本"}
    browser = door["anlong.doctor"]
    refused = browser.client.post(f"{PATH}/conflicts", json=choice, headers={"X-CSRF-Token": browser.csrf})
    assert refused.status_code == 403
    assert door["dushan.doctor"].get(f"{PATH}/conflicts").status_code == 404


def test_the_figures_count_and_name_nobody(door: Site) -> None:
    door.archive.put(a_slice(1))
    proof.walk(door.archive.store, door.archive.blobs, door.archive.clock.now)
    figures = door.anyone().get("/metrics").text
    assert "consult_studies_verified 1.0" in figures
    assert "consult_studies_faulty 0.0" in figures
    assert STUDY not in figures


def test_operators_see_what_did_not_stand_the_check(door: Site) -> None:
    door.archive.put(a_slice(1))
    (lost,) = door.archive.objects()
    lost.unlink()
    proof.walk(door.archive.store, door.archive.blobs, door.archive.clock.now)
    told = door["admin"].get("/api/v1/verification").json
    assert (told["studies"], told["bad"]) == (1, 1)
    (faulty,) = told["items"]
    assert [(each["code"], each["what"]) for each in faulty["faults"]] == [("gone", lost.name)]
    assert door["anlong.doctor"].get("/api/v1/verification").status_code == 403
