"""What an audit found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ...core.task import TaskKind
from .case import Outcome

MOST_FALSE_FAILS = 0.01  # of the probes that are right
KEPT = 20  # examples of each outcome in a family


@dataclass(frozen=True, slots=True)
class Example:
    """A probe that did not go as it was meant to, and why."""

    task_id: str
    family: str
    outcome: Outcome
    probe: str
    reason: str


@dataclass
class FamilyCount:
    """How the probes of one family went. `right`: they must be graded right."""

    kind: TaskKind
    family: str
    right: bool
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    @property
    def tried(self) -> int:
        """All probes of the family."""
        return self.outcomes.total()


@dataclass
class AuditReport:
    """The counts by family, with examples of what was not as due, in the bank's order.

    `replayed` probes were also played in an episode; `disagreements` are those that ended otherwise there.
    """

    families: dict[tuple[TaskKind, str, bool], FamilyCount] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    replayed: int = 0
    disagreements: list[Example] = field(default_factory=list)

    def count(self, kind: TaskKind, right: bool, example: Example) -> None:
        """Takes in how one probe went."""
        key = (kind, example.family, right)
        family = self.families.setdefault(key, FamilyCount(kind, example.family, right))
        family.outcomes[example.outcome] += 1
        if example.outcome is not Outcome.AS_DUE and family.outcomes[example.outcome] <= KEPT:
            self.examples.append(example)

    def add(self, other: AuditReport) -> None:
        """Takes in what was found in another part of the bank."""
        for example in other.examples:
            before = sum(
                (each.family, each.outcome) == (example.family, example.outcome) for each in self.examples
            )
            if before < KEPT:
                self.examples.append(example)
        for key, family in other.families.items():
            mine = self.families.setdefault(key, FamilyCount(family.kind, family.family, family.right))
            mine.outcomes += family.outcomes
        self.replayed += other.replayed
        self.disagreements += other.disagreements

    def sorted_families(self) -> list[FamilyCount]:
        """Gives the counts by kind of task, wrong probes before right ones, by name."""
        return sorted(self.families.values(), key=lambda each: (each.kind, each.right, each.family))

    def total(self, outcome: Outcome | None = None) -> int:
        """Gives the number of probes, or of those with one outcome."""
        counts = self.families.values()
        return sum(family.outcomes[outcome] if outcome else family.tried for family in counts)

    @property
    def false_fail_rate(self) -> float:
        """False fails as a share of the probes that are right, rewrites that turned out unsound left out."""
        right = [family for family in self.families.values() if family.right]
        due = sum(family.tried - family.outcomes[Outcome.UNSOUND] for family in right)
        return self.total(Outcome.FALSE_FAIL) / due if due else 0.0

    @property
    def reached(self) -> bool:
        """No false pass, less than 1 % false fails, and episodes that grade as the audit does."""
        passes = self.total(Outcome.FALSE_PASS)
        return not passes and not self.disagreements and self.false_fail_rate < MOST_FALSE_FAILS
