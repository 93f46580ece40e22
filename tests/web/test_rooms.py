"""Meetings over HTTP: who gets a ticket and what it says, calling, guests by links that open once, the end."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from consult.actions import room_log
from consult.domain.meetings import Visit
from consult.domain.room_kinds import RoomRole
from consult.domain.room_log import Op, beginning
from consult.domain.room_tickets import Ticket, opened
from consult.store import cases, rooms
from tests.web.conftest import CANARY, ROOM_SECRET, House, Person, request_body

LIVE = "ws://127.0.0.1:8081"


@pytest.fixture
def doctor(house: House) -> Person:
    return house.person("anlong.doctor")


@pytest.fixture
def coordinator(house: House) -> Person:
    return house.person("xingyi.coordinator")


@pytest.fixture
def met(doctor: Person) -> Iterator[str]:
    """A submitted case of its own for each test."""
    made = doctor.call("POST", "/api/v1/cases", json=request_body(question=uuid4().hex)).get_json()["id"]
    assert doctor.move(made, "submit").status_code == 200
    yield str(made)
    doctor.call("POST", f"/api/v1/cases/{made}/room/close", json={})


def entered(person: Person, case_id: str) -> Any:
    answer = person.call("POST", f"/api/v1/cases/{case_id}/room")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def ticket(house: House, text: str) -> Ticket:
    return opened(text, ROOM_SECRET, house.parts.clock())


def test_whoever_takes_part_opens_the_room_and_the_others_come_into_the_same(
    house: House, doctor: Person, coordinator: Person, met: str
) -> None:
    first, second = entered(doctor, met), entered(coordinator, met)
    assert first["room"] == second["room"]
    assert first["live_url"] == f"{LIVE}?room={first['room']}"
    assert first["media_url"] is None
    mine, theirs = ticket(house, first["ticket"]), ticket(house, second["ticket"])
    assert (mine.room_id, mine.case_id, mine.site, mine.role) == (first["room"], met, "ANLONG", RoomRole.PARTICIPANT)
    assert mine.id != theirs.id
    assert mine.person_id != theirs.person_id
    assert CANARY not in str(mine)


def test_pages_may_open_a_socket_to_the_rooms_and_to_nowhere_else(house: House) -> None:
    policy = house.app.test_client().get("/livez").headers["Content-Security-Policy"]
    assert f"connect-src 'self' {LIVE};" in policy


def test_there_is_no_room_for_a_draft(doctor: Person) -> None:
    made = doctor.call("POST", "/api/v1/cases", json=request_body(question=uuid4().hex)).get_json()["id"]
    answer = doctor.call("POST", f"/api/v1/cases/{made}/room")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "wrong-state")


def test_calling_is_a_fact_of_the_feed_once_in_a_while(house: House, doctor: Person, met: str) -> None:
    assert doctor.call("POST", f"/api/v1/cases/{met}/room/ring").status_code == 409  # nobody is there to be met
    entered(doctor, met)
    assert doctor.call("POST", f"/api/v1/cases/{met}/room/ring").status_code == 204
    assert doctor.call("POST", f"/api/v1/cases/{met}/room/ring").status_code == 429
    told = house.person("xingyi.coordinator").get("/api/v1/feed?after=0").get_json()["items"]
    assert [each["kind"] for each in told if each["case_id"] == met][-2:] == ["room_opened", "room_rings"]


def test_a_guests_link_opens_once_and_then_only_for_the_same_guest(house: House, doctor: Person, met: str) -> None:
    entered(doctor, met)
    made = doctor.call("POST", f"/api/v1/cases/{met}/room/guests", json={"name": "家属"}).get_json()
    token = made["url"].partition("#")[2]
    anyone = house.app.test_client()
    first = anyone.post("/api/v1/guest", json={"token": token})
    assert first.status_code == 200, first.get_data(as_text=True)
    told = ticket(house, first.get_json()["ticket"])
    assert (told.role, told.images, told.person_id, told.name) == (RoomRole.GUEST, False, made["id"], "家属")
    assert anyone.post("/api/v1/guest", json={"token": token}).status_code == 404
    again = anyone.post("/api/v1/guest", json={"token": first.get_json()["again"]})
    assert again.status_code == 200
    listed = doctor.get(f"/api/v1/cases/{met}/room/guests").get_json()["items"]
    assert [(each["name"], each["used_at"] is not None) for each in listed] == [("家属", True)]
    assert token not in str(listed)
    assert doctor.call("DELETE", f"/api/v1/cases/{met}/room/guests/{made['id']}").status_code == 204
    assert anyone.post("/api/v1/guest", json={"token": again.get_json()["again"]}).status_code == 404


def test_the_end_keeps_minutes_with_who_was_there_and_what_was_noted(house: House, doctor: Person, met: str) -> None:
    room = entered(doctor, met)["room"]
    me, now = ticket(house, entered(doctor, met)["ticket"]), house.parts.clock()
    room_log.arrive(house.parts.store, Visit(me.id, room, me.person_id, me.name, me.site, "participant", now))
    note = Op(1, now, me.person_id, "c1", "note", {"section": "conclusion", "text": "建议手术"}, beginning(room, met))
    room_log.keep(house.parts.store, [(room, note)])
    closed = doctor.call("POST", f"/api/v1/cases/{met}/room/close", json={"ending": "failed"})
    assert closed.status_code == 422  # a failed one says why
    said = {"ending": "failed", "reason": "对方网络中断"}
    assert doctor.call("POST", f"/api/v1/cases/{met}/room/close", json=said).status_code == 204
    shown = doctor.get(f"/api/v1/cases/{met}/rooms").get_json()["items"]
    assert [(each["room"], each["ending"], each["reason"]) for each in shown] == [(room, "failed", "对方网络中断")]
    assert [each["name"] for each in shown[0]["attendance"]] == [me.name]
    record = doctor.get(f"/api/v1/cases/{met}/rooms/{room}").get_json()
    assert [(op["kind"], op["body"]["text"]) for op in record["ops"]] == [("note", "建议手术")]
    with house.parts.store.read() as connection:
        facts = cases.facts_seen(connection, me_as_system(), 0, 10_000)
        assert rooms.open_room(connection, met) is None
    minutes = next(fact for fact in facts if fact.kind == "room_closed" and fact.subject_id == met).data
    assert minutes["notes"] == {"conclusion": {"": "建议手术"}}
    assert [each["name"] for each in minutes["attendance"]] == [me.name]


def me_as_system() -> Any:
    from consult.domain.people import SYSTEM

    return SYSTEM


def test_nothing_is_kept_of_a_room_that_was_closed(house: House, doctor: Person, met: str) -> None:
    room = entered(doctor, met)["room"]
    doctor.call("POST", f"/api/v1/cases/{met}/room/close", json={})
    late = Op(1, house.parts.clock(), "p", "c1", "chat", {"text": "x"}, beginning(room, met))
    assert room_log.keep(house.parts.store, [(room, late)]) == {room}
    assert doctor.get(f"/api/v1/cases/{met}/rooms/{room}").get_json()["ops"] == []
    assert entered(doctor, met)["room"] != room
