"""What became of a data set's questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[int, int], None]  # is told the number of questions done and in all


class ImportFailed(Exception):
    """A data set that cannot be imported: which file is to blame, and why."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A question that became no task. `reason` reads "kind of reason: what exactly"."""

    db_id: str
    question: str
    reason: str


@dataclass(frozen=True, slots=True)
class Separation:
    """For how many questions all wrong near misses give other rows than gold does.

    `visible` counts those whose mutants (`mutants`) all differ on the database as it was given, `hidden`
    those for which they all differ on it or on one of the resampled instances; `asked` are all that have
    mutants.
    """

    asked: int = 0
    visible: int = 0
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a data set: tasks taken, questions left out, notes on its files and databases."""

    taken: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    separation: Separation = Separation()

    def reasons(self) -> dict[str, int]:
        """Counts what was left out by the kind of reason, the most frequent first."""
        return dict(Counter(left.reason.partition(":")[0] for left in self.left_out).most_common())


@dataclass(slots=True)
class Findings:
    """A report in the making. Half a character, which JSON may hold, is written out in it."""

    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, db_id: str, question: str, reason: str) -> None:
        """Notes that a question becomes no task."""
        self.left_out.append(LeftOut(*map(_whole, (db_id, question, reason))))

    def note(self, text: str) -> None:
        """Notes something about a file or a database, once."""
        text = _whole(text)
        if text not in self.notes:
            self.notes.append(text)


def _whole(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
