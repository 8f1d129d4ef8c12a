"""The processes that play a server's episodes."""

from __future__ import annotations

import os
from pathlib import Path


def players_of(server: int) -> list[int]:
    """Gives the process ids of a server's players: the children of its nursery, its only child."""
    return sorted(child for nursery in _children(server) for child in _children(nursery))


def _children(pid: int) -> list[int]:
    """Gives the processes that a process has started, by whichever of its threads."""
    tasks = Path(f"/proc/{pid}/task")
    try:
        return [
            int(child)
            for task in os.listdir(tasks)
            for child in (tasks / task / "children").read_text().split()
        ]
    except FileNotFoundError:
        return []
