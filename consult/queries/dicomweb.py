"""DICOMweb's questions about bytes: where those of images lie."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from consult.domain.errors import Broken, NotFound
from consult.domain.people import Actor
from consult.formats.copies import copy_name, explicit_copy, shown_from_copy
from consult.formats.dicom import EXPLICIT, NATIVE, bulk_element, bulk_value, part10_head, served_head
from consult.formats.frames import FrameTable, frame_table, read_frame
from consult.formats.rewriting import Rewriter
from consult.store import studies
from consult.store.blobs import Blobs
from consult.store.unit import Store

PIXELS = "7FE00010"
OCTETS = "application/octet-stream"
TABLES = 4096  # frame tables kept in memory
DECODED = frozenset(
    {"1.2.840.10008.1.2.5"}
    | {
        f"1.2.840.10008.1.2.4.{tail}"
        for tail in (50, 51, 53, 55, 57, 70, 80, 81, 90, 91, 92, 93, 201, 202, 203, 110, 111, 112)
    }
)
"""Compressed transfer syntaxes that the rewriting process decodes."""
_REWRITERS = BoundedSemaphore(2)  # processes that decode for those who ask for another syntax


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
    return blobs.cached(blobs.cache / copy_name(row.sha256), partial(explicit_copy, stored))


@dataclass(frozen=True, slots=True)
class Object:
    """An object that is kept: where, what it is, how many bytes, and in which syntax."""

    path: Path
    sop_class: str
    sop_uid: str
    size: int
    transfer_syntax: str
    sha256: str
    frames: int | None

    @property
    def rewritable(self) -> bool:
        """Whether it can be had in Explicit VR Little Endian."""
        return self.transfer_syntax in NATIVE or self.transfer_syntax in DECODED

    def as_stored(self) -> Bytes:
        """Its bytes as they came, but for the preamble."""
        head, at = served_head(self.path)
        pieces = (head, Slice(self.path, at, self.size - at))
        return Bytes(pieces, "application/dicom", self.transfer_syntax, self.sha256)


def objects(
    store: Store, blobs: Blobs, actor: Actor, study_uid: str, series_uid: str | None = None, sop_uid: str | None = None
) -> list[Object]:
    """The objects of a study, of one of its series, or one of them. Raises NotFound."""
    with store.read() as connection:
        rows: Sequence[Any]
        if series_uid is None:
            study = studies.find(connection, study_uid, actor)
            rows = [
                row
                for each in studies.series_of(connection, study.id)
                for row in studies.instances_of_series(connection, each.id)
            ]
        elif sop_uid is None:
            key = studies.find_series(connection, study_uid, series_uid, actor).id
            rows = studies.instances_of_series(connection, key)
        else:
            rows = [studies.find_instance(connection, study_uid, series_uid, sop_uid, actor)]
    return [
        Object(
            blobs.path(row.sha256), row.sop_class, row.sop_uid, row.size, row.transfer_syntax, row.sha256, row.frames
        )
        for row in rows
    ]


def explicit(found: Iterable[Object]) -> Iterator[Bytes]:
    """Objects in Explicit VR Little Endian, each made when its turn comes. Raises Broken where one cannot be."""
    with _REWRITERS, Rewriter() as rewriter:
        for each in found:
            if each.transfer_syntax == EXPLICIT:
                yield each.as_stored()
                continue
            data_set = rewriter.data_set(each.path, EXPLICIT)
            head = part10_head(each.sop_class, each.sop_uid, EXPLICIT)
            yield Bytes((head, data_set), "application/dicom", EXPLICIT, f"{each.sha256}-explicit")


def bulk_data(
    store: Store,
    blobs: Blobs,
    actor: Actor,
    study_uid: str,
    series_uid: str,
    sop_uid: str,
    tag_path: str,
) -> list[Bytes]:
    """A bulk value by the path in its BulkDataURI; of compressed pixels, each frame. Raises NotFound."""
    row = _instance(store, actor, study_uid, series_uid, sop_uid)
    path, etag = blobs.path(row.sha256), f"{row.sha256}-{tag_path.replace('/', '-')}"
    try:
        if tag_path.upper() == PIXELS and row.transfer_syntax not in NATIVE:
            return _compressed(path, etag)
        element = bulk_element(path, tag_path)
        piece: Piece = bulk_value(path, tag_path) if element is None else Slice(path, *element)
    except KeyError as nothing:
        raise NotFound from nothing
    return [Bytes((piece,), OCTETS, EXPLICIT, etag)]


def _compressed(path: Path, etag: str) -> list[Bytes]:
    """Each compressed frame by itself (PS3.18 §8.7.3.3); all as one where nobody can tell which belongs to which."""
    try:
        table = _table(path)
    except Broken:
        return [Bytes((bulk_value(path, PIXELS),), OCTETS, EXPLICIT, etag)]
    return [
        Bytes(_pieces(path, table, number), table.media_type, table.transfer_syntax, f"{etag}-{number}")
        for number in range(1, table.frames + 1)
    ]


def _instance(store: Store, actor: Actor, study_uid: str, series_uid: str, sop_uid: str) -> Any:
    with store.read() as connection:
        return studies.find_instance(connection, study_uid, series_uid, sop_uid, actor)
