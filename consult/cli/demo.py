"""The demonstration: one command, generated patients, real processes, the real way in for images and moves."""

import argparse
import subprocess
import sys
from pathlib import Path

from consult.cli.commands import Commands
from consult.cli.processes import serve_all
from consult.settings import Blobs, Database, Dicom, Live, Settings, Trust, Web


def add_commands(commands: Commands) -> None:
    """`consult demo`."""
    demo = commands.add_parser("demo", help="a demonstration with generated patients")
    demo.add_argument("--port", type=int, default=8080, help="HTTP port")
    demo.add_argument("--dicom-port", type=int, default=11112, help="DICOM port")
    demo.add_argument("--live-port", type=int, help="port of live rooms (else the one after the HTTP port)")
    demo.add_argument("--data", type=Path, default=Path("demo-data"), help="folder for everything that is kept")
    demo.add_argument("--password", required=True, help="password and PIN of every demo account")
    demo.add_argument("--dicom", type=Path, help="a folder of real DICOM files to send as the demo county")
    demo.set_defaults(run=_run)


def settings_for(data: Path, port: int, dicom_port: int, live_port: int | None = None) -> Settings:
    """The settings of a demonstration in a folder."""
    folder = data.resolve()
    return Settings(
        database=Database(url=f"sqlite:///{folder / 'consult.db'}"),
        blobs=Blobs(url=f"file://{folder / 'blobs'}"),
        web=Web(port=port, public_url=f"http://127.0.0.1:{port}", threads=128),
        dicom=Dicom(port=dicom_port),
        live=Live(port=live_port or port + 1),
        trust=Trust(folder=folder / "trust", demo=True),
    )


def _run(asked: argparse.Namespace) -> int:
    from consult.domain.errors import Refusal

    settings = settings_for(asked.data, asked.port, asked.dicom_port, asked.live_port)
    try:
        prepare(settings, asked.password)
    except Refusal as refusal:
        print(f"{refusal.sentence.zh}\n{refusal.sentence.en}", file=sys.stderr)
        return 1
    filling = _fill(asked)
    try:
        return serve_all(settings)
    finally:
        filling.terminate()


def prepare(settings: Settings, password: str) -> None:
    """Bring the tables to this version, and people into an empty database. Raises Refusal (a password too short)."""
    from consult.cli.database import upgrade
    from consult.cli.population import populate
    from consult.queries.people import anyone
    from consult.wiring import clock, open_parts

    settings.blobs.folder.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database.url)
    with open_parts(settings) as parts:
        if not anyone(parts.store):
            populate(parts, password, clock())


def _fill(asked: argparse.Namespace) -> "subprocess.Popen[bytes]":
    """Start what fills the demonstration once it answers; the password goes by pipe, never by argument."""
    command = [sys.executable, "-m", "consult.cli.demo_fill", str(asked.port), str(asked.dicom_port), str(asked.data)]
    if asked.dicom:
        command.append(str(asked.dicom))
    filling = subprocess.Popen(command, stdin=subprocess.PIPE)
    if filling.stdin is not None:
        filling.stdin.write(asked.password.encode())
        filling.stdin.close()
    return filling
