"""Searches by QIDO-RS: found objects as DICOM JSON, page after page without losing one's place."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from consult.domain.people import Actor
from consult.store import qido
from consult.store.qido import ATTRIBUTES, BY_NAME, REQUESTED, BadQuery, Key, Level, Search
from consult.store.unit import Store

__all__ = ["BadQuery", "Level", "Page", "Places", "Search", "search"]

JsonObject = dict[str, Any]
ALL = "all"
# Beyond our columns: what belongs to the patient and the study, and to the series (PS3.3 §C.7.1 to §C.7.3).
_OF_STUDY = frozenset(
    {
        "00080201", "00081032", "00081040", "00081048", "00081060", "00081070", "00081080", "00081084",
        "00101000", "00101001", "00101010", "00101020", "00101030", "00102000", "00102110", "00102160", "00102180",
        "001021B0", "001021C0", "00104000", "00321032", "00321060",
    }
)  # fmt: skip
_OF_SERIES = frozenset({"00081050", "00081090", "00185100", "00180050", "00180088", "00200052", "00201040", "0008103F"})
PLACES_S = 120  # for which a place in a search is remembered
PLACES_EACH, SEARCHES = 4096, 512


@dataclass(frozen=True, slots=True)
class Page:
    """Found objects as DICOM JSON; ``total`` is None where more follow than were counted, ``left`` of them at least."""

    objects: list[JsonObject]
    left: int
    total: int | None


class Places:
    """Where each page of a search ended: the next begins there, and a study that comes meanwhile shifts nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, tuple[float, dict[int, Key]]] = OrderedDict()

    def nearest(self, search_key: Any, offset: int) -> tuple[int, Key] | None:
        """The last known place at or before an offset."""
        with self._lock:
            since, places = self._kept.get(search_key, (0.0, {}))
            if time.monotonic() - since > PLACES_S:
                return None
            known = max((each for each in places if each <= offset), default=None)
            return None if known is None else (known, places[known])

    def remember(self, search_key: Any, begun_at: int, offset: int, place: Key) -> None:
        """A page that began at ``begun_at`` ended at a place; the first page begins the search anew."""
        with self._lock:
            _, places = self._kept.pop(search_key, (0.0, {}))
            if begun_at == 0 or len(places) >= PLACES_EACH:
                places = {}
            places[offset] = place
            self._kept[search_key] = (time.monotonic(), places)
            if len(self._kept) > SEARCHES:
                self._kept.popitem(last=False)


def search(store: Store, places: Places, actor: Actor, wanted: Search, include: frozenset[str], base: str) -> Page:
    """What matches, as DICOM JSON (PS3.18 §10.6.3); ``base`` is where ``/studies`` of RetrieveURLs begins.

    ``include`` names tags beyond those that are always given, or holds ``all``; beyond our columns they come from what
    the first instance says. Raises BadQuery and NotFound.
    """
    key = (actor, replace(wanted, offset=0, limit=None))
    known = places.nearest(key, wanted.offset) if wanted.offset and wanted.level is Level.STUDY else None
    skipped, after = known or (0, None)
    with store.read() as connection:
        found = qido.search(connection, actor, replace(wanted, offset=wanted.offset - skipped, after=after))
        objects = [_object(row, wanted.level, base) for row in found.rows]
        if include:
            _include(connection, wanted.level, found.rows, objects, include)
    passed = wanted.offset + len(objects)
    if found.last is not None and wanted.level is Level.STUDY:
        places.remember(key, wanted.offset, passed, found.last)
    return Page(objects, found.left, None if found.total is None else skipped + found.total)


def is_key(path: str, level: Level) -> bool:
    """Whether objects of a level can be searched for by the attribute at a path of tags."""
    return path in BY_NAME and BY_NAME[path].level <= level


def is_name(path: str) -> bool:
    """Whether the attribute at a path of tags is a person's name that can be searched for."""
    return path in BY_NAME and BY_NAME[path].vr == "PN"


def _include(
    connection: Any, level: Level, rows: Sequence[JsonObject], objects: Sequence[JsonObject], include: frozenset[str]
) -> None:
    wanted = include - {ALL}
    if ALL in include:
        wanted |= (_OF_STUDY, _OF_STUDY | _OF_SERIES, frozenset[str]())[level]
    for said, made in zip(qido.said_of(connection, level, rows), objects, strict=True):
        told: JsonObject = json.loads(said)
        everything = ALL in include and level is Level.INSTANCE
        made.update({tag: told[tag] for tag in told if tag not in made and (everything or tag in wanted)})
        made_sorted = dict(sorted(made.items()))
        made.clear()
        made.update(made_sorted)


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
