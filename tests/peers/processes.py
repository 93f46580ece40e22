"""Web and worker as processes of their own over one database, which can be killed at any moment and started again.

What is heavy is loaded once, in a launcher; a start is a fork of it. With ``whole`` they are
`consult web` and `consult worker` as anyone starts them; else the same door and the same worker without the helpers
that read images and lay out pages, which take seconds to start and have no part in moves.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from flask import Flask

from consult.settings import Blobs, Database, Settings, Trust, Web, as_environment
from tests.bench.orthanc import free_port

LONGEST_S = 60
LAUNCHER = "from tests.peers.processes import launch; launch()"


def settings_of(database: str, folder: Path) -> Settings:
    """The settings of processes over a database, answering on a free port."""
    port = free_port()
    return Settings(
        database=Database(url=database),
        blobs=Blobs(url=f"file://{folder / 'blobs'}"),
        web=Web(port=port, public_url=f"http://127.0.0.1:{port}", threads=16),
        trust=Trust(folder=folder / "trust", demo=True),
        log_level="WARNING",
    )


class Launcher:
    """Starts and kills. A context manager; whatever still runs at its end is killed."""

    def __init__(self) -> None:
        self._running: dict[int, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def start(self, name: str, settings: Settings, log: Path, whole: bool) -> int:
        """Start ``web`` or ``worker``; its pid, which is also its process group."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("not started")
        told = {"name": name, "environment": as_environment(settings), "log": str(log), "whole": whole}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self._running[pid] = name
        return pid

    def kill(self, pid: int) -> None:
        """Kill it and all that it started, at once."""
        self._running.pop(pid, None)
        os.killpg(pid, signal.SIGKILL)
        until = time.monotonic() + LONGEST_S
        while alive(pid):
            if time.monotonic() > until:
                raise TimeoutError(f"{pid} does not die")
            time.sleep(0.002)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in list(self._running):
            self.kill(pid)
        if self._process is not None and self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.wait(timeout=LONGEST_S)
            self._process.stdout.close()


def alive(pid: int) -> bool:
    """Whether such a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def await_ready(settings: Settings, pid: int, log: Path) -> None:
    """Return when the web process answers."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until and alive(pid):
        try:
            if httpx.get(f"http://127.0.0.1:{settings.web.port}/livez", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.01)
    raise RuntimeError(log.read_text()[-2000:])


def launch() -> None:
    """The launcher's own process: fork what is asked for, line by line."""
    import consult.listeners.dimse
    import consult.web.app
    import consult.wiring  # noqa: F401  loaded once, before the forks

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    built: dict[str, Flask] = {}
    for line in sys.stdin:
        told = json.loads(line)
        os.environ.update(told["environment"])
        begin = _whole(told["name"]) if told["whole"] else _worker if told["name"] == "worker" else _web(built)
        pid = os.fork()
        if pid == 0:
            _become(told["log"], begin)
        print(pid, flush=True)


def _become(kept: str, begin: Callable[[], object]) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log, nothing = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_APPEND), os.open(os.devnull, os.O_RDONLY)
    for number, file in ((0, nothing), (1, log), (2, log)):
        os.dup2(file, number)
    try:
        begin()
    finally:
        os._exit(1)  # nobody who was started here ends well: they are killed


def _whole(name: str) -> Callable[[], object]:
    from consult.__main__ import main

    return lambda: main([name])


def _web(built: dict[str, Flask]) -> Callable[[], object]:
    """The application is built once for a database, before any connection to it is opened."""
    import logging

    from werkzeug.serving import make_server

    from consult.web.app import create_app
    from tests.makers.region import plain_parts

    logging.getLogger("werkzeug").setLevel("ERROR")
    settings = Settings()
    if settings.database.url not in built:
        built[settings.database.url] = create_app(plain_parts(settings))
    app, web = built[settings.database.url], settings.web
    return lambda: make_server(web.host, web.port, app, threaded=True).serve_forever()


def _worker() -> None:
    from consult.wiring import build_worker
    from tests.makers.region import plain_parts

    build_worker(plain_parts(Settings())).start()
    signal.pause()
