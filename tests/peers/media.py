"""The media door as its own process, as anyone would start it, and signed ways in."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
from websockets.sync.client import connect

from consult.domain.media import Order, sign_command
from consult.domain.room_kinds import RoomRole
from consult.domain.room_tickets import Ticket, expiry, sealed
from consult.settings import Live, Media, Settings, as_environment
from tests.bench.orthanc import await_http, free_port

KEY = "a key for tests, thirty-two characters or more"


class MediaSite:
    """`consult media` on a free port with recordings in a folder; can be killed and come back. A context manager."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.folder = folder
        self.recordings = folder / "recordings"
        self.port = free_port()
        self.settings = Settings(live=Live(secret=KEY), media=Media(port=self.port, recordings=self.recordings, **more))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Begin, or begin again on the same port after a kill."""
        log = self.folder / "media.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "consult", "media"],
                stdout=out,
                stderr=out,
                cwd=self.folder,
                env={**os.environ, **as_environment(self.settings)},
            )
        try:
            await_http(f"http://127.0.0.1:{self.port}/livez", self._process, log)
        except RuntimeError:
            self.kill()
            raise

    @property
    def url(self) -> str:
        """Where browsers go."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=30)

    def figures(self) -> dict[str, float]:
        """What /metrics tells."""
        lines = httpx.get(f"http://127.0.0.1:{self.port}/metrics").text.splitlines()
        return {name: float(value) for name, value in (line.split() for line in lines)}

    def order(self, room: str, order: Order, detail: str = "") -> dict[str, Any]:
        """Have the control side order something; the door's answer."""
        until = datetime.now(UTC) + timedelta(seconds=30)
        signed = sign_command(KEY.encode(), room, order, "guiyang.ct", until, detail)
        with connect(self.url) as line:
            line.send(json.dumps({"kind": "command", "signed": signed}))
            told: dict[str, Any] = json.loads(line.recv(timeout=30))
        return told

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=30)


def ticket(room: str, person: str, role: str = "participant") -> str:
    """A way into a room, good for a minute."""
    until = expiry(datetime.now(UTC))
    return sealed(Ticket(uuid4().hex, room, "", person, f"Dr {person}", "", RoomRole(role), False, until), KEY)
