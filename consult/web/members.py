"""A multidisciplinary consultation over HTTP: who can be asked, and the members' opinions."""

from typing import Any

from flask import Response

from consult.actions import members
from consult.actions.parts import Parts
from consult.domain.cases import Case, Member
from consult.domain.errors import Words
from consult.domain.members import ANSWERS, SEATS, SPECIALTIES, Answer, Opinion, Seat
from consult.domain.workflow import STATES
from consult.queries import members as member_queries
from consult.queries.members import Expert, Table, Voice
from consult.web import member_shapes, schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.record_shapes import PartyOut
from consult.web.session import current_actor

UNKNOWN = Words("未说明", "not given")


def members_api(parts: Parts) -> Api:
    """The routes of consultations with several specialties."""
    api = Api("members", "Multidisciplinary consultations: who sits in them, and what each thinks")

    @api.get("/cases/<case_id>/experts", responses={200: member_shapes.ExpertsOut})
    def show_experts(path: schemas.CasePath) -> Response:
        """Who can be asked into a consultation."""
        found = member_queries.experts(parts.store, path.case_id, current_actor())
        return answered(_experts(found))

    @api.get("/cases/<case_id>/opinions", responses={200: member_shapes.OpinionsOut})
    def show_opinions(path: schemas.CasePath) -> Response:
        """Every member's opinion, for the members."""
        return answered(_table(member_queries.opinions(parts.store, path.case_id, current_actor())))

    @api.put("/cases/<case_id>/opinion", responses={200: member_shapes.RevisionOut})
    def save_opinion(path: schemas.CasePath, body: member_shapes.OpinionIn) -> Response:
        """Save one's own opinion as a new version."""
        actor = current_actor()
        kept = members.save_opinion(
            parts.store, path.case_id, body.text, body.dissent, body.base_revision, actor, parts.clock()
        )
        return answered(member_shapes.RevisionOut(**_revision(kept)))

    return api


def members_out(case: Case) -> list[member_shapes.MemberOut]:
    """Who sits in a consultation."""
    return [_member(member) for member in case.members]


def _member(member: Member) -> member_shapes.MemberOut:
    seat = Seat(member.role)
    return member_shapes.MemberOut(
        person=PartyOut(id=member.id, name=member.name),
        specialty=member.specialty,
        specialty_label=spoken(SPECIALTIES.get(member.specialty, UNKNOWN)),
        role=seat.value,
        role_label=spoken(SEATS[seat]),
        answer=member.answer,
        answer_label=spoken(ANSWERS[Answer(member.answer)]),
        answered_at=member.answered_at,
        reason=member.reason,
    )


def relative_out(case: Case) -> member_shapes.RelativeOut:
    """A case that stands beside another."""
    return member_shapes.RelativeOut(
        id=case.id,
        number=case.number,
        service_type=str(case.service_type),
        state=str(case.state),
        label=spoken(STATES[case.state].label),
        question=case.question,
    )


def _experts(found: tuple[Expert, ...]) -> member_shapes.ExpertsOut:
    return member_shapes.ExpertsOut(
        items=[
            member_shapes.ExpertOut(
                person=PartyOut(id=each.person.id, name=each.person.name),
                site=spoken(each.site.name),
                chairs=each.chairs,
            )
            for each in found
        ],
        specialties=[member_shapes.SpecialtyOut(code=code, label=spoken(label)) for code, label in SPECIALTIES.items()],
    )


def _table(table: Table) -> member_shapes.OpinionsOut:
    return member_shapes.OpinionsOut(
        items=[_voice(voice) for voice in table.voices],
        writes=table.writes,
        revision=table.mine.revision if table.mine else 0,
    )


def _voice(voice: Voice) -> member_shapes.OpinionOut:
    return member_shapes.OpinionOut(
        person=PartyOut(id=voice.opinion.person_id, name=voice.name),
        revisions=[member_shapes.RevisionOut(**_revision(each)) for each in voice.revisions],
        **_revision(voice.opinion),
    )


def _revision(kept: Opinion) -> dict[str, Any]:
    return {"revision": kept.revision, "text": kept.text, "dissent": kept.dissent, "saved_at": kept.saved_at}
