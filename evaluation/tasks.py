"""Which tasks an evaluation plays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ..client.types import Difficulty, Split, Task, TaskKind


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which of a server's tasks to take. What is not set lets all pass; what is set must all hold."""

    kind: TaskKind | None = None
    split: Split | None = None
    difficulty: Difficulty | None = None
    database: str = ""
    family: str = ""


ALL_TASKS = TaskFilter()


class NoTasks(ValueError):
    """There is nothing to draw from."""


def draw(tasks: Sequence[Task], count: int, seed: int) -> list[Task]:
    """Draws `count` tasks by the seed, each once before any again.

    The draw depends on the tasks' ids, not on their order.

    Raises NoTasks, and ValueError when `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"n_episodes must be 1 or more, not {count}")
    if not tasks:
        raise NoTasks("no task to play: the filter lets none pass")
    deck = sorted(tasks, key=lambda task: task.task_id)
    rng = Random(seed)
    drawn: list[Task] = []
    while len(drawn) < count:
        rng.shuffle(deck)
        drawn += deck
    return drawn[:count]
