"""Orthanc as a peer that knows us: it can be asked and pushed to, and asks and pushes itself."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.bench.orthanc import Orthanc

ENOUGH_S = 60


class Acquainted(Orthanc):
    """A running Orthanc that knows us as ``consult`` on ``our_port``. A context manager."""

    def __init__(self, folder: Path, our_port: int) -> None:
        super().__init__(folder)
        self._our_port = our_port

    def _settings(self) -> dict[str, object]:
        ours = {"AET": "CONSULT", "Host": "127.0.0.1", "Port": self._our_port, "AllowStorageCommitment": True}
        return {**super()._settings(), "DicomModalities": {"consult": ours}, "DicomAlwaysAllowFind": True}

    def post(self, path: str, body: Any) -> Any:
        """The answer of its REST API; raises for a failure."""
        answer = httpx.post(f"{self.url}{path}", timeout=ENOUGH_S, **self._sent(body))
        answer.raise_for_status()
        return answer.json()

    @staticmethod
    def _sent(body: Any) -> dict[str, Any]:
        return {"content": body} if isinstance(body, bytes) else {"json": body}

    def get(self, path: str) -> Any:
        """What its REST API says."""
        answer = httpx.get(f"{self.url}{path}", timeout=ENOUGH_S)
        answer.raise_for_status()
        return answer.json()

    def found(self, level: str, query: dict[str, str]) -> tuple[str, list[dict[str, Any]]]:
        """Ask us by C-FIND: the path of its query, and the answers."""
        path = str(self.post("/modalities/consult/query", {"Level": level, "Query": query})["Path"])
        return path, [self.get(f"{path}/answers/{each}/content?simplify") for each in self.get(f"{path}/answers")]


def in_time(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold within a minute."""
    until = time.monotonic() + ENOUGH_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()
