"""One's own account over HTTP: a new password goes on in this browser alone, and a wrong field is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from consult.formats.bounded import HeaderReader
from tests.makers.web import Browser, Site, site
from tests.makers_people import PASSWORD, PIN

WHO, NEW = "anlong.doctor", "一句很长的新密码 1"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Site]:
    with HeaderReader(0, 300, 20) as reader, site(tmp_path, reader, WHO) as opened:
        yield opened


def put(browser: Browser, what: str, body: dict[str, Any], csrf: str | None = None) -> TestResponse:
    headers = {"X-CSRF-Token": browser.csrf if csrf is None else csrf}
    return browser.client.put(f"/api/v1/account/{what}", json=body, headers=headers)


def signs_in(door: Site, password: str) -> int:
    return door.anyone().post("/api/v1/session", json={"username": WHO, "password": password}).status_code


def test_a_password_is_changed_and_this_browser_stays_signed_in(door: Site) -> None:
    browser = door[WHO]
    assert put(browser, "password", {"old_password": PASSWORD, "password": NEW}).status_code == 204
    assert browser.get("/api/v1/session").status_code == 200
    assert (signs_in(door, PASSWORD), signs_in(door, NEW)) == (401, 200)


def test_a_pin_is_changed(door: Site) -> None:
    assert put(door[WHO], "pin", {"old_pin": PIN, "pin": "135790"}).status_code == 204
    assert put(door[WHO], "pin", {"old_pin": PIN, "pin": "246801"}).status_code == 422


@pytest.mark.parametrize(
    ("what", "body", "field", "words"),
    [
        ("password", {"old_password": "wrong one", "password": NEW}, "old_password", "原密码不正确。"),
        ("password", {"old_password": PASSWORD, "password": "short"}, "password", "长度应为 8 到 256 字。"),
        ("pin", {"old_pin": "000000", "pin": "135790"}, "old_pin", "原签名密码不正确，未作修改。"),
        ("pin", {"old_pin": PIN, "pin": PASSWORD}, "pin", "签名密码不能与登录密码相同。"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    door: Site, what: str, body: dict[str, str], field: str, words: str
) -> None:
    answer = put(door[WHO], what, body)
    assert answer.status_code == 422
    assert [(each["field"], each["sentence"]) for each in answer.json["errors"]] == [(field, words)]


def test_nobody_changes_anything_from_another_site(door: Site) -> None:
    assert put(door[WHO], "password", {"old_password": PASSWORD, "password": NEW}, csrf="guess").status_code == 403
    assert signs_in(door, PASSWORD) == 200
