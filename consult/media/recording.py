"""Records a room as it was sent: one WebM file a track, muxed without decoding, each with its start on the wall clock.

A file is whole clusters of at most a second, so what a killed process leaves can be played; which track it is was
noted before its first packet. The manifest with every file's SHA-256 is written when the recording ends, or when the
next process finds a folder without one.
"""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import av
from aiortc.rtp import RtpPacket

from consult.media.passthrough import CLOCKS, Frames, Source

MANIFEST, NOTES = "manifest.json", "tracks.jsonl"
CLUSTER_MS = 1000
_WRAP = 1 << 32


class Recording:
    """One room's recording into a folder of its own; sources that come later are followed from then on.

    ``clock`` gives aware UTC. Packets are taken in the loop and written by a thread: a slow disk delays nobody.
    """

    def __init__(self, folder: Path, room: str, clock: Callable[[], datetime]) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._clock = clock
        self._reels: dict[Source, Reel] = {}
        self._count = 0
        self._scribe = Scribe()
        note(folder, {"room": room, "started": _stamp(clock())})

    def follow(self, people: Iterable[tuple[str, Source]]) -> None:
        """Record these sources, and those no longer that are not among them."""
        wanted = {source: person for person, source in people}
        for source in [each for each in self._reels if each not in wanted]:
            self._reels.pop(source).end()
        for source, person in wanted.items():
            if source not in self._reels:
                self._count += 1
                self._reels[source] = Reel(self, source, person, f"{self._count:02d}-{source.kind}.webm")

    def begin(self, reel: "Reel", size: tuple[int, int] | None) -> "Writer":
        """A file for a track that has its first frame."""
        told = {"file": reel.name, "person": reel.person, "kind": reel.source.kind, "started": _stamp(self._clock())}
        writer = Writer(self.folder / reel.name, size)
        self._scribe.put(lambda: note(self.folder, told))
        self._scribe.put(writer.open)
        return writer

    def write(self, work: Callable[[], object]) -> None:
        """Have the thread do something with a file, in order."""
        self._scribe.put(work)

    def end(self) -> None:
        """Close every file and write the manifest; blocks until both are on disk."""
        self.follow(())
        ended = self._clock()
        self._scribe.put(lambda: settle(self.folder, ended))
        self._scribe.end()


class Reel:
    """A source on its way into a file: packets put in order and made into frames."""

    def __init__(self, recording: Recording, source: Source, person: str, name: str) -> None:
        self.source, self.person, self.name = source, person, name
        self._recording = recording
        self._frames = Frames(source.kind)
        self._writer: Writer | None = None
        self._first = self._last = 0
        source.taps.add(self)

    async def take(self, packet: RtpPacket) -> None:
        """See Tap."""
        if self._frames.needs_keyframe:
            await self.source.ask_keyframe()
        frame = self._frames.add(packet)
        if frame is None:
            return
        data, stamp, key = frame
        if self._writer is None:
            self._first = self._last = stamp
            self._writer = self._recording.begin(self, picture_size(data) if self.source.kind == "video" else None)
        self._last += _forward(stamp, self._last)
        ticks, writer = self._last - self._first, self._writer
        self._recording.write(lambda: writer.mux(data, ticks, key))

    def rest(self) -> None:
        """See Tap: media time went on meanwhile, so nothing is to be done but to begin with a whole picture."""
        self._frames = Frames(self.source.kind)

    def end(self) -> None:
        """No more packets."""
        self.source.taps.discard(self)
        if self._writer is not None:
            self._recording.write(self._writer.close)


class Writer:
    """One WebM file with one track; used by one thread."""

    def __init__(self, path: Path, size: tuple[int, int] | None) -> None:
        self._path, self._size = path, size
        self._base = Fraction(1, CLOCKS["audio" if size is None else "video"])
        self._file: Any = None
        self._track: Any = None
        self._last = -1

    def open(self) -> None:
        """The file with its header. Opus: the encoder only says what stands in the header."""
        options = {"cluster_time_limit": str(CLUSTER_MS), "fflags": "+flush_packets"}
        self._file = av.open(str(self._path), "w", format="webm", options=options)
        if self._size is None:
            self._track = self._file.add_stream("libopus", rate=CLOCKS["audio"], layout="stereo")
        else:
            width, height = self._size
            self._track = self._file.add_mux_stream("vp8", rate=30, width=width, height=height)

    def mux(self, data: bytes, ticks: int, key: bool) -> None:
        """One frame, ``ticks`` of the track's clock after the first; time never stands still or goes back."""
        self._last = max(ticks, self._last + 1)
        packet = av.Packet(data)
        packet.pts = packet.dts = self._last
        packet.time_base, packet.stream, packet.is_keyframe = self._base, self._track, key
        self._file.mux(packet)

    def close(self) -> None:
        """The last cluster and where to find the others."""
        self._file.close()


class Scribe:
    """A thread that does what it is given, in order."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recording")
        self._thread.start()

    def put(self, work: Callable[[], object]) -> None:
        """Do this after all before it."""
        self._work.put(work)

    def end(self) -> None:
        """Do what is left, then stop."""
        self._work.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()


def note(folder: Path, told: dict[str, str]) -> None:
    """One line of what is being recorded, on disk before what it tells of."""
    with (folder / NOTES).open("a", encoding="utf-8") as notes:
        notes.write(json.dumps(told, ensure_ascii=False) + "\n")
        notes.flush()
        os.fsync(notes.fileno())


def settle(folder: Path, ended: datetime | None) -> None:
    """Write the manifest of a folder; ``ended`` is None where the recording was cut off by its process's end."""
    about, tracks = _noted(folder)
    for track in tracks:
        data = (folder / track["file"]).read_bytes() if (folder / track["file"]).exists() else b""
        track |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    told = {**about, "ended": None if ended is None else _stamp(ended), "tracks": tracks}
    fresh = folder / f"{MANIFEST}.new"
    with fresh.open("w", encoding="utf-8") as out:
        json.dump(told, out, ensure_ascii=False, indent=1)
        out.flush()
        os.fsync(out.fileno())
    fresh.rename(folder / MANIFEST)


def settle_all(root: Path) -> int:
    """Write the manifests that an earlier process owed; how many there were."""
    owed = [notes.parent for notes in sorted(root.glob(f"*/*/{NOTES}")) if not (notes.parent / MANIFEST).exists()]
    for folder in owed:
        settle(folder, None)
    return len(owed)


def picture_size(keyframe: bytes) -> tuple[int, int]:
    """Width and height of a whole VP8 picture, in pixels (RFC 6386 §9.1)."""
    width, height = int.from_bytes(keyframe[6:8], "little"), int.from_bytes(keyframe[8:10], "little")
    return width & 0x3FFF, height & 0x3FFF


def _noted(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The room's line and the tracks' lines; a last line that was cut off is none."""
    lines: list[dict[str, Any]] = []
    for line in (folder / NOTES).read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return next((line for line in lines if "room" in line), {}), [line for line in lines if "file" in line]


def _forward(stamp: int, last: int) -> int:
    """Ticks from one RTP time to the next; they wrap at 2³² and may go back a little."""
    ahead = (stamp - last) % _WRAP
    return ahead if ahead < _WRAP // 2 else ahead - _WRAP


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
