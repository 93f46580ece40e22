"""One's own notices over HTTP: nobody else's, by page, looked at; how one is reached; receipts only when sealed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from consult.actions import notices
from consult.actions.relay import StoredPositions
from consult.domain.sendings import Standing
from consult.formats.sealed_calls import HEADER, WINDOW, seal
from consult.settings import Mail, Sms
from consult.store import sendings as rows
from consult.wiring import build_web
from consult.worker.relay import Relay
from tests.web.conftest import CANARY, House, Person

SECRET = "what the gateway knows"


@pytest.fixture(scope="module")
def office(house: House, case_id: str) -> House:
    """The same house with a mail server and a gateway set up; the submitted case was told."""
    more = {
        "mail": Mail(host="127.0.0.1", sender="consult@example.org"),
        "sms": Sms(url="http://x", report_secret=SECRET),
    }
    parts = replace(house.parts, settings=house.parts.settings.model_copy(update=more))
    opened = House(build_web(parts), parts)
    coordinator = opened.person("xingyi.coordinator")
    kept = coordinator.call("PUT", "/api/v1/account/reach", json=reach_body())
    assert kept.status_code == 200, kept.get_data(as_text=True)
    handlers = {
        "notices": lambda fact, now: fact.subject == "case" and notices.on_case_fact(parts.store, fact, now, parts.out)
    }
    relay = Relay(StoredPositions(parts.store), handlers, parts.clock, lambda: True)
    while relay.turn():
        pass
    return opened


def reach_body(**changes: Any) -> dict[str, Any]:
    """How the coordinator is reached: by everything, at any hour."""
    return {
        "email": "cen@example.org", "mobile": "138 0000 2222", "quiet_from": 0, "quiet_to": 0, "version": 0,
        "ways": [{"channel": "email", "wanted": ["action", "news"]}, {"channel": "sms", "wanted": ["action"]}],
    } | changes  # fmt: skip


def told(person: Person, **query: Any) -> dict[str, Any]:
    """A page of the person's notices."""
    answer = person.get("/api/v1/notices", query_string=query)
    assert answer.status_code == 200
    return dict(answer.get_json())


def test_the_bell_counts_what_is_new_and_the_list_says_what_it_is(office: House, case_id: str) -> None:
    coordinator = office.person("xingyi.coordinator")
    bell = coordinator.get("/api/v1/notices/unread").get_json()
    page = told(coordinator)
    assert (bell["unread"], bell["emergencies"]) == (page["unread"], page["emergencies"]) == (1, 0)
    (item,) = page["items"]
    assert (item["case_id"], item["words"], item["urgency"]) == (case_id, "新申请待受理", "action")
    assert item["patient"] == CANARY  # in the page, for whoever may list the case
    assert CANARY not in bell["newest_words"]
    english = coordinator.get("/api/v1/notices", headers={"Accept-Language": "en"}).get_json()
    assert english["items"][0]["words"] == "A new request waits to be triaged"


def test_nobody_sees_or_reads_another_persons(office: House) -> None:
    coordinator, doctor = office.person("xingyi.coordinator"), office.person("anlong.doctor")
    (item,) = told(coordinator)["items"]
    assert told(doctor)["items"] == []
    doctor.call("POST", "/api/v1/notices/read", json={"ids": [item["id"]]})
    doctor.call("POST", "/api/v1/notices/read", json={"up_to": item["id"]})
    assert told(coordinator)["items"][0]["read_at"] is None


def test_looking_needs_a_call_of_our_own_page(office: House) -> None:
    coordinator = office.person("xingyi.coordinator")
    answer = coordinator.client.post("/api/v1/notices/read", json={"up_to": 1})
    assert answer.status_code == 403


def test_the_story_of_a_case_says_to_whom_it_went_and_the_operator_what_it_was(office: House, case_id: str) -> None:
    for number, each in enumerate(_waiting(office)):
        with office.parts.store.write() as unit:
            rows.arrived(unit, [each.id], f"gw-{number}-{each.channel}", False, office.parts.clock())
    receipt = next(each.receipt for each in _standing(office, Standing.SENT) if each.channel == "sms")
    assert report(office, {"id": receipt, "status": "delivered"}).status_code == 204
    items = office.person("anlong.doctor").get(f"/api/v1/cases/{case_id}/notices").get_json()["items"]
    (item,) = items
    assert item["name"] == "罗晓岚"
    assert {(each["channel"], each["label"]) for each in item["sendings"]} == {("email", "已发出"), ("sms", "已送达")}
    listed = office.person("admin").get("/api/v1/sendings?standing=delivered").get_json()
    assert [(each["to"], each["words"]) for each in listed["items"]] == [("138****22", "新申请待受理")]
    assert listed["counts"]["sent"] == 1
    assert "13800002222" not in json.dumps([items, listed])
    assert office.person("anlong.doctor").get("/api/v1/sendings").status_code == 403
    assert office.person("dushan.doctor").get(f"/api/v1/cases/{case_id}/notices").status_code == 404


def _standing(office: House, standing: Standing) -> list[Any]:
    with office.parts.store.read() as connection:
        return rows.page(connection, standing, None, 100)


def _waiting(office: House) -> list[Any]:
    return _standing(office, Standing.WAITING)


def report(office: House, said: dict[str, Any], secret: str = SECRET, late: float = 0) -> Any:
    """What a gateway reports, sealed at a time."""
    body = json.dumps(said).encode()
    header = seal(secret, body, office.parts.clock() - WINDOW * late)
    headers = {HEADER: header, "Content-Type": "application/json"}
    return office.app.test_client().post("/api/v1/sms/reports", data=body, headers=headers)


def test_a_report_that_is_not_sealed_or_too_old_is_refused(office: House, house: House) -> None:
    said = {"id": "x", "status": "failed"}
    assert report(office, said, secret="another").status_code == 401
    assert report(office, said, late=1.1).status_code == 401
    assert office.app.test_client().post("/api/v1/sms/reports", json=said).status_code == 401
    assert report(house, said, secret="").status_code == 401  # where no secret is set nobody is believed


def test_wrong_addresses_are_named_and_a_stale_record_is_not_overwritten(office: House) -> None:
    coordinator = office.person("xingyi.coordinator")
    shown = coordinator.get("/api/v1/account/reach").get_json()
    assert shown["mobile"] == "13800002222"
    assert [each["available"] for each in shown["ways"]] == [True, True]
    wrong = coordinator.call("PUT", "/api/v1/account/reach", json=reach_body(version=1, email="x", mobile="y"))
    assert {each["field"] for each in wrong.get_json()["errors"]} == {"email", "mobile"}
    assert coordinator.call("PUT", "/api/v1/account/reach", json=reach_body()).status_code == 412
    assert coordinator.call("PUT", "/api/v1/account/reach", json=reach_body(version=7)).status_code == 412


def test_opening_a_case_is_looking_at_its_notices(office: House, case_id: str) -> None:
    coordinator = office.person("xingyi.coordinator")
    other = coordinator.call("POST", "/api/v1/notices/read", json={"case_id": "0" * 32}).get_json()
    assert other["unread"] == 1
    assert coordinator.call("POST", "/api/v1/notices/read", json={"case_id": case_id}).get_json()["unread"] == 0
    assert told(coordinator)["items"][0]["read_at"] is not None


def test_operators_are_warned_of_what_does_not_go_out(office: House) -> None:
    figures = office.app.test_client().get("/metrics").text
    waiting = len(_waiting(office))
    told_of = dict(line.rsplit(" ", 1) for line in figures.splitlines() if line.startswith("consult_sendings{"))
    assert len(told_of) == 9
    assert sum(float(n) for name, n in told_of.items() if 'standing="waiting"' in name) == waiting
    assert float(told_of['consult_sendings{channel="sms",standing="dead"}']) == len(_standing(office, Standing.DEAD))


def test_one_tries_ones_address(office: House) -> None:
    coordinator = office.person("xingyi.coordinator")
    made = coordinator.call("POST", "/api/v1/account/reach/test", json={"channel": "email"})
    assert (made.status_code, made.get_json()["label"]) == (202, "待发送")
    soon = coordinator.call("POST", "/api/v1/account/reach/test", json={"channel": "email"})
    assert soon.status_code == 429
    assert coordinator.get("/api/v1/account/reach/test?channel=email").get_json()["number"] == made.get_json()["number"]


def test_looking_at_all_empties_the_bell(office: House) -> None:
    coordinator = office.person("xingyi.coordinator")
    (item,) = told(coordinator)["items"]
    left = coordinator.call("POST", "/api/v1/notices/read", json={"up_to": item["id"]})
    assert left.get_json()["unread"] == 0
    assert told(coordinator, unread=True)["items"] == []
    assert told(coordinator)["items"][0]["read_at"] is not None
