"""Ends a statement that is late between two ticks: 4,000 operations may be 4,000 searches of a long text."""

from __future__ import annotations

import threading
from math import inf
from time import monotonic, sleep
from typing import Final
from weakref import WeakSet

import apsw

from .guard import Guard

PERIOD_SECONDS: Final = 0.25
"""How often one thread looks at all statements under way."""


class Alarm:
    """Interrupts one connection's statement when it is late. SQLite stops before its next operation."""

    __slots__ = ("__weakref__", "_connection", "_due", "_guard", "_lock")

    def __init__(self, connection: apsw.Connection, guard: Guard) -> None:
        self._connection = connection
        self._guard = guard
        self._lock = threading.Lock()  # so that it never rings for the statement after the one that was late
        self._due = inf
        _watch(self)

    def set(self) -> None:
        """A statement begins."""
        self._due = self._guard.deadline

    def clear(self) -> None:
        """The statement has ended."""
        with self._lock:
            self._due = inf

    def ring_if_due(self) -> None:
        """Interrupts the statement when its deadline has passed."""
        with self._lock:
            if monotonic() > self._due:
                self._guard.expire()
                self._connection.interrupt()


_alarms: WeakSet[Alarm] = WeakSet()
_alarms_lock = threading.Lock()
_watchman: threading.Thread | None = None


def _watch(alarm: Alarm) -> None:
    global _watchman
    with _alarms_lock:
        _alarms.add(alarm)
        if _watchman is None or not _watchman.is_alive():  # dead in a forked process
            _watchman = threading.Thread(target=_patrol, name="sqldojo-alarms", daemon=True)
            _watchman.start()


def _patrol() -> None:
    while True:
        sleep(PERIOD_SECONDS)
        _ring_those_due()


def _ring_those_due() -> None:  # a function, so that no connection is held while the thread sleeps
    with _alarms_lock:
        alarms = list(_alarms)
    for alarm in alarms:
        alarm.ring_if_due()
