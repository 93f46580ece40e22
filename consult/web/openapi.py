"""The one seam to flask-openapi: typed routes in, an OpenAPI document out."""

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.info import Info
from flask_openapi.models.tag import Tag
from flask_openapi.openapi import OpenAPI
from pydantic import BaseModel

from consult.web import problems

P = ParamSpec("P")
T = TypeVar("T")
Responses = Mapping[int, type[BaseModel] | None]

PREFIX = "/api/v1"
DOCUMENT = "/openapi.json"
INFO = Info(title="Consult", version="1", description="Remote consultation, from request to signed report")


class Api:
    """A group of routes under /api/v1; a route's arguments ``path``, ``query``, ``body`` and ``form`` are models."""

    def __init__(self, name: str, description: str) -> None:
        self.blueprint = APIBlueprint(
            name,
            __name__,
            url_prefix=PREFIX,
            abp_tags=[Tag(name=name, description=description)],
            abp_responses=problems.RESPONSES,
        )

    def get(self, rule: str, responses: Responses | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Something to read."""
        return self._route(self.blueprint.get, rule, responses)

    def post(self, rule: str, responses: Responses | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Something to do."""
        return self._route(self.blueprint.post, rule, responses)

    def put(self, rule: str, responses: Responses | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Something to keep."""
        return self._route(self.blueprint.put, rule, responses)

    def delete(self, rule: str, responses: Responses | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Something to end."""
        return self._route(self.blueprint.delete, rule, responses)

    @staticmethod
    def _route(
        method: Callable[..., Any], rule: str, responses: Responses | None
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        def register(view: Callable[P, T]) -> Callable[P, T]:
            method(rule, responses=dict(responses or {}))(view)
            return view

        return register


def open_app() -> OpenAPI:
    """An application whose wrong input is answered as a problem, and which describes itself."""
    app = OpenAPI(
        "consult.web",
        info=INFO,
        validation_error_callback=problems.malformed,
        validation_error_model=problems.Problem,
        doc_ui=False,  # its pages would load scripts that our policy forbids
        static_folder=None,
    )
    app.add_url_rule(PREFIX + DOCUMENT, "openapi", lambda: app.api_doc)
    return app
