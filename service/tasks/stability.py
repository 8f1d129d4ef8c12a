"""Whether a task's gold rows are the statement's own, or an accident of how SQLite happens to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import apsw
from sqlglot import exp

from ..core.execution import Row, Rows
from ..core.grading import same_rows
from ..core.task import Task
from ..sandbox.clock import open_frozen

_TIE = "break_tie"
_MOST_OPERATIONS = 100_000_000  # of SQLite's virtual machine for one statement: four times what an agent has
_TICK = 1_000_000

# Window functions whose value hangs on the order of equal rows.
_POSITIONAL = (exp.RowNumber, exp.Lag, exp.Lead, exp.Ntile, exp.FirstValue, exp.LastValue, exp.NthValue)
_TOTALS = (exp.Avg, exp.Count, exp.Max, exp.Min, exp.Sum)
_OPEN = (exp.Group, exp.Window, exp.Limit, exp.SetOperation, exp.Anonymous, exp.Having)


class Shaker:
    """Runs statements with all that they leave open decided otherwise: two connections to each instance.

    Left open are the order in which rows are read and the order of rows that sort equal; both are turned
    round. For one thread.
    """

    def __init__(self, images: Sequence[bytes]) -> None:
        self._images = images
        self._open: dict[tuple[int, bool], _Shaken] = {}

    def unstable_instances(self, task: Task, statement: exp.Expr, golds: Sequence[Rows]) -> list[int]:
        """Gives the instances on which gold's rows are others when what it leaves open is decided otherwise.

        `statement` is the task's gold, parsed; `golds` are its rows by instance. Gives none
        where it cannot be told: where sqlglot does not write the statement as it was, a text is no UTF-8,
        or reading the other way round takes too long; and overlooks which row a bare column beside min()
        or max() is taken from.
        """
        if leaves_nothing_open(statement, ordered=task.ordered):
            return []
        broken_ties = with_broken_ties(statement.copy())
        # Where there is no tie to break, what is read the usual way is gold's: that was run before.
        ways = (False, True) if broken_ties or task.check_sql else (True,)

        def gives_gold(instance: int, sql: str, *, backwards: bool) -> bool:
            rows = self._shaken(instance, backwards).run(sql, task.check_sql)
            return same_rows(replace(golds[instance], rows=rows), golds[instance], ordered=task.ordered)

        try:
            moved = [
                instance
                for instance in range(len(self._images))
                if not all(gives_gold(instance, broken_ties or task.gold_sql, backwards=way) for way in ways)
            ]
            if moved and broken_ties:
                as_written = statement.sql("sqlite")
                return moved if gives_gold(0, as_written, backwards=False) else []
        except (UnicodeDecodeError, apsw.InterruptError):
            return []
        return moved

    def close(self) -> None:
        """Frees the memory."""
        for shaken in self._open.values():
            shaken.connection.close(True)
        self._open.clear()

    def _shaken(self, instance: int, backwards: bool) -> _Shaken:
        key = (instance, backwards)
        if key not in self._open:
            self._open[key] = _Shaken(self._images[instance], backwards)
        return self._open[key]


class _Shaken:
    """An instance that is read forwards or backwards, and on which ties are broken the same way."""

    def __init__(self, image: bytes, backwards: bool) -> None:
        self.connection = open_frozen()
        self.connection.deserialize("main", image)
        self.connection.pragma("reverse_unordered_selects", backwards)
        numbers = count(0, -1 if backwards else 1)

        def break_tie(*_: apsw.SQLiteValue) -> int:
            return next(numbers)

        self.connection.create_scalar_function(_TIE, break_tie, 0)
        self.connection.set_progress_handler(self._tick, _TICK)
        self._ticks = 0

    def run(self, sql: str, check_sql: str) -> list[Row]:
        """Gives the rows of `sql`, or of `check_sql` after it; what they write is undone."""
        self._ticks = 0
        if not check_sql:
            rows: list[Row] = self.connection.execute(sql).fetchall()
            return rows
        self.connection.execute("BEGIN")
        try:
            self.connection.execute(sql).fetchall()
            return self.connection.execute(check_sql).fetchall()
        finally:
            self.connection.execute("ROLLBACK")

    def _tick(self) -> bool:
        self._ticks += 1
        return self._ticks * _TICK > _MOST_OPERATIONS


def leaves_nothing_open(statement: exp.Expr, *, ordered: bool) -> bool:
    """Says whether a statement is so plain that its rows cannot hang on the order in which rows are read.

    That is one SELECT that neither sorts, cuts nor groups, and that gives either rows or totals: a column
    beside a total, or the one value of a nested query, may be any row's.
    """
    if ordered or not isinstance(statement, exp.Select) or _is_cut_or_sorted(statement):
        return False
    nodes = list(statement.walk())
    if any(isinstance(n, _OPEN) or (isinstance(n, exp.Select) and n is not statement) for n in nodes):
        return False
    totals = [node for node in nodes if isinstance(node, exp.AggFunc)]
    if not totals:
        return True
    beside = (
        column
        for projection in statement.expressions
        for column in projection.find_all(exp.Column, exp.Star)
        if not column.find_ancestor(exp.AggFunc)
    )
    return all(isinstance(total, _TOTALS) for total in totals) and not any(beside)


def with_broken_ties(statement: exp.Expr) -> str:
    """Adds a last sort key, the function `break_tie`, to all that a statement sorts or limits.

    Gives the new text; empty when there is nothing to add it to. The statement is changed.
    """
    key = exp.Ordered(this=exp.func(_TIE), nulls_first=True)
    added = False
    nodes = list(statement.walk())
    compounds = [node for node in nodes if isinstance(node, exp.SetOperation) and _is_cut_or_sorted(node)]
    for compound in compounds:
        wrapped = _wrapped(compound)
        statement = wrapped if compound is statement else statement
        compound.replace(wrapped)
    if compounds:
        nodes = list(statement.walk())
    for node in nodes:
        if isinstance(node, exp.Select) and _is_cut_or_sorted(node):
            node.order_by(key.copy(), copy=False)
            added = True
        elif isinstance(node, exp.Window) and isinstance(node.this, _POSITIONAL) and node.args.get("order"):
            node.args["order"].append("expressions", key.copy())
            added = True
    return statement.sql("sqlite", copy=False) if added else ""


def _is_cut_or_sorted(query: exp.Expr) -> bool:
    return bool(query.args.get("order") or query.args.get("limit"))


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
