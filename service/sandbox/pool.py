"""The databases that a server's worker threads and sessions run their statements on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

import apsw

from ..core import execution as core
from ..core.execution import ActionError, Rows
from ..core.schema import Permissions
from .database import Database
from .images import DatabaseImages
from .limits import Limits
from .results import Results
from .watch import UNWATCHED, Watch

_Key = tuple[str, int, Permissions]

PATIENCE: Final = 60.0
"""How many times longer a statement may take when it is run again in a replay."""

SHARED_PER_THREAD: Final = 64
"""Read-only databases that each thread keeps open, those least recently used being closed."""


class DatabasePool:
    """Opens databases from their images, and shares those that nobody may write.

    A shared database belongs to one thread, for SQLite lets one thread at a time use a connection, and to
    one set of permissions, for SQLite checks them when it compiles a statement and keeps what it compiled.
    With `result_bytes`, results of statements on shared databases are kept in about so much memory, and not
    worked out again. `watch` is told of every statement that is run.
    """

    def __init__(self, limits: Limits, result_bytes: int = 0, watch: Watch = UNWATCHED) -> None:
        self.results = Results(result_bytes)
        self._limits = limits
        self._watch = watch
        self._local = threading.local()
        self._numbers: dict[_Key, int] = {}

    def world(self, images: DatabaseImages, permissions: Permissions) -> SessionWorld:
        """Gives the databases of one session. Nothing is opened before it is asked for."""
        return SessionWorld(self, images, permissions)

    def open_private(self, images: DatabaseImages, instance: int, permissions: Permissions) -> Database:
        """Opens a copy that nobody else uses."""
        return Database(images.images[instance], images.schema, permissions, self._limits, self._watch)

    def open_shared(self, images: DatabaseImages, instance: int, permissions: Permissions) -> Remembering:
        """Gives this thread's database. It may not be handed to another thread."""
        databases = self._thread_databases()
        key = (images.database_id, instance, permissions)
        database = databases.get(key)
        if database is None:
            number = self._numbers.setdefault(key, len(self._numbers))
            opened = self.open_private(images, instance, permissions)
            database = databases[key] = Remembering(opened, number, self.results)
            if len(databases) > SHARED_PER_THREAD:
                databases.popitem(last=False)
        else:
            databases.move_to_end(key)
        return database

    def _thread_databases(self) -> OrderedDict[_Key, Remembering]:
        try:
            return self._local.databases  # type: ignore[no-any-return]
        except AttributeError:
            self._local.databases = OrderedDict()
            return self._thread_databases()


class Remembering:
    """A shared database that runs no statement whose result is known."""

    __slots__ = ("_database", "_number", "_results")

    def __init__(self, database: Database, number: int, results: Results) -> None:
        self._database = database
        self._number = number
        self._results = results

    def execute(self, sql: str, patience: float = 1.0) -> Rows | ActionError:
        """As Database.execute."""
        key = self._number, sql
        result = self._results.find(key)
        if result is None:
            result = self._database.execute(sql, patience)
            self._results.add(key, result)
        return result


class _Patient:
    """A database that gives statements more time."""

    __slots__ = ("_database",)

    def __init__(self, database: Database | Remembering) -> None:
        self._database = database

    def execute(self, sql: str) -> Rows | ActionError:
        """As Database.execute."""
        return self._database.execute(sql, PATIENCE)


class SessionWorld:
    """The databases of one session, which may move between threads but is played by one at a time.

    While `replays` is set, what runs is known to have ended by itself in time, so it gets more of that: this
    machine may be busier than the one on which it did.
    """

    __slots__ = ("_images", "_permissions", "_pool", "_private", "replays")

    def __init__(self, pool: DatabasePool, images: DatabaseImages, permissions: Permissions) -> None:
        self._pool = pool
        self._images = images
        self._permissions = permissions
        self._private: Database | None = None
        self.replays = False

    @property
    def visible(self) -> core.Database:
        """The calling thread's shared database, or the session's own copy when the task may write."""
        if self._permissions.read_only:
            return self.pristine(0)
        if self._private is None:
            self._private = self._pool.open_private(self._images, 0, self._permissions)
        return self._timed(self._private)

    def pristine(self, instance: int) -> core.Database:
        """The calling thread's shared database, or a new copy when the task may write."""
        pool = self._pool
        opens = pool.open_shared if self._permissions.read_only else pool.open_private
        return self._timed(opens(self._images, instance, self._permissions))

    def _timed(self, database: Database | Remembering) -> core.Database:
        return _Patient(database) if self.replays else database

    def close(self) -> None:
        """Frees the session's own copy. Closing twice is no error."""
        if self._private is not None:
            self._private.close()
            self._private = None


def set_process_heap_limit(limit_bytes: int) -> None:
    """Bounds all of this process's SQLite memory. Call it once, at start.

    All databases share the bound, so it stands behind those of `Limits` and is set well above them.
    """
    apsw.hard_heap_limit(limit_bytes)
