"""Writing a bank file: streamed, and there under its name only when it is whole."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import apsw

from ..core.task import Split, Task
from .bank_file import (
    APPLICATION_ID,
    DDL,
    FORMAT,
    BankDatabase,
    BankError,
    Digest,
    compress,
    index_row,
    meta_rows,
    sha256,
    text_row,
)
from .sources import sources_digest


def manifest_path(path: Path) -> Path:
    """Gives the file beside a bank that its manifest is also in, for people and scripts."""
    return path.with_name(f"{path.name}.manifest.json")


def write_bank(path: Path, databases: Sequence[BankDatabase], tasks: Iterable[Task]) -> str:
    """Writes a bank file and gives its digest; a file of that name is replaced in one move.

    Raises ValueError when ids repeat or a task's database is missing, OSError or BankError when it cannot
    be written; verifies nothing else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=path.parent, prefix=".bank-") as folder,
        BankWriter(path, Path(folder)) as writer,
    ):
        for database in databases:
            writer.add_database(
                database.database_id,
                database.title,
                database.split,
                [(sha256(image), compress(image)) for image in database.images],
            )
        writer.add_tasks(tasks)
        writer.seal({})
        writer.publish()
        return writer.digest


class BankWriter:
    """Writes a bank into `scratch`, a folder on the same file system, and moves it to `path` at last.

    Databases come first, then the tasks, any number at a time: none is kept in memory; then `seal` and
    `publish`. Whatever the disk refuses is a BankError.
    """

    def __init__(self, path: Path, scratch: Path) -> None:
        self._path = path
        self._unfinished = scratch / "bank.sqlite"
        self._beside = scratch / "bank.json"
        self._unfinished.unlink(missing_ok=True)
        self.digest = ""  # once it is sealed
        self._digest = Digest()
        self._databases: dict[str, list[str]] = {}
        self._tasks = 0
        self._counts: dict[str, Counter[str]] = {
            part: Counter() for part in ("kind", "split", "difficulty", "family", "database", "answer_kind")
        }

    def __enter__(self) -> Self:
        with self._disk_errors():
            self._connection = apsw.Connection(str(self._unfinished))
            # Nothing is lost with an unfinished file, so neither journal nor sync is needed before the end.
            self._connection.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").fetchall()
            self._connection.execute(
                f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}"
            )
            self._connection.execute(DDL)
            self._connection.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close(True)
        self._unfinished.unlink(missing_ok=True)
        self._beside.unlink(missing_ok=True)

    def add_database(
        self, database_id: str, title: str, split: Split, images: Sequence[tuple[str, bytes]]
    ) -> None:
        """Adds a database with its images, each as its sha256 and its compressed bytes."""
        if database_id in self._databases:
            raise ValueError(f"two databases of the bank have the same id, {database_id!r}")
        if not images:
            raise ValueError(f"database {database_id!r} has no image")
        hashes = [image_hash for image_hash, _ in images]
        with self._disk_errors():
            self._connection.execute(
                "INSERT INTO database VALUES (?, ?, ?, ?)",
                (len(self._databases), database_id, title, int(split)),
            )
            self._connection.executemany(
                "INSERT INTO instance VALUES (?, ?, ?, ?)",
                [(database_id, instance, *image) for instance, image in enumerate(images)],
            )
        self._databases[database_id] = hashes
        self._digest.add_database(database_id, title, int(split), hashes)

    def add_tasks(self, tasks: Iterable[Task]) -> None:
        """Adds tasks in their order."""
        for task in tasks:
            if task.database_id not in self._databases:
                raise ValueError(
                    f"task {task.task_id!r} is on the database {task.database_id!r}, which is missing"
                )
            row = index_row(task)
            with self._disk_errors():
                try:
                    self._connection.execute(
                        "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (self._tasks, *row)
                    )
                except apsw.ConstraintError as error:
                    raise ValueError(f"two tasks of the bank have the id {task.task_id!r}") from error
                self._connection.execute(
                    "INSERT INTO task_text VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (self._tasks, *text_row(task)),
                )
            self._digest.add_tasks([row])
            self._tasks += 1
            self._count(task)

    def seal(self, about: dict[str, Any]) -> Path:
        """Completes the file with its manifest, and what that is to say `about` the build; gives its place.

        It is a bank now, and may be opened there, but is still without its name.
        """
        manifest = self._manifest(about)
        self.digest = str(manifest["digest"])
        with self._disk_errors():
            self._connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta_rows(manifest)))
            self._connection.execute("COMMIT")
            self._connection.execute("VACUUM")
            self._connection.close()
            self._beside.write_text(
                json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
            )
        return self._unfinished

    def publish(self) -> None:
        """Gives the sealed file its name, once it is on the disk."""
        with self._disk_errors():
            _sync(self._unfinished)
            _sync(self._beside)
            os.replace(self._unfinished, self._path)
            os.replace(self._beside, manifest_path(self._path))
            _sync(self._path.parent)

    def _manifest(self, about: dict[str, Any]) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "digest": self._digest.hexdigest(),
            "generator_version": version("sqldojo"),
            "sources_sha256": sources_digest(),
            "sqlite_version": apsw.sqlite_lib_version(),
            "tasks": self._tasks,
            **about,
            "counts": {part: dict(sorted(counts.items())) for part, counts in self._counts.items()},
            "images_sha256": self._databases,
        }

    def _count(self, task: Task) -> None:
        for part, value in (
            ("kind", task.kind.name),
            ("split", task.split.name),
            ("difficulty", task.difficulty.name),
            ("family", task.family),
            ("database", task.database_id),
            ("answer_kind", task.answer_kind.name if task.answer_kind is not None else ""),
        ):
            if value:
                self._counts[part][value] += 1

    def _disk_errors(self) -> _DiskErrors:
        return _DiskErrors(self._path)


class _DiskErrors:
    """Turns what the disk refuses into a BankError that says so."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, apsw.FullError | apsw.IOError | apsw.CantOpenError | OSError):
            reason = "the disk is full" if isinstance(error, apsw.FullError) else str(error)
            raise BankError(
                f"cannot write {self._path} ({reason}); make room there, or choose another place"
            ) from error


def _sync(path: Path) -> None:
    """Waits until a file, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
