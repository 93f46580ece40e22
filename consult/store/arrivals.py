"""Instances come in: rows of instances, series and studies grow together, in one transaction for all that arrived."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Table, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from consult.domain.events import Fact
from consult.domain.studies import Instance
from consult.store import outbox
from consult.store.rows import deflated, facts_of
from consult.store.tables_studies import instances, refused, series, studies
from consult.store.unit import Unit

SETTLE = "study_quiet"  # the timer's job
TELL_EVERY = timedelta(seconds=1)
RECEIVING = "receiving"


class Kept(StrEnum):
    """What became of an object that was taken."""

    STORED = "stored"  # the first of its identity
    DUPLICATE = "duplicate"  # the same data set is there already
    CONFLICT = "conflict"  # the same UIDs, other content: both are kept, the first stays primary


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that lies in the store and waits for its row.

    ``same_as`` and ``differs_from`` are hashes of objects of the same identity whose data set was compared with it.
    """

    instance: Instance
    sha256: str
    size: int
    institution: str
    sender: str
    at: datetime
    same_as: frozenset[str] = frozenset()
    differs_from: frozenset[str] = frozenset()

    @property
    def study_id(self) -> str:
        """The key of its study."""
        return study_key(self.institution, self.instance.study_uid)

    @property
    def series_id(self) -> str:
        """The key of its series."""
        return series_key(self.study_id, self.instance.series_uid)

    def compared(self, sha256: str, same: bool) -> "Arrival":
        """The same arrival, knowing how it compares with one more object."""
        if same:
            return replace(self, same_as=self.same_as | {sha256})
        return replace(self, differs_from=self.differs_from | {sha256})


@dataclass(frozen=True, slots=True)
class Unknown:
    """The arrival's identity is taken by objects with other hashes: compare the data sets first, then keep it."""

    sha256s: tuple[str, ...]


def study_key(institution: str, study_uid: str) -> str:
    """The id of an institution's study: 32 hexadecimal digits."""
    return hashlib.sha256(f"{institution}\n{study_uid}".encode()).hexdigest()[:32]


def series_key(study_id: str, series_uid: str) -> str:
    """The id of a series of a study: 32 hexadecimal digits."""
    return hashlib.sha256(f"{study_id}\n{series_uid}".encode()).hexdigest()[:32]


def keep(unit: Unit, arrived: Sequence[Arrival], quiet: timedelta) -> list[Kept | Unknown]:
    """Give every arrival its row, or say why not; tell at most one fact a study, and not more than one a second."""
    connection = unit.connection
    known_studies = _rows(connection, studies, {each.study_id: _study_row(each) for each in arrived})
    known_series = _rows(connection, series, {each.series_id: _series_row(each) for each in arrived})
    there = _there(connection, arrived)
    outcomes: list[Kept | Unknown] = []
    new: list[Arrival] = []
    for each in arrived:
        held = there.setdefault((each.series_id, each.instance.sop_uid), {})
        outcome = _outcome(each, held)
        if outcome in (Kept.STORED, Kept.CONFLICT):
            held[each.sha256] = len(held)
            new.append(each)
        outcomes.append(outcome)
    if new:
        rows = [_instance_row(each, there[each.series_id, each.instance.sop_uid][each.sha256]) for each in new]
        connection.execute(insert(instances), rows)
        grown = [each for each, row in zip(new, rows, strict=True) if row["rank"] == 0]
        _grow_series(connection, new, grown, known_series)
        for study_id in sorted({each.study_id for each in new}):
            mine = [each for each in new if each.study_id == study_id]
            begun = sum(row.study_id == study_id and row.version == 0 for row in known_series.values())
            _grow_study(unit, known_studies[study_id], mine, grown, begun, quiet)
    return outcomes


def _outcome(each: Arrival, held: dict[str, int]) -> Kept | Unknown:
    if each.sha256 in held or not each.same_as.isdisjoint(held):
        return Kept.DUPLICATE
    unknown = tuple(sha256 for sha256 in held if sha256 not in each.differs_from)
    if unknown:
        return Unknown(unknown)
    return Kept.CONFLICT if held else Kept.STORED


def _rows(connection: Connection, table: Table, wanted: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The rows with these ids, made where missing, held against other writers until the transaction ends."""
    query = select(table).where(table.c.id.in_(sorted(wanted))).order_by(table.c.id).with_for_update()
    found = {row.id: row for row in connection.execute(query)}
    missing = [wanted[key] for key in sorted(wanted) if key not in found]
    if not missing:
        return found
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), missing)
    return {row.id: row for row in connection.execute(query)}


def _there(connection: Connection, arrived: Sequence[Arrival]) -> dict[tuple[str, str], dict[str, int]]:
    """By series and SOP instance, the hashes that are kept, with their ranks."""
    pairs = sorted({(each.series_id, each.instance.sop_uid) for each in arrived})
    query = select(instances.c.series_id, instances.c.sop_uid, instances.c.sha256, instances.c.rank).where(
        tuple_(instances.c.series_id, instances.c.sop_uid).in_(pairs)
    )
    there: dict[tuple[str, str], dict[str, int]] = {}
    for series_id, sop_uid, sha256, rank in connection.execute(query):
        there.setdefault((series_id, sop_uid), {})[sha256] = rank
    return there


def _grow_series(
    connection: Connection, new: Iterable[Arrival], grown: Iterable[Arrival], known: dict[str, Any]
) -> None:
    changed = {each.series_id for each in new}
    lossy = {each.series_id for each in new if each.instance.lossy}
    counts = _counted(each.series_id for each in grown)
    for series_id in sorted(changed):
        connection.execute(
            update(series)
            .where(series.c.id == series_id)
            .values(
                version=series.c.version + 1,
                instance_count=series.c.instance_count + counts.get(series_id, 0),
                lossy=known[series_id].lossy or series_id in lossy,
            )
        )


def _counted(keys: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return counts


def _grow_study(
    unit: Unit, row: Any, new: Sequence[Arrival], grown: Sequence[Arrival], begun: int, quiet: timedelta
) -> None:
    now = max(each.at for each in new)
    received = row.instance_count + sum(each.study_id == row.id for each in grown)
    conflicts = len(new) - (received - row.instance_count)
    fresh = row.version == 0 or row.status != RECEIVING or now - row.told_at >= TELL_EVERY
    values: dict[str, Any] = {
        "version": row.version + 1,
        "status": RECEIVING,
        "series_count": row.series_count + begun,
        "instance_count": received,
        "last_at": max(now, row.last_at),
    }
    if fresh:
        values["told_at"] = now
    unit.connection.execute(update(studies).where(studies.c.id == row.id).values(values))
    said = {"institution": row.institution, "study_id": row.id, "status": RECEIVING, "received": received}
    sender = new[-1].sender
    if conflicts:
        sop_uids = sorted({each.instance.sop_uid for each in new if each not in grown})
        told = {**said, "conflicts": len(sop_uids)}
        unit.tell(Fact("study", row.study_uid, "study_conflict", now, None, sender, row.version + 1, told))
    if fresh:
        unit.tell(Fact("study", row.study_uid, "study_received", now, None, sender, row.version + 1, said))
        outbox.set_timer(unit, SETTLE, row.id, now + quiet)


def touch(unit: Unit, study_ids: Iterable[str], now: datetime) -> None:
    """Somebody who sent into these studies is still connected: they go on receiving."""
    unit.connection.execute(
        update(studies).where(studies.c.id.in_(sorted(study_ids)), studies.c.status == RECEIVING).values(last_at=now)
    )


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that was not taken: from whom, by which door, and why."""

    at: datetime
    institution: str
    sender: str
    door: str
    code: str
    reason_zh: str
    reason_en: str
    sop_uid: str
    sha256: str
    size: int
    kept: bool


def note_refused(unit: Unit, each: Refused) -> None:
    """Remember a refusal for the operator."""
    row = {name: getattr(each, name) for name in Refused.__slots__}
    unit.connection.execute(insert(refused).values({**row, "sop_uid": _text(each.sop_uid)[:128]}))


def _text(value: str) -> str:
    """Without what PostgreSQL cannot hold: NUL, and halves of surrogate pairs."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _instance_row(each: Arrival, rank: int) -> dict[str, Any]:
    said = each.instance
    return {
        "study_id": each.study_id,
        "series_id": each.series_id,
        "sop_uid": said.sop_uid,
        "rank": rank,
        "sha256": each.sha256,
        "size": each.size,
        "sop_class": said.sop_class,
        "transfer_syntax": said.transfer_syntax,
        "instance_number": _small(said.instance_number),
        "rows": _small(said.rows),
        "columns": _small(said.columns),
        "frames": _small(said.frames),
        "bits_allocated": _small(said.bits_allocated),
        "preamble_used": said.preamble_used,
        "sender": each.sender,
        "received_at": each.at,
        "facts": facts_of(said),
        "metadata": deflated(said.metadata),
    }


def _small(number: int | None) -> int | None:
    """A number that fits a 32-bit column; files say larger ones than PS3.5 §6.2 allows."""
    return number if number is not None and -(2**31) <= number < 2**31 else None


def _study_row(each: Arrival) -> dict[str, Any]:
    said = each.instance
    name = said.patient_name
    return {
        "id": each.study_id,
        "institution": each.institution,
        "study_uid": said.study_uid,
        "version": 0,
        "status": RECEIVING,
        "patient_name": _text(name.groups),
        "patient_display": _text(name.display),
        "search": _text(searchable(name.groups)),
        "charset_guessed": said.charset_guessed,
        "patient_id": _text(said.patient_id),
        "patient_sex": _text(said.patient_sex),
        "patient_birth_date": _text(said.patient_birth_date),
        "accession_number": _text(said.accession_number),
        "study_label": _text(said.study_id),
        "study_date": _text(said.study_date),
        "study_time": _text(said.study_time),
        "description": _text(said.study_description),
        "referring_physician": _text(said.referring_physician.groups),
        "series_count": 0,
        "instance_count": 0,
        "completeness": {},
        "first_at": each.at,
        "last_at": each.at,
        "told_at": each.at,
    }


def searchable(groups: str) -> str:
    """A name as people look for it: folded case, each group with its components apart and joined."""
    parts = [group for group in groups.casefold().split("=") if group]
    return " ".join(" ".join((part.replace("^", " "), part.replace("^", ""))) for part in parts)


def _series_row(each: Arrival) -> dict[str, Any]:
    said = each.instance
    return {
        "id": each.series_id,
        "study_id": each.study_id,
        "series_uid": said.series_uid,
        "version": 0,
        "modality": _text(said.modality),
        "number": _small(said.series_number),
        "description": _text(said.series_description),
        "body_part": _text(said.body_part),
        "laterality": _text(said.laterality),
        "protocol": _text(said.protocol),
        "series_date": _text(said.series_date),
        "series_time": _text(said.series_time),
        "procedure_start_date": _text(said.procedure_start_date),
        "procedure_start_time": _text(said.procedure_start_time),
        "scheduled_step_id": _text(said.scheduled_step_id),
        "requested_procedure_id": _text(said.requested_procedure_id),
        "manufacturer": _text(said.manufacturer),
        "station": _text(said.station),
        "instance_count": 0,
        "lossy": said.lossy,
        "gantry_tilt": said.gantry_tilt,
        "first_at": each.at,
    }
