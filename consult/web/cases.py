"""Cases over HTTP: the worklist, the request, the case page, and the one endpoint for every move."""

from typing import Any

from flask import Response, request

from consult.actions import cases as requests
from consult.actions import reports, workflow
from consult.actions.once import Once
from consult.actions.parts import Parts
from consult.actions.workflow import SEALED, Order
from consult.domain.cases import Consent, Patient
from consult.domain.errors import Invalid, VersionMissing, Words
from consult.domain.workflow import Verb
from consult.queries import cases as case_queries
from consult.queries import worklist
from consult.queries.worklist import Filters
from consult.web import case_shapes, schemas
from consult.web.answers import answered
from consult.web.case_json import case_out, event_out, explained_out, page_out
from consult.web.openapi import Api
from consult.web.session import current_actor


def cases_api(parts: Parts) -> Api:
    """The routes under /api/v1/cases."""
    api = Api("cases", "Requests for consultation, from draft to closed")
    _reading(api, parts)
    _writing(api, parts)
    return api


def _reading(api: Api, parts: Parts) -> None:
    @api.get("/cases", responses={200: case_shapes.PageOut})
    def list_cases(query: schemas.WorklistQuery) -> Response:
        """The worklist, what is due first on top."""
        filters = Filters(_several(query.state), _several(query.priority), query.queue or None, query.q)
        page = worklist.page(parts.store, current_actor(), filters, query.after, query.limit, parts.clock())
        return answered(page_out(page))

    @api.get("/cases/<case_id>", responses={200: case_shapes.CaseOut})
    def show_case(path: schemas.CasePath) -> Response:
        """One case, with the moves that are open to you."""
        return _case(parts, path.case_id)

    @api.get("/cases/<case_id>/events", responses={200: case_shapes.EventsOut})
    def show_events(path: schemas.CasePath, query: schemas.AfterQuery) -> Response:
        """What happened to a case, in order."""
        facts = case_queries.story(parts.store, path.case_id, current_actor(), query.after or 0)
        return answered(case_shapes.EventsOut(items=[event_out(fact) for fact in facts]))

    @api.get("/cases/<case_id>/candidates", responses={200: case_shapes.CandidatesOut})
    def show_candidates(path: schemas.CasePath) -> Response:
        """Who might read it, best first, and why."""
        found = case_queries.candidates(parts.store, path.case_id, current_actor(), parts.clock())
        return answered(case_shapes.CandidatesOut(items=[explained_out(each) for each in found]))


def _writing(api: Api, parts: Parts) -> None:
    @api.post("/cases", responses={201: case_shapes.CaseOut})
    def create_case(body: schemas.RequestIn) -> Response:
        """Start a request; it is a draft until it is submitted."""
        once = Once.of(request.headers.get("Idempotency-Key"), "POST cases", body.model_dump(mode="json"))
        made = requests.create(parts.store, request_of(body), current_actor(), once, parts.clock())
        answer = _case(parts, made["id"])
        answer.status_code = 201
        answer.headers["Location"] = f"/api/v1/cases/{made['id']}"
        return answer

    @api.post("/cases/<case_id>/moves", responses={200: case_shapes.MovedOut})
    def move_case(path: schemas.CasePath, body: schemas.MoveIn) -> Response:
        """Make a move; If-Match says which version you saw."""
        actor = current_actor()
        once = Once.of(request.headers.get("Idempotency-Key"), path.case_id, _without_pin(body))
        order = Order(body.verb, say_of(body), expected_version(), once)
        if body.verb in SEALED:
            moved = reports.seal(parts, path.case_id, order, actor, request.remote_addr or "", parts.clock())
        else:
            moved = workflow.move(parts.store, path.case_id, order, actor, parts.clock())
        answer = answered(case_shapes.MovedOut.model_validate(moved))
        answer.headers["ETag"] = f'"{moved["version"]}"'
        return answer


def _without_pin(body: schemas.MoveIn) -> dict[str, Any]:
    """What a key stands for; a PIN is short, and would be guessed from a hash that is kept."""
    return body.model_dump(mode="json", exclude={"pin"})


def _case(parts: Parts, case_id: str) -> Response:
    view = case_queries.view(parts.store, case_id, current_actor(), parts.clock())
    answer = answered(case_out(view))
    answer.headers["ETag"] = f'"{view.case.version}"'
    return answer


def expected_version() -> int:
    """The version in If-Match (RFC 9110 §13.1.1). Raises VersionMissing, Invalid."""
    told = request.headers.get("If-Match")
    if not told:
        raise VersionMissing(
            Words(
                "请求缺少版本（If-Match），请刷新后重试。", "Say which version you saw (If-Match); refresh and retry."
            )
        )
    bare = told.strip().removeprefix("W/").strip('"')
    if not bare.isdigit():
        raise Invalid.at("If-Match", Words("版本标记无效。", "That version tag is not valid."))
    return int(bare)


def _several(told: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in told.split(",") if part.strip())


def request_of(body: schemas.RequestIn) -> requests.Request:
    """What was filled in, in the domain's values."""
    return requests.Request(
        service_type=body.service_type,
        priority=body.priority,
        performing_site=body.performing_site,
        patient=Patient(**body.patient.model_dump()),
        question=body.question,
        clinical_history=body.clinical_history,
        exam_started=body.exam_started,
        study_uids=tuple(dict.fromkeys(body.study_uids)),
        images_follow=body.images_follow,
        consent=Consent(body.consent.by, body.consent.at) if body.consent else None,
        modality=body.modality,
        body_part=body.body_part,
        patient_class=body.patient_class,
    )


def say_of(body: schemas.MoveIn) -> dict[str, Any]:
    """What is said with a move; a revised request stands beside the other words."""
    said: dict[str, Any] = {
        name: value for name, value in body.model_dump(exclude={"verb", "request"}).items() if value is not None
    }
    if body.verb in (Verb.REVISE, Verb.COMPLETE_REQUEST):
        if body.request is None:
            raise Invalid.at("request", Words("请填写申请内容。", "Fill in the request."))
        said["request"] = request_of(body.request)
    return said
