"""How fast slices are made ready for viewers: HTJ2K, checked, on disk; processor time as well as the clock."""

import time
from pathlib import Path
from statistics import median

from consult.formats.prepared import make_frames
from tests.bench.table import Row

ASKED = 60.0
SLICES = 100


def run(folder: Path, files: list[Path], rounds: int) -> list[Row]:
    """Slices of 512 × 512 × 16 bits a second of one core (by processor time), the median of ``rounds``."""
    chosen = files[:SLICES]
    make_frames(chosen[0], folder / "prepare-warm" / "0")
    spent: list[float] = []
    took: list[float] = []
    for number in range(rounds):
        cache = folder / f"prepare-{number}"
        cpu, began = time.process_time(), time.perf_counter()
        made = sum(make_frames(path, cache / str(at)) for at, path in enumerate(chosen))
        spent.append((time.process_time() - cpu) / made)
        took.append((time.perf_counter() - began) / made)
    rate = 1 / median(spent)
    size = sum(path.stat().st_size for path in (folder / "prepare-0").rglob("*") if path.is_file())
    plain = sum(path.stat().st_size for path in chosen)
    note = f"{1 / median(took):.0f} a second by the clock, disk synced each frame; {plain / size:.2f}:1"
    return [Row("slices made ready a core", f"{rate:.0f}/s", "–", None, f"≥ {ASKED:g}/s", rate >= ASKED, note)]
