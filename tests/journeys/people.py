"""People of a running site as programs: each acts through the API, as their screens do."""

import time
from pathlib import Path
from subprocess import run
from typing import Any
from uuid import uuid4

import httpx
from pydicom.filereader import read_file_meta_info

from tests.peers.site import PASSWORD, Site

Made = dict[str, Any]
WAIT_S = 60
STORESCU = "/usr/bin/storescu"


PROPOSE = {
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.5": "-xr",
}
"""dcmtk proposes a compressed transfer syntax only when told to."""


def send(site: Site, files: list[Path], caller: str = "ANLONG") -> None:
    """Send files with dcmtk, as a scanner would; every one must be taken."""
    by_syntax: dict[str, list[str]] = {}
    for path in files:
        by_syntax.setdefault(str(read_file_meta_info(path).TransferSyntaxUID), []).append(str(path))
    for syntax, batch in by_syntax.items():
        door = ["-aet", caller, "-aec", site.ae_title, "-R", "127.0.0.1", str(site.dicom_port)]
        how = [PROPOSE[syntax]] if syntax in PROPOSE else []
        done = run([STORESCU, *how, *door, *batch], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-800:]


def request(doctor: httpx.Client, study_uid: str, **changes: Any) -> Made:
    """A request about a study, as a draft."""
    body = {
        "service_type": "telediagnosis",
        "priority": "urgent",
        "performing_site": "GUIYANG",
        "patient": {"name": "欧阳测试", "sex": "M", "birth_date": "1960-05-01"},
        "question": "头痛三天，排除出血",
        "clinical_history": "高血压十年",
        "study_uids": [study_uid],
        "consent": {"by": "患者本人", "at": "2026-11-24T08:00:00+08:00"},
    } | changes
    answer = doctor.post("/api/v1/cases", json=body)
    assert answer.status_code == 201, answer.text
    made: Made = answer.json()
    return made


def seen(person: httpx.Client, case_id: str) -> Made:
    """The case as this person sees it."""
    answer = person.get(f"/api/v1/cases/{case_id}")
    assert answer.status_code == 200, answer.text
    made: Made = answer.json()
    return made


def try_move(person: httpx.Client, case_id: str, verb: str, **say: Any) -> httpx.Response:
    """One move, with the version as it stands and a fresh key."""
    headers = {"If-Match": f'"{seen(person, case_id)["version"]}"', "Idempotency-Key": uuid4().hex}
    return person.post(f"/api/v1/cases/{case_id}/moves", json={"verb": verb, **say}, headers=headers)


def move(person: httpx.Client, case_id: str, verb: str, **say: Any) -> Made:
    """One move that must succeed; again where the system was faster."""
    for _ in range(5):
        answer = try_move(person, case_id, verb, **say)
        if answer.status_code != 412:
            break
    assert answer.status_code == 200, answer.text
    return seen(person, case_id)


def wait(person: httpx.Client, case_id: str, *states: str) -> Made:
    """Until the case is in one of these states."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        case = seen(person, case_id)
        if case["state"] in states:
            return case
        time.sleep(0.2)
    raise AssertionError(f"{case['state']}, not {states}")


def settled(person: httpx.Client, study_uid: str) -> Made:
    """Until the study is at rest."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        answer = person.get(f"/api/v1/studies/{study_uid}")
        if answer.status_code == 200 and answer.json()["completeness"]["status"] != "receiving":
            found: Made = answer.json()
            return found
        time.sleep(0.2)
    raise AssertionError("the study did not come to rest")


PIN = PASSWORD
BLEED = {
    "technique": "头颅CT平扫，层厚1 mm",
    "comparison": "无",
    "findings": "左侧基底节区见片状高密度影，大小约14 mm×9 mm，周围见低密度水肿带。",
    "impression": "左侧基底节区脑出血。",
    "recommendation": "急诊神经外科会诊。",
}
