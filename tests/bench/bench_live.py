"""A hundred rooms of three while one in each turns the pages: what `consult live` costs, beside a bare relay.

The relay is `websockets` with nothing on top: no roles, no order, no record, no credit.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from consult.domain.cases import State
from consult.domain.room_tickets import sealed
from consult.store.schema import metadata
from consult.store.unit import Store
from tests.bench.orthanc import free_port
from tests.bench.proc import cpu_seconds, resident_mb
from tests.bench.table import Row
from tests.makers.rooms import AnOpenRoom, a_room, another_room
from tests.peers.live import PAGE, SECRET, LiveDoor
from tests.peers.thin_line import ThinLine

ROOMS, RATE, SECONDS = 100, 30, 20
THIN_BITS = 64_000
READER, *_ = PEOPLE = ("xingyi.coordinator", "anlong.doctor", "anlong.other")
UID = "1.2.840.113619.2.55.3.604688119.971.1269513"
CAMERA = {"position": [12.25, -38.5, 411.125], "focal_point": [12.25, -38.5, 0.5], "view_up": [0, -1, 0],
          "normal": [0, 0, 1], "parallel_scale": 148.75}  # fmt: skip
VIEW = {"study": UID, "series": UID + ".1", "sop": UID + ".1.77", "camera": CAMERA,
        "window": {"center": 40, "width": 80}}  # fmt: skip


@dataclass
class Flow:
    """What went through: when each picture was sent, and how old each was when it arrived, in seconds."""

    sent: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])
    ages: list[float] = field(default_factory=list[float])

    def arrived(self, room: int, frame: int) -> None:
        self.ages.append(time.perf_counter() - self.sent[room, frame])

    def late(self, share: float) -> float:
        """The age, in milliseconds, that this share of the pictures was younger than."""
        return sorted(self.ages)[int(len(self.ages) * share)] * 1000 if self.ages else float("inf")


def picture(frame: int) -> str:
    return json.dumps({"t": "eph", "kind": "view", "body": {"epoch": 1, "view": {**VIEW, "frame": frame}}})


async def present(socket: ClientConnection, room: int, flow: Flow, seconds: float) -> None:
    """Send pictures at their rate, begun at a moment of the room's own."""
    began = time.perf_counter() + (room % RATE) / RATE / RATE
    for frame in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, began + frame / RATE - time.perf_counter()))
        flow.sent[room, frame] = time.perf_counter()
        await socket.send(picture(frame))


async def watch(socket: ClientConnection, room: int, flow: Flow, seen: str | None) -> None:
    """Take pictures; ``seen`` is what is said for each."""
    async for raw in socket:
        text = str(raw)
        if '"view"' in text[:80]:
            flow.arrived(room, int(text[text.index('"frame":') + 8 :].split(",", maxsplit=1)[0].rstrip("}")))
        if seen is not None and text.startswith(('{"t":"eph"', '{"t":"people"')):
            await socket.send(seen)


async def enter(url: str, room: AnOpenRoom, person: str) -> ClientConnection:
    """Into a room of ours."""
    socket = await connect(url, origin=PAGE, compression=None, proxy=None, max_queue=None)  # type: ignore[arg-type]
    await socket.send(json.dumps({"t": "join", "ticket": sealed(room.ticket(person)(), SECRET), "since": 0}))
    await socket.recv()
    return socket


async def through_ours(url: str, rooms: Sequence[AnOpenRoom], seconds: float, began: Callable[[], None],
                       thin: str | None = None) -> Flow:  # fmt: skip
    """The load on ``consult live``; the watchers come by ``thin`` where that is given."""
    flow, sockets, tasks = Flow(), list[ClientConnection](), list[asyncio.Task[None]]()
    shown: list[Coroutine[Any, Any, None]] = []
    for number, room in enumerate(rooms):
        inside = [await enter(url if person == READER else thin or url, room, person) for person in PEOPLE]
        sockets += inside
        tasks += [asyncio.create_task(watch(each, number, flow, '{"t":"seen","n":1}')) for each in inside]
        take = {"t": "op", "cid": "take", "kind": "presenter", "body": {"to": READER, "epoch": 1}}
        await inside[0].send(json.dumps(take))
        shown.append(present(inside[0], number, flow, seconds))
    await asyncio.sleep(2)
    began()
    await asyncio.gather(*shown)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(socket.close() for socket in sockets))
    return flow


async def through_relay(url: str, rooms: int, seconds: float, began: Callable[[], None],
                        thin: str | None = None) -> Flow:  # fmt: skip
    """The same load on the relay."""
    flow, tasks, sockets = Flow(), list[asyncio.Task[None]](), list[ClientConnection]()
    for number in range(rooms):
        for place in range(len(PEOPLE)):
            to = url if place == 0 else thin or url
            sockets.append(await connect(f"{to}/{number}", compression=None, proxy=None, max_queue=None))
            tasks.append(asyncio.create_task(watch(sockets[-1], number, flow, None)))
    began()
    await asyncio.gather(*(present(sockets[number * len(PEOPLE)], number, flow, seconds) for number in range(rooms)))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(socket.close() for socket in sockets))
    return flow


class Spent:
    """Processor seconds of a process since the flow began."""

    def __init__(self, pid: int) -> None:
        self._pid, self._before = pid, 0.0

    def begin(self) -> None:
        self._before = cpu_seconds(self._pid)

    def cores(self) -> float:
        return (cpu_seconds(self._pid) - self._before) / SECONDS


def run(folder: Path, _files: list[Path], _rounds: int) -> list[Row]:
    """Cores, p99 of delivery, and the age of pictures on a thin line."""
    place = folder / "live"
    place.mkdir(parents=True)
    url = f"sqlite:///{place}/consult.db"
    store = Store(url)
    metadata.create_all(store.engine)
    a_room(store)
    rooms = [*(another_room(store, State.SUBMITTED) for _ in range(ROOMS + 1))]
    store.close()
    with LiveDoor(url, place) as door:
        spent = Spent(door.pid)
        ours = asyncio.run(through_ours(door.url, rooms[:ROOMS], SECONDS, spent.begin))
        cores, memory = spent.cores(), resident_mb(door.rooms_pid)
        thin = asyncio.run(
            _thin(door.settings.live.port, lambda by: through_ours(door.url, rooms[ROOMS:], 10, _no, by))
        )
    port = free_port()
    relay = Popen([sys.executable, "-m", "tests.bench.live_relay", str(port)])
    try:
        _await_port(port)
        relayed = Spent(relay.pid)
        address = f"ws://127.0.0.1:{port}"
        theirs = asyncio.run(through_relay(address, ROOMS, SECONDS, relayed.begin))
        their_cores = relayed.cores()
        naive = asyncio.run(_thin(port, lambda by: through_relay(address, 1, 10, _no, by)))
    finally:
        relay.terminate()
        relay.wait()
    return _rows(cores, their_cores, ours, theirs, thin, naive, memory)


def _no() -> None:
    pass


async def _thin(port: int, flow: Callable[[str], Coroutine[Any, Any, Flow]]) -> Flow:
    async with ThinLine("127.0.0.1", port, THIN_BITS) as line:
        return await flow(f"ws://127.0.0.1:{line.port}")


def _await_port(port: int) -> None:
    import socket

    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the relay does not answer")


def _rows(
    cores: float, their_cores: float, ours: Flow, theirs: Flow, thin: Flow, naive: Flow, memory: float
) -> list[Row]:
    what = f"{ROOMS} rooms × {len(PEOPLE)} × {RATE} views/s"
    meant = ROOMS * RATE * (len(PEOPLE) - 1) * SECONDS
    served = len(ours.ages) >= 0.95 * meant  # what is not delivered costs nothing
    return [
        Row(f"live: {what}, processor", f"{cores:.2f} cores", f"{their_cores:.2f} cores", cores / their_cores,
            "≤ 0.5 cores", cores <= 0.5 and served,
            f"{len(ours.ages) / SECONDS:,.0f} and {len(theirs.ages) / SECONDS:,.0f} of {meant / SECONDS:,.0f} "
            "deliveries a second; "
            f"{memory:.0f} MB resident"),
        Row(f"live: {what}, delivery", f"p50 {ours.late(0.5):.1f} p99 {ours.late(0.99):.1f} ms",
            f"p50 {theirs.late(0.5):.1f} p99 {theirs.late(0.99):.1f} ms", ours.late(0.99) / theirs.late(0.99)),
        Row("live: age of a picture on 64 kbit/s", f"p50 {thin.late(0.5):.0f} p95 {thin.late(0.95):.0f} ms",
            f"p50 {naive.late(0.5):.0f} p95 {naive.late(0.95):.0f} ms", thin.late(0.95) / naive.late(0.95),
            "p50 ≤ 200 ms", thin.late(0.5) <= 200),
    ]  # fmt: skip
