"""Who elsewhere may be the patient of a request: suggested with the reason over HTTP, to whom may see both."""

from collections.abc import Iterator

import pytest

from consult.formats.bounded import HeaderReader
from tests.makers.archive import ANLONG_CT, DUSHAN_CT
from tests.makers.dicom import ct_slice, part10
from tests.makers.web import Site, site

HERE, THERE, OTHER = "2.25.501", "2.25.502", "2.25.503"
PATIENT = {"name": "杨半", "sex": "M", "birth_date": "1960-05-01", "phone": "13900000001"}


def a_study(uid: str, name: str, born: str = "19600501", sex: str = "M") -> bytes:
    said = {0x0020000D: uid, 0x0020000E: f"{uid}1", 0x00080018: f"{uid}11"}
    changes = {tag: ("UI", value.encode()) for tag, value in said.items()}
    changes |= {
        0x00080005: ("CS", b"ISO_IR 192"),
        0x00100010: ("PN", name.encode()),
        0x00100030: ("DA", born.encode()),
        0x00100040: ("CS", sex.encode()),
        0x00100020: ("LO", f"P{uid[-1]}".encode()),
    }
    return part10(ct_slice(changes))


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A county's study, one of the same patient in another county, and one of somebody else there."""
    people = ("anlong.doctor", "dushan.doctor", "xingyi.coordinator")
    folder = tmp_path_factory.mktemp("matches")
    with HeaderReader(1, 300, 20) as reader, site(folder, reader, *people) as opened:
        opened.archive.put(a_study(HERE, "Yang^Ban=杨^半"), ANLONG_CT)
        opened.archive.put(a_study(THERE, "YANG BAN=杨半"), DUSHAN_CT)
        opened.archive.put(a_study(OTHER, "Li^Na=李^娜"), DUSHAN_CT)
        yield opened


def requested(door: Site, username: str, *study_uids: str) -> str:
    """A request for that patient; the region's coordinator sees its studies with it."""
    browser = door[username]
    body = {
        "service_type": "telediagnosis", "priority": "urgent", "performing_site": "GUIYANG", "patient": PATIENT,
        "question": "头痛三天，排除出血", "clinical_history": "高血压十年", "study_uids": study_uids,
        "consent": {"by": "患者本人", "at": "2026-11-24T08:00:00+08:00"},
    }  # fmt: skip
    answer = browser.client.post("/api/v1/cases", json=body, headers={"X-CSRF-Token": browser.csrf})
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


@pytest.fixture(scope="module")
def case_id(door: Site) -> str:
    """A request of ANLONG; DUSHAN has sent its studies to the region too."""
    requested(door, "dushan.doctor", THERE, OTHER)
    return requested(door, "anlong.doctor", HERE)


def test_a_coordinator_of_both_is_told_who_may_be_the_same_and_why(door: Site, case_id: str) -> None:
    answer = door["xingyi.coordinator"].get(f"/api/v1/cases/{case_id}/patient-matches")
    assert answer.status_code == 200, answer.text
    (match,) = answer.json["items"]
    assert (match["study"]["study_uid"], match["site"]["code"]) == (THERE, "DUSHAN")
    assert match["reasons"] == ["姓名", "出生日期", "性别"]
    assert match["study"]["role"] == "prior"


def test_whoever_does_not_see_the_other_hospital_is_told_nothing_of_it(door: Site, case_id: str) -> None:
    assert door["anlong.doctor"].get(f"/api/v1/cases/{case_id}/patient-matches").json["items"] == []
    assert door["dushan.doctor"].get(f"/api/v1/cases/{case_id}/patient-matches").status_code == 404
    assert door.anyone().get(f"/api/v1/cases/{case_id}/patient-matches").status_code == 401
