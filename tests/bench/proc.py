"""What a running process costs, read from /proc: its family, its memory and its processor time."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())  # each has the children that it began
        children = [child for each in threads for child in (each / "children").read_text().split()]
    except FileNotFoundError:  # it has just ended
        return []
    return [pid, *(member for child in children for member in family(int(child)))]


def cpu_seconds(pid: int) -> float:
    """Processor seconds of a process and its family, those that have ended included."""
    total = 0
    for member in family(pid):
        try:
            told = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:  # its time is in its parent's
            continue
        total += sum(map(int, told[11:13])) + (sum(map(int, told[13:15])) if member == pid else 0)
    return total / TICKS


def await_quiet(pid: int) -> None:
    """Return when the family does next to nothing: what a start still has to do is not part of a measurement."""
    for _ in range(60):
        before = cpu_seconds(pid)
        time.sleep(0.5)
        if cpu_seconds(pid) - before < 0.05:
            return


def resident_mb(pid: int) -> float:
    """The resident memory of a process, MB; 0 when it has ended."""
    return _memory_mb(pid, "VmRSS:")


def peak_mb(pid: int) -> float:
    """The most memory that a process was ever resident with, MB; 0 when it has ended."""
    return _memory_mb(pid, "VmHWM:")


def _memory_mb(pid: int, name: str) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith(name)), "0 0 kB")
    return int(line.split()[1]) / 1024
