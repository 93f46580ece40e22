"""Lists of accounts over HTTP: the empty list, what a filled one would do, and doing it."""

from flask import Response
from flask_openapi.models.file import FileStorage
from pydantic import BaseModel, ConfigDict

from consult.actions import account_lists as actions
from consult.actions.parts import Parts
from consult.formats import account_lists
from consult.queries import administration as queries
from consult.web import administration_shapes as shapes
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor


class ListForm(BaseModel):
    """A CSV file."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    file: FileStorage


def account_lists_api(parts: Parts) -> Api:
    """The routes of lists of accounts."""
    api = Api("account lists", "Many accounts at once, from a CSV")

    @api.get("/admin/accounts/list.csv")
    def empty_list() -> Response:
        """An empty list to fill in."""
        queries.check(current_actor())
        answer = Response(account_lists.template(), mimetype="text/csv")
        answer.headers["Content-Disposition"] = "attachment; filename=accounts.csv"
        return answer

    @api.post("/admin/accounts/list/preview", responses={200: shapes.PreviewOut})
    def preview_list(form: ListForm) -> Response:
        """What a list would open, row by row; nothing is changed."""
        actor = current_actor()
        queries.check(actor)
        rows = actions.preview(parts, actor, form.file.read())
        items = [
            shapes.LookedOut(
                line=row.number,
                username=row.username,
                name=row.name,
                institution=row.institution,
                roles=list(row.roles),
                wrong=spoken(row.wrong) if row.wrong else "",
            )
            for row in rows
        ]
        return answered(shapes.PreviewOut(items=items, wrong=sum(row.wrong is not None for row in rows)))

    @api.post("/admin/accounts/list", responses={201: shapes.TakenInOut})
    def take_list(form: ListForm) -> Response:
        """Open every account of a list, or none."""
        actor = current_actor()
        queries.check(actor)
        soon = queries.soon(parts.clock())
        opened = actions.take_in(parts, actor, form.file.read())
        answer = answered(shapes.TakenInOut(items=[shapes.opened_out(each, soon) for each in opened]))
        answer.status_code = 201
        return answer

    return api
