"""The gate: which tickets may enter the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ...core.execution import ActionError, ErrorKind, Rows
from ...core.grading import same_rows
from ...core.task import Task
from ..explore.intent import Intent
from ..ground import Ground
from ..mutants import mutants
from ..separation import survivors
from ..verify import Verifier

MAX_ROWS = 2_000  # of gold
_KEPT = 1_024  # statements whose gold rows are kept, so that memory stays flat


class Reason(Enum):
    """Why a ticket is turned away."""

    NO_SITE = "no site"  # no fault was found that applies to a statement at hand
    GOLD_FAILS = "gold fails"
    DEGENERATE = "degenerate"  # gold finds nothing on the visible instance
    CONSTANT = "constant"  # gold gives the same rows on every instance
    NOT_BROKEN = "not broken"  # the fault shows on no instance
    HALF_IS_ENOUGH = "half is enough"  # of two faults, one alone shows on no instance
    UNSTEADY = "unsteady"  # the broken statement runs into a bound of the sandbox
    SURVIVOR = "survivor"  # a wrong statement gives gold's rows on every instance
    UNSOUND = "unsound"  # verification finds a fault


UNFIT = frozenset({Reason.GOLD_FAILS, Reason.DEGENERATE, Reason.CONSTANT, Reason.SURVIVOR, Reason.UNSOUND})
"""What is wrong with gold, whatever the fault."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What a broken statement does on the first instance on which it is wrong; 0 is the visible one."""

    result: Rows | ActionError
    gold: Rows
    instance: int


class Gate:
    """Judges the tickets about one ground. For one thread."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._golds: dict[tuple[str, bool], tuple[Rows, ...] | Reason] = {}
        self._verifier = Verifier(ground.instances, ground.split)

    def close(self) -> None:
        """Frees what the gate opened; the ground's instances stay open."""
        self._verifier.close()

    def golds(self, intent: Intent) -> tuple[Rows, ...] | Reason:
        """Gives gold's rows by instance, or why the intent can be no ticket's.

        Gold runs everywhere, finds something on the visible instance and other rows on another one, so a
        constant fails; and each single-edit mutant of it gives other rows on some instance.
        """
        key = (intent.sql, intent.ordered)
        known = self._golds.get(key)
        if known is None:
            if len(self._golds) >= _KEPT:
                self._golds.clear()
            known = self._golds[key] = self._judge_gold(intent)
        return known

    def symptom(
        self, intent: Intent, golds: Sequence[Rows], sql: str, halves: Sequence[str]
    ) -> Symptom | Reason:
        """Gives what a broken statement does, or why it makes no ticket.

        `halves` are the statements that are left when one of its two faults is mended; none for a single
        fault. Each of them has to be wrong as well.
        """
        found = self._wrong(intent, golds, sql)
        if found is None:
            return Reason.NOT_BROKEN
        if _is_unsteady(found.result):
            return Reason.UNSTEADY
        for half in halves:
            if self._wrong(intent, golds, half) is None:
                return Reason.HALF_IS_ENOUGH
        return found

    def is_sound(self, task: Task) -> bool:
        """Says whether verification finds nothing that would keep the task from being played."""
        return all(fault.is_warning for fault in self._verifier.verify(task))

    def _wrong(self, intent: Intent, golds: Sequence[Rows], sql: str) -> Symptom | None:
        for instance, gold in enumerate(golds):
            result = self._run(intent, sql, instance)
            if not isinstance(result, Rows) or not same_rows(result, gold, ordered=intent.ordered):
                return Symptom(result, gold, instance)
        return None

    def _judge_gold(self, intent: Intent) -> tuple[Rows, ...] | Reason:
        golds: list[Rows] = []
        for instance in range(len(self.ground.instances)):
            rows = self._run(intent, intent.sql, instance)
            if not isinstance(rows, Rows) or not rows.complete or len(rows.rows) > MAX_ROWS:
                return Reason.GOLD_FAILS
            golds.append(rows)
        if not any(cell not in (None, 0, "") for row in golds[0].rows for cell in row):
            return Reason.DEGENERATE
        if all(same_rows(gold, golds[0], ordered=intent.ordered) for gold in golds[1:]):
            return Reason.CONSTANT
        wrong = mutants(intent.sql, self.ground.schema, ordered=intent.ordered)
        left = survivors(
            wrong, golds, self.ground.instances, ordered=intent.ordered, permissions=intent.permissions
        )
        return Reason.SURVIVOR if next(left, None) else tuple(golds)

    def _run(self, intent: Intent, sql: str, instance: int) -> Rows | ActionError:
        return self.ground.instances.run(sql, instance, intent.permissions)


def _is_unsteady(result: Rows | ActionError) -> bool:
    if isinstance(result, ActionError):
        return result.kind in (ErrorKind.TIMEOUT, ErrorKind.LIMIT)
    return not result.complete
