"""People change their password and PIN themselves, where they find their name."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.office import Desk, Office
from tests.journeys.people import PIN
from tests.peers.site import PASSWORD, Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NEW_PASSWORD, NEW_PIN = "新密码-Right-5t1k", "864209-neu"


@pytest.fixture
def office(browser: Browser, site: Site) -> Iterator[Office]:
    with Office(browser, site) as opened:
        yield opened


def change(desk: Desk, what: str, *typed: str) -> Locator:
    """Fill the form and send it; the form empties itself when the change was taken."""
    form = desk.page.locator("section", has=desk.page.get_by_role("heading", name=f"修改{what}"))
    for box, text in zip(form.get_by_role("textbox").all()[-3:], typed, strict=True):
        box.fill(text)
    form.get_by_role("button", name="保存修改").click()
    return form.get_by_role("textbox").last


def signs_in(site: Site, username: str, password: str) -> int:
    body = {"username": username, "password": password}
    return httpx.post(f"{site.url}/api/v1/session", json=body, timeout=60).status_code


def test_a_person_changes_their_password_and_pin(office: Office, site: Site) -> None:
    who = "guiyang.reviewer"
    desk, elsewhere = office.person(who), office.person(who)
    desk.page.locator("a.me").click()
    expect(desk.page.get_by_role("heading", name="修改登录密码")).to_be_visible()
    change(desk, "登录密码", PASSWORD, NEW_PASSWORD, NEW_PASSWORD + "x")
    expect(desk.page.get_by_text("两次输入不一致。")).to_be_visible()
    change(desk, "登录密码", "wrong one", NEW_PASSWORD, NEW_PASSWORD)
    expect(desk.page.get_by_text("原密码不正确。")).to_be_visible()
    desk.shoot("60-account", phone=True)
    change(desk, "登录密码", PASSWORD, NEW_PASSWORD, NEW_PASSWORD)
    expect(desk.page.get_by_text("登录密码已修改")).to_be_visible()
    change(desk, "签名密码", PIN, NEW_PIN, NEW_PIN)
    expect(desk.page.get_by_text("签名密码已修改")).to_be_visible()
    assert signs_in(site, who, PASSWORD) == 401
    assert signs_in(site, who, NEW_PASSWORD) == 200
    desk.page.reload()
    expect(desk.page.get_by_role("heading", name="修改登录密码")).to_be_visible()
    elsewhere.page.goto(elsewhere.url)
    expect(elsewhere.page.get_by_role("button", name="登录", exact=True)).to_be_visible()
    expect(change(desk, "签名密码", NEW_PIN, PIN, PIN)).to_have_value("")
    expect(change(desk, "登录密码", NEW_PASSWORD, PASSWORD, PASSWORD)).to_have_value("")
    assert signs_in(site, who, PASSWORD) == 200
