"""KINDS: what can be said in a room, by whom, in which shape, how often; the protocol that every client reads.

A room speaks JSON text frames over one WebSocket. ``t`` names the frame.

| from | frame | meaning |
|---|---|---|
| client | ``join {ticket, since}`` | first frame; ``since`` is the last ``seq`` seen, 0 for none |
| server | ``welcome {room, you, role, head, epoch, presenter, recording, people[], limits, view?, snapshot?, ops[]}`` \
| all up to ``head``: a snapshot, or the ops after ``since`` |
| server | ``waiting {room, you}`` | a guest who was not let in yet; a ``welcome`` follows |
| client | ``op {cid, kind, body}`` | a durable deed; ``cid`` is unique to it, and is sent again after a drop |
| server | ``ack {cid, seq, at?}`` / ``nak {cid, why, sentence{zh, en}}`` | kept for good, or refused; \
without ``at`` it was kept before, and came with the welcome |
| server | ``op {seq, at, by, kind, body}`` | somebody's durable deed, in the order of the record; never one's own |
| client | ``eph {kind, body}`` | what only counts now; refused ones are answered by ``no`` |
| server | ``eph {by, kind, body}`` | the newest of that sender and kind; costs one credit |
| client | ``seen {n}`` | gives ``n`` credits back; CREDIT ``eph`` frames may be under way |
| server | ``people {people[]}`` | who is there, in which role, how far their images have loaded; costs one credit |
| server | ``no {why, sentence}`` | a frame that is none, or an ``eph`` that was refused |

The server closes with a code of CLOSES. After anything but ``ended``, ``out`` and ``elsewhere`` a client gets a new
ticket, joins with ``since`` and sends again what was not acknowledged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from consult.domain.errors import Refusal, Words
from consult.domain.room_shapes import (
    CELL,
    IMAGE,
    POINT,
    VIEW,
    Flag,
    Many,
    Name,
    Number,
    OneOf,
    Record,
    Shape,
    Text,
    Whole,
)

CREDIT = 2
"""``eph`` and ``people`` frames that may be under way to a client: on a thin line two old ones are two too many."""


class RoomRole(StrEnum):
    """What somebody is in a room; WAITING is a guest who was not let in."""

    PRESENTER = "presenter"
    PARTICIPANT = "participant"
    OBSERVER = "observer"
    GUEST = "guest"
    WAITING = "waiting"


ROOM_ROLES: Mapping[RoomRole, Words] = MappingProxyType(
    {
        RoomRole.PRESENTER: Words("主讲", "presenter"),
        RoomRole.PARTICIPANT: Words("参会", "participant"),
        RoomRole.OBSERVER: Words("旁听", "observer"),
        RoomRole.GUEST: Words("访客", "guest"),
        RoomRole.WAITING: Words("等候", "waiting"),
    }
)


class Lane(StrEnum):
    """Durable: kept before anybody else sees it, never dropped. Ephemeral: the newest wins, nothing is kept."""

    DURABLE = "durable"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of KINDS. ``images``: not for a guest who may not see images."""

    name: str
    lane: Lane
    roles: frozenset[RoomRole]
    body: Shape
    label: Words
    images: bool = False


P, M, O, G = RoomRole.PRESENTER, RoomRole.PARTICIPANT, RoomRole.OBSERVER, RoomRole.GUEST  # noqa: E741  as in the table
LEADS, TAKES_PART, IN_THE_ROOM = frozenset({P}), frozenset({P, M}), frozenset({P, M, O, G})
KEY, PERSON, EPOCH = Name(), Name(), Whole(0, 1 << 31)
PLACE: Mapping[str, Shape] = {"study": Name(), "series": Name()}
ON: Mapping[str, Shape] = {**PLACE, "sop": Name(), "frame": Whole(), "frame_of_reference": Name()}
STROKE = Many(POINT, 400, 1)


def _durable(name: str, roles: frozenset[RoomRole], zh: str, en: str, body: Record, images: bool = False) -> Kind:
    return Kind(name, Lane.DURABLE, roles, body, Words(zh, en), images)


def _ephemeral(name: str, roles: frozenset[RoomRole], zh: str, en: str, body: Record, images: bool = False) -> Kind:
    return Kind(name, Lane.EPHEMERAL, roles, body, Words(zh, en), images)


# fmt: off
_ROWS = (
    _durable("annotation.put", TAKES_PART, "标注", "annotation",
             Record({"id": KEY, "tool": Name(), "points": Many(POINT, 200, 1)},
                    {**ON, "label": Text(400), "normal": POINT, "view_up": POINT}), True),
    _durable("annotation.edit", TAKES_PART, "修改标注", "annotation edited",
             Record({"id": KEY}, {"points": Many(POINT, 200, 1), "label": Text(400)}), True),
    _durable("annotation.delete", TAKES_PART, "删除标注", "annotation deleted", Record({"id": KEY}), True),
    _durable("key_image", TAKES_PART, "关键图像", "key image",
             Record({"id": KEY, "view": VIEW}, {"caption": Text(400)}), True),
    _durable("study.open", TAKES_PART, "打开检查", "study opened",
             Record({"study": Name()}, {"series": Name(), "use": OneOf(("current", "prior")), "linked": Flag()}), True),
    _durable("layout", LEADS, "布局", "layout",
             Record({"epoch": EPOCH, "rows": Whole(1, 8), "columns": Whole(1, 8), "cells": Many(CELL, 64)}), True),
    _durable("view.commit", LEADS, "画面", "view", Record({"epoch": EPOCH, "view": VIEW}), True),
    _durable("presenter", TAKES_PART, "主讲", "presenter", Record({"to": PERSON, "epoch": EPOCH})),
    _durable("role", LEADS, "角色", "role",
             Record({"person": PERSON, "role": OneOf((str(M), str(O)))})),
    _durable("admit", TAKES_PART, "准入", "let in", Record({"person": PERSON})),
    _durable("consent", IN_THE_ROOM, "录制同意", "consent to recording", Record({"given": Flag()})),
    _durable("recording.start", TAKES_PART, "开始录制", "recording started", Record({"id": KEY})),
    _durable("recording.stop", TAKES_PART, "停止录制", "recording stopped", Record({"id": KEY})),
    _durable("chat", IN_THE_ROOM, "消息", "message", Record({"text": Text(4000, 1)}, {"file": KEY})),
    _durable("note", TAKES_PART, "会诊记录", "note",
             Record({"section": OneOf(("minutes", "opinion", "conclusion")), "text": Text(8000)})),
    _durable("whiteboard.put", TAKES_PART, "手绘", "drawing",
             Record({"id": KEY, "strokes": Many(STROKE, 20, 1)}, {**ON, "normal": POINT, "width": Number(0.1, 20)}),
             True),
    _durable("whiteboard.delete", TAKES_PART, "擦除手绘", "drawing erased", Record({"id": KEY}), True),
    _ephemeral("pointer", TAKES_PART, "光标", "pointer",
               Record({}, {"point": POINT, **ON, "cell": Whole(0, 63)}), True),
    _ephemeral("view", LEADS, "画面", "view", Record({"epoch": EPOCH, "view": VIEW}), True),
    _ephemeral("loaded", IN_THE_ROOM, "影像加载", "images loaded",
               Record({"series": Name(), "done": Whole(), "total": Whole()}), True),
    _ephemeral("speaking", IN_THE_ROOM, "正在发言", "speaking", Record({"on": Flag()})),
)
# fmt: on
KINDS: Mapping[str, Kind] = MappingProxyType({row.name: row for row in _ROWS})
IMAGE_NAMES = tuple(IMAGE)


class Pace(NamedTuple):
    """How often: ``rate`` a second in the long run, ``burst`` at once."""

    rate: float
    burst: float


PACES: Mapping[Lane, Pace] = MappingProxyType({Lane.DURABLE: Pace(40, 80), Lane.EPHEMERAL: Pace(90, 180)})
"""A person's pace in a room, over all their tabs: a pointer and a view at 30 Hz each, and some."""

LARGEST_FRAME = 64 << 10
"""Bytes of one frame from a client; more closes the socket."""

LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "people": 36,
        "tabs": 4,
        "ops": 100_000,
        "annotations": 2_000,
        "whiteboard": 1_000,
        "outbox": 400,
        "catch_up": 1_000,
    }
)
"""Of one room: people at once, sockets a person, ops, live annotations and drawings; frames that wait for a slow
client; ops that a returning client gets one by one, past which it gets a snapshot."""


class Why(StrEnum):
    """Why something was refused."""

    FRAME = "frame"
    KIND = "kind"
    BODY = "body"
    ROLE = "role"
    PACE = "pace"
    EPOCH = "epoch"
    PERSON = "person"
    TAKEN = "taken"
    GONE = "gone"
    NOT_YOURS = "not-yours"
    CONSENT = "consent"
    RECORDING = "recording"
    FULL = "full"
    TICKET = "ticket"
    AWAY = "away"


SENTENCES: Mapping[Why, Words] = MappingProxyType(
    {
        Why.FRAME: Words("消息无法理解，请刷新页面。", "That message makes no sense here; refresh the page."),
        Why.KIND: Words("会诊室不支持该操作，请刷新页面。", "The room knows no such deed; refresh the page."),
        Why.BODY: Words("内容不完整或过大，未发送。", "That is incomplete or too large; it was not sent."),
        Why.ROLE: Words("您当前的角色不能这样做；可申请主讲。", "Your role cannot do that; ask to present."),
        Why.PACE: Words("操作过快，请稍候再试。", "That is too fast; wait a moment."),
        Why.EPOCH: Words("主讲已换人，请重试。", "Somebody else presents by now; try again."),
        Why.PERSON: Words("此人不在会诊室，或不能担任该角色。", "They are not in the room, or cannot be that."),
        Why.TAKEN: Words("该内容已存在。", "That exists already."),
        Why.GONE: Words("该内容已被删除。", "That was deleted."),
        Why.NOT_YOURS: Words("只能修改自己的内容。", "Only its author can change that."),
        Why.CONSENT: Words("尚有人未同意录制。", "Somebody has not agreed to the recording yet."),
        Why.RECORDING: Words("录制状态已改变，请查看。", "The recording has changed; look again."),
        Why.FULL: Words("会诊室已达上限。", "The room is full."),
        Why.TICKET: Words("入场凭证无效或已用过，请重新进入会诊室。", "The ticket is not valid; enter the room again."),
        Why.AWAY: Words("暂时无法保存，正在重新连接。", "It cannot be kept right now; reconnecting."),
    }
)


class RoomRefused(Refusal):
    """Something that a room does not take; ``why`` is one of Why."""

    code = "room-refused"

    def __init__(self, why: Why) -> None:
        super().__init__(SENTENCES[why])
        self.why = why


class Close(NamedTuple):
    """A WebSocket close code of ours (RFC 6455 §7.4.2) with its reason on the wire, and whether to come back."""

    code: int
    reason: str
    again: bool


CLOSES: Mapping[str, Close] = MappingProxyType(
    {
        "ended": Close(4000, "ended", False),
        "ticket": Close(4001, "ticket", True),
        "out": Close(4003, "out", False),
        "full": Close(4004, "full", True),
        "slow": Close(4008, "slow", True),
        "abuse": Close(4009, "abuse", True),
        "elsewhere": Close(4010, "elsewhere", False),
        "away": Close(4013, "away", True),
    }
)
"""The room ended; no valid ticket; no longer a member; too many people; too slow to keep up; frames without sense or
too fast for long; the person opened it in more tabs than are kept; the log cannot be written now."""
