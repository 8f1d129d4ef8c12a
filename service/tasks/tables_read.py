"""The tables that a statement of the bank names."""

from __future__ import annotations

from sqlglot import exp

from .parsing import parsed


def tables_read(sql: str) -> tuple[str, ...]:
    """Gives the tables and views that `sql` names, sorted, each once; names of CTEs are left out.

    Raises sqlglot.errors.ParseError when `sql` is not one statement of SQLite's dialect.
    """
    statement = parsed(sql)
    ctes = {cte.alias for cte in statement.find_all(exp.CTE)}
    return tuple(sorted({table.name for table in statement.find_all(exp.Table)} - ctes))
