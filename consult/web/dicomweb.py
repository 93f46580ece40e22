"""DICOMweb for viewers and other systems (PS3.18): QIDO-RS and WADO-RS here, STOW-RS in ``stow``."""

import gzip
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotAcceptable
from werkzeug.wsgi import wrap_file

from consult.actions.parts import Parts
from consult.domain.errors import NotFound
from consult.domain.studies import is_uid
from consult.queries import dicomweb as questions
from consult.queries.dicomweb import BadQuery, Bytes, Level, Metadata, Piece, Search
from consult.web.multipart import parameter
from consult.web.session import current_actor
from consult.web.stitched import Stitched
from consult.web.stow import stow

PREFIX = "/dicom-web"
JSON = "application/dicom+json"
DICOM = "application/dicom"
OCTETS = "application/octet-stream"
RELATED = "multipart/related"
FOREVER = "private, max-age=31536000, immutable"  # an instance is named by its UID and never replaced
ASK_AGAIN = "private, no-cache"  # may be kept, is checked by its ETag
MOST = 10_000  # studies in one answer to a search over all of them; within a study nothing is held back
MOST_FRAMES = 4096  # in one request
WORTH_ZIPPING = 2048  # bytes of JSON
CONTROLS = frozenset(
    {"limit", "offset", "fuzzymatching", "includefield", "emptyvaluematching", "multiplevaluematching"}
)


def dicomweb(parts: Parts) -> Blueprint:
    """The routes under ``/dicom-web``, all for signed-in people and programs only."""
    routes = Blueprint("dicomweb", __name__, url_prefix=PREFIX)
    routes.before_request(_check_uids)
    _qido(routes, parts)
    _metadata(routes, parts)
    _wado(routes, parts)
    stow(routes, parts)
    return routes


def _check_uids() -> None:
    for name, value in (request.view_args or {}).items():
        if name in ("study", "series", "sop") and not is_uid(str(value)):
            raise NotFound


# QIDO-RS (PS3.18 §10.6)


def _qido(routes: Blueprint, parts: Parts) -> None:
    def searched(level: Level, study: str | None = None, series: str | None = None) -> Response:
        wanted, include = _search(level, study, series)
        page = questions.search(parts.store, current_actor(), wanted, include, _base())
        answer = Response(json.dumps(page.objects, ensure_ascii=False, separators=(",", ":")), mimetype=JSON)
        answer.headers["X-Total-Count"] = str(page.total)
        answer.headers["Cache-Control"] = "no-store"
        left = page.total - wanted.offset - len(page.objects)
        if left > 0:
            answer.headers["Warning"] = f'299 consult "There are {left} additional results that can be requested"'
        return _zipped_if_asked(answer)

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


def _search(level: Level, study: str | None, series: str | None) -> tuple[Search, frozenset[str]]:
    """The search that the query string asks for, and what it wants included beyond what is always given."""
    said = request.args
    include = {name for value in said.getlist("includefield") for name in value.split(",") if name}
    limit = _whole("limit", said.get("limit"))
    if limit is None and study is None:
        limit = MOST
    wanted = Search(
        level,
        study,
        series,
        tuple((name, value) for name, value in said.items(multi=True) if name not in CONTROLS),
        said.get("fuzzymatching", "").lower() == "true",
        _whole("offset", said.get("offset")) or 0,
        limit,
    )
    return wanted, frozenset(include)


def _whole(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise BadQuery.at(name)
    return int(value)


def _base() -> str:
    return request.url_root.rstrip("/") + PREFIX


# metadata (PS3.18 §10.4.1.1.2)


def _metadata(routes: Blueprint, parts: Parts) -> None:
    @routes.get("/studies/<study>/metadata")
    def study_metadata(study: str) -> Response:
        return _told(questions.study_metadata(parts.store, parts.blobs, current_actor(), study))

    @routes.get("/studies/<study>/series/<series>/metadata")
    def series_metadata(study: str, series: str) -> Response:
        return _told(questions.series_metadata(parts.store, parts.blobs, current_actor(), study, series))

    @routes.get("/studies/<study>/series/<series>/instances/<sop>/metadata")
    def instance_metadata(study: str, series: str, sop: str) -> Response:
        return _told(questions.instance_metadata(parts.store, current_actor(), study, series, sop))


def _told(metadata: Metadata) -> Response:
    accepted = request.accept_mimetypes
    if accepted and not accepted.quality(JSON) and not accepted.quality("application/json"):
        raise NotAcceptable
    zipped = _takes_gzip()
    answer = Response(metadata.zipped if zipped else gzip.decompress(metadata.zipped), mimetype=JSON)
    if zipped:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = ASK_AGAIN
    answer.set_etag(metadata.etag + ("-gz" if zipped else ""))
    answer.make_conditional(request)
    return answer


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def _zipped_if_asked(answer: Response) -> Response:
    answer.headers["Vary"] = "Accept-Encoding"
    body = answer.get_data()
    if _takes_gzip() and len(body) > WORTH_ZIPPING:
        answer.set_data(gzip.compress(body, questions.FAST))
        answer.headers["Content-Encoding"] = "gzip"
    return answer


# WADO-RS (PS3.18 §10.4)


def _wado(routes: Blueprint, parts: Parts) -> None:
    store, blobs = parts.store, parts.blobs

    @routes.get("/studies/<study>")
    def retrieve_study(study: str) -> Response:
        return _related(questions.instances(store, blobs, current_actor(), study, None), DICOM, study)

    @routes.get("/studies/<study>/series/<series>")
    def retrieve_series(study: str, series: str) -> Response:
        return _related(questions.instances(store, blobs, current_actor(), study, series), DICOM, series)

    @routes.get("/studies/<study>/series/<series>/instances/<sop>")
    def retrieve_instance(study: str, series: str, sop: str) -> Response:
        found = questions.instance(store, blobs, current_actor(), study, series, sop)
        return _alone_or_related(found, DICOM)

    @routes.get("/studies/<study>/series/<series>/instances/<sop>/frames/<numbers>")
    def retrieve_frames(study: str, series: str, sop: str, numbers: str) -> Response:
        found = questions.frames(store, blobs, current_actor(), study, series, sop, _frame_numbers(numbers))
        answer = _related(found, _frame_type(found[0]), found[0].etag)
        answer.headers["Cache-Control"] = FOREVER
        return answer

    @routes.get("/studies/<study>/series/<series>/instances/<sop>/bulkdata/<path:tags>")
    def retrieve_bulk_data(study: str, series: str, sop: str, tags: str) -> Response:
        found = questions.bulk_data(store, blobs, current_actor(), study, series, sop, tags)
        return _alone_or_related(found, OCTETS)


def _frame_numbers(text: str) -> tuple[int, ...]:
    numbers = text.split(",")
    if len(numbers) > MOST_FRAMES or not all(re.fullmatch(r"[1-9][0-9]{0,8}", number) for number in numbers):
        raise BadQuery.at("frames")
    return tuple(int(number) for number in numbers)


def _accepted() -> list[tuple[str, str, str]]:
    """What is accepted, as (media type, type of the parts, transfer syntax), lower case; empty: anything."""
    found: list[tuple[str, str, str]] = []
    for value in request.headers.get("Accept", "").split(","):
        media = value.partition(";")[0].strip().lower()
        if media:
            found.append((media, parameter(value, "type").lower(), parameter(value, "transfer-syntax")))
    return found


def _frame_type(found: Bytes) -> str:
    """The media type to name a frame by: octets where the client asked for them, else what its bytes are."""
    wanted = [part for media, part, _ in _accepted() if media == RELATED]
    return OCTETS if OCTETS in wanted else found.media_type


def _check_syntax(found: Iterable[Bytes]) -> None:
    """Nothing is decoded in this process: a syntax that is asked for by name must be the stored one."""
    asked = {syntax for _, _, syntax in _accepted() if syntax}
    if asked and "*" not in asked and any(each.transfer_syntax not in asked for each in found):
        raise NotAcceptable


def _alone_or_related(found: Bytes, media_type: str) -> Response:
    """One object by itself where it is asked for so, else as the only part of a multipart answer."""
    accepted = [media for media, _, _ in _accepted()]
    if media_type in accepted:
        _check_syntax([found])
        answer = _sent(found.pieces, media_type, found.etag)
        answer.headers["Content-Disposition"] = "attachment"
    else:
        answer = _related([found], media_type, found.etag)
    answer.headers["Cache-Control"] = FOREVER
    return answer


def _related(found: Iterable[Bytes], media_type: str, name: str) -> Response:
    """A multipart/related answer (PS3.18 §8.6.1.2.1). Raises NotAcceptable where the client takes none."""
    every = list(found)
    accepted = [media for media, _, _ in _accepted()]
    if accepted and not {RELATED, "multipart/*", "*/*"} & set(accepted):
        raise NotAcceptable
    _check_syntax(every)
    etag = name if len(every) == 1 else f"{name}-{len(every)}"
    boundary = f"consult-{every[0].etag[:32] if every else 'nothing'}"
    pieces: list[Piece] = []
    for each in every:
        head = f"--{boundary}\r\nContent-Type: {media_type}; transfer-syntax={each.transfer_syntax}\r\n\r\n"
        pieces += [head.encode(), *each.pieces, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    answer = _sent(pieces, f'{RELATED}; type="{media_type}"; boundary={boundary}', etag)
    answer.headers["Vary"] = "Accept"
    answer.headers["Cache-Control"] = ASK_AGAIN
    return answer


def _sent(pieces: Sequence[Piece], content_type: str, etag: str) -> Response:
    """Pieces as a body that can be asked for in ranges; the bytes go from the file to the socket as they are."""
    body = Stitched(pieces)
    wrapped: Any = wrap_file(request.environ, body, 64 << 10)  # type: ignore[arg-type]
    answer = Response(wrapped, content_type=content_type, direct_passthrough=True)
    answer.content_length = len(body)
    answer.set_etag(etag)
    answer.make_conditional(request, accept_ranges=True, complete_length=len(body))
    return answer
