"""The whole application over real parts, in this process: the demonstration's people, one county's case and study."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consult.actions.parts import Parts
from consult.cli.demo import prepare, settings_for
from consult.wiring import build_web, open_parts
from tests.makers.dicom import ct_slice, part10

PASSWORD = "Door-4mK9-平台"
STUDY, SERIES, SOP = "1.2.826.0.1.99.1", "1.2.826.0.1.99.1.1", "1.2.826.0.1.99.1.1.1"
CANARY = "金丝雀甲乙"
ROOM_SECRET = "a secret that seals tickets: 0123456789"


@dataclass
class Person:
    """Someone signed in, with the header that their pages send."""

    client: FlaskClient
    csrf: str

    def call(self, method: str, path: str, **more: Any) -> TestResponse:
        """One call with the CSRF header."""
        headers = {"X-CSRF-Token": self.csrf, **more.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        """One read."""
        return self.call("GET", path, **more)

    def case(self, case_id: str) -> dict[str, Any]:
        """A case as this person sees it."""
        answer = self.get(f"/api/v1/cases/{case_id}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return dict(answer.get_json())

    def move(self, case_id: str, verb: str, version: int | None = None, **say: Any) -> TestResponse:
        """One move on the version as it stands, or on the one that is named."""
        seen = version if version is not None else self.case(case_id)["version"]
        headers = {"If-Match": f'"{seen}"', "Idempotency-Key": uuid4().hex}
        return self.call("POST", f"/api/v1/cases/{case_id}/moves", json={"verb": verb, **say}, headers=headers)


@dataclass
class House:
    """The application, its parts, and the people who are signed in."""

    app: Flask
    parts: Parts
    people: dict[str, Person] = field(default_factory=dict[str, Person])

    def person(self, username: str) -> Person:
        """That person, signed in once."""
        if username not in self.people:
            client = self.app.test_client()
            answer = client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
            assert answer.status_code == 200, answer.get_data(as_text=True)
            self.people[username] = Person(client, answer.get_json()["csrf"])
        return self.people[username]


def request_body(**changes: Any) -> dict[str, Any]:
    """A complete request."""
    return {
        "service_type": "telediagnosis",
        "priority": "urgent",
        "performing_site": "GUIYANG",
        "patient": {"name": CANARY, "sex": "M", "birth_date": "1960-05-01", "phone": "13900000001"},
        "question": "头痛三天，排除出血",
        "clinical_history": "高血压十年",
        "study_uids": [STUDY],
        "consent": {"by": "患者本人", "at": "2026-11-24T08:00:00+08:00"},
    } | changes


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An application with the demonstration's people and one study of ANLONG."""
    settings = settings_for(tmp_path_factory.mktemp("house"), 8080, 11112)
    settings = settings.model_copy(update={"live": settings.live.model_copy(update={"secret": ROOM_SECRET})})
    prepare(settings, PASSWORD)
    with ExitStack() as closing:
        parts = closing.enter_context(open_parts(settings))
        opened = House(build_web(parts), parts)
        doctor = opened.person("anlong.doctor")
        stored = store_instances(doctor, [part10(slice_of(STUDY, SERIES, SOP))])
        assert stored.status_code == 200, stored.get_data(as_text=True)
        yield opened


def slice_of(study: str, series: str, sop: str, name: bytes = b"CANARY^BIRD") -> bytes:
    """A small CT slice with these identities."""
    uids = {0x0020000D: study, 0x0020000E: series, 0x00080018: sop}
    changes: dict[int, tuple[str, bytes] | None] = {
        tag: ("UI", uid.encode() + b"\0" * (len(uid) % 2)) for tag, uid in uids.items()
    }
    changes[0x00080050] = ("SH", b"AC-7781 ")
    return ct_slice(changes | {0x00100010: ("PN", name + b" " * (len(name) % 2))})


def store_instances(person: Person, files: list[bytes]) -> TestResponse:
    """STOW-RS of some files (PS3.18 §10.5)."""
    body = b"".join(b"--edge\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n" for data in files)
    kind = 'multipart/related; type="application/dicom"; boundary=edge'
    return person.call("POST", "/dicom-web/studies", data=body + b"--edge--\r\n", headers={"Content-Type": kind})


@pytest.fixture(scope="module")
def case_id(house: House) -> str:
    """A submitted case of ANLONG on its study."""
    doctor = house.person("anlong.doctor")
    made = doctor.call("POST", "/api/v1/cases", json=request_body())
    assert made.status_code == 201, made.get_data(as_text=True)
    submitted = doctor.move(made.get_json()["id"], "submit")
    assert submitted.status_code == 200, submitted.get_data(as_text=True)
    return str(made.get_json()["id"])


def path_of(rule: str, values: dict[str, str]) -> str:
    """A route's rule with its parameters filled in."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found.group(1)], rule)
