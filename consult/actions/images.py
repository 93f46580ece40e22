"""Images are made ready for viewers: frames, metadata and small pictures, in a cache that can be thrown away."""

import gzip
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from consult.actions.assessment import SETTLED
from consult.domain.errors import Broken, NotFound, Unavailable
from consult.domain.events import Fact
from consult.formats.copies import copy_name, explicit_copy, shown_from_copy
from consult.formats.prepared import STUDIES, FrameMaker, object_name, worth_preparing
from consult.store import prepared, preparing, studies
from consult.store.blobs import Blobs
from consult.store.unit import Store

log = logging.getLogger(__name__)

METADATA_LEVEL = 6
THUMBNAIL = 160  # pixels of its longer side
ARRIVED = "study_received"
Paint = Callable[[Path, int, int], bytes]
"""Makes a picture of a frame (from 1) of a file, at most so many pixels on a side: JPEG. Raises Broken, Unavailable."""


def on_study_fact(store: Store, fact: Fact, now: datetime) -> None:
    """A study came to rest, or an emergency's images arrive: have it made ready."""
    if fact.kind not in (SETTLED, ARRIVED):
        return
    study_id = str(fact.data["study_id"])
    if fact.kind == ARRIVED:
        with store.read() as connection:
            if not preparing.is_emergency(connection, study_id):
                return
    with store.write() as unit:
        preparing.ask(unit, study_id, now)


def prepare_next(store: Store, blobs: Blobs, maker: FrameMaker, paint: Paint) -> bool:
    """Make the most urgent study ready; whether there was one."""
    with store.read() as connection:
        wanted = preparing.next_one(connection)
    if wanted is None:
        return False
    study_id, asked_at = wanted
    try:
        prepare(store, blobs, maker, paint, study_id)
    finally:  # one that cannot be made ready must not keep others waiting for ever
        with store.write() as unit:
            preparing.done(unit, study_id, asked_at)
    return True


def prepare(store: Store, blobs: Blobs, maker: FrameMaker, paint: Paint, study_id: str) -> None:
    """Make the rebuildable copies of a study; what is there already is left alone.

    Of all series first what a list shows: metadata and a small picture; then the frames, series by series.
    """
    folder, every = _whole(store, study_id)
    for row, _ in every:
        metadata = blobs.cache / studies.metadata_name(row.id, row.version)
        blobs.cached(metadata, partial(zipped_metadata, store, row.id))
        _thumbnail(store, blobs, paint, row.id)
    for row, instances in every:
        for each in instances:
            _frames(blobs, maker, each, object_name(folder, row.series_uid, each.sop_uid))
    forget(blobs, study_id, but=folder)


def forget(blobs: Blobs, study_id: str, but: str = "") -> None:
    """Throw away what was made ready of a study, all ``but`` the folder of what it shows now."""
    for each in (blobs.prepared / STUDIES).glob(f"{study_id}.*"):
        if each.name != but:
            shutil.rmtree(each, ignore_errors=True)


def rebuild(store: Store, now: datetime, study_uid: str | None = None) -> int:
    """Have one study (of each institution that holds it), or all, made ready again; how many wait.

    Raises NotFound.
    """
    with store.write() as unit:
        if study_uid is None:
            return preparing.ask_for_all(unit, now)
        ids = studies.ids_of(unit.connection, study_uid)
        if not ids:
            raise NotFound
        for study_id in ids:
            preparing.ask(unit, study_id, now)
        return preparing.waiting(unit.connection)


def waiting(store: Store) -> int:
    """How many studies wait to be made ready."""
    with store.read() as connection:
        return preparing.waiting(connection)


def _whole(store: Store, study_id: str) -> tuple[str, list[tuple[Any, Sequence[Any]]]]:
    """The study's folder, and its series with what each shows, all of one moment."""
    with store.read() as connection:
        every = studies.series_of(connection, study_id)
        return prepared.folder_of(connection, study_id), [
            (row, studies.instances_of_series(connection, row.id)) for row in every
        ]


def thumbnail_name(sha256: str) -> str:
    """The name in the cache of an object's small picture."""
    return f"thumbnails/{sha256[:2]}/{sha256}.jpg"


def _thumbnail(store: Store, blobs: Blobs, paint: Paint, series_id: str) -> None:
    with store.read() as connection:
        shown = studies.middle_image(connection, series_id)
    if shown is None:
        return
    frame = (shown.frames + 1) // 2
    try:
        place = blobs.prepared / thumbnail_name(shown.sha256)
        blobs.cached(place, lambda: paint(blobs.path(shown.sha256), frame, THUMBNAIL))
    except (Broken, NotFound, Unavailable):
        log.warning("no small picture of object %s", shown.sha256)


def _frames(blobs: Blobs, maker: FrameMaker, each: Any, name: str | None) -> None:
    """The frames of one object; where they cannot be made ready, they are given as they are stored."""
    try:
        if each.frames and shown_from_copy(each.transfer_syntax, each.bits_allocated):
            blobs.cached(blobs.cache / copy_name(each.sha256), partial(explicit_copy, blobs.path(each.sha256)))
        if name is not None and worth_preparing(each.transfer_syntax, each.frames, each.bits_allocated):
            maker.make(blobs.path(each.sha256), blobs.prepared / name)
    except Broken:
        log.warning("an image is given as it is stored: object %s", each.sha256)


def zipped_metadata(store: Store, series_id: str) -> bytes:
    """The DICOM JSON of a series (PS3.18 §8.7.3.2: an array, one object an instance), gzipped."""
    with store.read() as connection:
        body = b"[" + b",".join(studies.metadata_of_series(connection, series_id)) + b"]"
    return gzip.compress(body, METADATA_LEVEL, mtime=0)


def evict(blobs: Blobs, budget_bytes: int) -> int:
    """Throw away what was not asked for longest until the cache fits its budget; the bytes that are left."""
    kept: list[tuple[float, int, Path]] = []
    for folder, _, names in (*os.walk(blobs.cache), *os.walk(blobs.prepared)):
        for name in names:
            path = Path(folder, name)
            try:
                known = path.stat()
            except FileNotFoundError:  # it has its place now, or its study was removed
                continue
            kept.append((max(known.st_atime, known.st_mtime), known.st_size, path))
    total = sum(size for _, size, _ in kept)
    if total <= budget_bytes:
        return total
    for _, size, path in sorted(kept):
        path.unlink(missing_ok=True)
        total -= size
        if total <= budget_bytes * 9 // 10:  # not again at once
            break
    return total
