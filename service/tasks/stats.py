"""What a bank holds, in numbers: how many tasks there are of each kind of everything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from .bank import TaskBank


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of tasks by one property and kind: a row for each value, in the order in which to show them."""

    title: str
    rows: tuple[tuple[str, dict[TaskKind, int]], ...]

    def total(self, kind: TaskKind | None = None) -> int:
        """Gives the number of tasks of a kind, or of all."""
        return sum(
            count for _, counts in self.rows for of, count in counts.items() if kind is None or of is kind
        )


def stats(bank: TaskBank) -> tuple[Table, ...]:
    """Counts the tasks of a bank by split, difficulty, answer type, tables read, database and family."""
    counted: dict[str, Counter[tuple[str, TaskKind]]] = {title: Counter() for title in _ORDER}
    for task in bank.tasks:
        for title, value in _properties(task):
            counted[title][value, task.kind] += 1
    return tuple(_table(title, counts) for title, counts in counted.items())


_ORDER: dict[str, tuple[str, ...]] = {
    "Split": tuple(each.name for each in Split),
    "Difficulty": tuple(each.name for each in Difficulty),
    "Answer type": tuple(each.name for each in AnswerKind),
    "Tables read": (),
    "Database": (),
    "Family": (),
}


def _properties(task: Task) -> tuple[tuple[str, str], ...]:
    shared = (
        ("Split", _word(task.split.name)),
        ("Difficulty", _word(task.difficulty.name)),
        ("Tables read", str(len(task.gold_tables))),
        ("Database", task.database_id),
        ("Family", task.family),
    )
    if task.answer_kind is None:
        return shared
    return (*shared, ("Answer type", _word(task.answer_kind.name)))


def _table(title: str, counts: Counter[tuple[str, TaskKind]]) -> Table:
    """Puts the values into their own order, or numbers by size, or names by how common they are."""
    order = [_word(name) for name in _ORDER[title]]
    totals: Counter[str] = Counter()
    for (value, _), count in counts.items():
        totals[value] += count

    def place(value: str) -> tuple[int, int, str]:
        if value in order:
            return order.index(value), 0, value
        return (int(value), 0, "") if title == "Tables read" else (len(order), -totals[value], value)

    return Table(
        title,
        tuple(
            (value, {kind: counts[value, kind] for kind in TaskKind}) for value in sorted(totals, key=place)
        ),
    )


def _word(name: str) -> str:
    return name.lower().replace("_", "-")
