"""English is complete: after the switch nothing on a page is Chinese but what people wrote and what they are called."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.browser.office import Office
from tests.journeys.people import PIN
from tests.peers.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DATA = [
    *("韦春梅", "杨明远", "罗晓岚", "龙志刚", "田雅琴", "吴小川"),
    *("欧阳测试", "头痛三天，排除出血", "高血压十年", "患者本人", "未见异常"),
    "中文",
]
"""Names of people, what they wrote, and how Chinese is called in itself."""

SETTLED_MS = 5_000

LEFT = """data => {
  const said = [document.title]
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) if (texts.currentNode.parentElement.checkVisibility()) said.push(texts.currentNode.data)
  for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
    for (const element of document.querySelectorAll(`[${name}]`))
      if (element.checkVisibility()) said.push(element.getAttribute(name))
  const chinese = text => /[\\u4e00-\\u9fff]/.test(data.reduce((rest, word) => rest.replaceAll(word, ''), text))
  return said.filter(chinese)
}"""


def left_in(page: Page) -> list[str]:
    """What is still Chinese when everything has been loaded and told anew."""
    page.wait_for_load_state("networkidle")
    with suppress(TimeoutError):
        page.wait_for_function(f"data => ({LEFT})(data).length === 0", arg=DATA, timeout=SETTLED_MS)
    found: list[str] = page.evaluate(LEFT, DATA)
    return found


def test_every_page_speaks_english_after_the_switch(browser: Browser, site: Site, being_read: str) -> None:
    with Office(browser, site) as office:
        left: dict[str, list[str]] = {}
        nobody = office.visitor("nobody")
        for path in ("/sign-in", "/verify"):
            nobody.page.goto(nobody.url + path)
            nobody.page.get_by_role("button", name="English").click()
            left[path] = left_in(nobody.page)
            nobody.page.get_by_role("button", name="中文").click()
        doctor = office.person("anlong.doctor")
        doctor.page.get_by_role("button", name="English").click()
        left["worklist"] = left_in(doctor.page)
        doctor.shoot("40-worklist-english", phone=True)
        doctor.page.get_by_role("link", name="New request").first.click()
        expect(doctor.page.get_by_role("heading", name="New request")).to_be_visible()
        left["request"] = left_in(doctor.page)
        doctor.page.get_by_role("button", name="Submit").click()
        left["request refused"] = left_in(doctor.page)
        doctor.shoot("41-request-english")
        doctor.page.get_by_role("button", name="中文").click()
        assert {name: words for name, words in left.items() if words} == {}


def test_the_case_and_its_reading_speak_english(browser: Browser, site: Site, being_read: str) -> None:
    with Office(browser, site) as office:
        reader = office.person("guiyang.ct")
        page = reader.page
        left: dict[str, list[str]] = {}
        reader.open_case(being_read)
        expect(page.get_by_role("heading", name="下一步")).to_be_visible()
        page.get_by_role("button", name="English").click()
        left["case"] = left_in(page)
        reader.shoot("42-case-english")
        reader.open_case(being_read, "/read")
        expect(page.get_by_label("Findings", exact=True)).to_be_editable()
        page.get_by_label("Impression", exact=True).fill("未见异常")
        left["workplace"] = left_in(page)
        reader.shoot("43-workplace-english")
        page.get_by_role("button", name=re.compile("for review")).click()
        page.get_by_label("Signing PIN").fill(PIN)
        left["signing"] = left_in(page)
        reader.shoot("44-signing-english")
        page.goto(reader.url)
        page.get_by_role("button", name="中文").click()
        expect(page.get_by_role("link", name="工作列表").first).to_be_visible()
        assert {name: words for name, words in left.items() if words} == {}
