"""SQLite's trim, ltrim and rtrim with two arguments, in linear time.

SQLite's own compare each character that they strip with each that is to be stripped: seconds for a text of
100 KB and 8,000 characters, in one operation, which neither the deadline nor an alarm can end.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Final

import apsw

_numbers: Final = apsw.Connection(":memory:")
_numbers_lock: Final = threading.Lock()  # SQLite lets one thread at a time use a connection


def replace_trims(connection: apsw.Connection) -> None:
    """Puts these functions in the place of SQLite's on one connection, views and indexes included.

    The results are SQLite's, with two exceptions. Bytes that are not UTF-8 are an error in a text, and U+FFFD
    in what is left of a BLOB. And no number of characters is too large.
    """
    innocuous = apsw.SQLITE_INNOCUOUS  # else a view could not call them, for schemas are not trusted
    for name, function in _FUNCTIONS.items():
        connection.create_scalar_function(name, function, 2, deterministic=True, flags=innocuous)


def _stripped(
    value: apsw.SQLiteValue, characters: apsw.SQLiteValue, *, left: bool, right: bool
) -> str | None:
    if value is None or characters is None:
        return None
    text = text_of(value)
    strip = frozenset(text_of(characters).partition("\0")[0])  # SQLite reads the characters as a C string
    start, end = 0, len(text)  # str.strip would search all the characters for each that it strips
    while left and start < end and text[start] in strip:
        start += 1
    while right and start < end and text[end - 1] in strip:
        end -= 1
    return text[start:end]


_FUNCTIONS: Final = {
    "trim": partial(_stripped, left=True, right=True),
    "ltrim": partial(_stripped, left=True, right=False),
    "rtrim": partial(_stripped, left=False, right=True),
}


def text_of(value: apsw.SQLiteValue) -> str:
    """Gives a value, not NULL, as SQLite's CAST to TEXT does."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, int):
        return str(value)
    with _numbers_lock:  # SQLite has its own way to round and write what is no integer
        return str(_numbers.execute("SELECT CAST(? AS TEXT)", (value,)).get)
