"""Single-edit mutants of a statement: what a near miss would have been.

Each is the statement with one decision taken otherwise, as people and models do by mistake: another
aggregate, a filter forgotten, a bound off by one, another join key. Mutants that are equivalent to the
statement whatever the data, as far as its schema shows that, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import sqlglot
from sqlglot import exp

from ..core.schema import Schema, Table, TableColumn

MOST = 60  # mutants of one statement

_OTHER_AGGREGATES: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.Sum: (exp.Avg, exp.Max),
    exp.Avg: (exp.Sum, exp.Max),
    exp.Min: (exp.Max,),
    exp.Max: (exp.Min,),
}
_OTHER_COMPARISONS: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.GT: (exp.GTE, exp.LT),
    exp.GTE: (exp.GT, exp.LT),
    exp.LT: (exp.LTE, exp.GT),
    exp.LTE: (exp.LT, exp.GT),
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
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
    mutation = _Mutation(sqlglot.parse_one(sql, read="sqlite"), schema, ordered)
    yield from islice(mutation.distinct(), MOST)


class _Mutation:
    """One statement under mutation. Its tree is edited in place, written, and put right again."""

    def __init__(self, tree: exp.Expr, schema: Schema, ordered: bool) -> None:
        self._root = exp.Paren(this=tree)  # so that the statement itself can be replaced
        self._schema = schema
        self._ordered = ordered

    def distinct(self) -> Iterator[Mutant]:
        seen = {self._written()}
        for kind, sql in self._all():
            if sql not in seen:
                seen.add(sql)
                yield Mutant(kind, sql)

    def _written(self) -> str:
        return str(self._root.this.sql("sqlite"))

    def _all(self) -> Iterator[tuple[str, str]]:
        nodes = list(self._root.this.walk(bfs=False))
        for edits in (
            self._aggregates,
            self._conjuncts,
            self._comparisons,
            self._negations,
            self._connectors,
            self._joins,
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
        for other in _OTHER_AGGREGATES.get(type(node), ()):
            yield from self._as("aggregate", node, other)
        if isinstance(node, exp.Count) and not isinstance(node.parent, exp.Window):
            if isinstance(node.this, exp.Distinct):
                yield from self._set("count distinct", node, "this", node.this.expressions[0].copy())
            elif isinstance(node.this, exp.Column) and not self._is_unique(node.this):
                distinct = exp.Distinct(expressions=[node.this.copy()])
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
        if not isinstance(node, exp.Join) or not isinstance(node.parent, exp.Select):
            return
        for key in node.find_all(exp.EQ):
            if _is_join_key(key):
                for side in (key.this, key.expression):
                    other = self._other_key(side)
                    if other is not None:
                        yield from self._swap("join key", side, other)
        if node.side == "LEFT":
            yield from self._set("inner join", node, "side", None)
        elif not node.side and not node.kind and node.args.get("on") and self._can_lose_rows(node):
            yield from self._set("left join", node, "side", "LEFT")

    def _limits(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if isinstance(node, exp.Limit | exp.Offset) and isinstance(node.expression, exp.Literal):
            number = int(node.expression.name)
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
        if isinstance(node, exp.Group) and len(node.expressions) > 1:
            for dropped in node.expressions:
                if self._decides_group(node, dropped):
                    rest = [each.copy() for each in node.expressions if each is not dropped]
                    yield from self._set("grouping", node, "expressions", rest)

    def _distincts(self, node: exp.Expr) -> Iterator[tuple[str, str]]:
        if isinstance(node, exp.Select) and node.args.get("distinct"):
            in_set = isinstance(node.parent, exp.SetOperation) or node.find_ancestor(exp.In, exp.Exists)
            if not in_set:
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

    def _sources(self, select: exp.Expr | None) -> dict[str, Table]:
        """Gives the tables that a SELECT reads, by the names that it has for them."""
        if not isinstance(select, exp.Select):
            return {}
        joins = select.args.get("joins") or []
        from_ = select.args.get("from_") or select.args.get("from")
        nodes = [part.this for part in (from_, *joins) if part is not None]
        found = {node.alias_or_name: self._schema.find(node.name) for node in nodes if _is_table(node)}
        return {name: table for name, table in found.items() if table is not None}

    def _source(self, column: exp.Column) -> tuple[Table, TableColumn] | None:
        """Gives the table and the column that a column is, where that is certain."""
        sources = self._sources(column.find_ancestor(exp.Select))
        if column.table:
            candidates = [sources[column.table]] if column.table in sources else []
        else:
            candidates = [table for table in sources.values() if _column(table, column.name)]
        found = _column(candidates[0], column.name) if len(candidates) == 1 else None
        return (candidates[0], found) if found else None

    def _is_unique(self, column: exp.Column) -> bool:
        """Says whether no two rows of a SELECT can have the same value in it."""
        select = column.find_ancestor(exp.Select)
        found = self._source(column)
        if found is None or len(self._sources(select)) != 1:
            return False
        return _is_key(*found)

    def _sibling(self, column: exp.Column) -> exp.Column | None:
        found = self._source(column)
        select = column.find_ancestor(exp.Select)
        if found is None or select is None:
            return None
        table, mine = found
        taken = {each.name.casefold() for each in select.find_all(exp.Column)}
        for other in table.columns:
            is_key = bool(other.primary_key_position or other.references)
            was_key = bool(mine.primary_key_position or mine.references)
            if (
                _affinity(other) == _affinity(mine)
                and is_key == was_key
                and other.name.casefold() not in taken
            ):
                return _renamed(column, other.name)
        return None

    def _other_key(self, column: exp.Expr) -> exp.Column | None:
        """Gives another key of the same table, as somebody would join by mistake."""
        found = self._source(column) if isinstance(column, exp.Column) else None
        if found is None:
            return None
        table, mine = found
        for other in table.columns:
            is_key = bool(other.primary_key_position or other.references)
            if is_key and other.name != mine.name and _affinity(other) == _affinity(mine):
                return _renamed(column, other.name)
        return None

    def _can_lose_rows(self, join: exp.Join) -> bool:
        """Says whether an inner join may drop rows whose loss a LEFT join would show.

        It drops none where a foreign key that is never NULL refers to the joined table's key. It does not
        show where WHERE, or a join after it, needs a value of the joined table, or where all rows go into
        aggregates that do not count NULL.
        """
        select = join.parent
        assert isinstance(select, exp.Select), "asked for joins of a SELECT only"
        name = join.alias_or_name
        keys = [key for key in join.find_all(exp.EQ) if _is_join_key(key)]
        for key in keys:
            for side, other in ((key.this, key.expression), (key.expression, key.this)):
                if side.table == name and isinstance(other, exp.Column):
                    parent, child = self._source(side), self._source(other)
                    if parent and child and _is_key(*parent) and child[1].references and child[1].not_null:
                        return False
        where = select.args.get("where")
        needing = [where, *(each for each in select.args.get("joins", ()) if each is not join)]
        for part in needing:
            if part is not None and any(column.table == name for column in part.find_all(exp.Column)):
                return False
        if select.args.get("group"):
            return any(column.table != name for column in select.args["group"].find_all(exp.Column))
        return not any(item.find(exp.AggFunc) for item in select.expressions)

    def _decides_group(self, group: exp.Group, column: exp.Expr) -> bool:
        """Says whether a column of GROUP BY can part rows that the others leave together."""
        if not isinstance(column, exp.Column):
            return True
        found = self._source(column)
        if found is None:
            return True
        for other in group.expressions:
            if other is not column and isinstance(other, exp.Column):
                key = self._source(other)
                if key and key[0] is found[0] and other.table == column.table and _is_key(*key):
                    return False
        return True


def _is_table(node: exp.Expr) -> bool:
    return isinstance(node, exp.Table)


def _is_join_key(node: exp.Expr) -> bool:
    """Says whether an equation ties two tables together."""
    return (
        isinstance(node, exp.EQ)
        and isinstance(node.this, exp.Column)
        and isinstance(node.expression, exp.Column)
    )


def _is_key(table: Table, column: TableColumn) -> bool:
    keys = [each for each in table.columns if each.primary_key_position]
    return len(keys) == 1 and keys[0] is column


def _column(table: Table, name: str) -> TableColumn | None:
    folded = name.casefold()
    return next((each for each in table.columns if each.name.casefold() == folded), None)


def _affinity(column: TableColumn) -> str:
    """Gives the sort of values that a declared type stands for (https://sqlite.org/datatype3.html#determination_of_column_affinity)."""
    declared = column.declared_type.upper()
    if "INT" in declared:
        return "number"
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT", "DATE", "TIME")):
        return "text"
    return "blob" if not declared or "BLOB" in declared else "number"


def _renamed(column: exp.Expr, name: str) -> exp.Column:
    table = column.args.get("table")
    return exp.column(exp.to_identifier(name, quoted=True), table.copy() if table else None)


def _grouped(node: exp.Expr) -> exp.Expr:
    return exp.paren(node, copy=False) if isinstance(node, exp.Connector) else node


def _copied(value: object) -> object:
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value.copy() if isinstance(value, exp.Expr) else value
