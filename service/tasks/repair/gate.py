"""The gate: which tickets may enter the bank."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ...core.execution import ActionError, ErrorKind, Rows
from ...core.grading import same_rows
from ..explore.intent import Intent
from ..ground import Ground
from ..mutants import mutants
from ..separation import survivors

MAX_ROWS = 2_000  # of gold


class Reason(Enum):
    """Why a ticket is turned away."""

    NO_SITE = "no site"  # the fault does not apply to the statement
    GOLD_FAILS = "gold fails"
    DEGENERATE = "degenerate"  # gold finds nothing on the visible instance
    CONSTANT = "constant"  # gold gives the same rows on every instance
    NOT_BROKEN = "not broken"  # the fault does not show on the visible instance
    HALF_IS_ENOUGH = "half is enough"  # of two faults, one alone does not show
    UNSTEADY = "unsteady"  # the broken statement runs into the clock
    SURVIVOR = "survivor"  # a wrong statement gives gold's rows on every instance


UNFIT = frozenset({Reason.GOLD_FAILS, Reason.DEGENERATE, Reason.CONSTANT, Reason.SURVIVOR})
"""What is wrong with gold, whatever the fault."""


class Gate:
    """Judges the tickets about one ground. For one thread."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._golds: dict[str, tuple[Rows, ...] | Reason] = {}

    def golds(self, intent: Intent) -> tuple[Rows, ...] | Reason:
        """Gives gold's rows by instance, or why the intent can be no ticket's."""
        known = self._golds.get(intent.sql)
        if known is None:
            if len(self._golds) >= MAX_ROWS:
                self._golds.clear()
            known = self._golds[intent.sql] = self._judge_gold(intent)
        return known

    def run(self, intent: Intent, sql: str, instance: int = 0) -> Rows | ActionError:
        """Runs a statement under the intent's permissions."""
        return self.ground.instances.run(sql, instance, intent.permissions)

    def judge_broken(
        self, intent: Intent, golds: Sequence[Rows], sql: str, halves: Sequence[str]
    ) -> Rows | ActionError | Reason:
        """Gives what a broken statement does on the visible instance, or why it makes no ticket.

        `halves` are the statements with one of its two faults each; none for a single fault.
        """
        result = self.run(intent, sql)
        if _is_unsteady(result):
            return Reason.UNSTEADY
        if self._is_gold(intent, result, golds[0]):
            return Reason.NOT_BROKEN
        for half in halves:
            if self._is_gold(intent, self.run(intent, half), golds[0]):
                return Reason.HALF_IS_ENOUGH
        return result

    def _judge_gold(self, intent: Intent) -> tuple[Rows, ...] | Reason:
        golds: list[Rows] = []
        for instance in range(len(self.ground.instances)):
            rows = self.run(intent, intent.sql, instance)
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

    def _is_gold(self, intent: Intent, result: Rows | ActionError, gold: Rows) -> bool:
        return isinstance(result, Rows) and same_rows(result, gold, ordered=intent.ordered)


def _is_unsteady(result: Rows | ActionError) -> bool:
    if isinstance(result, ActionError):
        return result.kind in (ErrorKind.TIMEOUT, ErrorKind.LIMIT)
    return not result.complete
