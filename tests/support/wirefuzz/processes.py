"""The processes of a server, and what they hold."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple


class Held(NamedTuple):
    """Memory that a process does not share with files, in bytes, and its open descriptors."""

    memory: int
    descriptors: int


def family(pid: int) -> dict[int, Held]:
    """Gives a process and all that come from it, with what each holds."""
    parents = dict(_parents())
    members = {pid}
    while more := {each for each, parent in parents.items() if parent in members} - members:
        members |= more
    return {each: _held(each) for each in sorted(members)}


def sockets(pid: int) -> int:
    """Gives the number of sockets that a process has open."""
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed in this moment
            count += os.readlink(entry).startswith("socket:")
    return count


def _parents() -> list[tuple[int, int]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue  # it has just ended
            found.append((int(entry.name), int(stat.rpartition(")")[2].split()[1])))
    return found


def _held(pid: int) -> Held:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Held(int(status["RssAnon"].split()[0]) * 1024, len(os.listdir(f"/proc/{pid}/fd")))
