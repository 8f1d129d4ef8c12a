"""Numbers that are remembered by text, for any number of texts in a few megabytes of memory."""

from __future__ import annotations

from hashlib import blake2b

import apsw

_CACHE_KIB = 2_048


class Remembered:
    """A number for each of many texts, by a hash of eight bytes, in a temporary file that SQLite removes."""

    def __init__(self) -> None:
        self._connection = apsw.Connection("")
        self._connection.execute(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_CACHE_KIB};"
            "CREATE TABLE remembered (hash INTEGER PRIMARY KEY, number INTEGER NOT NULL)"
        ).fetchall()

    def get(self, text: str) -> int | None:
        """Gives a text's number; None when it has none."""
        number = self._connection.execute("SELECT number FROM remembered WHERE hash = ?", (_hash(text),)).get
        assert number is None or isinstance(number, int), "the column's type"
        return number

    def set(self, text: str, number: int) -> None:
        """Remembers a text's number, in place of the one that it had."""
        self._connection.execute("INSERT OR REPLACE INTO remembered VALUES (?, ?)", (_hash(text), number))

    def first(self, text: str, number: int) -> int:
        """Gives a text's number, which is `number` if it had none."""
        known = self.get(text)
        if known is None:
            self.set(text, number)
        return number if known is None else known


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)
