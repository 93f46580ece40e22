"""Reports over HTTP: the text as it is written, its checks and templates, the signed PDF, and the public verify."""

import io
from typing import Any

from flask import Response, jsonify, request, send_file
from flask_openapi.models.file import FileStorage
from pydantic import BaseModel

from consult.actions import reports, verification
from consult.actions.parts import Parts
from consult.actions.reports import Conflict
from consult.domain.errors import Invalid, NotFound, Words
from consult.domain.report_templates import TEMPLATES, template_by_id
from consult.queries import reports as report_queries
from consult.web import report_shapes, schemas
from consult.web.answers import answered
from consult.web.openapi import Api
from consult.web.problems import refused
from consult.web.report_json import current_out, finding_out, template_out, text_of, verdict_out
from consult.web.session import current_actor

LARGEST_PDF = 32 * 1024 * 1024
NO_FILE = Words("请选择要验证的 PDF 文件。", "Choose the PDF to verify.")


class UploadForm(BaseModel):
    """A document to verify."""

    file: FileStorage


class TemplatePath(BaseModel):
    """A template by its id."""

    template_id: str


class NumberPath(BaseModel):
    """A report by its number."""

    number: str


def reports_api(parts: Parts) -> Api:
    """The routes of reports."""
    api = Api("reports", "Reports: written, checked, signed, verified")
    _writing(api, parts)
    _documents(api, parts)
    _verifying(api, parts)
    return api


def _writing(api: Api, parts: Parts) -> None:
    @api.get("/cases/<case_id>/report", responses={200: report_shapes.CurrentOut})
    def show_text(path: schemas.CasePath) -> Response:
        """The text as last saved."""
        return answered(current_out(report_queries.current(parts.store, path.case_id, current_actor())))

    @api.put("/cases/<case_id>/report", responses={200: report_shapes.SavedOut})
    def save_text(path: schemas.CasePath, body: schemas.ReportIn) -> Response:
        """Save the text as a new revision; ``base_revision`` tells a conflict."""
        try:
            kept = reports.save(
                parts.store, path.case_id, text_of(body), body.base_revision, current_actor(), parts.clock()
            )
        except Conflict as conflict:
            answer = refused(conflict)
            told: dict[str, Any] = answer.get_json()
            told["current"] = current_out(conflict.current).model_dump(mode="json")
            answer.set_data(jsonify(told).get_data())
            return answer
        return answered(report_shapes.SavedOut(revision=kept.number, saved_at=kept.saved_at))

    @api.post("/cases/<case_id>/report/checks", responses={200: report_shapes.ChecksOut})
    def check_text(path: schemas.CasePath, body: schemas.ReportIn) -> Response:
        """What the writing rules find in a text."""
        found, critical = report_queries.checks(
            parts.store, path.case_id, text_of(body), current_actor(), parts.clock()
        )
        return answered(
            report_shapes.ChecksOut(findings=[finding_out(each) for each in found], critical_terms=list(critical))
        )

    @api.get("/cases/<case_id>/template", responses={200: report_shapes.TemplateOut})
    def show_template(path: schemas.CasePath) -> Response:
        """The template that fits a case."""
        return answered(template_out(report_queries.template(parts.store, path.case_id, current_actor())))

    @api.get("/templates", responses={200: report_shapes.TemplatesOut})
    def show_templates() -> Response:
        """All templates."""
        current_actor()
        return answered(report_shapes.TemplatesOut(items=[template_out(each) for each in TEMPLATES]))

    @api.get("/templates/<template_id>", responses={200: report_shapes.TemplateOut})
    def show_one_template(path: TemplatePath) -> Response:
        """One template."""
        current_actor()
        if path.template_id not in {template.id for template in TEMPLATES}:
            raise NotFound
        return answered(template_out(template_by_id(path.template_id)))


def _documents(api: Api, parts: Parts) -> None:
    @api.get("/cases/<case_id>/report.pdf")
    def show_pdf(path: schemas.CasePath, query: schemas.VersionQuery) -> Response:
        """The signed PDF of a version; the newest when none is named."""
        found = report_queries.document(parts.store, path.case_id, query.version, current_actor())
        answer = send_file(
            parts.blobs.path(found.sha256),
            mimetype="application/pdf",
            download_name=f"{found.number}-v{found.version}.pdf",
            etag=found.sha256,
            conditional=True,
        )
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer

    @api.get("/cases/<case_id>/report/preview.pdf")
    def preview_pdf(path: schemas.CasePath) -> Response:
        """The page as it would be signed now, unsigned; a document that waits for the reviewer as it is."""
        pdf = reports.preview(parts, path.case_id, current_actor(), parts.clock())
        answer = send_file(io.BytesIO(pdf), mimetype="application/pdf", download_name="preview.pdf")
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _verifying(api: Api, parts: Parts) -> None:
    @api.post("/reports/verify", responses={200: report_shapes.VerdictOut})
    def verify(form: UploadForm) -> Response:
        """Whether a PDF is ours, unchanged, signed, and the newest version; for anyone, nothing is kept."""
        pdf = form.file.read(LARGEST_PDF + 1)
        if len(pdf) > LARGEST_PDF:
            raise Invalid.at("file", Words("文件超过 32 MB。", "The file is larger than 32 MB."))
        if not request.files:
            raise Invalid.at("file", NO_FILE)
        return answered(verdict_out(verification.verify(parts, pdf, parts.clock())))

    @api.get("/reports/<number>", responses={200: report_shapes.NumberOut})
    def show_number(path: NumberPath) -> Response:
        """Whether a report number exists and which version is the newest; names nobody."""
        versions = report_queries.by_number(parts.store, path.number)
        return answered(
            report_shapes.NumberOut(number=path.number, newest=versions[-1].version, issued_at=versions[-1].signed_at)
        )
