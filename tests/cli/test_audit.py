"""`consult audit`: good is 0, a changed row is named and 1."""

from pathlib import Path

import pytest
from sqlalchemy import text

from consult.__main__ import main
from consult.actions import audit
from consult.domain.audit import Deed, Entry
from consult.store.unit import Store
from tests.makers_people import NOW, fresh_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("CONSULT_DATABASE__URL", f"sqlite:///{tmp_path}/consult.db")
    monkeypatch.setenv("CONSULT_AUDIT__FOLDER", str(tmp_path / "anchors"))
    monkeypatch.setenv("CONSULT_AUDIT__KEY", str(tmp_path / "keys" / "audit.key"))
    store = fresh_store(tmp_path)
    for number in range(4):
        audit.note(store, Entry(Deed.HOLD, NOW, "p1", "王建国", "case", f"c{number}", detail={"reason": "诉讼"}))
    return store


def test_a_good_log_is_told_and_shown(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "anchor"]) == 0
    assert main(["audit", "verify"]) == 0
    assert "4 rows" in capsys.readouterr().out
    assert main(["audit", "show", "--person", "王建国", "--limit", "1"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("\t")[0] == "4"
    assert "case c3" in line
    store.close()


def test_a_changed_row_is_named(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with store.write() as unit:
        unit.connection.execute(text("UPDATE audit SET outcome = 'failed' WHERE seq = 3"))
    assert main(["audit", "verify"]) == 1
    assert "row 3" in capsys.readouterr().err
    with store.write() as unit:
        unit.connection.execute(text("DELETE FROM audit"))
    assert main(["audit", "verify"]) == 0
    store.close()


def test_an_emptied_log_is_found_by_its_anchor(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "anchor"]) == 0
    with store.write() as unit:
        unit.connection.execute(text("DELETE FROM audit"))
    assert main(["audit", "verify"]) == 1
    assert "missing" in capsys.readouterr().err
    store.close()
