"""A study comes to rest: it is assessed, and what viewers will ask for is made ready; a late slice starts this anew."""

import gzip
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from consult.actions.intake import RELEASED_QUIET
from consult.domain.completeness import assess
from consult.domain.events import Fact
from consult.store import studies
from consult.store.arrivals import SETTLE
from consult.store.blobs import Blobs
from consult.store.outbox import Timer
from consult.store.unit import Store

SETTLED = "study_settled"
METADATA_LEVEL = 6


def settle(store: Store, study_id: str, quiet: timedelta, released: bool, now: datetime) -> None:
    """Assess a study that has been quiet for so long; else look again when it may be.

    ``released``: whoever sent into it has hung up, so that a moment is long enough.
    """
    with store.read() as connection:
        row = studies.by_id(connection, study_id)
        if row is None:
            return
        due = row.last_at + (RELEASED_QUIET if released else quiet)
        said = studies.said_by(connection, study_id) if due <= now else []
    if due > now:
        with store.write() as unit:
            studies.await_quiet(unit, study_id, due, released)
        return
    found = assess(said)
    with store.write() as unit:
        if not studies.settle(unit, row, found, now):
            studies.await_quiet(unit, study_id, now + quiet, False)


def on_study_fact(store: Store, blobs: Blobs, fact: Fact, _now: datetime) -> None:
    """A study settled: gzip the metadata of each of its series once, for every viewer that will ask."""
    if fact.kind == SETTLED:
        prepare(store, blobs, str(fact.data["study_id"]))


def prepare(store: Store, blobs: Blobs, study_id: str) -> None:
    """Make the rebuildable copies of a study; what is there already is left alone."""
    with store.read() as connection:
        every = studies.series_of(connection, study_id)
    for row in every:
        name = studies.metadata_name(row.id, row.version)
        if not (blobs.cache / name).exists():
            blobs.put_cached(name, zipped_metadata(store, row.id))


def zipped_metadata(store: Store, series_id: str) -> bytes:
    """The DICOM JSON of a series (PS3.18 §8.7.3.2: an array, one object an instance), gzipped."""
    with store.read() as connection:
        body = b"[" + b",".join(studies.metadata_of_series(connection, series_id)) + b"]"
    return gzip.compress(body, METADATA_LEVEL, mtime=0)


def study_timers(quiet_s: float) -> Mapping[str, Callable[[Store, Timer, datetime], None]]:
    """What a due timer of a study does."""
    quiet = timedelta(seconds=quiet_s)

    def due(store: Store, timer: Timer, now: datetime) -> None:
        settle(store, timer.subject_id, quiet, bool(timer.data.get("released")), now)

    return {SETTLE: due}
