"""All benchmarks against real processes and the real peer, ending in one table of ratios: ``python -m tests.bench``."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tests.bench.slices import thin_series
from tests.bench.table import Row, printed

BENCHES = ("store", "stow", "metadata", "prepare", "frames", "viewer", "qido", "worklist", "desk", "turnaround",
           "report",
           "stow_memory", "live")  # fmt: skip
Run = Callable[[Path, list[Path], int], list[Row]]


def main() -> int:
    """0 when every figure that is asked for holds, 1 when one was missed."""
    asked = _arguments()
    kept = Path(tempfile.gettempdir()) / "consult-bench"
    files, source = thin_series(kept, asked.slices)
    print(f"{len(files)} slices from {source}, {sum(path.stat().st_size for path in files) / 2**20:.0f} MB")
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=kept))
    rows: list[Row] = []
    try:
        for name in asked.only or BENCHES:
            began = time.monotonic()
            try:
                run: Run = import_module(f"tests.bench.bench_{name}").run
                rows += run(folder, files, asked.rounds)
            except Exception as failed:  # noqa: BLE001  one that fails does not take the others' figures along
                rows.append(Row(name, "–", held=False, note=f"failed: {failed!r}"))
            print(f"  {name}: {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n" + printed(rows))
    return 1 if any(row.held is False for row in rows) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="BENCH", help=f"only these of: {', '.join(BENCHES)}")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of what is compared (default 3)")
    parser.add_argument("--slices", type=int, default=500, help="slices of the series that is sent (default 500)")
    asked = parser.parse_args()
    unknown = set(asked.only) - set(BENCHES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
