"""The data sets that TRL's trainers take: tasks to play for GRPO, demonstrations to copy for SFT."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable

from datasets import Dataset
from transformers.utils import get_json_schema

from ..client import Task, TaskKind
from ..client.types import MAX_SEED
from .conversation import prompt_messages
from .demonstrations import Demonstration
from .environment import ENVIRONMENTS


def _kind_of_all(kinds: Iterable[TaskKind]) -> TaskKind:
    """Gives the kind that all have. Raises ValueError where there are none, or two."""
    found = set(kinds)
    if len(found) != 1:
        names = " and ".join(sorted(kind.name for kind in found)) or "no tasks"
        raise ValueError(f"a data set holds one kind of task, since their tools differ; here are {names}")
    return found.pop()


def training_dataset(tasks: Iterable[Task], *, seed: int = 0, profile: str = "", budget: int = 0) -> Dataset:
    """Gives one row per task, in their order: `prompt` (messages) and `task`, `seed`, `profile`, `budget`.

    The last four are what the environment's `reset` takes; empty and 0 mean the server's defaults. The
    user message ends with the question or ticket: `reset` appends the tables and the rest of the opening,
    so they always are those of the server that is played on. Raises ValueError for no tasks, for both kinds,
    and for a seed that is not in 0 to 2**64 - 1.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed {seed} must be 0 to 2**64 - 1")
    tasks = list(tasks)
    _kind_of_all(task.kind for task in tasks)
    return Dataset.from_list(
        [
            {
                "prompt": prompt_messages(task),
                "task": task.task_id,
                "seed": seed,
                "profile": profile,
                "budget": budget,
            }
            for task in tasks
        ]
    )


def tool_schemas(kind: TaskKind) -> list[dict[str, object]]:
    """Gives the tools of a kind of task as the chat template takes them, in TRL's order."""
    functions = inspect.getmembers(ENVIRONMENTS[kind], inspect.isfunction)
    return [
        get_json_schema(function)
        for name, function in functions
        if not name.startswith("_") and name != "reset"
    ]


def demonstration_dataset(demonstrations: Iterable[Demonstration]) -> Dataset:
    """Gives one row per demonstration for SFTTrainer with `assistant_only_loss`: `messages` and `tools`.

    `tools` is JSON text, and so are the arguments of calls: as tables they would be filled with nulls.
    Raises ValueError for no demonstrations or both kinds.
    """
    demonstrations = list(demonstrations)
    tools = json.dumps(tool_schemas(_kind_of_all(demonstration.kind for demonstration in demonstrations)))
    return Dataset.from_list(
        [{"messages": list(demonstration.messages), "tools": tools} for demonstration in demonstrations]
    )
