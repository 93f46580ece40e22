"""Frames of one series with the check who may see them: ours alone, ours behind nginx, Orthanc, and nginx by itself."""

import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
from pydicom import dcmread

from tests.bench.frame_client import Fetched, fetch
from tests.bench.orthanc import DICOMWEB, PROGRAM, Orthanc
from tests.bench.proc import await_quiet, cpu_seconds, family, peak_mb
from tests.bench.sender import STORESCU, send
from tests.bench.table import Row
from tests.peers.nginx import NGINX, free_port, nginx
from tests.peers.site import Site

AT_ONCE = 8
SECONDS = 3.0  # of one turn
PREPARED_S = 300
ASKED_ALONE, ASKED_BEHIND = 4.0, 0.8
HTJ2K = 'multipart/related; type="image/jphc"; transfer-syntax=1.2.840.10008.1.2.4.202'
AS_STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
STATIC = "/static-frames/"
WHAT = f"frames, {AT_ONCE} at once"


@dataclass
class Way:
    """A server to ask: where, for what, saying what; its processes; and the turns it had."""

    port: int
    paths: list[str]
    headers: Mapping[str, str]
    pids: tuple[int, ...]
    turns: list[Fetched] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def turn(self) -> None:
        """Ask for a while."""
        before = sum(map(cpu_seconds, self.pids))
        self.turns.append(fetch(self.port, self.paths, dict(self.headers), AT_ONCE, SECONDS))
        spent = sum(map(cpu_seconds, self.pids)) - before
        self.cpu_ms.append(spent / self.turns[-1].frames * 1000)

    @property
    def rate(self) -> float:
        """Frames a second, the median."""
        return median(turn.rate for turn in self.turns)

    def told(self, who: str) -> str:
        """All turns in a line."""
        peaks = sorted((peak_mb(each) for pid in self.pids for each in family(pid)), reverse=True)
        rates = " ".join(f"{turn.rate:.0f}" for turn in self.turns)
        return (
            f"{who} {rates} a second of {self.turns[-1].bytes_each / 1000:.0f} kB, {median(self.cpu_ms):.2f} ms of "
            f"processor each, the client busy for {max(turn.busy for turn in self.turns):.0%}, at most "
            f"{' + '.join(f'{peak:.0f}' for peak in peaks)} MB"
        )


def run(folder: Path, files: list[Path], rounds: int) -> list[Row]:
    """Frames a second, medians of ``rounds`` turns of each, one after the other; the first to go changes each time."""
    if not (PROGRAM.exists() and DICOMWEB.exists() and STORESCU.exists() and NGINX):
        return [Row(WHAT, "–", asked=f"≥ {ASKED_ALONE:g}", note="needs Debian's orthanc-dicomweb, dcmtk and nginx")]
    with ExitStack() as running:
        ways = _ways(running, folder, files)
        order = list(ways)
        for way in ways.values():
            fetch(way.port, way.paths, dict(way.headers), AT_ONCE, 0.5)  # warm
        for number in range(rounds):
            for who in order[number % len(order) :] + order[: number % len(order)]:
                ways[who].turn()
        told = "".join("\n  " + way.told(who) for who, way in ways.items())
    alone, behind, orthanc, static = (ways[who].rate for who in order)
    return [
        _row(f"{WHAT}, Orthanc", alone, orthanc, ASKED_ALONE, told),
        _row(f"{WHAT}, behind nginx and nginx alone", behind, static, ASKED_BEHIND, ""),
    ]


def _row(what: str, ours: float, theirs: float, asked: float, note: str) -> Row:
    ratio = ours / theirs
    return Row(what, f"{ours:.0f}/s", f"{theirs:.0f}/s", ratio, f"≥ {asked:g}", ratio >= asked, note)


def _ways(running: ExitStack, folder: Path, files: list[Path]) -> dict[str, Way]:
    site = running.enter_context(Site(folder / "frames-ours", folder / "template"))
    peer = running.enter_context(Orthanc(folder / "frames-orthanc"))
    for port, called in ((site.dicom_port, site.ae_title), (peer.dicom_port, peer.ae_title)):
        send(files, port, called, "ANLONG", 4)
    frames = [_path(file) for file in files]
    client = running.enter_context(closing(site.signed_in("anlong.doctor")))
    for frame in frames:
        _await_ready(client, frame)
    await_quiet(site.pid)
    prepared = site.settings.blobs.folder / "prepared"
    own = folder / "frames-nginx"
    own.mkdir()
    web = site.settings.web.port
    ports = {"plain": free_port(), "tls": free_port(), "web": web, "feed": web}
    static = f"location {STATIC} {{ alias {prepared}/studies/; sendfile on; }}"
    front = running.enter_context(nginx(own, ports, prepared, encrypted=False, more=static))
    said = {"Accept": HTJ2K, "Cookie": f"consult={client.cookies['consult']}"}
    kept = [
        STATIC + str(path.relative_to(prepared / "studies")) for path in sorted((prepared / "studies").rglob("*-1"))
    ]
    theirs = int(peer.url.rpartition(":")[2])
    return {
        "ours": Way(web, frames, said, (site.pid,)),
        "ours behind nginx": Way(ports["tls"], frames, said, (front, site.pid)),
        "Orthanc": Way(theirs, frames, {"Accept": AS_STORED}, (peer.pid,)),
        "nginx alone": Way(ports["tls"], kept, {}, (front,)),
    }


def _path(file: Path) -> str:
    head = dcmread(file, stop_before_pixels=True)
    series = f"/dicom-web/studies/{head.StudyInstanceUID}/series/{head.SeriesInstanceUID}"
    return f"{series}/instances/{head.SOPInstanceUID}/frames/1"


def _await_ready(client: httpx.Client, frame: str) -> None:
    until = time.monotonic() + PREPARED_S
    while client.get(frame, headers={"Accept": HTJ2K}).status_code != 200:
        if time.monotonic() > until:
            raise RuntimeError(f"not made ready: {frame}")
        time.sleep(0.2)
