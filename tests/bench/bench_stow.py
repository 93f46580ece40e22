"""STOW-RS from four clients at once: ours against Orthanc's DICOMweb plugin, the same requests, turn about."""

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median

import httpx

from tests.bench.bench_store import Turn, turn_told
from tests.bench.orthanc import DICOMWEB, PROGRAM, Orthanc
from tests.bench.proc import await_quiet, cpu_seconds, family, peak_mb
from tests.bench.table import Row
from tests.peers.site import Site

CLIENTS = 4
PER_REQUEST = 25  # images: what a viewer or a gateway sends in one go
ASKED = 3.0
WHAT = f"STOW, {CLIENTS} clients"
BOUNDARY = "consult-bench-part"
PART = f"\r\n--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()
HEADERS = {
    "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
    "Accept": "application/dicom+json",
}


def run(folder: Path, files: list[Path], rounds: int) -> list[Row]:
    """Images a second, the median of ``rounds``; each round starts both empty, the first to go changes each time."""
    if not (PROGRAM.exists() and DICOMWEB.exists()):
        return [Row(WHAT, "–", asked=f"≥ {ASKED:g}", note="needs Debian's orthanc and orthanc-dicomweb")]
    turns: dict[str, list[Turn]] = {"ours": [], "Orthanc": []}
    for number in range(rounds):
        for who in ("ours", "Orthanc") if number % 2 == 0 else ("Orthanc", "ours"):
            place = folder / f"stow-{who}-{number}"
            turns[who].append(_turn(Site(place, folder / "template") if who == "ours" else Orthanc(place), files))
            shutil.rmtree(place)
    ours, theirs = (median(turn.rate for turn in turns[who]) for who in turns)
    told = "".join("\n  " + turn_told(who, each) for who, each in turns.items())
    ratio = ours / theirs
    return [Row(WHAT, f"{ours:.0f}/s", f"{theirs:.0f}/s", ratio, f"≥ {ASKED:g}", ratio >= ASKED, told)]


def _turn(peer: Site | Orthanc, files: list[Path]) -> Turn:
    with peer, closing(_client(peer)) as client, ThreadPoolExecutor(CLIENTS) as senders:
        bodies = [_body(files[first : first + PER_REQUEST]) for first in range(0, len(files), PER_REQUEST)]
        await_quiet(peer.pid)
        before, began = cpu_seconds(peer.pid), time.perf_counter()
        stored = sum(senders.map(lambda body: _stored(client, body), bodies))
        took, spent = time.perf_counter() - began, cpu_seconds(peer.pid) - before
        if (stored, peer.held()) != (len(files), len(files)):
            raise RuntimeError(f"{peer.ae_title} says {stored} and holds {peer.held()} of {len(files)}")
        peaks = tuple(sorted(map(peak_mb, family(peer.pid)), reverse=True))
    return Turn(len(files) / took, spent / len(files) * 1000, peaks)


def _client(peer: Site | Orthanc) -> httpx.Client:
    return peer.signed_in("anlong.doctor") if isinstance(peer, Site) else httpx.Client(base_url=peer.url, timeout=300)


def _body(files: Sequence[Path]) -> bytes:
    return b"".join(PART + path.read_bytes() for path in files) + END


def _stored(client: httpx.Client, body: bytes) -> int:
    """How many of a request's images the answer says are stored."""
    answer = client.post("/dicom-web/studies", content=body, headers=HEADERS)
    answer.raise_for_status()
    return len(answer.json()["00081199"]["Value"])
