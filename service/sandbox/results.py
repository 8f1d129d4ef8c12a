"""Results of statements that need not be run again."""

from __future__ import annotations

import marshal
import threading
from collections import OrderedDict
from typing import Final

from ..core.execution import ActionError, Rows

Result = Rows | ActionError
_Key = tuple[int, str]  # the database's number, and the statement

SEEN: Final = 20_000
"""Statements, the last ones, that are remembered as run once without their results; at most twice as many."""

_OVERHEAD: Final = 500  # bytes of an entry beside its values
_IN_MEMORY: Final = 6  # bytes in memory for one that `marshal` writes, about


class Results:
    """What statements gave on databases that nobody writes to, in at most about so many bytes.

    A group of rollouts asks the same again and again. A statement is kept when it is run a second time, so
    that those which occur once cost nothing; those not asked for longest go first. What time or memory ended
    is not kept. For any thread.
    """

    def __init__(self, max_bytes: int) -> None:
        self.asked = 0
        self.found = 0
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[_Key, tuple[Result, int]] = OrderedDict()
        self._seen: set[int] = set()
        self._seen_before: set[int] = set()
        self._lock = threading.Lock()

    def find(self, key: _Key) -> Result | None:
        """Gives what a statement gave; None where that is not known."""
        self.asked += 1
        entry = self._kept.get(key)
        if entry is None:
            return None
        self.found += 1
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
        return entry[0]

    def add(self, key: _Key, result: Result) -> None:
        """Notes what a statement gave."""
        if isinstance(result, ActionError) and result.by_machine:
            return
        digest = hash(key)
        if digest not in self._seen and digest not in self._seen_before:
            self._seen.add(digest)
            if len(self._seen) > SEEN:
                self._seen_before, self._seen = self._seen, set()
            return
        with self._lock:
            size = _OVERHEAD + len(key[1]) + (_size(result) if isinstance(result, Rows) else 0)
            if key in self._kept or size > self._max_bytes // 16:
                return
            self._kept[key] = result, size
            self._bytes += size
            while self._bytes > self._max_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed


def _size(rows: Rows) -> int:
    return _IN_MEMORY * len(marshal.dumps(rows.rows, 2))
