"""Images come in: what was said to be kept is kept to the byte, and what cannot be kept harms nothing else."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from consult.actions.intake import Mismatched, Named, Receipt
from consult.domain.errors import Broken, NoRoom, Unavailable, Words
from consult.domain.studies import Instance
from consult.formats.bounded import HeaderReader
from consult.formats.dicom import part10_head
from consult.store.arrivals import Kept
from consult.store.tables_studies import instances, refused
from consult.store.unit import Store, Taken
from tests.makers.archive import ANLONG_CT, DUSHAN_CT, STUDY, Archive, a_slice, archive
from tests.makers.dicom import CT, EXPLICIT, SAMPLES, ct_slice, needs_samples, part10
from tests.makers.parallel import together
from tests.makers_people import fresh_store


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(2, 300, 20) as opened:
        yield opened


@pytest.fixture
def opened(store: Store, tmp_path: Path, reader: HeaderReader) -> Iterator[Archive]:
    with archive(store, tmp_path, reader) as made:
        yield made


def rows(made: Archive, table: Any) -> list[Any]:
    with made.store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def test_a_receipt_means_file_and_row(opened: Archive) -> None:
    file = a_slice(1)
    receipt = opened.put(file)
    assert receipt.kept is Kept.STORED
    (row,) = rows(opened, instances)
    assert (row.sop_uid, row.sha256, row.size) == (receipt.sop_uid, hashlib.sha256(file).hexdigest(), len(file))
    assert opened.blobs.path(row.sha256).read_bytes() == file
    assert not opened.aside()


def test_a_part_10_file_is_kept_to_the_byte_preamble_and_all(opened: Archive) -> None:
    file = a_slice(1, preamble=b"MZ" + b"\x90" * 126)
    opened.put(file)
    (row,) = rows(opened, instances)
    assert opened.blobs.path(row.sha256).read_bytes() == file
    assert row.preamble_used


def test_sending_twice_is_sending_once(opened: Archive) -> None:
    assert [opened.put(a_slice(1)).kept for _ in range(3)] == [Kept.STORED, Kept.DUPLICATE, Kept.DUPLICATE]
    assert len(rows(opened, instances)) == 1
    assert len(opened.objects()) == 1


def test_the_same_data_set_under_another_head_is_the_same_object(opened: Archive) -> None:
    data = ct_slice()
    uploaded = part10(data)
    sent = part10_head(CT, "2.25.3", EXPLICIT) + data
    assert uploaded != sent
    assert [opened.put(uploaded).kept, opened.put(sent).kept] == [Kept.STORED, Kept.DUPLICATE]
    assert len(rows(opened, instances)) == 1


def test_other_pixels_under_the_same_uids_are_kept_and_the_first_stays(opened: Archive) -> None:
    first, other = a_slice(1, pixel=1), a_slice(1, pixel=2)
    assert [opened.put(first).kept, opened.put(other).kept, opened.put(other).kept] == [
        Kept.STORED,
        Kept.CONFLICT,
        Kept.DUPLICATE,
    ]
    assert [(row.rank, opened.blobs.path(row.sha256).read_bytes()) for row in rows(opened, instances)] == [
        (0, first),
        (1, other),
    ]


def test_a_lost_object_does_not_make_its_successor_a_duplicate(opened: Archive) -> None:
    opened.put(a_slice(1, pixel=1))
    opened.objects()[0].unlink()
    assert opened.put(a_slice(1, pixel=2)).kept is Kept.CONFLICT


def test_two_institutions_share_bytes_but_not_studies(opened: Archive) -> None:
    one, two = opened.put(a_slice(1)), opened.put(a_slice(1), DUSHAN_CT)
    assert one.study_id != two.study_id
    assert (one.kept, two.kept) == (Kept.STORED, Kept.STORED)
    assert len(opened.objects()) == 1


def test_senders_at_the_same_time_lose_nothing(opened: Archive) -> None:
    def send(n: int) -> list[Receipt]:
        return [opened.put(a_slice(10 * n + k)) for k in range(5)]

    receipts = [receipt for got in together(6, send) for receipt in got]
    assert {receipt.kept for receipt in receipts} == {Kept.STORED}
    kept = rows(opened, instances)
    assert {row.sop_uid for row in kept} == {receipt.sop_uid for receipt in receipts}
    assert all(opened.blobs.verify(row.sha256) for row in kept)


def test_one_object_from_all_sides_at_once_is_kept_once(opened: Archive) -> None:
    kept = [receipt.kept for receipt in together(6, lambda _: opened.put(a_slice(1)))]
    assert sorted(kept) == ["duplicate"] * 5 + ["stored"]


def test_differing_copies_from_all_sides_at_once_are_all_kept(opened: Archive) -> None:
    kept = [receipt.kept for receipt in together(5, lambda n: opened.put(a_slice(1, pixel=n)))]
    assert sorted(kept) == ["conflict"] * 4 + ["stored"]
    assert sorted(row.rank for row in rows(opened, instances)) == [0, 1, 2, 3, 4]


def test_what_is_not_dicom_is_set_aside_with_sender_time_and_reason(opened: Archive) -> None:
    with pytest.raises(Broken) as why:
        opened.put(b"<html>not an image</html>")
    (row,) = rows(opened, refused)
    assert (row.institution, row.sender, row.door, row.at) == ("ANLONG", "ANLONG", "dimse", opened.clock.now)
    assert (row.reason_zh, row.reason_en) == tuple(why.value.sentence)
    assert opened.blobs.quarantined(row.sha256).read_bytes() == b"<html>not an image</html>"
    assert not rows(opened, instances)
    assert not opened.aside()
    assert not opened.objects()


def test_an_object_that_is_not_what_was_named_is_set_aside(opened: Archive) -> None:
    for named in (Named(sop_class="1.2.840.10008.5.1.4.1.1.4"), Named(sop_uid="2.25.404"), Named(study_uid="2.25.404")):
        with pytest.raises(Mismatched):
            opened.put(a_slice(1), named=named)
    assert opened.put(a_slice(1), named=Named(CT, f"2.25.1002.{1}", STUDY)).kept is Kept.STORED
    assert [row.code for row in rows(opened, refused)] == ["mismatched"] * 3


def test_a_full_disk_takes_nothing_and_leaves_nothing(store: Store, tmp_path: Path, reader: HeaderReader) -> None:
    with archive(store, tmp_path, reader, reserve_bytes=1 << 60) as full, pytest.raises(NoRoom):
        full.put(a_slice(1))
    with archive(store, tmp_path, reader) as emptied:
        assert not emptied.aside()
        assert not rows(emptied, instances)
        assert emptied.put(a_slice(1)).kept is Kept.STORED


class Patient(HeaderReader):
    """A reader that waits until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(1, 300, 20)
        self.goes_on = threading.Event()

    def read(self, path: Path, charset_override: str | None = None) -> Instance:
        """As ever, but not yet."""
        assert self.goes_on.wait(20)
        return super().read(path, charset_override)


def test_too_many_bytes_that_are_not_settled_make_the_next_sender_wait(store: Store, tmp_path: Path) -> None:
    with Patient() as reader, archive(store, tmp_path, reader, in_flight_bytes=1000) as made:
        first = made.intake.open()
        first.write(a_slice(1) + b"\xfc\xff\xfc\xffOB\0\0" + (2000).to_bytes(4, "little") + b"\0" * 2000)
        receipt = made.intake.take_aside(first, ANLONG_CT)
        opened_second = threading.Event()

        def open_second() -> None:
            made.intake.drop(made.intake.open())
            opened_second.set()

        waiting = threading.Thread(target=open_second)
        waiting.start()
        assert not opened_second.wait(0.2)
        reader.goes_on.set()
        assert opened_second.wait(20)
        assert receipt.result(20).kept is Kept.STORED
        waiting.join()


def test_what_is_dropped_leaves_nothing(opened: Archive) -> None:
    incoming = opened.intake.open()
    incoming.write(b"half of it")
    opened.intake.drop(incoming)
    assert not opened.aside()


class AwayOnce(Store):
    """A database that is away for the first so many writes."""

    def __init__(self, url: str, times: int) -> None:
        super().__init__(url)
        self.times = times

    def write(self) -> Any:
        """Raises Unavailable so often, then writes."""
        if self.times:
            self.times -= 1
            raise Unavailable(Words("数据库暂时不可用。", "The database is away."))
        return super().write()


def test_a_disturbed_commit_is_tried_again(store_url: str, tmp_path: Path, reader: HeaderReader) -> None:
    store = AwayOnce(store_url, 2)
    with archive(store, tmp_path, reader) as made:
        assert made.put(a_slice(1)).kept is Kept.STORED
    store.close()


def test_a_database_that_stays_away_is_told_and_nothing_is_acknowledged(
    store_url: str, tmp_path: Path, reader: HeaderReader
) -> None:
    store = AwayOnce(store_url, 100)
    with archive(store, tmp_path, reader) as made:
        with pytest.raises(Unavailable):
            made.put(a_slice(1))
        store.times = 0
        assert not rows(made, instances)
        assert made.put(a_slice(1)).kept is Kept.STORED
    store.close()


REFUSE_THE_SECOND = """
CREATE TRIGGER refuse BEFORE INSERT ON instances WHEN NEW.instance_number = 2
BEGIN SELECT RAISE(ABORT, 'a row that the table does not take'); END
"""


def test_one_object_that_cannot_be_written_fails_alone(tmp_path: Path, reader: HeaderReader) -> None:
    store = fresh_store(tmp_path)
    with store.write() as unit:
        unit.connection.execute(text(REFUSE_THE_SECOND))
    with archive(store, tmp_path, reader) as made:

        def send(n: int) -> str:
            try:
                return str(made.put(a_slice(n)).kept)
            except Taken:
                return "failed"

        assert together(4, send) == ["stored", "stored", "failed", "stored"]
        assert sorted(row.instance_number for row in rows(made, instances)) == [0, 1, 3]
    store.close()


@needs_samples
def test_every_malformed_sample_is_kept_or_set_aside_and_harms_nothing_else(opened: Archive) -> None:
    files = sorted(path for path in (SAMPLES / "malformed").rglob("*") if path.is_file())
    assert len(files) > 40
    outcomes: dict[str, str] = {}
    for path in files:
        try:
            outcomes[path.name] = str(opened.put(path.read_bytes()).kept)
        except Broken:
            outcomes[path.name] = "refused"
        assert opened.put(a_slice(1)).kept in (Kept.STORED, Kept.DUPLICATE)
    refusals = rows(opened, refused)
    assert len(refusals) == list(outcomes.values()).count("refused") > 15
    assert all(row.kept and opened.blobs.quarantined(row.sha256).exists() for row in refusals)
    for name in ("path_uid.dcm", "deflate_bomb_100MB.dcm", "deep_nesting.dcm", "zip_slip.zip", "frames_lie.dcm"):
        assert outcomes[name] == "refused"
    assert not opened.aside()
    assert all(opened.blobs.verify(row.sha256) for row in rows(opened, instances))


@needs_samples
def test_differing_duplicates_of_real_files_are_all_there(opened: Archive) -> None:
    names = ("a.dcm", "a_exact_copy.dcm", "a_same_uid_other_pixels.dcm", "a_same_uid_other_patient.dcm")
    kept = [opened.put((SAMPLES / "duplicates" / name).read_bytes()).kept for name in names]
    assert kept == [Kept.STORED, Kept.DUPLICATE, Kept.CONFLICT, Kept.CONFLICT]
    for name in names:
        file = (SAMPLES / "duplicates" / name).read_bytes()
        assert opened.blobs.path(hashlib.sha256(file).hexdigest()).read_bytes() == file


def test_objects_brought_aside_are_taken_like_all(opened: Archive) -> None:
    futures = []
    for n in range(12):
        incoming = opened.intake.open()
        incoming.write(a_slice(n))
        futures.append(opened.intake.take_aside(incoming, ANLONG_CT))
    assert [future.result(30).kept for future in futures] == [Kept.STORED] * 12
