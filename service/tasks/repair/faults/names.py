"""Faults of naming: columns, tables and aliases that are not those meant."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from sqlglot import exp

from ....core.schema import Schema, Table, TableColumn
from ...databases.lexicon import ColumnWords, Lexicon, Role
from ..fault import Broken, Fault
from ..reading import (
    column,
    find_column,
    identifier,
    is_key,
    is_numeric,
    resolve,
    resolved,
    selects,
    sort_keys,
    table_nodes,
)

_PLACED = {
    Role.NAME: "word",
    Role.CATEGORY: "word",
    Role.AMOUNT: "number",
    Role.LEVEL: "number",
    Role.DATE: "date",
    Role.MOMENT: "date",
}


def misspelt(name: str, rng: Random) -> str:
    """Gives the name with a slip of the finger: two letters exchanged, one left out or doubled."""
    at = rng.randrange(1, len(name) - 1)
    swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    slips = [name[:at] + name[at + 1 :], name[: at + 1] + name[at:]]
    return rng.choice([swapped, *slips] if swapped != name else slips)


def plural_or_singular(name: str) -> str:
    """Gives the other number of an English noun, as far as its ending tells."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith("s") and not name.endswith("ss"):
        return name[:-1]
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "ch", "sh")) else "s")


def column_words(lexicon: Lexicon, table: str, name: str) -> ColumnWords | None:
    """Gives the words for a table's column, if people have some."""
    return next(
        (
            words
            for each in lexicon.tables
            if each.table == table
            for words in each.columns
            if words.column == name
        ),
        None,
    )


def as_name(phrase: str) -> str:
    """Makes a column's or table's name of a phrase: "date of hire" gives date_of_hire."""
    return "_".join(
        "".join(letter for letter in word if letter.isalnum()) for word in phrase.casefold().split()
    )


def other_column_names(lexicon: Lexicon, table: Table, name: str) -> list[str]:
    """Gives names that the column might have had, and that no column of the table has."""
    words = column_words(lexicon, table.name, name)
    names = [as_name(words.phrase)] if words else []
    for ending, others in (
        ("_on", ("_date", "_at")),
        ("_at", ("_time", "_ts")),
        ("_id", ("_no", "_ref")),
        ("_no", ("_number", "_id")),
        ("_name", ("_title",)),
        ("_date", ("_on",)),
    ):
        if name.endswith(ending):
            names += [name.removesuffix(ending) + other for other in others]
    if table.name.casefold() not in name.casefold():
        names.append(f"{table.name}_{name}")
    if not names:
        names.append(f"{name}_value")
    return [each for each in dict.fromkeys(names) if each.isidentifier() and find_column(table, each) is None]


def other_table_names(lexicon: Lexicon, schema: Schema, name: str) -> list[str]:
    """Gives names that the table might have had, and that no table has."""
    words = next((each for each in lexicon.tables if each.table == name), None)
    names = [as_name(words.singular), as_name(words.plural)] if words else []
    names += [f"{name}_data", f"tbl_{name}", f"{name}_list", f"{name}_master"]
    return [each for each in dict.fromkeys(names) if each.isidentifier() and schema.find(each) is None]


def rename(node: exp.Table, name: str) -> None:
    """Gives a table in a FROM clause another name, also where its columns are qualified by it."""
    old, select = node.name, node.find_ancestor(exp.Select)
    if not node.alias and select is not None:
        for each in select.find_all(exp.Column):
            if each.table == old:
                each.set("table", exp.to_identifier(name))
    node.set("this", exp.to_identifier(name))


def _misspelt_column(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = [(each, table) for each, _, table in resolved(statement, schema) if len(each.name) > 3]
    if not sites:
        return None
    each, table = rng.choice(sites)
    slip = misspelt(each.name, rng)
    if find_column(table, slip) or not slip.isidentifier():
        return None
    each.set("this", exp.to_identifier(slip))
    return statement


def _invented_column(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    uses = resolved(statement, schema)
    sites = sorted({(table.name, each.name) for each, _, table in uses})
    if not sites:
        return None
    table_name, name = rng.choice(sites)
    table = schema.find(table_name)
    names = other_column_names(lexicon, table, name) if table else []
    if not names:
        return None
    other = rng.choice(names)
    for each, _, used in uses:
        if (used.name, each.name) == (table_name, name):
            each.set("this", exp.to_identifier(other))
    return statement


def _column_of_other_table(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _requalified(statement, schema, rng, has_it=False)


def _same_named_column(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _requalified(statement, schema, rng, has_it=True)


def _requalified(statement: exp.Expr, schema: Schema, rng: Random, *, has_it: bool) -> Broken:
    """Takes a column from another table of the same FROM clause, which has one of that name or has not."""
    sites = []
    for each, node, _ in resolved(statement, schema):
        select = node.find_ancestor(exp.Select)
        if not each.table or select is None or each.find_ancestor(exp.Join):
            continue
        for other in table_nodes(select):
            table = schema.find(other.name)
            if (
                other is not node
                and table
                and bool(find_column(table, each.name)) is has_it
                and table.name != node.name
            ):
                sites.append((each, other.alias_or_name))
    if not sites:
        return None
    each, qualifier = rng.choice(sites)
    each.set("table", exp.to_identifier(qualifier))
    return statement


def _neighbouring_column(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites: list[tuple[exp.Column, list[str]]] = []
    for each, _, table in resolved(statement, schema):
        mine = find_column(table, each.name)
        if mine is None or is_key(mine) or isinstance(each.parent, exp.EQ | exp.In | exp.Like):
            continue
        others = [other.name for other in table.columns if _is_neighbour(lexicon, table, mine, other)]
        if others:
            sites.append((each, others))
    if not sites:
        return None
    each, others = rng.choice(sites)
    other = rng.choice(others)
    old, qualifier = each.name, each.table
    for use in statement.find_all(exp.Column):
        if use.name == old and use.table == qualifier and not isinstance(use.parent, exp.EQ | exp.In):
            use.set("this", identifier(other))
    return statement


def _is_neighbour(lexicon: Lexicon, table: Table, mine: TableColumn, other: TableColumn) -> bool:
    """Says whether one column may be taken for the other: to people they are of one sort."""
    if other is mine or is_key(other):
        return False
    one, two = (column_words(lexicon, table.name, each.name) for each in (mine, other))
    if one is None or two is None:
        return is_numeric(mine) and is_numeric(other)
    sort = _PLACED.get(one.role)
    return sort is not None and _PLACED.get(two.role) == sort


def _misspelt_table(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    nodes = [node for node in statement.find_all(exp.Table) if schema.find(node.name) and len(node.name) > 3]
    if not nodes:
        return None
    node = rng.choice(nodes)
    slip = misspelt(node.name, rng)
    if schema.find(slip) or not slip.isidentifier():
        return None
    rename(node, slip)
    return statement


def _plural_table(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _renamed_everywhere(
        statement, schema, rng, lambda name: [plural_or_singular(name)] if name.isidentifier() else []
    )


def _invented_table(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    return _renamed_everywhere(
        statement, schema, rng, lambda name: other_table_names(lexicon, schema, name)[:3]
    )


def _renamed_everywhere(
    statement: exp.Expr, schema: Schema, rng: Random, names: Callable[[str], list[str]]
) -> Broken:
    tables = sorted({node.name for node in statement.find_all(exp.Table) if schema.find(node.name)})
    if not tables:
        return None
    old = rng.choice(tables)
    fitting = [name for name in names(old) if schema.find(name) is None]
    if not fitting:
        return None
    new = rng.choice(fitting)
    for node in list(statement.find_all(exp.Table)):
        if node.name == old:
            rename(node, new)
    return statement


def _undeclared_qualifier(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Qualifies a column by its table's name where the table has an alias."""
    sites = [
        (each, node)
        for each, node, _ in resolved(statement, schema)
        if node.alias and node.alias != node.name and each.table
    ]
    if not sites:
        return None
    each, node = rng.choice(sites)
    each.set("table", exp.to_identifier(node.name))
    return statement


def _alias_renamed(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Renames a result column, and leaves the old name where the query sorts or a query around it reads."""
    free = {use.name for use in statement.find_all(exp.Column) if resolve(use, schema) is None}
    sites = [
        alias
        for select in selects(statement)
        for alias in select.expressions
        if isinstance(alias, exp.Alias) and alias.alias in free
    ]
    if not sites:
        return None
    alias = rng.choice(sites)
    new = rng.choice(("result", "val", f"{alias.alias}_1", f"my_{alias.alias}"))
    alias.set("alias", exp.to_identifier(new))
    return statement


def _ambiguous_column(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    sites = []
    for each, node, _ in resolved(statement, schema):
        select = node.find_ancestor(exp.Select)
        if not each.table or select is None or each.find_ancestor(exp.Select) is not select:
            continue
        having = [t for t in table_nodes(select) if find_column(schema.find(t.name), each.name)]
        if len(having) > 1 and not _is_result_name(select, each):
            sites.append(each)
    if not sites:
        return None
    rng.choice(sites).set("table", None)
    return statement


def _is_result_name(select: exp.Select, each: exp.Column) -> bool:
    """Says whether SQLite would take the bare name, in GROUP BY or ORDER BY, for a result column's."""
    sorted_by = [key.this for key in sort_keys(select)]
    return each in sorted_by and any(part.alias_or_name == each.name for part in select.expressions)


def _text_for_id(statement: exp.Expr, schema: Schema, lexicon: Lexicon, rng: Random) -> Broken:
    """Compares a key with the name that should be looked up in the table that it refers to."""
    sites = []
    for select in selects(statement):
        for join in select.args.get("joins") or ():
            if join.side or not isinstance(join.this, exp.Table):
                continue
            parts = join.args["on"].find_all(exp.EQ) if join.args.get("on") else ()
            sites += [(select, join, part) for part in parts]
    fitting = []
    for select, join, part in sites:
        alias = join.this.alias_or_name
        mine = [each for each in select.find_all(exp.Column) if each.table == alias]
        filters = [
            each
            for each in mine
            if isinstance(each.parent, exp.EQ) and isinstance(each.parent.right, exp.Literal)
        ]
        others = [each for each in (part.left, part.right) if each.table != alias]
        if len(mine) == 2 and len(filters) == 1 and len(others) == 1 and join.args["on"] is part:
            fitting.append((select, join, filters[0], others[0]))
    if not fitting:
        return None
    select, join, filtered, other = rng.choice(fitting)
    filtered.replace(column(other.name, other.table))
    select.set("joins", [each for each in select.args["joins"] if each is not join])
    return statement


FAULTS = (
    Fault(
        "misspelt_column",
        "wrong_column",
        "Letters are exchanged or lost when a column is typed from memory or off a printout.",
        0,
        _misspelt_column,
    ),
    Fault(
        "invented_column",
        "wrong_column",
        "People and models guess a column's name from how the thing is called instead of looking it up.",
        0,
        _invented_column,
        ("I wrote it from memory.", "It was drafted without looking at the tables."),
    ),
    Fault(
        "column_of_other_table",
        "wrong_column",
        "In a join, a column is taken from the table beside the one that has it.",
        0,
        _column_of_other_table,
    ),
    Fault(
        "same_named_column",
        "wrong_column",
        "Two joined tables both have a name or a status, and the other one's is read.",
        2,
        _same_named_column,
    ),
    Fault(
        "neighbouring_column",
        "wrong_column",
        "A table has two dates, two amounts or two names, and the query reads the wrong one of the pair.",
        2,
        _neighbouring_column,
    ),
    Fault(
        "misspelt_table",
        "wrong_table",
        "A slip of the finger in a table's name.",
        0,
        _misspelt_table,
    ),
    Fault(
        "plural_table",
        "wrong_table",
        "Schemas disagree on whether tables are named in the singular or the plural, so both get written.",
        0,
        _plural_table,
    ),
    Fault(
        "invented_table",
        "wrong_table",
        "The table is called by the business's word for it, or by the name it has in another system.",
        0,
        _invented_table,
        ("It was written for another system of ours.",),
    ),
    Fault(
        "undeclared_qualifier",
        "wrong_alias",
        "After a table has got an alias, a column is still qualified by the table's own name.",
        0,
        _undeclared_qualifier,
        ("It worked until I gave the tables shorter names.",),
    ),
    Fault(
        "alias_renamed",
        "wrong_alias",
        "A result column is renamed in the SELECT list; ORDER BY or a query around it keeps the old name.",
        0,
        _alias_renamed,
        ("I only gave a column a nicer heading.", "Somebody renamed a heading, that is all."),
    ),
    Fault(
        "ambiguous_column",
        "ambiguous_column",
        "A query over one table gets a join, and a bare name is suddenly a column of both tables.",
        0,
        _ambiguous_column,
        ("It used to work, until another table was added to it.",),
    ),
    Fault(
        "text_for_id",
        "wrong_column",
        "A foreign key is compared with a name, as if it held the name and not a number.",
        1,
        _text_for_id,
    ),
)
