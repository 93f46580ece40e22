"""How a model becomes an answer."""

from flask import Response, jsonify
from pydantic import BaseModel


def answered(model: BaseModel) -> Response:
    """A model as JSON that no cache keeps."""
    answer = jsonify(model.model_dump(mode="json"))
    answer.headers["Cache-Control"] = "no-store"
    return answer
