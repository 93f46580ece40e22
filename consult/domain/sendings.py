"""A notice on its way out: what it says, how often it is tried, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from consult.domain.errors import Refusal, Words
from consult.domain.notices import Urgency, words_of
from consult.domain.people import Language
from consult.domain.reach import Channel


class Standing(StrEnum):
    """How far a sending has come."""

    WAITING = "waiting"  # to be sent, or to be tried again
    HELD = "held"  # until the quiet hours end, and then with all others of the night
    SENT = "sent"  # the next one on the way has taken it
    DELIVERED = "delivered"  # it has come to its receiver, as the receiver's side says
    DEAD = "dead"  # given up: an operator sees it and may send it again


STANDINGS: Mapping[Standing, Words] = MappingProxyType(
    {
        Standing.WAITING: Words("待发送", "waiting"),
        Standing.HELD: Words("免打扰，早晨汇总发送", "held until the morning"),
        Standing.SENT: Words("已发出", "sent"),
        Standing.DELIVERED: Words("已送达", "delivered"),
        Standing.DEAD: Words("未能送达", "not delivered"),
    }
)


class Undeliverable(Refusal):
    """The other side will not take it however often it is tried; ``cause`` is a stable word for operators."""

    code = "undeliverable"

    def __init__(self, cause: str) -> None:
        super().__init__(CAUSES.get(cause, CAUSES["refused"]))
        self.cause = cause


CAUSES: Mapping[str, Words] = MappingProxyType(
    {
        "refused": Words("对方拒收。", "The other side refused it."),
        "address": Words("地址不被接受，请核对邮箱或手机号。", "The address was not accepted; check it."),
        "no-address": Words("没有登记邮箱或手机号。", "There is no address on record."),
        "no-way": Words("这一渠道未配置。", "This way out is not set up."),
        "redirect": Words("对方要求转到别处，按规定不跟随。", "The other side redirects, which is not followed."),
        "not-allowed": Words("目标地址不在允许范围内。", "The address it would go to is not allowed."),
        "away": Words("对方暂时无法连接。", "The other side cannot be reached."),
        "not-signed-in": Words(
            "登录渠道失败，请核对账号设置。", "Signing in to the way out failed; check its settings."
        ),
        "reported": Words("运营商回报未送达。", "The carrier reports that it did not arrive."),
    }
)
"""Why a sending failed, in the word that is kept and the sentence that is shown."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a sending is tried: first wait, longest wait, and how many tries there are."""

    first: timedelta
    longest: timedelta
    tries: int


PATIENCE: Mapping[Urgency, Patience] = MappingProxyType(
    {
        Urgency.EMERGENCY: Patience(timedelta(seconds=5), timedelta(minutes=1), 20),
        Urgency.ACTION: Patience(timedelta(seconds=30), timedelta(minutes=30), 12),
        Urgency.NEWS: Patience(timedelta(minutes=1), timedelta(hours=1), 8),
    }
)


def next_try(urgency: Urgency, attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts, each wait twice the one before; None: given up."""
    patience = PATIENCE[urgency]
    if attempts >= patience.tries:
        return None
    wait: timedelta = min(patience.first * 2 ** min(max(attempts - 1, 0), 16), patience.longest)
    return now + wait


@dataclass(frozen=True, slots=True)
class Sending:
    """One notice by one way to one receiver.

    ``key`` says which, so that there is one; ``repeats`` counts the tries after which nothing was known: each may have
    arrived. ``notice`` is the id of its row in NOTICES, or one of OF_NO_CASE.
    """

    id: int
    key: str
    channel: Channel
    urgency: Urgency
    notice: str
    said: Mapping[str, Any]
    case_id: str | None
    person_id: str | None
    institution: str | None
    standing: Standing
    due_at: datetime
    attempts: int
    repeats: int
    created_at: datetime
    receipt: str = ""
    trouble: str = ""
    sent_at: datetime | None = None
    delivered_at: datetime | None = None


TEST, MONTH = "test", "turnaround_month"
OF_NO_CASE: Mapping[str, Words] = MappingProxyType(
    {
        TEST: Words("这是一条测试通知，收到说明设置正确。", "This is a test; that you read it says that it works."),
        MONTH: Words("{month} 时效月报已生成，请登录查看", "The turnaround report of {month} is ready; sign in"),
    }
)
"""Notices that no fact of a case gives rise to: their sentences, with what is said in them."""
PAGES: Mapping[str, str] = MappingProxyType({MONTH: "/turnaround"})
"""Where such a notice leads; elsewhere, to the first page."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out: ``key`` is the same however often it is tried; ``facts`` are for a system that reads it."""

    key: str
    to: str
    subject: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side has it: its own number for it, and whether it has come to the receiver already."""

    id: str
    delivered: bool


class Way(Protocol):
    """A way out."""

    def send(self, message: Message, now: datetime) -> Receipt:
        """Hand a message over. Raises Unavailable (try again) and Undeliverable (do not)."""
        ...


Ways = Mapping[Channel, Way]


def said_in(sending: Sending) -> Words:
    """What a sending says, whether it is of a case or of none."""
    words = OF_NO_CASE.get(sending.notice)
    if words is None:
        return words_of(sending.notice, sending.said)
    return Words(words.zh.format(**sending.said), words.en.format(**sending.said))


def sentence_of(sending: Sending, language: Language) -> str:
    """One notice in one line: its case's number and its words."""
    words = said_in(sending)
    text = words.en if language is Language.EN else words.zh
    number = str(sending.said.get("number") or "")
    return f"{number} {text}" if number else text


def compose(sendings: Sequence[Sending], to: str, language: Language, public_url: str) -> Message:
    """One message of one notice, or of several that were held: case numbers, words and a link, nothing else."""
    first, english = sendings[0], language is Language.EN
    lines = [sentence_of(each, language) for each in sendings]
    if len(sendings) == 1:
        link = public_url + (f"/cases/{first.case_id}" if first.case_id else PAGES.get(first.notice, ""))
        urgent = first.urgency is Urgency.EMERGENCY
        mark = ("[urgent] " if english else "【急】") if urgent else ""
        return Message(first.key, to, mark + lines[0], f"{mark}{lines[0]}\n{link}", facts_of(first, link))
    link = f"{public_url}/notices"
    title = f"{len(lines)} notices of the night" if english else f"夜间有 {len(lines)} 条会诊通知"
    return Message(f"{first.key}+{len(lines) - 1}", to, title, "\n".join([title, *lines, link]))


def facts_of(sending: Sending, link: str) -> dict[str, Any]:
    """A notice as another system reads it."""
    words = said_in(sending)
    return {
        "id": sending.key,
        "notice": sending.notice,
        "urgency": str(sending.urgency),
        "case": sending.said.get("number"),
        "words": {"zh": words.zh, "en": words.en},
        "link": link,
        "at": sending.created_at.isoformat(),
    }
