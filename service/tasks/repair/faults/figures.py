"""Faults of computing and arranging: aggregates, groups, duplicates, order, windows, arithmetic."""

from __future__ import annotations

from random import Random

from sqlglot import exp

from ....core.schema import Schema, Table, TableColumn
from ...databases.lexicon import Lexicon, Role
from ..fault import Broken, Fault
from ..reading import (
    aggregates,
    column,
    group_keys,
    resolve,
    selects,
    set_where,
    sort_key,
    sort_keys,
    table_nodes,
    where,
)
from .names import column_words

_OTHERS: dict[type[exp.Expr], tuple[type[exp.AggFunc], ...]] = {
    exp.Sum: (exp.Avg, exp.Max),
    exp.Avg: (exp.Sum, exp.Max),
    exp.Min: (exp.Max,),
    exp.Max: (exp.Min,),
}


def _wrong_aggregate(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [node for select in selects(statement) for node in aggregates(select) if type(node) in _OTHERS]
    if not sites:
        return None
    node = rng.choice(sites)
    node.replace(rng.choice(_OTHERS[type(node)])(this=node.this.copy()))
    return statement


def _counted_for_summed(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [
        node for select in selects(statement) for node in aggregates(select) if isinstance(node, exp.Sum)
    ]
    sites = [node for node in sites if isinstance(node.this, exp.Column)]
    if not sites:
        return None
    node = rng.choice(sites)
    node.replace(exp.Count(this=node.this.copy()))
    return statement


def _counted_twice(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [
        node
        for select in selects(statement)
        for node in aggregates(select)
        if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct)
    ]
    if not sites:
        return None
    node = rng.choice(sites)
    node.set("this", node.this.expressions[0].copy())
    return statement


def _counted_nulls(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """count(*) in the place of count(column): rows without a value, or without a partner, count as well."""
    sites = [
        node
        for select in selects(statement)
        for node in aggregates(select)
        if isinstance(node, exp.Count) and isinstance(node.this, exp.Column)
    ]
    if not sites:
        return None
    rng.choice(sites).set("this", exp.Star())
    return statement


def _missing_group_by(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [select for select in selects(statement) if group_keys(select) and aggregates(select)]
    sites = [select for select in sites if not select.args.get("having")]
    if not sites:
        return None
    rng.choice(sites).set("group", None)
    return statement


def _other_group_key(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Groups by another column of the same table, so that a group is not what was meant."""
    sites = []
    for select in selects(statement):
        for key in group_keys(select) if aggregates(select) else ():
            found = resolve(key, schema) if isinstance(key, exp.Column) else None
            if found is not None and isinstance(key, exp.Column):
                others = [each.name for each in found[1].columns if _is_grouped_by(found[1], each, lexicon)]
                sites += [(key, name) for name in others if name != key.name]
    if not sites:
        return None
    key, name = rng.choice(sites)
    key.replace(column(name, key.table))
    return statement


def _is_grouped_by(table: Table, each: TableColumn, lexicon: Lexicon) -> bool:
    """Says whether people group by a column: one of few values, a name, or what it refers to."""
    words = column_words(lexicon, table.name, each.name)
    return bool(each.references) or (words is not None and words.role in (Role.CATEGORY, Role.NAME))


def _finer_groups(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Adds a column to GROUP BY, so that a group falls apart into several."""
    sites = []
    for select in selects(statement):
        for node in table_nodes(select):
            table = schema.find(node.name)
            if group_keys(select) and table is not None:
                sites += [(select, node, each) for each in table.columns if not each.primary_key_position]
    if not sites:
        return None
    select, node, added = rng.choice(sites)
    keys = [each.copy() for each in group_keys(select)]
    qualifier = node.alias_or_name if len(table_nodes(select)) > 1 else ""
    select.set("group", exp.Group(expressions=[*keys, column(added.name, qualifier)]))
    return statement


def _counted_once(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Counts the different values of a foreign key where rows were to be counted."""
    sites = []
    for select in selects(statement):
        nodes = table_nodes(select)
        table = schema.find(nodes[0].name) if nodes else None
        keys = [each for each in table.columns if each.references] if table else []
        stars = [n for n in aggregates(select) if isinstance(n, exp.Count) and isinstance(n.this, exp.Star)]
        qualifier = nodes[0].alias_or_name if len(nodes) > 1 else ""
        sites += [(star, column(key.name, qualifier)) for star in stars for key in keys]
    if not sites:
        return None
    star, counted = rng.choice(sites)
    star.set("this", exp.Distinct(expressions=[counted]))
    return statement


def _columns_swapped(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    if not isinstance(statement, exp.Select) or len(statement.expressions) < 2:
        return None
    parts = list(statement.expressions)
    at = rng.randrange(len(parts) - 1)
    parts[at], parts[at + 1] = parts[at + 1], parts[at]
    statement.set("expressions", parts)
    return statement


def _column_left_out(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    if not isinstance(statement, exp.Select) or len(statement.expressions) < 2:
        return None
    parts = list(statement.expressions)
    dropped = rng.choice(parts)
    if any(use.name == dropped.alias for use in statement.find_all(exp.Column) if dropped.alias):
        return None
    statement.set("expressions", [part for part in parts if part is not dropped])
    return statement


def _superfluous_distinct(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [
        node
        for select in selects(statement)
        for node in aggregates(select)
        if isinstance(node, exp.Sum | exp.Avg) and isinstance(node.this, exp.Column)
    ]
    if not sites:
        return None
    node = rng.choice(sites)
    node.set("this", exp.Distinct(expressions=[node.this.copy()]))
    return statement


def _union_all(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [node for node in statement.find_all(exp.Union) if node.args.get("distinct")]
    if not sites:
        return None
    rng.choice(sites).set("distinct", False)
    return statement


def _other_set_operation(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = list(statement.find_all(exp.SetOperation))
    if not sites:
        return None
    node = rng.choice(sites)
    others = [kind for kind in (exp.Union, exp.Intersect, exp.Except) if not isinstance(node, kind)]
    arguments = {name: value for name, value in node.args.items() if name in ("this", "expression")}
    copied = {name: value.copy() for name, value in arguments.items()}
    other = rng.choice(others)(**copied, distinct=True)
    if node.parent is None:
        return other
    node.replace(other)
    return statement


def _turned_order(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [keys[0] for query in statement.find_all(exp.Query) if (keys := sort_keys(query))]
    if not sites:
        return None
    key = rng.choice(sites)
    key.replace(sort_key(key.this.copy(), descending=not key.args.get("desc")))
    return statement


def _sorted_as_text(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [keys[0] for query in statement.find_all(exp.Query) if (keys := sort_keys(query))]
    sites = [key for key in sites if isinstance(key.this, exp.Column | exp.AggFunc)]
    if not sites:
        return None
    key = rng.choice(sites)
    key.set("this", exp.Cast(this=key.this.copy(), to=exp.DataType.build("TEXT")))
    return statement


def _other_limit(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [node for node in statement.find_all(exp.Limit) if isinstance(node.expression, exp.Literal)]
    if not sites:
        return None
    node = rng.choice(sites)
    number = int(node.expression.name)
    if number > 1 and rng.random() < 0.5:
        node.set("expression", exp.Literal.number(number - 1))
    else:
        node.set("expression", exp.Literal.number(number + 1))
    return statement


def _limit_lost(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [query for query in statement.find_all(exp.Query) if query.args.get("limit")]
    if not sites:
        return None
    rng.choice(sites).set("limit", None)
    return statement


def _integer_division(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Takes the point from 100.0 or 1.0, so that whole numbers divide without a rest."""
    sites = [
        node
        for node in statement.find_all(exp.Literal)
        if not node.is_string and node.name.endswith(".0") and node.find_ancestor(exp.Div)
    ]
    if not sites:
        return None
    node = rng.choice(sites)
    node.replace(exp.Literal.number(node.name.removesuffix(".0")))
    return statement


def _rounded_too_early(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [
        node for node in statement.find_all(exp.Round) if isinstance(node.args.get("decimals"), exp.Literal)
    ]
    if not sites:
        return None
    node = rng.choice(sites)
    node.set(
        "decimals", exp.Literal.number(0) if node.args["decimals"].name != "0" else exp.Literal.number(2)
    )
    return statement


def _partition_lost(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [node for node in statement.find_all(exp.Window) if node.args.get("partition_by")]
    if not sites:
        return None
    rng.choice(sites).set("partition_by", None)
    return statement


def _window_turned(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [node.args["order"] for node in statement.find_all(exp.Window) if node.args.get("order")]
    if not sites:
        return None
    key = rng.choice(sites).expressions[0]
    key.replace(sort_key(key.this.copy(), descending=not key.args.get("desc")))
    return statement


def _running_order_lost(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Without its order, a running total is the grand total in every row."""
    sites = [
        node
        for node in statement.find_all(exp.Window)
        if isinstance(node.this, exp.Sum | exp.Count | exp.Avg) and node.args.get("order")
    ]
    if not sites:
        return None
    rng.choice(sites).set("order", None)
    return statement


def _short_frame(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Adds up a few rows where all rows so far were meant."""
    sites = [
        node
        for node in statement.find_all(exp.Window)
        if isinstance(node.this, exp.Sum | exp.Count | exp.Avg) and node.args.get("order")
    ]
    if not sites:
        return None
    rows = exp.Literal.number(rng.choice((1, 2)))
    frame = exp.WindowSpec(kind="ROWS", start=rows, start_side="PRECEDING", end="CURRENT ROW")
    rng.choice(sites).set("spec", frame)
    return statement


def _window_in_where(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Compares a rank where rows are chosen, before there are any ranks."""
    for select in selects(statement):
        inner = select.args["from_"].this if select.args.get("from_") else None
        query = inner.this if isinstance(inner, exp.Subquery) else None
        if not isinstance(query, exp.Select) or select.args.get("joins"):
            continue
        ranks = {
            part.alias: part.this
            for part in query.expressions
            if isinstance(part, exp.Alias) and isinstance(part.this, exp.Window)
        }
        sites = [use for use in select.find_all(exp.Column) if use.name in ranks]
        sites = [use for use in sites if use.find_ancestor(exp.Where) and isinstance(use.parent, exp.Binary)]
        compared = sites[0].parent.copy() if len(sites) == 1 and sites[0].parent else None
        if compared is None or select.parent is not None or len(where(select)) != 1:
            continue
        compared.set("this", ranks[sites[0].name].copy())
        set_where(query, [*where(query), compared])
        shown = [part for part in query.expressions if part.alias not in ranks]
        query.set("expressions", shown)
        return query.copy()
    return None


def _coalesce_lost(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = list(statement.find_all(exp.Coalesce))
    if not sites:
        return None
    node = rng.choice(sites)
    node.replace(node.this.copy())
    return statement


FAULTS = (
    Fault(
        "wrong_aggregate",
        "wrong_aggregate",
        "Total, average and maximum are mixed up, most often when a query is adapted from another one.",
        1,
        _wrong_aggregate,
        ("It was adapted from another report.",),
    ),
    Fault(
        "counted_for_summed",
        "wrong_aggregate",
        "Rows are counted where their amounts were to be added up.",
        1,
        _counted_for_summed,
    ),
    Fault(
        "counted_twice",
        "wrong_count",
        "count(DISTINCT …) loses its DISTINCT, so things are counted as often as they occur.",
        2,
        _counted_twice,
    ),
    Fault(
        "counted_nulls",
        "wrong_count",
        "count(*) counts the row that an outer join makes up for those without a partner.",
        2,
        _counted_nulls,
    ),
    Fault(
        "counted_once",
        "wrong_count",
        "The different customers of orders are counted, and the figure is taken for that of the orders.",
        2,
        _counted_once,
    ),
    Fault(
        "missing_group_by",
        "missing_group_by",
        "SQLite lets a plain column stand beside an aggregate, so a forgotten GROUP BY gives one row.",
        1,
        _missing_group_by,
    ),
    Fault(
        "other_group_key",
        "wrong_groups",
        "Groups are made by another property of the same thing than the one that was asked about.",
        2,
        _other_group_key,
    ),
    Fault(
        "finer_groups",
        "wrong_groups",
        "A further column in GROUP BY, added to please another database, splits the groups.",
        1,
        _finer_groups,
        ("Our other database insisted on that line, so I added it.",),
    ),
    Fault(
        "superfluous_distinct",
        "wrong_aggregate",
        "DISTINCT inside a sum, put there against doubled rows, drops equal amounts that are all real.",
        2,
        _superfluous_distinct,
        ("Somebody added a word there because figures once came out doubled.",),
    ),
    Fault(
        "union_all",
        "duplicate_rows",
        "UNION ALL is taken for the faster UNION, but keeps what both halves have.",
        2,
        _union_all,
        ("We made it faster.",),
    ),
    Fault(
        "other_set_operation",
        "set_operation",
        "Both, either and but not are three operations, and one stands for another.",
        1,
        _other_set_operation,
    ),
    Fault(
        "turned_order",
        "wrong_order",
        "Highest and lowest change places: DESC is forgotten, or not taken away.",
        1,
        _turned_order,
    ),
    Fault(
        "sorted_as_text",
        "wrong_order",
        "Numbers are cast to text before sorting, and '9' comes after '10'.",
        2,
        _sorted_as_text,
        ("The cast came in when we had trouble with another tool.",),
    ),
    Fault(
        "other_limit",
        "wrong_limit",
        "A number was changed for a test and never set back.",
        0,
        _other_limit,
        ("I had tried it with another number in between.",),
    ),
    Fault(
        "limit_lost",
        "wrong_limit",
        "The line that keeps the first rows is cut off when a query is pasted.",
        0,
        _limit_lost,
        ("It may be that the end was cut off when I pasted it.",),
    ),
    Fault(
        "integer_division",
        "integer_division",
        "Whole numbers divide without a rest in SQLite, unlike in a spreadsheet.",
        2,
        _integer_division,
    ),
    Fault(
        "rounded_otherwise",
        "rounding",
        "The number of decimals is not the one that was asked for.",
        0,
        _rounded_too_early,
    ),
    Fault(
        "partition_lost",
        "window",
        "A ranking runs over all rows instead of within each group.",
        2,
        _partition_lost,
    ),
    Fault(
        "window_turned",
        "window",
        "A ranking begins at the wrong end.",
        1,
        _window_turned,
    ),
    Fault(
        "running_order_lost",
        "window",
        "A running total has no order to run in, so every row shows the grand total.",
        1,
        _running_order_lost,
    ),
    Fault(
        "short_frame",
        "window",
        "The frame of a moving figure stays in a query that should add up everything so far.",
        2,
        _short_frame,
        ("It was made from the report with the moving figures.",),
    ),
    Fault(
        "window_in_where",
        "window",
        "A rank is compared in the WHERE of the query that computes it, where there is none yet.",
        1,
        _window_in_where,
        ("I wanted to get rid of the nesting.",),
    ),
    Fault(
        "columns_swapped",
        "wrong_output",
        "Two result columns have changed places, and whatever reads them by position goes wrong.",
        1,
        _columns_swapped,
    ),
    Fault(
        "column_left_out",
        "wrong_output",
        "A column that was asked for is missing from the SELECT list.",
        0,
        _column_left_out,
    ),
    Fault(
        "coalesce_lost",
        "missing_zero",
        "Where there is nothing to add up, SQL gives NULL and not 0.",
        1,
        _coalesce_lost,
    ),
)
