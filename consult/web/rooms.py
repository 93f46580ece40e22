"""Meetings of a case over HTTP: a ticket into the room, calling, guests, the end, and the record to replay."""

from typing import Any

from flask import Response

from consult.actions import rooms
from consult.actions.parts import Parts
from consult.domain.errors import Words
from consult.domain.meetings import ENDINGS, Attendance, Ending, Invitation
from consult.domain.room_kinds import KINDS, ROOM_ROLES, RoomRole
from consult.queries import rooms as queries
from consult.web import room_shapes, schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import check_origin, current_actor

GUEST_PAGE = "/guest#"
"""The page of a guest; what follows ``#`` is sent to no server and stands in no log."""


def rooms_api(parts: Parts) -> Api:
    """The routes of meetings."""
    api = Api("rooms", "Live consultation")
    _meeting(api, parts)
    _guests(api, parts)
    return api


def _meeting(api: Api, parts: Parts) -> None:
    secret = parts.settings.live.secret

    @api.post("/cases/<case_id>/room", responses={200: room_shapes.WayInOut})
    def enter_room(path: schemas.CasePath) -> Response:
        """A ticket into the open room of a case; who takes part opens it."""
        entered = rooms.enter(parts.store, path.case_id, current_actor(), secret, parts.clock())
        return answered(room_shapes.WayInOut(**_way_in(parts, entered)))

    @api.post("/cases/<case_id>/room/ring", responses={204: None})
    def ring(path: schemas.CasePath) -> Response:
        """Call the others: their pages ring."""
        rooms.ring(parts.store, path.case_id, current_actor(), parts.clock())
        return Response(status=204)

    @api.post("/cases/<case_id>/room/close", responses={204: None})
    def close_room(path: schemas.CasePath, body: room_shapes.CloseIn) -> Response:
        """End the meeting for everybody."""
        ending = Ending(body.ending)
        rooms.close(parts.store, path.case_id, ending, body.reason, current_actor(), parts.clock())
        return Response(status=204)

    @api.get("/cases/<case_id>/rooms", responses={200: room_shapes.MeetingsOut})
    def show_meetings(path: schemas.CasePath) -> Response:
        """The meetings of a case, and who was there."""
        told = queries.meetings(parts.store, path.case_id, current_actor(), parts.clock())
        items = [meeting_out(each) for each in told.items]
        at = told.case.appointment_at
        return answered(room_shapes.MeetingsOut(items=items, opens=told.opens, appointment_at=at))

    @api.get("/cases/<case_id>/rooms/<room_id>", responses={200: room_shapes.RecordOut})
    def show_record(path: room_shapes.RoomPath) -> Response:
        """The record of a meeting, to be replayed."""
        told = queries.record(parts.store, path.case_id, path.room_id, current_actor(), parts.clock())
        ops = [
            room_shapes.DeedOut(seq=op.seq, at=op.at, by=op.by, kind=op.kind, label=spoken(KINDS[op.kind].label),
                                body=dict(op.body))
            for op in told.ops
        ]  # fmt: skip
        views = [room_shapes.ShownOut(at=at, by=by, view=view) for at, by, view in told.views]
        met = queries.Met(told.meeting, told.attendance, 0)
        return answered(room_shapes.RecordOut(meeting=meeting_out(met), ops=ops, views=views))


def _guests(api: Api, parts: Parts) -> None:
    @api.get("/cases/<case_id>/room/guests", responses={200: room_shapes.GuestsOut})
    def show_guests(path: schemas.CasePath) -> Response:
        """The guests' links of the open room."""
        found = queries.guests(parts.store, path.case_id, current_actor())
        return answered(room_shapes.GuestsOut(items=[room_shapes.GuestOut(**_guest(each)) for each in found]))

    @api.post("/cases/<case_id>/room/guests", responses={201: room_shapes.NewGuestOut})
    def invite_guest(path: schemas.CasePath, body: room_shapes.GuestIn) -> Response:
        """A one-time link for somebody without an account; it is shown this once."""
        made = rooms.invite(parts.store, path.case_id, body.name, body.images, current_actor(), parts.clock())
        url = f"{parts.settings.web.public_url.rstrip('/')}{GUEST_PAGE}{made.token}"
        answer = answered(room_shapes.NewGuestOut(**_guest(made.invitation), url=url))
        answer.status_code = 201
        return answer

    @api.delete("/cases/<case_id>/room/guests/<guest_id>", responses={204: None})
    def take_guest_back(path: room_shapes.GuestPath) -> Response:
        """A link counts no more, and its guest leaves."""
        rooms.take_back(parts.store, path.case_id, path.guest_id, current_actor(), parts.clock())
        return Response(status=204)

    @api.post("/guest", responses={200: room_shapes.GuestWayInOut})
    def follow_link(body: room_shapes.FollowIn) -> Response:
        """A guest's way in, by a link: no account, no session, no images unless the link allows them."""
        check_origin()
        entered = rooms.follow(parts.store, body.token, parts.settings.live.secret, parts.clock())
        return answered(room_shapes.GuestWayInOut(**_way_in(parts, entered), again=entered.again))


def _way_in(parts: Parts, entered: rooms.Entered) -> dict[str, Any]:
    live = parts.settings.live
    return {
        "room": entered.meeting.id,
        "role": str(entered.role),
        "ticket": entered.ticket,
        "live_url": f"{live.url}?room={entered.meeting.id}",
        "media_url": parts.settings.media.public_url or None,
    }


def _guest(made: Invitation) -> dict[str, Any]:
    names = ("id", "name", "images", "made_at", "expires_at", "used_at", "ended_at")
    return {name: getattr(made, name) for name in names}


def meeting_out(met: queries.Met) -> room_shapes.MeetingOut:
    """A meeting as pages show it."""
    told = met.meeting
    label = ENDINGS[Ending(told.ending)] if told.ending else Words("", "")
    return room_shapes.MeetingOut(
        room=told.id,
        opened_at=told.opened_at,
        opened_by=told.opened_by_name,
        met_at=told.met_at,
        closed_at=told.closed_at,
        closed_by=told.closed_by_name,
        ending=told.ending,
        ending_label=spoken(label),
        reason=told.reason,
        inside=met.inside,
        attendance=[_attended(each) for each in met.attendance],
    )


def _attended(who: Attendance) -> room_shapes.AttendedOut:
    return room_shapes.AttendedOut(
        person_id=who.person_id,
        name=who.name,
        site=who.site,
        role=who.role,
        role_label=spoken(ROOM_ROLES[RoomRole(who.role)]),
        came_at=who.came_at,
        left_at=who.left_at,
        seconds=who.seconds,
    )
