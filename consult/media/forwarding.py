"""What a room asks of whoever forwards its sound and picture; our own forwarder and Janus both keep it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from consult.domain.errors import Refusal, Unavailable, Words
from consult.domain.media import Rung

KINDS = ("audio", "video")


class BadDescription(Refusal):
    """A session description that cannot be worked with."""

    code = "bad-description"

    def __init__(self) -> None:
        super().__init__(
            Words(
                "音视频连接参数无法使用，请更换浏览器（需支持 VP8 和 Opus）。",
                "This browser's connection cannot be used; VP8 and Opus are needed.",
            )
        )


class ForwarderAway(Unavailable):
    """What forwards sound and picture does not answer."""

    code = "media-away"

    def __init__(self) -> None:
        super().__init__(
            Words("音视频服务暂时不可用，请用电话联系。", "Sound and picture are away for now; use the telephone.")
        )


class Stream(NamedTuple):
    """Which person's sound or picture (``kind``) comes in which section of the description (``mid``)."""

    mid: str
    person: str
    kind: str


@dataclass(frozen=True, slots=True)
class Received:
    """What a person is to receive: an offer to answer, or None where only the streams changed places."""

    sdp: str | None
    streams: tuple[Stream, ...]


class Figures(NamedTuple):
    """Totals for /metrics."""

    forwarded_packets: int
    keyframe_requests: int
    recordings: int


class Forwarder(Protocol):
    """Carries encoded sound and picture between the people of rooms; every person has a way up and a way down.

    The way up is offered by the browser, the way down by the forwarder. A new offer replaces the old connection, so
    whoever comes back begins anew. SDP is text, complete with its candidates.
    """

    async def open(self) -> None:
        """Begin. Raises ForwarderAway."""
        ...

    async def close(self) -> None:
        """End with all rooms."""
        ...

    async def publish(self, room: str, person: str, sdp: str) -> str:
        """A person's way up: the answer to their offer. Raises BadDescription and ForwarderAway."""
        ...

    async def receive(self, room: str, person: str, publishers: Collection[str]) -> Received | None:
        """What a person's way down is to carry from now on; None where nothing is to be received and never was."""
        ...

    async def answered(self, room: str, person: str, sdp: str) -> None:
        """The browser's answer to the last offer. Raises BadDescription."""
        ...

    async def renew(self, room: str, person: str) -> None:
        """Forget a person's way down, so that the next ``receive`` makes a new one."""
        ...

    async def leave(self, room: str, person: str) -> None:
        """Drop both ways of a person; nobody else notices but by what they no longer receive."""
        ...

    async def allow(self, room: str, person: str, *, sound: bool, picture: bool) -> None:
        """Whether a person's sound and picture are passed on; what is not allowed reaches nobody and no recording."""
        ...

    async def hold(self, room: str, person: str, rung: Rung) -> None:
        """What a person's line carries: FULL and LOW all, STILL whole pictures now and then, AUDIO and TEXT none."""
        ...

    def stirred(self, room: str) -> bool:
        """Whether what can be received in a room changed by itself since this was asked last."""
        ...

    def loudest(self, room: str) -> str | None:
        """Who speaks; None while it is quiet."""
        ...

    async def record(self, room: str, folder: Path | None) -> None:
        """Write every track of a room into a folder from now on; None ends it and leaves the folder complete."""
        ...

    def figures(self) -> Figures:
        """Totals since it was opened."""
        ...
