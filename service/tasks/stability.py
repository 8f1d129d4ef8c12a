"""Whether a task's gold rows are the statement's own, or an accident of how SQLite happens to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import count
from random import Random
from typing import NamedTuple

import apsw
from sqlglot import exp

from ..core.execution import Row, Rows
from ..core.grading import same_rows
from ..core.task import Task
from ..sandbox.clock import open_frozen
from ..sandbox.images import DatabaseImages
from .ground import quoted
from .settled import POSITIONAL, leaves_nothing_open

_TIE = "break_tie"
_MOST_OPERATIONS = 100_000_000  # of SQLite's virtual machine for one statement: four times what an agent has
_TICK = 1_000_000


class _Way(NamedTuple):
    """How to decide what is left open: whether rows are read backwards, and the last sort keys of ties."""

    backwards: bool
    ties: Callable[[], Iterator[float]]


def _shuffled(seed: int) -> Iterator[float]:
    return iter(Random(seed).random, None)


# The rows that come first and last of those that tie may be equal, and others between them not.
_WAYS = (
    _Way(backwards=False, ties=count),
    _Way(backwards=True, ties=partial(count, 0, -1)),
    _Way(backwards=False, ties=partial(_shuffled, 1)),
    _Way(backwards=False, ties=partial(_shuffled, 2)),
)


class Shaker:
    """Runs statements with all that they leave open decided otherwise: two connections to each instance.

    Left open are the order in which rows are read and the order of rows that sort equal; both are turned
    round, and the latter is shuffled. For one thread.
    """

    def __init__(self, database: DatabaseImages) -> None:
        self._images = database.images
        self._schema = database.schema
        self._open: dict[tuple[int, bool], _Shaken] = {}

    def unstable_instances(self, task: Task, statement: exp.Expr, golds: Sequence[Rows]) -> list[int]:
        """Gives the instances on which gold's rows are others when what it leaves open is decided otherwise.

        `statement` is the task's gold, parsed; `golds` are its rows by instance. Gives none
        where it cannot be told: where sqlglot does not write the statement as it was, a text is no UTF-8,
        or reading the other way round takes too long; and overlooks which row a bare column beside min()
        or max() is taken from.
        """
        can_be_proved = "collate" not in task.gold_sql.casefold() and self._equal_is_the_same
        if can_be_proved and leaves_nothing_open(statement, self._schema, ordered=task.ordered):
            return []
        broken_ties = with_broken_ties(statement)
        # Where there is no tie to break, what is read the usual way is gold's: that was run before.
        ways = _WAYS if broken_ties else _WAYS[:2] if task.check_sql else _WAYS[1:2]

        def gives_gold(instance: int, sql: str, way: _Way) -> bool:
            rows = self._shaken(instance, way.backwards).run(sql, task.check_sql, way.ties)
            return same_rows(replace(golds[instance], rows=rows), golds[instance], ordered=task.ordered)

        try:
            moved = [
                instance
                for instance in range(len(self._images))
                if not all(gives_gold(instance, broken_ties or task.gold_sql, way) for way in ways)
            ]
            if moved and broken_ties:
                as_written = statement.sql("sqlite")
                return moved if gives_gold(0, as_written, _WAYS[0]) else []
        except (UnicodeDecodeError, apsw.InterruptError):
            return []
        return moved

    def close(self) -> None:
        """Frees the memory."""
        for shaken in self._open.values():
            shaken.connection.close(True)
        self._open.clear()

    @cached_property
    def _equal_is_the_same(self) -> bool:
        """No column has a collation, and no primary key holds NULL."""
        collated = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE sql LIKE '%collate%')"
        holes = [
            f"SELECT EXISTS (SELECT 1 FROM {quoted(table.name)} WHERE {quoted(column.name)} IS NULL)"
            for table in self._schema.tables
            for column in table.columns
            if column.primary_key_position and not column.not_null
        ]
        instances = [self._shaken(instance, backwards=True) for instance in range(len(self._images))]
        return not (
            instances[0].run(collated, "")[0][0]
            or any(instance.run(sql, "")[0][0] for instance in instances for sql in holes)
        )

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
        self._keys: Iterator[float] = count()

        def break_tie(*_: apsw.SQLiteValue) -> float:
            return next(self._keys)

        self.connection.create_scalar_function(_TIE, break_tie, 0)
        self.connection.set_progress_handler(self._tick, _TICK)
        self._ticks = 0

    def run(self, sql: str, check_sql: str, ties: Callable[[], Iterator[float]] = count) -> list[Row]:
        """Gives the rows of `sql`, or of `check_sql` after it; what they write is undone."""
        self._ticks = 0
        self._keys = ties()
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
    return isinstance(node, exp.Window) and isinstance(node.this, POSITIONAL) and bool(node.args.get("order"))


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
