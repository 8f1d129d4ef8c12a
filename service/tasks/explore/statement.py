"""SELECT statements as text that people can read.

A column is written with its table's alias between marks, which `finished` turns into `p.name`, or into
`name` where the statement reads one table only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from textwrap import indent

from ...core.execution import Value
from ..ground import quoted

_BEFORE, _BEHIND, _AS = "\ue000", "\ue001", "\ue002"  # private characters, which no name or value holds
_SOURCE = re.compile(f"{_AS}(.*?){_BEHIND}")
_COLUMN = re.compile(f"{_BEFORE}(.*?){_BEHIND}")
_FROM = re.compile(r"(?i)(?<![\"\w])(from|join)(?![\"\w])")


@dataclass(frozen=True, slots=True)
class Select:
    """A SELECT, clause by clause. `source` and `joins` are texts as `source` and `joined` give them."""

    columns: tuple[str, ...]
    source: str
    joins: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    having: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    limit: str = ""
    distinct: bool = False

    def __str__(self) -> str:
        head = "SELECT DISTINCT " if self.distinct else "SELECT "
        lines = [head + ", ".join(self.columns), f"FROM {self.source}", *self.joins]
        for word, parts, glue in (
            ("WHERE", self.where, "\n  AND "),
            ("GROUP BY", self.group, ", "),
            ("HAVING", self.having, " AND "),
            ("ORDER BY", self.order, ", "),
        ):
            if parts:
                lines.append(f"{word} {glue.join(parts)}")
        if self.limit:
            lines.append(f"LIMIT {self.limit}")
        return "\n".join(lines)

    def with_columns(self, *columns: str) -> Select:
        """Gives the same rows with other columns."""
        return replace(self, columns=columns)

    def also(self, *conditions: str) -> Select:
        """Gives the rows that meet further conditions."""
        return replace(self, where=(*self.where, *conditions))


def column(alias: str, name: str = "") -> str:
    """Writes a column of the table with that alias; without a name, what stands before one."""
    return f"{_BEFORE}{alias}{_BEHIND}{quoted(name) if name else ''}"


def source(table: str, alias: str) -> str:
    """Writes a table of a FROM clause."""
    return f"{quoted(table)}{_AS}{alias}{_BEHIND}"


def joined(table: str, alias: str, pairs: list[tuple[str, str]], kind: str = "JOIN") -> str:
    """Writes a join on equal columns."""
    return f"{kind} {source(table, alias)} ON {' AND '.join(f'{a} = {b}' for a, b in pairs)}"


def nested(sql: Select | str) -> str:
    """Writes a statement in parentheses, on lines of its own."""
    return f"(\n{indent(str(sql), '    ')}\n)"


def literal(value: Value) -> str:
    """Writes a value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return repr(value)


def finished(sql: Select | str) -> str:
    """Gives the statement as SQLite reads it."""
    text = str(sql)
    if len(_FROM.findall(text)) == 1:
        return _COLUMN.sub("", _SOURCE.sub("", text))
    return _COLUMN.sub(r"\1.", _SOURCE.sub(r" AS \1", text))
