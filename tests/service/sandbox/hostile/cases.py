"""How a hostile statement is written down: what it is, and what may come of it."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """A statement for the database retail_shop, and the outcomes that are right.

    An outcome is ROWS, or the name of an ErrorKind. `reading` is for a session that may write nothing,
    `writing` for one that may write the table review. What `sticks` does so before the first operation or in
    one: only the end of its player ends it.
    """

    sql: str
    reading: frozenset[str]
    writing: frozenset[str]
    sticks: bool = False


def expect(
    outcomes: str, *statements: str, writing: str | None = None, sticks: bool = False
) -> tuple[Case, ...]:
    """Makes cases from which any of some outcomes may come, and others where `writing` says so."""
    reading = frozenset(outcomes.split())
    return tuple(
        Case(sql, reading, frozenset(writing.split()) if writing else reading, sticks) for sql in statements
    )


def text(size: int, letter: str = "a") -> str:
    """Gives an expression for a text of so many letters; SQLite refuses more than 100,000."""
    return f"printf('%.{size}c', '{letter}')"


def times(count: int, part: str) -> str:
    """Gives an expression for a text repeated so often."""
    return f"replace({text(count, 'x')}, 'x', '{part}')"


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
"""Begins a statement with a table `c` that has no end."""

STOPPED = "TIMEOUT LIMIT"
