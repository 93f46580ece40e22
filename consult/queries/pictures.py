"""Frames that were made ready, and the image that stands for a study or a series."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from consult.domain.errors import NotFound
from consult.domain.people import Actor
from consult.formats.frames import HTJ2K_LOSSLESS_RPCL
from consult.formats.prepared import CONTENT_TYPE, MEDIA_TYPE, codestream, frame_of, object_name
from consult.queries.dicomweb import Bytes, Slice
from consult.store import prepared, studies
from consult.store.blobs import Blobs
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Image:
    """An object that holds frames: where, how many, and where its frames lie if they were made ready.

    ``folder`` is the study's among what was made ready, ``ready`` the object's name below it.
    """

    path: Path
    sha256: str
    frames: int
    transfer_syntax: str
    folder: str | None = None
    ready: Path | None = None


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Something that was made ready, as a file that is the whole body of an answer."""

    path: Path
    content_type: str
    etag: str


def folder(store: Store, actor: Actor, study_uid: str) -> str:
    """The folder of what was made ready of a study that the actor sees now. Raises NotFound."""
    with store.read() as connection:
        return prepared.folder_of(connection, studies.find(connection, study_uid, actor).id)


def image(store: Store, blobs: Blobs, actor: Actor, study_uid: str, series_uid: str, sop_uid: str) -> Image:
    """An object with frames. Raises NotFound."""
    with store.read() as connection:
        row = studies.find_instance(connection, study_uid, series_uid, sop_uid, actor)
        of_study = prepared.folder_of(connection, row.study_id)
    if not row.frames:
        raise NotFound
    place = object_name(of_study, series_uid, sop_uid)
    shown = _image(blobs, row)
    return shown if place is None else replace(shown, folder=of_study, ready=blobs.prepared / place)


def wrapped(found: Image, frame: int) -> Wrapped | None:
    """A frame as it was made ready, in its wrapping; None where it was not."""
    return None if found.ready is None else file_of(frame_of(found.ready, frame), CONTENT_TYPE)


def file_of(place: Path, content_type: str) -> Wrapped | None:
    """A file that was made ready, tagged as nginx tags it: by its time and size. None where it is not there."""
    try:
        known = place.stat()
    except FileNotFoundError:
        return None
    return Wrapped(place, content_type, f"{int(known.st_mtime):x}-{known.st_size:x}")


def unwrapped(found: Image, numbers: tuple[int, ...]) -> list[Bytes] | None:
    """Frames as they were made ready; None where not all were."""
    if found.ready is None:
        return None
    ready: list[Bytes] = []
    for number in numbers:
        place = frame_of(found.ready, number)
        try:
            at, length = codestream(place.stat().st_size)
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
