"""Durable C-STORE over four associations: ours, Orthanc and a receiver that only writes files, turn about."""

import shutil
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.orthanc import PROGRAM, Orthanc
from tests.bench.proc import await_quiet, cpu_seconds, family, peak_mb
from tests.bench.raw_receiver import RawReceiver
from tests.bench.sender import STORESCU, send
from tests.bench.table import Row
from tests.peers.site import Site

ASSOCIATIONS = 4
WHAT = f"C-STORE, {ASSOCIATIONS} associations"
ASKED = {"Orthanc": 1.5, "pynetdicom, not durable": 0.7}
Receiver = Site | Orthanc | RawReceiver


class Turn(NamedTuple):
    """Images a second from first byte to last acknowledgement, processor time for each, memory of each process."""

    rate: float
    cpu_ms: float
    peaks_mb: tuple[float, ...]


def run(folder: Path, files: list[Path], rounds: int) -> list[Row]:
    """Images a second, the median of ``rounds``; each round starts all empty, the first to go changes each time."""
    if not (PROGRAM.exists() and STORESCU.exists()):
        return [Row(WHAT, "–", asked=f"≥ {ASKED['Orthanc']:g}", note="needs Debian's orthanc and dcmtk")]
    turns: dict[str, list[Turn]] = {"ours": [], **{who: [] for who in ASKED}}
    order = list(turns)
    for number in range(rounds):
        for who in order[number % len(order) :] + order[: number % len(order)]:
            place = folder / f"store-{order.index(who)}-{number}"
            turns[who].append(_turn(_receiver(who, place, folder / "template"), files))
            shutil.rmtree(place)
    ours = median(turn.rate for turn in turns["ours"])
    told = "".join("\n  " + turn_told(who, each) for who, each in turns.items())
    return [
        _row(who, ours, median(turn.rate for turn in turns[who]), told if who == order[-1] else "") for who in ASKED
    ]


def _row(who: str, ours: float, theirs: float, note: str) -> Row:
    ratio, asked = ours / theirs, ASKED[who]
    return Row(f"{WHAT}, {who}", f"{ours:.0f}/s", f"{theirs:.0f}/s", ratio, f"≥ {asked:g}", ratio >= asked, note)


def _receiver(who: str, place: Path, template: Path) -> Receiver:
    if who == "ours":
        return Site(place, template)
    return Orthanc(place) if who == "Orthanc" else RawReceiver(place)


def _turn(peer: Receiver, files: list[Path]) -> Turn:
    with peer:
        await_quiet(peer.pid)
        before = cpu_seconds(peer.pid)
        took = send(files, peer.dicom_port, peer.ae_title, "ANLONG", ASSOCIATIONS)
        spent = cpu_seconds(peer.pid) - before
        peaks = tuple(sorted(map(peak_mb, family(peer.pid)), reverse=True))
        if peer.held() != len(files):
            raise RuntimeError(f"{peer.ae_title} holds {peer.held()} of {len(files)}")
    return Turn(len(files) / took, spent / len(files) * 1000, peaks)


def turn_told(who: str, turns: list[Turn]) -> str:
    """A receiver's turns in a line: rates, processor time, memory of each process at its most."""
    rates = " ".join(f"{turn.rate:.0f}" for turn in turns)
    memory = " + ".join(f"{peak:.0f}" for peak in turns[-1].peaks_mb)
    spent = median(turn.cpu_ms for turn in turns)
    return f"{who} {rates} a second, {spent:.1f} ms of processor an image, at most {memory} MB"
