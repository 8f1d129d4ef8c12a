"""Faults of circumstance: the statement is sound, but the schema, the rights or the rules are others now."""

from __future__ import annotations

import re
from random import Random

from sqlglot import exp

from ....core.schema import Schema
from ...databases.lexicon import Conversion, Exclusion, FiscalYear, Lexicon
from ...parsing import parsed
from ..fault import Broken, Fault
from ..reading import (
    column,
    join_equalities,
    joins,
    resolved,
    selects,
    set_where,
    table_nodes,
    where,
    without,
)
from .names import as_name, other_column_names, other_table_names, rename

_MIGRATED = (
    "It worked until the migration last month.",
    "It has run every week for two years; since the update it does not.",
    "We have had a new version of the database since Monday.",
)


def _renamed_column(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = []
    for each, _, table in resolved(statement, schema):
        names = other_column_names(lexicon, table, each.name)
        if names:
            sites.append((each.name, table.name, names))
    if not sites:
        return None
    old, owner, names = rng.choice(sites)
    name = rng.choice(names[:3])
    for each, _, table in resolved(statement, schema):
        if (each.name, table.name) == (old, owner):
            each.set("this", exp.to_identifier(name))
    return statement


def _renamed_table(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    nodes = [node for select in selects(statement) for node in table_nodes(select) if schema.find(node.name)]
    if not nodes:
        return None
    old = rng.choice(nodes).name
    names = other_table_names(lexicon, schema, old)
    if not names:
        return None
    name = rng.choice(names[:3])
    for node in nodes:
        if node.name == old:
            rename(node, name)
    return statement


def _moved_column(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Reads a joined table's column as one of the table that refers to it, where it once stood."""
    sites = []
    for select in selects(statement):
        for join in joins(select):
            pairs = join_equalities(join)
            alias = join.this.alias_or_name
            if not isinstance(join.this, exp.Table) or join.side or len(pairs) != 1:
                continue
            sides = [side for side in (pairs[0].left, pairs[0].right) if isinstance(side, exp.Column)]
            owner = next((side.table for side in sides if side.table != alias), "")
            uses = [each for each in select.find_all(exp.Column) if each.table == alias]
            uses = [each for each in uses if each.find_ancestor(exp.Join) is not join]
            keys = {side.name for side in sides}
            if owner and uses and not any(each.name in keys or each.find_ancestor(exp.Join) for each in uses):
                sites.append((select, join, owner, uses))
    if not sites:
        return None
    select, join, owner, uses = rng.choice(sites)
    words = next((each for each in lexicon.tables if each.table == join.this.name), None)
    noun = as_name(words.singular) if words else join.this.name
    for each in uses:
        each.replace(column(f"{noun}_{each.name}".replace(" ", "_"), owner))
    select.set("joins", [each for each in joins(select) if each is not join])
    return statement


def _denied_table(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Reads the table that a view stands for."""
    tables = {screen.view: screen.table for screen in lexicon.screens}
    nodes = [node for node in statement.find_all(exp.Table) if node.name in tables]
    for node in nodes:
        rename(node, tables[node.name])
    return statement if nodes else None


def _forgotten_rule(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = []
    for select in selects(statement):
        for node in table_nodes(select):
            for rule in lexicon.rules:
                if isinstance(rule, Exclusion) and rule.table == node.name:
                    wanted = {_text(_plain(rule.condition, name)) for name in (node.alias_or_name, "")}
                    sites += [(select, part) for part in where(select) if _text(part) in wanted]
    if not sites:
        return None
    select, part = rng.choice(sites)
    set_where(select, without(where(select), part))
    return statement


def _calendar_year(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Takes the calendar year for the fiscal one: loses the months by which the two are apart."""
    columns = {rule.column for rule in lexicon.rules if isinstance(rule, FiscalYear)}
    sites = [
        part
        for part in statement.find_all(exp.Literal)
        if part.is_string and re.fullmatch(r"[+-]\d+ months", part.name) and part.parent is not None
    ]
    sites = [
        part for part in sites if part.parent and columns & {c.name for c in part.parent.find_all(exp.Column)}
    ]
    if not sites:
        return None
    for part in sites:
        part.pop()
    return statement


def _unconverted(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Reports a figure as it is kept, not as it is meant."""
    for rule in lexicon.rules:
        if not isinstance(rule, Conversion):
            continue
        for node in statement.find_all(exp.Table):
            if node.name != rule.table:
                continue
            for qualifier in (node.alias_or_name, ""):
                expression = _plain(rule.expression, qualifier)
                for part in statement.find_all(type(expression)):
                    if _text(part) == _text(expression) and part.parent is not None:
                        part.replace(column(rule.column, qualifier))
                        return statement
    return None


def _plain(condition: str, qualifier: str) -> exp.Expr:
    """Gives a rule's SQL for a table's name in a query, to be read only."""
    text = condition.replace("{t}.", f'"{qualifier}".' if qualifier else "")
    return parsed(text)


def _text(part: exp.Expr) -> str:
    return part.sql("sqlite").replace('"', "").casefold()


FAULTS = (
    Fault(
        "renamed_column",
        "schema_drift",
        "A migration renames a column, and the queries that read it are found one by one.",
        0,
        _renamed_column,
        _MIGRATED,
    ),
    Fault(
        "renamed_table",
        "schema_drift",
        "A migration renames a table, or splits a schema, and old queries name what is gone.",
        0,
        _renamed_table,
        _MIGRATED,
    ),
    Fault(
        "moved_column",
        "schema_drift",
        "A migration moves a column into another table, where old queries don't look for it.",
        1,
        _moved_column,
        _MIGRATED,
    ),
    Fault(
        "denied_table",
        "missing_permission",
        "A table is closed for data protection, and only a view of it stays open.",
        1,
        _denied_table,
        ("It worked until last week.", "It used to run without trouble."),
        weight=5.0,
    ),
    Fault(
        "forgotten_rule",
        "rule_exclusion",
        "Everybody in the house knows what does not count, but the query does not.",
        2,
        _forgotten_rule,
        ("Somebody new wrote it.",),
        weight=4.0,
    ),
    Fault(
        "calendar_year",
        "rule_fiscal_year",
        "The fiscal year is taken for the calendar year.",
        2,
        _calendar_year,
        ("Somebody new wrote it.",),
        weight=3.0,
    ),
    Fault(
        "unconverted",
        "rule_conversion",
        "An amount is reported in the unit that it is kept in.",
        2,
        _unconverted,
        ("Somebody new wrote it.",),
        weight=4.0,
    ),
)
