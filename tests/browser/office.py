"""People of a running site at computers of their own, each watched for anything that goes wrong."""

from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, ViewportSize, expect

from tests.peers.site import PASSWORD, Site

SHOTS = Path(__file__).parents[2] / "artifacts" / "browser"
WAIT_MS = 30_000
"""Bounds every wait; long, because a busy machine is not a broken page."""
DESK = ViewportSize(width=1366, height=860)
PHONE = ViewportSize(width=390, height=844)


class Desk:
    """One person's browser. ``troubles`` holds what a careful person would see in its console."""

    def __init__(self, context: BrowserContext, site: Site, username: str) -> None:
        self.context = context
        self.username = username
        self.url = site.url
        self.troubles: list[str] = []
        self.page = self.window()

    def window(self) -> Page:
        """One more window of the same browser: the same session, the same storage."""
        page = self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.troubles.append(f"{self.username}: {error}"))
        page.on("response", self._answered)
        return page

    def _said(self, message: ConsoleMessage) -> None:
        # a refused request is told better by what the server answered
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.troubles.append(f"{self.username}: {message.type} {message.text} ({message.location.get('url')})")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{self.username}: {response.status} {response.request.method} {response.url}")

    def sign_in(self) -> Self:
        """As the person does it."""
        self.page.goto(self.url)
        self.page.get_by_label("用户名").fill(self.username)
        self.page.get_by_label("密码", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="登录", exact=True).click()
        expect(self.page.get_by_role("navigation", name="工作列表")).to_be_visible()
        return self

    def open_case(self, case_id: str, rest: str = "") -> None:
        """By its address, as from a message."""
        self.page.goto(f"{self.url}/cases/{case_id}{rest}")

    def shoot(self, name: str, phone: bool = False) -> None:
        """Keep what is on the screen, on request at a phone's width too."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")
        if phone:
            self.page.set_viewport_size(PHONE)
            height = int(self.page.evaluate("document.documentElement.scrollHeight"))
            self.page.set_viewport_size(
                ViewportSize(width=PHONE["width"], height=height)
            )  # bars that stick to the screen stay at its ends
            self.page.screenshot(path=SHOTS / f"{name}-390.png")
            self.page.set_viewport_size(DESK)


class Office:
    """Everyone who takes part. A context manager; when something fails, every screen is kept as ``failed-…``."""

    def __init__(self, browser: Browser, site: Site, language: str = "zh-CN") -> None:
        self._browser = browser
        self._site = site
        self._language = language
        self.desks: list[Desk] = []

    def visitor(self, username: str) -> Desk:
        """A computer at which nobody has signed in."""
        context = self._browser.new_context(
            viewport=DESK, locale=self._language, timezone_id="Asia/Shanghai", accept_downloads=True
        )
        context.set_default_timeout(WAIT_MS)
        desk = Desk(context, self._site, username)
        self.desks.append(desk)
        return desk

    def person(self, username: str) -> Desk:
        """That person, signed in, before the worklist."""
        return self.visitor(username).sign_in()

    @property
    def troubles(self) -> list[str]:
        """What went wrong at any computer."""
        return [trouble for desk in self.desks for trouble in desk.troubles]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, desk in enumerate(self.desks):
            if kind is not None:
                for page in desk.context.pages:
                    page.screenshot(path=SHOTS / f"failed-{number}-{desk.username}.png")
            desk.context.close()
