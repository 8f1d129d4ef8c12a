"""What an agent sees."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from .execution import ActionError, Column, Row, Rows

SHOWN_ROWS = 20  # what a person, or a model's context, can take in
SHOWN_CHARACTERS = 1_000  # of one text
SHOWN_BYTES = 500  # of one blob


class Outcome(IntEnum):
    """How an episode stands; numbers as in the contract."""

    RUNNING = 0
    SOLVED = 1
    FAILED = 2
    EXHAUSTED = 3


class Result(NamedTuple):
    """Rows that an action gave, as shown: at most SHOWN_ROWS of `row_count`."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    row_count: int
    row_count_is_lower_bound: bool = False

    @property
    def truncated(self) -> bool:
        """Fewer rows are shown than there are."""
        return len(self.rows) < self.row_count


def shown(rows: Rows, limit: int = SHOWN_ROWS) -> Result:
    """Gives what an agent sees of a result: its first rows. Long texts are cut where they are written out."""
    return Result(rows.columns, tuple(rows.rows[:limit]), len(rows.rows), not rows.complete)


class Observation(NamedTuple):
    """What is seen after a step: the rows or the error of the last action, and how the episode stands."""

    result: Result | None
    error: ActionError | None
    steps_used: int
    steps_left: int
    outcome: Outcome = Outcome.RUNNING

    @property
    def done(self) -> bool:
        """The episode has ended."""
        return self.outcome is not Outcome.RUNNING
