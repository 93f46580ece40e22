"""Signing in over HTTP: the cookie nobody else can use, the calls another site cannot make, the words one reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consult.actions.parts import Parts
from consult.actions.passwords import Passwords
from consult.domain.sessions import ACCOUNT_TRIES, IDLE
from consult.settings import Settings, Web
from consult.store.unit import Store
from consult.web import problems, session
from consult.web.openapi import open_app
from tests.makers_people import NOW, PASSWORD, fresh_store, open_accounts, open_institutions

HTTPS = "https://consult.example.org"
PASSWORDS = Passwords()


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Door:
    """The part of the parts that signing in looks at."""

    store: Store
    settings: Settings = field(default_factory=Settings)
    passwords: Passwords = PASSWORDS
    clock: Clock = field(default_factory=Clock)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    store = fresh_store(tmp_path)
    open_institutions(store)
    opened = Door(store)
    open_accounts(store, PASSWORDS, "anlong.doctor")
    yield opened
    store.close()


def app(door: Door) -> Flask:
    parts = cast(Parts, door)
    made = open_app()
    problems.install(made)
    session.install(made, parts)
    made.register_api(session.account_api(parts).blueprint)

    @made.post("/api/v1/anything")
    def anything() -> Response:
        return jsonify({"by": session.current_actor().name})

    return made


def client(door: Door) -> FlaskClient:
    return app(door).test_client()


def enter(client: FlaskClient, username: str = "anlong.doctor", password: str = PASSWORD, **more: Any) -> TestResponse:
    return client.post("/api/v1/session", json={"username": username, "password": password}, **more)


def entered(door: Door) -> tuple[FlaskClient, dict[str, str]]:
    """Someone signed in, with the header their pages send."""
    browser = client(door)
    return browser, {"X-CSRF-Token": enter(browser).json["csrf"]}


def act(browser: FlaskClient, headers: dict[str, str]) -> int:
    return browser.post("/api/v1/anything", headers=headers).status_code


def test_signing_in_says_who_one_is(door: Door) -> None:
    open_accounts(door.store, PASSWORDS, "guiyang.ct")
    answer = enter(client(door), "guiyang.ct")
    assert answer.status_code == 200
    told = answer.json
    assert told["person"]["username"] == "guiyang.ct"
    assert told["name"] == told["person"]["name"] == "陈医师"
    assert told["roles"] == ["specialist"]
    assert told["institution"] == {"code": "GUIYANG", "name": {"zh": "贵阳专家中心", "en": "Guiyang Expert Centre"}}
    assert told["skills"][0] == {"modality": "CT", "body_part": "CHEST", "subspecialty": None}
    assert told["language"] is None
    assert len(told["csrf"]) == 64


def test_the_session_answers_the_same_to_the_same_browser_only(door: Door) -> None:
    browser = client(door)
    told = enter(browser).json
    assert browser.get("/api/v1/session").json == told
    assert client(door).get("/api/v1/session").status_code == 401


def test_no_cache_keeps_an_answer_about_a_person(door: Door) -> None:
    assert enter(client(door)).headers["Cache-Control"] == "no-store"


def test_scripts_and_other_sites_cannot_have_the_cookie(door: Door) -> None:
    cookie = enter(client(door)).headers["Set-Cookie"]
    assert cookie.startswith("consult=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert "Max-Age" not in cookie
    assert "Expires" not in cookie


def test_where_people_come_by_tls_the_cookie_never_leaves_it(door: Door) -> None:
    door.settings = Settings(web=Web(public_url=HTTPS))
    browser = client(door)
    answer = enter(browser, base_url=HTTPS)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-consult=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert browser.get("/api/v1/session", base_url=HTTPS).status_code == 200


@pytest.mark.parametrize("username", ["anlong.doctor", "nobody"])
def test_a_wrong_password_says_the_same_for_everyone(door: Door, username: str) -> None:
    answer = enter(client(door), username, "wrong")
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "wrong-sign-in"
    assert answer.json["detail"] == "用户名或密码不正确，请检查后重试。"
    assert "Set-Cookie" not in answer.headers


def test_too_many_wrong_ones_are_told_when_to_come_back(door: Door) -> None:
    browser = client(door)
    for _ in range(ACCOUNT_TRIES.tries):
        assert enter(browser, password="wrong").status_code == 401
    answer = enter(browser)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    door.clock.now += timedelta(seconds=900)
    assert enter(browser).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"username": "anlong.doctor"}, {"username": 7, "password": PASSWORD}, {"username": "a", "extra": 1}]
)
def test_a_form_error_names_its_field_and_repeats_no_secret(door: Door, body: dict[str, Any]) -> None:
    answer = client(door).post("/api/v1/session", json=body)
    assert answer.status_code == 422
    assert answer.json["errors"]
    assert PASSWORD not in answer.get_data(as_text=True)


def test_signing_in_again_gives_another_session_and_ends_the_first(door: Door) -> None:
    browser = client(door)
    enter(browser)
    first = browser.get_cookie("consult")
    enter(browser)
    assert first is not None
    thief = client(door)
    thief.set_cookie("consult", first.value)
    assert thief.get("/api/v1/session").status_code == 401


def test_a_session_fixed_beforehand_is_never_taken_over(door: Door) -> None:
    browser = client(door)
    browser.set_cookie("consult", "planted")
    enter(browser)
    cookie = browser.get_cookie("consult")
    assert cookie is not None
    assert cookie.value != "planted"


def test_signing_out_is_for_good(door: Door) -> None:
    browser, headers = entered(door)
    cookie = browser.get_cookie("consult")
    assert browser.delete("/api/v1/session", headers=headers).status_code == 204
    assert browser.get_cookie("consult") is None
    assert cookie is not None
    browser.set_cookie("consult", cookie.value)
    assert browser.get("/api/v1/session").status_code == 401


def test_a_session_left_alone_ends(door: Door) -> None:
    browser, _ = entered(door)
    door.clock.now += IDLE
    assert browser.get("/api/v1/session").status_code == 401


def test_an_unsafe_call_needs_the_csrf_token_of_its_session(door: Door) -> None:
    browser, headers = entered(door)
    _, other = entered(door)
    assert act(browser, headers) == 200
    for foreign in ({}, {"X-CSRF-Token": "x"}, other):
        answer = browser.post("/api/v1/anything", headers=foreign)
        assert (answer.status_code, answer.json["code"]) == (403, "csrf")


@pytest.mark.parametrize(
    ("foreign", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://127.0.0.1:8080"}, 200),  # the public address of the settings
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_another_sites_page_can_neither_act_nor_sign_anyone_in(
    door: Door, foreign: dict[str, str], status: int
) -> None:
    browser, headers = entered(door)
    assert act(browser, headers | foreign) == status
    assert enter(client(door), headers=foreign).status_code == status


def test_without_a_session_nothing_is_done(door: Door) -> None:
    answer = client(door).post("/api/v1/anything")
    assert (answer.status_code, answer.json["code"]) == (401, "not-signed-in")


def test_a_program_acts_with_a_token_and_needs_no_csrf(door: Door) -> None:
    browser, headers = entered(door)
    made = browser.post("/api/v1/tokens", json={"name": "夜间脚本", "days": 30}, headers=headers)
    assert made.status_code == 201
    bearer = {"Authorization": f"Bearer {made.json['token']}"}
    program = client(door)
    assert program.post("/api/v1/anything", headers=bearer).json == {"by": "王建国"}
    assert program.get("/api/v1/session", headers=bearer).json["csrf"] is None
    door.clock.now += timedelta(days=30)
    assert program.get("/api/v1/session", headers=bearer).status_code == 401


def test_a_wrong_token_is_refused_even_beside_a_good_cookie(door: Door) -> None:
    browser, headers = entered(door)
    assert act(browser, headers | {"Authorization": "Bearer consult_wrong"}) == 401


def test_tokens_are_listed_without_secrets_and_taken_back(door: Door) -> None:
    browser, headers = entered(door)
    made = browser.post("/api/v1/tokens", json={"name": "脚本"}, headers=headers).json
    [listed] = browser.get("/api/v1/tokens").json["items"]
    assert (listed["id"], listed["name"], listed["token"]) == (made["id"], "脚本", None)
    assert browser.delete(f"/api/v1/tokens/{made['id']}", headers=headers).status_code == 204
    assert browser.get("/api/v1/tokens").json == {"items": []}
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert client(door).get("/api/v1/session", headers=bearer).status_code == 401


def test_another_persons_token_is_not_there(door: Door) -> None:
    browser, headers = entered(door)
    made = browser.post("/api/v1/tokens", json={"name": "脚本"}, headers=headers).json
    open_accounts(door.store, PASSWORDS, "dushan.doctor")
    stranger = client(door)
    theirs = {"X-CSRF-Token": enter(stranger, "dushan.doctor").json["csrf"]}
    assert stranger.get("/api/v1/tokens").json == {"items": []}
    assert stranger.delete(f"/api/v1/tokens/{made['id']}", headers=theirs).status_code == 404


def test_a_chosen_language_is_spoken_on_every_screen_before_what_the_browser_asks(door: Door) -> None:
    browser, headers = entered(door)
    chosen = browser.put("/api/v1/session/language", json={"language": "en"}, headers=headers)
    assert chosen.json["language"] == "en"
    refused = browser.post("/api/v1/tokens", json={"name": "x", "days": 999}, headers={"Accept-Language": "zh-CN"})
    assert refused.json["detail"].isascii()
    elsewhere = client(door)
    assert enter(elsewhere).json["language"] == "en"


@pytest.mark.parametrize(("asked", "ascii"), [("en-GB,en;q=0.9", True), ("zh-CN", False), ("de", False), ("", False)])
def test_without_a_choice_the_browsers_language_is_spoken(door: Door, asked: str, ascii: bool) -> None:
    answer = enter(client(door), password="wrong", headers={"Accept-Language": asked})
    assert answer.json["detail"].isascii() is ascii


def test_institutions_say_whom_ones_own_may_ask(door: Door) -> None:
    browser, _ = entered(door)
    items = {each["code"]: each for each in browser.get("/api/v1/institutions").json["items"]}
    assert items["ANLONG"]["agreements"] == ["GUIYANG", "XINGYI"]
    assert items["DUSHAN"]["agreements"] == []
    assert items["XINGYI"]["kind"] == "regional_centre"
    assert client(door).get("/api/v1/institutions").status_code == 401
