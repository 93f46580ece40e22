"""Rooms over real sockets of a real process: kept first, heard by all in one order, and by no other."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from consult.domain.room_log import beginning, first_bad
from consult.store import people, rooms
from consult.store.unit import Store
from tests.live.conftest import House, run
from tests.makers.rooms import DOCTOR, READER, AnOpenRoom, a_room
from tests.peers.live import Caller, LiveDoor, agree

UID = "1.2.3.4"
VIEW = {"study": UID, "series": UID, "sop": UID, "frame": 3}
WARM = 3.0
OTHER = "anlong.other"


def line(number: int) -> dict[str, Any]:
    """A drawn length."""
    return {"id": f"a{number}", "tool": "length", "points": [[number, 0, 0.5], [number, 10, 0.5]], "label": "长度"}


@pytest.fixture
def door(house: House) -> LiveDoor:
    return house.door


def kept(store: Store, room: AnOpenRoom) -> list[Any]:
    """The record as it lies in the database."""
    with store.read() as connection:
        return list(rooms.ops(connection, room.id))


def caller(door: LiveDoor, room: AnOpenRoom, person_id: str, **changes: Any) -> Caller:
    return Caller(door.url, room.ticket(person_id, **changes))


def test_all_hear_the_same_deeds_in_one_order_and_the_record_is_chained(
    door: LiveDoor, room: AnOpenRoom, house: House
) -> None:
    async def scenario() -> None:
        async with caller(door, room, READER) as reader, caller(door, room, DOCTOR) as doctor:
            await reader.do("presenter", to=READER, epoch=1)
            await reader.done()
            await reader.do("view.commit", epoch=1, view=VIEW)
            for number in range(20):
                await asyncio.gather(
                    reader.do("annotation.put", **line(number)), doctor.do("chat", text=f"第{number}句")
                )
            await asyncio.gather(reader.done(), doctor.done())
            async with caller(door, room, "guiyang.ct2") as late:
                await agree([reader, doctor, late])
                assert late.room.presenter == READER
                assert len(late.room.annotations) == 20
                assert late.room.view is not None
                assert late.room.view["view"] == VIEW
            assert reader.heard == doctor.heard == list(range(1, 43))
            assert not reader.refused
            assert not doctor.refused

    run(scenario())
    record = kept(house.store, room)
    assert [op.seq for op in record] == list(range(1, 43))
    assert first_bad(beginning(room.id, room.case_id), record) is None


def test_after_power_cuts_and_torn_lines_nothing_is_lost_or_doubled(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    """Three kills of the process and torn sockets while 300 deeds are done; everybody is back in under 3 s."""
    back: list[float] = []
    room, door = a_room(store), LiveDoor(store_url, tmp_path)

    async def scenario() -> None:
        async with AsyncExitStack() as inside:
            people = [await inside.enter_async_context(caller(door, room, who)) for who in (READER, DOCTOR)]
            doing = [asyncio.create_task(work(person)) for person in people]
            for _ in range(3):
                await people[0].until(lambda seen=people[0].room.seq: people[0].room.seq > seen + 30)
                people[0].abort()
                joins = [person.joins for person in people]
                since = time.monotonic()
                door.kill_rooms()
                for person, before in zip(people, joins, strict=True):
                    await person.until(lambda person=person, before=before: person.joins > before)
                back.append(time.monotonic() - since)
            await asyncio.gather(*doing)
            for person in people:
                await person.done()
            await agree(people)
            assert [person.refused for person in people] == [[], []]
            assert people[0].heard == people[1].heard == list(range(1, 301))

    async def work(person: Caller) -> None:
        for number in range(150):
            await person.do("chat", text=f"{number}")
            if number % 5 == 4:
                await person.done()
                await asyncio.sleep(0.06)  # within the pace of a person

    with door:
        run(scenario())
        assert door.stop() == 0  # asked to, it ends well, and whoever was there has left
    assert "Traceback" not in door.said()
    with store.read() as connection:
        assert all(visit.left_at is not None for visit in rooms.visits(connection, room.id))
    assert max(back) < WARM
    record = kept(store, room)
    assert first_bad(beginning(room.id, room.case_id), record) is None
    said = sorted((op.by, int(op.body["text"])) for op in record)
    assert said == sorted((who, number) for who in (READER, DOCTOR) for number in range(150))


def test_whoever_loses_access_is_out_within_two_seconds_and_the_others_stay(
    door: LiveDoor, room: AnOpenRoom, house: House
) -> None:
    async def scenario() -> None:
        async with caller(door, room, READER) as reader, caller(door, room, OTHER) as doctor:
            await doctor.until(lambda: len(doctor.people) == 2)
            await asyncio.to_thread(close_account, house.store, OTHER)
            since = time.monotonic()
            await doctor.until(lambda: doctor.closed is not None)
            assert time.monotonic() - since < 2 + 1  # a second for this machine
            assert doctor.closed == (4003, "out")
            await reader.until(lambda: len(reader.people) == 1)
            assert reader.closed is None

    run(scenario())


def close_account(store: Store, person_id: str) -> None:
    with store.write() as unit:
        person = people.person(unit.connection, person_id)
        version = people.version_of(unit.connection, person_id)
        people.change_person(unit, replace(person, active=False), version)


def test_a_room_that_is_closed_sends_everybody_home_for_good(door: LiveDoor, room: AnOpenRoom, house: House) -> None:
    async def scenario() -> None:
        async with caller(door, room, READER) as reader:
            with house.store.write() as unit:
                rooms.close(unit, room.id, "陈医师", "ended", "", datetime.now(UTC))
            await reader.until(lambda: reader.closed is not None)
            assert reader.closed == (4000, "ended")
            async with caller(door, room, READER) as again:
                assert again.closed == (4001, "ticket")

    run(scenario())
