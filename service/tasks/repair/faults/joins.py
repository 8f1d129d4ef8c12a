"""Faults of joining: wrong keys, missing conditions, rows lost or multiplied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from sqlglot import exp

from ....core.schema import Schema, Table
from ...databases.lexicon import Lexicon
from ...ground import quoted
from ..fault import Broken, Fault
from ..reading import (
    aggregates,
    column,
    conjoined,
    conjuncts,
    find_column,
    identifier,
    is_key,
    join_equalities,
    joins,
    selects,
    set_where,
    single_key,
    table_nodes,
    where,
    without,
)

_MAX_CROSS_JOIN = 300_000  # rows; more would only run into the sandbox's bounds


def _key_sites(
    statement: exp.Expr, schema: Schema
) -> Iterator[tuple[exp.Select, exp.Join, exp.EQ, exp.Column, exp.Column, Table]]:
    """Gives each column that a join compares, with the one that it is compared with and its table."""
    for select in selects(statement):
        tables = {node.alias_or_name: schema.find(node.name) for node in table_nodes(select)}
        for join in joins(select):
            for part in join_equalities(join):
                for mine, other in ((part.left, part.right), (part.right, part.left)):
                    assert isinstance(mine, exp.Column), "join_equalities compares columns"
                    assert isinstance(other, exp.Column), "join_equalities compares columns"
                    table = tables.get(mine.table)
                    if table is not None:
                        yield select, join, part, mine, other, table


def _wrong_join_key(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = []
    for _, _, _, mine, _, table in _key_sites(statement, schema):
        old = find_column(table, mine.name)
        others = [
            each.name
            for each in table.columns
            if is_key(each) and each is not old and old and each.declared_type == old.declared_type
        ]
        sites += [(mine, other) for other in others]
    if not sites:
        return None
    mine, other = rng.choice(sites)
    mine.replace(column(other, mine.table))
    return statement


def _both_primary_keys(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = []
    for _, _, _, mine, _other, table in _key_sites(statement, schema):
        key, old = single_key(table), find_column(table, mine.name)
        if key and old and old.references and key is not old and key.declared_type == old.declared_type:
            sites.append((mine, key.name))
    if not sites:
        return None
    mine, key_name = rng.choice(sites)
    mine.replace(column(key_name, mine.table))
    return statement


def _half_a_key(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [
        join for select in selects(statement) for join in joins(select) if len(join_equalities(join)) > 1
    ]
    if not sites:
        return None
    join = rng.choice(sites)
    parts = conjuncts(join.args["on"])
    join.set("on", conjoined(without(parts, rng.choice(join_equalities(join)))))
    return statement


def _reversed_self_join(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = []
    for select in selects(statement):
        names = {node.alias_or_name: node.name for node in table_nodes(select)}
        for join in joins(select):
            sites += [
                part
                for part in join_equalities(join)
                if part.left.name != part.right.name
                and names.get(_qualifier(part.left)) is not None
                and names.get(_qualifier(part.left)) == names.get(_qualifier(part.right))
            ]
    if not sites:
        return None
    part = rng.choice(sites)
    left, right = part.left.name, part.right.name
    part.left.set("this", identifier(right))
    part.right.set("this", identifier(left))
    return statement


def _qualifier(side: exp.Expr) -> str:
    return side.table if isinstance(side, exp.Column) else ""


def _missing_join_condition(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = []
    for select in selects(statement):
        sizes = {node.alias_or_name: _rows(schema, node) for node in table_nodes(select)}
        for join in joins(select):
            here = sizes.get(join.this.alias_or_name, 0)
            there = max((rows for name, rows in sizes.items() if name != join.this.alias_or_name), default=0)
            if join.args.get("on") and not join.side and 0 < here * there <= _MAX_CROSS_JOIN:
                sites.append(join)
    if not sites:
        return None
    join = rng.choice(sites)
    join.set("on", None)
    join.set("kind", None)
    return statement


def _rows(schema: Schema, node: exp.Table) -> int:
    table = schema.find(node.name)
    return table.row_count if table else 0


def _inner_for_outer(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [join for select in selects(statement) for join in joins(select) if join.side == "LEFT"]
    if not sites:
        return None
    for join in sites if rng.random() < 0.5 else [rng.choice(sites)]:
        join.set("side", None)
    return statement


def _outer_for_inner(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Keeps the rows without a partner, of the table that is joined or of what stands before it."""
    sites = [
        join
        for select in selects(statement)
        for join in joins(select)
        if not join.side and not join.args.get("kind") and join.args.get("on")
    ]
    if not sites:
        return None
    rng.choice(sites).set("side", rng.choice(("LEFT", "RIGHT", "RIGHT")))
    return statement


def _outer_condition_in_where(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = []
    for select in selects(statement):
        for join in joins(select):
            alias = join.this.alias_or_name
            parts = conjuncts(join.args.get("on")) if join.side == "LEFT" else []
            own = [
                part
                for part in parts
                if {each.table for each in part.find_all(exp.Column)} == {alias} and not part.find(exp.Select)
            ]
            if own and len(own) < len(parts):
                sites.append((select, join, own, parts))
    if not sites:
        return None
    select, join, own, parts = rng.choice(sites)
    join.set("on", conjoined(part for part in parts if part not in own))
    set_where(select, [*where(select), *own])
    return statement


def _left_over_join(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _with_child(statement, schema, rng, second_branch=False)


def _second_branch(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _with_child(statement, schema, rng, second_branch=True)


def _with_child(statement: exp.Expr, schema: Schema, rng: Random, *, second_branch: bool) -> Broken:
    """Joins one more table that has several rows for each of a table that is there.

    `second_branch`: that table has another child in the query already, so the two multiply each other.
    """
    sites = []
    for select in selects(statement):
        if not any(isinstance(each, exp.Sum | exp.Count) for each in aggregates(select)):
            continue
        nodes = table_nodes(select)
        named = {node.name for node in nodes}
        for node in nodes:
            has_branch = any(_refers(schema.find(other), node.name) for other in named - {node.name})
            if has_branch is not second_branch or not node.alias:
                continue
            for child in schema.tables:
                foreign = _refers(child, node.name)
                if foreign and not child.is_view and child.name not in named and child.row_count:
                    sites.append((select, node, child, foreign))
    if not sites:
        return None
    select, node, child, (foreign_key, key) = rng.choice(sites)
    taken = {each.alias_or_name.casefold() for each in select.root().find_all(exp.Table)}
    name = child.name.casefold()
    names = (name[0], name[:2], name[:3], f"{name}_1")
    alias = next(each for each in names if each not in taken and quoted(each) == each)
    join = exp.Join(
        this=exp.alias_(exp.to_table(child.name), alias, table=True),
        on=exp.EQ(this=column(foreign_key, alias), expression=column(key, node.alias_or_name)),
    )
    select.set("joins", [*joins(select), join])
    return statement


def _refers(table: Table | None, parent: str) -> tuple[str, str] | None:
    """Gives the column by which a table refers to another one, and the column that it refers to."""
    for each in table.columns if table else ():
        target, _, key = each.references.partition(".")
        if target == parent and not (each.primary_key_position and table and single_key(table)):
            return each.name, key
    return None


def _merged_branches(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Turns sub-queries that aggregate two children of a row into joins with both, aggregated together."""
    for select in selects(statement):
        branches = [branch for part in select.expressions if (branch := _branch(part))]
        if len(branches) != 2 or branches[0][1].table == branches[1][1].table or select.args.get("group"):
            continue
        if not table_nodes(select) and len(select.expressions) == 2:
            return _merged_totals(select, branches, schema)
        nodes = table_nodes(select)
        key = single_key(found) if nodes and (found := schema.find(nodes[0].name)) else None
        if key is None or len(nodes) != 1:
            continue
        for scalar, each in branches:
            tied = exp.Join(this=each.table.copy(), side="LEFT", on=conjoined(where(each.select)))
            select.set("joins", [*joins(select), *joins(each.select), tied])
            scalar.replace(_counted(each, schema))
        select.set("group", exp.Group(expressions=[column(key.name, nodes[0].alias_or_name)]))
        return statement
    return None


@dataclass(frozen=True, slots=True)
class _Branch:
    """A scalar sub-query that aggregates one table."""

    select: exp.Select
    table: exp.Table


def _branch(part: exp.Expr) -> tuple[exp.Expr, _Branch] | None:
    """Gives the scalar sub-query that a result column consists of."""
    scalar = part.unalias()
    bare = scalar.this if isinstance(scalar, exp.Coalesce) else scalar
    inner = bare.this if isinstance(bare, exp.Subquery) else None
    if not isinstance(inner, exp.Select) or inner.args.get("group") or len(inner.expressions) != 1:
        return None
    nodes = table_nodes(inner)
    fits = (
        nodes and nodes[0].alias and where(inner) and not any(part.find(exp.Select) for part in where(inner))
    )
    return (scalar, _Branch(inner, nodes[0])) if fits else None


def _merged_totals(
    select: exp.Select, branches: list[tuple[exp.Expr, _Branch]], schema: Schema
) -> exp.Expr | None:
    """Makes one query of two totals over the children of the same rows."""
    (_, one), (_, two) = branches
    parents = [node for node in table_nodes(one.select) if node.name in _names(two.select)]
    if len(joins(one.select)) != 1 or len(joins(two.select)) != 1 or len(parents) != 1:
        return None
    if [part.sql() for part in where(one.select)] != [part.sql() for part in where(two.select)]:
        return None
    if one.table.alias == two.table.alias or select.parent is not None:
        return None
    merged = one.select.copy()
    condition = joins(two.select)[0].args["on"].copy()
    merged.set("joins", [*joins(merged), exp.Join(this=two.table.copy(), on=condition)])
    merged.set("expressions", [_counted(one, schema), _counted(two, schema)])
    return merged


def _names(select: exp.Select) -> set[str]:
    return {node.name for node in table_nodes(select)}


def _counted(branch: _Branch, schema: Schema) -> exp.Expr:
    """Gives a sub-query's aggregate; count(*) becomes a count of the table's key."""
    aggregate: exp.Expr = exp.Paren(this=branch.select.expressions[0].unalias().copy())
    found = schema.find(branch.table.name)
    key = next((each for each in found.columns if each.primary_key_position), None) if found else None
    for count in aggregate.find_all(exp.Count):
        if isinstance(count.this, exp.Star) and key:
            count.set("this", column(key.name, branch.table.alias_or_name))
    inner: exp.Expr = aggregate.this
    return inner


def _semi_join_as_join(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Turns EXISTS into a join, which gives a row as often as it finds a partner."""
    sites = []
    for select in selects(statement):
        for part in where(select):
            inner = part.this if isinstance(part, exp.Exists) else None
            if isinstance(inner, exp.Select) and table_nodes(inner) and not inner.args.get("group"):
                sites.append((select, part, inner))
    if not sites:
        return None
    select, part, inner = rng.choice(sites)
    first = table_nodes(inner)[0]
    outside = {node.alias_or_name for node in table_nodes(select)}
    tied = [each for each in where(inner) if outside & {use.table for use in each.find_all(exp.Column)}]
    if not tied or not first.alias:
        return None
    rest = [each for each in where(inner) if each not in tied]
    joined = exp.Join(this=first.copy(), on=conjoined(tied))
    select.set("joins", [*joins(select), joined, *(join.copy() for join in joins(inner))])
    set_where(select, [*without(where(select), part), *rest])
    return statement


def _dropped_join(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Leaves out a joined table that only narrows the rows, and with it the conditions on it."""
    sites = []
    for select in selects(statement):
        for join in joins(select):
            alias = join.this.alias_or_name
            narrowing = [part for part in where(select) if alias in _qualifiers(part)]
            uses = [each for each in select.find_all(exp.Column) if each.table == alias]
            allowed = sum(each.table == alias for part in narrowing for each in part.find_all(exp.Column))
            allowed += sum(each.table == alias for each in join.find_all(exp.Column))
            if isinstance(join.this, exp.Table) and not join.side and narrowing and len(uses) == allowed:
                sites.append((select, join, narrowing))
    if not sites:
        return None
    select, join, narrowing = rng.choice(sites)
    select.set("joins", [each for each in joins(select) if each is not join])
    set_where(select, [part for part in where(select) if part not in narrowing])
    return statement


def _qualifiers(part: exp.Expr) -> set[str]:
    return {each.table for each in part.find_all(exp.Column)}


FAULTS = (
    Fault(
        "wrong_foreign_key",
        "wrong_join_key",
        "A table refers to several others, or to one of them twice, and the join takes the wrong reference.",
        2,
        _wrong_join_key,
    ),
    Fault(
        "both_primary_keys",
        "wrong_join_key",
        "Two tables are joined id to id, because both columns look like a key.",
        1,
        _both_primary_keys,
    ),
    Fault(
        "half_a_key",
        "wrong_join_key",
        "A composite key is joined by one of its columns, so that rows meet strangers.",
        2,
        _half_a_key,
        weight=2.0,
    ),
    Fault(
        "reversed_self_join",
        "wrong_join_key",
        "When a table is joined with itself, parent and child change places.",
        2,
        _reversed_self_join,
    ),
    Fault(
        "missing_join_condition",
        "cross_join",
        "A table is named without saying how it belongs to the others, so every row meets every row.",
        1,
        _missing_join_condition,
    ),
    Fault(
        "inner_for_outer",
        "lost_rows",
        "An inner join drops those who have nothing to be joined with, though they were to be listed with 0.",
        1,
        _inner_for_outer,
        weight=2.0,
    ),
    Fault(
        "outer_for_inner",
        "unwanted_rows",
        "An outer join, copied from another report, keeps rows without a partner that nobody asked for.",
        1,
        _outer_for_inner,
    ),
    Fault(
        "outer_condition_in_where",
        "lost_rows",
        "A condition on the outer-joined table stands in WHERE, which turns the join into an inner one.",
        2,
        _outer_condition_in_where,
        ("I only tidied it up a little.",),
        weight=2.0,
    ),
    Fault(
        "left_over_join",
        "fan_out_join",
        "A join that no column needs any more stays in the query and counts every row several times.",
        2,
        _left_over_join,
        ("It was cut out of a larger report.",),
    ),
    Fault(
        "second_branch",
        "join_explosion",
        "Two one-to-many tables are joined before aggregating, so each multiplies the other's sums.",
        2,
        _second_branch,
        ("Somebody had begun to add another figure to it.",),
    ),
    Fault(
        "merged_branches",
        "join_explosion",
        "Figures of two child tables are computed in one joined query instead of one by one.",
        2,
        _merged_branches,
        ("Somebody rewrote it to make it faster.",),
        weight=2.0,
    ),
    Fault(
        "semi_join_as_join",
        "duplicate_rows",
        "Whether there is any is asked by a join, and a row comes up once for each one that there is.",
        2,
        _semi_join_as_join,
        ("Somebody found the old form hard to read and rewrote it.",),
    ),
    Fault(
        "dropped_join",
        "unwanted_rows",
        "A join that no result column needs is taken for superfluous, and its condition goes with it.",
        2,
        _dropped_join,
        ("I only removed what looked superfluous.",),
    ),
)
