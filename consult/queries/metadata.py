"""The metadata of instances as DICOM JSON: as it was made ready, or out of the rows, never whole in memory."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from consult.domain.people import Actor
from consult.store import studies
from consult.store.blobs import Blobs
from consult.store.unit import Store

FAST = 1  # level of gzip where somebody waits
AT_ONCE = 50  # instances that are read from the database together; their headers may be of 100 KB each
CHUNK = 64 << 10  # bytes


@dataclass(frozen=True, slots=True)
class Metadata:
    """Instances in their order; ``etag`` changes when another instance comes.

    ``ready`` is the whole array gzipped, where it lies like this. ``text`` makes the JSON array in pieces, ``objects``
    the JSON of each instance.
    """

    etag: str
    ready: bytes | None
    text: Callable[[], Iterator[bytes]]
    objects: Callable[[], Iterator[bytes]]


def series_metadata(store: Store, blobs: Blobs, actor: Actor, study_uid: str, series_uid: str) -> Metadata:
    """The metadata of a series. Raises NotFound."""
    with store.read() as connection:
        row = studies.find_series(connection, study_uid, series_uid, actor)
    try:
        ready: bytes | None = (blobs.cache / studies.metadata_name(row.id, row.version)).read_bytes()
    except FileNotFoundError:
        ready = None
    return Metadata(
        f"{row.id}-{row.version}", ready, partial(_array, store, blobs, [row]), partial(_objects, store, [row.id])
    )


def study_metadata(store: Store, blobs: Blobs, actor: Actor, study_uid: str) -> Metadata:
    """The metadata of all series of a study in one array. Raises NotFound."""
    with store.read() as connection:
        study = studies.find(connection, study_uid, actor)
        every = studies.series_of(connection, study.id)
    ids = [row.id for row in every]
    return Metadata(
        f"{study.id}-{study.version}", None, partial(_array, store, blobs, every), partial(_objects, store, ids)
    )


def instance_metadata(store: Store, actor: Actor, study_uid: str, series_uid: str, sop_uid: str) -> Metadata:
    """The metadata of one instance, in an array. Raises NotFound."""
    with store.read() as connection:
        row = studies.find_instance(connection, study_uid, series_uid, sop_uid, actor)
        said = studies.metadata_of_instance(connection, row.id)
    return Metadata(str(row.sha256), None, lambda: iter((b"[", said, b"]")), lambda: iter((said,)))


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as one member of gzip: clients may read no further than the first (RFC 1952 §2.2)."""
    squeezed = zlib.compressobj(FAST, wbits=zlib.MAX_WBITS | 16)
    for piece in pieces:
        made = squeezed.compress(piece)
        if made:
            yield made
    yield squeezed.flush()


def _array(store: Store, blobs: Blobs, every: Iterable[Any]) -> Iterator[bytes]:
    mark = b"["
    for row in every:
        yield mark
        yield from _inside(store, blobs, row)
        mark = b","
    yield b"]" if mark == b"," else b"[]"


def _inside(store: Store, blobs: Blobs, row: Any) -> Iterator[bytes]:
    """The objects of a series with commas between: as they were made ready, or out of the rows."""
    try:
        with gzip.open(blobs.cache / studies.metadata_name(row.id, row.version)) as lies:
            yield from _without_brackets(lies)
    except FileNotFoundError:
        yield from _made(store, row.id)


def _without_brackets(lies: gzip.GzipFile) -> Iterator[bytes]:
    before = lies.read(CHUNK)[1:]
    while after := lies.read(CHUNK):
        yield before
        before = after
    yield before[:-1]


def _made(store: Store, series_id: str) -> Iterator[bytes]:
    mark = b""
    for each in _objects(store, [series_id]):
        yield mark + each
        mark = b","


def _objects(store: Store, series_ids: Iterable[str]) -> Iterator[bytes]:
    for series_id in series_ids:
        with store.read() as connection:
            ids = studies.instances_in_order(connection, series_id)
        for at in range(0, len(ids), AT_ONCE):
            with store.read() as connection:
                some = studies.metadata_of(connection, ids[at : at + AT_ONCE])
            yield from some
