"""The units say what systemd understands, and start only what the product has."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from consult.__main__ import build_parser

OPS = Path(__file__).resolve().parents[2] / "ops"
UNITS, BACKUP = OPS / "systemd", OPS / "backup"
PROGRAM = "/opt/consult/bin/consult"
DOORS = ("web", "feed", "listeners", "media", "worker")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with a program and a user that exist here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (apt-get install systemd)")
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for unit in BACKUP.glob("consult-backup.*"):
        shutil.copy(unit, folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_text(path.read_text().replace(PROGRAM, sys.executable).replace("=consult\n", "=root\n"))
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "consult.service",
        "consult.target",
        "consult-upgrade.service",
        "consult-backup.service",
        "consult-backup.timer",
        *(f"consult@{door}.service" for door in DOORS),
    ],
)
def test_systemd_finds_nothing_wrong_in_a_unit(units: Path, name: str) -> None:
    if "@" in name:
        shutil.copy(units / "consult@.service", units / name)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(units / name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [line for line in checked.stderr.splitlines() if "consult" in line]
    assert told == []
    assert checked.returncode == 0


def test_a_misspelt_setting_would_be_found(units: Path) -> None:
    unit = units / "consult.service"
    unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHouse=yes"))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert "ProtectHouse" in checked.stderr


def test_every_command_that_a_unit_starts_exists() -> None:
    told = [
        line
        for folder in (UNITS, BACKUP)
        for path in folder.glob("*.service")
        for line in path.read_text().splitlines()
        if PROGRAM in line
    ]
    started = {match.group(1) for line in told if (match := re.search(rf"{PROGRAM} (.+)$", line))}
    assert started == {"db upgrade", "up", "%i", "backup --thin /srv/consult-backup"}
    for words in [*(started - {"%i"}), *DOORS]:
        assert callable(build_parser().parse_args(words.split()).run)


def test_the_target_wants_every_door() -> None:
    wanted = (UNITS / "consult.target").read_text()
    assert all(f"consult@{door}.service" in wanted for door in DOORS)
