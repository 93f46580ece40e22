"""What one report costs: CPU seconds to lay it out, to sign it by two people, and to judge it afterwards."""

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

from consult.formats import pdf, seal, verdict
from consult.formats.document import PrintedImage, Stamp
from consult.formats.signing_keys import seal_key, unlock
from tests.bench.table import Row, printed
from tests.makers.documents import NOW, PIN, document, house, png

Made = TypeVar("Made")


def run(folder: Path, _files: list[Path], rounds: int) -> list[Row]:
    """Medians over ``rounds``, of a one-page report with two key images, after a first time that warms up."""
    here = house(folder / "report")
    printed_report = document(images=(PrintedImage(png(512), "左侧基底节区"), PrintedImage(png(512), "骨窗")))
    stamp = Stamp("王志远", NOW, "110520000001234")
    rendered, layout_s = _cpu_s(lambda: pdf.render(printed_report), rounds)
    look, stamp_s = _cpu_s(lambda: pdf.render_stamp(stamp), rounds)
    sealed = seal_key(here.authority.issue("王志远", "p1", "贵阳专家中心", NOW), PIN)
    _, unlock_s = _cpu_s(lambda: unlock(sealed, PIN, here.trust), rounds)
    certified, certify_s = _cpu_s(lambda: seal.certify(rendered, here.reporter, here.trust, at=NOW, stamp=look), rounds)
    issued, approve_s = _cpu_s(lambda: seal.approve(certified, here.reviewer, here.trust, at=NOW, stamp=look), rounds)
    archived = hashlib.sha256(issued).hexdigest()
    judged, verify_s = _cpu_s(lambda: verdict.verify(issued, here.trust, archived, now=NOW), rounds)
    if not judged.valid:
        raise RuntimeError(f"the benchmark's own report is not valid: {judged.reasons}")
    both_s = layout_s + 2 * (stamp_s + unlock_s) + certify_s + approve_s
    return [
        Row("report: page, PDF/A-3a", f"{layout_s:.2f} CPU s", note=f"{len(rendered.pdf) // 1024} KB unsigned"),
        Row("report: opening a signer's key", f"{unlock_s:.2f} CPU s", note="Argon2id, slow on purpose"),
        Row("report: author's signature, B-T", f"{stamp_s + certify_s:.2f} CPU s"),
        Row("report: reviewer's signature, B-LTA", f"{stamp_s + approve_s:.2f} CPU s"),
        Row("report: render + both signatures", f"{both_s:.2f} CPU s", note=f"{len(issued) // 1024} KB signed"),
        Row("report: verify", f"{verify_s:.2f} CPU s"),
    ]


def _cpu_s(work: Callable[[], Made], rounds: int) -> tuple[Made, float]:
    made = work()
    spent: list[float] = []
    for _ in range(rounds):
        before = time.process_time()
        made = work()
        spent.append(time.process_time() - before)
    return made, median(spent)


def main() -> int:
    """The figures alone, without the other benchmarks."""
    with tempfile.TemporaryDirectory() as folder:
        print(printed(run(Path(folder), [], 3)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
