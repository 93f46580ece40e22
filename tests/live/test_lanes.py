"""Who hears what: roles, guests, tabs, the presenter's hand-over, and what only counts now on a thin line."""

import asyncio
import os
import signal
from typing import Any

import pytest

from consult.domain.room_kinds import RoomRole
from tests.live.conftest import House, run
from tests.makers.rooms import DOCTOR, READER, AnOpenRoom
from tests.peers.live import Caller, agree
from tests.peers.thin_line import ThinLine

UID = "1.2.3.4"
CAMERA = {"position": [1.5, 2.5, 3.5], "focal_point": [1.5, 2.5, 0], "view_up": [0, -1, 0], "normal": [0, 0, 1]}
GUEST = "guest1"


def view(frame: int) -> dict[str, Any]:
    camera = {**CAMERA, "parallel_scale": 120.25}
    return {"study": UID * 8, "series": UID * 8, "sop": UID * 8, "frame": frame, "camera": camera}


def test_who_looks_on_hears_everything_and_changes_nothing(house: House, room: AnOpenRoom) -> None:
    async def scenario() -> None:
        async with house.caller(room, READER) as reader, house.caller(room, DOCTOR, role=RoomRole.OBSERVER) as other:
            await reader.do("annotation.put", id="a", tool="length", points=[[0, 0, 0]])
            await other.do("annotation.put", id="b", tool="length", points=[[0, 0, 0]])
            await other.do("presenter", to=DOCTOR, epoch=1)
            await other.do("chat", text="我在听")
            await asyncio.gather(reader.done(), other.done())
            await agree([reader, other])
            assert [nak["why"] for nak in other.refused] == ["role", "role"]
            assert list(other.room.annotations) == ["a"]
            assert [said["text"] for said in reader.room.chat] == ["我在听"]

    run(scenario())


def test_a_guest_waits_to_be_let_in_and_is_told_nothing_of_images(house: House, room: AnOpenRoom) -> None:
    async def scenario() -> None:
        async with (
            house.caller(room, READER) as reader,
            house.caller(room, GUEST, role=RoomRole.GUEST, images=False, site="") as guest,
        ):
            assert guest.welcome["t"] == "waiting"
            await reader.do("annotation.put", id="a", tool="length", points=[[0, 0, 0]], label="病灶")
            await guest.do("chat", text="有人吗")
            await guest.done()
            assert [nak["why"] for nak in guest.refused] == ["role"]
            await reader.do("admit", person=GUEST)
            await guest.until(lambda: guest.welcome["t"] == "welcome")
            await reader.do("annotation.put", id="b", tool="length", points=[[0, 0, 0]], label="病灶")
            await reader.do("chat", text="请讲")
            await guest.until(lambda: bool(guest.room.chat))
            assert guest.room.annotations == {}
            assert "病灶" not in str(guest.frames)
            assert reader.room.seq == guest.room.seq

    run(scenario())


def test_the_presenter_is_handed_over_in_full_flow_and_no_picture_of_the_former_one_counts(
    house: House, room: AnOpenRoom
) -> None:
    async def scenario() -> None:
        async with house.caller(room, READER) as reader, house.caller(room, DOCTOR) as doctor:
            await reader.do("presenter", to=READER, epoch=1)
            await reader.done()
            flow = [asyncio.create_task(present(reader, 1)), asyncio.create_task(present(doctor, 2))]
            await doctor.until(lambda: (READER, "view") in doctor.now)
            await reader.do("presenter", to=DOCTOR, epoch=2)
            await reader.until(lambda: (DOCTOR, "view") in reader.now)
            await asyncio.gather(*flow)
            await asyncio.gather(reader.done(), doctor.done())
            await agree([reader, doctor])
            assert reader.room.view is not None
            assert reader.room.view["by"] == DOCTOR
            assert {nak["why"] for nak in (*reader.refused, *doctor.refused)} <= {"role", "epoch"}
            assert {person["id"]: person["role"] for person in reader.people}[DOCTOR] == "presenter"

    async def present(person: Caller, epoch: int) -> None:
        for frame in range(40):
            await person.show("view", epoch=epoch, view=view(frame))
            if frame % 4 == 0:
                await person.do("view.commit", epoch=epoch, view=view(frame))
            await asyncio.sleep(0.02)

    run(scenario())


def test_two_tabs_are_one_person_and_the_fifth_sends_the_first_away(house: House, room: AnOpenRoom) -> None:
    async def scenario() -> None:
        async with house.caller(room, READER) as first, house.caller(room, READER) as second:
            await first.until(lambda: [each["tabs"] for each in first.people] == [2])
            await first.do("chat", text="x")
            await second.until(lambda: bool(second.room.chat))
            async with house.caller(room, READER), house.caller(room, READER), house.caller(room, READER):
                await first.until(lambda: first.closed is not None)
                assert first.closed == (4010, "elsewhere")
                assert second.closed is None

    run(scenario())


def test_on_a_thin_line_old_pictures_are_left_out_and_deeds_never(house: House, room: AnOpenRoom) -> None:
    """64 kbit/s for what needs twice as much: of the pictures the last one arrives, of the words every one."""

    async def scenario() -> None:
        live = house.door.settings.live
        async with (
            ThinLine(live.host, live.port, 64_000, 0.05) as line,
            house.caller(room, READER) as reader,
            house.caller(room, DOCTOR, url=f"ws://127.0.0.1:{line.port}") as doctor,
        ):
            await reader.do("presenter", to=READER, epoch=1)
            await reader.done()
            await doctor.until(lambda: doctor.room.epoch == 1)
            for frame in range(60):
                await reader.show("view", epoch=1, view=view(frame))
                if frame % 10 == 0:
                    await reader.do("chat", text=str(frame))
                await asyncio.sleep(0.03)
            await doctor.until(lambda: doctor.now[READER, "view"]["view"]["frame"] == 59)
            await reader.done()
            await agree([reader, doctor])
            shown = sum(frame["t"] == "eph" for frame in doctor.frames)
            assert 5 < shown < 55, shown
            assert [said["text"] for said in doctor.room.chat] == [str(frame) for frame in range(0, 60, 10)]

    run(scenario())


def test_a_peer_that_takes_no_credit_back_gets_two_pictures_and_every_deed(house: House, room: AnOpenRoom) -> None:
    async def scenario() -> None:
        async with house.caller(room, READER) as reader, house.caller(room, DOCTOR) as doctor:
            await reader.do("presenter", to=READER, epoch=1)
            await doctor.until(lambda: doctor.room.epoch == 1)
            await reader.done()
            doctor.gives_credit = False
            for frame in range(20):
                await reader.show("view", epoch=1, view=view(frame))
            await reader.do("chat", text="完")
            await doctor.until(lambda: bool(doctor.room.chat))
            assert sum(frame["t"] == "eph" for frame in doctor.frames) <= 2

    run(scenario())


def test_a_room_that_stood_still_goes_on_where_it_was(
    house: House, room: AnOpenRoom, request: pytest.FixtureRequest
) -> None:
    async def scenario() -> None:
        pause = 15.0 if request.config.getoption("--long") else 1.0
        async with house.caller(room, READER) as reader, house.caller(room, DOCTOR) as doctor:
            stopped = house.door.rooms_pid
            os.kill(stopped, signal.SIGSTOP)
            for number in range(10):
                await reader.do("chat", text=str(number))
            await asyncio.sleep(pause)  # the length of the standstill is what is tested
            os.kill(stopped, signal.SIGCONT)
            await reader.done()
            await agree([reader, doctor])
            assert [said["text"] for said in doctor.room.chat] == [str(number) for number in range(10)]

    run(scenario())


def test_the_presenters_picture_is_kept_once_a_second(house: House, room: AnOpenRoom) -> None:
    async def scenario() -> None:
        async with house.caller(room, READER) as reader:
            await reader.do("presenter", to=READER, epoch=1)
            await reader.done()
            await reader.show("view", epoch=1, view=view(7))
            async with asyncio.timeout(20):
                while not (seen := await asyncio.to_thread(house.views, room)):
                    await asyncio.sleep(0.05)
            assert [(by, told["frame"]) for _, by, told in seen] == [(READER, 7)]

    run(scenario())


def test_whoever_came_and_left_is_written_down(house: House, room: AnOpenRoom) -> None:
    async def scenario() -> None:
        async with house.caller(room, READER) as reader, house.caller(room, DOCTOR):
            await reader.until(lambda: len(reader.people) == 2)
        async with asyncio.timeout(20):
            while any(visit.left_at is None for visit in await asyncio.to_thread(house.visits, room)):
                await asyncio.sleep(0.05)

    run(scenario())
    assert {(visit.person_id, visit.why) for visit in house.visits(room)} == {(READER, "gone"), (DOCTOR, "gone")}
