"""What an action did, before any reward is given for it."""

from __future__ import annotations

from typing import NamedTuple

from .action import Action
from .execution import ActionError, ErrorKind, Rows
from .review import FindingKind, Review, Severity


class Effect(NamedTuple):
    """What an action did.

    `progress` is the progress of the rows towards gold, 0 where the action gave none. `correct` is
    about an Answer or a Submit. `review` is there for SQL that was reviewed. `cut_short` says where the
    clock ended a run, see Transition.
    """

    action: Action
    rows: Rows | None = None
    error: ActionError | None = None
    repeated: bool = False
    progress: float = 0.0
    correct: bool = False
    review: Review | None = None
    cut_short: str = ""

    @property
    def rejected(self) -> bool:
        """The review gate kept the SQL from being run."""
        return self.error is not None and self.error.kind is ErrorKind.REJECTED

    @property
    def rejection(self) -> float:
        """How grave a rejection is: 1 for the gravest finding, and a tenth for each other one."""
        if self.review is None:
            return 0.0
        return 1.0 + 0.1 * (sum(f.severity is not Severity.INFO for f in self.review.findings) - 1)

    @property
    def fan_out(self) -> bool:
        """The SQL aggregates over a join that repeats rows."""
        return self.review is not None and self.review.has(FindingKind.FAN_OUT)

    @property
    def schema_share(self) -> float:
        """The share of the tables and columns referred to that exist and are permitted."""
        return 0.0 if self.review is None else self.review.schema_share
