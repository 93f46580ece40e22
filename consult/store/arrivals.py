"""Instances come in: rows of instances, series and studies grow together, in one transaction for all that arrived."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from consult.domain.events import Fact
from consult.domain.studies import Instance
from consult.domain.words import searchable
from consult.store import outbox, study_words
from consult.store.rows import deflated, facts_of
from consult.store.tables_studies import instances, refused, series, studies
from consult.store.unit import Unit

SETTLE = "study_quiet"  # the timer's job
TELL_EVERY = timedelta(seconds=1)
RECEIVING = "receiving"
SEARCHED = 500  # characters of a name's words that stand in an index, whose rows PostgreSQL bounds; a name has 194


class Kept(StrEnum):
    """What became of an object that was taken."""

    STORED = "stored"  # the first of its identity
    DUPLICATE = "duplicate"  # the same data set is there already
    CONFLICT = "conflict"  # the same UIDs, other content: both are kept, the first stays primary


@dataclass(frozen=True)
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

    @cached_property
    def study_id(self) -> str:
        """The key of its study."""
        return study_key(self.institution, self.instance.study_uid)

    @cached_property
    def series_id(self) -> str:
        """The key of its series."""
        return series_key(self.study_id, self.instance.series_uid)

    @cached_property
    def row(self) -> dict[str, Any]:
        """Its row, all but the rank; made by whoever asks first, outside of the transaction."""
        return _instance_row(self)

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


# Made once: to put a statement together costs as much as to run it.
_STUDIES = select(studies).where(studies.c.id.in_(bindparam("ids", expanding=True))).order_by(studies.c.id)
_LOCKED = _STUDIES.with_for_update()
_SERIES = select(series).where(series.c.id.in_(bindparam("ids", expanding=True)))
_INSERT = insert(instances)
_THERE = select(instances.c.series_id, instances.c.sop_uid, instances.c.sha256, instances.c.rank).where(
    # two lists rather than pairs: SQLite reads a whole index for a list of pairs
    instances.c.series_id.in_(bindparam("series", expanding=True)),
    instances.c.sop_uid.in_(bindparam("sops", expanding=True)),
)
_GROW_SERIES = (
    update(series)
    .where(series.c.id == bindparam("key"))
    .values(
        version=series.c.version + 1,
        instance_count=series.c.instance_count + bindparam("more"),
        lossy=bindparam("is_lossy"),
    )
)
_GROW_STUDY = (
    update(studies)
    .where(studies.c.id == bindparam("key"))
    .values(
        version=studies.c.version + 1,
        status=RECEIVING,
        series_count=bindparam("series"),
        instance_count=bindparam("instances"),
        last_at=bindparam("last"),
        told_at=bindparam("told"),
    )
)


def keep(unit: Unit, arrived: Sequence[Arrival], quiet: timedelta) -> list[Kept | Unknown]:
    """Give every arrival its row, or say why not; tell at most one fact a study, and not more than one a second."""
    connection = unit.connection
    known_studies = _rows(connection, studies, _LOCKED, {each.study_id: each for each in arrived}, _study_row)
    known_series = _rows(connection, series, _SERIES, {each.series_id: each for each in arrived}, _series_row)
    there = _there(connection, arrived)
    outcomes: list[Kept | Unknown] = []
    new: list[Arrival] = []
    rows: list[dict[str, Any]] = []
    for each in arrived:
        held = there.setdefault((each.series_id, each.instance.sop_uid), {})
        outcome = _outcome(each, held)
        outcomes.append(outcome)
        if outcome in (Kept.STORED, Kept.CONFLICT):
            rows.append({**each.row, "rank": len(held)})
            held[each.sha256] = len(held)
            new.append(each)
    if new:
        connection.execute(_INSERT, rows)
        first = {id(each) for each, row in zip(new, rows, strict=True) if row["rank"] == 0}
        _grow(unit, new, first, known_studies, known_series, quiet)
    return outcomes


def _rows(
    connection: Connection,
    table: Table,
    query: Select[Any],
    wanted: dict[str, Arrival],
    made: Callable[[Arrival], dict[str, Any]],
) -> dict[str, Any]:
    """The rows with these ids, made where missing; studies are held against other writers until the end."""
    ids = {"ids": sorted(wanted)}
    found = {row.id: row for row in connection.execute(query, ids)}
    missing = [made(wanted[key]) for key in sorted(wanted) if key not in found]
    if not missing:
        return found
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), missing)
    if table is studies:
        study_words.index(connection, missing)
    return {row.id: row for row in connection.execute(query, ids)}


def _outcome(each: Arrival, held: dict[str, int]) -> Kept | Unknown:
    if each.sha256 in held or not each.same_as.isdisjoint(held):
        return Kept.DUPLICATE
    unknown = tuple(sha256 for sha256 in held if sha256 not in each.differs_from)
    if unknown:
        return Unknown(unknown)
    return Kept.CONFLICT if held else Kept.STORED


def _there(connection: Connection, arrived: Sequence[Arrival]) -> dict[tuple[str, str], dict[str, int]]:
    """By series and SOP instance, the hashes that are kept, with their ranks."""
    wanted = {
        "series": sorted({each.series_id for each in arrived}),
        "sops": sorted({each.instance.sop_uid for each in arrived}),
    }
    there: dict[tuple[str, str], dict[str, int]] = {}
    for series_id, sop_uid, sha256, rank in connection.execute(_THERE, wanted):
        there.setdefault((series_id, sop_uid), {})[sha256] = rank
    return there


def _grow(
    unit: Unit,
    new: Sequence[Arrival],
    first: Collection[int],
    known_studies: dict[str, Any],
    known_series: dict[str, Any],
    quiet: timedelta,
) -> None:
    """Count what is new in its series and studies; ``first`` are the ids of those arrivals that are primary."""
    more = Counter(each.series_id for each in new if id(each) in first)
    lossy = {each.series_id for each in new if each.instance.lossy}
    changed = sorted({each.series_id for each in new})
    grown = [{"key": key, "more": more[key], "is_lossy": known_series[key].lossy or key in lossy} for key in changed]
    unit.connection.execute(_GROW_SERIES, grown)
    values: list[dict[str, Any]] = []
    for study_id in sorted({each.study_id for each in new}):
        mine = [each for each in new if each.study_id == study_id]
        begun = sum(known_series[key].version == 0 and known_series[key].study_id == study_id for key in changed)
        values.append(_grown(unit, known_studies[study_id], mine, first, begun, quiet))
    unit.connection.execute(_GROW_STUDY, values)


def _grown(
    unit: Unit, row: Any, new: Sequence[Arrival], first: Collection[int], begun: int, quiet: timedelta
) -> dict[str, Any]:
    """What a study's row becomes; tells it, and starts its timer, when it was not told just now."""
    now = max(each.at for each in new)
    differing = {each.instance.sop_uid for each in new if id(each) not in first}
    received = row.instance_count + sum(id(each) in first for each in new)
    said = {"institution": row.institution, "study_id": row.id, "status": RECEIVING, "received": received}
    sender, version = new[-1].sender, row.version + 1
    if differing:
        told = {**said, "conflicts": len(differing)}
        unit.tell(Fact("study", row.study_uid, "study_conflict", now, None, sender, version, told))
    fresh = row.version == 0 or row.status != RECEIVING or now - row.told_at >= TELL_EVERY
    if fresh:
        unit.tell(Fact("study", row.study_uid, "study_received", now, None, sender, version, said))
        outbox.set_timer(unit, SETTLE, row.id, now + quiet)
    return {
        "key": row.id,
        "series": row.series_count + begun,
        "instances": received,
        "last": max(now, row.last_at),
        "told": now if fresh else row.told_at,
    }


def released(unit: Unit, study_ids: Iterable[str], due_at: datetime) -> None:
    """Whoever sent into these studies has hung up: those that are still receiving are looked at soon."""
    receiving = select(studies.c.id).where(studies.c.id.in_(sorted(study_ids)), studies.c.status == RECEIVING)
    for study_id in unit.connection.execute(receiving).scalars().all():
        outbox.set_timer(unit, SETTLE, study_id, due_at, {"released": True})


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


def _instance_row(each: Arrival) -> dict[str, Any]:
    said = each.instance
    return {
        "study_id": each.study_id,
        "series_id": each.series_id,
        "sop_uid": said.sop_uid,
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
        "search": _text(searchable(name.groups))[:SEARCHED],
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
