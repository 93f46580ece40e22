"""What a running process has taken, by what the kernel says of it."""

from pathlib import Path


def highest_memory_kb(process_id: int) -> int:
    """The most memory that a process has had in use."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
