"""Finding one's way in a statement's tree: which table a column is of, what a condition consists of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from ...core.schema import Schema, Table, TableColumn
from ...core.sql_names import is_aggregate
from ...core.sql_scopes import own_nodes
from ..ground import quoted

_NUMERIC = ("INT", "REAL", "NUM", "DEC", "FLOA", "DOUB")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def selects(statement: exp.Expr) -> list[exp.Select]:
    """Gives every SELECT of the statement, the outermost first."""
    return list(statement.find_all(exp.Select))


def table_nodes(select: exp.Select) -> list[exp.Table]:
    """Gives the tables that a SELECT's own FROM clause names, in their order; sub-queries are left out."""
    source = select.args.get("from_")
    nodes = [source.this if source else None, *(join.this for join in joins(select))]
    return [node for node in nodes if isinstance(node, exp.Table)]


def joins(select: exp.Select) -> list[exp.Join]:
    """Gives a SELECT's joins."""
    return list(select.args.get("joins") or ())


def find_column(table: Table | None, name: str) -> TableColumn | None:
    """Gives a table's column of that name, without case."""
    if table is None:
        return None
    return next((column for column in table.columns if column.name.casefold() == name.casefold()), None)


def resolve(column: exp.Column, schema: Schema) -> tuple[exp.Table, Table] | None:
    """Gives the node and the table that a column belongs to; None for a sub-query's column or an alias."""
    select = column.find_ancestor(exp.Select)
    while isinstance(select, exp.Select):
        for node in table_nodes(select):
            table = schema.find(node.name)
            if column.table and node.alias_or_name != column.table:
                continue
            if table is not None and find_column(table, column.name):
                return node, table
            if column.table:
                return None
        select = select.find_ancestor(exp.Select)
    return None


def resolved(statement: exp.Expr, schema: Schema) -> list[tuple[exp.Column, exp.Table, Table]]:
    """Gives every column of the statement that is a table's, with its node and table."""
    found = ((column, resolve(column, schema)) for column in statement.find_all(exp.Column))
    return [(column, *place) for column, place in found if place]


def conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """Gives the conditions that must all hold, in the text's order."""
    if condition is None:
        return []
    if isinstance(condition, exp.And):
        return [*conjuncts(condition.left), *conjuncts(condition.right)]
    return [condition]


def where(select: exp.Select) -> list[exp.Expr]:
    """Gives the conjuncts of a SELECT's WHERE clause."""
    clause = select.args.get("where")
    return conjuncts(clause.this) if clause else []


def having(select: exp.Select) -> list[exp.Expr]:
    """Gives the conjuncts of a SELECT's HAVING clause."""
    clause = select.args.get("having")
    return conjuncts(clause.this) if clause else []


def conjoined(parts: Iterable[exp.Expr]) -> exp.Expr | None:
    """Makes one condition of several; None of none."""
    whole: exp.Expr | None = None
    for part in parts:
        whole = part.copy() if whole is None else exp.And(this=whole, expression=part.copy())
    return whole


def set_where(select: exp.Select, parts: Iterable[exp.Expr]) -> None:
    """Gives a SELECT other conjuncts in its WHERE clause, or none."""
    condition = conjoined(parts)
    select.set("where", exp.Where(this=condition) if condition is not None else None)


def set_having(select: exp.Select, parts: Iterable[exp.Expr]) -> None:
    """Gives a SELECT other conjuncts in its HAVING clause, or none."""
    condition = conjoined(parts)
    select.set("having", exp.Having(this=condition) if condition is not None else None)


def without(parts: list[exp.Expr], part: exp.Expr) -> list[exp.Expr]:
    """Gives the list less one of its members."""
    return [each for each in parts if each is not part]


def group_keys(select: exp.Select) -> list[exp.Expr]:
    """Gives what a SELECT groups by."""
    clause = select.args.get("group")
    return list(clause.expressions) if clause else []


def aggregates(select: exp.Select) -> list[exp.Expr]:
    """Gives the aggregates that a SELECT computes itself, windows' left out."""
    parts = [*select.expressions, *having(select), *sort_keys(select)]
    return [
        node
        for part in parts
        for node in own_nodes(part)
        if is_aggregate(node) and not isinstance(node.parent, exp.Window)
    ]


def has_aggregate(node: exp.Expr) -> bool:
    """Says whether an expression computes an aggregate itself."""
    return any(is_aggregate(each) and not isinstance(each.parent, exp.Window) for each in own_nodes(node))


def sort_keys(query: exp.Expr) -> list[exp.Expr]:
    """Gives the keys that a query is sorted by, as `exp.Ordered`."""
    clause = query.args.get("order")
    return list(clause.expressions) if clause else []


def join_equalities(join: exp.Join) -> list[exp.EQ]:
    """Gives the conjuncts of a join's condition that compare two columns."""
    return [
        part
        for part in conjuncts(join.args.get("on"))
        if isinstance(part, exp.EQ)
        and isinstance(part.left, exp.Column)
        and isinstance(part.right, exp.Column)
    ]


def comparisons(statement: exp.Expr) -> list[exp.Binary]:
    """Gives the comparisons of a column or an expression with a constant at their right."""
    return [
        node
        for node in statement.find_all(*_COMPARISONS)
        if isinstance(node, exp.Binary)
        and isinstance(node.right, exp.Literal | exp.Neg)
        and not isinstance(node.left, exp.Literal)
    ]


def texts(statement: exp.Expr) -> Iterator[exp.Literal]:
    """Gives the text constants that a column is compared with, also those in a list."""
    for node in statement.find_all(exp.Literal):
        if node.is_string and isinstance(node.parent, exp.EQ | exp.NEQ | exp.In | exp.NullSafeNEQ):
            yield node


def is_numeric(column: TableColumn) -> bool:
    """Says whether a column's declared type is a number's."""
    return any(word in column.declared_type.upper() for word in _NUMERIC)


def is_key(column: TableColumn) -> bool:
    """Says whether a column is a key or refers to one."""
    return bool(column.primary_key_position or column.references)


def single_key(table: Table) -> TableColumn | None:
    """Gives the primary key of a table where it is one column."""
    keys = [column for column in table.columns if column.primary_key_position]
    return keys[0] if len(keys) == 1 else None


def identifier(name: str) -> exp.Identifier:
    """Makes a name, in quotes where SQLite needs them."""
    return exp.to_identifier(name, quoted=quoted(name) != name)


def column(name: str, table: str = "") -> exp.Column:
    """Makes a column."""
    return exp.column(identifier(name), table or None)


def sort_key(by: exp.Expr, *, descending: bool) -> exp.Ordered:
    """Makes a sort key as SQLite sorts: NULL before everything else, so last where it descends."""
    return exp.Ordered(this=by, desc=descending or None, nulls_first=not descending)
