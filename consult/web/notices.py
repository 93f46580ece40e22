"""One's own notices over HTTP: how many are new, page after page, looked at; and how one is reached."""

from datetime import datetime
from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, Field

from consult.actions import notices as actions
from consult.actions import reach as reach_actions
from consult.actions.parts import Parts
from consult.domain.notices import URGENCY_NAMES, Urgency, words_of
from consult.domain.reach import CHOOSABLE, PERSONAL, Channel, Open, Reach
from consult.domain.sendings import CAUSES, STANDINGS, Sending
from consult.queries import notices as queries
from consult.web import schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.openapi import Api
from consult.web.session import current_actor

Way = Literal["email", "sms"]
Wanted = Literal["action", "news"]


class NoticesQuery(BaseModel):
    """Only what is new; a cursor; how many."""

    unread: bool = False
    before: int | None = None
    limit: int = Field(default=30, ge=1, le=queries.MOST)


class ReadIn(schemas.In):
    """Which notices one looked at: these, all up to one, or all of a case that one opened."""

    ids: list[int] | None = Field(default=None, max_length=queries.MOST)
    up_to: int | None = None
    case_id: str | None = Field(default=None, pattern="^[0-9a-f]{32}$")


class UnreadOut(BaseModel):
    """How many are new, how many of them emergencies, and the newest."""

    unread: int
    emergencies: int
    newest: int | None = None
    newest_words: str = ""


class NoticeOut(BaseModel):
    """A notice; ``patient`` is None where the person may not list the case any more."""

    id: int
    at: datetime
    notice: str
    urgency: Urgency
    urgency_label: str
    words: str
    case_id: str
    case_number: str
    patient: str | None
    read_at: datetime | None


class NoticesOut(BaseModel):
    """A page of one's own, newest first."""

    items: list[NoticeOut]
    next: int | None
    unread: int
    emergencies: int


class WayIn(schemas.In):
    """What goes by a way beside emergencies, which always do."""

    channel: Way
    wanted: list[Wanted]


class ReachIn(schemas.In):
    """How one is reached; quiet hours in minutes after midnight; ``version`` is that of the record it was made on."""

    email: schemas.Line = ""
    mobile: schemas.Line = ""
    quiet_from: Annotated[int, Field(ge=0, lt=1440)]
    quiet_to: Annotated[int, Field(ge=0, lt=1440)]
    ways: list[WayIn] = Field(max_length=len(PERSONAL))
    version: int = Field(ge=0)


class WayOut(BaseModel):
    """A way: whether it is set up here, and what goes by it beside emergencies."""

    channel: Way
    available: bool
    wanted: list[Wanted]


class ReachOut(BaseModel):
    """How one is reached."""

    email: str
    mobile: str
    quiet_from: int
    quiet_to: int
    ways: list[WayOut]
    version: int


class TestIn(schemas.In):
    """The way to try."""

    channel: Way


class SendingOut(BaseModel):
    """What became of a message."""

    number: int
    channel: Channel
    standing: str
    label: str
    at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    repeated: bool
    trouble: str


def notices_api(parts: Parts) -> Api:
    """The routes of one's own notices."""
    api = Api("notices", "What one is told, and how one is reached")
    _own(api, parts)
    _reach(api, parts)
    return api


def _own(api: Api, parts: Parts) -> None:
    @api.get("/notices", responses={200: NoticesOut})
    def list_notices(query: NoticesQuery) -> Response:
        """One's own notices, newest first."""
        found = queries.page(parts.store, current_actor(), query.unread, query.before, query.limit)
        items: list[NoticeOut] = []
        for each in found.items:
            case = found.cases.get(each.case_id)
            items.append(
                NoticeOut(
                    id=each.id, at=each.at, notice=each.notice, urgency=each.urgency,
                    urgency_label=spoken(URGENCY_NAMES[each.urgency]),
                    words=spoken(words_of(each.notice, each.said)), case_id=each.case_id,
                    case_number=str(each.said["number"]), patient=case.patient.name if case else None,
                    read_at=each.read_at,
                )
            )  # fmt: skip
        counts = found.unread
        return answered(
            NoticesOut(
                items=items,
                next=found.before,
                unread=sum(counts.values()),
                emergencies=counts.get(Urgency.EMERGENCY, 0),
            )
        )

    @api.get("/notices/unread", responses={200: UnreadOut})
    def count_notices() -> Response:
        """How many of one's own are new, for the bell."""
        return answered(_unread(parts))

    @api.post("/notices/read", responses={200: UnreadOut})
    def read_notices(body: ReadIn) -> Response:
        """One looked at these; an emergency that somebody looked at climbs no further."""
        looked = actions.Looked(body.ids or (), body.up_to, body.case_id)
        actions.mark_read(parts.store, current_actor(), looked, parts.clock())
        return answered(_unread(parts))


def _unread(parts: Parts) -> UnreadOut:
    counts, newest = queries.unread(parts.store, current_actor())
    return UnreadOut(
        unread=sum(counts.values()),
        emergencies=counts.get(Urgency.EMERGENCY, 0),
        newest=newest.id if newest else None,
        newest_words=f"{newest.said['number']} {spoken(words_of(newest.notice, newest.said))}" if newest else "",
    )


def _reach(api: Api, parts: Parts) -> None:
    @api.get("/account/reach", responses={200: ReachOut})
    def show_reach() -> Response:
        """How one is reached, and which ways are set up here."""
        return answered(_reach_out(queries.own_reach(parts.store, current_actor()), parts.out))

    @api.put("/account/reach", responses={200: ReachOut})
    def keep_reach(body: ReachIn) -> Response:
        """Say how one is reached."""
        ways = {Channel(each.channel): frozenset(Urgency(one) for one in each.wanted) for each in body.ways}
        asked = Reach(body.email, body.mobile, body.quiet_from, body.quiet_to, ways, body.version)
        kept = reach_actions.keep(parts.store, current_actor(), asked, parts.clock())
        return answered(_reach_out(kept, parts.out))

    @api.post("/account/reach/test", responses={202: SendingOut})
    def try_reach(body: TestIn) -> Response:
        """Have a message sent to oneself."""
        made = reach_actions.test(parts.store, current_actor(), Channel(body.channel), parts.out, parts.clock())
        answer = answered(sending_out(made))
        answer.status_code = 202
        return answer

    @api.get("/account/reach/test", responses={200: SendingOut})
    def show_test(query: TestIn) -> Response:
        """What became of the last such message."""
        return answered(sending_out(queries.last_test(parts.store, current_actor(), Channel(query.channel))))


def _reach_out(told: Reach, out: Open) -> ReachOut:
    ways = [
        WayOut(
            channel="email" if channel is Channel.EMAIL else "sms",
            available=channel in out.ways,
            wanted=_wanted(told, channel),
        )
        for channel in PERSONAL
    ]
    return ReachOut(
        email=told.email, mobile=told.mobile, quiet_from=told.quiet_from, quiet_to=told.quiet_to, ways=ways,
        version=told.version,
    )  # fmt: skip


def _wanted(told: Reach, channel: Channel) -> list[Wanted]:
    chosen = told.ways.get(channel, frozenset())
    return ["action" if each is Urgency.ACTION else "news" for each in CHOOSABLE if each in chosen]


def sending_out(each: Sending) -> SendingOut:
    """What became of a message, in the reader's words."""
    return SendingOut(
        number=each.id, channel=each.channel, standing=str(each.standing), label=spoken(STANDINGS[each.standing]),
        at=each.created_at, sent_at=each.sent_at, delivered_at=each.delivered_at, repeated=each.repeats > 0,
        trouble=spoken(CAUSES[each.trouble]) if each.trouble else "",
    )  # fmt: skip
