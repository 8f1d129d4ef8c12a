"""Tasks: what is asked, on which database, and what is correct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from .execution import ActionError, Rows
from .progress import ProgressMeter
from .schema import READ_ALL, Permissions, Schema


class TaskKind(IntEnum):
    """Numbers as in the contract."""

    EXPLORE = 1
    REPAIR = 2


class Difficulty(IntEnum):
    """By the structure of the gold query; numbers as in the contract."""

    EASY = 1  # one table
    MEDIUM = 2  # a join or a nested query
    HARD = 3  # a chain of joins, a set operation, several nested queries


class Split(IntEnum):
    """Which part of the bank a task belongs to; numbers as in the contract."""

    TRAIN = 1
    DEV = 2
    TEST = 3
    TEST_DRIFT = 4  # training databases after their schema drifted


class AnswerKind(IntEnum):
    """The shape of an explore task's answer; numbers as in the contract."""

    INTEGER = 1
    FLOAT = 2
    STRING = 3
    LIST = 4
    TABLE = 5
    NULL = 6


@dataclass(frozen=True, slots=True)
class Task:
    """A task of the bank.

    `answer_kind` is set for explore tasks. `broken_sql` is set for repair tasks. `check_sql` is set for
    repair tasks whose statement writes: the query whose rows show what was written; for all others the
    statement's own rows are compared.
    """

    task_id: str
    kind: TaskKind
    database_id: str
    split: Split
    difficulty: Difficulty
    family: str
    prompt: str
    gold_sql: str
    gold_tables: tuple[str, ...]
    ordered: bool = False  # the order of the rows counts
    answer_kind: AnswerKind | None = None
    broken_sql: str = ""
    check_sql: str = ""
    permissions: Permissions = READ_ALL


@dataclass(frozen=True, eq=False)
class PreparedTask:
    """A task with all that is executed once for it, so that an episode can be played.

    `gold` holds the gold rows by instance, the visible one first (an explore task has that one only). They
    may be run only when they are asked for, and what asks for them raises what that raises. `broken` is what
    the broken query gives on the visible instance; None for an explore task. It is equal to itself alone, so
    that what is worked out for it once can be kept by it.
    """

    task: Task
    schema: Schema
    gold: Sequence[Rows]
    broken: Rows | ActionError | None = None

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables and views that the agent may read, in the schema's order."""
        denied = self.task.permissions.denied
        return tuple(table.name for table in self.schema.tables if table.name not in denied)

    @property
    def meter(self) -> ProgressMeter:
        """Measures progress towards the visible instance's gold rows."""
        _ = self.gold[0]  # run, if it must be, outside of the lock that cached properties of all tasks share
        return self._meter

    @cached_property
    def _meter(self) -> ProgressMeter:
        return ProgressMeter(self.gold[0])

    @property
    def broken_progress(self) -> float:
        """The progress of what the broken query gives; 0 where that is an error."""
        _ = self.meter
        return self._broken_progress

    @cached_property
    def _broken_progress(self) -> float:
        return self._meter.measure(self.broken) if isinstance(self.broken, Rows) else 0.0

    @cached_property
    def graded(self) -> dict[str, bool]:
        """Answers and whether they are right, kept here by who grades them."""
        return {}
