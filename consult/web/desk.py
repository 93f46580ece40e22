"""The coordinator's desk over HTTP: the whole of it at a glance, and each pile page by page."""

from flask import Response

from consult.actions.parts import Parts
from consult.domain.desk import ALARMS
from consult.domain.people import Institution
from consult.queries import desk
from consult.queries.desk import Colleague, Sheet, Slip
from consult.web import case_shapes, desk_shapes
from consult.web.answers import answered
from consult.web.case_json import listed_out, site_out
from consult.web.openapi import Api
from consult.web.session import current_actor

Sites = dict[str, Institution]


def desk_api(parts: Parts) -> Api:
    """The routes under /api/v1/desk."""
    api = Api("desk", "The coordinator's desk")

    @api.get("/desk", responses={200: desk_shapes.DeskOut})
    def show_desk() -> Response:
        """The four columns, what sounds an alarm, and the people of the performing side."""
        found = desk.desk_of(parts.store, current_actor(), parts.clock())
        return answered(
            desk_shapes.DeskOut(
                as_of=found.as_of,
                columns=[_pile(sheet, found.sites) for sheet in found.columns],
                alarms=[
                    desk_shapes.AlarmOut(name=pile, total=found.counts[pile].total, nearest=found.counts[pile].nearest)
                    for pile in ALARMS
                ],
                people=[_colleague(one, found.sites) for one in found.people],
            )
        )

    @api.get("/desk/<pile>", responses={200: desk_shapes.PileOut})
    def show_pile(path: desk_shapes.PilePath, query: desk_shapes.PileQuery) -> Response:
        """One pile, page by page."""
        sheet, sites = desk.sheet_of(
            parts.store, current_actor(), path.pile, query.after or None, query.limit, parts.clock()
        )
        return answered(_pile(sheet, sites))

    return api


def _pile(sheet: Sheet, sites: Sites) -> desk_shapes.PileOut:
    return desk_shapes.PileOut(
        name=sheet.pile,
        items=[_slip(slip, sites) for slip in sheet.slips],
        next=sheet.after,
        total=sheet.count.total,
        overdue=sheet.count.overdue,
    )


def _slip(slip: Slip, sites: Sites) -> desk_shapes.SlipOut:
    return desk_shapes.SlipOut(
        **listed_out(slip.case, slip.due_at, sites),
        images=case_shapes.ImagesOut(
            status=slip.images.status, received=slip.images.received, expected=slip.images.expected
        ),
    )


def _colleague(one: Colleague, sites: Sites) -> desk_shapes.ColleagueOut:
    person = one.person
    return desk_shapes.ColleagueOut(
        id=person.id,
        name=person.name,
        site=site_out(sites, person.institution_code),
        units=one.units,
        limit=person.load_limit_units,
        held=one.held,
        offered=one.offered,
        on_shift=one.on_shift,
        on_call=one.on_call and not one.on_shift,
        shift_ends=one.shift_ends,
        skills=[desk_shapes.ReadsOut(modality=skill.modality, body_part=skill.body_part) for skill in person.skills],
    )
