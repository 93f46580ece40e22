"""The scoring systems over HTTP: their questions, and what answers come to. No patient is named."""

from flask import Response
from pydantic import BaseModel

from consult.actions.parts import Parts
from consult.domain.errors import NotFound
from consult.domain.rads import RADS, Question, Rads, grade
from consult.web import report_shapes, schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor


class RadsPath(BaseModel):
    """A scoring system by its id."""

    rads_id: str


class RadsIn(schemas.In):
    """Answers: each question's id with the value picked, or a length in mm."""

    answers: dict[schemas.Line, schemas.Line]


def rads_api(_: Parts) -> Api:
    """The routes of the scoring systems."""
    api = Api("rads", "Scoring systems of radiology")

    @api.get("/rads", responses={200: report_shapes.RadsListOut})
    def show_rads() -> Response:
        """All scoring systems with their questions."""
        current_actor()
        return answered(report_shapes.RadsListOut(items=[_rads_out(id, system) for id, system in RADS.items()]))

    @api.post("/rads/<rads_id>", responses={200: report_shapes.RadsResultOut})
    def score(path: RadsPath, body: RadsIn) -> Response:
        """What answers come to: category, sentence, advice."""
        current_actor()
        if path.rads_id not in RADS:
            raise NotFound
        result = grade(path.rads_id, body.answers)
        return answered(
            report_shapes.RadsResultOut(
                category=result.category, sentence=spoken(result.sentence), advice=spoken(result.advice)
            )
        )

    return api


def _rads_out(id: str, system: Rads) -> report_shapes.RadsOut:
    return report_shapes.RadsOut(
        id=id,
        name=system.name,
        edition=system.edition,
        source=system.source,
        questions=[_question_out(question) for question in system.questions],
    )


def _question_out(question: Question) -> report_shapes.RadsQuestionOut:
    return report_shapes.RadsQuestionOut(
        id=question.id,
        label=spoken(question.label),
        choices=[
            report_shapes.RadsChoiceOut(value=choice.value, label=spoken(choice.label)) for choice in question.choices
        ],
    )
