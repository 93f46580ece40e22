"""What is taken back: a report that must not be used any more, and a case that should never have been one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.office import Desk, Office
from tests.journeys import people
from tests.journeys.people import PIN, move, wait
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TEXT = {
    "technique": "头颅CT平扫",
    "findings": "脑实质密度未见异常。",
    "impression": "头颅CT平扫未见明显异常。",
}


@pytest.fixture
def office(browser: Browser, site: Site) -> Iterator[Office]:
    with Office(browser, site) as opened:
        yield opened


def _menu(desk: Desk, verb: str) -> None:
    """Press what stands among the other moves."""
    more = desk.page.locator(".rest")
    expect(more).to_be_visible()
    if more.get_attribute("open") is None:
        more.locator("summary").click()
    more.locator(f'[data-verb="{verb}"]').click()


def _say(desk: Desk, button: str, reason: str = "") -> None:
    dialog = desk.page.get_by_role("dialog")
    if reason:
        dialog.get_by_label("原因").fill(reason)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


def test_a_recalled_report_is_void_for_its_receiver_who_says_that_they_know(
    office: Office, site: Site, being_read: str
) -> None:
    author, reviewer = site.signed_in("guiyang.ct"), site.signed_in("guiyang.reviewer")
    assert author.put(f"/api/v1/cases/{being_read}/report", json=TEXT).status_code == 200
    move(author, being_read, "submit_for_review", pin=PIN)
    move(reviewer, being_read, "co_sign", pin=PIN)
    wait(site.signed_in("anlong.doctor"), being_read, "delivered")
    who = office.person("guiyang.reviewer")
    who.open_case(being_read)
    _menu(who, "recall")
    expect(who.page.get_by_role("dialog")).to_contain_text("须确认")
    _say(who, "召回报告", "结论与影像不符")
    expect(who.page.get_by_test_id("recall")).to_contain_text("安龙县人民医院 尚未确认")
    doctor = office.person("anlong.doctor")
    doctor.open_case(being_read)
    expect(doctor.page.get_by_test_id("recall")).to_contain_text("结论与影像不符")
    expect(doctor.page.get_by_role("alert")).to_contain_text("请勿使用")
    doctor.shoot("90-recalled", phone=True)
    doctor.page.get_by_role("button", name="知悉召回").first.click()
    expect(doctor.page.get_by_test_id("recall")).to_contain_text("安龙县人民医院 韦春梅 已于")
    expect(who.page.get_by_test_id("recall")).to_contain_text("已于")  # the other side sees it without asking
    assert office.troubles == []


def test_a_case_is_a_mistake_once_a_second_person_says_so_too(office: Office, site: Site, study_uid: str) -> None:
    doctor = site.signed_in("anlong.doctor")
    case_id = people.request(doctor, study_uid, question="重复建的申请")["id"]
    move(doctor, case_id, "submit")
    wait(doctor, case_id, "submitted")
    first, second = office.person("xingyi.coordinator"), office.person("admin")
    first.open_case(case_id)
    _menu(first, "mark_entered_in_error")
    _say(first, "标记误建", "同一检查重复申请")
    expect(first.page.get_by_test_id("error-claim")).to_contain_text("等另一人确认")
    expect(first.page.locator('[data-verb="confirm_entered_in_error"]')).to_be_disabled()
    second.page.goto(f"{site.url}/notices")
    second.page.get_by_text("被标记为误建，待第二人确认").click()
    expect(second.page.get_by_test_id("error-claim")).to_contain_text("同一检查重复申请")
    second.page.locator('[data-verb="confirm_entered_in_error"]').click()
    second.shoot("91-second-person")
    _say(second, "确认误建")
    expect(first.page.get_by_text("病例为误建，影像已关闭。")).to_be_visible()
    expect(first.page.get_by_test_id("error-claim")).to_have_count(0)
    assert office.troubles == []
