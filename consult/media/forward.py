"""Our own forwarder on aiortc: who is connected, which source feeds which sink, and what publishers may send."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from consult.domain.media import LADDER, Rung
from consult.media.forwarding import KINDS, BadDescription, Figures, Received, Stream
from consult.media.passthrough import Silence, Sink, Source
from consult.media.recording import Recording

CODECS = {"audio": ("audio/opus",), "video": ("video/VP8", "video/rtx")}
LEAST_BPS = LADDER[1].video_bps
MOST_BPS = LADDER[0].video_bps
"""A publisher is held between the two: whoever cannot take even the least is sent no moving picture."""
SOUND_BPS = LADDER[0].audio_bps
TAKES = {Rung.FULL: "all", Rung.LOW: "all", Rung.STILL: "stills", Rung.AUDIO: "nothing", Rung.TEXT: "nothing"}
LOUD_ENOUGH = 5.0


@dataclass(eq=False, slots=True)
class Slot:
    """A place for one publisher in a way down; a place that was left is taken by the next."""

    publisher: str | None
    transceivers: dict[str, RTCRtpTransceiver]
    sinks: dict[str, Sink]


@dataclass(eq=False, slots=True)
class Peer:
    """A person's two connections."""

    up: RTCPeerConnection | None = None
    down: RTCPeerConnection | None = None
    sources: dict[str, Source] = field(default_factory=dict[str, Source])
    slots: list[Slot] = field(default_factory=list[Slot])
    allowed: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(KINDS, True))
    rung: Rung = Rung.FULL
    estimate_bps: int | None = None


class OwnForwarder:
    """A Forwarder in this process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._rooms: dict[str, dict[str, Peer]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._past = Figures(0, 0, 0)
        self._clock = clock
        self._recordings: dict[str, Recording] = {}

    async def open(self) -> None:
        """See Forwarder."""

    async def close(self) -> None:
        """See Forwarder."""
        for room in list(self._recordings):
            await self.record(room, None)
        for room, people in list(self._rooms.items()):
            for person in list(people):
                await self.leave(room, person)
        while self._closing:
            await asyncio.gather(*self._closing)

    # ---- the way up ----

    async def publish(self, room: str, person: str, sdp: str) -> str:
        """See Forwarder."""
        peer = self._peer(room, person)
        self._drop_up(peer)
        connection = _connection()
        for kind in KINDS:
            _only_ours(connection.addTransceiver(kind, direction="recvonly"))
        try:
            await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            await connection.setLocalDescription()
        except Exception as error:  # whatever aiortc makes of a hostile description
            self._end(connection)
            raise BadDescription from error
        peer.up = connection
        for transceiver in connection.getTransceivers():
            if transceiver.receiver.track:
                source = Source(transceiver.receiver, transceiver.kind)
                source.allow(peer.allowed[transceiver.kind])
                peer.sources[transceiver.kind] = source
        self._wire(room)
        return connection.localDescription.sdp

    def _drop_up(self, peer: Peer) -> None:
        self._past = self._counted(peer.sources.values())
        for source in peer.sources.values():
            for tap in tuple(source.taps):
                if isinstance(tap, Sink):
                    tap.give(None)
        peer.sources = {}
        if peer.up is not None:
            self._end(peer.up)
            peer.up = None

    # ---- the way down ----

    async def receive(self, room: str, person: str, publishers: Collection[str]) -> Received | None:
        """See Forwarder."""
        peer = self._peer(room, person)
        for slot in peer.slots:
            if slot.publisher not in publishers:
                slot.publisher = None
        held = {slot.publisher for slot in peer.slots}
        more = [each for each in publishers if each not in held]
        for slot in peer.slots:
            if slot.publisher is None and more:
                slot.publisher = more.pop(0)
        grown = bool(more)
        for publisher in more:
            if peer.down is None:
                peer.down = _connection()
            peer.slots.append(self._slot(room, peer, peer.down, publisher))
        if peer.down is None:
            return None
        if grown:
            await peer.down.setLocalDescription(await peer.down.createOffer())
        self._wire(room)
        return Received(peer.down.localDescription.sdp if grown else None, _streams(peer))

    def _slot(self, room: str, peer: Peer, connection: RTCPeerConnection, publisher: str) -> Slot:
        async def estimated(bps: int) -> None:
            peer.estimate_bps = bps
            await self._cap(room)

        slot = Slot(publisher, {}, {})
        for kind in KINDS:
            transceiver = connection.addTransceiver(Silence(kind), direction="sendonly")
            _only_ours(transceiver)
            slot.transceivers[kind] = transceiver
            slot.sinks[kind] = Sink(transceiver, estimated)
        return slot

    async def answered(self, room: str, person: str, sdp: str) -> None:
        """See Forwarder."""
        down = self._peer(room, person).down
        if down is None:
            raise BadDescription
        try:
            await down.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        except Exception as error:  # whatever aiortc makes of a hostile description
            raise BadDescription from error

    async def renew(self, room: str, person: str) -> None:
        """See Forwarder."""
        peer = self._peer(room, person)
        for slot in peer.slots:
            for sink in slot.sinks.values():
                sink.give(None)
        peer.slots, peer.estimate_bps = [], None
        if peer.down is not None:
            self._end(peer.down)
            peer.down = None

    # ---- both ----

    async def leave(self, room: str, person: str) -> None:
        """See Forwarder."""
        if person not in self._rooms.get(room, {}):
            return
        await self.renew(room, person)
        self._drop_up(self._rooms[room].pop(person))
        self._wire(room)
        if not self._rooms[room]:
            del self._rooms[room]

    async def allow(self, room: str, person: str, *, sound: bool, picture: bool) -> None:
        """See Forwarder."""
        peer = self._peer(room, person)
        peer.allowed = {"audio": sound, "video": picture}
        for kind, source in peer.sources.items():
            source.allow(peer.allowed[kind])

    async def hold(self, room: str, person: str, rung: Rung) -> None:
        """See Forwarder."""
        peer = self._peer(room, person)
        peer.rung = rung
        for slot in peer.slots:
            slot.sinks["video"].takes(TAKES[rung])
        await self._cap(room)

    async def record(self, room: str, folder: Path | None) -> None:
        """See Forwarder."""
        running = self._recordings.pop(room, None)
        if running is not None:
            running.follow(())
            await asyncio.to_thread(running.end)
        if folder is not None:
            self._recordings[room] = Recording(folder, room, self._clock)
            self._wire(room)

    def stirred(self, room: str) -> bool:
        """See Forwarder: here everything follows from what the door asks."""
        return False

    def loudest(self, room: str) -> str | None:
        """See Forwarder."""
        heard = {
            person: peer.sources["audio"].loudness
            for person, peer in self._rooms.get(room, {}).items()
            if "audio" in peer.sources
        }
        person = max(heard, key=heard.__getitem__, default=None)
        return person if person is not None and heard[person] >= LOUD_ENOUGH else None

    def figures(self) -> Figures:
        """See Forwarder."""
        everywhere = (peer for people in self._rooms.values() for peer in people.values())
        return self._counted(source for peer in everywhere for source in peer.sources.values())

    # ---- wiring ----

    def _peer(self, room: str, person: str) -> Peer:
        return self._rooms.setdefault(room, {}).setdefault(person, Peer())

    def _wire(self, room: str) -> None:
        """Give every slot of a room what its publisher sends now."""
        people = self._rooms.get(room, {})
        if room in self._recordings:
            self._recordings[room].follow(
                (person, source) for person, peer in people.items() for source in peer.sources.values()
            )
        for peer in people.values():
            for slot in peer.slots:
                publisher = people.get(slot.publisher or "")
                for kind, sink in slot.sinks.items():
                    sink.takes(TAKES[peer.rung] if kind == "video" else "all")
                    sink.give(publisher.sources.get(kind) if publisher else None)

    async def _cap(self, room: str) -> None:
        """A publisher sends what the weakest line that still shows moving pictures can take; sound comes first."""
        people = self._rooms.get(room, {})
        for person, publisher in list(people.items()):
            if "video" in publisher.sources:
                shares = [_share(peer) for other, peer in people.items() if other != person and _watches(peer)]
                await publisher.sources["video"].cap(min([MOST_BPS, *shares]))

    def _counted(self, sources: Iterable[Source]) -> Figures:
        packets, asked, _ = self._past
        for source in sources:
            packets, asked = packets + source.forwarded, asked + source.keyframes_asked
        return Figures(packets, asked, len(self._recordings))

    def _end(self, connection: RTCPeerConnection) -> None:
        task = asyncio.ensure_future(connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _connection() -> RTCPeerConnection:
    """A connection that asks nobody outside for its address."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def _only_ours(transceiver: RTCRtpTransceiver) -> None:
    known = RTCRtpReceiver.getCapabilities(transceiver.kind)
    codecs: list[RTCRtpCodecCapability] = known.codecs if known is not None else []
    transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in CODECS[transceiver.kind]])


def _streams(peer: Peer) -> tuple[Stream, ...]:
    return tuple(
        Stream(transceiver.mid or "", slot.publisher, kind)
        for slot in peer.slots
        if slot.publisher is not None
        for kind, transceiver in slot.transceivers.items()
    )


def _watches(peer: Peer) -> bool:
    return peer.down is not None and TAKES[peer.rung] == "all"


def _share(peer: Peer) -> int:
    """What one picture may have of a person's line."""
    if peer.rung is Rung.LOW:
        return LEAST_BPS
    if peer.estimate_bps is None:
        return MOST_BPS
    shown = max(1, sum(slot.publisher is not None for slot in peer.slots))
    return max(LEAST_BPS, (peer.estimate_bps - SOUND_BPS * shown) // shown)
