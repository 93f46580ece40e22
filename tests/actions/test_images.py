"""A study comes to rest when nobody sends into it, says what is missing, and has its metadata ready for viewers."""

import gzip
import json
import os
import shutil
import struct
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from consult.actions import assessment, images
from consult.actions.rows import RELEASED_QUIET
from consult.domain.completeness import StudyCompleteness
from consult.domain.errors import NotFound
from consult.domain.events import Fact
from consult.formats.bounded import HeaderReader
from consult.formats.pixels import decode_frame
from consult.formats.prepared import codestream
from consult.store import outbox, studies
from consult.store.arrivals import study_key
from consult.store.studies import instances_of_series as instances_of
from consult.store.unit import Store
from tests.makers.archive import STUDY, Archive, a_slice, archive
from tests.makers.pictures import make_ready, work_off

KEY = study_key("ANLONG", STUDY)
QUIET_S = 10.0


@pytest.fixture(scope="module")
def reader() -> Iterator[HeaderReader]:
    with HeaderReader(1, 300, 20) as opened:
        yield opened


@pytest.fixture
def opened(store: Store, tmp_path: Path, reader: HeaderReader) -> Iterator[Archive]:
    with archive(store, tmp_path, reader, quiet_s=QUIET_S) as made:
        yield made


def tick(made: Archive) -> int:
    """Run the timers that are due, as the worker does; how many there were."""
    jobs = assessment.study_timers(QUIET_S)
    now = made.clock.now
    with made.store.read() as connection:
        due = outbox.due_timers(connection, jobs, now, 10)
    for timer in due:
        until = now + timedelta(minutes=5)
        with made.store.write() as unit:
            assert outbox.claim_timer(unit, timer, until)
        jobs[timer.job](made.store, timer, now)
        with made.store.write() as unit:
            outbox.end_timer(unit, timer, until)
    return len(due)


def known(made: Archive) -> StudyCompleteness:
    with made.store.read() as connection:
        return studies.completeness_of(connection, "ANLONG", [STUDY])[STUDY]


def settled(made: Archive) -> list[Fact]:
    with made.store.read() as connection:
        return [fact for fact in outbox.facts_after(connection, 0, 100) if fact.kind == assessment.SETTLED]


def send(made: Archive, *numbers: int) -> None:
    for number in numbers:
        made.put(a_slice(number))


def test_a_study_is_receiving_until_it_was_quiet_long_enough(opened: Archive) -> None:
    send(opened, 1, 2, 3)
    opened.clock.advance(seconds=QUIET_S - 1)
    assert tick(opened) == 0
    assert known(opened).status == "receiving"
    opened.clock.advance(seconds=1)
    assert tick(opened) == 1
    assert known(opened).status != "receiving"
    assert tick(opened) == 0


def test_slices_that_keep_coming_put_the_end_off(opened: Archive) -> None:
    for number in range(1, 5):
        send(opened, number)
        opened.clock.advance(seconds=QUIET_S * 0.6)
        tick(opened)
        assert known(opened).status == "receiving"
    opened.clock.advance(seconds=QUIET_S)
    tick(opened)
    assert known(opened).received == 4
    assert len(settled(opened)) == 1


def test_a_sender_still_connected_puts_the_end_off(opened: Archive) -> None:
    send(opened, 1)
    opened.clock.advance(seconds=QUIET_S - 1)
    opened.intake.still_connected([KEY])
    opened.clock.advance(seconds=QUIET_S - 1)
    tick(opened)
    assert known(opened).status == "receiving"
    opened.clock.advance(seconds=2)
    tick(opened)
    assert known(opened).status != "receiving"


def test_a_sender_that_hung_up_is_not_waited_for(opened: Archive) -> None:
    send(opened, 1, 2, 3)
    opened.intake.hung_up([KEY])
    opened.clock.advance(seconds=RELEASED_QUIET.total_seconds())
    assert tick(opened) == 1
    assert known(opened).status != "receiving"


def test_what_is_missing_is_named_and_a_late_slice_mends_it(opened: Archive) -> None:
    send(opened, 1, 2, 3, 5, 6, 7)
    opened.clock.advance(seconds=QUIET_S)
    tick(opened)
    assert known(opened).status == "short"
    assert [missing.instance_number for missing in known(opened).missing] == [4]
    assert settled(opened)[-1].data["status"] == "short"
    send(opened, 4)
    assert known(opened).status == "receiving"
    opened.clock.advance(seconds=QUIET_S)
    tick(opened)
    assert not known(opened).missing
    assert known(opened).status in ("complete", "quiet")


def test_a_conflict_is_shown_with_the_study(opened: Archive) -> None:
    send(opened, 1, 2, 3)
    opened.put(a_slice(2, pixel=9))
    opened.clock.advance(seconds=QUIET_S)
    tick(opened)
    (conflict,) = known(opened).conflicts
    assert conflict.sentence.zh


def test_metadata_is_made_ready_once_and_anew_for_a_late_slice(opened: Archive) -> None:
    send(opened, 2, 1, 3)
    opened.clock.advance(seconds=QUIET_S)
    tick(opened)
    for _ in range(2):
        for fact in settled(opened):
            images.on_study_fact(opened.store, fact, opened.clock.now)
        assert work_off(opened) == 1
    (ready,) = (opened.blobs.cache / "metadata").rglob("*.json.gz")
    numbers = [each["00200013"]["Value"] for each in json.loads(gzip.decompress(ready.read_bytes()))]
    assert numbers == [[1], [2], [3]]
    send(opened, 4)
    make_ready(opened, KEY)
    assert len(list((opened.blobs.cache / "metadata").rglob("*.json.gz"))) == 2


def frames_of(made: Archive) -> list[Path]:
    return sorted(path for path in (made.blobs.prepared / "studies").rglob("*") if path.is_file())


def test_every_frame_is_made_ready_and_equals_what_is_stored(opened: Archive) -> None:
    send(opened, 1, 2)
    make_ready(opened, KEY)
    with opened.store.read() as connection:
        rows = [row for each in studies.series_of(connection, KEY) for row in instances_of(connection, each.id)]
    assert len(frames_of(opened)) == len(rows) == 2
    for row in rows:
        (place,) = (path for path in frames_of(opened) if path.name == f"{row.sop_uid}-1")
        kept = place.read_bytes()
        at, length = codestream(len(kept))
        shown = imagecodecs.htj2k_decode(kept[at : at + length])
        stored, _ = decode_frame(opened.blobs.path(row.sha256), 1)
        assert np.array_equal(shown, stored)
        assert shown.dtype == stored.dtype


def test_a_cache_that_was_thrown_away_is_made_again(opened: Archive) -> None:
    send(opened, 1, 2)
    make_ready(opened, KEY)
    before = {path: path.read_bytes() for path in frames_of(opened)}
    for folder in (opened.blobs.cache, opened.blobs.prepared):
        shutil.rmtree(folder)
        folder.mkdir()
    assert images.rebuild(opened.store, opened.clock.now, STUDY) == 1
    assert work_off(opened) == 1
    assert {path: path.read_bytes() for path in frames_of(opened)} == before
    assert images.waiting(opened.store) == 0


def test_a_study_that_nobody_knows_is_not_rebuilt(opened: Archive) -> None:
    with pytest.raises(NotFound):
        images.rebuild(opened.store, opened.clock.now, "2.25.404")


def test_what_was_asked_for_longest_ago_leaves_a_full_cache(opened: Archive) -> None:
    send(opened, 1, 2)
    make_ready(opened, KEY)
    folders = (opened.blobs.cache, opened.blobs.prepared)
    every = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    old = frames_of(opened)[0]
    os.utime(old, (1, 1))
    total = sum(path.stat().st_size for path in every)
    assert images.evict(opened.blobs, total) == total
    assert images.evict(opened.blobs, total - 1) <= total - 1
    assert not old.exists()
    assert images.evict(opened.blobs, 0) == 0
    assert not frames_of(opened)


def test_an_image_that_cannot_be_decoded_keeps_nobody_waiting(opened: Archive) -> None:
    whole = a_slice(1, syntax="1.2.840.10008.1.2.4.80")
    head = whole[: whole.rindex(struct.pack("<HH", 0x7FE0, 0x0010))]
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) + struct.pack("<HHI", 0xFFFE, 0xE000, 16) + b"\xff\xd8no codestream."
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + items
    opened.put(head + pixels + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    opened.put(a_slice(2))
    images.rebuild(opened.store, opened.clock.now)
    assert work_off(opened) == 1
    assert len(frames_of(opened)) == 1
