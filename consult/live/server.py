"""`consult live`: takes sockets with a ticket, puts each into its room, and keeps watch over who may still be there."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Origin

from consult.domain.errors import NotFound, Refusal
from consult.domain.meetings import Meeting, Visit
from consult.domain.room_kinds import CLOSES, LARGEST_FRAME, Pace, RoomRefused, RoomRole, Why
from consult.domain.room_log import Op
from consult.domain.room_shapes import Name, Whole
from consult.domain.room_tickets import Ticket
from consult.domain.rooms import Bucket
from consult.live.log import Keep, Log
from consult.live.member import Member, framed
from consult.live.room import LiveRoom, Times

log = structlog.get_logger("live")
JOIN_S, WATCH_S = 5.0, 1.0
PING_S, PONG_S = 5.0, 8.0
EMPTY_S = 30.0
BUFFER = 16 << 10  # bytes of ours to one peer before its writer waits
BAD_FRAMES = Pace(1, 30)
CID, SEQ = Name(), Whole(0, 1 << 31)


@dataclass(frozen=True, slots=True)
class Record:
    """What the rooms ask of the rest: each a call that may wait for the database, made in a thread.

    ``ticket`` opens a ticket at a time (RoomRefused). ``opening`` gives a room with its deeds (NotFound). ``arrive``
    raises a refusal when the ticket was used. ``stands`` says whether somebody may still be in the room of a case;
    ``marks`` gives for rooms and people a text that changes whenever that might have.
    """

    ticket: Callable[[str, datetime], Ticket]
    opening: Callable[[str, datetime], tuple[Meeting, Sequence[Op]]]
    keep: Keep
    arrive: Callable[[Visit], None]
    leave: Callable[[Sequence[tuple[str, str]], datetime], None]
    meet: Callable[[str, datetime], None]
    keep_views: Callable[[Sequence[tuple[str, datetime, str, Any]]], None]
    marks: Callable[[Sequence[str], Sequence[str]], dict[str, str]]
    stands: Callable[[str, str, str], bool]


@dataclass(frozen=True, slots=True)
class Where:
    """Where to listen, and the pages that may open a socket here (RFC 6455 §10.2)."""

    host: str
    port: int
    origins: tuple[str, ...]


@dataclass(slots=True)
class _Watched:
    """What was last known of a room's people."""

    marks: dict[str, str] = field(default_factory=dict[str, str])
    view: Any = None
    has_met: bool = False
    empty_since: float | None = None


class Live:
    """The rooms of one process."""

    def __init__(self, where: Where, record: Record, times: Times) -> None:
        self._where, self._record, self._times = where, record, times
        self._rooms: dict[str, LiveRoom] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._watched: dict[str, _Watched] = {}
        self._log = Log(record.keep)

    async def run(self, told_to_stop: asyncio.Event, ready: Callable[[int], None]) -> None:
        """Serve until told to stop; then what waits is kept, and everybody is asked to come back."""
        async with self._serve() as server:
            keeping = [asyncio.create_task(self._log.run()), asyncio.create_task(self._watch())]
            ready(server.sockets[0].getsockname()[1])
            await told_to_stop.wait()
            server.close(close_connections=False)
            await self._log.drained()
            for room in list(self._rooms.values()):
                room.over("away")
            server.close()
            await server.wait_closed()
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)

    def _serve(self) -> AbstractAsyncContextManager[Server]:
        return serve(
            self._handle,
            self._where.host,
            self._where.port,
            origins=[Origin(each) for each in self._where.origins],
            process_request=_plain,
            compression=None,  # frames are small, and a room's text must not leak by its length
            max_size=LARGEST_FRAME,
            max_queue=64,
            write_limit=BUFFER,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            open_timeout=JOIN_S,
            close_timeout=2,
            server_header=None,
        )

    async def _handle(self, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed, TimeoutError):
            try:
                ticket, since = await self._joined(socket)
                room = await self._room(ticket.room_id)
            except (RoomRefused, NotFound):
                await _close(socket, "ticket")
            except Refusal:
                await _close(socket, "away")
            else:
                await self._stay(socket, ticket, room, since)

    async def _joined(self, socket: ServerConnection) -> tuple[Ticket, int]:
        """The first frame. Raises RoomRefused."""
        frame = _parsed(await asyncio.wait_for(socket.recv(), JOIN_S))
        text, since = frame.get("ticket"), frame.get("since", 0)
        if frame.get("t") != "join" or not isinstance(text, str) or not SEQ.fits(since):
            raise RoomRefused(Why.TICKET)
        ticket = self._record.ticket(text, self._times.now())
        asked = parse_qs(urlsplit(socket.request.path if socket.request else "").query).get("room", [ticket.room_id])
        if asked != [ticket.room_id]:  # the server in front has sent it where that other room lives
            raise RoomRefused(Why.TICKET)
        return ticket, since

    async def _room(self, room_id: str) -> LiveRoom:
        """The room in memory, read from its record where it is not. Raises RoomRefused for one that is closed."""
        async with self._opening.setdefault(room_id, asyncio.Lock()):
            room = self._rooms.get(room_id)
            if room is None or room.is_over:
                meeting, ops = await asyncio.to_thread(self._record.opening, room_id, self._times.now())
                if meeting.closed_at is not None:
                    raise RoomRefused(Why.TICKET)
                room = LiveRoom(meeting, ops, self._log, self._times)
                self._rooms[room_id] = room
                self._watched[room_id] = _Watched(has_met=meeting.met_at is not None)
        return room

    async def _stay(self, socket: ServerConnection, ticket: Ticket, room: LiveRoom, since: int) -> None:
        try:
            await asyncio.to_thread(self._record.arrive, _visit(ticket, room, self._times.now()))
        except Refusal:
            await _close(socket, "ticket")
            return
        member = Member(socket, ticket)
        writer = asyncio.create_task(member.write())
        try:
            if room.is_over:
                await _close(socket, "away")
                return
            room.enter(member, since)
            await self._hear(member, room)
        except RoomRefused:
            member.why = "full"
            await _close(socket, "full")
        finally:
            writer.cancel()
            room.leave(member)
            await self._left([(ticket.id, member.why)])

    async def _left(self, gone: Sequence[tuple[str, str]]) -> None:
        try:
            await asyncio.to_thread(self._record.leave, gone, self._times.now())
        except Refusal as refused:  # the next opening of the room ends what is left open
            log.warning("leaving not kept", code=refused.code)

    async def _hear(self, member: Member, room: LiveRoom) -> None:
        faults = Bucket(BAD_FRAMES, self._times.ticks())
        async for raw in member.socket:
            try:
                _said(room, member, _parsed(raw))
            except RoomRefused as refused:
                if refused.why in (Why.FRAME, Why.KIND, Why.BODY) and not faults.takes(self._times.ticks()):
                    member.end("abuse")
                    return
                member.tell(framed({"t": "no", "why": refused.why, "sentence": refused.sentence._asdict()}))

    # once a second

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await self._keep_views()
                await self._recheck()
            except Refusal as refused:  # looked at again in a second
                log.warning("rooms not watched", code=refused.code)
            self._forget_empty()

    async def _keep_views(self) -> None:
        now, seen = self._times.now(), list[tuple[str, datetime, str, Any]]()
        for room in self._rooms.values():
            watched = self._watched[room.id]
            if room.view is not None and room.view != watched.view:
                watched.view = room.view
                seen.append((room.id, now, room.view[0], room.view[1]["view"]))
        if seen:
            await asyncio.to_thread(self._record.keep_views, seen)

    async def _recheck(self) -> None:
        """Who may no longer be there is out within two rounds of this."""
        rooms = [room for room in self._rooms.values() if room.members and not room.is_over]
        if not rooms:
            return
        people = sorted({member.person_id for room in rooms for member in room.members})
        marks = await asyncio.to_thread(self._record.marks, [room.id for room in rooms], people)
        for room in rooms:
            await self._recheck_room(room, marks)

    async def _recheck_room(self, room: LiveRoom, marks: dict[str, str]) -> None:
        watched, now = self._watched[room.id], {}
        if marks.get(room.id, "closed").endswith("closed"):
            room.over("ended")
            return
        inside = {each.person_id for each in room.members if each.role is not RoomRole.WAITING}
        if not watched.has_met and len(inside) > 1:
            watched.has_met = True
            await asyncio.to_thread(self._record.meet, room.id, self._times.now())
        for person_id in {member.person_id for member in room.members}:
            now[person_id] = f"{marks[room.id]} {marks.get(person_id)}"
            if now[person_id] == watched.marks.get(person_id):
                continue
            if not await asyncio.to_thread(self._record.stands, room.id, room.case_id, person_id):
                for member in [each for each in room.members if each.person_id == person_id]:
                    member.end("out")
        watched.marks = now

    def _forget_empty(self) -> None:
        """A room without people goes from memory after a while; its record stays."""
        ticks = self._times.ticks()
        for room in list(self._rooms.values()):
            watched = self._watched[room.id]
            if room.members:
                watched.empty_since = None
            elif watched.empty_since is None:
                watched.empty_since = ticks
            elif ticks - watched.empty_since > EMPTY_S and room.is_quiet:
                room.is_over = True
                for kept in (self._rooms, self._watched, self._opening):
                    kept.pop(room.id, None)


def _plain(connection: ServerConnection, request: Request) -> Response | None:
    """What is asked without a WebSocket: whether we are alive."""
    if urlsplit(request.path).path == "/livez":
        return Response(HTTPStatus.OK, "OK", Headers({"Content-Length": "3", "Content-Type": "text/plain"}), b"ok\n")
    return None


async def _close(socket: ServerConnection, why: str) -> None:
    close = CLOSES[why]
    await socket.close(close.code, close.reason)


def _visit(ticket: Ticket, room: LiveRoom, now: datetime) -> Visit:
    role = room.judged.role_of(ticket.person_id, ticket.role)
    return Visit(ticket.id, room.id, ticket.person_id, ticket.name, ticket.site, str(role), now)


def _refuse(_: str) -> None:
    raise RoomRefused(Why.FRAME)


def _parsed(raw: str | bytes) -> dict[str, Any]:
    """A frame. Raises RoomRefused for what is no JSON object."""
    if isinstance(raw, bytes):
        raise RoomRefused(Why.FRAME)
    try:
        frame = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError) as bad:
        raise RoomRefused(Why.FRAME) from bad
    if not isinstance(frame, dict):
        raise RoomRefused(Why.FRAME)
    return frame


def _said(room: LiveRoom, member: Member, frame: dict[str, Any]) -> None:
    """Act on one frame. Raises RoomRefused for what gets no answer of its own."""
    kind = frame.get("t")
    if kind == "seen":
        count = frame.get("n")
        if not SEQ.fits(count):
            raise RoomRefused(Why.FRAME)
        member.seen(int(str(count)))
    elif kind == "eph":
        room.now(member, frame.get("kind"), frame.get("body"))
    elif kind == "op" and CID.fits(frame.get("cid")):
        cid = str(frame["cid"])
        try:
            room.deed(member, cid, frame.get("kind"), frame.get("body"))
        except RoomRefused as refused:
            member.tell(framed({"t": "nak", "cid": cid, "why": refused.why, "sentence": refused.sentence._asdict()}))
    else:
        raise RoomRefused(Why.FRAME)
