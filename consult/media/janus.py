"""Janus as the forwarder (its videoroom plugin, by WebSocket): where a room goes that outgrew this process.

Browsers still talk to the media door alone; only their packets go to Janus. It shows no stills to a very thin line
(none is sent any picture there) and records nothing.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from consult.domain.errors import NotAllowed, Words
from consult.domain.media import LADDER, Rung
from consult.media.forwarding import KINDS, BadDescription, Figures, ForwarderAway, Received, Stream

PLUGIN = "janus.plugin.videoroom"
ASK_S = 10.0
ALIVE_S = 25.0
MOST = 64
"""Publishers of a room, as Janus counts them: the door counts people itself."""
GONE_ROOM, TAKEN_ROOM = 426, 427
MOVING = frozenset({Rung.FULL, Rung.LOW})
LARGEST = 1 << 20


@dataclass(eq=False, slots=True)
class Seat:
    """A person's handles at Janus, and what each way carries."""

    up: int | None = None
    down: int | None = None
    sent: dict[str, str] = field(default_factory=dict[str, str])
    streams: tuple[Stream, ...] = ()
    watched: set[str] = field(default_factory=set[str])
    allowed: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(KINDS, True))
    rung: Rung = Rung.FULL


class JanusForwarder:
    """A Forwarder that has the Janus at ``url`` (``ws://…``) carry everything."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._line: Janus | None = None
        self._secret = secrets.token_hex(16)
        self._seats: dict[str, dict[str, Seat]] = {}
        self._talking: dict[int, int] = {}
        self._ready: set[int] = set()

    async def open(self) -> None:
        """Janus is called when the first room needs it."""

    async def close(self) -> None:
        """See Forwarder."""
        for room, people in list(self._seats.items()):
            for person in list(people):
                await self.leave(room, person)
        if self._line is not None:
            await self._line.close()

    async def publish(self, room: str, person: str, sdp: str) -> str:
        """See Forwarder."""
        line, seat = await self._at(room, person)
        if seat.up is not None:
            await line.detach(seat.up)
        seat.up = await line.attach()
        body = {"request": "joinandconfigure", "ptype": "publisher", "room": number(room), "id": number(person),
                "audiocodec": "opus", "videocodec": "vp8", "bitrate": LADDER[0].video_bps}  # fmt: skip
        event, answer = await line.message(seat.up, body, {"type": "offer", "sdp": sdp})
        if answer is None:
            raise BadDescription
        seat.sent = {each["type"]: str(each["mid"]) for each in event.get("streams", ())}
        await self._moderate(line, room, person, seat)
        return str(answer["sdp"])

    async def receive(self, room: str, person: str, publishers: Collection[str]) -> Received | None:
        """See Forwarder."""
        line, seat = await self._at(room, person)
        wanted = {each for each in publishers if self._seats[room].get(each, Seat()).up in self._ready}
        more, less = wanted - seat.watched, seat.watched - wanted
        if not more and not less:
            return None if seat.down is None else Received(None, seat.streams)
        event, offer = await self._subscribe(line, room, seat, more, less)
        seat.watched = wanted
        names = {number(each): each for each in wanted}
        seat.streams = tuple(
            Stream(str(each["mid"]), names[each["feed_id"]], each["type"])
            for each in event.get("streams", ())
            if each.get("active") and each.get("feed_id") in names
        )
        await self._show(line, seat)
        return Received(None if offer is None else str(offer["sdp"]), seat.streams)

    async def _subscribe(
        self, line: "Janus", room: str, seat: Seat, more: set[str], less: set[str]
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        feeds = [{"feed": number(each)} for each in sorted(more)]
        if seat.down is None:
            seat.down = await line.attach()
            # no offers of its own when a publisher goes: ours would cross them
            body = {"request": "join", "ptype": "subscriber", "room": number(room), "streams": feeds,
                    "autoupdate": False}  # fmt: skip
            try:
                return await line.message(seat.down, body)
            except BadDescription:
                await line.detach(seat.down)
                seat.down = None
                raise
        change: dict[str, Any] = {"request": "update"}
        if feeds:
            change["subscribe"] = feeds
        if less:
            change["unsubscribe"] = [{"feed": number(each)} for each in sorted(less)]
        return await line.message(seat.down, change)

    async def answered(self, room: str, person: str, sdp: str) -> None:
        """See Forwarder."""
        line, seat = await self._at(room, person)
        if seat.down is None:
            raise BadDescription
        await line.message(seat.down, {"request": "start"}, {"type": "answer", "sdp": sdp})

    async def renew(self, room: str, person: str) -> None:
        """See Forwarder."""
        line, seat = await self._at(room, person)
        if seat.down is not None:
            await line.detach(seat.down)
        seat.down, seat.streams, seat.watched = None, (), set()

    async def leave(self, room: str, person: str) -> None:
        """See Forwarder."""
        people = self._seats.get(room, {})
        seat = people.pop(person, None)
        if seat is None or self._line is None or self._line.over:
            return
        with suppress(ForwarderAway):
            for handle in (seat.up, seat.down):
                if handle is not None:
                    await self._line.detach(handle)
            if not people:
                del self._seats[room]
                await self._line.room({"request": "destroy", "room": number(room), "secret": self._secret})

    async def allow(self, room: str, person: str, *, sound: bool, picture: bool) -> None:
        """See Forwarder."""
        line, seat = await self._at(room, person)
        seat.allowed = {"audio": sound, "video": picture}
        await self._moderate(line, room, person, seat)

    async def _moderate(self, line: "Janus", room: str, person: str, seat: Seat) -> None:
        for kind, mid in seat.sent.items():
            body = {"request": "moderate", "room": number(room), "secret": self._secret, "id": number(person),
                    "mid": mid, "mute": not seat.allowed[kind]}  # fmt: skip
            await line.room(body)

    async def hold(self, room: str, person: str, rung: Rung) -> None:
        """See Forwarder: no picture below LOW."""
        line, seat = await self._at(room, person)
        seat.rung = rung
        await self._show(line, seat)

    async def _show(self, line: "Janus", seat: Seat) -> None:
        pictures = [each.mid for each in seat.streams if each.kind == "video"]
        if seat.down is not None and pictures:
            streams = [{"mid": mid, "send": seat.rung in MOVING} for mid in pictures]
            await line.message(seat.down, {"request": "configure", "streams": streams})

    def stirred(self, room: str) -> bool:
        """See Forwarder: Janus lets nobody watch a publisher before their packets flow."""
        people = self._seats.get(room, {})
        senders = {name for name, seat in people.items() if seat.up in self._ready}
        return any(senders - {name} != seat.watched for name, seat in people.items())

    def loudest(self, room: str) -> str | None:
        """See Forwarder."""
        talking = self._talking.get(number(room))
        return next((each for each in self._seats.get(room, {}) if number(each) == talking), None)

    async def record(self, room: str, folder: Path | None) -> None:
        """Not here. Raises NotAllowed."""
        if folder is not None:
            raise NotAllowed(
                Words("此会诊室由外部服务转发，不能录制。", "A room that is carried elsewhere cannot be recorded.")
            )

    def figures(self) -> Figures:
        """Janus counts for itself."""
        return Figures(0, 0, 0)

    async def _at(self, room: str, person: str) -> tuple["Janus", Seat]:
        """The line to Janus, with the room there; after Janus was away nothing of before is."""
        if self._line is None or self._line.over:
            self._seats.clear()
            self._line = await Janus.at(self._url, self._heard)
        if room not in self._seats:
            body = {"request": "create", "room": number(room), "secret": self._secret, "publishers": MOST,
                    "audiocodec": "opus", "videocodec": "vp8", "bitrate": LADDER[0].video_bps, "is_private": True,
                    "audiolevel_ext": True, "audiolevel_event": True, "audio_active_packets": 25}  # fmt: skip
            await self._line.room(body, allowed=TAKEN_ROOM)
            self._seats[room] = {}
        return self._line, self._seats[room].setdefault(person, Seat())

    def _heard(self, told: dict[str, Any]) -> None:
        event = told.get("plugindata", {}).get("data", {})
        if told["janus"] == "webrtcup":
            self._ready.add(told["sender"])
        elif told["janus"] in ("hangup", "detached"):
            self._ready.discard(told["sender"])
        elif event.get("videoroom") == "talking":
            self._talking[event["room"]] = event["id"]
        elif event.get("videoroom") == "stopped-talking":
            self._talking.pop(event["room"], None)


class Janus:
    """One session over one WebSocket; requests are told apart by their transaction."""

    def __init__(self, socket: ClientConnection, heard: Any) -> None:
        self._socket, self._heard = socket, heard
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._session = self._control = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.over = False

    @classmethod
    async def at(cls, url: str, heard: Any) -> "Janus":
        """A session with the Janus there. Raises ForwarderAway."""
        try:
            socket = await connect(
                url, subprotocols=[Subprotocol("janus-protocol")], open_timeout=ASK_S, max_size=LARGEST, proxy=None
            )
        except (OSError, TimeoutError, WebSocketException) as away:
            raise ForwarderAway from away
        line = cls(socket, heard)
        line._tasks.append(asyncio.create_task(line._listen()))
        line._session = (await line.ask({"janus": "create"}))["data"]["id"]
        line._control = await line.attach()
        line._tasks.append(asyncio.create_task(line._stay()))
        return line

    async def attach(self) -> int:
        """A new handle of the plugin."""
        told = await self.ask({"janus": "attach", "plugin": PLUGIN})
        return int(told["data"]["id"])

    async def detach(self, handle: int) -> None:
        """End a handle with its connection."""
        await self.ask({"janus": "detach", "handle_id": handle})

    async def room(self, body: dict[str, Any], allowed: int | None = None) -> dict[str, Any]:
        """Ask the plugin for something that is about no connection; the error ``allowed`` is none."""
        told = await self.ask({"janus": "message", "handle_id": self._control, "body": body})
        data: dict[str, Any] = told["plugindata"]["data"]
        if "error_code" in data and data["error_code"] != allowed:
            raise ForwarderAway
        return data

    async def message(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Ask the plugin for something about a connection: its event and, where it has one, its description."""
        asked: dict[str, Any] = {"janus": "message", "handle_id": handle, "body": body}
        told = await self.ask(asked | ({} if jsep is None else {"jsep": jsep}))
        data: dict[str, Any] = told["plugindata"]["data"]
        if "error_code" in data:
            raise BadDescription
        return data, told.get("jsep")

    async def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A request and its answer. Raises ForwarderAway, BadDescription."""
        transaction = secrets.token_hex(8)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = answer
        whole = asked | {"transaction": transaction} | ({"session_id": self._session} if self._session else {})
        try:
            await self._socket.send(json.dumps(whole))
            async with asyncio.timeout(ASK_S):
                told = await answer
        except (TimeoutError, WebSocketException, asyncio.CancelledError) as away:
            if isinstance(away, asyncio.CancelledError) and not self.over:
                raise
            raise ForwarderAway from away
        finally:
            self._waiting.pop(transaction, None)
        if told["janus"] == "error":
            raise BadDescription
        return told

    async def _listen(self) -> None:
        try:
            async for text in self._socket:
                told: dict[str, Any] = json.loads(text)
                waiting = self._waiting.get(told.get("transaction", ""))
                if waiting is not None and told["janus"] != "ack" and not waiting.done():
                    waiting.set_result(told)
                elif "sender" in told:
                    self._heard(told)
        except WebSocketException:
            pass
        finally:
            self.over = True
            for each in self._waiting.values():
                each.cancel()

    async def _stay(self) -> None:
        """Janus forgets a session that says nothing for a minute."""
        while not self.over:
            await asyncio.sleep(ALIVE_S)
            with suppress(ForwarderAway, BadDescription):
                await self.ask({"janus": "keepalive"})

    async def close(self) -> None:
        """End the session with all its handles."""
        with suppress(ForwarderAway, BadDescription):
            await self.ask({"janus": "destroy"})
        self.over = True
        for task in self._tasks:
            task.cancel()
        await self._socket.close()


def number(name: str) -> int:
    """Janus names rooms and people by numbers that JavaScript can hold."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
