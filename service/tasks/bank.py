"""The task bank: tasks and their databases, ready to be played."""

from __future__ import annotations

from array import array
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any, Self, overload

from ..core.schema import Schema
from ..core.task import Difficulty, PreparedTask, Split, Task, TaskKind
from ..sandbox.images import DatabaseImages
from .bank_file import BankContent, DatabaseInfo, connect, read_bank, read_images, read_tasks
from .once import Once
from .prepare import prepare

KEPT_DATABASES = 64  # whose images are in memory
KEPT_TASKS = 1_024  # that are prepared; each holds its gold rows, once they were asked for
KEPT_SELECTIONS = 64  # so that each page of a listing need not look through all tasks
NEIGHBOURS = 250  # ids on either side that an unknown one is compared with: comparing takes 50 µs each
READ_AHEAD = 256  # tasks that are read together when many are

_Group = tuple[int, str, int, int, str]  # kind, database, split, difficulty, family


class UnknownTask(LookupError):
    """No task has that id; the message gives near ones."""


class UnknownDatabase(LookupError):
    """No database has that id; the message gives near ones."""


class TaskBank:
    """The tasks and databases of a bank file.

    What tells tasks apart is in memory, about 300 bytes a task; their texts, the images and the gold rows
    are read and made when they are first asked for. All methods may be called from several threads at
    once; they raise BankError when the file was damaged since it was opened.
    """

    def __init__(self, path: Path, content: BankContent) -> None:
        self.path = path
        self.databases = content.databases
        self.digest = content.digest
        self.manifest: dict[str, Any] = content.manifest
        self._hashes = content.image_hashes
        self._index = content.index
        self._positions = {row[0]: position for position, row in enumerate(content.index)}
        self._groups: dict[_Group, array[int]] = {}
        for position, row in enumerate(content.index):
            self._groups.setdefault(row[1:6], array("L")).append(position)
        self._databases = {info.database_id: info for info in content.databases}
        self._images: Once[DatabaseImages] = Once(KEPT_DATABASES)
        self._prepared: Once[PreparedTask] = Once(KEPT_TASKS)
        self._selections: Once[Tasks] = Once(KEPT_SELECTIONS)
        self._connection = connect(path)
        self._reading = Lock()

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Opens a bank file. Raises BankError when it is missing, no bank, of another format or damaged."""
        return cls(Path(path), read_bank(Path(path)))

    @classmethod
    def default(cls) -> Self:
        """Opens the bank that comes along: the package's own, or one that is built in the user's cache.

        Building it takes some seconds, once. Raises BankError when that folder cannot be written.
        """
        from .default_bank import default_path, ensure_default

        ensure_default()
        return cls.open(default_path())

    @property
    def tasks(self) -> Tasks:
        """All tasks in the bank's order."""
        return Tasks(self, range(len(self._index)))

    def task(self, task_id: str) -> Task:
        """Gives a task, or raises UnknownTask."""
        position = self._positions.get(task_id)
        if position is None:
            raise UnknownTask(_not_found("task", task_id, self._positions))
        return self.read(range(position, position + 1))[0]

    def database(self, database_id: str) -> DatabaseInfo:
        """Gives a database, or raises UnknownDatabase."""
        info = self._databases.get(database_id)
        if info is None:
            raise UnknownDatabase(_not_found("database", database_id, self._databases))
        return info

    def select(
        self,
        *,
        kind: TaskKind | None = None,
        split: Split | None = None,
        difficulty: Difficulty | None = None,
        database_id: str = "",
        family: str = "",
    ) -> Tasks:
        """Gives the tasks that pass all filters, in the bank's order; None and "" let all pass."""
        wanted = (kind, database_id, split, difficulty, family)
        if not any(wanted):
            return self.tasks

        def find() -> Tasks:
            groups = (
                positions
                for group, positions in self._groups.items()
                if all(not want or want == value for want, value in zip(wanted, group, strict=True))
            )
            return Tasks(self, array("L", sorted(chain.from_iterable(groups))))

        return self._selections.get(repr(wanted), find)

    def images(self, database_id: str) -> DatabaseImages:
        """Gives the instances of a database, the visible one first, for the sandbox to open."""
        info = self.database(database_id)
        return self._images.get(database_id, lambda: self._read_images(info))

    def schema(self, database_id: str) -> Schema:
        """Gives a database's schema, with the row counts of the visible instance."""
        return self.images(database_id).schema

    def prepare(self, task_id: str) -> PreparedTask:
        """Gives a task that is ready to be played, made when it is first asked for.

        Asking for its gold rows raises GoldFailed when gold cannot be run, which the bank's build rules out.
        """

        def make() -> PreparedTask:
            task = self.task(task_id)
            return prepare(task, partial(self.images, task.database_id))

        return self._prepared.get(task_id, make)

    def read(self, positions: range) -> list[Task]:
        """Gives the tasks at consecutive positions of the bank's order, checked against their sha256."""
        with self._reading:
            return read_tasks(self._connection, self._index, positions)

    def split_at(self, position: int) -> Split:
        """Gives the split of the task at a position of the bank's order; nothing is read for it."""
        return Split(self._index[position][3])

    def database_at(self, position: int) -> str:
        """Gives the database of the task at a position of the bank's order; nothing is read for it."""
        return str(self._index[position][2])

    def close(self) -> None:
        """Closes the file. What was read stays; nothing more can be read."""
        self._connection.close(True)

    def _read_images(self, info: DatabaseInfo) -> DatabaseImages:
        hashes = [self._hashes[info.database_id, instance] for instance in range(info.instances)]
        with self._reading:
            images = read_images(self._connection, info.database_id, hashes)
        return DatabaseImages.of(info.database_id, images)


class Tasks(Sequence[Task]):
    """Some tasks of a bank, in its order; each is read when it is asked for, and none is kept."""

    def __init__(self, bank: TaskBank, positions: Sequence[int]) -> None:
        self._bank = bank
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, index: int) -> Task: ...

    @overload
    def __getitem__(self, index: slice) -> Tasks: ...

    def __getitem__(self, index: int | slice) -> Task | Tasks:
        if isinstance(index, slice):
            return Tasks(self._bank, self._positions[index])
        position = self._positions[index]
        return self._bank.read(range(position, position + 1))[0]

    def __iter__(self) -> Iterator[Task]:
        for run in _runs(self._positions):
            yield from self._bank.read(run)


def _runs(positions: Iterable[int]) -> Iterator[range]:
    """Cuts ascending positions into runs of neighbours, none longer than READ_AHEAD."""
    run = range(0)
    for position in positions:
        if position == run.stop and 0 < len(run) < READ_AHEAD:
            run = range(run.start, position + 1)
            continue
        if run:
            yield run
        run = range(position, position + 1)
    if run:
        yield run


def _not_found(what: str, wanted: str, known: Iterable[str]) -> str:
    """Words the error, with near ids among those that stand around the wanted one in the alphabet."""
    wanted = wanted[:256]
    ids = sorted(known)
    place = bisect(ids, wanted)
    near = get_close_matches(wanted, ids[max(0, place - NEIGHBOURS) : place + NEIGHBOURS], n=3)
    hint = f"; did you mean {', '.join(map(repr, near))}?" if near else ""
    return f"no {what} {wanted!r} in the bank{hint}"
