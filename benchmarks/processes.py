"""What processes take, as the kernel counts it: for Linux."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def family(pid: int) -> list[int]:
    """Gives a process and all that come from it."""
    found = [pid]
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has just ended
            found += [each for child in file.read_text().split() for each in family(int(child))]
    return found


def cpu_seconds(pid: int) -> float:
    """Gives the processor's time of a family, with that of members which ended and were waited for."""
    ticks = 0
    for each in family(pid):
        with suppress(OSError):
            stat = Path(f"/proc/{each}/stat").read_text()
            ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def threads_seconds(pid: int) -> dict[int, float]:
    """Gives the seconds of the processor's time that each thread of a process has taken, by its id."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return {int(file.parent.name): int(file.read_text().split()[0]) / 1e9 for file in files}


def resident_bytes(pid: int) -> int:
    """Gives the memory that a process does not share with files."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))
