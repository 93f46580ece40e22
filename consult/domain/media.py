"""Sound and picture in a room: who sends, what a thin line still carries, and who may order a recording."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from consult.domain.errors import NotAllowed, Refusal, Words

SENDING_ROLES = frozenset({"presenter", "participant"})
WATCHING_ROLES = frozenset({"observer"})
"""They see and hear only. Whoever is neither (somebody who still waits to be let in) does not come in here."""


class RoomFull(Refusal):
    """As many are in the room as it holds."""

    code = "room-full"

    def __init__(self, most: int) -> None:
        super().__init__(
            Words(
                f"会诊室已满（最多 {most} 人）。请稍后再进，或改用电话参加。",
                f"The room is full ({most} people). Try again later, or join by telephone.",
            )
        )


# ---- the ladder ----


class Rung(StrEnum):
    """What a line carries, best first."""

    FULL = "full"
    LOW = "low"
    STILL = "still"
    AUDIO = "audio"
    TEXT = "text"


class Step(NamedTuple):
    """A rung: what is sent on it (bit/s, lines, frames/s; 0: not sent), and what a line must be to stay on it.

    ``holds_bps`` is the least a line may carry, ``worst_loss`` the largest part of packets that may go missing.
    """

    rung: Rung
    video_bps: int
    height: int
    fps: float
    audio_bps: int
    holds_bps: int
    worst_loss: float
    told: Words


LADDER: tuple[Step, ...] = (
    Step(Rung.FULL, 600_000, 360, 25, 32_000, 300_000, 0.10, Words("网络良好", "Good line")),
    Step(Rung.LOW, 150_000, 180, 15, 32_000, 90_000, 0.15, Words("网络较慢，画面已缩小", "Slow line: small picture")),
    Step(Rung.STILL, 60_000, 180, 0.2, 24_000, 40_000, 0.20,
         Words("网络很慢，画面每 5 秒更新一次", "Very slow line: one picture every 5 seconds")),
    Step(Rung.AUDIO, 0, 0, 0, 16_000, 16_000, 0.40, Words("网络很差，仅保留语音", "Poor line: voice only")),
    Step(Rung.TEXT, 0, 0, 0, 0, 0, 1.0,
         Words("语音已中断，请用文字交流或拨打电话", "No voice: use the chat or the telephone")),
)  # fmt: skip
BAD_S = 2.0
"""A line is left its rung for so long; a burst is not a bad line."""
GOOD_S = 20.0
GOOD_LOSS = 0.02
SILENT_S = 8.0
"""A page tells of its line every two seconds; one that said nothing for so long has none."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A line as its page sees it: bit/s that it carries (None: not known) and the part of packets lost, 0 to 1."""

    available_bps: int | None
    loss: float


SILENT = Stats(0, 1.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person is on the ladder (index into LADDER), and since when their line is bad or good (seconds)."""

    index: int = 0
    bad_since: float | None = None
    good_since: float | None = None

    @property
    def step(self) -> Step:
        """The row of LADDER."""
        return LADDER[self.index]


def step(standing: Standing, stats: Stats, now: float) -> Standing:
    """The next standing: down as far as the line asks once it was bad for BAD_S, up one after GOOD_S good seconds.

    ``now`` is in seconds of any clock that only goes forward.
    """
    if not _carries(standing.step, stats):
        since = now if standing.bad_since is None else standing.bad_since
        if now - since < BAD_S:
            return Standing(standing.index, since, None)
        return Standing(_carrying(standing.index + 1, stats))
    if stats.loss > GOOD_LOSS:
        return Standing(standing.index)
    since = now if standing.good_since is None else standing.good_since
    if standing.index and now - since >= GOOD_S:
        return Standing(standing.index - 1, None, now)
    return replace(standing, bad_since=None, good_since=since)


def _carries(row: Step, stats: Stats) -> bool:
    enough = stats.available_bps is None or stats.available_bps >= row.holds_bps
    return enough and stats.loss <= row.worst_loss


def _carrying(first: int, stats: Stats) -> int:
    return next(index for index, row in enumerate(LADDER) if index >= first and _carries(row, stats))


# ---- what the control side orders ----


class Order(StrEnum):
    """What may be ordered of a room: to record, to stop recording, to drop a person, to hand the room over."""

    RECORD = "record"
    STOP = "stop"
    DROP = "drop"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Command:
    """An order for a room; ``detail`` names the person to drop or the forwarder to move to, ``by`` who ordered it."""

    room: str
    order: Order
    by: str
    detail: str
    until: datetime


_COMMAND = b"consult media command 1\n"


def sign_command(key: bytes, room: str, order: Order, by: str, until: datetime, detail: str = "") -> str:
    """An order as text that only a holder of the key can make."""
    told = json.dumps([room, order, by, detail, int(until.timestamp())], separators=(",", ":"))
    return f"{_text(told.encode())}.{_text(_mac(key, told.encode()))}"


def read_command(key: bytes, sealed: str, now: datetime) -> Command:
    """An order that was signed and whose time is not over. Raises NotAllowed."""
    told = _told(key, sealed)
    if told is not None:
        room, order, by, detail, until = json.loads(told)
        command = Command(room, Order(order), by, detail, datetime.fromtimestamp(until, UTC))
        if now < command.until:
            return command
    raise NotAllowed(Words("操作凭证无效或已过期，请重试。", "The order is not valid any more; try again."))


def _told(key: bytes, sealed: str) -> bytes | None:
    said, _, seal = sealed.partition(".")
    try:
        told, given = (base64.b64decode(each, altchars=b"-_", validate=True) for each in (said, seal))
    except ValueError:
        return None
    return told if hmac.compare_digest(given, _mac(key, told)) else None


def _mac(key: bytes, told: bytes) -> bytes:
    return hmac.digest(key, _COMMAND + told, hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii")


# ---- the way through firewalls ----


class Credentials(NamedTuple):
    """What a browser shows a TURN server; the name tells when it ends."""

    username: str
    password: str


def turn_credentials(secret: str, person: str, until: datetime) -> Credentials:
    """Time-limited credentials for coturn's ``use-auth-secret`` (draft-uberti-behave-turn-rest-00 §2.2: HMAC-SHA1)."""
    username = f"{int(until.timestamp())}:{person}"
    made = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
    return Credentials(username, base64.b64encode(made).decode("ascii"))
