"""The floor under any Python receiver: pynetdicom as it ships, writing files and nothing else, in a process of its own.

No fsync, no hash, no row, no look into the object: what it answers Success for may be gone after a power cut.
"""

import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, _config, evt

PDU = 131072  # as the senders ask, and as the peer is set
CHECKOUT = Path(__file__).resolve().parents[2]


class RawReceiver:
    """A running receiver into ``folder``; ``dicom_port`` says where. A context manager."""

    ae_title = "RAW"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dicom_port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.raw_receiver", str(self.folder)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
        )
        assert self._process.stdout is not None
        self.dicom_port = int(self._process.stdout.readline())
        return self

    @property
    def pid(self) -> int:
        """The process that was started."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def held(self) -> int:
        """How many files it has written."""
        return sum(1 for _ in os.scandir(self.folder))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)
            if self._process.stdout is not None:
                self._process.stdout.close()


def _receive(folder: Path) -> None:
    _config.LOG_HANDLER_LEVEL = "none"
    numbers = count()

    def written(event: evt.Event) -> int:
        with (folder / str(next(numbers))).open("wb", buffering=0) as file:
            file.write(event.encoded_dataset())
        return 0

    receiver = AE(RawReceiver.ae_title)
    receiver.maximum_pdu_size = PDU
    for context in AllStoragePresentationContexts:
        receiver.add_supported_context(str(context.abstract_syntax), ALL_TRANSFER_SYNTAXES)
    server: Any = receiver.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, written)])
    print(server.socket.getsockname()[1], flush=True)
    signal.pause()


if __name__ == "__main__":
    _receive(Path(sys.argv[1]))
