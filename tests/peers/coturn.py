"""Debian's coturn with the configuration that is shipped, on the loopback and other ports."""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.orthanc import free_port

SHIPPED = Path(__file__).resolve().parents[2] / "ops" / "coturn" / "turnserver.conf"
PROGRAM = shutil.which("turnserver")
SECRET = "a secret for tests"
LONGEST_S = 60


def own_address() -> str:
    """This machine's address towards others: the door gathers no candidate on the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


class Coturn:
    """A running turnserver; ``urls`` are what browsers are told, UDP first, then TCP. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.urls = tuple(f"turn:127.0.0.1:{self.port}?transport={way}" for way in ("udp", "tcp"))

    def __enter__(self) -> Self:
        assert PROGRAM is not None
        config = self.folder / "turnserver.conf"
        config.write_text(self._here())
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(config)], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + LONGEST_S
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise RuntimeError("coturn does not listen")

    def _here(self) -> str:
        told = SHIPPED.read_text()
        for shipped, here in (
            ("static-auth-secret=change-me", f"static-auth-secret={SECRET}"),
            ("listening-port=3478", f"listening-port={self.port}"),
            ("allowed-peer-ip=192.0.2.10", f"allowed-peer-ip={own_address()}"),
            ("\nsyslog\n", f"\nlog-file={self.folder}/turn.log\n"),
        ):
            assert shipped in told, shipped
            told = told.replace(shipped, here)
        more = ("listening-ip=127.0.0.1", f"relay-ip={own_address()}", f"pidfile={self.folder}/turn.pid",
                f"userdb={self.folder}/turn.db")  # fmt: skip
        return told + "\n".join(more) + "\n"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=LONGEST_S)
