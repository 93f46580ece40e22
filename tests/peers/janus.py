"""Debian's Janus with its videoroom plugin in a folder of its own; nothing of it leaves this machine."""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.orthanc import free_port

PROGRAM = shutil.which("janus")
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu/janus")
LONGEST_S = 60


class Janus:
    """A running Janus; ``url`` is its WebSocket. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        assert PROGRAM is not None
        plugins, transports = self.folder / "plugins", self.folder / "transports"
        for where, name in (
            (plugins, "plugins/libjanus_videoroom.so"),
            (transports, "transports/libjanus_websockets.so"),
        ):
            where.mkdir()
            (where / Path(name).name).symlink_to((LIBRARIES / name).resolve())
        (self.folder / "janus.jcfg").write_text(
            f'general: {{ configs_folder = "{self.folder}" plugins_folder = "{plugins}"\n'
            f' transports_folder = "{transports}" events_folder = "{self.folder}" loggers_folder = "{self.folder}"\n'
            " debug_level = 3 }\n"
        )
        (self.folder / "janus.transport.websockets.jcfg").write_text(
            f'general: {{ json = "compact" ws = true ws_port = {self.port} ws_ip = "127.0.0.1" }}\n'
            "admin: { admin_ws = false }\n"
        )
        (self.folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
        log = self.folder / "janus.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen([PROGRAM, "-F", str(self.folder), "-C", str(self.folder / "janus.jcfg")],
                                             stdout=out, stderr=out)  # fmt: skip
        until = time.monotonic() + LONGEST_S
        while time.monotonic() < until and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise RuntimeError(f"Janus does not listen: {log.read_text(errors='replace')[-800:]}")

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=LONGEST_S)
