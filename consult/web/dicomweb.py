"""DICOMweb for viewers and other systems (PS3.18): every route under one prefix, for whoever is signed in."""

import re

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotAcceptable

from consult.actions.parts import Parts
from consult.domain.errors import NotFound
from consult.domain.studies import is_uid
from consult.queries import dicomweb as questions
from consult.queries.dicomweb import Bytes
from consult.queries.qido import BadQuery
from consult.web.negotiation import OCTETS, RELATED, STORED, taken, ways
from consult.web.qido import qido
from consult.web.sending import FOREVER, in_parts
from consult.web.session import current_actor
from consult.web.stow import stow
from consult.web.wado import wado

PREFIX = "/dicom-web"
MOST_FRAMES = 4096  # in one request


def dicomweb(parts: Parts) -> Blueprint:
    """The routes under ``/dicom-web``, all for signed-in people and programs only."""
    routes = Blueprint("dicomweb", __name__, url_prefix=PREFIX)
    routes.before_request(_check_uids)
    qido(routes, parts, PREFIX)
    wado(routes, parts)
    _frames(routes, parts)
    stow(routes, parts)
    return routes


def _check_uids() -> None:
    for name, value in (request.view_args or {}).items():
        if name in ("study", "series", "sop") and not is_uid(str(value)):
            raise NotFound


def _frames(routes: Blueprint, parts: Parts) -> None:
    @routes.get("/studies/<study>/series/<series>/instances/<sop>/frames/<numbers>")
    def retrieve_frames(study: str, series: str, sop: str, numbers: str) -> Response:
        wanted = _frame_numbers(numbers)
        found = questions.frames(parts.store, parts.blobs, current_actor(), study, series, sop, wanted)
        for _, syntax in ways(OCTETS, False):
            if syntax in (STORED, found[0].transfer_syntax):
                answer = in_parts(found, _frame_type(found[0]))
                answer.headers["Cache-Control"] = FOREVER
                return answer
        raise NotAcceptable


def _frame_numbers(text: str) -> tuple[int, ...]:
    numbers = text.split(",")
    if len(numbers) > MOST_FRAMES or not all(re.fullmatch(r"[1-9][0-9]{0,8}", number) for number in numbers):
        raise BadQuery.at("frames")
    return tuple(int(number) for number in numbers)


def _frame_type(found: Bytes) -> str:
    """The media type to name a frame by: octets where the client asked for them, else what its bytes are."""
    return OCTETS if any(each.media == RELATED and each.part == OCTETS for each in taken()) else found.media_type
