"""QIDO-RS (PS3.18 §10.6): searches for studies, series and instances, each page told with what follows it."""

import re

from flask import Blueprint, Response, request

from consult.actions.parts import Parts
from consult.formats.dictionary import path_of, tag_of
from consult.queries import qido as questions
from consult.queries.qido import ALL, BadQuery, Level, Page, Search
from consult.web.negotiation import JSON_TYPES, XML, chosen
from consult.web.sending import as_json, as_xml
from consult.web.session import current_actor

MOST = 10_000  # objects in one answer to a search over all of them; within a study nothing is held back
CONTROLS = frozenset(
    {"limit", "offset", "fuzzymatching", "includefield", "emptyvaluematching", "multiplevaluematching"}
)
TRUTHS = frozenset({"true", "false"})
LITERAL = "The fuzzymatching parameter is only supported for PatientName. Only literal matching has been performed."
FUZZY_NAME = "00100010"


def qido(routes: Blueprint, parts: Parts, prefix: str) -> None:
    """The routes of searches."""
    places = questions.Places()

    def searched(level: Level, study: str | None = None, series: str | None = None) -> Response:
        kind = chosen((*JSON_TYPES, XML))
        wanted, include, literal = _search(level, study, series)
        base = request.url_root.rstrip("/") + prefix
        page = questions.search(parts.store, places, current_actor(), wanted, include, base)
        answer = as_xml(page.objects) if kind == XML else as_json(page.objects, kind)
        answer.headers["Cache-Control"] = "no-store"
        if page.total is not None:
            answer.headers["X-Total-Count"] = str(page.total)
        for warning in (_left(page), LITERAL if literal else ""):
            if warning:
                answer.headers.add("Warning", f'299 consult "{warning}"')
        return answer

    @routes.get("/studies")
    def search_studies() -> Response:
        return searched(Level.STUDY)

    @routes.get("/series")
    def search_series() -> Response:
        return searched(Level.SERIES)

    @routes.get("/instances")
    def search_instances() -> Response:
        return searched(Level.INSTANCE)

    @routes.get("/studies/<study>/series")
    def search_series_of_study(study: str) -> Response:
        return searched(Level.SERIES, study)

    @routes.get("/studies/<study>/instances")
    def search_instances_of_study(study: str) -> Response:
        return searched(Level.INSTANCE, study)

    @routes.get("/studies/<study>/series/<series>/instances")
    def search_instances_of_series(study: str, series: str) -> Response:
        return searched(Level.INSTANCE, study, series)


def _left(page: Page) -> str:
    """What a page leaves, in the standard's words (PS3.18 §8.3.4.4)."""
    if page.left <= 0:
        return ""
    count = str(page.left) if page.total is not None else f"more than {page.left}"
    return f"There are {count} additional results that can be requested"


def _search(level: Level, study: str | None, series: str | None) -> tuple[Search, frozenset[str], bool]:
    """What the query string asks for, what it wants included, and whether a name is matched literally after all."""
    said = request.args
    matches = tuple((_path(name, level), value) for name, value in said.items(multi=True) if name not in CONTROLS)
    fuzzy = _truth("fuzzymatching", said.get("fuzzymatching"))
    if _truth("emptyvaluematching", said.get("emptyvaluematching")):
        raise BadQuery.at("emptyvaluematching")
    if _truth("multiplevaluematching", said.get("multiplevaluematching")):
        raise BadQuery.at("multiplevaluematching")
    limit = _whole("limit", said.get("limit"))
    if study is None:
        limit = MOST if limit is None else min(limit, MOST)
    wanted = Search(level, study, series, matches, fuzzy, _whole("offset", said.get("offset")) or 0, limit)
    literal = fuzzy and any(questions.is_name(path) and path != FUZZY_NAME for path, _ in matches)
    return wanted, _included(said.getlist("includefield")), literal


def _path(name: str, level: Level) -> str:
    path = path_of(name)
    if path is None or not questions.is_key(path, level):
        raise BadQuery.at(name)
    return path


def _included(values: list[str]) -> frozenset[str]:
    found: set[str] = set()
    for name in (name for value in values for name in value.split(",") if name):
        tag = ALL if name == ALL else tag_of(name.split(".")[0])
        if tag is None:
            raise BadQuery.at("includefield")
        found.add(tag)
    return frozenset(found)


def _truth(name: str, value: str | None) -> bool:
    if value is not None and value.lower() not in TRUTHS:
        raise BadQuery.at(name)
    return value is not None and value.lower() == "true"


def _whole(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise BadQuery.at(name)
    return int(value)
