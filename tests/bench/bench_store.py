"""Durable C-STORE over four associations: ours against Orthanc, the same files, the same sender, turn about."""

import shutil
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.orthanc import PROGRAM, Orthanc
from tests.bench.proc import cpu_seconds
from tests.bench.sender import STORESCU, send
from tests.bench.table import Row
from tests.peers.site import Site

ASSOCIATIONS = 4
WHAT = f"C-STORE, {ASSOCIATIONS} associations"


class Turn(NamedTuple):
    """Images a second from the first byte to the last acknowledgement, and the receiver's processor time for each."""

    rate: float
    cpu_ms: float


def run(folder: Path, files: list[Path], rounds: int) -> list[Row]:
    """Images a second, the median of ``rounds``; each round starts both empty, the first to go changes each time."""
    if not (PROGRAM.exists() and STORESCU.exists()):
        return [Row(WHAT, "–", asked="≥ 1.0", note="needs Debian's orthanc and dcmtk")]
    turns: dict[str, list[Turn]] = {"ours": [], "orthanc": []}
    for number in range(rounds):
        for who in ("ours", "orthanc") if number % 2 == 0 else ("orthanc", "ours"):
            place = folder / f"store-{who}-{number}"
            peer = Site(place, folder / "template") if who == "ours" else Orthanc(place)
            turns[who].append(_turn(peer, files))
            shutil.rmtree(place)
    ours, theirs = (median(turn.rate for turn in turns[who]) for who in turns)
    note = "; ".join(_told(who, each) for who, each in turns.items())
    return [Row(WHAT, f"{ours:.0f}/s", f"{theirs:.0f}/s", ours / theirs, "≥ 1.0", ours >= theirs, note)]


def _turn(peer: Site | Orthanc, files: list[Path]) -> Turn:
    with peer:
        before = cpu_seconds(peer.pid)
        took = send(files, peer.dicom_port, peer.ae_title, "ANLONG", ASSOCIATIONS)
        spent = cpu_seconds(peer.pid) - before
        if peer.held() != len(files):
            raise RuntimeError(f"{peer.ae_title} holds {peer.held()} of {len(files)}")
    return Turn(len(files) / took, spent / len(files) * 1000)


def _told(who: str, turns: list[Turn]) -> str:
    rates = " ".join(f"{turn.rate:.0f}" for turn in turns)
    return f"{who} {rates} a second, {median(turn.cpu_ms for turn in turns):.1f} ms of processor an image"
