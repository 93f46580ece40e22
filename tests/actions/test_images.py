"""A study comes to rest when nobody sends into it, says what is missing, and has its metadata ready for viewers."""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from consult.actions import assessment, images
from consult.actions.intake import RELEASED_QUIET
from consult.domain.completeness import StudyCompleteness
from consult.domain.events import Fact
from consult.formats.bounded import HeaderReader
from consult.store import outbox, studies
from consult.store.arrivals import study_key
from consult.store.unit import Store
from tests.makers.archive import STUDY, Archive, a_slice, archive

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
            images.on_study_fact(opened.store, opened.blobs, fact, opened.clock.now)
    (ready,) = (opened.blobs.cache / "metadata").rglob("*.json.gz")
    numbers = [each["00200013"]["Value"] for each in json.loads(gzip.decompress(ready.read_bytes()))]
    assert numbers == [[1], [2], [3]]
    send(opened, 4)
    images.prepare(opened.store, opened.blobs, KEY)
    assert len(list((opened.blobs.cache / "metadata").rglob("*.json.gz"))) == 2
