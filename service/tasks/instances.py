"""All instances of one database, open for reading: what the generators, checks and audits run SQL on."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.execution import ActionError, Rows
from ..core.schema import READ_ALL, Permissions
from ..sandbox.database import Database
from ..sandbox.images import DatabaseImages
from ..sandbox.limits import Limits

LIMITS = Limits(deadline_seconds=60.0)  # operations decide: a busy machine must give the same bank


class Instances:
    """The instances of a database, the visible one (0) first, each opened once for each set of permissions.

    For one thread. Statements run in the sandbox, under the limits that an agent's have, but that only
    SQLite's operations say what takes too long.
    """

    def __init__(self, database_id: str, images: Sequence[bytes]) -> None:
        self.images = DatabaseImages.of(database_id, images)
        self.schema = self.images.schema
        self._open: dict[tuple[int, Permissions], Database] = {}

    def __len__(self) -> int:
        return len(self.images.images)

    def run(self, sql: str, instance: int = 0, permissions: Permissions = READ_ALL) -> Rows | ActionError:
        """Runs a statement that writes nothing; gives its rows, or what went wrong."""
        key = (instance, permissions)
        database = self._open.get(key)
        if database is None:
            database = Database(self.images.images[instance], self.schema, permissions, LIMITS)
            self._open[key] = database
        return database.execute(sql)

    def close(self) -> None:
        """Frees the memory."""
        for database in self._open.values():
            database.close()
        self._open.clear()
