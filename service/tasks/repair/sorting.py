"""Asking for an order: an intent whose rows come sorted, where the order is wanted as well."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sqlglot import exp

from ...core.execution import Row, Rows
from ...core.task import AnswerKind
from ..explore.intent import Intent
from ..ground import Ground
from ..parsing import parsed
from .reading import sort_key
from .writing import written

_LEAST_ROWS = 3  # that are worth sorting
_COLUMNS = ("first", "second", "third", "fourth", "fifth")

_ONE_KEY = (
    "The rows must come in {way} order.",
    "Please sort them in {way} order.",
    "They go into a list in {way} order.",
)
_TWO_KEYS = (
    "Sorted by the {key} column in {way} order; rows that are equal there by the {other}, ascending.",
    "I want it sorted: by the {key} column, {way}, and then by the {other}, ascending.",
    "The order counts: {way} by the {key} column, ties broken by the {other} in ascending order.",
)


def with_order(intent: Intent, ground: Ground, rng: Random) -> Intent | None:
    """Adds an order by all result columns, and the words for it.

    None where the rows are sorted or cut already, are fewer than three, or hold a NULL, whose place the
    words would not decide; and for a lone column of text, whose order people see differently.
    """
    if intent.ordered or intent.answer_kind not in (AnswerKind.LIST, AnswerKind.TABLE, None):
        return None
    tree = parsed(intent.sql).copy()
    if not isinstance(tree, exp.Select) or tree.args.get("order") or tree.args.get("limit"):
        return None
    keys = [part.unalias() for part in tree.expressions]
    if not 1 <= len(keys) <= 2 or any(
        isinstance(key, exp.Star) or key.find(exp.Select, exp.Window) for key in keys
    ):
        return None
    rows = _all_rows(intent, ground)
    if len(rows) < _LEAST_ROWS or any(cell is None for row in rows for cell in row):
        return None
    if len(keys) == 1 and any(isinstance(row[0], str) for row in rows):
        return None
    first = len(keys) - 1
    descending = rng.random() < 0.6
    tree.order_by(sort_key(keys[first].copy(), descending=descending), copy=False)
    for key in keys[:first]:
        tree.order_by(sort_key(key.copy(), descending=False), copy=False)
    note = rng.choice(_TWO_KEYS if first else _ONE_KEY).format(
        key=_COLUMNS[first], other=_COLUMNS[0], way="descending" if descending else "ascending"
    )
    return replace(intent, sql=written(tree), ordered=True, notes=(*intent.notes, note), answer_kind=None)


def _is_no_key(column: exp.Expr) -> bool:
    return isinstance(column, exp.Star) or column.find(exp.Select, exp.Window) is not None


def _all_rows(intent: Intent, ground: Ground) -> list[Row]:
    """Gives the rows of all instances; none where the visible one has few or any of them fails."""
    found: list[Row] = []
    for instance in range(len(ground.instances)):
        result = ground.instances.run(intent.sql, instance, intent.permissions)
        if not isinstance(result, Rows) or (instance == 0 and len(result.rows) < _LEAST_ROWS):
            return []
        found += result.rows
    return found
