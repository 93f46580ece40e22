"""Nothing that a specialist types is lost, by a second computer or a closed window; and one signature is one."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.office import Desk, Office
from tests.journeys.people import PIN
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAVED = re.compile(r"^已保存 \d\d:\d\d:\d\d$")
ONE = "脑实质密度均匀，中线结构居中。"
OTHER = "右侧上颌窦黏膜增厚。"
READ = {"影像所见": ONE, "诊断意见": "颅内未见明显异常。"}


def section(page: Page, name: str) -> Locator:
    """One section of the report that is open in this window."""
    return page.get_by_label(name, exact=True)


def write_in(desk: Desk, case_id: str) -> None:
    """The report alone, as on a second screen, ready to be written."""
    desk.open_case(case_id, "/read?only=report")
    expect(section(desk.page, "检查方法")).to_have_value(re.compile("CT"))
    expect(section(desk.page, "检查方法")).to_be_editable()


def report_of(site: Site, case_id: str) -> dict[str, Any]:
    """What the server has."""
    found: dict[str, Any] = site.signed_in("guiyang.ct").get(f"/api/v1/cases/{case_id}/report").json()
    return found


def test_two_computers_on_one_report_keep_both_texts(browser: Browser, site: Site, being_read: str) -> None:
    with Office(browser, site) as office:
        first, second = office.person("guiyang.ct"), office.person("guiyang.ct")
        write_in(first, being_read)
        section(first.page, "影像所见").fill("")
        section(first.page, "诊断意见").click()
        expect(first.page.get_by_text(SAVED)).to_be_visible()
        write_in(second, being_read)
        section(first.page, "影像所见").fill(ONE)
        section(first.page, "诊断意见").click()
        section(second.page, "影像所见").fill(OTHER)
        section(second.page, "诊断意见").click()
        conflict = second.page.get_by_test_id("conflict")
        expect(conflict).to_contain_text("同时改了“影像所见”")
        expect(conflict).to_contain_text(ONE)
        expect(conflict).to_contain_text(OTHER)
        second.shoot("30-conflict")
        conflict.get_by_role("button", name="两份合并").click()
        conflict.get_by_role("button", name="两份合并").click()
        expect(conflict).to_have_count(0)
        expect(second.page.get_by_text(SAVED)).to_be_visible()
        kept = report_of(site, being_read)["findings"]
        assert ONE in kept
        assert OTHER in kept
        write_in(first, being_read)
        expect(section(first.page, "影像所见")).to_have_value(kept)


def test_a_second_window_shows_what_the_first_writes(browser: Browser, site: Site, being_read: str) -> None:
    with Office(browser, site) as office:
        reader = office.person("guiyang.ct")
        write_in(reader, being_read)
        other = reader.window()
        other.goto(f"{reader.url}/cases/{being_read}/read?only=report")
        expect(reader.page.get_by_text("报告正在另一个窗口编辑")).to_be_visible()
        expect(section(other, "影像所见")).to_be_editable()
        section(other, "影像所见").fill(OTHER)
        expect(section(reader.page, "影像所见")).to_have_value(OTHER)
        reader.shoot("31-written-elsewhere")
        assert office.troubles == []


def test_leaving_in_the_middle_of_a_word_keeps_the_draft(browser: Browser, site: Site, being_read: str) -> None:
    with Office(browser, site) as office:
        reader = office.person("guiyang.ct")
        reader.open_case(being_read, "/read")
        expect(section(reader.page, "检查方法")).to_have_value(re.compile("CT"))
        section(reader.page, "诊断意见").press_sequentially(ONE)
        reader.page.get_by_role("button", name=re.compile("^‹")).click()
        expect(reader.page.get_by_role("heading", name="下一步")).to_be_visible()
        reader.page.go_back()
        expect(section(reader.page, "诊断意见")).to_have_value(ONE)
        section(reader.page, "建议").press_sequentially(OTHER)
        reader.page.close()
        reader.page = reader.window()
        write_in(reader, being_read)
        expect(section(reader.page, "建议")).to_have_value(OTHER)
        expect(section(reader.page, "诊断意见")).to_have_value(ONE)
        assert office.troubles == []


def test_a_second_click_signs_once(browser: Browser, site: Site, being_read: str) -> None:
    with Office(browser, site) as office:
        reader = office.person("guiyang.ct")
        reader.open_case(being_read, "/read")
        expect(section(reader.page, "检查方法")).to_have_value(re.compile("CT"))
        for name, words in READ.items():
            section(reader.page, name).fill(words)
        reader.page.get_by_role("button", name=re.compile("提交审核")).click()
        expect(reader.page.get_by_test_id("preview")).to_have_attribute("data-ready", "true")
        reader.page.get_by_label("签名口令").fill(PIN)
        reader.page.get_by_role("button", name=re.compile("提交审核")).dblclick()
        expect(reader.page.get_by_role("heading", name="已提交审核")).to_be_visible()
        events = site.signed_in("guiyang.ct").get(f"/api/v1/cases/{being_read}/events").json()["items"]
        assert [event["kind"] for event in events].count("submit_for_review") == 1
        assert office.troubles == []
