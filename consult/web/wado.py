"""WADO-RS (PS3.18 §10.4): metadata, whole objects and bulk values, in what the client takes of what can be given."""

import hashlib
import json
from collections.abc import Sequence

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotAcceptable

from consult.actions.parts import Parts
from consult.domain.errors import Broken
from consult.formats.dicom import EXPLICIT
from consult.queries import dicomweb as questions
from consult.queries import metadata as told
from consult.queries.dicomweb import Bytes, Object
from consult.queries.metadata import Metadata
from consult.web.negotiation import DICOM, JSON_TYPES, OCTETS, STORED, XML, chosen, takes_gzip, ways
from consult.web.sending import ASK_AGAIN, alone, as_made, as_xml, in_parts
from consult.web.session import current_actor

SERIES = "/studies/<study>/series/<series>"
INSTANCE = f"{SERIES}/instances/<sop>"


def wado(routes: Blueprint, parts: Parts) -> None:
    """The routes of metadata, objects and bulk values."""
    _metadata(routes, parts)
    _objects(routes, parts)

    @routes.get(f"{INSTANCE}/bulkdata/<path:tags>")
    def retrieve_bulk_data(study: str, series: str, sop: str, tags: str) -> Response:
        found = questions.bulk_data(parts.store, parts.blobs, current_actor(), study, series, sop, tags)
        for by_itself, syntax in ways(OCTETS, len(found) == 1):
            if syntax in (STORED, *{each.transfer_syntax for each in found}):
                return alone(found[0], OCTETS) if by_itself else in_parts(found, OCTETS)
        raise NotAcceptable


def _metadata(routes: Blueprint, parts: Parts) -> None:
    @routes.get("/studies/<study>/metadata")
    def study_metadata(study: str) -> Response:
        return _told(told.study_metadata(parts.store, parts.blobs, current_actor(), study))

    @routes.get(f"{SERIES}/metadata")
    def series_metadata(study: str, series: str) -> Response:
        return _told(told.series_metadata(parts.store, parts.blobs, current_actor(), study, series))

    @routes.get(f"{INSTANCE}/metadata")
    def instance_metadata(study: str, series: str, sop: str) -> Response:
        return _told(told.instance_metadata(parts.store, current_actor(), study, series, sop))


def _told(metadata: Metadata) -> Response:
    """Metadata as JSON, gzipped as it lies in the cache for whom takes it; as XML, object by object."""
    kind = chosen((*JSON_TYPES, XML))
    zipped = kind != XML and takes_gzip()
    if kind == XML:
        answer = as_xml(map(json.loads, metadata.objects()))
    elif zipped:
        answer = Response(metadata.ready or told.gzipped(metadata.text()), mimetype=kind)
    else:
        answer = Response(metadata.text(), mimetype=kind)
    if zipped:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept, Accept-Encoding"
    answer.headers["Cache-Control"] = ASK_AGAIN
    answer.set_etag(metadata.etag + ("-gz" if zipped else "-xml" if kind == XML else ""))
    answer.make_conditional(request)
    return answer


def _objects(routes: Blueprint, parts: Parts) -> None:
    @routes.get("/studies/<study>")
    def retrieve_study(study: str) -> Response:
        return _given(questions.objects(parts.store, parts.blobs, current_actor(), study), False)

    @routes.get(SERIES)
    def retrieve_series(study: str, series: str) -> Response:
        return _given(questions.objects(parts.store, parts.blobs, current_actor(), study, series), False)

    @routes.get(INSTANCE)
    def retrieve_instance(study: str, series: str, sop: str) -> Response:
        return _given(questions.objects(parts.store, parts.blobs, current_actor(), study, series, sop), True)


def _given(found: Sequence[Object], one: bool) -> Response:
    """Objects in the first way that the client takes and that is possible without losing anything."""
    stored = {each.transfer_syntax for each in found}
    for by_itself, syntax in ways(DICOM, one):
        if syntax == STORED or stored == {syntax}:
            given = [each.as_stored() for each in found]
            return alone(given[0], DICOM) if by_itself else in_parts(given, DICOM)
        if syntax == EXPLICIT and all(each.rewritable for each in found):
            return _rewritten(found, by_itself)
    raise NotAcceptable


def _rewritten(found: Sequence[Object], by_itself: bool) -> Response:
    made = questions.explicit(found)
    if not by_itself:
        names = hashlib.sha256("".join(each.sha256 for each in found).encode()).hexdigest()
        return as_made(made, DICOM, names)
    try:
        (whole,) = list[Bytes](made)
    except Broken as impossible:
        raise NotAcceptable from impossible
    return alone(whole, DICOM)
