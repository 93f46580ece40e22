"""Images taken away: a case's DICOM files as one ZIP with a directory, made while it is sent."""

from functools import partial

from flask import Response
from pydantic import BaseModel

from consult.actions.parts import Parts
from consult.formats.media import Member, archive
from consult.queries import exports
from consult.web import schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor


class ExportOut(BaseModel):
    """What may be taken away of a case; ``sentence`` says why not, and is empty where it may."""

    allowed: bool
    sentence: str
    objects: int
    bytes: int


def exports_api(parts: Parts) -> Api:
    """The routes of what is taken away."""
    api = Api("exports", "Images taken away, by who may")

    @api.get("/cases/<case_id>/exports", responses={200: ExportOut})
    def show_offer(path: schemas.CasePath) -> Response:
        """What you may take of the images of a case."""
        found = exports.offer(parts.store, path.case_id, current_actor())
        sentence = spoken(found.refusal) if found.refusal else ""
        return answered(
            ExportOut(allowed=found.refusal is None, sentence=sentence, objects=found.objects, bytes=found.size)
        )

    @api.get("/cases/<case_id>/exports/dicom.zip")
    def take_dicom(path: schemas.CasePath) -> Response:
        """All DICOM files of the case's studies as they are kept, with a DICOMDIR; that they were taken is recorded."""
        number, found = exports.taken(parts.store, parts.blobs, path.case_id, current_actor())
        directory, names = parts.painter.directory([each.path for each in found])
        members = [Member("DICOMDIR", len(directory), lambda: (directory,))]
        members += [
            Member(name, each.size, partial(exports.content, each)) for name, each in zip(names, found, strict=True)
        ]
        length, body = archive(members)
        answer = Response(body, mimetype="application/zip")
        answer.content_length = length
        answer.headers["Content-Disposition"] = f'attachment; filename="{number}.zip"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return api
