"""What of a case's images may be taken away, by whom, and the files of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consult.domain.access import What
from consult.domain.errors import NotAllowed, NotFound, Words
from consult.domain.people import Actor
from consult.queries.dicomweb import Object
from consult.store import cases, studies
from consult.store.blobs import Blobs
from consult.store.unit import Reader, Store

CHUNK = 256 << 10  # bytes
NOT_YOURS = Words(
    "您可以在线查看影像，但不能导出：接诊后的诊断医师、申请医院和影像中心可以导出。",
    "You may look at the images here and not take them away; the reader who accepted, the requesting hospital and the"
    " centre may.",
)
NOTHING = Words("影像还没有到达，没有可导出的内容。", "No image has arrived, so there is nothing to take away.")


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to take: objects and bytes; ``refusal`` says why not."""

    number: str
    objects: int
    size: int
    refusal: Words | None


def offer(store: Store, case_id: str, actor: Actor) -> Offer:
    """Whether this actor may take the images of a case. Raises NotFound where the images are not theirs to see."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor, What.IMAGES)
        allowed = cases.sees(connection, case_id, actor, What.EXPORT)
        rows = _rows(connection, case.study_uids, actor)
    refusal = NOT_YOURS if not allowed else None if rows else NOTHING
    return Offer(case.number or "", len(rows), sum(row.size for row in rows), refusal)


def taken(store: Store, blobs: Blobs, case_id: str, actor: Actor) -> tuple[str, list[Object]]:
    """The case's number and all objects of its studies. Raises NotFound, and NotAllowed with the reason."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor, What.IMAGES)
        if not cases.sees(connection, case_id, actor, What.EXPORT):
            raise NotAllowed(NOT_YOURS)
        rows = _rows(connection, case.study_uids, actor)
    if not rows:
        raise NotFound(NOTHING)
    return case.number or case_id, [
        Object(
            blobs.path(row.sha256), row.sop_class, row.sop_uid, row.size, row.transfer_syntax, row.sha256, row.frames
        )
        for row in rows
    ]


def _rows(connection: Reader, study_uids: tuple[str, ...], actor: Actor) -> list[Any]:
    found: list[Any] = []
    for uid in study_uids:
        for series in studies.series_of(connection, studies.find(connection, uid, actor).id):
            found += studies.instances_of_series(connection, series.id)
    return found


def content(one: Object) -> Iterator[bytes]:
    """An object's bytes as it is given out, a piece at a time."""
    for piece in one.as_stored().pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from _read(piece.path, piece.at, piece.length)


def _read(path: Path, at: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(at)
        left = length
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
