"""Ends a statement that is late between two ticks: 4,000 operations may be 4,000 searches of a long text."""

from __future__ import annotations

import threading
from math import inf
from time import monotonic, sleep
from typing import Final

import apsw

from .guard import Guard

PERIOD_SECONDS: Final = 0.01
"""How often one thread looks at all statements under way; so much later than its deadline one may end."""


class Alarm:
    """Interrupts one connection's statement when it is late. SQLite stops before its next operation."""

    __slots__ = ("_connection", "_due", "_guard", "_lock")

    def __init__(self, connection: apsw.Connection, guard: Guard) -> None:
        self._connection = connection
        self._guard = guard
        self._lock = threading.Lock()  # so that it never rings for the statement after the one that was late
        self._due = inf
        _watch()

    def set(self) -> None:
        """A statement begins."""
        self._due = self._guard.deadline
        _under_way.add(self)

    def clear(self) -> None:
        """The statement has ended."""
        _under_way.discard(self)
        with self._lock:
            self._due = inf

    def ring_if_due(self) -> None:
        """Interrupts the statement when its deadline has passed."""
        with self._lock:
            if monotonic() > self._due:
                self._guard.expire()
                self._connection.interrupt()


_under_way: set[Alarm] = set()
_starting = threading.Lock()
_watchman: threading.Thread | None = None


def _watch() -> None:
    global _watchman
    with _starting:
        if _watchman is None or not _watchman.is_alive():  # dead in a forked process
            _watchman = threading.Thread(target=_patrol, name="sqldojo-alarms", daemon=True)
            _watchman.start()


def _patrol() -> None:
    while True:
        sleep(PERIOD_SECONDS)
        _ring_those_due()


def _ring_those_due() -> None:  # a function, so that no connection is held while the thread sleeps
    for alarm in tuple(_under_way):  # copied in one go, whatever other threads add meanwhile
        alarm.ring_if_due()
