"""Refused objects over HTTP, for administrators: what, from whom, why, how to mend; file, second try, dismissal."""

from datetime import datetime
from typing import Literal

from flask import Response, send_file
from pydantic import BaseModel, Field

from consult.actions import quarantine as actions
from consult.actions.parts import Parts
from consult.domain.errors import Words
from consult.domain.quarantine import MEND
from consult.queries import quarantine as queries
from consult.queries.quarantine import RefusedObject
from consult.web import schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor


class RefusedPath(BaseModel):
    """Which object."""

    number: int


class QuarantineQuery(BaseModel):
    """Those that somebody saw to, or those that wait; a cursor; how many."""

    settled: bool = False
    before: int | None = None
    limit: int = Field(default=30, ge=1, le=queries.MOST)


class RetryIn(schemas.In):
    """The character set to believe instead of what the object declares."""

    charset: schemas.Line | None = None


class DismissIn(schemas.In):
    """Why nothing is to be done."""

    reason: schemas.Text


class SettledOut(BaseModel):
    """What became of it."""

    how: Literal["taken", "refused", "dismissed"]
    reason: str
    by: str
    at: datetime


class RefusedOut(BaseModel):
    """A refused object; ``kept`` says that its file can be had."""

    number: int
    at: datetime
    institution: str
    institution_name: str
    sender: str
    door: str
    code: str
    reason: str
    mend: str
    sop_uid: str
    sha256: str
    size: int
    kept: bool
    settled: SettledOut | None


class QuarantineOut(BaseModel):
    """A page, newest first; how many wait and their bytes; the character sets to choose from."""

    items: list[RefusedOut]
    next: int | None
    open: int
    bytes: int
    charsets: list[str]


class AgainOut(BaseModel):
    """What became of a second try; ``why`` is the reason where it is refused again."""

    taken: bool
    study_uid: str | None
    why: str


def quarantine_api(parts: Parts) -> Api:
    """The routes of the quarantine."""
    api = Api("quarantine", "What was refused, and what becomes of it")

    @api.get("/quarantine", responses={200: QuarantineOut})
    def list_refused(query: QuarantineQuery) -> Response:
        """What was refused, newest first: everybody's for the platform, their own for a house."""
        found = queries.page(parts.store, current_actor(), query.settled, query.before, query.limit)
        return answered(
            QuarantineOut(
                items=[_refused(each, found.names.get(each.institution)) for each in found.items],
                next=found.before,
                open=found.open,
                bytes=found.bytes,
                charsets=list(actions.CHARSETS),
            )
        )

    @api.get("/quarantine/<number>/file")
    def carry_refused(path: RefusedPath) -> Response:
        """The object's file, never to be shown in a browser; that it was taken is written down."""
        each, place = actions.carry_away(parts, current_actor(), path.number)
        answer = send_file(
            place, "application/octet-stream", as_attachment=True, download_name=f"refused-{each.id}.dcm", etag=False
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @api.post("/quarantine/<number>/retry", responses={200: AgainOut})
    def retry_refused(path: RefusedPath, body: RetryIn) -> Response:
        """Take it in after all, as what it holds."""
        again = actions.take_again(parts, current_actor(), path.number, body.charset)
        study = again.receipt.study_uid if again.receipt else None
        return answered(AgainOut(taken=study is not None, study_uid=study, why=spoken(again.why) if again.why else ""))

    @api.post("/quarantine/<number>/dismiss", responses={204: None})
    def dismiss_refused(path: RefusedPath, body: DismissIn) -> Response:
        """Say that nothing is to be done about it, with the reason."""
        actions.dismiss(parts, current_actor(), path.number, body.reason)
        return Response(status=204)

    return api


def _refused(each: RefusedObject, name: Words | None) -> RefusedOut:
    became = each.settled
    return RefusedOut(
        number=each.id,
        at=each.at,
        institution=each.institution,
        institution_name=spoken(name) if name else each.institution,
        sender=each.sender,
        door=each.door,
        code=each.code,
        reason=spoken(each.reason),
        mend=spoken(MEND.get(each.code, MEND["broken"])),
        sop_uid=each.sop_uid,
        sha256=each.sha256,
        size=each.size,
        kept=each.kept,
        settled=None if became is None else SettledOut.model_validate(became, from_attributes=True),
    )
