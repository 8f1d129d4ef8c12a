"""How hard a task is, by the structure of its gold statement."""

from __future__ import annotations

from sqlglot import exp

from ..core.task import Difficulty
from .parsing import parsed


def difficulty_of(sql: str) -> Difficulty:
    """Gives the difficulty of a statement in SQLite's dialect.

    HARD: a set operation, three tables or more (a table counts as often as it is named), or two nested
    queries or more. EASY: one table and no nested query. MEDIUM: what lies between. The rule is our own;
    it follows the contract's words for each grade. Raises sqlglot.errors.SqlglotError for what is none.
    """
    return structural_difficulty(parsed(sql))


def structural_difficulty(statement: exp.Expr) -> Difficulty:
    """As `difficulty_of`, of a statement that is parsed already."""
    nodes = list(statement.walk())
    ctes = {node.alias for node in nodes if isinstance(node, exp.CTE)}
    tables = sum(isinstance(node, exp.Table) and node.name not in ctes for node in nodes)
    outermost = 0 if isinstance(statement, exp.Insert | exp.Update | exp.Delete) else 1
    nested = sum(isinstance(node, exp.Select) for node in nodes) - outermost
    if tables >= 3 or nested >= 2 or any(isinstance(node, exp.SetOperation) for node in nodes):
        return Difficulty.HARD
    return Difficulty.EASY if tables <= 1 and nested <= 0 else Difficulty.MEDIUM
