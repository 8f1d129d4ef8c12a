"""Solved episodes as conversations to copy: the gold of a task, played on a real server."""

from __future__ import annotations

from dataclasses import dataclass

from ..client import Action, Answer, Describe, Outcome, Query, Submit, SyncDojo, Task, TaskKind
from .conversation import CLOSING, Message, episode_messages


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A solved episode: its task, its total reward and the whole conversation, closing message included."""

    task_id: str
    kind: TaskKind
    total_reward: float
    messages: tuple[Message, ...]


def record_demonstration(dojo: SyncDojo, task: Task) -> Demonstration:
    """Plays a task by its gold: describes its tables, runs the gold query, hands in the answer or the query.

    `task` must carry its gold (`dojo.tasks(gold=True)` with an oracle token). Raises ValueError when it
    does not, or when the gold does not solve the task.
    """
    with dojo.session(task=task.task_id) as session:
        for action in _gold_actions(task):
            session.step(action)
        last = session.observation
        if last.outcome is not Outcome.SOLVED:
            raise ValueError(f"the gold of task {task.task_id!r} does not solve it: {last.text()}")
        closing: Message = {"role": "assistant", "content": CLOSING}
        return Demonstration(
            task.task_id, task.kind, session.total_reward, (*episode_messages(last), closing)
        )


def _gold_actions(task: Task) -> list[Action]:
    """Gives the shortest way that looks before it asks."""
    if task.gold is None:
        raise ValueError(
            f"task {task.task_id!r} carries no gold: list tasks with gold=True and an oracle token"
        )
    last = Answer(task.gold.answer) if task.kind is TaskKind.EXPLORE else Submit(task.gold.sql)
    return [*(Describe(table) for table in task.gold.tables), Query(task.gold.sql), last]
