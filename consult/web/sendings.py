"""What went out over HTTP: an operator's list and second try, receipts beside a case, and what carriers report."""

from datetime import datetime
from typing import Literal

from flask import Response, request
from prometheus_client.core import GaugeMetricFamily, Metric
from pydantic import BaseModel, Field

from consult.actions import sendings as actions
from consult.actions.parts import Parts
from consult.domain.errors import NotSignedIn, Words
from consult.domain.notices import URGENCY_NAMES, Urgency, words_of
from consult.domain.reach import CHANNEL_NAMES, Channel
from consult.domain.sendings import Standing, said_in
from consult.formats.sealed_calls import HEADER, is_sealed
from consult.queries import sendings as queries
from consult.web import schemas
from consult.web.answers import answered
from consult.web.language import spoken
from consult.web.notices import SendingOut, sending_out
from consult.web.openapi import Api
from consult.web.session import current_actor

NOT_SEALED = Words("签名无效或已过期。", "The seal is not valid, or too old.")


class SendingsQuery(BaseModel):
    """Those that stand so; a cursor; how many."""

    standing: Standing = Standing.DEAD
    before: int | None = None
    limit: int = Field(default=30, ge=1, le=queries.MOST)


class SendingPath(BaseModel):
    """Which sending."""

    number: int


class CarrierReportIn(schemas.In):
    """What a carrier says of a message: its own number for it, and how it ended."""

    id: str = Field(max_length=128)
    status: Literal["delivered", "failed"]


class SentOut(SendingOut):
    """A sending as operators see it: no text, and of the address only enough to tell which."""

    channel_label: str
    words: str
    urgency_label: str
    case_number: str
    name: str
    to: str
    attempts: int
    due_at: datetime


class SendingsOut(BaseModel):
    """A page, newest first; how many stand how."""

    items: list[SentOut]
    next: int | None
    counts: dict[str, int]


class ToldOut(BaseModel):
    """Who was told of a fact (``seq``), when they looked at it, and by which ways it went to them."""

    seq: int
    at: datetime
    name: str
    words: str
    urgency: Urgency
    rung: int
    read_at: datetime | None
    sendings: list[SendingOut]


class ToldsOut(BaseModel):
    """Who was told what of a case, in order."""

    items: list[ToldOut]


def sendings_api(parts: Parts) -> Api:
    """The routes of what went out."""
    api = Api("sendings", "What went out, and what became of it")
    _operators(api, parts)

    @api.get("/cases/<case_id>/notices", responses={200: ToldsOut})
    def show_told(path: schemas.CasePath) -> Response:
        """Who was told what of a case, and whether it came to them."""
        told = queries.of_case(parts.store, path.case_id, current_actor())
        return answered(ToldsOut(items=[_told(each) for each in told]))

    @api.post("/sms/reports", responses={204: None})
    def take_report(body: CarrierReportIn) -> Response:
        """A text-message gateway reports what became of a message; the call is sealed (X-Consult-Signature)."""
        secret = parts.settings.sms.report_secret or ""
        if not is_sealed(secret, request.get_data(), request.headers.get(HEADER, ""), parts.clock()):
            raise NotSignedIn(NOT_SEALED)
        actions.take_receipt(parts.store, Channel.SMS, body.id, body.status == "delivered", parts.clock())
        return Response(status=204)

    return api


def _operators(api: Api, parts: Parts) -> None:
    @api.get("/sendings", responses={200: SendingsOut})
    def list_sendings(query: SendingsQuery) -> Response:
        """What went out or did not, newest first, for those who run the platform."""
        found = queries.page(parts.store, current_actor(), query.standing, query.before, query.limit)
        return answered(
            SendingsOut(
                items=[_line(each) for each in found.items],
                next=found.before,
                counts={str(each): found.counts.get(each, 0) for each in Standing},
            )
        )

    @api.post("/sendings/<number>/resend", responses={204: None})
    def resend(path: SendingPath) -> Response:
        """Send one that was given up once more."""
        actions.resend(parts.store, current_actor(), path.number, parts.clock())
        return Response(status=204)


def _line(line: queries.Line) -> SentOut:
    each = line.sending
    return SentOut(
        **sending_out(each).model_dump(),
        channel_label=spoken(CHANNEL_NAMES[each.channel]),
        words=spoken(said_in(each)),
        urgency_label=spoken(URGENCY_NAMES[each.urgency]),
        case_number=str(each.said.get("number") or ""),
        name=spoken(line.name),
        to=line.to,
        attempts=each.attempts,
        due_at=each.due_at,
    )


def sending_figures(parts: Parts) -> list[Metric]:
    """What did not go out yet, or was given up, by way and standing. Raises Unavailable."""
    told = "Notices that are to go out (waiting, held) or were given up (dead)"
    family = GaugeMetricFamily("consult_sendings", told, labels=("channel", "standing"))
    for (channel, standing), count in queries.unsent(parts.store).items():
        family.add_metric((str(channel), str(standing)), count)
    return [family]


def _told(each: queries.ToldOfCase) -> ToldOut:
    told = each.told
    return ToldOut(
        seq=told.fact_seq,
        at=told.at,
        name=each.name,
        words=spoken(words_of(told.notice, told.said)),
        urgency=told.urgency,
        rung=told.rung,
        read_at=told.read_at,
        sendings=[sending_out(one) for one in each.sendings],
    )
