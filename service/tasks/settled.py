"""What a statement settles by itself: proofs that its rows cannot hang on the order in which SQLite reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlglot import exp

from ..core.schema import Schema
from .proofs import Proofs

_TOTALS = (exp.Avg, exp.Count, exp.Max, exp.Min, exp.Sum)
_RANKS = (exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist)
# Window functions whose value hangs on the order of equal rows.
POSITIONAL = (exp.RowNumber, exp.Lag, exp.Lead, exp.Ntile, exp.FirstValue, exp.LastValue, exp.NthValue)
_SCALARS = frozenset({"julianday", "strftime"})  # the functions unknown to sqlglot that are known here
_CUTS = ("limit", "offset")


def leaves_nothing_open(statement: exp.Expr, schema: Schema, *, ordered: bool) -> bool:
    """Says whether it is proved that a statement's rows are the same in whatever order SQLite reads tables.

    It is for queries of which each SELECT is settled: it gives rows, or totals beside what is the same for
    all rows of a group. Where it is cut, stands for a value, or its order counts (`ordered`, of the
    outermost), it gives one row or is sorted by what tells its rows apart.

    Values that a collation takes for equal are told apart by who reads them, and a primary key may hold
    NULL many times: it has to be made sure that there is neither.
    """
    if not isinstance(statement, exp.Select | exp.SetOperation):
        return False
    nodes = list(statement.walk())
    if any(_is_unknown(node) for node in nodes):
        return False
    proofs = Proofs(statement, schema)
    own = defaultdict[int, list[exp.Expr]](list)  # totals and windows, by the SELECT that they are of
    for node in nodes:
        if isinstance(node, exp.AggFunc | exp.Window):
            own[id(node.find_ancestor(exp.Select))].append(node)

    def is_settled(query: exp.Expr) -> bool:
        counts = ordered and query is statement
        if isinstance(query, exp.Select):
            return _Level(query, own[id(query)], proofs).is_settled(order_counts=counts)
        return not (counts or _is_cut(query)) or _sorts_compound(query)

    return all(is_settled(node) for node in nodes if isinstance(node, exp.Select | exp.SetOperation))


class _Level:
    """One SELECT of a statement, with the totals and windows that are its own."""

    def __init__(self, select: exp.Select, own: Sequence[exp.Expr], proofs: Proofs) -> None:
        self._select = select
        self._proofs = proofs
        self._projections = [each.unalias() for each in select.expressions]
        self._windows = [node for node in own if isinstance(node, exp.Window)]
        self._totals = [node for node in own if _is_total(node)]
        group = select.args.get("group")
        self._keys: list[exp.Expr] = group.expressions if group else []
        self._is_grouped = bool(self._keys or self._totals)

    def is_settled(self, *, order_counts: bool) -> bool:
        """Says whether nothing is left open, not even which rows come first where that counts."""
        if self._is_grouped and not self._groups_are_settled():
            return False
        if not all(self._is_settled_window(window) for window in self._windows):
            return False
        is_one_row = self._is_grouped and not self._keys
        takes_first = order_counts or _is_cut(self._select) or _stands_for_value(self._select)
        return is_one_row or not takes_first or self._is_sorted_out()

    # ---- groups ----

    def _groups_are_settled(self) -> bool:
        names = {each.alias.casefold() for each in self._select.expressions if each.alias}
        having = self._select.args.get("having")
        parts = [*self._projections, *([having.this] if having else [])]
        return (
            all(isinstance(total, _TOTALS) and not total.expressions for total in self._totals)
            and all(self._is_own(column) for total in self._totals for column in total.find_all(exp.Column))
            # A key that is a number or a projection's name is another one than it seems.
            and not any(isinstance(key, exp.Literal) or key.name.casefold() in names for key in self._keys)
            and all(self._is_same_in_group(part) for part in parts)
        )

    def _is_own(self, column: exp.Column) -> bool:
        """Says whether a column is of this SELECT: a total of another one's columns may be that one's."""
        if not column.table:
            return _sees_itself_alone(self._select) or self._proofs.source(column) is not None
        sources = self._select.find_all(exp.Table, exp.Subquery)
        own = (node for node in sources if node.find_ancestor(exp.Select) is self._select)
        return column.table.casefold() in {node.alias_or_name.casefold() for node in own}

    def _is_same_in_group(self, node: exp.Expr) -> bool:
        """Says whether an expression is the same for all rows of a group."""
        if node in self._keys or _is_total(node):
            return True
        if isinstance(node, exp.Column):
            return self._proofs.decides(self._keys, node)
        return not isinstance(node, exp.Star | exp.Query) and all(
            self._is_same_in_group(each) for each in node.iter_expressions()
        )

    # ---- windows ----

    def _is_settled_window(self, window: exp.Window) -> bool:
        function = window.this
        order = window.args.get("order")
        if window.args.get("alias") or self._select.args.get("windows"):
            return False
        by = [
            *(window.args.get("partition_by") or []),
            *(each.this for each in (order.expressions if order else [])),
        ]
        if self._is_grouped and not all(
            self._is_same_in_group(each) for each in (*by, *function.iter_expressions())
        ):
            return False
        # Equal rows are in a total's frame together, unless that counts rows; ranks are theirs together too.
        if isinstance(function, _RANKS) or (isinstance(function, _TOTALS) and not window.args.get("spec")):
            return True
        return isinstance(function, (*POSITIONAL, *_TOTALS)) and self._tell_rows_apart(by)

    # ---- order ----

    def _is_sorted_out(self) -> bool:
        """Says whether rows that sort equal are equal in all that is shown."""
        order = self._select.args.get("order")
        if order is None:
            return False
        by = [self._resolved(each.this) for each in order.expressions]
        if self._is_grouped and not all(self._is_same_in_group(each) for each in by):
            return False
        if self._select.args.get("distinct"):
            if not all(each in self._projections for each in by):
                return False  # it may be any of the rows that are shown as one by which these are sorted
        elif self._tell_rows_apart(by):
            return True
        return all(self._is_same_where(by, each) for each in self._projections)

    def _resolved(self, key: exp.Expr) -> exp.Expr:
        """Gives what a sort key means: a number and a projection's name stand for the projection."""
        if isinstance(key, exp.Literal) and key.is_int:
            place = int(key.this) - 1
            return self._projections[place] if 0 <= place < len(self._projections) else key
        if isinstance(key, exp.Column) and not key.table:
            for each in self._select.expressions:
                if isinstance(each, exp.Alias) and each.alias.casefold() == key.name.casefold():
                    return each.unalias()
        return key

    def _tell_rows_apart(self, by: Sequence[exp.Expr]) -> bool:
        if self._is_grouped:
            return all(self._is_same_where(by, key) for key in self._keys)
        return self._proofs.decides_row(self._select, by)

    def _is_same_where(self, by: Sequence[exp.Expr], node: exp.Expr) -> bool:
        """Says whether an expression is the same in all rows of the result that are equal in `by`."""
        if node in by:
            return True
        if isinstance(node, exp.Column):
            return self._proofs.decides(by, node)
        if isinstance(node, exp.AggFunc):
            return self._tell_rows_apart(by)
        return not isinstance(node, exp.Star | exp.Query | exp.Window) and all(
            self._is_same_where(by, each) for each in node.iter_expressions()
        )


def _is_unknown(node: exp.Expr) -> bool:
    """Says whether nothing is known here of a node, and so of the statement."""
    if isinstance(node, exp.Anonymous):
        return node.name.casefold() not in _SCALARS
    if isinstance(node, exp.With):
        return bool(node.recursive)
    return isinstance(node, exp.Subquery) and (_is_cut(node) or bool(node.args.get("order")))


def _is_total(node: exp.Expr) -> bool:
    """Says whether a node is one value for a group, not for a row."""
    is_window = isinstance(node.parent, exp.Window) and node.arg_key == "this"
    return isinstance(node, exp.AggFunc) and not is_window


def _is_cut(query: exp.Expr) -> bool:
    return any(query.args.get(name) for name in _CUTS)


def _sees_itself_alone(select: exp.Select) -> bool:
    """Says whether no column of another SELECT can be meant in one."""
    node = _outer(select)
    while isinstance(node.parent, exp.From | exp.Join | exp.CTE):
        reader = node.find_ancestor(exp.Select)
        if reader is None:  # of a compound, to which the CTE belongs
            return True
        node = _outer(reader)
    return node.parent is None


def _stands_for_value(query: exp.Query) -> bool:
    """Says whether one row is taken of a query, whichever comes first."""
    node = _outer(query)
    outer = node.parent
    is_list = isinstance(outer, exp.In) and node.arg_key == "query"
    return not (outer is None or is_list or isinstance(outer, exp.Exists | exp.From | exp.Join | exp.CTE))


def _outer(query: exp.Query) -> exp.Expr:
    """Gives the outermost of the brackets and compounds that a query is in."""
    node: exp.Expr = query
    while isinstance(node.parent, exp.SetOperation | exp.Subquery):
        node = node.parent
    return node


def _sorts_compound(compound: exp.Expr) -> bool:
    """Says whether a compound is sorted by all its columns."""
    order = compound.args.get("order")
    first: exp.Expr = compound
    while isinstance(first, exp.SetOperation):
        first = first.this
    if order is None or not isinstance(first, exp.Select) or first.is_star:
        return False
    names = [each.alias_or_name.casefold() for each in first.expressions]
    sorted_by: set[int] = set()
    for each in order.expressions:
        key = each.this
        if isinstance(key, exp.Literal) and key.is_int:
            sorted_by.add(int(key.this) - 1)
        elif isinstance(key, exp.Column) and not key.table and key.name.casefold() in names:
            sorted_by.add(names.index(key.name.casefold()))
    return sorted_by >= set(range(len(names)))
