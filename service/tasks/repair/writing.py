"""How statements are written out: as people write them, one clause a line."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.generators.sqlite import SQLiteGenerator

_LONGEST_LINE = 72  # characters; a statement that fits stays on one line
_QUOTED = r"'(?:[^']|'')*'|\"[^\"]*\""
_CLAUSES = (
    r"(?:(?:LEFT|INNER|CROSS|NATURAL) )?(?:OUTER )?JOIN\b|FROM\b|WHERE\b|GROUP BY\b|HAVING\b|ORDER BY\b"
    r"|LIMIT\b|UNION(?: ALL)?\b|INTERSECT\b|EXCEPT\b|MINUS\b|FETCH\b|SELECT\b|SET\b"
)
_PIECE = re.compile(rf"{_QUOTED}|[()]|(?<=[\s)])(?P<clause>{_CLAUSES})|\w+|.", re.DOTALL)


class _Writer(SQLiteGenerator):
    """Writes NOT where people write it: `x IS NOT NULL`, `x NOT IN (…)`."""

    def not_sql(self, expression: exp.Not) -> str:
        inner = expression.this
        for kind, word in ((exp.Is, "IS"), (exp.In, "IN"), (exp.Like, "LIKE"), (exp.Between, "BETWEEN")):
            if type(inner) is kind:
                left = self.sql(inner, "this")
                rest = self.sql(inner).removeprefix(left).lstrip()
                after = rest.removeprefix(word)
                return f"{left} IS NOT{after}" if kind is exp.Is else f"{left} NOT {word}{after}"
        return super().not_sql(expression)


def written(statement: exp.Expr) -> str:
    """Gives the statement in SQLite's dialect on one line.

    A quotient that no parser has read may be given a cast in the tree as well.
    """
    return _Writer(dialect="sqlite", normalize_functions="lower").generate(statement, copy=False)


def laid_out(text: str) -> str:
    """Breaks a long statement of one line before each clause that stands in no parentheses."""
    if len(text) <= _LONGEST_LINE:
        return text
    depth = 0
    parts: list[str] = []
    for piece in _PIECE.finditer(text):
        found = piece.group()
        depth += (found == "(") - (found == ")")
        if piece["clause"] and depth == 0 and parts:
            while parts and parts[-1] == " ":
                parts.pop()
            parts.append("\n")
        parts.append(found)
    return "".join(parts)
