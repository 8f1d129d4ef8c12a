"""Running a task's own statements, in the sandbox, so that episodes can be played on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import overload

from ..core.execution import ActionError, Rows
from ..core.task import PreparedTask, Task, TaskKind
from ..sandbox.database import Database
from ..sandbox.images import DatabaseImages
from .instances import LIMITS


class GoldFailed(Exception):
    """A task whose gold statement fails or gives too many rows, so nothing can be compared with it."""


def prepare(task: Task, images: Callable[[], DatabaseImages]) -> PreparedTask:
    """Runs the broken statement; gold is run when its rows are first asked for, on `images` as given then."""
    repair, here = task.kind is TaskKind.REPAIR, images()
    return PreparedTask(
        task=task,
        schema=here.schema,
        gold=_Gold(task, len(here.images) if repair else 1, images),
        broken=judged_rows(task, task.broken_sql, here, 0) if repair else None,
    )


class _Gold(Sequence[Rows]):
    """Gold rows by instance, run when first asked for; that raises GoldFailed where gold can't be run.

    For several threads at once. It holds no images, which are much larger.
    """

    def __init__(self, task: Task, instances: int, images: Callable[[], DatabaseImages]) -> None:
        self._task = task
        self._images = images
        self._instances = range(instances)
        self._rows: dict[int, Rows] = {}
        self._running = Lock()

    def __len__(self) -> int:
        return len(self._instances)

    @overload
    def __getitem__(self, place: int) -> Rows: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Rows, ...]: ...

    def __getitem__(self, place: int | slice) -> Rows | tuple[Rows, ...]:
        if isinstance(place, slice):
            return tuple(self[instance] for instance in self._instances[place])
        instance = self._instances[place]
        if instance not in self._rows:
            with self._running:
                if instance not in self._rows:
                    self._rows[instance] = gold_rows(self._task, self._images(), instance)
        return self._rows[instance]


def gold_rows(task: Task, images: DatabaseImages, instance: int) -> Rows:
    """Gives the task's gold rows on an instance, or raises GoldFailed."""
    return checked_gold(judged_rows(task, task.gold_sql, images, instance), instance)


def checked_gold(gold: Rows | ActionError, instance: int) -> Rows:
    """Gives the gold rows of an instance, or raises GoldFailed when there are none to compare with."""
    if isinstance(gold, ActionError):
        raise GoldFailed(f"gold fails on instance {instance}: {gold.message}")
    if not gold.complete:
        raise GoldFailed(f"gold gives more than {LIMITS.max_rows:,} rows on instance {instance}")
    return gold


def judged_rows(task: Task, sql: str, images: DatabaseImages, instance: int) -> Rows | ActionError:
    """Runs `sql`, with the task's permissions, on a copy of an instance and gives what it is judged by.

    That is the statement's own rows, or those of the task's `check_sql` after it; or its error.
    """
    database = Database(images.images[instance], images.schema, task.permissions, LIMITS)
    try:
        result = database.execute(sql)
        if task.check_sql and isinstance(result, Rows):
            return database.execute(task.check_sql)
        return result
    finally:
        database.close()
