"""The same series in our viewer and in OHIF on Orthanc, over the same thin lines, with both applications cached."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from tempfile import gettempdir

import httpx
from playwright.sync_api import BrowserContext, Page
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.bench import ohif
from tests.bench.bench_frames import _await_ready, _path
from tests.bench.orthanc import DICOMWEB, PROGRAM, Orthanc
from tests.bench.proc import await_quiet
from tests.bench.sender import STORESCU, send
from tests.bench.slices import thin_series
from tests.bench.table import Row
from tests.bench.watched import Line, Watched, chromium, quiet, renderer_mb, sleep_in
from tests.browser.conftest import CHROMIUM
from tests.journeys.people import move, request, settled, wait
from tests.peers.nginx import NGINX, free_port, nginx
from tests.peers.site import PASSWORD, Site

SLICES, LONG = 140, 500
LINES = (Line(10, 30), Line(4, 75))
LONGEST_S = 240
READER = "guiyang.ct"
SIGNED_IN = "consult.session"  # what our pages leave behind for themselves where somebody has signed in
FIRST, VISIBLE, COMPLETE = 3.0, 8.0, 2.2
WHAT = f"viewer, {SLICES} slices"
_SCROLL = """async (count) => {
  const view = document.querySelector('[data-testid=viewport]')
  const shown = new Set(), waited = new Set()
  const note = () => (view.dataset.state === 'shown' ? shown : waited).add(Number(view.dataset.slice))
  const watch = new MutationObserver(note)
  watch.observe(view, { attributes: true, attributeFilter: ['data-slice', 'data-state'] })
  note()
  const began = performance.now()
  for (let step = 1; step < count; step++) {
    view.dispatchEvent(new WheelEvent('wheel', { deltaY: 120, bubbles: true, cancelable: true }))
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
  watch.disconnect()
  return { shown: shown.size, seconds: (performance.now() - began) / 1000 }
}"""


@dataclass(frozen=True)
class Study:
    """A study that both servers hold, and our case about it."""

    uid: str
    case_id: str


@dataclass(frozen=True)
class Places:
    """Where the viewers are, and what each can open."""

    ours: str
    theirs: str
    mixed: str  # OHIF before our DICOMweb
    short: Study  # warms the caches
    main: Study
    long: Study


@dataclass(frozen=True)
class Opened:
    """Seconds from the start of the page until an image, until every slice as a preview at least, until all whole."""

    image: float
    visible: float
    complete: float
    diagnostic_kb: float = 0.0

    def told(self, who: str, line: Line) -> str:
        """In a line."""
        return (
            f"{who} at {line}: first image {self.image:.1f} s, every slice visible {self.visible:.1f} s, "
            f"complete {self.complete:.1f} s"
        )


def run(folder: Path, files: list[Path], _rounds: int) -> list[Row]:
    """One opening a viewer and a line, then what only ours is asked for."""
    kept = Path(gettempdir()) / "consult-bench"
    needs = (PROGRAM.exists(), DICOMWEB.exists(), STORESCU.exists(), NGINX, CHROMIUM.exists())
    built = ohif.built(kept) if all(needs) else None
    if built is None:
        missing = "needs Debian's orthanc-dicomweb, dcmtk, nginx and chromium, and npm to fetch OHIF"
        return [Row(WHAT, "–", asked=f"≥ {FIRST:g}", note=missing)]
    with _places(folder, files, kept, built) as places:
        rows: list[Row] = []
        for line in LINES:
            rows += _compared(line, _theirs(places, line), _ours(places, line))
        return [*rows, _scrolled(places), _foreign(places)]


# the two compared


def _compared(line: Line, theirs: Opened, ours: Opened) -> list[Row]:
    told = f"\n  {ours.told('ours', line)}\n  {theirs.told('OHIF', line)}"
    return [
        _row(f"{WHAT}, {line}: first image", ours.image, theirs.image, FIRST, told),
        _row(f"{WHAT}, {line}: every slice visible, OHIF complete", ours.visible, theirs.complete, VISIBLE, ""),
        _row(f"{WHAT}, {line}: complete and lossless", ours.complete, theirs.complete, COMPLETE, ""),
        Row(f"{WHAT}, {line}: bytes to the first diagnostic image", f"{ours.diagnostic_kb:.0f} kB"),
    ]


def _row(what: str, ours: float, theirs: float, asked: float, note: str) -> Row:
    ratio = theirs / ours
    return Row(what, f"{ours:.2f} s", f"{theirs:.2f} s", ratio, f"≥ {asked:g}", ratio >= asked, note)


def _theirs(places: Places, line: Line) -> Opened:
    """Complete when the last frame came over the line: decoding is not counted against it."""
    with chromium() as context:
        warm = Watched(context)
        warm.page.goto(f"{places.theirs}/viewer?StudyInstanceUIDs={places.short.uid}")
        warm.until("image", LONGEST_S)
        sleep_in(warm.page)
        warm.page.close()
        watched = Watched(context)
        watched.thin(line)
        watched.page.goto(f"{places.theirs}/viewer?StudyInstanceUIDs={places.main.uid}", wait_until="commit")
        image = watched.until("image", LONGEST_S)["image"]
        while watched.frames_done < SLICES:
            if watched.now() > LONGEST_S:
                raise RuntimeError(f"OHIF has {watched.frames_done} frames")
            sleep_in(watched.page)
        complete = watched.now()
        return Opened(image, complete, complete)


def _ours(places: Places, line: Line) -> Opened:
    with chromium() as context:
        _sign_in(context, places.ours)
        warm = Watched(context)
        warm.page.goto(f"{places.ours}/cases/{places.short.case_id}/read")
        warm.until("complete", LONGEST_S)
        warm.page.close()
        watched = Watched(context)
        watched.thin(line)
        watched.page.goto(f"{places.ours}/cases/{places.main.case_id}/read", wait_until="commit")
        watched.until("whole", LONGEST_S)
        diagnostic = watched.bytes / 1000
        seen = watched.until("complete", LONGEST_S)
        return Opened(seen["image"], seen["visible"], seen["complete"], diagnostic)


# ours alone


def _scrolled(places: Places) -> Row:
    """A long stack, loaded, then through all of it as fast as a wheel goes; and what it costs in memory."""
    with chromium() as context:
        _sign_in(context, places.ours)
        watched = Watched(context)
        watched.page.goto(f"{places.ours}/cases/{places.short.case_id}/read")
        watched.until("complete", LONGEST_S)
        before = renderer_mb(getpid())
        watched.page.goto(f"{places.ours}/cases/{places.long.case_id}/read")
        watched.until("complete", LONGEST_S)
        watched.page.keyboard.press("Home")
        watched.page.wait_for_selector('[data-testid=viewport][data-state=shown][data-slice="1"]')
        quiet(3)
        loaded = LONG * 512 * 512 * 2 / 2**20
        cost = (renderer_mb(getpid()) - before) / loaded
        told = watched.page.evaluate(_SCROLL, LONG)
    dropped = LONG - int(told["shown"])
    note = f"in {told['seconds']:.0f} s; {cost:.1f} MB of the page's process for each MB of pixels ({loaded:.0f} MB)"
    return Row(
        f"viewer, scroll through {LONG} loaded slices", f"{dropped} dropped", asked="0", held=dropped == 0, note=note
    )


def _foreign(places: Places) -> Row:
    """OHIF as it is before our DICOMweb, signed in by our session's cookie: how many slices it shows."""
    with chromium() as context:
        _sign_in(context, places.mixed)
        watched = Watched(context)
        watched.page.goto(f"{places.mixed}/viewer?StudyInstanceUIDs={places.main.uid}")
        watched.until("image", LONGEST_S)
        shown = _paged(watched.page)
    return Row("OHIF before our DICOMweb, slices shown", str(len(shown)), asked=str(SLICES), held=len(shown) == SLICES)


def _paged(page: Page) -> set[str]:
    """The slices that OHIF names while the keyboard goes through the stack."""
    shown: set[str] = set()
    told = f"(() => /\\((\\d+)\\/{SLICES}\\)/.exec(document.body.innerText)?.[1] ?? '')()"
    page.mouse.click(700, 450)
    for _ in range(SLICES * 3):
        shown.add(str(page.evaluate(told)))
        if len(shown - {""}) == SLICES:
            break
        page.keyboard.press("ArrowDown")
        sleep_in(page)
    return shown - {""}


def _sign_in(context: BrowserContext, url: str) -> None:
    said = {"username": READER, "password": PASSWORD}
    answer = context.request.post(f"{url}/api/v1/session", data=said)
    if not answer.ok:
        raise RuntimeError(f"not signed in: {answer.status} {answer.text()}")
    context.add_init_script(f"localStorage.setItem('{SIGNED_IN}', '1')")


# the servers


@contextmanager
def _places(folder: Path, files: list[Path], kept: Path, built: Path) -> Iterator[Places]:
    short, main, long = (
        _renamed(source, folder / name)
        for name, source in (
            ("viewer-short", files[:2]),
            ("viewer-main", thin_series(kept, SLICES)[0]),
            ("viewer-long", thin_series(kept, LONG)[0]),
        )
    )
    with ExitStack() as running:
        site = Site(folder / "viewer-ours", folder / "template")
        front = free_port()
        told = {"public_url": f"http://127.0.0.1:{front}", "trusted_proxy": True, "accel": "/prepared/"}
        site.settings = site.settings.model_copy(update={"web": site.settings.web.model_copy(update=told)})
        running.enter_context(site)
        peer = running.enter_context(Orthanc(folder / "viewer-orthanc"))
        for port, called in ((site.dicom_port, site.ae_title), (peer.dicom_port, peer.ae_title)):
            send([*short, *main, *long], port, called, "ANLONG", 4)
        cases = _assigned(site, [short[0], main[0], long[0]])
        reader = site.signed_in(READER)
        for file in (*short, *main, *long):
            _await_ready(reader, _path(file))
        await_quiet(site.pid)
        web = site.settings.web.port
        own = folder / "viewer-nginx"
        own.mkdir()
        ports = {"plain": free_port(), "tls": front, "web": web, "feed": web}
        running.enter_context(nginx(own, ports, site.settings.blobs.folder / "prepared", encrypted=False))
        theirs = int(peer.url.rpartition(":")[2])
        addresses = running.enter_context(ohif.served(folder / "viewer-ohif", built, [theirs, web]))
        yield Places(f"http://127.0.0.1:{front}", *addresses, *cases)


def _renamed(files: list[Path], folder: Path) -> list[Path]:
    """The same images as a study of their own."""
    folder.mkdir()
    study, series, made = generate_uid(), generate_uid(), []
    for path in files:
        image = dcmread(path)
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.PatientName, image.PatientBirthDate, image.PatientSex = "OUYANG^CESHI", "19600501", "M"
        made.append(folder / path.name)
        image.save_as(made[-1])
    return made


def _assigned(site: Site, firsts: list[Path]) -> list[Study]:
    """A case about each study, accepted by the reader."""
    doctor, coordinator, reader = (site.signed_in(name) for name in ("anlong.doctor", "xingyi.coordinator", READER))
    return [
        _case(str(dcmread(file, stop_before_pixels=True).StudyInstanceUID), doctor, coordinator, reader)
        for file in firsts
    ]


def _case(uid: str, doctor: httpx.Client, coordinator: httpx.Client, reader: httpx.Client) -> Study:
    settled(doctor, uid)
    case_id = str(request(doctor, uid)["id"])
    move(doctor, case_id, "submit")
    wait(doctor, case_id, "submitted")
    move(coordinator, case_id, "triage")
    wait(reader, case_id, "assigned")
    move(reader, case_id, "accept")
    move(reader, case_id, "open")
    return Study(uid, case_id)
