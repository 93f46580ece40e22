"""DICOMweb for viewers and other systems (PS3.18): every route under one prefix, for whoever is signed in."""

from flask import Blueprint, request

from consult.actions.parts import Parts
from consult.domain.errors import NotFound
from consult.domain.studies import is_uid
from consult.web.other_objects import other_objects
from consult.web.passes import Passes, passing
from consult.web.pictures import pictures
from consult.web.qido import qido
from consult.web.stow import stow
from consult.web.wado import wado

PREFIX = "/dicom-web"


def dicomweb(parts: Parts, passes: Passes) -> Blueprint:
    """The routes under ``/dicom-web``, all for signed-in people and programs only."""
    routes = Blueprint("dicomweb", __name__, url_prefix=PREFIX)
    routes.before_request(_check_uids)
    qido(routes, parts, PREFIX)
    wado(routes, parts)
    pictures(routes, parts, passes)
    other_objects(routes, parts)
    passing(routes, parts)
    stow(routes, parts)
    return routes


def _check_uids() -> None:
    for name, value in (request.view_args or {}).items():
        if name in ("study", "series", "sop") and not is_uid(str(value)):
            raise NotFound
