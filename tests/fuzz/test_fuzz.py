"""No bytes from outside crash what reads them: seeds mutated for a moment in each run, for minutes with --long."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import ALL, TARGETS, Target

ROOT = Path(__file__).parents[2]
FINDINGS = Path(__file__).with_name("findings")
LONG_S = 60  # of each of the five targets
SHORT = ("-runs=3000", "-seed=20261124")
LARGEST = 16 << 10  # bytes

pytestmark = pytest.mark.slow


def fuzz(name: str, target: Target, folder: Path, *enough: str) -> None:
    """Run a target until it is enough; fails with the bytes of a finding."""
    corpus, found = folder / "corpus", folder / "found"
    corpus.mkdir()
    found.mkdir()
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        *enough,
        f"-max_len={LARGEST}",
        "-rss_limit_mb=0",  # it would count the memory of whoever began it; ``run`` bounds its own
        "-timeout=20",
        f"-artifact_prefix={found}/",
    ]
    command = [sys.executable, "-m", "tests.fuzz.run", name, str(corpus), *options]
    with (folder / "log").open("wb") as log:
        code = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, timeout=LONG_S * 5, check=False).returncode
    said = (folder / "log").read_text(errors="replace")
    assert code == 0, f"{[path.read_bytes()[:200] for path in found.iterdir()]}\n{said[-3000:]}"
    assert "DONE" in said or "Done" in said


def test_what_mutation_makes_in_a_moment_is_refused(tmp_path: Path) -> None:
    fuzz("all", ALL, tmp_path, *SHORT)


@pytest.mark.parametrize("name", TARGETS)
def test_what_mutation_makes_in_minutes_is_refused(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("five minutes of fuzzing only with --long")
    fuzz(name, TARGETS[name], tmp_path, f"-max_total_time={LONG_S}")


@pytest.mark.parametrize("name", TARGETS)
def test_what_mutation_once_found_stays_mended(name: str) -> None:
    for path in sorted((FINDINGS / name).glob("*")):
        TARGETS[name].run(path.read_bytes())
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)
