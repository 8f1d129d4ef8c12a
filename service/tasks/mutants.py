"""Single-edit mutants of a statement: what a near miss would have been.

Each is the statement with one decision taken otherwise, as people and models do by mistake: another
aggregate, a filter forgotten, a bound off by one, another join key. Mutants that are equivalent to the
statement whatever the data, as far as its schema shows that, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from sqlglot import exp
from sqlglot.generators.sqlite import SQLiteGenerator

from ..core.schema import Schema, TableColumn
from .parsing import parsed
from .proofs import Proofs, affinity, conjuncts

MOST = 100  # mutants of one statement
MOST_CHOICES = 6  # of IN (...): with more, one forgotten is no near miss

_OTHER_AGGREGATES: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.Sum: (exp.Avg, exp.Max, exp.Min),
    exp.Avg: (exp.Sum, exp.Max, exp.Min),
    exp.Min: (exp.Max, exp.Avg, exp.Sum),
    exp.Max: (exp.Min, exp.Avg, exp.Sum),
}
_OF_NUMBERS = (exp.Sum, exp.Avg)
_OTHER_COMPARISONS: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.GT: (exp.GTE, exp.LT),
    exp.GTE: (exp.GT, exp.LT),
    exp.LT: (exp.LTE, exp.GT),
    exp.LTE: (exp.LT, exp.GT),
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
}
_STEPS: dict[type[exp.Expr], tuple[int, ...]] = {  # towards what > for >= and the like does not give already
    exp.GT: (1,),
    exp.GTE: (-1,),
    exp.LT: (-1,),
    exp.LTE: (1,),
    exp.EQ: (1, -1),
    exp.NEQ: (1, -1),
}
_OTHER_ARITHMETIC: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.Add: exp.Sub,
    exp.Sub: exp.Add,
    exp.Mul: exp.Div,
    exp.Div: exp.Mul,
}
_OTHER_SET_OPERATIONS: dict[type[exp.Expr], tuple[type[exp.SetOperation], ...]] = {
    exp.Union: (exp.Intersect, exp.Except),
    exp.Intersect: (exp.Union, exp.Except),
    exp.Except: (exp.Union, exp.Intersect),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A statement that is wrong by one edit; `kind` says which."""

    kind: str
    sql: str


def mutants(sql: str, schema: Schema, *, ordered: bool = False) -> Iterator[Mutant]:
    """Gives the mutants of a SELECT in SQLite's dialect, at most MOST, each once, always in the same order.

    `ordered`: the order of its rows counts, so another order is a mutant also where nothing is limited.
    Raises sqlglot.errors.SqlglotError for what does not parse.
    """
    mutation = _Mutation(parsed(sql).copy(), schema, ordered)
    yield from islice(mutation.distinct(), MOST)


class _Mutation:
    """One statement under mutation. Its tree is edited in place, written, and put right again."""

    def __init__(self, tree: exp.Expr, schema: Schema, ordered: bool) -> None:
        self._root = exp.Paren(this=tree)  # so that the statement itself can be replaced
        self._proofs = Proofs(tree, schema)
        self._writer = SQLiteGenerator(dialect="sqlite", comments=False)
        self._ordered = ordered

    def distinct(self) -> Iterator[Mutant]:
        seen = {self._written()}
        for kind, sql in self._all():
            if sql not in seen:
                seen.add(sql)
                yield Mutant(kind, sql)

    def _written(self) -> str:
        return self._writer.generate(self._root.this, copy=False)

    def _all(self) -> Iterator[tuple[str, str]]:
        nodes = list(self._root.this.walk(bfs=False))
        for edits in (
            self._aggregates,
            self._counts,
            self._conjuncts,
            self._disjuncts,
            self._comparisons,
            self._numbers,
            self._negations,
            self._connectors,
            self._joins,
            self._sides,
            self._limits,
            self._orders,
            self._groups,
            self._distincts,
            self._set_operations,
            self._columns,
            self._calculations,
            self._windows,
        ):
            for node in nodes:
                yield from edits(node)

    # ---- editing in place ----

    def _swap(self, kind: str, node: exp.Expr, other: exp.Expr) -> Iterator[tuple[str, str]]:
        node.replace(other)
        written = self._written()
        other.replace(node)
        yield kind, written

    def _set(self, kind: str, node: exp.Expr, name: str, value: object) -> Iterator[tuple[str, str]]:
        before = node.args.get(name)
        node.set(name, value)
        written = self._written()
        node.set(name, before)
        yield kind, written

    def _as(self, kind: str, node: exp.Expr, other: type[exp.Expr]) -> Iterator[tuple[str, str]]:
        """The same operands under another operator."""
        operands = {name: _copied(value) for name, value in node.args.items()}
        yield from self._swap(kind, node, other(**operands))

    # ---- the edits; each gives nothing for a node that is not its own ----

    def _aggregates(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if type(node) not in _OTHER_AGGREGATES or node.expressions:  # min(a, b) is no aggregate
            return
        of, select = node.this, node.find_ancestor(exp.Select)
        in_window = isinstance(node.parent, exp.Window)
        if not in_window and self._is_of_one(select):
            return
        is_number = isinstance(node, _OF_NUMBERS) or self._is_number(of)
        for other in _OTHER_AGGREGATES[type(node)]:
            if is_number or other not in _OF_NUMBERS:
                yield from self._as("aggregate", node, other)
        if not isinstance(node, _OF_NUMBERS) or isinstance(of, exp.Distinct):
            return
        yield from self._swap("aggregate", node, exp.Count(this=of.copy(), big_int=True))
        if not in_window and not self._differs_by_row(of, select):
            distinct = exp.Distinct(expressions=[of.copy()])
            yield from self._set("aggregate of distinct", node, "this", distinct)

    def _counts(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        """Counts rows for values, values for rows, and each value once or as often as it comes."""
        if not isinstance(node, exp.Count):
            return
        of, select = node.this, node.find_ancestor(exp.Select)
        in_window = isinstance(node.parent, exp.Window)
        if isinstance(of, exp.Distinct):
            inner = of.expressions[0]
            if not self._differs_by_row(inner, select) and not _is_for_any(node):
                yield from self._set("count distinct", node, "this", inner.copy())
            rows = inner
        else:
            rows = of
            if (
                isinstance(of, exp.Column)
                and not (in_window or _is_for_any(node))
                and not self._differs_by_row(of, select)
            ):
                distinct = exp.Distinct(expressions=[of.copy()])
                yield from self._set("count distinct", node, "this", distinct)
            if isinstance(of, exp.Column) and self._is_quantity(of):
                yield from self._swap("aggregate", node, exp.Sum(this=of.copy()))
        if isinstance(of, exp.Star):
            yield from self._values_counted(node, select, in_window=in_window)
        elif not (isinstance(rows, exp.Column) and self._proofs.never_null(rows)):
            yield from self._set("count of rows", node, "this", exp.Star())

    def _values_counted(
        self, node: exp.Count, select: exp.Expr | None, *, in_window: bool
    ) -> Iterator[tuple[str, str]]:
        """Counts the values of the statement's columns, where its rows are to be counted."""
        columns = {column.sql("sqlite"): column for column in self._own_columns(select)}
        for column in columns.values():
            if not self._proofs.never_null(column):
                yield from self._set("count of values", node, "this", column.copy())
            if not in_window and self._stands_for_row(column) and not self._differs_by_row(column, select):
                distinct = exp.Distinct(expressions=[column.copy()])
                yield from self._set("count distinct", node, "this", distinct)

    def _conjuncts(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        """Forgets a condition of WHERE or HAVING."""
        if not isinstance(node, exp.Where | exp.Having) or node.parent is None:
            return
        what = "filter dropped" if isinstance(node, exp.Where) else "having dropped"
        conjuncts = list(node.this.flatten()) if isinstance(node.this, exp.And) else [node.this]
        if len(conjuncts) == 1:
            name = "where" if isinstance(node, exp.Where) else "having"
            yield from self._set(what, node.parent, name, None)
            return
        for dropped in conjuncts:
            rest = [each.copy() for each in conjuncts if each is not dropped]
            yield from self._set(what, node, "this", exp.and_(*rest, copy=False))

    def _disjuncts(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        """Forgets one of several possibilities."""
        if isinstance(node, exp.Or) and not isinstance(node.parent, exp.Or):
            branches = list(node.flatten())
            for dropped in branches:
                rest = [each.copy() for each in branches if each is not dropped]
                yield from self._swap("branch dropped", node, exp.or_(*rest, copy=False))
        elif isinstance(node, exp.In) and 1 < len(node.expressions) <= MOST_CHOICES:
            for dropped in node.expressions:
                rest = [each.copy() for each in node.expressions if each is not dropped]
                yield from self._set("choice dropped", node, "expressions", rest)

    def _numbers(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        """Takes a number that something is compared with one too high or too low."""
        if type(node) in _STEPS:
            exact = isinstance(node, exp.EQ | exp.NEQ)
            for literal, sign in ((node.expression, 1), (node.this, 1 if exact else -1)):
                for step in _STEPS[type(node)]:
                    yield from self._stepped(literal, sign * step)
        elif isinstance(node, exp.Between):
            yield from self._stepped(node.args["low"], -1)
            yield from self._stepped(node.args["high"], 1)
        elif isinstance(node, exp.Substring) and not node.find_ancestor(exp.Group):
            for place in (node.args.get("start"), node.args.get("length")):
                for step in (1, -1):
                    yield from self._stepped(place, step)

    def _stepped(self, literal: exp.Expr | None, step: int) -> Iterator[tuple[str, str]]:
        number = _number_of(literal)
        if literal is not None and number is not None:
            yield from self._swap("number", literal, _literal(number + step))

    def _comparisons(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if isinstance(node, exp.Between):
            value, low, high = node.this, node.args["low"], node.args["high"]
            for lower, upper in ((exp.GT, exp.LTE), (exp.GTE, exp.LT)):
                bounds = (
                    lower(this=value.copy(), expression=low.copy()),
                    upper(this=value.copy(), expression=high.copy()),
                )
                yield from self._swap("bound", node, exp.paren(exp.and_(*bounds), copy=False))
        elif type(node) in _OTHER_COMPARISONS and not _is_join_key(node):
            with_mean = any(side.find(exp.Avg, exp.Div) for side in (node.this, node.expression))
            for place, other in enumerate(_OTHER_COMPARISONS[type(node)]):
                # Nothing is equal to a mean but by accident, so whether it counts is no difference.
                if not (with_mean and place == 0 and not isinstance(node, exp.EQ | exp.NEQ)):
                    yield from self._as("comparison", node, other)

    def _negations(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if isinstance(node, exp.Not):
            yield from self._swap("negation", node, node.this.copy())
        elif isinstance(node, exp.In | exp.Exists | exp.Is | exp.Like) and not isinstance(
            node.parent, exp.Not
        ):
            yield from self._swap("negation", node, exp.not_(node.copy(), copy=False))

    def _connectors(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if isinstance(node, exp.Connector) and not node.find_ancestor(exp.Join):
            if isinstance(node, exp.And) and isinstance(node.parent, exp.And):
                return  # one of a chain is enough
            left, right = _grouped(node.this.copy()), _grouped(node.expression.copy())
            other = exp.Or if isinstance(node, exp.And) else exp.And
            yield from self._swap("connector", node, exp.paren(other(this=left, expression=right)))

    def _joins(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        """Takes another key to join on, forgets a part of the condition, or the whole join."""
        if not isinstance(node, exp.Join) or not isinstance(node.parent, exp.Select):
            return
        for key in node.find_all(exp.EQ):
            if _is_join_key(key):
                for side in (key.this, key.expression):
                    other = self._other_key(side)
                    if other is not None:
                        yield from self._swap("join key", side, other)
        on = node.args.get("on")
        parts = conjuncts(on) if on is not None else []
        for dropped in parts if len(parts) > 1 else ():
            rest = [each.copy() for each in parts if each is not dropped]
            yield from self._set("join condition dropped", node, "on", exp.and_(*rest, copy=False))
        if self._can_be_dropped(node):
            rest = [each for each in node.parent.args["joins"] if each is not node]
            yield from self._set_joins(node.parent, rest)

    def _set_joins(self, select: exp.Select, joins: list[exp.Expr]) -> Iterator[tuple[str, str]]:
        before = select.args["joins"]
        select.args["joins"] = joins  # set() would make the joins children of another list
        written = self._written()
        select.args["joins"] = before
        yield "join dropped", written

    def _sides(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        """Keeps the rows that an inner join loses, or loses those that an outer one keeps."""
        if not isinstance(node, exp.Join) or not isinstance(node.parent, exp.Select):
            return
        if node.side == "LEFT":
            if not self._proofs.keeps_rows(node) and not self._is_needed_after(node):
                yield from self._set("inner join", node, "side", None)
        elif (
            not node.side and node.kind in ("", "INNER") and node.args.get("on") and self._can_lose_rows(node)
        ):
            yield from self._as_left(node)

    def _as_left(self, node: exp.Join) -> Iterator[tuple[str, str]]:
        kind = node.args.get("kind")
        node.set("kind", None)
        found = list(self._set("left join", node, "side", "LEFT"))
        node.set("kind", kind)
        yield from found

    def _limits(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if isinstance(node, exp.Limit | exp.Offset) and isinstance(node.expression, exp.Literal):
            number = int(node.expression.name)
            if isinstance(node, exp.Limit) and number == 1 and _is_one_value(node.parent):
                return
            for other in (number + 1, number - 1):
                if other > 0 or (other == 0 and isinstance(node, exp.Offset)):
                    yield from self._set("limit", node, "expression", exp.Literal.number(other))
            if isinstance(node, exp.Limit) and node.parent is not None:
                yield from self._set("limit", node.parent, "limit", None)

    def _orders(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if not isinstance(node, exp.Ordered) or isinstance(node.find_ancestor(exp.Window), exp.Window):
            return
        query = node.find_ancestor(exp.Query)
        if query is None:
            return
        counts = query.args.get("limit") or (self._ordered and query.parent is self._root)
        order = node.parent
        is_tie_break = order is not None and order.expressions[0] is not node
        if counts and not is_tie_break:
            yield from self._set("order", node, "desc", not node.args.get("desc"))

    def _groups(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if not isinstance(node, exp.Group) or node.parent is None:
            return
        columns = node.expressions
        for dropped in columns if len(columns) > 1 else ():
            rest = [each for each in columns if each is not dropped]
            if not self._proofs.decides(rest, dropped):
                yield from self._set("grouping", node, "expressions", [each.copy() for each in rest])
        select = node.parent
        if select.find(exp.AggFunc) or not (self._proofs.decides_row(select, columns) or _is_in_set(select)):
            yield from self._set("grouping", select, "group", None)

    def _distincts(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if isinstance(node, exp.Select) and node.args.get("distinct") and not _is_in_set(node):
            yield from self._set("distinct", node, "distinct", None)

    def _set_operations(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if not isinstance(node, exp.SetOperation):
            return
        for other in _OTHER_SET_OPERATIONS.get(type(node), ()):
            operands = {name: _copied(value) for name, value in node.args.items()}
            operands["distinct"] = True
            yield from self._swap("set operation", node, other(**operands))
        if isinstance(node, exp.Union):
            yield from self._set("union all", node, "distinct", not node.args.get("distinct"))

    def _columns(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        """Takes another column of the same table where one is selected or aggregated."""
        if not isinstance(node, exp.Column):
            return
        inner = node.parent
        is_selected = node.arg_key == "expressions" and isinstance(inner, exp.Select)
        is_aliased = isinstance(inner, exp.Alias) and isinstance(inner.parent, exp.Select)
        is_aggregated = isinstance(inner, exp.AggFunc) and not isinstance(inner, exp.Count)
        if is_selected or is_aliased or is_aggregated:
            other = self._sibling(node)
            if other is not None:
                yield from self._swap("column", node, other)

    def _calculations(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if type(node) in _OTHER_ARITHMETIC:
            if isinstance(node, exp.Mul | exp.Div) and _number_of(node.expression) == 1:
                return  # with 1.0 it makes a real, either way
            yield from self._as("arithmetic", node, _OTHER_ARITHMETIC[type(node)])
        elif isinstance(node, exp.Coalesce):
            yield from self._swap("coalesce dropped", node, node.this.copy())
        elif isinstance(node, exp.Literal) and node.is_string and node.name in ("%Y", "%m", "%Y-%m"):
            other = {"%Y": "%m", "%m": "%d", "%Y-%m": "%Y"}[node.name]
            yield from self._swap("date part", node, exp.Literal.string(other))

    def _windows(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if isinstance(node, exp.Window):
            if node.args.get("partition_by"):
                yield from self._set("partition dropped", node, "partition_by", None)
            order = node.args.get("order")
            if order is not None:
                first = order.expressions[0]
                yield from self._set("window order", first, "desc", not first.args.get("desc"))

    # ---- what the schema knows ----

    def _own_columns(self, select: exp.Expr | None) -> Iterator[exp.Column]:
        """Gives the columns of a SELECT's sources that it names itself."""
        for column in select.find_all(exp.Column) if select is not None else ():
            if column.find_ancestor(exp.Select) is select and self._proofs.source(column):
                yield column

    def _group(self, select: exp.Expr | None) -> list[exp.Expr]:
        group = select.args.get("group") if select is not None else None
        return list(group.expressions) if group is not None else []

    def _is_of_one(self, select: exp.Expr | None) -> bool:
        """Says whether an aggregate is over one row each time, so that any other one gives the same."""
        return self._proofs.decides_row(select, self._group(select))

    def _differs_by_row(self, value: exp.Expr, select: exp.Expr | None) -> bool:
        """Says whether no two rows that are aggregated together have the same value, NULL aside."""
        return isinstance(value, exp.Column) and self._proofs.decides_row(
            select, [value, *self._group(select)], known=True
        )

    def _is_number(self, value: exp.Expr) -> bool:
        found = self._proofs.source(value)
        if found is not None:
            return affinity(found[2]) == "number" and not self._is_key_or_reference(value)
        return isinstance(value.unnest(), exp.Binary | exp.Case | exp.Round | exp.Abs) and not isinstance(
            value.unnest(), exp.DPipe
        )

    def _is_quantity(self, column: exp.Column) -> bool:
        """Says whether a column has numbers that can be added up."""
        return self._proofs.source(column) is not None and self._is_number(column)

    def _is_key_or_reference(self, column: exp.Expr) -> bool:
        found = self._proofs.source(column)
        return found is not None and _is_key(found[2])

    def _stands_for_row(self, column: exp.Column) -> bool:
        """Says whether a column alone names a row of a table."""
        found = self._proofs.source(column)
        if found is None:
            return False
        keys = [each for each in found[1].columns if each.primary_key_position]
        return bool(found[2].references) or keys == [found[2]]

    def _sibling(self, column: exp.Column) -> exp.Column | None:
        found = self._proofs.source(column)
        select = column.find_ancestor(exp.Select)
        if found is None or select is None:
            return None
        _, table, mine = found
        taken = {each.name.casefold() for each in select.find_all(exp.Column)}
        for other in table.columns:
            if (
                affinity(other) == affinity(mine)
                and _is_key(other) == _is_key(mine)
                and other.name.casefold() not in taken
            ):
                return _renamed(column, other.name)
        return None

    def _other_key(self, column: exp.Expr) -> exp.Column | None:
        """Gives another key of the same table, as somebody would join by mistake."""
        found = self._proofs.source(column)
        if found is None:
            return None
        _, table, mine = found
        for other in table.columns:
            if _is_key(other) and other.name != mine.name and affinity(other) == affinity(mine):
                return _renamed(column, other.name)
        return None

    def _can_be_dropped(self, join: exp.Join) -> bool:
        """Says whether a statement stands without a join, and may then give other rows.

        It does not where another part names a column of the joined table; it gives the same where the join
        finds a row, and just one, for each, or one at most and keeps the others.
        """
        select = join.parent
        assert isinstance(select, exp.Select), "asked for joins of a SELECT only"
        name = join.alias_or_name.casefold()
        on = join.args.get("on")
        of_on = {id(column) for column in on.find_all(exp.Column)} if on is not None else set()
        for column in select.find_all(exp.Column):
            if id(column) not in of_on and self._proofs.is_of(column, name):
                return False
        if self._proofs.keeps_rows(join):
            return False
        return join.side != "LEFT" or not (self._proofs.finds_one(join) or _is_in_set(select))

    def _is_needed_after(self, join: exp.Join) -> bool:
        """Says whether WHERE, or an inner join after it, drops the rows for which a join finds nothing."""
        select, name = join.parent, join.alias_or_name.casefold()
        assert isinstance(select, exp.Select), "asked for joins of a SELECT only"
        where = select.args.get("where")
        conditions = [where.this] if where is not None else []
        joins = select.args["joins"]
        place = next(at for at, each in enumerate(joins) if each is join)
        conditions += [
            each.args["on"] for each in joins[place + 1 :] if not each.side and each.args.get("on")
        ]
        return any(self._proofs.needs(condition, name) for condition in conditions)

    def _can_lose_rows(self, join: exp.Join) -> bool:
        """Says whether an inner join may drop rows whose loss a LEFT join would show.

        It drops none where a foreign key that is never NULL refers to the joined table's key. It does not
        show where WHERE, or a join after it, needs a value of the joined table, or where all rows go into
        aggregates that do not count NULL.
        """
        if self._proofs.keeps_rows(join) or self._is_needed_after(join):
            return False
        select, name = join.parent, join.alias_or_name.casefold()
        assert isinstance(select, exp.Select), "asked for joins of a SELECT only"
        totals = [total for item in select.expressions for total in item.find_all(exp.AggFunc)]
        return bool(select.args.get("group")) or not totals or not all(self._skips(t, name) for t in totals)

    def _skips(self, total: exp.Expr, source: str) -> bool:
        """Says whether an aggregate leaves out the rows in which a source's columns are NULL."""
        columns = list(total.find_all(exp.Column))
        if not columns or total.find(exp.Coalesce, exp.Query, exp.Is, exp.Anonymous):
            return False
        if total.find(exp.Case, exp.If):
            return isinstance(total, exp.Sum) and all(self._proofs.is_of(each, source) for each in columns)
        return any(self._proofs.is_of(each, source) for each in columns)


def _is_join_key(node: exp.Expr) -> bool:
    """Says whether an equation ties two tables together."""
    return (
        isinstance(node, exp.EQ)
        and isinstance(node.this, exp.Column)
        and isinstance(node.expression, exp.Column)
    )


def _is_key(column: TableColumn) -> bool:
    return bool(column.primary_key_position or column.references)


def _is_in_set(select: exp.Expr) -> bool:
    """Says whether a query's rows stand for a set, so that it does not matter how often one comes."""
    return isinstance(select.parent, exp.SetOperation) or bool(select.find_ancestor(exp.In, exp.Exists))


def _is_for_any(count: exp.Expr) -> bool:
    """Says whether a count only tells whether there is anything to count."""
    compared = count.parent
    if not isinstance(compared, exp.GT | exp.EQ | exp.NEQ | exp.GTE) or compared.this is not count:
        return False
    return _number_of(compared.expression) == (1 if isinstance(compared, exp.GTE) else 0)


def _is_one_value(query: exp.Expr | None) -> bool:
    """Says whether only the first row of a query is taken, whatever its limit."""
    nested = query.parent if query is not None else None
    return isinstance(nested, exp.Subquery) and not isinstance(nested.parent, exp.From | exp.Join | exp.In)


def _number_of(node: exp.Expr | None) -> Decimal | None:
    """Gives the number that is written, exactly."""
    literal = node.this if isinstance(node, exp.Neg) else node
    if not isinstance(literal, exp.Literal) or literal.is_string:
        return None
    return Decimal(literal.name) * (-1 if isinstance(node, exp.Neg) else 1)


def _literal(value: Decimal) -> exp.Expr:
    literal = exp.Literal.number(str(abs(value)))
    return exp.Neg(this=literal) if value < 0 else literal


def _renamed(column: exp.Expr, name: str) -> exp.Column:
    table = column.args.get("table")
    return exp.column(exp.to_identifier(name, quoted=True), table.copy() if table else None)


def _grouped(node: exp.Expr) -> exp.Expr:
    return exp.paren(node, copy=False) if isinstance(node, exp.Connector) else node


def _copied(value: object) -> object:
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value.copy() if isinstance(value, exp.Expr) else value
