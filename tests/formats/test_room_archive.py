"""The archive of a meeting tells of every change to it; what is no archive is refused."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.__main__ import main
from consult.domain.errors import Broken
from consult.domain.meetings import Meeting
from consult.domain.room_log import Op, beginning, chained
from consult.formats import room_archive
from consult.formats.room_archive import checked, written

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MEETING = Meeting("r" * 32, "c" * 32, NOW, "p1", "陈医师")


def deeds(count: int = 5) -> list[Op]:
    before, told = beginning(MEETING.id, MEETING.case_id), list[Op]()
    for seq in range(1, count + 1):
        op = Op(seq, NOW, "p1", f"c{seq}", "chat", {"text": f"第{seq}句"})
        before = chained(before, op)
        told.append(replace(op, hash=before))
    return told


def archive(ops: list[Op] | None = None) -> bytes:
    return written(MEETING, deeds() if ops is None else ops, [(NOW, "p1", {"frame": 1})], [])


def changed(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """An archive in which one file is another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive())) as old, zipfile.ZipFile(out, "w") as new:
        for each in old.namelist():
            new.writestr(each, change(old.read(each)) if each == name else old.read(each))
    return out.getvalue()


def test_what_was_written_is_found_good() -> None:
    found = checked(archive())
    assert (found.flaws, found.ops, found.head) == ((), 5, deeds()[-1].hash)
    assert checked(archive([])).flaws == ()


@pytest.mark.parametrize("name", [room_archive.OPS, room_archive.VIEWS, room_archive.ATTENDANCE])
def test_a_changed_file_is_named(name: str) -> None:
    spaced = changed(name, lambda data: data.replace(b"[", b"[ ", 1))
    assert checked(spaced).flaws == (f"{name} was changed",)


def test_a_changed_and_a_missing_deed_are_numbered() -> None:
    other = deeds()
    other[2] = replace(other[2], body={"text": "另一句"})
    assert checked(archive(other)).flaws == ("deed 3 is not as it was written, or is missing",)
    assert checked(archive([*deeds()[:2], *deeds()[3:]])).flaws == ("deed 3 is not as it was written, or is missing",)
    cut = changed(room_archive.OPS, lambda data: b"\n".join(data.splitlines()[:-1]) + b"\n")
    assert checked(cut).flaws == ("ops.jsonl was changed", "deeds are missing at the end")


@given(st.binary(max_size=200))
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        checked(data)


def test_the_command_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, none = (tmp_path / name for name in ("good", "bad", "none"))
    good.write_bytes(archive())
    bad.write_bytes(changed(room_archive.OPS, lambda data: data.replace("第3".encode(), "第9".encode())))
    assert main(["room", "verify", str(good)]) == 0
    assert "5 deeds" in capsys.readouterr().out
    assert main(["room", "verify", str(bad)]) == 1
    assert "deed 3" in capsys.readouterr().err
    assert main(["room", "verify", str(none)]) == 1
