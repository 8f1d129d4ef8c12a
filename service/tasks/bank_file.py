"""The file that a task bank is kept in: one SQLite database with compressed images and typed tasks."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw

from ..core.schema import Permissions
from ..core.task import AnswerKind, Difficulty, Split, Task, TaskKind

FORMAT = 1  # in user_version; another one cannot be read
APPLICATION_ID = 0x53514C64  # "SQLd"

_DDL = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE database (
    position INTEGER PRIMARY KEY,
    database_id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    split INTEGER NOT NULL
);
CREATE TABLE instance (
    database_id TEXT NOT NULL REFERENCES database (database_id),
    instance INTEGER NOT NULL,
    sha256 TEXT NOT NULL,                         -- of the image, not compressed
    image BLOB NOT NULL,                          -- a SQLite file, compressed by zlib
    PRIMARY KEY (database_id, instance)
);
CREATE TABLE task (
    position INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    database_id TEXT NOT NULL REFERENCES database (database_id),
    split INTEGER NOT NULL,
    difficulty INTEGER NOT NULL,
    family TEXT NOT NULL,
    prompt TEXT NOT NULL,
    gold_sql TEXT NOT NULL,
    gold_tables TEXT NOT NULL,                    -- JSON array
    ordered INTEGER NOT NULL,
    answer_kind INTEGER,                          -- NULL: a repair task
    broken_sql TEXT NOT NULL,
    check_sql TEXT NOT NULL,
    denied TEXT NOT NULL,                         -- JSON array
    writable TEXT NOT NULL                        -- JSON array
);
"""

_Record = tuple[Any, ...]  # a row of a table of the bank


class BankError(Exception):
    """A bank file that cannot be used: which one, what is wrong with it, and what to do."""


@dataclass(frozen=True, slots=True)
class BankDatabase:
    """A database as it goes into a bank: its instances as SQLite files, the visible one first."""

    database_id: str
    title: str
    split: Split
    images: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """A database of a bank; `instances` counts the visible and the hidden ones."""

    database_id: str
    title: str
    split: Split
    instances: int


@dataclass(frozen=True, slots=True)
class BankContent:
    """What a bank file holds, less the images; `image_hashes` has their sha256 by database and instance."""

    databases: tuple[DatabaseInfo, ...]
    tasks: tuple[Task, ...]
    image_hashes: dict[tuple[str, int], str]
    digest: str


def write_bank(path: Path, databases: Sequence[BankDatabase], tasks: Sequence[Task]) -> str:
    """Writes a bank file and gives its digest; a file of that name is replaced in one move.

    Raises ValueError when ids repeat or a task's database is missing; verifies nothing else.
    """
    _check_ids(databases, tasks)
    digest = _digest(
        [(info.database_id, info.title, info.split) for info in databases],
        [
            (database.database_id, instance, hashlib.sha256(image).hexdigest())
            for database in databases
            for instance, image in enumerate(database.images)
        ],
        map(_record, tasks),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=".bank-") as folder:
        unfinished = Path(folder) / path.name
        connection = apsw.Connection(str(unfinished))
        try:
            _fill(connection, databases, tasks, digest)
        finally:
            connection.close()
        os.replace(unfinished, path)
    return digest


def read_bank(path: Path) -> BankContent:
    """Reads all of a bank file but the images, and checks them against the digest.

    Raises BankError when the file is missing, is no bank, has another format or was damaged.
    """
    if not path.is_file():
        raise BankError(f"no task bank at {path}; check the path, or build one there")
    try:
        connection = _open(path)
        try:
            _check_format(connection, path)
            return _read(connection, path)
        finally:
            connection.close()
    except (apsw.Error, ValueError, TypeError) as error:
        raise BankError(f"{path} is no readable task bank ({error}); build it again") from error


def read_images(path: Path, database_id: str, hashes: Sequence[str]) -> tuple[bytes, ...]:
    """Reads the images of a database, the visible one first.

    Raises BankError when one is missing or does not have its sha256.
    """
    try:
        connection = _open(path)
        try:
            query = "SELECT image FROM instance WHERE database_id = ? ORDER BY instance"
            images = tuple(zlib.decompress(row[0]) for row in connection.execute(query, (database_id,)))
        finally:
            connection.close()
    except (apsw.Error, zlib.error, TypeError) as error:
        raise BankError(f"{path}: cannot read database {database_id!r} ({error}); build it again") from error
    if [hashlib.sha256(image).hexdigest() for image in images] != list(hashes):
        raise BankError(f"{path}: database {database_id!r} is not the one that was written; build it again")
    return images


def _check_ids(databases: Sequence[BankDatabase], tasks: Sequence[Task]) -> None:
    known = {database.database_id for database in databases}
    if len(known) < len(databases):
        raise ValueError("two databases of the bank have the same id")
    for database in databases:
        if not database.images:
            raise ValueError(f"database {database.database_id!r} has no image")
    seen: set[str] = set()
    for task in tasks:
        if task.task_id in seen:
            raise ValueError(f"two tasks of the bank have the id {task.task_id!r}")
        if task.database_id not in known:
            raise ValueError(
                f"task {task.task_id!r} is on the database {task.database_id!r}, which is missing"
            )
        seen.add(task.task_id)


def _fill(
    connection: apsw.Connection, databases: Sequence[BankDatabase], tasks: Sequence[Task], digest: str
) -> None:
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}")
    connection.execute(_DDL)
    meta = {
        "format_version": str(FORMAT),
        "generator_version": version("sqldojo"),
        "sqlite_version": apsw.sqlite_lib_version(),
        "digest": digest,
    }
    with connection:
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        for position, database in enumerate(databases):
            connection.execute(
                "INSERT INTO database VALUES (?, ?, ?, ?)",
                (position, database.database_id, database.title, int(database.split)),
            )
            connection.executemany(
                "INSERT INTO instance VALUES (?, ?, ?, ?)",
                (
                    (database.database_id, instance, hashlib.sha256(image).hexdigest(), zlib.compress(image))
                    for instance, image in enumerate(database.images)
                ),
            )
        connection.executemany(
            f"INSERT INTO task VALUES ({', '.join('?' * 16)})",
            ((position, *_record(task)) for position, task in enumerate(tasks)),
        )


def _open(path: Path) -> apsw.Connection:
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


def _check_format(connection: apsw.Connection, path: Path) -> None:
    if connection.pragma("application_id") != APPLICATION_ID:
        raise BankError(f"{path} is a SQLite database, but no task bank")
    found = connection.pragma("user_version")
    if found != FORMAT:
        raise BankError(f"{path} has bank format {found}, this version reads format {FORMAT}; build it again")
    if path.stat().st_size < connection.pragma("page_count") * connection.pragma("page_size"):
        raise BankError(f"{path} was cut short; build it again")


def _read(connection: apsw.Connection, path: Path) -> BankContent:
    databases = list(connection.execute("SELECT database_id, title, split FROM database ORDER BY position"))
    instances = list(
        connection.execute(
            "SELECT database_id, instance, sha256 FROM instance JOIN database USING (database_id)"
            " ORDER BY position, instance"
        )
    )
    records = [row[1:] for row in connection.execute("SELECT * FROM task ORDER BY position")]
    digest = connection.execute("SELECT value FROM meta WHERE key = 'digest'").get
    if digest != _digest(databases, instances, records):
        raise BankError(f"{path} was changed since it was written: its digest does not fit; build it again")
    counts: dict[str, int] = {}
    for database_id, _, _ in instances:
        counts[database_id] = counts.get(database_id, 0) + 1
    return BankContent(
        databases=tuple(
            DatabaseInfo(database_id, title, Split(split), counts[database_id])
            for database_id, title, split in databases
        ),
        tasks=tuple(map(_task, records)),
        image_hashes={(database_id, instance): sha256 for database_id, instance, sha256 in instances},
        digest=digest,
    )


def _digest(databases: Iterable[_Record], instances: Iterable[_Record], tasks: Iterable[_Record]) -> str:
    """The sha256 over all tasks and databases, the images by their own sha256."""
    content = hashlib.sha256(f"sqldojo bank {FORMAT}\n".encode())
    for part in (databases, instances, tasks):
        for record in part:
            content.update(json.dumps(list(record)).encode() + b"\n")
        content.update(b"\n")
    return content.hexdigest()


def _record(task: Task) -> _Record:
    """A row of the table `task`, less its position."""
    return (
        task.task_id,
        int(task.kind),
        task.database_id,
        int(task.split),
        int(task.difficulty),
        task.family,
        task.prompt,
        task.gold_sql,
        json.dumps(task.gold_tables, ensure_ascii=False),
        int(task.ordered),
        None if task.answer_kind is None else int(task.answer_kind),
        task.broken_sql,
        task.check_sql,
        json.dumps(sorted(task.permissions.denied), ensure_ascii=False),
        json.dumps(sorted(task.permissions.writable), ensure_ascii=False),
    )


def _task(record: _Record) -> Task:
    (
        task_id, kind, database_id, split, difficulty, family, prompt, gold_sql, gold_tables, ordered,
        answer_kind, broken_sql, check_sql, denied, writable,
    ) = record  # fmt: skip
    return Task(
        task_id=task_id,
        kind=TaskKind(kind),
        database_id=database_id,
        split=Split(split),
        difficulty=Difficulty(difficulty),
        family=family,
        prompt=prompt,
        gold_sql=gold_sql,
        gold_tables=_names(gold_tables),
        ordered=bool(ordered),
        answer_kind=None if answer_kind is None else AnswerKind(answer_kind),
        broken_sql=broken_sql,
        check_sql=check_sql,
        permissions=Permissions(frozenset(_names(denied)), frozenset(_names(writable))),
    )


@lru_cache(maxsize=1_024)
def _names(array: str) -> tuple[str, ...]:
    """Reads a JSON array; the same few stand in most tasks."""
    return tuple(json.loads(array))
