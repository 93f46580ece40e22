"""How fast slices are made ready for viewers: HTJ2K, checked, on disk; processor time as well as the clock."""

import hashlib
import time
from pathlib import Path
from statistics import median

from consult.formats.prepared import make_frames
from tests.bench.table import Row

ASKED = 60.0
SLICES = 100


def run(folder: Path, files: list[Path], rounds: int) -> list[Row]:
    """Slices of 512 × 512 × 16 bits a second of one core (by processor time), the median of ``rounds``."""
    chosen = [(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files[:SLICES]]
    make_frames(chosen[0][0], chosen[0][1], folder / "prepare-warm")
    spent: list[float] = []
    took: list[float] = []
    for number in range(rounds):
        cache = folder / f"prepare-{number}"
        cpu, began = time.process_time(), time.perf_counter()
        made = sum(make_frames(path, sha256, cache) for path, sha256 in chosen)
        spent.append((time.process_time() - cpu) / made)
        took.append((time.perf_counter() - began) / made)
    rate = 1 / median(spent)
    size = sum(path.stat().st_size for path in (folder / "prepare-0").rglob("*") if path.is_file())
    plain = sum(path.stat().st_size for path, _ in chosen)
    note = f"{1 / median(took):.0f} a second by the clock, disk synced each frame; {plain / size:.2f}:1"
    return [Row("slices made ready a core", f"{rate:.0f}/s", "–", None, f"≥ {ASKED:g}/s", rate >= ASKED, note)]
