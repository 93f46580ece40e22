"""Our side: the demonstration's people on a machine of their own, started as anyone would start it."""

import os
import shutil
import signal
import subprocess
import sys
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

    def signed_in(self, username: str) -> httpx.Client:
        """A client with that person's session."""
        client = httpx.Client(base_url=self.url, timeout=120)
        answer = client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
        answer.raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    def processes(self) -> list[int]:
        """The process ids of the server and of its children, the one that answers HTTP among them."""
        return _family(self._process.pid) if self._process is not None else []

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


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def resident_mb(pid: int) -> float:
    """The resident memory of a process, MB; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1024
