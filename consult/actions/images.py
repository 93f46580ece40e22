"""A study comes to rest: it is assessed, and what viewers will ask for is made ready; a late slice starts this anew."""

import gzip
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from consult.actions.intake import RELEASED_QUIET
from consult.domain.completeness import assess
from consult.domain.errors import Broken
from consult.domain.events import Fact
from consult.formats.copies import copy_name, explicit_copy, shown_from_copy
from consult.store import studies
from consult.store.arrivals import SETTLE
from consult.store.blobs import Blobs
from consult.store.outbox import Timer
from consult.store.unit import Store

log = logging.getLogger(__name__)

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
    """A study settled: make ready what every viewer will ask for."""
    if fact.kind == SETTLED:
        prepare(store, blobs, str(fact.data["study_id"]))


def prepare(store: Store, blobs: Blobs, study_id: str) -> None:
    """Make the rebuildable copies of a study; what is there already is left alone.

    Of each series its gzipped metadata; of each image that is not shown as it is stored, its copy.
    """
    with store.read() as connection:
        every = [
            (row, studies.instances_of_series(connection, row.id)) for row in studies.series_of(connection, study_id)
        ]
    for row, instances in every:
        blobs.cached(studies.metadata_name(row.id, row.version), partial(zipped_metadata, store, row.id))
        for each in instances:
            if each.frames and shown_from_copy(each.transfer_syntax, each.bits_allocated):
                _copy(blobs, each.sha256)


def _copy(blobs: Blobs, sha256: str) -> None:
    try:
        blobs.cached(copy_name(sha256), partial(explicit_copy, blobs.path(sha256)))
    except Broken:
        log.warning("an image cannot be decoded: object %s", sha256)


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
