"""The HTTP door put together: one Flask application, its API described by OpenAPI, its answers under one policy."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_openapi.openapi import OpenAPI
from prometheus_client import CollectorRegistry, Counter, Histogram
from werkzeug.middleware.proxy_fix import ProxyFix

from consult.actions.parts import Parts
from consult.web import audit, problems, session
from consult.web.account import own_account_api
from consult.web.account_lists import account_lists_api
from consult.web.administration import administration_api
from consult.web.cases import cases_api
from consult.web.desk import desk_api
from consult.web.dicomweb import dicomweb
from consult.web.exports import exports_api
from consult.web.feed import feed_api
from consult.web.figures import Figures
from consult.web.house_settings import house_settings_api
from consult.web.manifests import manifests_api, proof_figures
from consult.web.measurements import measurements_api
from consult.web.members import members_api
from consult.web.notices import notices_api
from consult.web.openapi import Api, open_app
from consult.web.pages import pages
from consult.web.passes import Lane, Passes
from consult.web.phrases import phrases_api
from consult.web.quarantine import quarantine_api
from consult.web.rads import rads_api
from consult.web.reports import reports_api
from consult.web.rooms import rooms_api
from consult.web.rota import rota_api
from consult.web.sendings import sending_figures, sendings_api
from consult.web.studies import studies_api
from consult.web.talk import talk_api
from consult.web.turnaround import turnaround_api

LARGEST_BODY = 64 * 1024 * 1024
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'{sockets}",
        "object-src 'self' blob:",
        "frame-src 'self' blob:",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
}

APIS: tuple[Callable[[Parts], Api], ...] = (
    session.account_api,
    own_account_api,
    cases_api,
    desk_api,
    reports_api,
    rads_api,
    phrases_api,
    studies_api,
    exports_api,
    talk_api,
    rooms_api,
    manifests_api,
    members_api,
    measurements_api,
    feed_api,
    notices_api,
    sendings_api,
    audit.audit_api,
    quarantine_api,
    administration_api,
    rota_api,
    turnaround_api,
    account_lists_api,
    house_settings_api,
)
"""Every group of routes under /api/v1."""


def create_app(parts: Parts) -> OpenAPI:
    """The application; what it needs comes in ``parts``."""
    app = open_app()
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # typed as the base of its provider, which has neither
    app.json.sort_keys = False  # type: ignore[attr-defined]  # as above
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    figures = CollectorRegistry()
    sent = _measure(app, figures)
    passes, headers = _passes(app, parts), _headers(parts)
    if not parts.settings.web.accel:
        app.wsgi_app = Lane(app.wsgi_app, passes, parts.blobs.prepared, headers.items(), sent)  # type: ignore[method-assign]  # Flask's own way
    if parts.settings.web.trusted_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]  # Flask's own way
    Figures(lambda: [*proof_figures(parts), *sending_figures(parts)], figures)
    _guard(app, headers)
    problems.install(app)
    session.install(app, parts)
    audit.install(app, parts)
    for api in APIS:
        app.register_api(api(parts).blueprint)
    app.register_blueprint(dicomweb(parts, passes))
    app.register_blueprint(pages(parts, figures))
    return app


def openapi_document(parts: Parts) -> dict[str, Any]:
    """The API as it is described to others."""
    document: dict[str, Any] = create_app(parts).api_doc
    return document


def _headers(parts: Parts) -> dict[str, str]:
    """What every answer carries; pages may open sockets to the doors of rooms where those have another origin."""
    doors = (parts.settings.live.url, parts.settings.media.public_url)
    told = [urlsplit(url) for url in doors if url]
    sockets = "".join(f" {url.scheme}://{url.netloc}" for url in told)
    return {"Content-Security-Policy": POLICY.format(sockets=sockets), **HEADERS}


def _guard(app: Flask, headers: dict[str, str]) -> None:
    @app.after_request
    def guard(answer: Response) -> Response:
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        return answer


def _passes(app: Flask, parts: Parts) -> Passes:
    """Passes that end with whatever anybody changes here: what is signed out here is out at once."""
    passes = Passes()
    parts.store.on_facts(passes.forget)

    @app.after_request
    def end(answer: Response) -> Response:
        if request.method not in session.SAFE:
            passes.forget()
        return answer

    return passes


def _measure(app: Flask, figures: CollectorRegistry) -> Callable[[float], None]:
    """Requests by route pattern, method and status; never by path, which may name a study.

    Returns what is to be told the seconds of each frame that is sent without the application.
    """
    requests = Counter("consult_http_requests", "Requests", ["route", "method", "status"], registry=figures)
    seconds = Histogram("consult_http_seconds", "Time to answer", ["route", "method"], registry=figures)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(answer: Response) -> Response:
        route = str(request.url_rule) if request.url_rule else "none"
        requests.labels(route, request.method, answer.status_code).inc()
        if "began" in g:
            seconds.labels(route, request.method).observe(time.perf_counter() - g.began)
        return answer

    frames, frame_seconds = requests.labels("frame", "GET", 200), seconds.labels("frame", "GET")

    def sent(took: float) -> None:
        frames.inc()
        frame_seconds.observe(took)

    return sent
