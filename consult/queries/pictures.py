"""Frames that were made ready, and the image that stands for a study or a series."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.domain.errors import NotFound
from consult.domain.people import Actor
from consult.formats.frames import HTJ2K_LOSSLESS_RPCL
from consult.formats.prepared import MEDIA_TYPE, codestream, content_type, frame_name
from consult.queries.dicomweb import Bytes, Slice
from consult.store import studies
from consult.store.blobs import Blobs
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Image:
    """An object that holds frames: where, and how many."""

    path: Path
    sha256: str
    frames: int
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A frame that was made ready, as a file that is the whole body of an answer."""

    path: Path
    content_type: str
    etag: str


def image(store: Store, blobs: Blobs, actor: Actor, study_uid: str, series_uid: str, sop_uid: str) -> Image:
    """An object with frames. Raises NotFound."""
    with store.read() as connection:
        row = studies.find_instance(connection, study_uid, series_uid, sop_uid, actor)
    if not row.frames:
        raise NotFound
    return _image(blobs, row)


def wrapped(blobs: Blobs, found: Image, frame: int) -> Wrapped | None:
    """A frame as it was made ready, in its wrapping; None where it was not."""
    place = blobs.cache / frame_name(found.sha256, frame)
    if not place.exists():
        return None
    return Wrapped(place, content_type(found.sha256, frame), f"{found.sha256}-{frame}-htj2k")


def unwrapped(blobs: Blobs, found: Image, numbers: tuple[int, ...]) -> list[Bytes] | None:
    """Frames as they were made ready; None where not all were."""
    ready: list[Bytes] = []
    for number in numbers:
        place = blobs.cache / frame_name(found.sha256, number)
        try:
            at, length = codestream(found.sha256, number, place.stat().st_size)
        except FileNotFoundError:
            return None
        name = f"{found.sha256}-{number}-htj2k"
        ready.append(Bytes((Slice(place, at, length),), MEDIA_TYPE, HTJ2K_LOSSLESS_RPCL, name))
    return ready


def representative(store: Store, blobs: Blobs, actor: Actor, study_uid: str, series_uid: str | None = None) -> Image:
    """The image that stands for a series, or for the study: the middle one of its largest series. Raises NotFound."""
    with store.read() as connection:
        if series_uid is not None:
            every = [studies.find_series(connection, study_uid, series_uid, actor)]
        else:
            study = studies.find(connection, study_uid, actor)
            every = sorted(studies.series_of(connection, study.id), key=lambda row: -row.instance_count)
        for row in every:
            shown = studies.middle_image(connection, row.id)
            if shown is not None:
                return _image(blobs, shown)
    raise NotFound


def _image(blobs: Blobs, row: Any) -> Image:
    return Image(blobs.path(row.sha256), row.sha256, row.frames, row.transfer_syntax)
