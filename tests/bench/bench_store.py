"""Durable C-STORE over four associations: ours against Orthanc, the same files, the same sender, turn about."""

import shutil
from pathlib import Path
from statistics import median

from tests.bench.orthanc import PROGRAM, Orthanc
from tests.bench.sender import STORESCU, send
from tests.bench.site import Site
from tests.bench.table import Row

ASSOCIATIONS = 4
WHAT = f"C-STORE, {ASSOCIATIONS} associations"


def run(folder: Path, files: list[Path], rounds: int) -> list[Row]:
    """Images a second, the median of ``rounds``; each round starts both empty, the first to go changes each time."""
    if not (PROGRAM.exists() and STORESCU.exists()):
        return [Row(WHAT, "–", asked="≥ 1.0", note="needs Debian's orthanc and dcmtk")]
    rates: dict[str, list[float]] = {"ours": [], "orthanc": []}
    for turn in range(rounds):
        for who in ("ours", "orthanc") if turn % 2 == 0 else ("orthanc", "ours"):
            place = folder / f"store-{who}-{turn}"
            took = _ours(place, folder / "template", files) if who == "ours" else _theirs(place, files)
            rates[who].append(len(files) / took)
            shutil.rmtree(place)
    ours, theirs = median(rates["ours"]), median(rates["orthanc"])
    every = "; ".join(f"{who} {' '.join(f'{rate:.0f}' for rate in each)}" for who, each in rates.items())
    return [Row(WHAT, f"{ours:.0f}/s", f"{theirs:.0f}/s", ours / theirs, "≥ 1.0", ours >= theirs, every)]


def _ours(place: Path, template: Path, files: list[Path]) -> float:
    with Site(place, template) as site:
        return send(files, site.dicom_port, site.ae_title, "ANLONG", ASSOCIATIONS)


def _theirs(place: Path, files: list[Path]) -> float:
    with Orthanc(place) as peer:
        took = send(files, peer.dicom_port, peer.ae_title, "ANLONG", ASSOCIATIONS)
        if peer.held() != len(files):
            raise RuntimeError(f"Orthanc holds {peer.held()} of {len(files)}")
        return took
