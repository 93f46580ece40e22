"""DICOMweb's questions: searches as DICOM JSON, metadata made ready, and where the bytes of images lie."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from consult.domain.errors import NotFound
from consult.domain.people import Actor
from consult.formats.copies import copy_name, explicit_copy, shown_from_copy
from consult.formats.dicom import bulk_value, served_head
from consult.formats.frames import FrameTable, frame_table, read_frame
from consult.store import qido, studies
from consult.store.blobs import Blobs
from consult.store.qido import ATTRIBUTES, REQUESTED, BadQuery, Level, Search
from consult.store.unit import Store

__all__ = ["BadQuery", "Level", "Search"]

JsonObject = dict[str, Any]
FAST = 1  # level of gzip where somebody waits
PIXELS = "7FE00010"
TABLES = 4096  # frame tables kept in memory


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of a file."""

    path: Path
    at: int
    length: int


Piece = Slice | bytes


@dataclass(frozen=True, slots=True)
class Bytes:
    """Something to send: its pieces in order, its media type and transfer syntax, and a name that its content has."""

    pieces: tuple[Piece, ...]
    media_type: str
    transfer_syntax: str
    etag: str


@dataclass(frozen=True, slots=True)
class Page:
    """Found objects as DICOM JSON, and how many match in all."""

    objects: list[JsonObject]
    total: int


# searches


def search(store: Store, actor: Actor, wanted: Search, include: frozenset[str], base: str) -> Page:
    """What matches, as DICOM JSON (PS3.18 §10.6.3); ``base`` is where ``/studies`` of RetrieveURLs begins.

    ``include`` names attributes beyond those that are always given, or holds ``all``; beyond our columns they come
    from the metadata of instances. Raises BadQuery and NotFound.
    """
    with store.read() as connection:
        found = qido.search(connection, actor, wanted)
        objects = [_object(row, wanted.level, base) for row in found.rows]
        if wanted.level is Level.INSTANCE and include:
            for row, made in zip(found.rows, objects, strict=True):
                said = json.loads(studies.metadata_of_instance(connection, row["id"]))
                made |= {tag: said[tag] for tag in said if "all" in include or tag in include}
    return Page(objects, found.total)


def _object(row: JsonObject, level: Level, base: str) -> JsonObject:
    url = f"{base}/studies/{row['0020000D']}"
    if level >= Level.SERIES:
        url += f"/series/{row['0020000E']}"
    if level >= Level.INSTANCE:
        url += f"/instances/{row['00080018']}"
    made: JsonObject = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00081190": {"vr": "UR", "Value": [url]},
    }
    for each in ATTRIBUTES:
        if each.tag in row:
            made[each.tag] = _element(each.vr, row[each.tag])
    if level >= Level.SERIES:
        asked = {each.tag: _element(each.vr, row[each.tag]) for each in REQUESTED if row[each.tag]}
        if asked:
            made["00400275"] = {"vr": "SQ", "Value": [asked]}
    return dict(sorted(made.items()))


def _element(vr: str, value: Any) -> JsonObject:
    values = [each for each in (value if isinstance(value, list) else [value]) if each not in (None, "")]
    if not values:
        return {"vr": vr}
    return {"vr": vr, "Value": [_person(each) for each in values] if vr == "PN" else values}


def _person(groups: str) -> JsonObject:
    """A person name in DICOM JSON (PS3.18 §F.2.2)."""
    names = ("Alphabetic", "Ideographic", "Phonetic")
    return {name: group for name, group in zip(names, groups.split("="), strict=False) if group}


# metadata


@dataclass(frozen=True, slots=True)
class Metadata:
    """A JSON array of instances, gzipped; ``etag`` changes when another instance comes."""

    zipped: bytes
    etag: str


def series_metadata(store: Store, blobs: Blobs, actor: Actor, study_uid: str, series_uid: str) -> Metadata:
    """The metadata of a series: as it was made ready, or put together from its rows. Raises NotFound."""
    with store.read() as connection:
        row = studies.find_series(connection, study_uid, series_uid, actor)
    return Metadata(_zipped(store, blobs, row), f"{row.id}-{row.version}")


def study_metadata(store: Store, blobs: Blobs, actor: Actor, study_uid: str) -> Metadata:
    """The metadata of all series of a study in one array. Raises NotFound."""
    with store.read() as connection:
        study = studies.find(connection, study_uid, actor)
        every = studies.series_of(connection, study.id)
    squeezed = zlib.compressobj(FAST, wbits=zlib.MAX_WBITS | 16)
    made = [squeezed.compress(b"[")]
    for index, row in enumerate(every):
        inner = gzip.decompress(_zipped(store, blobs, row))[1:-1]
        made.append(squeezed.compress((b"," if index else b"") + inner))
    made += [squeezed.compress(b"]"), squeezed.flush()]
    return Metadata(b"".join(made), f"{study.id}-{study.version}")


def instance_metadata(store: Store, actor: Actor, study_uid: str, series_uid: str, sop_uid: str) -> Metadata:
    """The metadata of one instance, in an array. Raises NotFound."""
    with store.read() as connection:
        row = studies.find_instance(connection, study_uid, series_uid, sop_uid, actor)
        said = studies.metadata_of_instance(connection, row.id)
    return Metadata(gzip.compress(b"[" + said + b"]", FAST, mtime=0), str(row.sha256))


def _zipped(store: Store, blobs: Blobs, row: Any) -> bytes:
    try:
        return (blobs.cache / studies.metadata_name(row.id, row.version)).read_bytes()
    except FileNotFoundError:
        with store.read() as connection:
            body = b"[" + b",".join(studies.metadata_of_series(connection, row.id)) + b"]"
        return gzip.compress(body, FAST, mtime=0)


# bytes


def frames(
    store: Store,
    blobs: Blobs,
    actor: Actor,
    study_uid: str,
    series_uid: str,
    sop_uid: str,
    numbers: tuple[int, ...],
) -> list[Bytes]:
    """The frames with these numbers, 1 being the first. Raises NotFound."""
    row = _instance(store, actor, study_uid, series_uid, sop_uid)
    path = _with_frames(blobs, row)
    table = _table(path)
    return [
        Bytes(_pieces(path, table, number), table.media_type, table.transfer_syntax, f"{row.sha256}-{number}")
        for number in numbers
    ]


def _pieces(path: Path, table: FrameTable, number: int) -> tuple[Piece, ...]:
    if table.as_it_lies:
        return tuple(Slice(path, piece.at, piece.length) for piece in table.pieces(number))
    return (read_frame(path, table, number),)


@lru_cache(maxsize=TABLES)
def _table(path: Path) -> FrameTable:
    """Where the frames of an object lie; its name is its content's hash, so this never goes stale."""
    return frame_table(path)


def _with_frames(blobs: Blobs, row: Any) -> Path:
    """The file whose frames are given out: the object, or the copy that it is shown from."""
    stored = blobs.path(row.sha256)
    if not shown_from_copy(row.transfer_syntax, row.bits_allocated):
        return stored
    return blobs.cached(copy_name(row.sha256), partial(explicit_copy, stored))


def instance(store: Store, blobs: Blobs, actor: Actor, study_uid: str, series_uid: str, sop_uid: str) -> Bytes:
    """A whole object as Part 10. Raises NotFound."""
    return _whole(blobs, _instance(store, actor, study_uid, series_uid, sop_uid))


def instances(store: Store, blobs: Blobs, actor: Actor, study_uid: str, series_uid: str | None) -> Iterator[Bytes]:
    """All objects of a study, or of one of its series. Raises NotFound at once."""
    with store.read() as connection:
        if series_uid is None:
            keys = [row.id for row in studies.series_of(connection, studies.find(connection, study_uid, actor).id)]
        else:
            keys = [studies.find_series(connection, study_uid, series_uid, actor).id]
        rows = [row for key in keys for row in studies.instances_of_series(connection, key)]
    return (_whole(blobs, row) for row in rows)


def _whole(blobs: Blobs, row: Any) -> Bytes:
    path = blobs.path(row.sha256)
    head, at = served_head(path)
    return Bytes((head, Slice(path, at, row.size - at)), "application/dicom", row.transfer_syntax, row.sha256)


def bulk_data(
    store: Store,
    blobs: Blobs,
    actor: Actor,
    study_uid: str,
    series_uid: str,
    sop_uid: str,
    tag_path: str,
) -> Bytes:
    """A bulk value by the path in its BulkDataURI; pixel data is all frames in turn. Raises NotFound."""
    row = _instance(store, actor, study_uid, series_uid, sop_uid)
    etag = f"{row.sha256}-{tag_path.replace('/', '-')}"
    if tag_path.upper() == PIXELS:
        path = _with_frames(blobs, row)
        table = _table(path)
        every = tuple(piece for number in range(1, table.frames + 1) for piece in _pieces(path, table, number))
        return Bytes(every, table.media_type, table.transfer_syntax, etag)
    try:
        value = bulk_value(blobs.path(row.sha256), tag_path)
    except KeyError as nothing:
        raise NotFound from nothing
    return Bytes((value,), "application/octet-stream", "1.2.840.10008.1.2.1", etag)


def _instance(store: Store, actor: Actor, study_uid: str, series_uid: str, sop_uid: str) -> Any:
    with store.read() as connection:
        return studies.find_instance(connection, study_uid, series_uid, sop_uid, actor)
