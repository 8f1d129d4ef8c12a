"""Which generated tasks enter a bank: none twice, none that another split has, no family above its share."""

from __future__ import annotations

from collections import Counter
from math import ceil

from ..core.task import Task, TaskKind
from .leaks import asked
from .remembered import Remembered

SAME_GOLD = {TaskKind.EXPLORE: 2, TaskKind.REPAIR: 3}  # tasks of a kind with equal gold on one database
FAMILY_SHARE = 1.5  # times the even share: what a family may have before others run out


class Admission:
    """Remembers what the bank has, and says what may come in."""

    def __init__(self) -> None:
        self._asked = Remembered()
        self._ids = Remembered()
        self._golds = Remembered()  # how often, by database and kind
        self._splits = Remembered()  # of the golds, on whatever database

    def admit(self, task: Task) -> bool:
        """Says whether a task may come in, and remembers it if so."""
        gold = " ".join(task.gold_sql.split())
        if (
            self._ids.get(task.task_id) is not None
            or self._asked.get(asked(task)) is not None
            or (self._golds.get(_on_its_database(task, gold)) or 0) >= SAME_GOLD[task.kind]
            or self._splits.get(gold) not in (None, int(task.split))
        ):
            return False
        self.remember(task)
        return True

    def remember(self, task: Task) -> None:
        """Remembers a task that is in the bank whatever else is."""
        gold = " ".join(task.gold_sql.split())
        self._ids.set(task.task_id, 1)
        self._asked.set(asked(task), 1)
        of_gold = _on_its_database(task, gold)
        self._golds.set(of_gold, (self._golds.get(of_gold) or 0) + 1)
        self._splits.first(gold, int(task.split))


def _on_its_database(task: Task, gold: str) -> str:
    return f"{task.database_id}/{task.kind}/{gold}"


class Quota:
    """How many tasks of a kind a database is still to get, evenly over the families that turn up.

    A family that would take more than its share is kept waiting until the others can give no more, or
    nothing is missing: there are as many quotas as databases, and none holds tasks for good.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.taken = 0
        self._families: Counter[str] = Counter()
        self._waiting: list[Task] = []

    @property
    def missing(self) -> int:
        """How many tasks are still wanted."""
        return self.wanted - self.taken

    def offer(self, tasks: list[Task]) -> list[Task]:
        """Gives those of the next admitted tasks that are to be taken now."""
        for task in tasks:
            self._families.setdefault(task.family, 0)
        most = max(1, ceil(FAMILY_SHARE * self.wanted / max(1, len(self._families))))
        taken: list[Task] = []
        for task in tasks:
            if len(taken) < self.missing and self._families[task.family] < most:
                self._families[task.family] += 1
                taken.append(task)
            elif len(self._waiting) < self.wanted:
                self._waiting.append(task)
        self.taken += len(taken)
        if not self.missing:
            self._waiting.clear()
        return taken

    def settle(self) -> list[Task]:
        """Gives the tasks that waited, the rarest families first, as far as any are missing."""
        taken: list[Task] = []
        while self.missing > len(taken) and self._waiting:
            place = min(range(len(self._waiting)), key=lambda at: self._families[self._waiting[at].family])
            task = self._waiting.pop(place)
            self._families[task.family] += 1
            taken.append(task)
        self.taken += len(taken)
        return taken
