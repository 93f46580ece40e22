"""Refusals as problem+json (RFC 9457): the only place that knows which refusal is which HTTP status."""

from typing import Any

import structlog
from flask import Flask, Response, jsonify, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from consult.domain import errors
from consult.domain.errors import Refusal, Words
from consult.web.language import spoken

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("web")

STATUS: dict[type[Refusal], int] = {
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Invalid: 422,
    errors.WrongState: 409,
    errors.Stale: 412,
    errors.VersionMissing: 428,
    errors.KeyReused: 422,
    errors.TooMany: 429,
    errors.Broken: 400,
    errors.NoRoom: 507,
    errors.Unavailable: 503,
}

HTTP_SENTENCES: dict[int, Words] = {
    400: Words("请求无法理解。", "The request could not be understood."),
    404: errors.NOTHING_HERE,
    405: Words("此地址不支持该操作。", "That cannot be done at this address."),
    413: Words("上传的内容太大。", "That is too large to upload."),
    415: Words("内容格式不受支持。", "That content type is not supported."),
    500: Words("系统出错，已记录，请重试或联系运维。", "Something went wrong here; it was logged. Try again."),
}
SHAPES: dict[str, Words] = {
    "missing": Words("必填。", "Required."),
    "enum": Words("请选择列出的值。", "Choose one of the listed values."),
    "extra_forbidden": Words("没有这一项。", "There is no such field."),
    "datetime_parsing": Words("请填写完整的日期和时间。", "Give a full date and time."),
    "date_from_datetime_parsing": Words("请填写日期，如 1960-05-01。", "Give a date like 1960-05-01."),
    "string_too_long": Words("内容太长。", "That is too long."),
    "string_too_short": Words("请填写。", "Fill this in."),
}
NOT_FITTING = Words("内容不符合要求。", "This does not fit what is asked for.")


class ProblemError(BaseModel):
    """One wrong field: its dotted path and the sentence beside it."""

    field: str
    sentence: str


class Problem(BaseModel):
    """What went wrong (RFC 9457 §3); ``code`` is stable, ``detail`` is for the person at the screen."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    allowed: list[str] | None = None
    errors: list[ProblemError] | None = None


RESPONSES: dict[Any, Any] = {
    str(status): {
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "description": "A problem",
    }
    for status in (401, 403, 404, 409, 412, 422, 428, 429, 503)
}


def problem(status: int, code: str, sentence: Words, **more: Any) -> Response:
    """An answer that says no, with the sentence in the person's language."""
    body = Problem(title=code.replace("-", " "), status=status, detail=spoken(sentence), code=code, **more)
    answer = jsonify(body.model_dump(exclude_none=True))
    answer.status_code = status
    answer.content_type = MEDIA_TYPE
    return answer


def _status(refusal: Refusal) -> int:
    return next((STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS), 400)


def refused(refusal: Refusal) -> Response:
    """A refusal as its HTTP answer."""
    more: dict[str, Any] = {}
    if isinstance(refusal, errors.WrongState):
        more["allowed"] = list(refusal.allowed)
    if isinstance(refusal, errors.Invalid) and refusal.fields:
        more["errors"] = [ProblemError(field=f.field, sentence=spoken(f.sentence)) for f in refusal.fields]
    answer = problem(_status(refusal), refusal.code, refusal.sentence, **more)
    if isinstance(refusal, errors.TooMany):
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    if isinstance(refusal, errors.Unavailable):
        answer.headers["Retry-After"] = "5"
    return answer


def malformed(error: ValidationError) -> Response:
    """What pydantic found wrong, field by field; the input itself is never repeated."""
    found = [
        ProblemError(field=".".join(str(part) for part in each["loc"]), sentence=spoken(_shape(each)))
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = found[0].field if found else ""
    sentence = Words(f"请检查填写的内容：{first}。", f"Check what was filled in: {first}.")
    return problem(422, errors.Invalid.code, sentence, errors=found)


def _shape(each: Any) -> Words:
    kind = str(each["type"])
    if kind in SHAPES:
        return SHAPES[kind]
    if kind == "value_error":
        told = str(each["msg"]).removeprefix("Value error, ")
        zh, _, en = told.partition(" | ")
        return Words(zh, en or zh)
    return NOT_FITTING


def install(app: Flask) -> None:
    """Turn everything that is raised into a problem, and nothing into a page of HTML under the API."""

    @app.errorhandler(Refusal)
    def on_refusal(refusal: Refusal) -> Response:
        return refused(refusal)

    @app.errorhandler(ValidationError)
    def on_malformed(error: ValidationError) -> Response:
        return malformed(error)

    @app.errorhandler(HTTPException)
    def on_http(error: HTTPException) -> Response:
        status = error.code or 500
        answer = problem(status, f"http-{status}", HTTP_SENTENCES.get(status, HTTP_SENTENCES[400]))
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(RecursionError)
    def on_depth(_: RecursionError) -> Response:
        """JSON nested deeper than Python reads."""
        return problem(400, "http-400", HTTP_SENTENCES[400])

    @app.errorhandler(Exception)
    def on_failure(error: Exception) -> Response:
        log.error("request failed", route=str(request.url_rule), error=type(error).__name__, where=_where(error))
        return problem(500, "internal", HTTP_SENTENCES[500])


def _where(error: BaseException) -> str:
    """File and line of the failure, without its message: a message may hold a patient's name."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
