"""Servers whose players can be reached by their process ids."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def players_of() -> Callable[[int], list[int]]:
    """Gives the process ids of a server's players: the children of its nursery, its only child."""
    return _players_of


def _players_of(server: int) -> list[int]:
    (nursery,) = _children(server)
    return sorted(_children(nursery))


def _children(pid: int) -> list[int]:
    """Gives the processes that a process has started, by whichever of its threads."""
    tasks = Path(f"/proc/{pid}/task")
    return [
        int(child) for task in os.listdir(tasks) for child in (tasks / task / "children").read_text().split()
    ]
