"""The file that a task bank is kept in: one SQLite database with compressed images and typed tasks.

Everything in it hangs on one digest, so damage is noticed wherever it is:

- `digest` in the manifest is the sha256 of the databases, of the sha256 of each instance, and of the index:
  what tells tasks apart (id, kind, database, split, difficulty, family) and the sha256 of each task.
  It is checked when the file is opened.
- A task's texts and a database's images are checked against their sha256 when they are read.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import apsw

from ..core.schema import Permissions
from ..core.task import AnswerKind, Difficulty, Split, Task, TaskKind

FORMAT = 2  # in user_version; another one cannot be read
APPLICATION_ID = 0x53514C64  # "SQLd"
LARGEST_IMAGE = 1 << 30  # in bytes
BLOCK = 1_024  # tasks whose index is hashed together

DDL = """
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
    image BLOB NOT NULL,                          -- a SQLite file, compressed by xz
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
    sha256 BLOB NOT NULL                          -- of all columns of the task, as bank_file.py writes them
);
CREATE TABLE task_text (
    position INTEGER PRIMARY KEY REFERENCES task (position),
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

_INDEX = "task_id, kind, database_id, split, difficulty, family, sha256"
_TEXT = "prompt, gold_sql, gold_tables, ordered, answer_kind, broken_sql, check_sql, denied, writable"
_NAMED = 6  # columns of the index before its sha256

Record = tuple[Any, ...]  # a row of a table of the bank


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
    """What a bank file holds, less its images and texts.

    `image_hashes` has the images' sha256 by database and instance; `index` the rows of the table `task` in
    order: task_id, kind, database_id, split, difficulty, family, sha256.
    """

    databases: tuple[DatabaseInfo, ...]
    image_hashes: dict[tuple[str, int], str]
    index: list[Record]
    manifest: dict[str, Any]

    @property
    def digest(self) -> str:
        """The sha256 of all tasks and databases, in hexadecimal."""
        return str(self.manifest["digest"])


class Digest:
    """The sha256 over all databases and tasks of a bank, taken in as they come: databases first."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256(f"sqldojo bank {FORMAT}\n".encode())
        self._rest: list[Record] = []  # less than a block

    def add_database(self, database_id: str, title: str, split: int, image_hashes: Sequence[str]) -> None:
        """Takes in a database with the sha256 of its images."""
        self._sum.update(_line([database_id, title, int(split), *image_hashes]))

    def add_tasks(self, index: Sequence[Record]) -> None:
        """Takes in the index of the next tasks; into how many calls they are cut makes no difference."""
        rows = [*self._rest, *index]
        whole = len(rows) - len(rows) % BLOCK
        for start in range(0, whole, BLOCK):
            self._add_block(rows[start : start + BLOCK])
        self._rest = rows[whole:]

    def hexdigest(self) -> str:
        """Gives the digest of what was taken in. Nothing can be added after it."""
        self._add_block(self._rest)
        return self._sum.hexdigest()

    def _add_block(self, rows: list[Record]) -> None:
        """Hashes column by column, which is many times faster than row by row."""
        *named, hashes = zip(*rows, strict=True) if rows else ((),) * (_NAMED + 1)
        for column in named:
            self._sum.update(_line(column))
        self._sum.update(b"".join(hashes))


def compress(image: bytes) -> bytes:
    """Gives an image as a bank keeps it: a quarter of its size, and read in a few milliseconds."""
    return lzma.compress(image, preset=1)


def sha256(image: bytes) -> str:
    """Gives the sha256 of an image in hexadecimal."""
    return hashlib.sha256(image).hexdigest()


def connect(path: Path) -> apsw.Connection:
    """Opens a bank file for reading; for one thread at a time. Raises apsw.Error."""
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


def read_bank(path: Path) -> BankContent:
    """Reads all of a bank file but images and texts, and checks it against the digest.

    Raises BankError when the file is missing, is no bank, has another format or was damaged.
    """
    if not path.is_file():
        raise BankError(f"no task bank at {path}; check the path, or build one there")
    try:
        connection = connect(path)
        try:
            _check_format(connection, path)
            return _read(connection, path)
        finally:
            connection.close()
    except (apsw.Error, ValueError, TypeError, LookupError) as error:
        raise BankError(f"{path} is no readable task bank ({error}); build it again") from error


def read_images(connection: apsw.Connection, database_id: str, hashes: Sequence[str]) -> tuple[bytes, ...]:
    """Reads the images of a database, the visible one first.

    Raises BankError when one is missing or does not have its sha256.
    """
    path = connection.filename
    query = "SELECT image FROM instance WHERE database_id = ? ORDER BY instance"
    try:
        images = tuple(_decompress(row[0]) for row in connection.execute(query, (database_id,)))
    except (apsw.Error, lzma.LZMAError, ValueError, TypeError, EOFError) as error:
        raise BankError(f"{path}: cannot read database {database_id!r} ({error}); build it again") from error
    if list(map(sha256, images)) != list(hashes):
        raise BankError(f"{path}: database {database_id!r} is not the one that was written; build it again")
    return images


def read_tasks(connection: apsw.Connection, index: Sequence[Record], positions: range) -> list[Task]:
    """Reads the tasks at consecutive positions. Raises BankError when one is not the one that was written."""
    query = f"SELECT {_TEXT} FROM task_text WHERE position BETWEEN ? AND ? ORDER BY position"
    try:
        texts = connection.execute(query, (positions.start, positions.stop - 1)).fetchall()
        rows = [index[position] for position in positions]
        records = [(*row[:_NAMED], *text) for row, text in zip(rows, texts, strict=True)]
        for row, record in zip(rows, records, strict=True):
            if task_sha256(record) != row[_NAMED]:
                raise ValueError(f"task {row[0]!r} is not the one that was written")
        return [task_of(record) for record in records]
    except (apsw.Error, ValueError, TypeError) as error:
        raise BankError(f"{connection.filename}: cannot read tasks ({error}); build it again") from error


def index_row(task: Task) -> Record:
    """Gives a task's row of the table `task`, less its position."""
    record = task_record(task)
    return (*record[:_NAMED], task_sha256(record))


def text_row(task: Task) -> Record:
    """Gives a task's row of the table `task_text`, less its position."""
    return task_record(task)[_NAMED:]


def task_sha256(record: Record) -> bytes:
    """Gives the sha256 of a task's columns, those of the index first."""
    return hashlib.sha256(_line(record)).digest()


def read_manifest(connection: apsw.Connection) -> dict[str, Any]:
    """Gives the manifest of an open bank file. Raises ValueError or LookupError when it was damaged."""
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    text = meta["manifest"]
    if hashlib.sha256(text.encode()).hexdigest() != meta["sha256"]:
        raise ValueError("its manifest was changed since it was written")
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def meta_rows(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Gives the rows of the table `meta`."""
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    yield "manifest", text
    yield "sha256", hashlib.sha256(text.encode()).hexdigest()


def _check_format(connection: apsw.Connection, path: Path) -> None:
    if connection.pragma("application_id") != APPLICATION_ID:
        raise BankError(f"{path} is a SQLite database, but no task bank")
    found = connection.pragma("user_version")
    if found != FORMAT:
        raise BankError(f"{path} has bank format {found}, this version reads format {FORMAT}; build it again")
    if path.stat().st_size < connection.pragma("page_count") * connection.pragma("page_size"):
        raise BankError(f"{path} was cut short; build it again")


def _read(connection: apsw.Connection, path: Path) -> BankContent:
    manifest = read_manifest(connection)
    databases = [
        (str(database_id), str(title), int(str(split)))
        for database_id, title, split in connection.execute(
            "SELECT database_id, title, split FROM database ORDER BY position"
        )
    ]
    hashes: dict[str, list[str]] = {database_id: [] for database_id, _, _ in databases}
    for database_id, instance, image_hash in connection.execute(
        "SELECT database_id, instance, sha256 FROM instance ORDER BY database_id, instance"
    ):
        if instance != len(hashes[database_id]):
            raise ValueError(f"an instance of {database_id!r} is missing")
        hashes[database_id].append(image_hash)
    index = connection.execute(f"SELECT {_INDEX} FROM task ORDER BY position").fetchall()
    digest = Digest()
    for database_id, title, split in databases:
        digest.add_database(database_id, title, split, hashes[database_id])
    digest.add_tasks(index)
    if manifest["digest"] != digest.hexdigest():
        raise BankError(f"{path} was changed since it was written: its digest does not fit; build it again")
    return BankContent(
        databases=tuple(
            DatabaseInfo(database_id, title, Split(split), len(hashes[database_id]))
            for database_id, title, split in databases
        ),
        image_hashes={
            (database_id, instance): image_hash
            for database_id, of_database in hashes.items()
            for instance, image_hash in enumerate(of_database)
        },
        index=index,
        manifest=manifest,
    )


def _decompress(image: bytes) -> bytes:
    """Decompresses an image. Raises ValueError when it would fill the memory."""
    decompressor = lzma.LZMADecompressor(memlimit=LARGEST_IMAGE)
    whole = decompressor.decompress(image, max_length=LARGEST_IMAGE)
    if not decompressor.eof:
        raise ValueError("an image is cut short, or larger than a gigabyte")
    return whole


def _line(values: Iterable[Any]) -> bytes:
    return json.dumps(list(values)).encode() + b"\n"


def task_record(task: Task) -> Record:
    """Gives a task's columns: those of the index, less its sha256, and those of `task_text`."""
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


def task_of(record: Record) -> Task:
    """Gives the task that `task_record` made the columns of. Raises ValueError or TypeError for others."""
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
