"""`consult doctor`: a line each, 0 or 1, or JSON."""

import json
from pathlib import Path

import pytest

from consult.__main__ import main


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSULT_DATABASE__URL", f"sqlite:///{tmp_path}/consult.db")
    monkeypatch.setenv("CONSULT_BLOBS__URL", f"file://{tmp_path}/blobs")
    monkeypatch.setenv("CONSULT_TRUST__FOLDER", f"{tmp_path}/trust")


def test_a_new_installation_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "upgrade"]) == 0
    capsys.readouterr()
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13
    assert all(line.startswith("ok") for line in lines)


def test_a_database_without_tables_is_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 1
    found = {each["name"]: each["good"] for each in json.loads(capsys.readouterr().out)}
    assert found["migrations"] is False
    assert found["database"] is True
