"""Encoded packets from one connection into others: the only file that touches aiortc's private names.

aiortc decodes what it receives and encodes what it sends; here its jitter buffer is taken out and its senders are fed
with the packets as they came, given a number, a time and a source of the receiver's own. Decryption, retransmission
requests, statistics and feedback stay aiortc's. PRIVATE lists what is relied on; a test reads it against the aiortc
that is installed.
"""

import time
from collections.abc import Awaitable, Callable
from struct import pack
from typing import Any, NamedTuple, Protocol

from aiortc import MediaStreamTrack, RTCRtpReceiver, RTCRtpTransceiver
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import (
    RTCP_PSFB_APP,
    HeaderExtensions,
    RtcpPsfbPacket,
    RtpPacket,
    pack_remb_fci,
    unpack_remb_fci,
)

PRIVATE = {
    "aiortc.rtcrtpreceiver.RTCRtpReceiver": (
        "__jitter_buffer", "__remote_bitrate_estimator", "__remote_streams", "__rtcp_ssrc", "_handle_rtp_packet",
        "_send_rtcp", "_send_rtcp_pli",
    ),
    "aiortc.rtcrtpsender.RTCRtpSender": (
        "__started", "__rtp_header_extensions_map", "__rtx_payload_type", "__ntp_timestamp", "__rtp_timestamp",
        "__octet_count", "__packet_count", "_ssrc", "_rtx_ssrc", "_handle_rtcp_packet", "_retransmit",
        "_send_keyframe",
    ),
    "aiortc.rtcdtlstransport.RTCDtlsTransport": ("_send_rtp",),
    "aiortc.jitterbuffer.JitterBuffer": ("_data",),
    "aiortc.rtcrtptransceiver.RTCRtpTransceiver": ("_codecs",),
}  # fmt: skip
"""Class → names used here, as the class itself spells them."""
KEYFRAME_EVERY_S = 0.3
STILL_EVERY_S = 5.0
KEPT = 256
"""Sent packets that can be sent again; a power of two."""
CLOCKS = {"audio": 48000, "video": 90000}
LOUD_DBOV = 50
"""Quieter than −50 dBov is nobody speaking (RFC 6464)."""
_NTP = 2_208_988_800
_SIXTEEN, _THIRTY_TWO = 0xFFFF, 0xFFFFFFFF


class Tap(Protocol):
    """Whoever wants the packets of a source: a way down or a recording."""

    async def take(self, packet: RtpPacket) -> None:
        """The next packet, as it came."""
        ...

    def rest(self) -> None:
        """What comes next does not follow on what came before."""
        ...


class Sent(NamedTuple):
    """A packet as a browser got it, to be sent again on request."""

    number: int
    marker: int
    stamp: int
    payload: bytes


class Silence(MediaStreamTrack):
    """A track that never has anything: aiortc's sender waits for it while packets go past."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    async def recv(self) -> Any:
        """Waits until it is stopped."""
        import asyncio

        await asyncio.Event().wait()


class Source:
    """One person's sound or picture as it arrives, given to every tap; stands where the jitter buffer stood."""

    def __init__(self, receiver: RTCRtpReceiver, kind: str) -> None:
        self.kind = kind
        self.taps: set[Tap] = set()
        self.allowed = True
        self.loudness = 0.0
        self.keyframes_asked = 0
        self.forwarded = 0
        self._asked_at = -KEYFRAME_EVERY_S
        self._came: list[RtpPacket] = []
        self._inside = _opened(receiver)
        self._stock: Any = self._inside._handle_rtp_packet
        self._inside._RTCRtpReceiver__jitter_buffer = self
        self._inside._handle_rtp_packet = self._on_packet
        self.limit: Limit | None = None
        if kind == "video":
            self.limit = Limit(self._inside._RTCRtpReceiver__remote_bitrate_estimator)
            self._inside._RTCRtpReceiver__remote_bitrate_estimator = self.limit

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """What aiortc's receiver asks of a jitter buffer: (picture lost?, whole frame)."""
        self._came.append(packet)
        return False, None

    async def _on_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        await self._stock(packet, arrival_time_ms=arrival_time_ms)
        if not self._came:
            return
        came, self._came = self._came, []
        if not self.allowed:
            self.loudness = 0.0
            return
        for each in came:
            if self.kind == "audio":
                self._listen(each)
            for tap in tuple(self.taps):
                await tap.take(each)
                self.forwarded += 1

    def _listen(self, packet: RtpPacket) -> None:
        level = packet.extensions.audio_level
        loud = max(0, LOUD_DBOV - level[1]) if level else 0
        self.loudness += (loud - self.loudness) * 0.1

    def allow(self, on: bool) -> None:
        """Whether packets are passed on; what comes after a pause begins anew."""
        if on and not self.allowed:
            for tap in self.taps:
                tap.rest()
        self.allowed = on

    async def ask_keyframe(self) -> None:
        """Ask the publisher for a whole picture, at most once in KEYFRAME_EVERY_S (RFC 4585 §6.3.1)."""
        now = time.monotonic()
        if self.kind != "video" or now - self._asked_at < KEYFRAME_EVERY_S:
            return
        self._asked_at = now
        self.keyframes_asked += 1
        for ssrc in tuple(self._inside._RTCRtpReceiver__remote_streams):
            await self._inside._send_rtcp_pli(ssrc)

    async def cap(self, bps: int) -> None:
        """Let the publisher send so much at most; a cut is told at once, a rise with the next estimate."""
        if self.limit is None or bps == self.limit.bps:
            return
        cut, self.limit.bps = bps < 0.9 * self.limit.bps, bps
        ssrc = self._inside._RTCRtpReceiver__rtcp_ssrc
        if cut and ssrc is not None and self.limit.ssrcs:
            told = pack_remb_fci(bps, self.limit.ssrcs)
            await self._inside._send_rtcp(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=ssrc, media_ssrc=0, fci=told))


class Limit:
    """aiortc's estimate of what a publisher may send, never above what those who receive it can take."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator
        self.bps = 1 << 30
        self.ssrcs: list[int] = []

    def add(self, **packet: int) -> tuple[int, list[int]] | None:
        """See aiortc's RemoteBitrateEstimator."""
        estimate: tuple[int, list[int]] | None = self._estimator.add(**packet)
        if estimate is None:
            return None
        self.ssrcs = estimate[1]
        return min(estimate[0], self.bps), estimate[1]


class Sink:
    """A sender of a way down, fed by whichever source it is given; what it sends has one unbroken numbering."""

    def __init__(self, transceiver: RTCRtpTransceiver, on_estimate: Callable[[int], Awaitable[None]]) -> None:
        self.kind: str = transceiver.kind
        self.source: Source | None = None
        self.rung_takes = "all"
        self._transceiver = _opened(transceiver)
        self._inside = _opened(transceiver.sender)
        self._on_estimate = on_estimate
        self._stock: Any = self._inside._handle_rtcp_packet
        self._inside._handle_rtcp_packet = self._on_feedback
        self._inside._send_keyframe = self._wish_keyframe
        self._inside._retransmit = self._send_again
        self._wished = False
        self._live = False
        self._still_at = -STILL_EVERY_S
        self._still_of: int | None = None
        self._shift = self._time_shift = 0
        self._last_number = self._last_time = 0
        self._last_sent: float | None = None
        self._kept: list[Sent | None] = [None] * KEPT
        self._again = 0
        self._payload_type = -1
        self._before, self._after, self._stamped = b"", b"", False

    def give(self, source: Source | None) -> None:
        """Send this source from now on, or nothing."""
        if source is self.source:
            return
        if self.source is not None:
            self.source.taps.discard(self)
        self.source, self._live = source, False
        if source is not None:
            source.taps.add(self)

    def takes(self, what: str) -> None:
        """``all``, ``stills`` (a whole picture every STILL_EVERY_S) or ``nothing``."""
        if what != self.rung_takes:
            self.rung_takes, self._live, self._still_of = what, False, None

    def rest(self) -> None:
        """See Tap."""
        self._live = False

    # ---- packets down ----

    async def take(self, packet: RtpPacket) -> None:
        """Send one packet on."""
        if self.rung_takes == "nothing" or not self._inside._RTCRtpSender__started:
            return
        if self.kind == "video":
            if self._wished and self.source is not None:
                self._wished = False
                await self.source.ask_keyframe()
            if not await self._wanted(packet):
                return
        if not self._live:
            self._join(packet)
        number = (packet.sequence_number + self._shift) & _SIXTEEN
        stamp = (packet.timestamp + self._time_shift) & _THIRTY_TWO
        if (number - self._last_number) & _SIXTEEN < 0x8000:
            self._last_number, self._last_time = number, stamp
        await self._send(packet, number, stamp)

    async def _wanted(self, packet: RtpPacket) -> bool:
        if self.rung_takes == "all":
            if self._live or begins_keyframe(packet.payload):
                return True
            await self._ask()
            return False
        if self._still_of is not None and packet.timestamp == self._still_of:
            return True
        if time.monotonic() - self._still_at < STILL_EVERY_S:
            return False
        if not begins_keyframe(packet.payload):
            await self._ask()
            return False
        self._still_at, self._still_of, self._live = time.monotonic(), packet.timestamp, False
        return True

    async def _ask(self) -> None:
        if self.source is not None:
            await self.source.ask_keyframe()

    def _join(self, packet: RtpPacket) -> None:
        """Number on from what was sent before, and let as much media time pass as passed on the clock."""
        if self._last_sent is not None:
            passed = max(1, int((time.monotonic() - self._last_sent) * CLOCKS[self.kind]))
            self._shift = self._last_number + 1 - packet.sequence_number
            self._time_shift = self._last_time + passed - packet.timestamp
        else:
            self._last_number = (packet.sequence_number - 1) & _SIXTEEN
            self._prepare()
        self._live = True

    def _prepare(self) -> None:
        """What is the same in every header: the negotiated type and the extension with its place for the time sent."""
        self._payload_type = self._transceiver._codecs[0].payloadType
        extensions = self._inside._RTCRtpSender__rtp_header_extensions_map
        profile, value = extensions.set(HeaderExtensions(abs_send_time=0xABCDEF))
        if value:
            at = value.index(b"\xab\xcd\xef")
            self._before = pack("!HH", profile, len(value) >> 2) + value[:at]
            self._after, self._stamped = value[at + 3 :], True

    async def _send(self, packet: RtpPacket, number: int, stamp: int) -> None:
        now = time.time()
        inside = self._inside
        first = 0x90 if self._stamped else 0x80
        head = pack("!BBHLL", first, packet.marker << 7 | self._payload_type, number, stamp, inside._ssrc)
        if self._stamped:
            head += self._extension(now)
        if self.kind == "video":
            self._kept[number % KEPT] = Sent(number, packet.marker, stamp, packet.payload)
        try:
            await inside.transport._send_rtp(head + packet.payload)
        except ConnectionError:
            return
        self._last_sent = time.monotonic()
        inside._RTCRtpSender__ntp_timestamp = int((now + _NTP) * 4294967296)
        inside._RTCRtpSender__rtp_timestamp = stamp
        inside._RTCRtpSender__octet_count += len(packet.payload)
        inside._RTCRtpSender__packet_count += 1

    def _extension(self, now: float) -> bytes:
        sent = int(now * 262144) & 0xFFFFFF  # abs-send-time: seconds in 6.18 fixed point
        return self._before + sent.to_bytes(3, "big") + self._after

    # ---- feedback up ----

    def _wish_keyframe(self) -> None:
        self._wished = True

    async def _on_feedback(self, packet: Any) -> None:
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            try:
                estimate = unpack_remb_fci(packet.fci)[0]
            except ValueError:
                return
            await self._on_estimate(estimate)
        await self._stock(packet)

    async def _send_again(self, sequence_number: int) -> None:
        """RFC 4588 where the browser takes it; else the packet as it was."""
        kept = self._kept[sequence_number % KEPT]
        if kept is None or kept.number != sequence_number:
            return
        inside = self._inside
        payload_type, ssrc, payload, number = self._payload_type, inside._ssrc, kept.payload, kept.number
        if inside._RTCRtpSender__rtx_payload_type is not None:
            self._again = (self._again + 1) & _SIXTEEN
            payload_type, ssrc = inside._RTCRtpSender__rtx_payload_type, inside._rtx_ssrc
            payload, number = pack("!H", number) + payload, self._again
        first = 0x90 if self._stamped else 0x80
        head = pack("!BBHLL", first, kept.marker << 7 | payload_type, number, kept.stamp, ssrc)
        extension = self._extension(time.time()) if self._stamped else b""
        try:
            await inside.transport._send_rtp(head + extension + payload)
        except ConnectionError:
            return


def _opened(part: object) -> Any:
    """aiortc's object, to be used by its private names."""
    return part


def begins_keyframe(payload: bytes) -> bool:
    """Whether a VP8 packet is the first of a picture that needs no other (RFC 7741 §4.2, §4.3)."""
    try:
        described, data = VpxPayloadDescriptor.parse(payload)
    except ValueError:
        return False
    return bool(described.partition_start and described.partition_id == 0 and data and not data[0] & 1)


class Frames:
    """Packets of a source in order, as encoded frames; of a picture's, only those that can be decoded."""

    def __init__(self, kind: str) -> None:
        self._video = kind == "video"
        self._buffer = JitterBuffer(capacity=512 if self._video else 16, prefetch=0 if self._video else 4,
                                    is_video=self._video)  # fmt: skip
        self.needs_keyframe = self._video

    def add(self, packet: RtpPacket) -> tuple[bytes, int, bool] | None:
        """The next whole frame, its RTP time, and whether it needs no other; None while there is none."""
        lost, frame = self._buffer.add(packet)
        self.needs_keyframe |= lost and self._video
        if frame is None or not frame.data:
            return None
        key = not self._video or not frame.data[0] & 1
        if self.needs_keyframe and not key:
            return None
        self.needs_keyframe = False
        return frame.data, frame.timestamp, key
