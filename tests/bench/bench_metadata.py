"""DICOMweb metadata of one series of hundreds of slices: ours against Orthanc's DICOMweb plugin."""

import gzip
import json
import time
from contextlib import closing
from pathlib import Path
from statistics import median

import httpx
from pydicom import dcmread

from tests.bench.orthanc import DICOMWEB, PROGRAM, Orthanc
from tests.bench.sender import STORESCU, send
from tests.bench.table import Row
from tests.peers.site import Site

ASKED = 100.0
PREPARED_S = 120  # for the series to be settled and its metadata made ready


def run(folder: Path, files: list[Path], rounds: int) -> list[Row]:
    """Seconds to fetch the whole series' metadata, the median of ``rounds`` each, turn about, after one warm-up."""
    what = f"metadata of {len(files)} slices"
    if not (PROGRAM.exists() and DICOMWEB.exists() and STORESCU.exists()):
        return [Row(what, "–", asked=f"≥ {ASKED:g}", note="needs Debian's orthanc, orthanc-dicomweb and dcmtk")]
    head = dcmread(files[0], stop_before_pixels=True)
    path = f"/dicom-web/studies/{head.StudyInstanceUID}/series/{head.SeriesInstanceUID}/metadata"
    with Site(folder / "metadata-ours", folder / "template") as site, Orthanc(folder / "metadata-orthanc") as peer:
        for port, called in ((site.dicom_port, site.ae_title), (peer.dicom_port, peer.ae_title)):
            send(files, port, called, "ANLONG", 4)
        with closing(site.signed_in("anlong.doctor")) as ours, httpx.Client(base_url=peer.url, timeout=120) as theirs:
            first = _await_all(ours, path, len(files))
            _fetched(theirs, path, len(files))
            took: dict[str, list[float]] = {"ours": [], "orthanc": []}
            for _ in range(rounds):
                took["ours"].append(_fetched(ours, path, len(files)))
                took["orthanc"].append(_fetched(theirs, path, len(files)))
    mine, other = median(took["ours"]), median(took["orthanc"])
    ratio = other / mine
    note = f"times faster; our first answer, right after the last image, {first * 1000:.0f} ms"
    return [Row(what, f"{mine * 1000:.1f} ms", f"{other * 1000:.0f} ms", ratio, f"≥ {ASKED:g}", ratio >= ASKED, note)]


def _await_all(client: httpx.Client, path: str, count: int) -> float:
    """The seconds of the first answer that has every slice."""
    until = time.monotonic() + PREPARED_S
    while True:
        try:
            return _fetched(client, path, count)
        except RuntimeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _fetched(client: httpx.Client, path: str, count: int) -> float:
    """Seconds until the last byte is here; to unpack and parse it is the client's work and not measured."""
    headers = {"Accept": "application/dicom+json", "Accept-Encoding": "gzip"}
    began = time.perf_counter()
    with client.stream("GET", path, headers=headers) as answer:
        body = b"".join(answer.iter_raw())
    took = time.perf_counter() - began
    whole = gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body
    if answer.status_code != 200 or len(json.loads(whole)) != count:
        raise RuntimeError(f"{path}: {answer.status_code} {whole[:200]!r}")
    return took
