"""The peer: Debian's Orthanc in a folder of its own, set up as fast as it goes while still durable."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

PROGRAM = Path("/usr/sbin/Orthanc")
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
LONGEST_START_S = 60


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_http(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when the address answers 200; RuntimeError with the end of the log when the process ends or never does."""
    until = time.monotonic() + LONGEST_START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"{url} does not answer: {log.read_text(errors='replace')[-800:]}")


class Orthanc:
    """A running Orthanc, empty at first; ``dicom_port`` and ``url`` say where. A context manager.

    Storage is synchronous as shipped; TCP_NODELAY is on and the PDU as large as DCMTK allows, or it would wait for
    delayed acknowledgements on the loopback.
    """

    ae_title = "ORTHANC"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dicom_port, self._http_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._http_port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        config, log = self.folder / "orthanc.json", self.folder / "log"
        config.write_text(json.dumps(self._settings()))
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [PROGRAM, str(config)], stdout=out, stderr=out, cwd=self.folder, env={**os.environ, "TCP_NODELAY": "1"}
            )
        await_http(f"{self.url}/system", self._process, log)
        return self

    def _settings(self) -> dict[str, object]:
        return {
            "Name": "BENCH",
            "StorageDirectory": str(self.folder / "store"),
            "IndexDirectory": str(self.folder / "store"),
            "HttpPort": self._http_port,
            "DicomPort": self.dicom_port,
            "DicomAet": self.ae_title,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "SyncStorageArea": True,
            "MaximumPduLength": 131072,
            "DefaultEncoding": "Utf8",
            "Plugins": [str(DICOMWEB)] if DICOMWEB.exists() else [],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
        }

    @property
    def pid(self) -> int:
        """The process that was started."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def held(self) -> int:
        """How many instances it has."""
        return int(httpx.get(f"{self.url}/statistics").json()["CountInstances"])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)
