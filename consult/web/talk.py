"""Messages and files of a case over HTTP: a file goes to disk as it comes, and is given back to be saved only."""

import io
import sys
from collections.abc import Iterator
from typing import Any, cast

from flask import Response, request, send_file

from consult.actions import talk
from consult.actions.parts import Parts
from consult.actions.talk import Handed
from consult.domain.people import Institution
from consult.domain.talk import CATEGORIES, LARGEST_FILE, MEDIA_TYPES, PICTURES, Category, File, Kind, Message
from consult.queries import talk as talk_queries
from consult.web import schemas, talk_shapes
from consult.web.answers import answered
from consult.web.case_json import patient_out, site_out
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.record_shapes import PartyOut
from consult.web.session import current_actor

CHUNK = 256 << 10  # bytes
SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


def talk_api(parts: Parts) -> Api:
    """The routes of what is said and handed over."""
    api = Api("talk", "Messages and files of a case")
    _messages(api, parts)
    _files(api, parts)
    return api


def _messages(api: Api, parts: Parts) -> None:
    @api.get("/cases/<case_id>/messages", responses={200: talk_shapes.MessagesOut})
    def show_messages(path: schemas.CasePath, query: schemas.AfterQuery) -> Response:
        """What was said about a case, in order."""
        actor = current_actor()
        said = talk_queries.messages(parts.store, path.case_id, actor, query.after or 0)
        full = len(said.messages) == talk_queries.PAGE
        return answered(
            talk_shapes.MessagesOut(
                items=[talk_shapes.MessageOut(**_message(each, said.sites, actor.person_id)) for each in said.messages],
                read_to=said.read_to,
                talks=said.talks,
                next=said.messages[-1].id if full else None,
            )
        )

    @api.post("/cases/<case_id>/messages", responses={201: talk_shapes.MessageOut})
    def say(path: schemas.CasePath, body: talk_shapes.MessageIn) -> Response:
        """Say something about a case; it stays as it is."""
        actor = current_actor()
        said = talk.say(parts.store, path.case_id, body.text, actor, parts.clock())
        answer = answered(talk_shapes.MessageOut(**_message(said, {}, actor.person_id)))
        answer.status_code = 201
        return answer

    @api.put("/cases/<case_id>/messages/read", responses={200: talk_shapes.ReadThroughIn})
    def mark_read(path: schemas.CasePath, body: talk_shapes.ReadThroughIn) -> Response:
        """One has read up to a message."""
        talk.mark_read(parts.store, path.case_id, body.message_id, current_actor())
        return answered(body)

    @api.get("/messages", responses={200: talk_shapes.FoundsOut})
    def search_messages(query: talk_shapes.SearchQuery) -> Response:
        """Messages of the cases that you may open, newest first: by patient, case number or words."""
        actor = current_actor()
        found = talk_queries.search(parts.store, actor, query.q, query.before)
        items = [
            talk_shapes.FoundOut(
                **_message(each, {}, actor.person_id),
                case_id=case.id,
                number=case.number,
                patient=patient_out(case.patient),
            )
            for each, case in found.items
        ]
        return answered(talk_shapes.FoundsOut(items=items, next=items[-1].id if found.more else None))


def _files(api: Api, parts: Parts) -> None:
    @api.get("/cases/<case_id>/files", responses={200: talk_shapes.FilesOut})
    def show_files(path: schemas.CasePath) -> Response:
        """The files of a case."""
        found, adds = talk_queries.files(parts.store, path.case_id, current_actor())
        items = [file_out(each) for each in found]
        return answered(talk_shapes.FilesOut(items=items, adds=adds, limit_bytes=LARGEST_FILE))

    @api.post("/cases/<case_id>/files", responses={201: talk_shapes.FileOut})
    def hand_over(path: schemas.CasePath, query: talk_shapes.FileQuery) -> Response:
        """Add a file, its bytes as the body: PDF, JPEG, PNG or DICOM by what they are, whatever the name says."""
        actor = current_actor()
        request.max_content_length = sys.maxsize  # it goes to disk as it comes, and is counted there
        handed = Handed(query.name, Category(query.category))
        size = request.content_length
        kept = talk.hand_over(parts, path.case_id, handed, _chunks(), size, actor, parts.clock())
        answer = answered(file_out(kept))
        answer.status_code = 201
        return answer

    @api.get("/cases/<case_id>/files/<file_id>")
    def save_file(path: talk_shapes.FilePath) -> Response:
        """The file itself, to be saved."""
        found = talk_queries.file(parts.store, path.case_id, path.file_id, current_actor())
        answer = send_file(
            parts.blobs.path(found.sha256),
            mimetype=MEDIA_TYPES[Kind(found.kind)],
            as_attachment=True,
            download_name=found.name,
            etag=found.sha256,
            conditional=True,
        )
        return _caged(answer)

    @api.get("/cases/<case_id>/files/<file_id>/preview.jpg")
    def preview_file(path: talk_shapes.FilePath) -> Response:
        """A small picture, drawn anew from the file."""
        found = talk_queries.file(parts.store, path.case_id, path.file_id, current_actor())
        return _caged(send_file(io.BytesIO(talk.preview(parts, found)), mimetype="image/jpeg"))


def _caged(answer: Response) -> Response:
    """Whatever a browser makes of it, it runs nothing and stands in no page."""
    answer.headers["Content-Security-Policy"] = SANDBOX
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _chunks() -> Iterator[bytes]:
    return iter(lambda: request.stream.read(CHUNK), b"")


def _message(said: Message, sites: dict[str, Institution], reader: str | None) -> dict[str, Any]:
    return {
        "id": said.id,
        "author": PartyOut(id=said.author_id, name=said.author_name),
        "site": site_out(sites, said.author_site).name,
        "text": said.text,
        "at": said.at,
        "mine": said.author_id == reader,
    }


def file_out(file: File) -> talk_shapes.FileOut:
    """A file of a case."""
    category = Category(file.category)
    return talk_shapes.FileOut(
        id=file.id,
        name=file.name,
        kind=cast(talk_shapes.FileKind, file.kind),
        category=category.value,
        category_label=spoken(CATEGORIES[category]),
        size=file.size,
        by=PartyOut(id=file.by_id, name=file.by_name),
        at=file.at,
        study_uid=file.study_uid,
        preview=Kind(file.kind) in PICTURES,
    )
