"""Two policies that need no model: the floor and the ceiling of every task."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from .action import Action, Answer, Describe, Query, Sample, Submit
from .grading import render_answer
from .observation import Observation
from .task import PreparedTask, TaskKind

DRAWN_ROWS = 5


def oracle_actions(prepared: PreparedTask) -> Iterator[Action]:
    """Gives the actions that solve a task: describe the tables, run the gold query, answer with its rows."""
    task = prepared.task
    if task.kind is TaskKind.REPAIR:
        yield Submit(task.gold_sql)
        return
    for table in task.gold_tables:
        yield Describe(table)
    yield Query(task.gold_sql)
    assert task.answer_kind is not None, "the bank gives every explore task an answer kind"
    yield Answer(render_answer(task.answer_kind, prepared.gold[0]))


def random_action(rng: Random, prepared: PreparedTask, observation: Observation) -> Action:
    """Draws an action: a lookup or a query on a drawn table, and at the last step an answer.

    The answer is a row in sight, or the table's name where none is; a repair task gets its broken
    query back.
    """
    table = rng.choice(prepared.tables)
    if observation.steps_left == 1:
        if prepared.task.kind is TaskKind.REPAIR:
            return Submit(prepared.task.broken_sql)
        rows = observation.result.rows if observation.result else ()
        return Answer(" | ".join(map(str, rng.choice(rows))) if rows else table)
    quoted = table.replace('"', '""')
    drawn: list[Action] = [
        Describe(table),
        Sample(table),
        Query(f'SELECT * FROM "{quoted}" LIMIT {DRAWN_ROWS}'),
    ]
    return rng.choice(drawn)
