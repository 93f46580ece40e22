"""Our side: the demonstration's people on a machine of their own, started as anyone would start it."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from consult.cli.demo import prepare, settings_for
from consult.settings import Settings, as_environment
from tests.bench.orthanc import await_http, free_port

PASSWORD = "Bench-4mK9-平台"


class Site:
    """`consult up` on free ports over a folder with nothing but people in it. A context manager.

    ``dicom_port`` and ``url`` say where. Preparing people takes seconds, so a ready folder is copied from ``template``.
    """

    ae_title = "CONSULT"

    def __init__(self, folder: Path, template: Path) -> None:
        self.folder = folder
        self.settings = _prepared(folder, template)
        self.dicom_port = self.settings.dicom.port
        self.url = f"http://127.0.0.1:{self.settings.web.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = self.folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "consult", "up"],
                stdout=out,
                stderr=out,
                cwd=self.folder,
                env={**os.environ, **as_environment(self.settings)},
                start_new_session=True,
            )
        await_http(f"{self.url}/readyz", self._process, log)
        return self

    def held(self) -> int:
        """How many instances it has, by QIDO-RS."""
        with closing(self.signed_in("anlong.doctor")) as client:
            answer = client.get("/dicom-web/studies", params={"includefield": "NumberOfStudyRelatedInstances"})
            answer.raise_for_status()
            return sum(int(study["00201208"]["Value"][0]) for study in answer.json())

    def signed_in(self, username: str) -> httpx.Client:
        """A client with that person's session."""
        client = httpx.Client(base_url=self.url, timeout=120)
        answer = client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
        answer.raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    @property
    def pid(self) -> int:
        """The process that was started; what answers HTTP is among its children."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)


def _prepared(folder: Path, template: Path) -> Settings:
    if not (template / "ready").exists():
        shutil.rmtree(template, ignore_errors=True)
        template.mkdir(parents=True)
        prepare(settings_for(template, free_port(), free_port()), PASSWORD)
        (template / "ready").touch()
    shutil.copytree(template, folder)
    return settings_for(folder, free_port(), free_port())
