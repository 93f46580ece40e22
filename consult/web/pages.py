"""The built pages, health and figures: what a browser, a balancer and an operator ask for."""

from pathlib import Path

from flask import Blueprint, Response, abort, jsonify, request, send_from_directory
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from werkzeug.exceptions import NotFound as NoSuchFile

from consult.actions.health import ready
from consult.actions.parts import Parts

STATIC = Path(__file__).parent / "static"
API_PREFIXES = ("api/", "dicom-web", "socket.io", "openapi", "s/")
LOOPBACK = ("127.0.0.1", "::1")
NOT_BUILT = "The pages are not built: run make setup."
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


def pages(parts: Parts, figures: CollectorRegistry) -> Blueprint:
    """Everything that is not the API."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/livez")
    def live() -> Response:
        return jsonify({"alive": True})

    @blueprint.get("/readyz")
    def is_ready() -> Response:
        found = ready(parts)
        answer = jsonify({"ready": all(found.values()), **found})
        answer.status_code = 200 if all(found.values()) else 503
        return answer

    @blueprint.get("/metrics")
    def metrics() -> Response:
        if request.remote_addr not in LOOPBACK or request.headers.get("X-Forwarded-For"):
            abort(404)
        return Response(generate_latest(figures), content_type=CONTENT_TYPE_LATEST)

    @blueprint.get("/", defaults={"path": ""})
    @blueprint.get("/<path:path>")
    def page(path: str) -> Response:
        if path.startswith(API_PREFIXES):
            abort(404)
        if path.startswith("assets/"):
            return _asset(path)
        if path and (STATIC / path).is_file():
            return _fresh(send_from_directory(STATIC, path))
        if not (STATIC / "index.html").is_file():
            return Response(NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
        return _fresh(send_from_directory(STATIC, "index.html"))

    return blueprint


def _asset(path: str) -> Response:
    """A hashed file, as small as the browser takes it, kept for good."""
    for encoding, suffix in ENCODINGS:
        if request.accept_encodings.quality(encoding) > 0 and (STATIC / (path + suffix)).is_file():
            answer = send_from_directory(STATIC, path + suffix, mimetype=_kind(path))
            answer.headers["Content-Encoding"] = encoding
            break
    else:
        try:
            answer = send_from_directory(STATIC, path)
        except NoSuchFile:
            abort(404)
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def _kind(path: str) -> str:
    import mimetypes

    return "application/wasm" if path.endswith(".wasm") else mimetypes.guess_type(path)[0] or "application/octet-stream"


def _fresh(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-cache"
    return answer
