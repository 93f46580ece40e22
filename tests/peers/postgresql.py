"""A PostgreSQL of our own: Debian's binaries, a folder that is thrown away, a socket that nobody else can reach."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

BINARIES = Path("/usr/lib/postgresql")
LONGEST_START_S = 60
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200")


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL that Debian installed; None where there is none."""
    found = [folder / "bin" for folder in BINARIES.glob("*") if (folder / "bin" / "initdb").exists()]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


class PostgreSQL:
    """A running cluster; it answers on a Unix socket in its own folder only, so no port is taken."""

    def __init__(self) -> None:
        folder = binaries()
        if folder is None:
            raise FileNotFoundError(f"no PostgreSQL under {BINARIES}")
        self._bin = folder
        self._as = _somebody()
        self.folder = Path(tempfile.mkdtemp(prefix="consult-pg-"))
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PostgreSQL":
        data = self.folder / "data"
        made = subprocess.run(
            [self._bin / "initdb", "-D", data, "-U", "consult", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            check=False, capture_output=True, text=True, cwd=self.folder, **self._as,
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(made.stderr)
        self.start()
        return self

    def start(self) -> None:
        """Begin to serve; returns when it answers."""
        options = [part for setting in QUICK for part in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=",
                 *options],
                stdout=log, stderr=log, cwd=self.folder, **self._as,
            )  # fmt: skip
        until = time.monotonic() + LONGEST_START_S
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=LONGEST_START_S)
            self._process = None

    def url(self, database: str) -> str:
        """Where a database of this cluster is, as settings name it."""
        return f"postgresql://consult@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as Debian's own user for it."""
    if os.geteuid() != 0:
        return {}
    who = pwd.getpwnam("postgres")
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
