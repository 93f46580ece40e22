"""Who looked at what, written down as it is given out; and the log itself for auditors."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import structlog
from flask import Flask, Response, g, request
from pydantic import AwareDatetime, BaseModel, Field

from consult.actions import audit as actions
from consult.actions.parts import Parts
from consult.domain.audit import CODES, Deed, Entry, Outcome, Row, address
from consult.domain.errors import Unavailable
from consult.queries import audit as queries
from consult.queries.audit import Asked
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor

log = structlog.get_logger("audit")


class Read(NamedTuple):
    """A route that gives something out: what that is called, and the argument that names the object."""

    deed: Deed
    subject: str
    argument: str


_CASE = "/api/v1/cases/<case_id>"
READS: Mapping[str, Read] = MappingProxyType(
    {
        _CASE: Read(Deed.READ_CASE, "case", "case_id"),
        f"{_CASE}/events": Read(Deed.READ_CASE, "case", "case_id"),
        f"{_CASE}/messages": Read(Deed.READ_CASE, "case", "case_id"),
        f"{_CASE}/opinions": Read(Deed.READ_CASE, "case", "case_id"),
        f"{_CASE}/files/<file_id>": Read(Deed.EXPORT, "case", "case_id"),
        f"{_CASE}/files/<file_id>/preview.jpg": Read(Deed.READ_CASE, "case", "case_id"),
        f"{_CASE}/measurements": Read(Deed.READ_CASE, "case", "case_id"),
        f"{_CASE}/measurements/<measurement_id>/versions": Read(Deed.READ_CASE, "case", "case_id"),
        f"{_CASE}/measurements.sr.dcm": Read(Deed.EXPORT, "case", "case_id"),
        f"{_CASE}/measurements.pr.dcm": Read(Deed.EXPORT, "case", "case_id"),
        f"{_CASE}/key-images.ko.dcm": Read(Deed.EXPORT, "case", "case_id"),
        f"{_CASE}/exports/dicom.zip": Read(Deed.EXPORT, "case", "case_id"),
        f"{_CASE}/report": Read(Deed.READ_REPORT, "case", "case_id"),
        f"{_CASE}/report/preview.pdf": Read(Deed.READ_REPORT, "case", "case_id"),
        f"{_CASE}/report.pdf": Read(Deed.EXPORT, "case", "case_id"),
        "/api/v1/studies/<study_uid>": Read(Deed.READ_STUDY, "study", "study_uid"),
        "/api/v1/audit": Read(Deed.READ_LOG, "audit", ""),
        **{f"/dicom-web/{level}": Read(Deed.SEARCH, "archive", "") for level in ("studies", "series", "instances")},
    }
)
"""READS: routes that are written down; of a search that there was one, never what for, which could be a name.

Everything of DICOMweb below a study is IMAGES.
"""
IMAGES = Read(Deed.VIEW_IMAGES, "study", "study")
IMAGES_BELOW = "/dicom-web/studies/<study>"


class AuditQuery(BaseModel):
    """What is looked for: a person's id or name, a case's number or id, a StudyInstanceUID, a deed, a period."""

    person: str = Field(default="", max_length=64)
    case: str = Field(default="", max_length=64)
    study: str = Field(default="", max_length=64)
    deed: str = Field(default="", max_length=24)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class AuditPageQuery(AuditQuery):
    """The same, a page at a time."""

    before: int | None = None
    limit: int = Field(default=50, ge=1, le=queries.MOST)


class AuditRowOut(BaseModel):
    """One row; ``label`` is a case's number, an account's name or the id, ``event`` the code of DICOM's vocabulary."""

    seq: int
    at: datetime
    person: str
    person_id: str | None
    address: str
    deed: str
    words: str
    event: int | None
    outcome: str
    subject: str
    subject_id: str
    label: str
    detail: dict[str, str]


class AuditPageOut(BaseModel):
    """Rows, newest first; ``next`` is the cursor for ``before``."""

    items: list[AuditRowOut]
    next: int | None


def install(app: Flask, parts: Parts) -> None:
    """Write down what is given out, once in ten minutes a person, deed and object."""
    watch = actions.Watch(parts.store)

    @app.before_request
    def begin() -> None:
        address.set((request.remote_addr or "")[:64])

    @app.after_request
    def end(answer: Response) -> Response:
        read = _read()
        if read is not None and "signed_in" in g and answer.status_code != 401:
            _write(watch, parts, read, answer.status_code)
        return answer


def _read() -> Read | None:
    if request.method != "GET" or request.url_rule is None:
        return None
    rule = request.url_rule.rule
    return IMAGES if rule.startswith(IMAGES_BELOW) else READS.get(rule)


def _write(watch: actions.Watch, parts: Parts, read: Read, status: int) -> None:
    """Where the log cannot be written the reading goes on, and the loss is told: with a full disk doctors must read."""
    outcome = Outcome.SUCCESS if status < 400 else Outcome.REFUSED if status < 500 else Outcome.FAILED
    person = g.signed_in.person
    named = str((request.view_args or {}).get(read.argument, ""))[:64]
    entry = Entry(read.deed, parts.clock(), person.id, person.name, read.subject, named, outcome)
    try:
        if read.deed is Deed.EXPORT and outcome is Outcome.SUCCESS:
            actions.note(parts.store, entry)
        else:
            watch.saw(entry)
    except Unavailable:
        log.error("the audit log could not be written", deed=str(read.deed), person=person.id)


def audit_api(parts: Parts) -> Api:
    """The routes of the audit log."""
    api = Api("audit", "Who did what, for auditors")

    @api.get("/audit", responses={200: AuditPageOut})
    def list_audit(query: AuditPageQuery) -> Response:
        """A page of the log, newest first."""
        found = queries.page(parts.store, current_actor(), _asked(query), query.before, query.limit)
        return answered(AuditPageOut(items=[_row(row, found.names) for row in found.rows], next=found.before))

    @api.get("/audit.csv")
    def export_audit(query: AuditQuery) -> Response:
        """All that fits, as a table; that it was taken is written down."""
        actor, now = current_actor(), parts.clock()
        lines = queries.table(parts.store, actor, _asked(query), now)
        told = {name: str(value) for name, value in query.model_dump(exclude_defaults=True).items()}
        entry = Entry(Deed.EXPORT, now, actor.person_id, actor.name, "audit", "", detail=told)
        actions.note(parts.store, entry)
        answer = Response(lines, mimetype="text/csv")
        answer.headers["Content-Disposition"] = "attachment; filename=audit.csv"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return api


def _asked(query: AuditQuery) -> Asked:
    return Asked(
        query.person or None, query.case or None, query.study or None, query.deed or None, query.since, query.until
    )


def _row(row: Row, names: Mapping[str, str]) -> AuditRowOut:
    said = row.entry
    code = CODES.get(Deed(said.deed)) if said.deed in CODES else None
    return AuditRowOut(
        seq=row.seq,
        at=said.at,
        person=said.person_name,
        person_id=said.person_id,
        address=said.address,
        deed=str(said.deed),
        words=spoken(code.words) if code else str(said.deed),
        event=code.event if code else None,
        outcome=str(said.outcome),
        subject=said.subject,
        subject_id=said.subject_id,
        label=names.get(said.subject_id, said.subject_id),
        detail={name: str(value) for name, value in said.detail.items()},
    )
