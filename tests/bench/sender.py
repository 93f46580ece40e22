"""A modality that sends: dcmtk's storescu, several associations at once."""

import os
import subprocess
import time
from pathlib import Path

STORESCU = Path("/usr/bin/storescu")  # by its path: pynetdicom installs a command of the same name


def send(files: list[Path], port: int, called: str, calling: str, associations: int) -> float:
    """Send files over so many associations at once, dealt in turn; returns seconds until the last is acknowledged.

    Raises RuntimeError when one was not accepted.
    """
    began = time.perf_counter()
    senders = [
        subprocess.Popen(
            [
                STORESCU, "-aet", calling, "-aec", called, "--required", "--propose-little", "--max-pdu", "131072",
                "127.0.0.1", str(port), *map(str, files[first::associations]),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TCP_NODELAY": "1"},
        )
        for first in range(associations)
    ]  # fmt: skip
    told = [sender.communicate(timeout=900)[0] for sender in senders]
    took = time.perf_counter() - began
    for sender, text in zip(senders, told, strict=True):
        if sender.returncode:
            raise RuntimeError(f"storescu: {text.decode(errors='replace')[-500:]}")
    return took
