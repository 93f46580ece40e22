"""Nobody comes into a room, or hears of it, but by a fresh ticket of their own; nothing that is sent breaks a room."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from consult.domain.room_kinds import KINDS, LARGEST_FRAME
from consult.domain.room_tickets import Ticket, sealed
from tests.live.conftest import House, run
from tests.makers.rooms import DOCTOR, READER, AnOpenRoom
from tests.peers.live import SECRET, opened

BAD = (4001, "ticket")
SECRET_WORD = "金丝雀在此"


async def answer(house: House, text: Any, room: str | None = None) -> tuple[int | None, str]:
    """What the server says to a first frame: ("welcome" or how it closed)."""
    url = house.door.url if room is None else f"{house.door.url}?room={room}"
    socket = await opened(url)
    try:
        await socket.send(text if isinstance(text, str | bytes) else json.dumps(text))
        said = json.loads(await asyncio.wait_for(socket.recv(), 20))
        return None, said["t"]
    except ConnectionClosed:
        return socket.close_code, socket.close_reason or ""
    finally:
        await socket.close()


def join(ticket: Ticket, secret: str = SECRET) -> dict[str, Any]:
    return {"t": "join", "ticket": sealed(ticket, secret), "since": 0}


def test_a_page_of_another_site_cannot_open_a_socket(house: House) -> None:
    async def scenario() -> None:
        for origin in ("https://evil.example", "null", None):
            with pytest.raises(InvalidStatus) as refused:
                await opened(house.door.url, origin)
            assert refused.value.response.status_code == 403

    run(scenario())


def test_foreign_expired_and_changed_tickets_open_nothing(house: House, room: AnOpenRoom) -> None:
    fresh = room.ticket(READER)
    other = house.room()

    async def scenario() -> None:
        assert await answer(house, join(fresh(), "another secret of the same length 01234")) == BAD
        assert await answer(house, join(room.ticket(READER, until=1)())) == BAD
        assert await answer(house, join(fresh()), room=other.id) == BAD
        text = sealed(fresh(), SECRET)
        hurt = text[:20] + ("A" if text[20] != "A" else "B") + text[21:]  # the last letter need not carry all its bits
        assert await answer(house, {"t": "join", "ticket": hurt}) == BAD
        assert await answer(house, {"t": "op", "cid": "x", "kind": "chat", "body": {"text": "x"}}) == BAD
        assert await answer(house, join(replace(fresh(), room_id="0" * 32))) == BAD
        assert await answer(house, "[]") == BAD
        assert await answer(house, "[" * 60_000) == BAD
        assert await answer(house, b"\x00") == BAD
        assert await answer(house, join(fresh()), room=room.id) == (None, "welcome")

    run(scenario())


def test_a_ticket_opens_once_also_at_the_same_moment_and_after_a_kill(house: House, room: AnOpenRoom) -> None:
    async def scenario() -> None:
        ticket = room.ticket(READER)()
        both = await asyncio.gather(answer(house, join(ticket)), answer(house, join(ticket)))
        assert sorted(both, key=str) == [BAD, (None, "welcome")]
        before = house.door.rooms_pid
        house.door.kill_rooms()
        async with asyncio.timeout(30):
            while True:
                try:
                    told = await answer(house, join(ticket))
                    break
                except (OSError, InvalidHandshake):
                    await asyncio.sleep(0.05)
        assert house.door.rooms_pid != before
        assert told == BAD

    run(scenario())


def test_who_lost_access_while_the_ticket_was_on_its_way_is_out_again(house: House, room: AnOpenRoom) -> None:
    async def scenario() -> None:
        async with house.caller(room, "dushan.doctor") as stranger:  # a ticket that should never have been made
            await stranger.until(lambda: stranger.closed is not None)
            assert stranger.closed == (4003, "out")

    run(scenario())


def test_too_large_and_senseless_frames_end_the_socket_and_too_fast_ones_are_refused(
    house: House, room: AnOpenRoom
) -> None:
    async def scenario() -> None:
        async with house.caller(room, READER) as reader, house.caller(room, DOCTOR) as doctor:
            joins = doctor.joins
            await doctor.raw("x" * (LARGEST_FRAME + 1))
            await doctor.until(lambda: doctor.joins > joins)
            for _ in range(100):
                await doctor.do("chat", text="快")
            await doctor.until(lambda: doctor.paced > 0)
            await doctor.done()
            for _ in range(40):
                await doctor.raw("{")
            await doctor.until(lambda: doctor.closed is not None)
            assert doctor.closed == (4009, "abuse")
            assert {no["why"] for no in doctor.said_no} == {"frame"}
            await reader.until(lambda: len(reader.room.chat) == 100)

    run(scenario())


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FRAME = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=60),
    JSON.map(json.dumps),
    st.fixed_dictionaries(
        {"t": st.sampled_from(["op", "eph", "seen", "join", "welcome"]) | JSON},
        optional={
            "cid": st.text(max_size=70) | st.sampled_from(["a", "b"]),
            "kind": st.sampled_from(sorted(KINDS)) | JSON,
            "body": JSON,
            "n": JSON,
            "ticket": JSON,
        },
    ).map(json.dumps),
)


def test_no_frame_breaks_a_room_or_reaches_another(house: House, request: pytest.FixtureRequest) -> None:
    room, other = house.room(), house.room()
    examples = 2000 if request.config.getoption("--long") else 15

    @settings(max_examples=examples)
    @given(st.lists(FRAME, min_size=1, max_size=12))
    def attack(frames: list[str | bytes]) -> None:
        run(sent(frames))

    async def sent(frames: list[str | bytes]) -> None:
        async with (
            house.caller(room, READER) as reader,
            house.caller(room, DOCTOR) as attacker,
            house.caller(other, READER) as elsewhere,
        ):
            for frame in frames:
                await attacker.raw(frame)
            known = len(reader.room.chat)
            await reader.do("chat", text=SECRET_WORD)
            await reader.until(lambda: len(reader.room.chat) > known)
            assert elsewhere.room.seq == 0
            assert SECRET_WORD not in str(elsewhere.frames)

    attack()
    assert "Traceback" not in house.door.said()
