"""The audit log's chain: whatever is done to its rows behind our back is found, and the first bad row is named."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text, update

from consult.actions import audit
from consult.domain.audit import Deed, Entry, chained
from consult.domain.events import Fact
from consult.store.audit import head, row_at, walk
from consult.store.tables_audit import audit as table
from consult.store.unit import Store

NOW = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=UTC)


def written(store: Store, many: int) -> None:
    for number in range(many):
        audit.note(
            store, Entry(Deed.READ_CASE, NOW, "p1", "王建国", "case", f"c{number}", detail={"n": number, "话": ["a"]})
        )


@pytest.fixture
def anchored(store: Store, tmp_path: Path) -> tuple[Path, Path]:
    """Ten rows, anchored after the eighth."""
    written(store, 8)
    folder, key = tmp_path / "anchors", tmp_path / "anchor.key"
    assert audit.anchor(store, folder, key, NOW) is not None
    written(store, 2)
    return folder, key


def test_an_untouched_log_is_good(store: Store, anchored: tuple[Path, Path]) -> None:
    assert audit.verify(store, *anchored) == (10, None)


def _change(connection: Connection) -> None:
    connection.execute(text("UPDATE audit SET person_name = '别人' WHERE seq = 5"))


def _change_detail(connection: Connection) -> None:
    connection.execute(update(table).where(table.c.seq == 5).values(detail={"n": 99, "话": ["a"]}))


def _change_to_no_deed(connection: Connection) -> None:
    connection.execute(text("UPDATE audit SET deed = 'nothing' WHERE seq = 5"))


def _delete(connection: Connection) -> None:
    connection.execute(text("DELETE FROM audit WHERE seq = 5"))


def _delete_and_close_up(connection: Connection) -> None:
    connection.execute(text("DELETE FROM audit WHERE seq = 5"))
    for seq in range(6, 11):
        connection.execute(text("UPDATE audit SET seq = :to WHERE seq = :seq"), {"to": seq - 1, "seq": seq})


def _insert(connection: Connection) -> None:
    for seq in range(10, 4, -1):
        connection.execute(text("UPDATE audit SET seq = :to WHERE seq = :seq"), {"to": seq + 1, "seq": seq})
    connection.execute(text("INSERT INTO audit SELECT 5, at, deed, outcome, person_id, person_name, address, subject,"
                            " subject_id, detail, hash FROM audit WHERE seq = 4"))  # fmt: skip


def _reorder(connection: Connection) -> None:
    for seq, to in ((5, 99), (6, 5), (99, 6)):
        connection.execute(text("UPDATE audit SET seq = :to WHERE seq = :seq"), {"to": to, "seq": seq})


def _backdate(connection: Connection) -> None:
    connection.execute(update(table).where(table.c.seq == 5).values(at=NOW - timedelta(days=1)))


@pytest.mark.parametrize(
    "tampering",
    [_change, _change_detail, _change_to_no_deed, _delete, _delete_and_close_up, _insert, _reorder, _backdate],
)
def test_tampering_is_found_and_the_first_bad_row_named(store: Store, tampering: Callable[[Connection], None]) -> None:
    written(store, 10)
    with store.write() as unit:
        tampering(unit.connection)
    good, flaw = audit.verify(store, None, None)
    assert flaw is not None
    assert (good, flaw.seq) == (4, 5)
    assert "5" in flaw.sentence.zh


def test_a_tail_cut_off_is_found_by_the_anchor(store: Store, anchored: tuple[Path, Path]) -> None:
    with store.write() as unit:
        unit.connection.execute(text("DELETE FROM audit WHERE seq > 6"))
    assert audit.verify(store, None, None) == (6, None)
    good, flaw = audit.verify(store, *anchored)
    assert flaw is not None
    assert (good, flaw.seq) == (6, 7)


def test_a_log_written_anew_with_right_hashes_is_found_by_the_anchor(store: Store, anchored: tuple[Path, Path]) -> None:
    with store.write() as unit:
        rows = list(walk(unit.connection))
        before = rows[1].hash
        for row in rows[2:]:
            other = Entry(row.entry.deed, row.entry.at, "p2", "李四", "case", row.entry.subject_id)
            before = chained(before, row.seq, other)
            unit.connection.execute(
                update(table).where(table.c.seq == row.seq).values(
                    person_id="p2", person_name="李四", detail={}, hash=before
                )
            )  # fmt: skip
    assert audit.verify(store, None, None) == (10, None)
    _, flaw = audit.verify(store, *anchored)
    assert flaw is not None
    assert flaw.seq == 8


def test_a_forged_anchor_is_found(store: Store, anchored: tuple[Path, Path]) -> None:
    folder, key = anchored
    (file,) = folder.glob("*.json")
    file.write_text(file.read_text().replace('"seq": 8', '"seq": 3'))
    _, flaw = audit.verify(store, folder, key)
    assert flaw is not None
    assert "signature" in flaw.sentence.en


def test_an_anchor_is_made_once_a_day(store: Store, anchored: tuple[Path, Path]) -> None:
    audit.anchor_when_due(store, *anchored, NOW + timedelta(hours=1))
    assert len(list(anchored[0].iterdir())) == 1
    audit.anchor_when_due(store, *anchored, NOW + timedelta(days=1))
    assert len(list(anchored[0].iterdir())) == 2
    assert anchored[1].stat().st_mode & 0o077 == 0


def test_writers_at_the_same_time_keep_one_chain(store: Store) -> None:
    threads = [threading.Thread(target=written, args=(store, 15)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert audit.verify(store, None, None) == (120, None)


def test_a_deed_and_its_row_are_kept_together_or_not_at_all(store: Store) -> None:
    def fails() -> None:
        with store.write() as unit:
            unit.note(Entry(Deed.HOLD, NOW, "p1", "王建国"))
            raise RuntimeError("the deed failed")

    with pytest.raises(RuntimeError):
        fails()
    with store.read() as connection:
        assert head(connection) is None


def test_what_a_person_does_to_a_case_is_in_the_log_and_what_the_system_does_is_not(store: Store) -> None:
    with store.write() as unit:
        unit.tell(Fact("case", "c1", "sign", NOW, "p1", "陈医师", 7, {"patient": "张三"}))
        unit.tell(Fact("case", "c1", "close", NOW, None, "系统", 8))
    with store.read() as connection:
        rows = list(walk(connection))
        row = row_at(connection, 1)
    assert row is not None
    assert [each.entry.deed for each in rows] == [Deed.SIGN]
    assert (row.entry.person_id, row.entry.subject_id, row.entry.detail) == ("p1", "c1", {"kind": "sign", "version": 7})


def test_what_is_looked_at_is_written_once_in_a_while(store: Store) -> None:
    watch = audit.Watch(store, most=2)
    seen = [
        watch.saw(Entry(Deed.VIEW_IMAGES, NOW + timedelta(minutes=m), "p1", "王建国", "study", "1.2"))
        for m in (0, 5, 11)
    ]
    assert seen == [True, False, True]
    assert watch.saw(Entry(Deed.VIEW_IMAGES, NOW, "p2", "李四", "study", "1.2"))
