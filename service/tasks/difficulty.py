"""How hard a task is, by the structure of its gold statement."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from ..core.task import Difficulty


def difficulty_of(sql: str) -> Difficulty:
    """Gives the difficulty of a statement in SQLite's dialect.

    HARD: a set operation, three tables or more (a table counts as often as it is named), or two nested
    queries or more. EASY: one table and no nested query. MEDIUM: what lies between. The rule is our own;
    it follows the contract's words for each grade. Raises sqlglot.errors.SqlglotError for what is none.
    """
    statement = sqlglot.parse_one(sql, read="sqlite")
    ctes = {cte.alias for cte in statement.find_all(exp.CTE)}
    tables = sum(table.name not in ctes for table in statement.find_all(exp.Table))
    outermost = 0 if isinstance(statement, exp.Insert | exp.Update | exp.Delete) else 1
    nested = sum(1 for _ in statement.find_all(exp.Select)) - outermost
    if statement.find(exp.SetOperation) or tables >= 3 or nested >= 2:
        return Difficulty.HARD
    return Difficulty.EASY if tables <= 1 and nested <= 0 else Difficulty.MEDIUM
