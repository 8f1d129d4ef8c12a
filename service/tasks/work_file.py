"""What an unfinished build has done so far, beside the bank that it is to become."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import apsw

from .bank_file import BankError, task_of, task_record
from .chunk import Chunk, Made
from .verify import Fault, FaultKind

_DDL = """
CREATE TABLE IF NOT EXISTS build (arguments TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunk (name TEXT PRIMARY KEY, made BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS image (
    name TEXT NOT NULL, instance INTEGER NOT NULL, sha256 TEXT NOT NULL, image BLOB NOT NULL,
    PRIMARY KEY (name, instance)
);
"""


@contextlib.contextmanager
def work_folder(bank: Path, *, wait: bool = False) -> Iterator[Path]:
    """Gives the folder for a bank's unfinished build; one process at a time has it.

    With `wait` it waits for that process to end, else BankError says that there is one. The lock is the
    system's, so it ends with the process, however that ends. The folder stays unless it is removed inside.
    """
    folder = bank.with_name(f"{bank.name}.work")
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            if not bank.parent.exists():
                raise
            continue  # its last owner removed it just now
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError as error:
                raise BankError(
                    f"another process is building {bank}; wait for it, or choose another file"
                ) from error
            if _is_at(descriptor, folder / "lock"):
                yield folder
                return
        finally:
            os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Says whether an open file is still the one at a path: its last owner may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


class WorkFile:
    """The chunks that are made. Each is there whole or not at all, whenever the process ends."""

    def __init__(self, folder: Path, arguments: str) -> None:
        self._folder = folder
        self._arguments = arguments

    def __enter__(self) -> Self:
        path = self._folder / "chunks.sqlite"
        try:
            self._connection = self._open(path)
        except apsw.Error:
            path.unlink(missing_ok=True)  # of no use: what was in it is made again
            self._connection = self._open(path)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close(True)

    def remove(self) -> None:
        """Removes the folder with all that is in it."""
        self._connection.close(True)
        shutil.rmtree(self._folder)

    def has(self, chunk: Chunk) -> bool:
        """Says whether a chunk is there."""
        return bool(self._connection.execute("SELECT 1 FROM chunk WHERE name = ?", (chunk.name,)).get)

    def load(self, chunk: Chunk) -> Made | None:
        """Gives what a chunk made, None when it is not there, or no longer readable."""
        try:
            made = self._connection.execute("SELECT made FROM chunk WHERE name = ?", (chunk.name,)).get
            images = self._connection.execute(
                "SELECT sha256, image FROM image WHERE name = ? ORDER BY instance", (chunk.name,)
            ).fetchall()
            return None if made is None else _decode(bytes(made), images)
        except (apsw.Error, zlib.error, ValueError, TypeError):
            return None

    def store(self, chunk: Chunk, made: Made) -> None:
        """Keeps what a chunk made."""
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO chunk VALUES (?, ?)", (chunk.name, _encode(made))
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO image VALUES (?, ?, ?, ?)",
                [(chunk.name, instance, *image) for instance, image in enumerate(made.images)],
            )

    def _open(self, path: Path) -> apsw.Connection:
        connection = apsw.Connection(str(path))
        connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").fetchall()
        connection.execute(_DDL)
        if connection.execute("SELECT arguments FROM build").get != self._arguments:
            with connection:
                connection.execute("DELETE FROM build; DELETE FROM chunk; DELETE FROM image")
                connection.execute("INSERT INTO build VALUES (?)", (self._arguments,))
        return connection


def _encode(made: Made) -> bytes:
    content = {
        "tasks": [task_record(task) for task in made.tasks],
        "faults": [[fault.task_id, fault.kind.name, fault.reason] for fault in made.faults],
    }
    text = json.dumps(content).encode()
    return zlib.compress(hashlib.sha256(text).digest() + text, 1)


def _decode(made: bytes, images: Sequence[tuple[Any, ...]]) -> Made:
    packed = zlib.decompress(made)
    digest, text = packed[:32], packed[32:]
    if hashlib.sha256(text).digest() != digest:
        raise ValueError("not what was kept")
    content = json.loads(text)
    return Made(
        tasks=tuple(task_of(tuple(record)) for record in content["tasks"]),
        images=tuple((str(image_hash), bytes(image)) for image_hash, image in images),
        faults=tuple(Fault(task_id, FaultKind[kind], reason) for task_id, kind, reason in content["faults"]),
    )
