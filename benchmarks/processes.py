"""What processes take, as the kernel counts it: for Linux."""

from __future__ import annotations

from pathlib import Path


def family(pid: int) -> list[int]:
    """Gives a process and all that come from it."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    children = (child for file in files for child in file.read_text().split())
    return [pid, *(each for child in children for each in family(int(child)))]


def threads_seconds(pid: int) -> dict[int, float]:
    """Gives the seconds of the processor's time that each thread of a process has taken, by its id."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return {int(file.parent.name): int(file.read_text().split()[0]) / 1e9 for file in files}


def resident_bytes(pid: int) -> int:
    """Gives the memory that a process does not share with files."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))
