"""Searches what the archive holds as QIDO-RS asks: newest first, page by page along an index, and counts honestly.

Every condition is asked of every row that is given out. Beside that, what is rare is looked up first: where an index
says that few studies can match, only those are looked at; else the newest are walked through until the page is full.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from consult.domain.people import Actor
from consult.domain.words import asked_words
from consult.store.qido_keys import ATTRIBUTES, BY_NAME, REQUESTED, BadQuery, Condition, Level, named
from consult.store.rows import inflated
from consult.store.studies import PRIMARY, find, visible_ids, visible_to
from consult.store.study_words import NAME, StudyIds, begins
from consult.store.tables_studies import instances, series, studies

__all__ = ["ATTRIBUTES", "BY_NAME", "REQUESTED", "BadQuery", "Found", "Level", "Search", "search"]

FEW = 1000  # rows of an index that are looked up one by one
SOME = 2500  # that are looked up where two conditions together leave them: to walk until so many come takes longer
COMMON = 5_000  # rows of an index from which on a condition narrows nothing
COUNTED = 50  # matches after a page that are counted; beyond, it is said that there are more
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """A search: the level, where in the tree, (attribute name, value) pairs, whether names match fuzzily, the page.

    ``limit`` None is no limit. ``after`` is the place in the order of studies behind which ``offset`` begins to count.
    """

    level: Level
    study_uid: str | None = None
    series_uid: str | None = None
    matches: tuple[tuple[str, str], ...] = ()
    fuzzy: bool = False
    offset: int = 0
    limit: int | None = None
    after: Key | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows, each by DICOM tag, with ``id``, ``series_id`` and ``study_id`` beside.

    ``left`` matches follow, or more than that where ``total`` is None; both count from behind ``after`` on. ``last`` is
    the place of the page's last study.
    """

    rows: Sequence[dict[str, Any]]
    left: int
    total: int | None
    last: Key | None


_KEYS = (studies.c.study_date, studies.c.study_time, studies.c.id)
_NEWEST = tuple(key.desc() for key in _KEYS)
_ORDER: dict[Level, tuple[ColumnElement[Any], ...]] = {
    Level.STUDY: _NEWEST,
    Level.SERIES: (*_NEWEST, series.c.number, series.c.series_uid),
    Level.INSTANCE: (
        *_NEWEST,
        series.c.number,
        series.c.series_uid,
        instances.c.instance_number,
        instances.c.sop_uid,
    ),
}


def search(connection: Connection, actor: Actor, wanted: Search) -> Found:
    """What matches of what the actor sees. Raises NotFound for a study in the path that they do not, and BadQuery."""
    conditions = list(_conditions(connection, actor, wanted))
    if wanted.study_uid is None:
        among = _among(connection, actor, wanted)
        if among is not None:
            conditions.append(studies.c.id.in_(among))
    if wanted.after is not None:
        conditions.append(tuple_(*_KEYS) < tuple_(*wanted.after))
    whole = wanted.limit is None or wanted.study_uid is not None  # within a study everything is counted
    more = None if whole else (wanted.limit or 0) + COUNTED + 1
    page = _ids(wanted.level, conditions).order_by(*_ORDER[wanted.level]).offset(wanted.offset).limit(more)
    ids = list(connection.execute(page).scalars())
    left, counted = _left(connection, wanted, conditions, len(ids))
    rows = _rows(connection, wanted.level, ids[: wanted.limit])
    last = (rows[-1]["00080020"], rows[-1]["00080030"], rows[-1]["study_id"]) if rows else None
    return Found(rows, left, wanted.offset + len(rows) + left if counted else None, last)


def _conditions(connection: Connection, actor: Actor, wanted: Search) -> Iterator[Condition]:
    if wanted.study_uid is not None:
        yield studies.c.id == find(connection, wanted.study_uid, actor).id
    if wanted.series_uid is not None:
        yield series.c.series_uid == wanted.series_uid
    if wanted.level is Level.INSTANCE:
        yield PRIMARY
    for name, value in wanted.matches:
        attribute = BY_NAME.get(name)
        if attribute is None or attribute.level > wanted.level:
            raise BadQuery.at(name)
        if _is_fuzzy(wanted, name):
            yield from (named(word) for word in asked_words(value))
        else:
            yield attribute.matched(value)
    if wanted.study_uid is None:  # what takes longest is asked last, of those that match
        yield visible_to(actor)


def _is_fuzzy(wanted: Search, name: str) -> bool:
    return wanted.fuzzy and BY_NAME[name].keyword == "PatientName"


def _among(connection: Connection, actor: Actor, wanted: Search) -> set[str] | None:
    """The few studies that can match, by what an index says of each condition; None where no condition is rare."""
    among: set[str] | None = None
    common: list[Select[Any]] = []
    for query in _narrowings(wanted):
        found = connection.execute(query.limit(FEW + 1)).scalars().all()
        if len(found) > FEW:
            common.append(query)
        else:
            among = set(found) if among is None else among & set(found)
    if among is None and len(common) > 1:
        among = _in_both(connection, common)
    theirs = visible_ids(actor) if among is None else None
    if theirs is not None:
        found = connection.execute(theirs.limit(FEW + 1)).scalars().all()
        among = set(found) if len(found) <= FEW else None
    return among


def _in_both(connection: Connection, common: Sequence[Select[Any]]) -> set[str] | None:
    """The studies that the two rarest of some common conditions leave, where two together are rare; else None."""
    counted = [
        (connection.scalar(select(func.count()).select_from(query.limit(COMMON).subquery())) or 0, at, query)
        for at, query in enumerate(common)
    ]
    (rarest, _, inner), (_, _, outer) = sorted(counted)[:2]
    if rarest >= COMMON:
        return None
    also = outer.selected_columns[0].in_(inner.correlate(None))
    found = connection.execute(outer.where(also).distinct().limit(SOME + 1)).scalars().all()
    return set(found) if len(found) <= SOME else None


def _narrowings(wanted: Search) -> Iterator[Select[Any]]:
    for name, value in wanted.matches:
        queries: list[StudyIds | None]
        if _is_fuzzy(wanted, name):
            queries = [begins(NAME, word) for word in asked_words(value)]
        else:
            queries = [BY_NAME[name].among(value)]
        yield from (query for query in queries if query is not None)


def _source(level: Level) -> Any:
    joined: Any = studies
    if level >= Level.SERIES:
        joined = joined.join(series, series.c.study_id == studies.c.id)
    if level is Level.INSTANCE:
        joined = joined.join(instances, instances.c.series_id == series.c.id)
    return joined


_ID: dict[Level, ColumnElement[Any]] = {
    Level.STUDY: studies.c.id,
    Level.SERIES: series.c.id,
    Level.INSTANCE: instances.c.id,
}


def _ids(level: Level, conditions: Sequence[Condition]) -> Select[Any]:
    return select(_ID[level]).select_from(_source(level)).where(*conditions)


def _rows(connection: Connection, level: Level, ids: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows with these ids, in their order."""
    columns = [
        each.column.label(each.tag)
        for each in (*ATTRIBUTES, *REQUESTED)
        if each.column is not None and each.level <= level
    ]
    columns += [
        _ID[step].label(name)
        for step, name in zip(Level, ("study_id", "series_id", "id"), strict=True)
        if step <= level
    ]
    query = select(*columns).select_from(_source(level))
    found: dict[Any, dict[str, Any]] = {}
    key = ("study_id", "series_id", "id")[level]
    for first in range(0, len(ids), _AT_ONCE):
        some = query.where(_ID[level].in_(ids[first : first + _AT_ONCE]))
        found |= {row[key]: dict(row) for row in connection.execute(some).mappings()}
    rows = [found[each] for each in ids]
    if level is Level.STUDY:
        _add_modalities(connection, rows)
    return rows


_AT_ONCE = 5000  # ids in one question; PostgreSQL takes 65,535 values


def _left(connection: Connection, wanted: Search, conditions: Sequence[Condition], given: int) -> tuple[int, bool]:
    """How many matches follow a page (fewer than none behind the last), and whether that is all of them."""
    if given or not wanted.offset:
        left = 0 if wanted.limit is None else max(0, given - wanted.limit)
        counted = left <= COUNTED or wanted.study_uid is not None
        return left if counted else COUNTED, counted
    every = _ids(wanted.level, conditions).subquery()
    return (connection.scalar(select(func.count()).select_from(every)) or 0) - wanted.offset, True


def _add_modalities(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """The modalities of each study, ``00080061``; several hundred studies are one question."""
    found: dict[str, list[str]] = {row["study_id"]: [] for row in rows}
    ids = list(found)
    for first in range(0, len(ids), _AT_ONCE):
        query = (
            select(series.c.study_id, series.c.modality)
            .where(series.c.study_id.in_(ids[first : first + _AT_ONCE]), series.c.modality != "")
            .distinct()
            .order_by(series.c.study_id, series.c.modality)
        )
        for study_id, modality in connection.execute(query):
            found[study_id].append(modality)
    for row in rows:
        row["00080061"] = found[row["study_id"]]


def said_of(connection: Connection, level: Level, rows: Sequence[dict[str, Any]]) -> list[bytes]:
    """What the first instance of each found object says, as DICOM JSON."""
    name = ("study_id", "series_id", "id")[level]
    column = (instances.c.study_id, instances.c.series_id, instances.c.id)[level]
    ids, said = [row[name] for row in rows], dict[Any, bytes]()
    for first in range(0, len(ids), _AT_ONCE):
        of_these = column.in_(ids[first : first + _AT_ONCE])
        firsts = select(func.min(instances.c.id)).where(of_these, PRIMARY).group_by(column)
        query = select(column, instances.c.metadata).where(instances.c.id.in_(firsts))
        said |= {key: inflated(metadata) for key, metadata in connection.execute(query)}
    return [said.get(each, b"{}") for each in ids]
