"""The images that the benchmarks send: one thin series, made once and kept between runs."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from consult.formats.phantom import make_head_series

CHECKOUT = Path(__file__).resolve().parents[2]
WHEN = datetime(2026, 11, 24, tzinfo=UTC)
REAL = "series/ct_head_phantom_thin_thick/thin_1mm"


def data_folder() -> Path:
    """Where real DICOM for tests is, if anywhere (CONSULT_TEST_DATA)."""
    return Path(os.environ.get("CONSULT_TEST_DATA", CHECKOUT.parent / "shared" / "data" / "dicom"))


def thin_series(folder: Path, count: int) -> tuple[list[Path], str]:
    """The files of one CT series of ``count`` slices of 512 × 512, in order, and where they come from.

    Made from a real series where the test data and its tool are there, else drawn.
    """
    source, tool = data_folder() / REAL, data_folder().parents[1] / "tools" / "make_series.py"
    real = source.is_dir() and tool.is_file()
    target = folder / f"{'real' if real else 'drawn'}-{count}"
    if not (target / "whole").exists():
        target.mkdir(parents=True, exist_ok=True)
        if real:
            _from_real(tool, source, target, count)
        else:
            make_head_series(target, 5, WHEN, count)
        (target / "whole").touch()
    return sorted(target.rglob("*.dcm")), "a real CT, resampled" if real else "a drawn CT"


def _from_real(tool: Path, source: Path, target: Path, count: int) -> None:
    options = ["-n", str(count), "--seed", "5", "--matrix", "512", "--charset", "gb18030"]
    made = subprocess.run(
        [sys.executable, str(tool), str(source), str(target), *options], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise RuntimeError(made.stderr[-500:])
