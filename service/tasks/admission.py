"""Which generated tasks enter a bank: none twice, none that another split has, no family above its share."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from math import ceil

from ..core.task import Split, Task, TaskKind
from .leaks import asked

SAME_GOLD = {TaskKind.EXPLORE: 2, TaskKind.REPAIR: 3}  # tasks of a kind with equal gold on one database
FAMILY_SHARE = 1.5  # times the even share: what a family may have before others run out


class Admission:
    """Remembers what the bank has, as hashes of eight bytes, and says what may come in."""

    def __init__(self) -> None:
        self._asked: set[int] = set()
        self._ids: set[int] = set()
        self._golds: Counter[int] = Counter()  # by database and kind
        self._splits: dict[int, Split] = {}  # of the golds, on whatever database

    def admit(self, task: Task) -> bool:
        """Says whether a task may come in, and remembers it if so."""
        task_id, question = _hash(task.task_id), _hash(asked(task))
        gold = " ".join(task.gold_sql.split())
        split_key, gold_key = _hash(gold), _hash(f"{task.database_id}/{task.kind}/{gold}")
        if (
            task_id in self._ids
            or question in self._asked
            or self._golds[gold_key] >= SAME_GOLD[task.kind]
            or self._splits.get(split_key, task.split) is not task.split
        ):
            return False
        self.remember(task)
        return True

    def remember(self, task: Task) -> None:
        """Remembers a task that is in the bank whatever else is."""
        gold = " ".join(task.gold_sql.split())
        self._ids.add(_hash(task.task_id))
        self._asked.add(_hash(asked(task)))
        self._golds[_hash(f"{task.database_id}/{task.kind}/{gold}")] += 1
        self._splits.setdefault(_hash(gold), task.split)


class Quota:
    """How many tasks of a kind a database is still to get, evenly over the families that turn up.

    A family that would take more than its share is kept waiting until the others can give no more.
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


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
