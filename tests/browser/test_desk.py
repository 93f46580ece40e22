"""The coordinator gives cases to people: by drag, by key, and never over the head of another coordinator."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from consult.domain.cases import Party, ServiceType, State
from consult.domain.people import actor_for
from consult.domain.workflow import begin
from consult.store import cases, people
from consult.store.unit import Store
from tests.browser.office import Office
from tests.makers.cases import PATIENT, a_case
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DRAGGED, KEYED, CONTESTED = PATIENTS = ("拖动一", "键盘二", "争派三")
READER = "杨明远"


@pytest.fixture(scope="module")
def waiting(site: Site) -> None:
    """Three cases in the pool that everyone let pass: the router leaves them to the coordinator."""
    store = Store(site.settings.database.url)
    with store.write() as unit:
        found = people.person_named(unit.connection, "anlong.doctor")
        assert found is not None
        readers = tuple(each.id for each in people.specialists_of(unit.connection, "GUIYANG"))
        for n, name in enumerate(PATIENTS):
            case = a_case(
                State.QUEUED, id=f"{n + 77:032x}", number=f"HZ20261124-97{n:02d}", study_uids=(),
                requester=Party(found.id, found.name), patient=replace(PATIENT, name=name),
                service_type=ServiceType.TELEDIAGNOSIS, passed_over=readers,
            )  # fmt: skip
            cases.add(unit, case, begin(case, actor_for(found))[1], None)
    store.close()


def card(page: Page, column: str, name: str) -> Locator:
    """A patient's card in a column."""
    return page.locator(f"[data-column={column}] [data-case]").filter(has_text=name)


def test_two_coordinators_give_cases_by_drag_and_by_key_and_the_later_one_is_told(
    browser: Browser, site: Site, waiting: None
) -> None:
    with Office(browser, site) as office:
        first, second = office.person("xingyi.coordinator"), office.person("xingyi.coordinator")
        for each in (first, second):
            each.page.goto(f"{each.url}/desk")
            expect(card(each.page, "queue", CONTESTED)).to_be_visible()
        page = first.page
        card(page, "queue", DRAGGED).drag_to(page.locator("[data-person]").filter(has_text=READER))
        expect(card(page, "reading", DRAGGED)).to_contain_text(READER)

        card(page, "queue", KEYED).locator("[data-card]").focus()
        page.keyboard.press("a")
        choice = page.get_by_role("radio", name=READER)
        choice.focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(card(page, "reading", KEYED)).to_contain_text(READER)

        card(second.page, "queue", CONTESTED).get_by_role("button", name="派单").click()
        second.page.get_by_role("radio", name=READER).check()
        card(page, "queue", CONTESTED).drag_to(page.locator("[data-person]").filter(has_text=READER))
        expect(card(page, "reading", CONTESTED)).to_contain_text(READER)
        second.page.get_by_role("dialog").get_by_role("button", name="派单").click()
        refusal = second.page.get_by_role("dialog").get_by_role("alert")
        expect(refusal).to_contain_text("没有派出")
        second.shoot("50-desk-overtaken", phone=True)
        assert [trouble.split(":")[1][:4].strip() for trouble in office.troubles] == ["412"]
