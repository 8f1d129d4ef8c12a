"""Whether a task's gold rows are the statement's own, or an accident of how SQLite happens to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import apsw
import sqlglot
from sqlglot import exp

from ..core.execution import Row, Rows
from ..core.grading import same_rows
from ..core.task import Task
from ..sandbox.clock import open_frozen

_TIE = "break_tie"

# Window functions whose value hangs on the order of equal rows.
_POSITIONAL = (exp.RowNumber, exp.Lag, exp.Lead, exp.Ntile, exp.FirstValue, exp.LastValue, exp.NthValue)


def unstable_instances(task: Task, images: Sequence[bytes], golds: Sequence[Rows]) -> list[int]:
    """Gives the instances on which gold's rows are others when all that it leaves open is decided otherwise.

    Left open are the order in which rows are read and the order of rows that sort equal; both are turned
    round. Gives none where that cannot be told: where sqlglot does not write the statement as it was, or
    a text is no UTF-8; and overlooks which row a bare column beside min() or max() is taken from.
    `golds` are the gold rows by instance.
    """
    as_written = sqlglot.parse_one(task.gold_sql, read="sqlite").sql("sqlite")
    broken_ties = with_broken_ties(task.gold_sql)

    def gives_gold(instance: int, sql: str, *, backwards: bool = False) -> bool:
        rows = _run(images[instance], sql, task.check_sql, backwards=backwards)
        return same_rows(replace(golds[instance], rows=rows), golds[instance], ordered=task.ordered)

    try:
        if not gives_gold(0, as_written):
            return []
        return [
            instance
            for instance in range(len(images))
            if not all(gives_gold(instance, broken_ties, backwards=way) for way in (False, True))
        ]
    except UnicodeDecodeError:
        return []


def with_broken_ties(sql: str) -> str:
    """Adds a last sort key, the function `break_tie`, to all that the statement sorts or limits."""
    statement = sqlglot.parse_one(sql, read="sqlite")
    key = exp.Ordered(this=exp.func(_TIE), nulls_first=True)
    for compound in list(statement.find_all(exp.SetOperation)):
        if compound.args.get("order") or compound.args.get("limit"):
            wrapped = _wrapped(compound)
            statement = wrapped if compound is statement else statement
            compound.replace(wrapped)
    for query in list(statement.find_all(exp.Select)):
        if query.args.get("order") or query.args.get("limit"):
            query.order_by(key.copy(), copy=False)
    for window in statement.find_all(exp.Window):
        if isinstance(window.this, _POSITIONAL) and window.args.get("order"):
            window.args["order"].append("expressions", key.copy())
    return statement.sql("sqlite")


def _wrapped(compound: exp.SetOperation) -> exp.Select:
    """Puts a compound into a query of its own, since its ORDER BY takes no expressions."""
    inner = compound.copy()
    parts = {name: inner.args.get(name) for name in ("order", "limit", "offset", "with_")}
    for name in parts:
        inner.set(name, None)
    outer = exp.select("*").from_(inner.subquery("compound"))
    for name, part in parts.items():
        outer.set(name, part)
    return outer


def _run(image: bytes, sql: str, check_sql: str, *, backwards: bool = False) -> list[Row]:
    connection = open_frozen()
    try:
        connection.deserialize("main", image)
        connection.pragma("reverse_unordered_selects", backwards)
        numbers = count(0, -1 if backwards else 1)

        def break_tie(*_: apsw.SQLiteValue) -> int:
            return next(numbers)

        connection.create_scalar_function(_TIE, break_tie, 0)
        rows: list[Row] = connection.execute(sql).fetchall()
        return connection.execute(check_sql).fetchall() if check_sql else rows
    finally:
        connection.close()
