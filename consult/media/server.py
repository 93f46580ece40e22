"""The media door: browsers' WebSockets on one side, a forwarder on the other; lets people in, tells them the rest."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from consult.domain.errors import Invalid, NotAllowed, Refusal, TooMany, Words
from consult.domain.media import (
    SENDING_ROLES,
    WATCHING_ROLES,
    Order,
    Stats,
    turn_credentials,
)
from consult.domain.media import Command as Ordered
from consult.domain.room_kinds import RoomRefused, Why
from consult.domain.room_tickets import Ticket
from consult.media import messages
from consult.media.forwarding import Forwarder
from consult.media.line import Allowance, Socket
from consult.media.room import Member, Room, said

if TYPE_CHECKING:
    from websockets.http11 import Request, Response

FIRST_S = 10.0
PING_S, PONG_S = 4.0, 6.0
"""A dead page is noticed within ten seconds; aiortc alone takes thirty."""
CLOSE_S = 2.0
TURN_LASTS = timedelta(hours=4)
TICK_S = 0.5
EMPTY_S = 60.0
"""An empty room's recording ends so long after the last person left: they may only have lost their line."""
ANSWER_S = 15.0
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Turn:
    """The relay that browsers are told of, and the secret that it shares with us."""

    urls: tuple[str, ...] = ()
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """How what is signed is read, by the clock: people's tickets and the control side's orders."""

    ticket: Callable[[str], Ticket]
    command: Callable[[str], Ordered]


@dataclass(frozen=True, slots=True)
class Holds:
    """As many people as a room takes."""

    senders: int = 6
    observers: int = 12


class MediaDoor:
    """All rooms of this process. ``forwarders`` by name; a new room begins with ``first``.

    ``clock`` gives aware UTC; ``recordings`` is the folder under which each room has one.
    """

    def __init__(
        self,
        forwarders: Mapping[str, Forwarder],
        first: str,
        notes: Notes,
        clock: Callable[[], datetime],
        recordings: Path,
        turn: Turn | None = None,
        holds: Holds | None = None,
    ) -> None:
        self._forwarders, self._first, self._notes, self._clock = forwarders, first, notes, clock
        self._recordings = recordings
        self._turn, self._holds = turn or Turn(), holds or Holds()
        self._rooms: dict[str, Kept] = {}
        self._taken: dict[str, int] = {}

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[Server]:
        """Serve until the end of the block; port 0 takes any."""
        for forwarder in self._forwarders.values():
            await forwarder.open()
        async with serve(
            self._serve, host, port, process_request=self._answer, max_size=messages.LONGEST, max_queue=16,
            ping_interval=PING_S, ping_timeout=PONG_S, close_timeout=CLOSE_S, compression=None, server_header=None,
        ) as server:  # fmt: skip
            ticking = asyncio.create_task(self._tick())
            try:
                yield server
            finally:
                ticking.cancel()
                for forwarder in self._forwarders.values():
                    await forwarder.close()

    # ---- plain HTTP ----

    def _answer(self, connection: ServerConnection, request: "Request") -> "Response | None":
        if request.path == "/livez":
            return connection.respond(HTTPStatus.OK, "ok\n")
        if request.path == "/metrics":
            return connection.respond(HTTPStatus.OK, self._metrics())
        return None

    def _metrics(self) -> str:
        rooms = [kept.room for kept in self._rooms.values() if kept.room.members]
        figures = [forwarder.figures() for forwarder in self._forwarders.values()]
        told = {
            "consult_media_rooms": len(rooms),
            "consult_media_people": sum(len(room.members) for room in rooms),
            "consult_media_forwarded_packets_total": sum(each.forwarded_packets for each in figures),
            "consult_media_keyframe_requests_total": sum(each.keyframe_requests for each in figures),
            "consult_media_recordings": sum(each.recordings for each in figures),
        }
        return "".join(f"{name} {value}\n" for name, value in told.items())

    # ---- a socket ----

    async def _serve(self, connection: ServerConnection) -> None:
        line = Socket(connection)
        try:
            async with asyncio.timeout(FIRST_S):
                opening = messages.first(await connection.recv())
            if isinstance(opening, messages.Command):
                told = await self._obey(self._notes.command(opening.signed))
                line.tell(said("done", **told))
            else:
                await self._take_part(self._notes.ticket(opening.ticket), connection, line)
        except Refusal as refusal:
            line.hang_up(refusal.code, *refusal.sentence)
        except (TimeoutError, ConnectionClosed):
            pass
        finally:
            await line.close()

    async def _take_part(self, ticket: Ticket, connection: ServerConnection, line: Socket) -> None:
        if ticket.role not in SENDING_ROLES | WATCHING_ROLES:
            raise NotAllowed(Words("请等待主持人允许您进入。", "Wait until you are let in."))
        self._take(ticket)
        kept = self._kept(ticket.room_id)
        async with kept.lock:
            earlier = kept.room.members.get(ticket.person_id)
            if earlier is not None:
                earlier.line.hang_up("replaced", "您已在另一个页面进入会诊室。", "You entered from another page.")
                await self._gone(kept, earlier)
            member = kept.room.enter(ticket, line, time.monotonic())
            self._welcome(kept, member)
            await self._offer(kept, member)
        try:
            allowance = Allowance()
            async for message in connection:
                if not allowance.take(time.monotonic()):
                    raise TooMany(Words("操作过于频繁，请稍后重新进入。", "Too many messages; enter again later."), 5)
                async with kept.lock:
                    if kept.room.members.get(member.person) is member:
                        await self._heed(kept, member, messages.later(message))
        finally:
            async with kept.lock:
                if kept.room.members.get(member.person) is member:
                    await self._gone(kept, member)

    def _take(self, ticket: Ticket) -> None:
        """A ticket lets in once."""
        now = self._clock().timestamp()
        self._taken = {each: until for each, until in self._taken.items() if until >= now}
        if ticket.id in self._taken:
            raise RoomRefused(Why.TICKET)
        self._taken[ticket.id] = ticket.until

    def _kept(self, name: str) -> "Kept":
        if not NAME.fullmatch(name):
            raise Invalid(Words("会诊室编号不正确。", "No such room."))
        if name not in self._rooms:
            room = Room(name, self._holds.senders, self._holds.observers)
            self._rooms[name] = Kept(room, self._first, asyncio.Lock(), time.monotonic())
        return self._rooms[name]

    def _welcome(self, kept: "Kept", member: Member) -> None:
        room = kept.room
        member.line.tell(
            said(
                "welcome",
                person=member.person,
                sends=member.may_send,
                people=[each.told() for each in room],
                ice=self._ice(member.person),
                recorded=room.recorded,
                speaker=room.speaker,
                rung=rung(member),
            )
        )
        room.tell("person", but=member, **member.told())

    def _ice(self, person: str) -> list[dict[str, Any]]:
        if not self._turn.urls:
            return []
        username, password = turn_credentials(self._turn.secret, person, self._clock() + TURN_LASTS)
        return [{"urls": list(self._turn.urls), "username": username, "credential": password}]

    # ---- what people say ----

    async def _heed(self, kept: "Kept", member: Member, message: Any) -> None:
        forwarder = self._forwarders[kept.by]
        match message:
            case messages.Offer():
                await self._publish(kept, member, message.sdp)
            case messages.Answer() if message.n == member.offered:
                member.offered = 0
                await forwarder.answered(kept.room.name, member.person, message.sdp)
                if member.behind:
                    await self._offer(kept, member)
            case messages.Again():
                member.offered = 0
                await forwarder.renew(kept.room.name, member.person)
                await self._offer(kept, member)
            case messages.Mute() | messages.Camera():
                if isinstance(message, messages.Mute):
                    member.sound = not message.on
                else:
                    member.picture = message.on
                await forwarder.allow(kept.room.name, member.person, sound=member.sound, picture=member.picture)
                kept.room.tell("person", **member.told())
            case messages.Told():
                member.heard_at, member.stats = time.monotonic(), Stats(message.available_bps, message.loss)
            case _:
                pass  # an answer to an offer that was withdrawn meanwhile

    async def _publish(self, kept: "Kept", member: Member, sdp: str) -> None:
        if not member.may_send:
            raise NotAllowed(Words("旁听者不能发送音视频。", "Observers do not send sound or picture."))
        answer = await self._forwarders[kept.by].publish(kept.room.name, member.person, sdp)
        member.line.tell(said("answer", sdp=answer))
        member.sends = True
        kept.room.tell("person", **member.told())
        for other in kept.room:
            if other is not member:
                await self._offer(kept, other)

    async def _offer(self, kept: "Kept", member: Member) -> None:
        """Bring a member's way down to what the room sends now; one offer is under way at a time."""
        if member.offered and time.monotonic() - member.offered_at < ANSWER_S:
            member.behind = True
            return
        member.behind = False
        room = kept.room
        try:
            received = await self._forwarders[kept.by].receive(room.name, member.person, room.publishers(member))
        except Refusal as refusal:  # theirs, whoever caused the offer; they come back by themselves
            member.line.hang_up(refusal.code, *refusal.sentence)
            return
        if received is None:
            return
        streams = [stream._asdict() for stream in received.streams]
        if received.sdp is None:
            member.line.tell(said("streams", streams=streams))
            return
        member.offers += 1
        member.offered, member.offered_at = member.offers, time.monotonic()
        member.line.tell(said("offer", n=member.offered, sdp=received.sdp, streams=streams))

    async def _gone(self, kept: "Kept", member: Member) -> None:
        del kept.room.members[member.person]
        await self._forwarders[kept.by].leave(kept.room.name, member.person)
        kept.room.tell("left", person=member.person)
        kept.emptied_at = time.monotonic()
        if member.sends:
            for other in kept.room:
                await self._offer(kept, other)

    # ---- orders ----

    async def _obey(self, ordered: Ordered) -> dict[str, Any]:
        kept = self._kept(ordered.room)
        async with kept.lock:
            match ordered.order:
                case Order.RECORD:
                    return await self._record(kept)
                case Order.STOP:
                    await self._stop(kept)
                case Order.DROP:
                    member = kept.room.members.get(ordered.detail)
                    if member is not None:
                        member.line.hang_up("dropped", "您已被移出会诊室。", "You were taken out of the room.")
                        await self._gone(kept, member)
                case Order.MOVE:
                    await self._move(kept, ordered.detail)
        return {}

    async def _record(self, kept: "Kept") -> dict[str, str]:
        if kept.folder is None:
            folder = self._recordings / kept.room.name / self._clock().strftime("%Y%m%dT%H%M%S%fZ")
            await self._forwarders[kept.by].record(kept.room.name, folder)
            kept.folder, kept.room.recorded = folder, True
            kept.room.tell("recording", on=True)
        return {"folder": f"{kept.folder.parent.name}/{kept.folder.name}"}

    async def _stop(self, kept: "Kept") -> None:
        if kept.folder is not None:
            kept.folder, kept.room.recorded = None, False
            await self._forwarders[kept.by].record(kept.room.name, None)
            kept.room.tell("recording", on=False)

    async def _move(self, kept: "Kept", name: str) -> None:
        """Hand a room over: everybody begins anew with the other forwarder."""
        if name not in self._forwarders:
            raise Invalid(Words("没有这个转发服务。", "There is no such forwarder here."))
        if kept.folder is not None:
            raise NotAllowed(
                Words("录制中不能切换转发服务，请先停止录制。", "Stop the recording before moving the room.")
            )
        if name == kept.by:
            return
        for member in kept.room:
            await self._forwarders[kept.by].leave(kept.room.name, member.person)
            member.sends, member.offered, member.behind = False, 0, False
        kept.by = name
        kept.room.tell("moved")

    # ---- by the clock ----

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for kept in list(self._rooms.values()):
                async with kept.lock:
                    await self._look_after(kept, time.monotonic())

    async def _look_after(self, kept: "Kept", now: float) -> None:
        room, forwarder = kept.room, self._forwarders[kept.by]
        if not room.members and now - kept.emptied_at > EMPTY_S:
            await self._stop(kept)
            del self._rooms[room.name]
            return
        for member in room.judge(now):
            await forwarder.hold(room.name, member.person, member.standing.step.rung)
            member.line.tell(said("rung", rung=rung(member)))
            room.tell("person", but=member, **member.told())
        if forwarder.stirred(room.name):
            for member in room:
                await self._offer(kept, member)
        speaker = forwarder.loudest(room.name)
        if speaker is not None and speaker != room.speaker:
            room.speaker = speaker
            room.tell("speaker", person=speaker)


@dataclass(eq=False, slots=True)
class Kept:
    """A room with what the door knows of it: who forwards, where it is recorded, when the last person left."""

    room: Room
    by: str
    lock: asyncio.Lock
    emptied_at: float
    folder: Path | None = None


def rung(member: Member) -> dict[str, Any]:
    """What a page is to send on its rung, and the sentence for its person."""
    row = member.standing.step
    return {
        "name": row.rung,
        "video_bps": row.video_bps,
        "height": row.height,
        "fps": row.fps,
        "audio_bps": row.audio_bps,
        "zh": row.told.zh,
        "en": row.told.en,
    }
