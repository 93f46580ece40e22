"""Objects of one identity with other bytes, side by side: what differs, who sent which when, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from consult.domain.errors import NotFound
from consult.domain.people import Actor
from consult.formats.differences import Difference, differing, same_pixels
from consult.formats.rendering import render_png
from consult.store import conflicts, studies
from consult.store.blobs import Blobs
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Version:
    """One of the objects; ``same_pixels`` and ``differences`` compare it with the primary one."""

    sha256: str
    primary: bool
    sender: str
    received_at: datetime
    size: int
    same_pixels: bool | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody chose, and why."""

    chosen: str
    before: str
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """An identity with its versions, the primary one first, and the decisions so far."""

    series_uid: str
    sop_uid: str
    instance_number: int | None
    versions: tuple[Version, ...]
    decisions: tuple[Decision, ...]


def disputed(store: Store, blobs: Blobs, study_uid: str, actor: Actor) -> list[Disputed]:
    """All identities of a study that came with more than one content. Raises NotFound."""
    with store.read() as connection:
        study = studies.find(connection, study_uid, actor)
        rows = conflicts.versions(connection, study.id)
        said = {row.id: conflicts.metadata_of(connection, row.id) for row in rows}
        decided = conflicts.decisions_of(connection, study.id)
    return [
        _disputed(list(group), said, decided, blobs)
        for _, group in groupby(rows, key=lambda row: (row.series_id, row.sop_uid))
    ]


def _disputed(rows: Sequence[Any], said: dict[int, bytes], decided: Sequence[Any], blobs: Blobs) -> Disputed:
    first = rows[0]
    return Disputed(
        first.series_uid,
        first.sop_uid,
        first.instance_number,
        tuple(_version(row, first, said, blobs) for row in rows),
        tuple(
            Decision(each.chosen, each.before, each.by_name, each.at, each.reason)
            for each in decided
            if each.sop_uid == first.sop_uid and each.series_id == first.series_id
        ),
    )


def _version(row: Any, first: Any, said: dict[int, bytes], blobs: Blobs) -> Version:
    primary = row.id == first.id
    return Version(
        row.sha256,
        primary,
        row.sender,
        row.received_at,
        row.size,
        True if primary else same_pixels(blobs.path(first.sha256), blobs.path(row.sha256)),
        () if primary else differing(said[first.id], said[row.id]),
    )


def picture(store: Store, blobs: Blobs, study_uid: str, sop_uid: str, sha256: str, actor: Actor) -> bytes:
    """A version as PNG, at most 512 pixels wide or high. Raises NotFound, Broken."""
    with store.read() as connection:
        study = studies.find(connection, study_uid, actor)
        row = conflicts.version(connection, study.id, sop_uid, sha256)
    if row is None:
        raise NotFound
    return render_png(blobs.path(sha256), longest=512)
