"""The task bank: tasks and their databases, ready to be played."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Self

import apsw

from ..core.schema import Schema
from ..core.task import Difficulty, PreparedTask, Split, Task, TaskKind
from ..sandbox.images import DatabaseImages
from .bank_file import FORMAT, BankContent, BankError, DatabaseInfo, read_bank, read_images
from .once import Once
from .prepare import prepare

KEPT_DATABASES = 64  # whose images are in memory
KEPT_TASKS = 1_024  # that are prepared; each holds its gold rows
NEIGHBOURS = 250  # ids on either side that an unknown one is compared with: comparing takes 50 µs each


class UnknownTask(LookupError):
    """No task has that id; the message gives near ones."""


class UnknownDatabase(LookupError):
    """No database has that id; the message gives near ones."""


class TaskBank:
    """The tasks and databases of a bank file.

    Images are read and tasks prepared when they are first asked for. All methods may be called from
    several threads at once; they raise BankError when the file was damaged since it was opened.
    """

    def __init__(self, path: Path, content: BankContent) -> None:
        self.path = path
        self.tasks = content.tasks
        self.databases = content.databases
        self.digest = content.digest
        self._hashes = content.image_hashes
        self._tasks = {task.task_id: task for task in content.tasks}
        self._databases = {info.database_id: info for info in content.databases}
        self._images: Once[DatabaseImages] = Once(KEPT_DATABASES)
        self._prepared: Once[PreparedTask] = Once(KEPT_TASKS)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Opens a bank file. Raises BankError when it is missing, no bank, of another format or damaged."""
        return cls(Path(path), read_bank(Path(path)))

    @classmethod
    def default(cls) -> Self:
        """Opens the bank of this version in the user's cache folder, building it there at the first time.

        Raises BankError when that folder cannot be written.
        """
        path = default_path()
        if not path.exists():
            from .build import build  # the sources of all tasks: needed this once, and slow to import

            try:
                build(path)
            except OSError as error:
                hint = "set XDG_CACHE_HOME to a folder that can be written, or open a bank file"
                raise BankError(f"cannot keep the task bank at {path} ({error}); {hint}") from error
        return cls.open(path)

    def task(self, task_id: str) -> Task:
        """Gives a task, or raises UnknownTask."""
        task = self._tasks.get(task_id)
        if task is None:
            raise UnknownTask(_not_found("task", task_id, self._tasks))
        return task

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
    ) -> tuple[Task, ...]:
        """Gives the tasks that pass all filters, in the bank's order; None and "" let all pass."""
        return tuple(
            task
            for task in self.tasks
            if (kind is None or task.kind is kind)
            and (split is None or task.split is split)
            and (difficulty is None or task.difficulty is difficulty)
            and (not database_id or task.database_id == database_id)
            and (not family or task.family == family)
        )

    def images(self, database_id: str) -> DatabaseImages:
        """Gives the instances of a database, the visible one first, for the sandbox to open."""
        info = self.database(database_id)
        return self._images.get(database_id, lambda: self._read_images(info))

    def schema(self, database_id: str) -> Schema:
        """Gives a database's schema, with the row counts of the visible instance."""
        return self.images(database_id).schema

    def prepare(self, task_id: str) -> PreparedTask:
        """Gives a task with its gold rows; its statements are run when it is first asked for.

        Raises GoldFailed when gold cannot be run, which the bank's build rules out.
        """
        task = self.task(task_id)
        return self._prepared.get(task_id, lambda: prepare(task, self.images(task.database_id)))

    def _read_images(self, info: DatabaseInfo) -> DatabaseImages:
        hashes = [self._hashes[info.database_id, instance] for instance in range(info.instances)]
        return DatabaseImages.of(info.database_id, read_images(self.path, info.database_id, hashes))


def default_path() -> Path:
    """Where `TaskBank.default` keeps its bank: $XDG_CACHE_HOME or ~/.cache, in `sqldojo/`.

    The name has the bank's format, the package's version and a digest of all that the content hangs
    on: the sources in this folder and the SQLite that writes the images.
    """
    sources = hashlib.sha256(apsw.sqlite_lib_version().encode())
    here = Path(__file__).parent
    for source in sorted(here.rglob("*.py")):
        sources.update(f"{source.relative_to(here)}\n".encode() + source.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = f"bank-{FORMAT}-{version('sqldojo')}-{sources.hexdigest()[:16]}.sqlite"
    return cache / "sqldojo" / name


def _not_found(what: str, wanted: str, known: Iterable[str]) -> str:
    """Words the error, with near ids among those that stand around the wanted one in the alphabet."""
    wanted = wanted[:256]
    ids = sorted(known)
    place = bisect(ids, wanted)
    near = get_close_matches(wanted, ids[max(0, place - NEIGHBOURS) : place + NEIGHBOURS], n=3)
    hint = f"; did you mean {', '.join(map(repr, near))}?" if near else ""
    return f"no {what} {wanted!r} in the bank{hint}"
