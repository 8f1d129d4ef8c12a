"""Verifying tasks by execution: what is wrong with them, before anybody plays them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import sqlglot
from sqlglot import exp

from ..core.execution import ActionError, Rows
from ..core.grading import grade_answer, render_answer, same_rows
from ..core.observation import SHOWN_CHARACTERS, SHOWN_ROWS
from ..core.schema import Schema
from ..core.task import AnswerKind, Split, Task, TaskKind
from .bank_file import BankDatabase
from .difficulty import structural_difficulty
from .instances import Instances
from .once import Once
from .parsing import parsed
from .prepare import GoldFailed, checked_gold, judged_rows
from .stability import Shaker

_KEPT = 8  # of the last tasks' gold rows
LONGEST = {"task_id": 256, "family": 128}  # in characters; the contract takes no longer ones

Progress = Callable[[int, int], None]  # is told the number of tasks done and in all


class FaultKind(Enum):
    """What is wrong with a task."""

    DUPLICATE_ID = "duplicate id"
    MISPLACED = "database or split"  # its database is missing, or its split is another one's
    MALFORMED = "form"  # fields that do not fit its kind
    UNKNOWN_TABLE = "table"  # its gold tables or permissions name what does not exist
    DIFFICULTY = "difficulty"
    GOLD_FAILS = "gold fails"
    GOLD_UNSTABLE = "gold unstable"  # its rows hang on chance, or on what the statement leaves open
    ANSWER_KIND = "answer kind"  # the rows do not have the shape that it names
    ANSWER_TOO_LONG = "answer too long"  # more than an agent can see
    GRADING = "grading"  # a right answer is graded wrong, or a wrong one right
    NOT_BROKEN = "not broken"  # the broken statement gives the gold rows on every instance
    HIDDEN_FAULT = "hidden fault"  # the broken statement gives the gold rows on the visible instance
    CONSTANT = "constant"  # gold gives the same rows on every instance, so a constant would pass


# Worth knowing, but such a task can be played: that the visible rows are right is what makes it hard.
WARNINGS = frozenset({FaultKind.HIDDEN_FAULT})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a task, in one sentence."""

    task_id: str
    kind: FaultKind
    reason: str

    @property
    def is_warning(self) -> bool:
        """The task can be played all the same."""
        return self.kind in WARNINGS

    def __str__(self) -> str:
        return f"{self.task_id}: {self.kind.value}: {self.reason}"


def verify(
    databases: Sequence[BankDatabase], tasks: Sequence[Task], progress: Progress | None = None
) -> tuple[Fault, ...]:
    """Runs every task on every instance of its database and gives all faults, in the order of the tasks."""
    known = {database.database_id: database for database in databases}
    counts = Counter(task.task_id for task in tasks)
    verifiers: dict[str, Verifier] = {}
    faults: list[Fault] = []
    for done, task in enumerate(tasks, 1):
        if counts[task.task_id] > 1:
            faults.append(Fault(task.task_id, FaultKind.DUPLICATE_ID, "another task has the same id"))
        database = known.get(task.database_id)
        if database is None:
            reason = f"no database {task.database_id!r} in the bank"
            faults.append(Fault(task.task_id, FaultKind.MISPLACED, reason))
        else:
            if task.database_id not in verifiers:
                instances = Instances(database.database_id, database.images)
                verifiers[task.database_id] = Verifier(instances, database.split)
            faults += verifiers[task.database_id].verify(task)
        if progress is not None:
            progress(done, len(tasks))
    return tuple(faults)


_Finding = tuple[FaultKind, str]


class Verifier:
    """Verifies the tasks of one database, in the sandbox and under each task's own permissions.

    Each instance is opened once for all tasks that write nothing. For one thread.
    """

    def __init__(self, instances: Instances, split: Split) -> None:
        self._instances = instances
        self._split = split
        self._shaker = Shaker(instances.images)
        self._last_golds: Once[Sequence[Rows]] = Once(_KEPT)

    def verify(self, task: Task, golds: Sequence[Rows] = ()) -> list[Fault]:
        """Gives what is wrong with a task; nothing is run when its form is.

        `golds` are gold's rows by instance, complete, where it was run before.
        """
        try:
            statement = parsed(task.gold_sql)
        except sqlglot.errors.SqlglotError as error:
            reason = f"gold does not parse: {str(error).splitlines()[0]}"
            return [Fault(task.task_id, FaultKind.MALFORMED, reason)]
        findings = list(self._form(task, statement)) or list(self._execution(task, statement, golds))
        return [Fault(task.task_id, kind, reason) for kind, reason in findings]

    def close(self) -> None:
        """Frees the memory; the instances stay open."""
        self._shaker.close()

    def _form(self, task: Task, statement: exp.Expr) -> Iterator[_Finding]:
        if task.split is not self._split:
            yield FaultKind.MISPLACED, f"its split is {task.split.name}, its database's {self._split.name}"
        yield from _fields(task)
        yield from _names(task, self._instances.schema)
        least = structural_difficulty(statement)
        # A fault that is hard to see makes a repair task harder than its gold is.
        if task.difficulty is not least and (task.kind is TaskKind.EXPLORE or task.difficulty < least):
            yield (
                FaultKind.DIFFICULTY,
                f"it is {task.difficulty.name}, gold's structure says {least.name}",
            )

    def _execution(self, task: Task, statement: exp.Expr, golds: Sequence[Rows]) -> Iterator[_Finding]:
        instances = range(len(self._instances))
        try:
            golds = golds or self._golds(task)
            if "random" in task.gold_sql.casefold():  # nothing else that SQLite has hangs on chance
                for instance in instances:
                    if not same_rows(self._gold(task, instance), golds[instance], ordered=task.ordered):
                        yield (
                            FaultKind.GOLD_UNSTABLE,
                            f"run twice on instance {instance}, gold gives other rows",
                        )
        except GoldFailed as failed:
            yield FaultKind.GOLD_FAILS, str(failed)
            return
        unstable = self._shaker.unstable_instances(task, statement, golds)
        if unstable:
            reason = f"gold leaves open which rows it gives, or in what order; instances {unstable}"
            yield FaultKind.GOLD_UNSTABLE, reason
        yield from _answer(task, golds[0]) if task.kind is TaskKind.EXPLORE else self._repair(task, golds)

    def _repair(self, task: Task, golds: Sequence[Rows]) -> Iterator[_Finding]:
        """Checks that the broken statement is graded wrong, and that no constant would be graded right."""
        if len(golds) > 1 and all(same_rows(gold, golds[0], ordered=task.ordered) for gold in golds):
            yield FaultKind.CONSTANT, "gold gives the same rows on every instance"
        wrong_on = []
        for instance, gold in enumerate(golds):
            if not _is_gold(task, self._judged(task, task.broken_sql, instance), gold):
                wrong_on.append(instance)
                if instance == 0:
                    return
        if not wrong_on:
            yield FaultKind.NOT_BROKEN, "the broken statement gives the gold rows on every instance"
        elif 0 not in wrong_on:
            yield (
                FaultKind.HIDDEN_FAULT,
                f"the broken statement is wrong on hidden instances only: {wrong_on}",
            )

    def _golds(self, task: Task) -> Sequence[Rows]:
        """Runs gold on every instance, but for the last few: one is broken in several ways."""
        instances = range(len(self._instances))
        return self._last_golds.get(
            (task.gold_sql, task.check_sql, task.permissions),
            lambda: [self._gold(task, instance) for instance in instances],
        )

    def _gold(self, task: Task, instance: int) -> Rows:
        return checked_gold(self._judged(task, task.gold_sql, instance), instance)

    def _judged(self, task: Task, sql: str, instance: int) -> Rows | ActionError:
        """Runs `sql` and gives what it is judged by, on a copy where it writes."""
        if task.permissions.read_only:
            return self._instances.run(sql, instance, task.permissions)
        return judged_rows(task, sql, self._instances.images, instance)


def _fields(task: Task) -> Iterator[_Finding]:
    """Checks that the fields fit the kind of task."""
    for name, value in (("task_id", task.task_id), ("family", task.family)):
        if not 1 <= len(value) <= LONGEST[name]:
            yield FaultKind.MALFORMED, f"{name} needs 1 to {LONGEST[name]} characters"
    if not task.prompt.strip():
        yield FaultKind.MALFORMED, "prompt is empty"
    if (task.kind is TaskKind.EXPLORE) != (task.answer_kind is not None):
        yield FaultKind.MALFORMED, "answer_kind belongs to explore tasks, and to them only"
    if (task.kind is TaskKind.REPAIR) != bool(task.broken_sql):
        yield FaultKind.MALFORMED, "broken_sql belongs to repair tasks, and to them only"
    if bool(task.check_sql) != bool(task.permissions.writable):
        yield FaultKind.MALFORMED, "check_sql and writable tables belong together"
    if task.kind is TaskKind.EXPLORE and task.check_sql:
        yield FaultKind.MALFORMED, "an explore task writes nothing"


def _names(task: Task, schema: Schema) -> Iterator[_Finding]:
    if not task.gold_tables:
        yield FaultKind.UNKNOWN_TABLE, "gold_tables is empty"
    named = {*task.gold_tables, *task.permissions.denied, *task.permissions.writable}
    for name in sorted(named - {table.name for table in schema.tables}):
        yield FaultKind.UNKNOWN_TABLE, f"the database has no table {name!r}"


def _answer(task: Task, gold: Rows) -> Iterator[_Finding]:
    assert task.answer_kind is not None, "the form was checked before"
    misfit = _misfit(task.answer_kind, gold)
    if misfit:
        yield FaultKind.ANSWER_KIND, f"{task.answer_kind.name} needs {misfit}"
        return
    if len(gold.rows) > SHOWN_ROWS:
        yield FaultKind.ANSWER_TOO_LONG, f"it has {len(gold.rows)} rows, an agent sees {SHOWN_ROWS}"
    if any(
        isinstance(cell, str | bytes) and len(cell) > SHOWN_CHARACTERS for row in gold.rows for cell in row
    ):
        yield (
            FaultKind.ANSWER_TOO_LONG,
            f"a text of it is longer than the {SHOWN_CHARACTERS} characters shown",
        )
    right = render_answer(task.answer_kind, gold)
    if not grade_answer(task.answer_kind, gold, right):
        yield FaultKind.GRADING, f"the right answer is graded wrong: {right[:200]}"
    for wrong in _wrong_answers(task.answer_kind, gold):
        if grade_answer(task.answer_kind, gold, wrong):
            yield FaultKind.GRADING, f"a wrong answer is graded right: {wrong[:200]}"


def _misfit(kind: AnswerKind, gold: Rows) -> str:
    """Says what the kind needs and the rows are not; empty when they fit."""
    if kind is AnswerKind.TABLE:
        return "" if len(gold.columns) >= 2 else "two columns at least"
    if len(gold.columns) != 1:
        return f"one column, and gold has {len(gold.columns)}"
    if kind is AnswerKind.LIST:
        return ""
    if len(gold.rows) != 1:
        return f"one row, and gold gives {len(gold.rows)}"
    value = gold.rows[0][0]
    fits = {
        AnswerKind.INTEGER: isinstance(value, int),
        AnswerKind.FLOAT: isinstance(value, int | float) and math.isfinite(value),
        AnswerKind.STRING: isinstance(value, str),
        AnswerKind.NULL: value is None,
    }[kind]
    return "" if fits else f"another value than {str(value)[:100]!r} ({type(value).__name__})"


def _wrong_answers(kind: AnswerKind, gold: Rows) -> Iterator[str]:
    """Gives answers that are wrong: nonsense, another number, a row too few, a row too many."""
    yield "certainly not this"
    if kind in (AnswerKind.LIST, AnswerKind.TABLE):
        extra = gold.rows[0] if gold.rows else ("extra",) * len(gold.columns)
        yield render_answer(kind, replace(gold, rows=[*gold.rows, extra]))
        if gold.rows:
            yield render_answer(kind, replace(gold, rows=gold.rows[:-1]))
        return
    value = gold.rows[0][0]
    if isinstance(value, int | float):
        yield str(value + abs(value) + 1)
    elif value is None:
        yield "0"


def _is_gold(task: Task, result: Rows | ActionError, gold: Rows) -> bool:
    return isinstance(result, Rows) and same_rows(result, gold, ordered=task.ordered)
