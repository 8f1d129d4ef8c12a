"""The time that every database shows: an episode must not depend on the day on which it is played."""

from __future__ import annotations

import os
import time
from typing import Final

import apsw

from .trims import replace_trims

NOW: Final = "2025-01-01 00:00:00"
"""What datetime('now') and CURRENT_TIMESTAMP give, in UTC."""

_NOW_MILLISECONDS: Final = 212_602_449_600_000  # NOW as a Julian day number, times 86,400,000


class _FrozenClock(apsw.VFS):
    """SQLite's in-memory file system with a clock that stands still.

    No file can be reached through it: what a large sort spills stays in memory too.
    """

    NAME: Final = "sqldojo-frozen"

    def __init__(self) -> None:
        super().__init__(self.NAME, base="memdb")

    def xCurrentTimeInt64(self) -> int:  # noqa: N802 - SQLite's name
        return _NOW_MILLISECONDS

    def xCurrentTime(self) -> float:  # noqa: N802 - SQLite's name
        return _NOW_MILLISECONDS / 86_400_000


_FLAGS: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
_FROZEN: Final = _FrozenClock()  # SQLite knows it for as long as this lives


def open_frozen() -> apsw.Connection:
    """Opens an empty in-memory database whose clock stands at NOW, with the trims of `trims`.

    It may move between threads, but only one may use it at a time: SQLite is told to take no lock for each
    cell that is read. `Connection.interrupt` may be called from any thread all the same.
    """
    connection = apsw.Connection(":memory:", flags=_FLAGS, vfs=_FROZEN.NAME)
    replace_trims(connection)
    return connection


def set_process_time_zone() -> None:
    """Sets this process to UTC, for SQLite's 'localtime' modifier asks the C library. Call it at start."""
    os.environ["TZ"] = "UTC"
    time.tzset()
