"""Equivalent rewrites of a statement: the same rows asked for in other words.

Each keeps the rows of a SELECT in SQLite's dialect whatever the data (three-valued logic included), and
their order wherever the statement itself decides it. Names of result columns may change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.eliminate_subqueries import eliminate_subqueries
from sqlglot.optimizer.merge_subqueries import merge_subqueries
from sqlglot.optimizer.normalize import normalize
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.simplify import simplify

from ..core.schema import Schema

_OPPOSITE: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
}


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A statement that asks for the same rows; `kind` says how it was made."""

    kind: str
    sql: str


def rewrites(sql: str, schema: Schema, kinds: Sequence[str] = ()) -> Iterator[Rewrite]:
    """Gives the rewrites of a SELECT, each text once; none for what writes.

    `kinds` says which of KINDS, and in what order; empty: all. Raises sqlglot.errors.SqlglotError for what
    does not parse.
    """
    tree = sqlglot.parse_one(sql, read="sqlite")
    if not isinstance(tree, exp.Query):
        return
    seen = {tree.sql("sqlite"), sql}
    for kind in kinds or KINDS:
        try:
            other = _EDITS[kind](tree.copy()) if kind in _EDITS else _optimized(kind, tree.copy(), schema)
        except sqlglot.errors.SqlglotError:
            continue  # the optimizer does not know all of SQLite
        written = other.sql("sqlite") if other is not None else ""
        if written and written not in seen:
            seen.add(written)
            yield Rewrite(kind, written)


_Edit = Callable[[exp.Expr], exp.Expr | None]
"""Takes a statement that it may change, and gives another one, or None where there is nothing to rewrite."""


# ---- joins ----


def _joins_on(select: exp.Expr) -> list[exp.Join]:
    """Gives the joins of a SELECT that names its columns, where all are inner ones with ON; else none."""
    joins = select.args.get("joins") or []
    plain = all(
        join.args.get("on") and not (join.side or join.args.get("method") or join.kind not in ("", "INNER"))
        for join in joins
    )
    has_star = any(item.is_star and not isinstance(item, exp.Count) for item in select.expressions)
    return list(joins) if plain and not has_star else []


def _swap_joins(tree: exp.Expr) -> exp.Expr | None:
    """Turns FROM a JOIN b ON … JOIN c ON … round, as far as each ON still sees its tables."""
    for select in tree.find_all(exp.Select):
        joins = _joins_on(select)
        if not joins:
            continue
        conditions = [join.args["on"].copy() for join in joins]
        sources = [select.args["from_"].this, *(join.this for join in joins)]
        sources = [source.copy() for source in reversed(sources)]
        names = {source.alias_or_name for source in sources}
        select.set("from_", exp.From(this=sources[0]))
        select.set("joins", [])
        visible = {sources[0].alias_or_name}
        for source in sources[1:]:
            visible.add(source.alias_or_name)
            ready = [on for on in conditions if _tables_of(on) & names <= visible]
            conditions = [on for on in conditions if on not in ready]
            on = exp.and_(*ready, copy=False) if ready else exp.true()
            select.append("joins", exp.Join(this=source, on=on))
    return tree


def _comma_joins(tree: exp.Expr) -> exp.Expr | None:
    """FROM a JOIN b ON … becomes FROM a, b WHERE …"""
    for select in tree.find_all(exp.Select):
        for join in _joins_on(select):
            select.where(join.args["on"].copy(), copy=False)
            join.set("on", None)
            join.set("kind", None)
    return tree


def _conditions_in_on(tree: exp.Expr) -> exp.Expr | None:
    """What WHERE demands is demanded by the last inner join."""
    for select in tree.find_all(exp.Select):
        joins, where = _joins_on(select), select.args.get("where")
        if joins and where is not None:
            joins[-1].on(where.this.copy(), copy=False)
            select.set("where", None)
    return tree


def _right_joins(tree: exp.Expr) -> exp.Expr | None:
    """FROM a LEFT JOIN b becomes FROM b RIGHT JOIN a."""
    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        if len(joins) == 1 and joins[0].side == "LEFT" and joins[0].args.get("on") and not select.is_star:
            left, right = select.args["from_"].this, joins[0].this
            select.set("from_", exp.From(this=right.copy()))
            joins[0].set("this", left.copy())
            joins[0].set("side", "RIGHT")
    return tree


# ---- queries in queries ----


def _wrapped(tree: exp.Expr) -> exp.Expr | None:
    """Reads all from the statement as a common table expression."""
    return exp.select("*").from_("whole").with_("whole", as_=tree)


def _inlined(tree: exp.Expr) -> exp.Expr | None:
    """A common table expression becomes a sub-query wherever it is read."""
    with_ = tree.args.get("with_")
    if with_ is None or with_.args.get("recursive"):
        return None
    bodies: dict[str, exp.Expr] = {}
    for common in with_.expressions:
        if common.args["alias"].args.get("columns"):
            return None
        _read_inline(common.this, bodies)
        bodies[common.alias.casefold()] = common.this
    tree.set("with_", None)
    _read_inline(tree, bodies)
    return tree


def _read_inline(tree: exp.Expr, bodies: dict[str, exp.Expr]) -> None:
    for table in list(tree.find_all(exp.Table)):
        body = bodies.get(table.name.casefold())
        if body is not None:
            table.replace(
                exp.Subquery(this=body.copy(), alias=exp.TableAlias(this=_name(table.alias_or_name)))
            )


def _exists_for_in(tree: exp.Expr) -> exp.Expr | None:
    """Writes x IN (SELECT y …) as EXISTS (SELECT 1 … AND y = x), where nothing negates it."""
    for node in list(tree.find_all(exp.In)):
        query = node.args.get("query")
        inner = query.this if isinstance(query, exp.Subquery) else query
        outer = node.this
        if not (_is_demanded(node) and _is_plain(inner) and isinstance(outer, exp.Column) and outer.table):
            continue
        assert isinstance(inner, exp.Select), "a plain query is a SELECT"
        item = inner.expressions[0].unalias()
        if (
            len(inner.expressions) == 1
            and isinstance(item, exp.Column)
            and outer.table not in _sources(inner)
        ):
            found = inner.copy().where(exp.EQ(this=item.copy(), expression=outer.copy()), copy=False)
            found.set("expressions", [exp.Literal.number(1)])
            found.set("distinct", None)
            node.replace(exp.Exists(this=found))
    return tree


def _in_for_exists(tree: exp.Expr) -> exp.Expr | None:
    """Writes EXISTS (SELECT … WHERE y = x …) as x IN (SELECT y …), where x alone comes from outside."""
    for node in list(tree.find_all(exp.Exists)):
        inner = node.this
        if not (_is_demanded(node) and _is_plain(inner)):
            continue
        sources, where = _sources(inner), inner.args.get("where")
        parts = list(where.this.flatten()) if where is not None and isinstance(where.this, exp.And) else []
        parts = parts or ([where.this] if where is not None else [])
        outside = [part for part in parts if not _tables_of(part) <= sources]
        if len(outside) != 1 or not isinstance(outside[0], exp.EQ) or "" in _tables_of(outside[0]):
            continue
        sides = (outside[0].this, outside[0].expression)
        mine = [side for side in sides if isinstance(side, exp.Column) and side.table in sources]
        theirs = [side for side in sides if isinstance(side, exp.Column) and side.table not in sources]
        if len(mine) == 1 and len(theirs) == 1:
            rest = [part.copy() for part in parts if part is not outside[0]]
            found = inner.copy()
            found.set("expressions", [mine[0].copy()])
            found.set("where", exp.Where(this=exp.and_(*rest, copy=False)) if rest else None)
            node.replace(exp.In(this=theirs[0].copy(), query=exp.Subquery(this=found)))
    return tree


def _is_demanded(node: exp.Expr) -> bool:
    """Says whether a condition is one of a WHERE's or ON's conjuncts, where false and NULL are the same."""
    parent = node.parent
    while isinstance(parent, exp.And | exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.Where)


def _is_plain(query: exp.Expr | None) -> bool:
    """Says whether a query only joins and filters."""
    if not isinstance(query, exp.Select) or any(item.find(exp.AggFunc) for item in query.expressions):
        return False
    return not any(query.args.get(part) for part in ("group", "having", "limit", "offset", "with_"))


def _sources(select: exp.Expr) -> set[str]:
    parts = (select.args.get("from_"), *(select.args.get("joins") or ()))
    return {part.this.alias_or_name for part in parts if part is not None}


def _tables_of(condition: exp.Expr) -> set[str]:
    return {column.table for column in condition.find_all(exp.Column)}


# ---- conditions ----


def _comparisons_for_between(tree: exp.Expr) -> exp.Expr | None:
    for node in list(tree.find_all(exp.Between)):
        low = exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
        high = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
        node.replace(exp.paren(exp.and_(low, high, copy=False), copy=False))
    return tree


def _between_for_comparisons(tree: exp.Expr) -> exp.Expr | None:
    """Writes x >= a AND x <= b, next to each other, as x BETWEEN a AND b."""
    for node in list(tree.find_all(exp.And)):
        low, high = node.this, node.expression
        if isinstance(low, exp.GTE) and isinstance(high, exp.LTE) and low.this == high.this:
            bounds = {"low": low.expression.copy(), "high": high.expression.copy()}
            node.replace(exp.Between(this=low.this.copy(), **bounds))
    return tree


def _negated_opposites(tree: exp.Expr) -> exp.Expr | None:
    """Writes x <> y as NOT x = y, x > y as NOT x <= y."""
    for node in _filters(tree, *_OPPOSITE):
        left, right = node.this, node.expression
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            continue  # a join by a negation finds no index, and takes too long
        opposite = _OPPOSITE[type(node)](this=left.copy(), expression=right.copy())
        node.replace(exp.paren(exp.Not(this=opposite), copy=False))
    return tree


def _flipped(tree: exp.Expr) -> exp.Expr | None:
    """Writes x > 5 as 5 < x."""
    flipped: dict[type[exp.Expr], type[exp.Expr]] = {
        exp.GT: exp.LT,
        exp.LT: exp.GT,
        exp.GTE: exp.LTE,
        exp.LTE: exp.GTE,
        exp.EQ: exp.EQ,
    }
    for node in _filters(tree, *flipped):
        node.replace(flipped[type(node)](this=node.expression.copy(), expression=node.this.copy()))
    return tree


def _double_negation(tree: exp.Expr) -> exp.Expr | None:
    for where in list(tree.find_all(exp.Where)):
        where.set("this", exp.Not(this=exp.paren(exp.Not(this=exp.paren(where.this.copy())), copy=False)))
    return tree


def _conjuncts_turned(tree: exp.Expr) -> exp.Expr | None:
    for node in list(tree.find_all(exp.Where, exp.Having)):
        if isinstance(node.this, exp.And):
            parts = [part.copy() for part in node.this.flatten()]
            node.set("this", exp.and_(*reversed(parts), copy=False))
    return tree


def _de_morgan(tree: exp.Expr) -> exp.Expr | None:
    """Writes a AND b as NOT (NOT a OR NOT b)."""
    for node in list(tree.find_all(exp.Where, exp.Having)):
        if isinstance(node.this, exp.And):
            parts = [exp.Not(this=exp.paren(part.copy())) for part in node.this.flatten()]
            node.set("this", exp.Not(this=exp.paren(exp.or_(*parts, copy=False), copy=False)))
    return tree


def _lists_turned(tree: exp.Expr) -> exp.Expr | None:
    for node in list(tree.find_all(exp.In)):
        node.set("expressions", [each.copy() for each in reversed(node.expressions)])
    return tree


def _alternatives_for_in(tree: exp.Expr) -> exp.Expr | None:
    """Writes x IN (a, b) as x = a OR x = b."""
    for node in list(tree.find_all(exp.In)):
        if node.expressions:
            equal = [exp.EQ(this=node.this.copy(), expression=each.copy()) for each in node.expressions]
            node.replace(exp.paren(exp.or_(*equal, copy=False), copy=False))
    return tree


def _filters(tree: exp.Expr, *types: type[exp.Expr]) -> list[exp.Expr]:
    """Gives the comparisons that stand in WHERE or HAVING, without those inside one another."""
    found = [node for node in tree.find_all(*types) if node.find_ancestor(exp.Where, exp.Having)]
    return [node for node in found if not any(_is_inside(node, other) for other in found)]


def _is_inside(node: exp.Expr, other: exp.Expr) -> bool:
    parent = node.parent
    while parent is not None and parent is not other:
        parent = parent.parent
    return parent is not None


# ---- expressions ----


def _iif_for_case(tree: exp.Expr) -> exp.Expr | None:
    for node in list(tree.find_all(exp.Case)):
        branches = node.args["ifs"]
        if len(branches) == 1 and node.this is None:
            otherwise = node.args.get("default") or exp.null()
            node.replace(
                exp.If(
                    this=branches[0].this.copy(),
                    true=branches[0].args["true"].copy(),
                    false=otherwise.copy(),
                )
            )
    return tree


def _case_for_iif(tree: exp.Expr) -> exp.Expr | None:
    for node in list(tree.find_all(exp.If)):
        if not isinstance(node.parent, exp.Case):
            branch = exp.If(this=node.this.copy(), true=node.args["true"].copy())
            default = node.args.get("false")
            node.replace(exp.Case(ifs=[branch], default=default.copy() if default else None))
    return tree


def _count_of_one(tree: exp.Expr) -> exp.Expr | None:
    for node in list(tree.find_all(exp.Count)):
        if isinstance(node.this, exp.Star):
            node.set("this", exp.Literal.number(1))
    return tree


def _ifnull(tree: exp.Expr) -> exp.Expr | None:
    for node in list(tree.find_all(exp.Coalesce)):
        if len(node.expressions) == 1:
            operands = [node.this.copy(), node.expressions[0].copy()]
            node.replace(exp.Anonymous(this="IFNULL", expressions=operands))
    return tree


def _case_for_coalesce(tree: exp.Expr) -> exp.Expr | None:
    for node in list(tree.find_all(exp.Coalesce)):
        if len(node.expressions) == 1:
            missing = exp.Is(this=node.this.copy(), expression=exp.null())
            branch = exp.If(this=missing, true=node.expressions[0].copy())
            node.replace(exp.Case(ifs=[branch], default=node.this.copy()))
    return tree


# ---- the whole ----


def _aliases_renamed(tree: exp.Expr) -> exp.Expr | None:
    """Gives every source another name: one for each name, so that what hides what stays as it was."""
    for source in list(tree.find_all(exp.Table, exp.Subquery)):
        name = source.alias_or_name
        if name and isinstance(source.parent, exp.From | exp.Join):
            source.set("alias", exp.TableAlias(this=_name(_other_name(name))))
    for column in list(tree.find_all(exp.Column)):
        if column.table:
            column.set("table", _name(_other_name(column.table)))
    return tree


def _other_name(name: str) -> str:
    return f"the_{name.casefold()}"


def _name(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def _group_for_distinct(tree: exp.Expr) -> exp.Expr | None:
    """SELECT DISTINCT a, b becomes SELECT a, b … GROUP BY a, b."""
    for select in tree.find_all(exp.Select):
        items = [item.unalias() for item in select.expressions]
        if (
            select.args.get("distinct")
            and not select.args.get("group")
            and all(isinstance(item, exp.Column) and not item.is_star for item in items)
        ):
            select.set("distinct", None)
            select.set("group", exp.Group(expressions=[item.copy() for item in items]))
    return tree


def _ordinals(tree: exp.Expr) -> exp.Expr | None:
    """ORDER BY an expression that is selected becomes ORDER BY its place."""
    for select in tree.find_all(exp.Select):
        items = [item.unalias() for item in select.expressions]
        order = select.args.get("order")
        for ordered in order.expressions if order is not None else ():
            if ordered.this in items and not select.is_star:
                ordered.set("this", exp.Literal.number(items.index(ordered.this) + 1))
    return tree


def _offset_zero(tree: exp.Expr) -> exp.Expr | None:
    for query in tree.find_all(exp.Query):
        if query.args.get("limit") and not query.args.get("offset"):
            query.set("offset", exp.Offset(expression=exp.Literal.number(0)))
    return tree


def _operands_swapped(tree: exp.Expr) -> exp.Expr | None:
    """Writes a UNION b as b UNION a, INTERSECT likewise, where nothing sorts the whole."""
    parts = {"order", "limit", "offset"}
    for node in tree.find_all(exp.Union, exp.Intersect):
        if not any(side.args.get(part) for part in parts for side in (node, node.this, node.expression)):
            if isinstance(node.this, exp.SetOperation) or isinstance(node.expression, exp.SetOperation):
                continue
            left, right = node.this.copy(), node.expression.copy()
            node.set("this", right)
            node.set("expression", left)
    return tree


_EDITS: dict[str, _Edit] = {
    "join order": _swap_joins,
    "comma join": _comma_joins,
    "conditions in ON": _conditions_in_on,
    "right join": _right_joins,
    "wrapped": _wrapped,
    "sub-query for CTE": _inlined,
    "EXISTS for IN": _exists_for_in,
    "IN for EXISTS": _in_for_exists,
    "comparisons for BETWEEN": _comparisons_for_between,
    "BETWEEN for comparisons": _between_for_comparisons,
    "negated opposite": _negated_opposites,
    "comparison flipped": _flipped,
    "double negation": _double_negation,
    "conjuncts turned": _conjuncts_turned,
    "De Morgan": _de_morgan,
    "list turned": _lists_turned,
    "OR for IN": _alternatives_for_in,
    "iif for CASE": _iif_for_case,
    "CASE for iif": _case_for_iif,
    "count(1)": _count_of_one,
    "IFNULL": _ifnull,
    "CASE for COALESCE": _case_for_coalesce,
    "aliases renamed": _aliases_renamed,
    "GROUP BY for DISTINCT": _group_for_distinct,
    "ORDER BY place": _ordinals,
    "OFFSET 0": _offset_zero,
    "operands swapped": _operands_swapped,
}

_RULES: dict[str, Callable[..., exp.Expr]] = {
    "normalize": normalize,
    "pushdown_predicates": pushdown_predicates,
    "pushdown_projections": pushdown_projections,
    "eliminate_subqueries": eliminate_subqueries,
    "merge_subqueries": merge_subqueries,
}

KINDS = (*_EDITS, "simplify", "qualify", *_RULES)


def _optimized(rule: str, tree: exp.Expr, schema: Schema) -> exp.Expr | None:
    """Applies a rule of sqlglot's optimizer; all but `simplify` need every name qualified first."""
    if rule == "simplify":
        simplified: exp.Expr = simplify(tree, dialect="sqlite")
        return simplified
    columns: dict[str, object] = {
        table.name: {column.name: column.declared_type or "TEXT" for column in table.columns}
        for table in schema.tables
    }
    qualified = qualify(tree, schema=columns, dialect="sqlite")
    if rule == "qualify":
        return qualified
    before = qualified.copy()
    other = _RULES[rule](qualified)
    return other if other != before else None
