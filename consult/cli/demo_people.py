"""The demonstration's people at their screens: each acts through the API with an account of their own."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

if TYPE_CHECKING:
    from consult.cli.demo_cases import DemoCase
    from consult.formats.phantom import DemoStudy

WAIT_S = 90
ASK_AGAIN_S = 0.3  # as a program of another system would: it has no socket that tells it
Made = dict[str, Any]
REQUESTERS = {"ANLONG": "anlong.doctor", "DUSHAN": "dushan.doctor"}


class FillError(Exception):
    """The demonstration could not be filled; says at which step."""


@dataclass
class Desk:
    """Signed-in clients by user name."""

    base: str
    password: str
    _clients: dict[str, httpx.Client] = field(default_factory=dict[str, httpx.Client])

    def of(self, username: str) -> httpx.Client:
        """The person's client. Raises FillError when they cannot sign in."""
        if username not in self._clients:
            client = httpx.Client(base_url=self.base, timeout=60)
            answer = client.post("/api/v1/session", json={"username": username, "password": self.password})
            if answer.status_code != 200:
                raise FillError(f"{username} cannot sign in: {answer.status_code}")
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            self._clients[username] = client
        return self._clients[username]

    def request(self, case: "DemoCase", study: "DemoStudy") -> Made:
        """A request by the doctor of the sending county, as a draft."""
        doctor = self.of(REQUESTERS[study.sender])
        self._settled(doctor, study.study_uid)
        patient = study.patient
        body = {
            "service_type": "telediagnosis",
            "priority": case.priority,
            "performing_site": "GUIYANG",
            "patient": {"name": "".join(patient.name), "sex": patient.sex, "birth_date": patient.birth_date},
            "question": case.question,
            "clinical_history": case.history,
            "exam_started": study.exam_started.isoformat(),
            "study_uids": [study.study_uid],
            "consent": {"by": case.consent_by, "at": study.exam_started.isoformat()},
        }
        answer = doctor.post("/api/v1/cases", json=body)
        if answer.status_code != 201:
            raise FillError(f"request: {answer.status_code} {answer.text}")
        return self.seen(REQUESTERS[study.sender], answer.json()["id"])

    def _settled(self, doctor: httpx.Client, study_uid: str) -> None:
        """Until the study is at rest; nobody requests or signs on images that still arrive."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            answer = doctor.get(f"/api/v1/studies/{study_uid}")
            if answer.status_code == 200 and answer.json()["completeness"]["status"] != "receiving":
                return
            time.sleep(ASK_AGAIN_S)  # as any client outside would: there is nothing to wait for but the answer
        raise FillError("the images did not come to rest")

    def seen(self, username: str, case_id: str) -> Made:
        """The case as this person sees it now."""
        made: Made = self.of(username).get(f"/api/v1/cases/{case_id}").json()
        return made

    def move(self, username: str, made: Made, verb: str, **say: Any) -> Made:
        """One move by this person; again when someone was faster. Raises FillError."""
        for _ in range(5):
            now = self.seen(username, made["id"])
            headers = {"If-Match": f'"{now["version"]}"', "Idempotency-Key": uuid4().hex}
            answer = self.of(username).post(
                f"/api/v1/cases/{made['id']}/moves", json={"verb": verb, **say}, headers=headers
            )
            if answer.status_code == 200:
                return self.seen(username, made["id"])
            if answer.status_code != 412:
                raise FillError(f"{verb} by {username}: {answer.status_code} {answer.text}")
        raise FillError(f"{verb} by {username}: always overtaken")

    def wait(self, username: str, made: Made, states: tuple[str, ...]) -> Made:
        """Until the case is in one of these states. Raises FillError."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            now = self.seen(username, made["id"])
            if now.get("state") in states:
                return now
            time.sleep(ASK_AGAIN_S)  # as above
        raise FillError(f"not {'/'.join(states)} in time")

    def write(self, username: str, made: Made, text: dict[str, str]) -> Made:
        """Save a report's text. Raises FillError."""
        answer = self.of(username).put(f"/api/v1/cases/{made['id']}/report", json=text)
        if answer.status_code != 200:
            raise FillError(f"report by {username}: {answer.status_code} {answer.text}")
        return made
