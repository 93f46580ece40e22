"""Real Chromium pages with fake cameras, around the pages' own module for calls."""

import http.server
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.peers.media import MediaSite, ticket

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
)
WAIT_MS = 60_000
PAGE = """<!doctype html><meta charset=utf-8><title>call</title><body><script type=module>
import * as media from './media.js'
window.media = media
window.frames_ = {}
window.enter = async (url, room, sends, relayOnly) => {
  const call = window.call = new media.Call({ url, relayOnly, changed: () => window.show(),
    ticket: async () => await window.newTicket() })
  if (sends) {
    call.use('audio', await media.openMicrophone())
    call.use('video', await media.openCamera())
  }
}
window.show = () => {
  for (const [person, stream] of window.call.streams) {
    let video = document.getElementById(person)
    if (!video) {
      video = document.createElement('video'); video.id = person; video.autoplay = true
      document.body.append(video)
    }
    if (video.srcObject !== stream) video.srcObject = stream
  }
  for (const video of document.querySelectorAll('video')) if (!window.call.streams.has(video.id)) video.remove()
}
window.counts = async () => {
  const found = {}
  const down = window.call.down, up = window.call.up
  if (down) {
    const stats = await down.getStats()
    for (const [person, stream] of window.call.streams) for (const track of stream.getTracks()) {
      stats.forEach((s) => { if (s.type === 'inbound-rtp' && s.trackIdentifier === track.id)
        found[person] = { ...found[person], [s.kind]: { packets: s.packetsReceived, lost: s.packetsLost,
          frames: s.framesDecoded, energy: s.totalAudioEnergy, width: s.frameWidth, pli: s.pliCount,
          concealed: s.concealedSamples, samples: s.totalSamplesReceived } } })
    }
  }
  if (up) (await up.getStats()).forEach((s) => {
    if (s.type === 'outbound-rtp') found['up ' + s.kind] = { bytes: s.bytesSent, pli: s.pliCount, width: s.frameWidth,
      height: s.frameHeight, frames: s.framesEncoded }
    if (s.type === 'local-candidate') found.local = [...(found.local ?? []), [s.candidateType, s.relayProtocol]]
  })
  return found
}
window.ready = true
</script>"""
UNTIL = """async ([expression, argument, ms]) => {
  const test = eval(expression), end = performance.now() + ms
  while (performance.now() < end) {
    if (await test(argument)) return true
    await new Promise((done) => setTimeout(done, 50))
  }
  return false
}"""
"""Playwright's own wait takes a promise for a yes."""
SENDS = "n => window.counts().then(c => (c[n[0]]?.video?.frames ?? 0) > n[1])"


class Caller:
    """One person's page in a room."""

    def __init__(self, page: Page, site: MediaSite, room: str, person: str, role: str) -> None:
        self.page, self.person = page, person
        page.expose_function("newTicket", lambda: ticket(room, person, role))
        self._asked = (site.url, room, role != "observer")

    def enter(self, *, relay_only: bool = False) -> None:
        """Go in and send, where one may."""
        self.page.evaluate("a => window.enter(...a)", [*self._asked, relay_only])

    def counts(self) -> dict[str, Any]:
        """What is received, by person, and what is sent."""
        found: dict[str, Any] = self.page.evaluate("() => window.counts()")
        return found

    def sees(self, other: str, more: int = 5) -> None:
        """Return once ``more`` further pictures of somebody were decoded."""
        now = self.counts().get(other, {}).get("video", {}).get("frames", 0)
        self.until(SENDS, [other, now + more])

    def hears(self, other: str) -> None:
        """Return once further sound of somebody was played."""
        now = self.counts().get(other, {}).get("audio", {}).get("energy", 0)
        self.until("n => window.counts().then((c) => (c[n[0]]?.audio?.energy ?? 0) > n[1])", [other, now])

    def until(self, expression: str, argument: Any = None) -> None:
        """Return once an expression is true in the page."""
        held = self.page.evaluate(UNTIL, [expression, argument, WAIT_MS])
        assert held, f"{self.person}: {expression} {argument}: {self.counts()}"

    def call(self, expression: str) -> Any:
        """An expression over ``call``."""
        return self.page.evaluate(f"() => {{ const call = window.call; return {expression} }}")


@pytest.fixture(scope="session")
def call_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page for calls is served: a secure context, with the module that the product's pages use."""
    rolldown = ROOT / "frontend" / "node_modules" / ".bin" / "rolldown"
    if not rolldown.exists():
        pytest.skip("the front end's packages are not installed (make setup)")
    folder = tmp_path_factory.mktemp("call")
    subprocess.run([rolldown, "src/room/media.ts", "--format", "esm", "-o", folder / "media.js"],
                   cwd=ROOT / "frontend", check=True, capture_output=True)  # fmt: skip
    (folder / "index.html").write_text(PAGE)
    served = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), served) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files, without a line on the terminal for each."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium whose camera and microphone are made up."""
    if not CHROMIUM.exists() or shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def caller(chromium: Browser, call_page: str, media_site: MediaSite) -> Iterator[Callable[..., Caller]]:
    """Makes pages of people in rooms."""
    contexts = []

    def make(room: str, person: str, role: str = "participant") -> Caller:
        context = chromium.new_context(permissions=["camera", "microphone"])
        contexts.append(context)
        page = context.new_page()
        page.goto(call_page)
        page.wait_for_function("() => window.ready")
        return Caller(page, media_site, room, person, role)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def media_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaSite]:
    """A running media door."""
    with MediaSite(tmp_path_factory.mktemp("media")) as site:
        yield site
