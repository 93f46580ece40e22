"""A study has come to rest: what viewers will ask for is made ready."""

import gzip
import logging
from datetime import datetime
from functools import partial

from consult.actions.assessment import SETTLED
from consult.domain.errors import Broken
from consult.domain.events import Fact
from consult.formats.copies import copy_name, explicit_copy, shown_from_copy
from consult.store import studies
from consult.store.blobs import Blobs
from consult.store.unit import Store

log = logging.getLogger(__name__)

METADATA_LEVEL = 6


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
