"""Whether a task's gold rows are the statement's own, or an accident of how SQLite happens to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
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
_OPEN = (exp.Order, exp.Limit, exp.Offset, exp.Window, exp.Anonymous)


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
        is_binary = "collate" not in task.gold_sql.casefold() and not self._has_collations
        if is_binary and leaves_nothing_open(statement, ordered=task.ordered):
            return []
        broken_ties = with_broken_ties(statement)
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

    @cached_property
    def _has_collations(self) -> bool:
        found = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE sql LIKE '%collate%')"
        return bool(self._shaken(0, backwards=True).run(found, "")[0][0])

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

    That is a query, whose order does not count, that sorts and cuts nowhere. Each SELECT in it gives rows, or
    totals beside nothing but what it groups by: another column there may be any row's. And a query that
    stands for a value gives totals of all its rows, for else the value may be any row's.

    Values that a collation takes for equal are told apart by who reads them: it has to be made sure that
    there is none.
    """
    if ordered or not isinstance(statement, exp.Query):
        return False
    nodes = list(statement.walk())
    if any(isinstance(node, _OPEN) or (isinstance(node, exp.With) and node.recursive) for node in nodes):
        return False
    return all(_is_settled(node) for node in nodes if isinstance(node, exp.Select))


def _is_settled(select: exp.Select) -> bool:
    nodes = list(select.walk())
    totals = [n for n in nodes if isinstance(n, exp.AggFunc) and n.find_ancestor(exp.Select) is select]
    group = select.args.get("group")
    if not group and not totals:
        return not _stands_for_value(select)
    own = {node.alias_or_name.casefold() for node in nodes if isinstance(node, exp.Table | exp.Subquery)}
    columns = (column for total in totals for column in total.find_all(exp.Column))
    if any(column.table and column.table.casefold() not in own for column in columns):
        return False  # such a total may be one of the outer SELECT
    keys = group.expressions if group else []
    named = {each.alias.casefold() for each in select.expressions if each.alias}
    having = select.args.get("having")
    return (
        not (group and _stands_for_value(select))
        and all(isinstance(total, _TOTALS) and not total.expressions for total in totals)
        # A key that is a number or a projection's name is another one than it seems.
        and not any(isinstance(key, exp.Literal) or key.name.casefold() in named for key in keys)
        and all(_is_decided(each.unalias(), keys) for each in select.expressions)
        and (having is None or _is_decided(having.this, keys))
    )


def _is_decided(node: exp.Expr, keys: Sequence[exp.Expr]) -> bool:
    """Says whether an expression is the same for all rows of a group."""
    if isinstance(node, exp.AggFunc) or node in keys:
        return True
    if isinstance(node, exp.Column | exp.Star | exp.Query):
        return False
    return all(_is_decided(each, keys) for each in node.iter_expressions())


def _stands_for_value(query: exp.Query) -> bool:
    """Says whether one row is taken of a query, whichever comes first."""
    node: exp.Expr = query
    while isinstance(node.parent, exp.SetOperation | exp.Subquery):
        node = node.parent
    outer = node.parent
    is_list = isinstance(outer, exp.In) and node.arg_key == "query"
    return not (outer is None or is_list or isinstance(outer, exp.Exists | exp.From | exp.Join | exp.CTE))


def with_broken_ties(statement: exp.Expr) -> str:
    """Adds a last sort key, the function `break_tie`, to all that a statement sorts or limits.

    Gives the new text; empty when there is nothing to add it to.
    """
    if not any(_is_cut_or_sorted(node) or _takes_ties(node) for node in statement.walk()):
        return ""
    key = exp.Ordered(this=exp.func(_TIE), nulls_first=True)
    statement = statement.copy()
    for compound in [*statement.find_all(exp.SetOperation)]:
        if _is_cut_or_sorted(compound):
            wrapped = _wrapped(compound)
            statement = wrapped if compound is statement else statement
            compound.replace(wrapped)
    for node in [*statement.walk()]:
        if isinstance(node, exp.Select) and _is_cut_or_sorted(node):
            node.order_by(key.copy(), copy=False)
        elif _takes_ties(node):
            node.args["order"].append("expressions", key.copy())
    return statement.sql("sqlite", copy=False)


def _takes_ties(node: exp.Expr) -> bool:
    """Says whether a node is a window whose value hangs on the order of equal rows."""
    return (
        isinstance(node, exp.Window) and isinstance(node.this, _POSITIONAL) and bool(node.args.get("order"))
    )


def _is_cut_or_sorted(node: exp.Expr) -> bool:
    is_query = isinstance(node, exp.Select | exp.SetOperation)
    return is_query and bool(node.args.get("order") or node.args.get("limit"))


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
