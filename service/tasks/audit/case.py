"""A task under audit: its golds, what its database gives for a statement, and the probes tried on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from random import Random

from ...core.execution import ActionError, Rows
from ...core.task import Task
from ..instances import Instances
from ..prepare import checked_gold, judged_rows


@dataclass(frozen=True, slots=True)
class Probe:
    """An answer, or for a repair task a submission, of which it is known how it must be graded.

    `rows` are what a wrong answer says, in SQL's values; `sql` is the statement that an answer was read
    from, where it was.
    """

    family: str
    text: str
    right: bool
    rows: Rows | None = None
    sql: str = ""


class Outcome(Enum):
    """What the grader made of a probe."""

    AS_DUE = "as due"
    FALSE_PASS = "false pass"  # wrong, and graded right  # noqa: S105
    FALSE_FAIL = "false fail"  # right, and graded wrong
    INDISTINCT = "indistinct"  # meant as wrong, but right by the letter of what is promised
    UNSOUND = "unsound"  # meant as a rewrite, but other rows than gold's


@dataclass
class Case:
    """One task. `other` is another task of the same database and kind, where there is one."""

    task: Task
    instances: Instances
    other: Task | None = None
    rng: Random = field(default_factory=lambda: Random(0))

    @cached_property
    def gold(self) -> Rows:
        """Gold's rows on the visible instance."""
        return self._gold(0)

    @cached_property
    def golds(self) -> tuple[Rows, ...]:
        """Gold's rows by instance."""
        hidden = (self._gold(instance) for instance in range(1, len(self.instances)))
        return (self.gold, *hidden)

    def run(self, sql: str, instance: int = 0) -> Rows | ActionError:
        """Gives what a statement is judged by, under the task's permissions."""
        if self.task.permissions.read_only:
            return self.instances.run(sql, instance, self.task.permissions)
        return judged_rows(self.task, sql, self.instances.images, instance)

    def _gold(self, instance: int) -> Rows:
        return checked_gold(self.run(self.task.gold_sql, instance), instance)
