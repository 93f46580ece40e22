"""What is no image, made to be looked at: curves as JSON, the pages of a document as pictures."""

import hashlib
import re

from flask import Blueprint, Response, jsonify, request

from consult.actions.parts import Parts
from consult.domain.errors import NotFound
from consult.formats.waveforms import MOST_S
from consult.queries import dicomweb as questions
from consult.queries.dicomweb import Bytes, Object
from consult.queries.qido import BadQuery
from consult.web.sending import FOREVER, alone
from consult.web.session import current_actor
from consult.web.wado import INSTANCE

_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")


def other_objects(routes: Blueprint, parts: Parts) -> None:
    """The routes of curves and documents, below an instance."""

    def found(study: str, series: str, sop: str) -> Object:
        (one,) = questions.objects(parts.store, parts.blobs, current_actor(), study, series, sop)
        return one

    @routes.get(f"{INSTANCE}/waveforms")
    def waveforms(study: str, series: str, sop: str) -> Response:
        """``?group=0&at=0&seconds=60``: one group's curves, a stretch of time of at most a minute."""
        one = found(study, series, sop)
        group, at_s, seconds = int(_asked("group", 0)), _asked("at", 0), _asked("seconds", MOST_S)
        return _kept(jsonify(parts.painter.waveforms(one.path, group, at_s, seconds)), one)

    @routes.get(f"{INSTANCE}/pages")
    def pages(study: str, series: str, sop: str) -> Response:
        one = found(study, series, sop)
        return _kept(jsonify(parts.painter.document(one.path)), one)

    @routes.get(f"{INSTANCE}/pages/<page>")
    def page(study: str, series: str, sop: str, page: str) -> Response:
        one = found(study, series, sop)
        if not re.fullmatch(r"[1-9][0-9]{0,3}", page):
            raise NotFound
        picture = parts.painter.page(one.path, int(page))
        return alone(Bytes((picture,), "image/png", "", f"{one.sha256}-page-{page}"), "image/png")


def _asked(name: str, otherwise: float) -> float:
    text = request.args.get(name)
    if text is None:
        return otherwise
    if not _SECONDS.fullmatch(text):
        raise BadQuery.at(name)
    return float(text)


def _kept(answer: Response, one: Object) -> Response:
    """An object never changes, so the answer may be kept."""
    answer.headers["Cache-Control"] = FOREVER
    answer.set_etag(hashlib.sha256(f"{one.sha256} {request.query_string.decode()}".encode()).hexdigest())
    answer.make_conditional(request)
    return answer
