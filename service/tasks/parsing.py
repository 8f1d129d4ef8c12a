"""Statements of the bank as trees."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp


@lru_cache(maxsize=256)
def parsed(sql: str) -> exp.Expr:
    """Gives the tree of a statement in SQLite's dialect, to be read only: it is kept for the next who asks.

    Raises sqlglot.errors.SqlglotError for what is none.
    """
    return sqlglot.parse_one(sql, read="sqlite")
