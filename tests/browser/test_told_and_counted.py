"""What people are told of while they work, and what administrators count: the bell, the tiles, and their cases."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from playwright.sync_api import Browser, expect

from consult.domain.cases import Party
from consult.store import people as people_store
from consult.wiring import clock, open_store
from tests.browser.office import Desk, Office
from tests.journeys import people
from tests.journeys.people import move, wait
from tests.makers.busy_region import a_timed_case, keep_measured
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def office(browser: Browser, site: Site) -> Iterator[Office]:
    with Office(browser, site) as opened:
        yield opened


def test_an_offer_rings_the_bell_at_once_and_opening_the_case_is_reading_it(
    office: Office, site: Site, study_uid: str
) -> None:
    reader = office.person("guiyang.ct")
    bell = reader.page.get_by_test_id("bell").locator("visible=true")
    expect(bell).to_have_attribute("aria-label", "通知，0 条未读")
    doctor = site.signed_in("anlong.doctor")
    case_id = people.request(doctor, study_uid)["id"]
    move(doctor, case_id, "submit")
    wait(doctor, case_id, "submitted")
    move(site.signed_in("xingyi.coordinator"), case_id, "triage")
    expect(bell).to_have_attribute("aria-label", "通知，1 条未读")  # nothing was loaded again
    bell.click()
    line = reader.page.get_by_role("listitem").filter(has_text="已派给您，请接诊")
    expect(line).to_contain_text("欧阳测试")
    expect(line.get_by_role("button", name="知道了")).to_be_visible()
    reader.shoot("80-notices", phone=True)
    reader.open_case(case_id)
    expect(bell).to_have_attribute("aria-label", "通知，0 条未读")
    told = site.signed_in("guiyang.ct").get("/api/v1/notices").json()
    assert [each["read_at"] is None for each in told["items"]] == [False]
    assert office.troubles == []


def _tile(desk: Desk, label: str) -> None:
    desk.page.get_by_role("button", name=label).first.click()


def test_a_tile_opens_its_cases_and_nothing_or_no_answer_is_said_so(office: Office, site: Site) -> None:
    with open_store(site.settings.database.url) as store:
        with store.read() as connection:
            reader = people_store.person_named(connection, "guiyang.ct")
        assert reader is not None
        party, now, chance = Party(reader.id, reader.name), clock(), Random(3)
        begun = [now - timedelta(hours=10 * n) for n in range(1, 31)]
        cases = [a_timed_case(0x700000 + n, at, now, chance, ["ANLONG"], [party], party) for n, at in enumerate(begun)]
        keep_measured(store, [case for case in cases if len(case.stays) > 1])
    nobody = office.person("dushan.doctor")
    nobody.page.goto(f"{site.url}/turnaround")
    expect(nobody.page.get_by_role("heading", name="这段时间没有提交的会诊")).to_be_visible()
    admin = office.person("anlong.admin")
    admin.page.get_by_role("link", name="时效").click()
    _tile(admin, "会诊用时 · 中位数")
    dialog = admin.page.get_by_role("dialog", name="会诊用时 · 病例")
    expect(dialog.get_by_role("row")).not_to_have_count(0)
    expect(dialog).to_contain_text("安龙县人民医院")
    expect(dialog).not_to_contain_text("患者一")
    admin.shoot("81-turnaround-cases", phone=True)
    admin.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert admin.troubles == []
    admin.context.set_offline(True)
    admin.page.get_by_role("button", name="近 7 天").click()
    again = admin.page.get_by_role("button", name="重试")
    expect(again).to_be_visible()
    admin.shoot("82-turnaround-offline")
    admin.context.set_offline(False)
    again.click()
    expect(admin.page.get_by_role("button", name="会诊用时 · 中位数").first).to_be_visible()
