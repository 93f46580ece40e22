"""A Chromium page on a thin line, with a stop watch that notes when something is first seen on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

from tests.bench.proc import family, resident_mb
from tests.browser.conftest import CHROMIUM, FLAGS

POLL_S = 0.1
_WATCH = """
(() => {
  const seen = window.__seen = {}
  const small = document.createElement('canvas')
  small.width = small.height = 40
  const pen = small.getContext('2d', { willReadFrequently: true })
  const isBright = () => [...document.querySelectorAll('canvas')].some((canvas) => {
    if (canvas.width < 200 || canvas.clientWidth < 200) return false
    pen.drawImage(canvas, 0, 0, 40, 40)
    return pen.getImageData(0, 0, 40, 40).data.some((value, index) => index % 4 === 0 && value > 60)
  })
  const marks = {
    image: isBright,
    visible: () => count('visible') && view().dataset.visible === view().dataset.total,
    whole: () => view()?.dataset.quality === 'whole',
    complete: () => count('loaded') && view().dataset.loaded === view().dataset.total,
  }
  const view = () => document.querySelector('[data-testid=viewport]')
  const count = (name) => Number(view()?.dataset[name] ?? 0) > 0
  setInterval(() => {
    for (const [name, is] of Object.entries(marks)) if (!(name in seen) && is()) seen[name] = performance.now() / 1000
  }, 25)
})()
"""
"""Both viewers draw into a canvas of two dimensions; a slice of a head in any window has something bright in it."""


@dataclass(frozen=True)
class Line:
    """A thin line."""

    mbit: float
    latency_ms: int

    def __str__(self) -> str:
        return f"{self.mbit:g} Mbit/s {self.latency_ms} ms"


class Watched:
    """A page, what came over its line, and when things were seen. Seconds count from the start of its document."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self._line: CDPSession = context.new_cdp_session(self.page)
        self._line.send("Network.enable")
        self._line.on("Network.responseReceived", self._answered)
        self._line.on("Network.dataReceived", self._data)
        self._line.on("Network.loadingFinished", self._finished)
        self._frames: set[str] = set()
        self.bytes = 0
        self.frame_bytes = 0
        self.frames_done = 0
        self.page.add_init_script(_WATCH)

    def _answered(self, told: dict[str, Any]) -> None:
        if "/frames/" in told["response"]["url"]:
            self._frames.add(told["requestId"])

    def _data(self, told: dict[str, Any]) -> None:
        self.bytes += told["encodedDataLength"]
        if told["requestId"] in self._frames:
            self.frame_bytes += told["encodedDataLength"]

    def _finished(self, told: dict[str, Any]) -> None:
        self.frames_done += told["requestId"] in self._frames

    def thin(self, line: Line | None) -> None:
        """From now on over this line; None for as fast as it goes."""
        rate = line.mbit * 1e6 / 8 if line else -1
        latency = line.latency_ms if line else 0
        self._line.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": latency, "downloadThroughput": rate, "uploadThroughput": rate},
        )

    def seen(self) -> dict[str, float]:
        """What was seen so far, and when."""
        found: dict[str, float] = self.page.evaluate("window.__seen ?? {}")
        return found

    def now(self) -> float:
        """Seconds since the document's start."""
        return float(self.page.evaluate("performance.now()")) / 1000

    def until(self, name: str, longest_s: float) -> dict[str, float]:
        """What was seen when ``name`` was; RuntimeError when it is not in time."""
        until = monotonic() + longest_s
        while monotonic() < until:
            found = self.seen()
            if name in found:
                return found
            sleep_in(self.page)
        raise RuntimeError(f"not seen within {longest_s:.0f} s: {name}, only {self.seen()}")


def sleep_in(page: Page) -> None:
    """Waits while the page's messages are taken."""
    page.wait_for_timeout(POLL_S * 1000)


@contextmanager
def chromium() -> Iterator[BrowserContext]:
    """A browser of its own with an empty cache on disk, as large as on a desk."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder,
            executable_path=CHROMIUM,
            args=[*FLAGS, "--enable-precise-memory-info"],
            viewport={"width": 1366, "height": 860},
            locale="zh-CN",
        )
        context.set_default_timeout(60_000)
        yield context
        context.close()


def renderer_mb(own_pid: int) -> float:
    """The memory of the largest page's process among the descendants of ``own_pid``, MB."""
    pages = [pid for pid in family(own_pid) if "--type=renderer" in _command(pid)]
    return max((resident_mb(pid) for pid in pages), default=0.0)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def quiet(seconds: float) -> None:
    """Lets a page that was just closed give its memory back."""
    sleep(seconds)
