"""DCMTK's servers, each in a folder of its own: a receiver of objects, and an archive to ask and to push to."""

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.orthanc import free_port

STORESCP, DCMQRSCP = Path("/usr/bin/storescp"), Path("/usr/bin/dcmqrscp")
STARTS_S = 30


def await_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when somebody listens there; RuntimeError when the process ends or never does."""
    until = time.monotonic() + STARTS_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("a DICOM server of DCMTK does not come up")


class Server:
    """A running server; ``port`` says where, ``folder`` holds what it received. A context manager."""

    def __init__(self, command: list[str], folder: Path, port: int) -> None:
        self._command = command
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / f"{self.folder.name}.log").open("wb") as log:
            self._process = subprocess.Popen(self._command, cwd=self.folder, stdout=log, stderr=log)
        await_port(self.port, self._process)
        return self

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def files(self) -> list[Path]:
        """What it received."""
        return sorted(path for path in self.folder.iterdir() if path.name != "index.dat")


def receiver(folder: Path, *options: str, title: str = "RECEIVER") -> Server:
    """``storescp``: takes objects as they come, in the syntaxes that its options say."""
    port = free_port()
    return Server([str(STORESCP), "-aet", title, "-od", ".", *options, str(port)], folder, port)


def dcmqrscp(folder: Path, our_port: int, title: str = "QRSCP") -> Server:
    """``dcmqrscp``: an archive that knows us as CONSULT on ``our_port``."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder.parent / f"{folder.name}.cfg"
    config.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nus = (CONSULT, 127.0.0.1, {our_port})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{title} {folder} RW (200, 1024mb) ANY\nAETable END\n"
    )
    return Server([str(DCMQRSCP), "-c", str(config)], folder, port)
