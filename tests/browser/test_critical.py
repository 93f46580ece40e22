"""A critical finding on the screens of both sides: reported, called, read back, handled; an emergency half filled."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.office import Office
from tests.journeys import people
from tests.journeys.people import move
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FINDING = "急性脑出血"


@pytest.fixture
def office(browser: Browser, site: Site) -> Iterator[Office]:
    with Office(browser, site) as opened:
        yield opened


def test_a_critical_finding_is_reported_called_read_back_and_handled(office: Office, being_read: str) -> None:
    reader, doctor = office.person("guiyang.ct"), office.person("anlong.doctor")
    reader.open_case(being_read)
    reader.page.get_by_text("其他操作").click()
    reader.page.get_by_role("button", name="报危急值").click()
    reader.page.get_by_role("dialog").get_by_label("危急值").fill(FINDING)
    reader.page.get_by_role("dialog").get_by_role("button", name="报危急值").click()
    expect(reader.page.get_by_role("heading", name=f"危急值：{FINDING}")).to_be_visible()
    expect(reader.page.get_by_text("系统提醒").first).to_be_visible()
    reader.page.get_by_role("button", name="登记危急值通知").click()
    reader.shoot("70-critical-call")
    reader.page.get_by_role("dialog").get_by_role("button", name="登记危急值通知").click()
    expect(reader.page.get_by_text("已通知，待回读")).to_be_visible()
    reader.shoot("71-critical-reader", phone=True)
    doctor.open_case(being_read)
    doctor.page.get_by_role("button", name="回读确认危急值").first.click()
    doctor.page.get_by_role("dialog").get_by_label("复述危急值").fill("右侧基底节出血，已请神经外科")
    doctor.page.get_by_role("dialog").get_by_role("button", name="回读确认危急值").click()
    expect(doctor.page.get_by_text("10 分钟内完成通报")).to_be_visible()
    doctor.page.get_by_role("button", name="登记危急值处置").click()
    doctor.page.get_by_role("dialog").get_by_label("处置").fill("急诊手术")
    doctor.page.get_by_role("dialog").get_by_role("button", name="登记危急值处置").click()
    expect(doctor.page.get_by_text("已处置")).to_be_visible()
    doctor.shoot("72-critical-county", phone=True)
    assert office.troubles == []


def test_the_rest_of_an_emergency_is_filled_in_while_it_goes_on(office: Office, site: Site) -> None:
    county = site.signed_in("anlong.doctor")
    hurried = {"name": "", "sex": "M", "phone": "13800000000"}
    body: dict[str, Any] = {
        "patient": hurried,
        "consent": None,
        "clinical_history": "",
        "images_follow": True,
        "study_uids": [],
    }
    case_id = people.request(county, "", priority="emergency", modality="CT", **body)["id"]
    move(county, case_id, "emergency_submit")
    doctor = office.person("anlong.doctor")
    doctor.open_case(case_id)
    expect(doctor.page.get_by_test_id("request-lacks")).to_contain_text("患者姓名、出生日期、病史、知情同意")
    expect(doctor.page.get_by_test_id("images-arrive")).to_be_visible()
    doctor.page.get_by_role("button", name="补齐申请").first.click()
    dialog = doctor.page.get_by_role("dialog")
    dialog.get_by_label("患者姓名").fill("欧阳测试")
    dialog.get_by_label("病史").fill("车祸后头痛")
    dialog.get_by_label("知情同意").fill("家属")
    doctor.shoot("73-emergency-rest", phone=True)
    dialog.get_by_role("button", name="补齐申请").click()
    expect(doctor.page.get_by_test_id("request-lacks")).to_contain_text("急诊申请还缺：出生日期、检查影像。")
    expect(doctor.page.get_by_role("heading", name="欧阳测试")).to_be_visible()
    doctor.shoot("74-emergency-half", phone=True)
    assert office.troubles == []
