"""What a schema proves about a SELECT whatever the rows: which columns decide a row, what is never NULL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import sqlglot
from sqlglot import exp

from ..core.schema import Schema, Table, TableColumn
from .parsing import parsed

Name = tuple[str, str]  # a source's name in its SELECT, and one of its columns; both without case

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
# What gives NULL for NULL, so that a condition made of it is not met.
_STRICT = (
    *_COMPARISONS,
    exp.Like,
    exp.Between,
    exp.Paren,
    exp.Neg,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.DPipe,
    exp.Lower,
    exp.Upper,
    exp.Trim,
    exp.Length,
    exp.Substring,
    exp.Cast,
    exp.Round,
    exp.Abs,
    exp.Date,
    exp.TimeToStr,
    exp.TsOrDsToTimestamp,
)
_RESHAPING = ("joins", "group", "distinct", "limit", "offset", "with_")  # parts of more than a selection


@dataclass(slots=True)
class _Facts:
    """What holds for one SELECT."""

    sources: dict[str, Table]
    complete: bool  # all that it reads is in `sources`
    optional: set[str] = field(default_factory=set)  # sources that a LEFT JOIN may leave out
    equal: list[tuple[Name, Name]] = field(default_factory=list)
    constant: set[Name] = field(default_factory=set)
    met: list[exp.Expr] = field(default_factory=list)  # conditions that every row meets
    found_by: list[tuple[set[Name], str]] = field(default_factory=list)  # what decides an optional source


class Proofs:
    """Proves things about the SELECTs of one statement. What it was asked about may not be changed after."""

    def __init__(self, statement: exp.Expr, schema: Schema) -> None:
        self._statement = statement
        self._schema = schema
        self._known: dict[int, _Facts] = {}

    # ---- sources and columns ----

    def source(self, column: exp.Expr) -> tuple[str, Table, TableColumn] | None:
        """Gives the source's name, the table and the column that a column is, where that is certain."""
        if not isinstance(column, exp.Column):
            return None
        facts = self._facts(column.find_ancestor(exp.Select))
        wanted = column.table.casefold()
        found = [
            (name, table, its)
            for name, table in facts.sources.items()
            if wanted in ("", name) and (its := column_of(table, column.name)) is not None
        ]
        return found[0] if len(found) == 1 and (wanted or facts.complete) else None

    def is_of(self, column: exp.Expr, source: str) -> bool:
        """Says whether a column is one of the source with that name."""
        if isinstance(column, exp.Column) and column.table:
            return column.table.casefold() == source
        found = self.source(column)
        return found is not None and found[0] == source

    def decides(self, columns: Iterable[exp.Expr], column: exp.Expr) -> bool:
        """Says whether rows of a SELECT that are equal in `columns` are so in `column` too."""
        wanted = self._name(column)
        select = column.find_ancestor(exp.Select)
        return wanted is not None and wanted in self._closure(self._facts(select), self._names(columns))

    def decides_row(
        self, select: exp.Expr | None, columns: Iterable[exp.Expr], *, known: bool = False
    ) -> bool:
        """Says whether no two rows of a SELECT are equal in `columns`; `known`: none of these is NULL."""
        facts = self._facts(select)
        names = self._names(columns)
        reached = self._closure(facts, names, names if known else ())
        return facts.complete and all(
            any(key <= reached for key in _keys(name, table, names if known else ()))
            for name, table in facts.sources.items()
        )

    def never_null(self, column: exp.Expr) -> bool:
        """Says whether a column is NULL in no row of its SELECT."""
        found = self.source(column)
        if found is None:
            return False
        name, _, its = found
        facts = self._facts(column.find_ancestor(exp.Select))
        if _is_filled(its) and name not in facts.optional:
            return True
        return any(self._refuses(condition, found) for condition in facts.met)

    # ---- joins ----

    def keeps_rows(self, join: exp.Join) -> bool:
        """Says whether a join finds a row, just one, for each that it is given.

        It does where a foreign key that is never NULL refers to the joined table's key.
        """
        select = join.parent
        name = join.alias_or_name.casefold()
        facts = self._facts(select)
        table = facts.sources.get(name)
        pairs = self._pairs(join.args.get("on"), name)
        if table is None or table.is_view or not pairs:
            return False
        found_in = [self.source(other) for _, other in pairs]
        others = {found and found[0] for found in found_in}
        if len(others) != 1 or not any(
            {(name, mine) for mine, _ in pairs} == key for key in _keys(name, table)
        ):
            return False
        for (mine, _), found in zip(pairs, found_in, strict=True):
            if found is None or found[0] == name or found[0] in facts.optional or not _is_filled(found[2]):
                return False
            if found[2].references.casefold() != f"{table.name}.{mine}".casefold():
                return False
        return True

    def finds_one(self, join: exp.Join) -> bool:
        """Says whether a join finds one row at most for each that it is given."""
        name = join.alias_or_name.casefold()
        table = self._facts(join.parent).sources.get(name)
        found = {(name, mine) for mine, _ in self._pairs(join.args.get("on"), name, all_of_it=False)}
        return table is not None and any(key <= found for key in _keys(name, table))

    def needs(self, condition: exp.Expr, source: str) -> bool:
        """Says whether a condition is not met where a source's columns are NULL."""
        condition = condition.unnest()
        if isinstance(condition, exp.And):
            return any(self.needs(each, source) for each in condition.flatten())
        if isinstance(condition, exp.Or):
            return all(self.needs(each, source) for each in condition.flatten())
        return any(
            self.is_of(column, source) and _is_strict(column, condition)
            for column in condition.find_all(exp.Column)
        )

    # ---- how it is proved ----

    @cached_property
    def _shadowed(self) -> set[str]:
        return {cte.alias.casefold() for cte in self._statement.find_all(exp.CTE)}

    def _facts(self, select: exp.Expr | None) -> _Facts:
        if not isinstance(select, exp.Select):
            return _Facts({}, False)
        if id(select) not in self._known:
            self._known[id(select)] = _Facts({}, False)  # for what is asked while it is found out
            self._known[id(select)] = facts = self._read(select)
            self._read_conditions(select, facts)
        return self._known[id(select)]

    def _read(self, select: exp.Select) -> _Facts:
        joins = select.args.get("joins") or []
        parts = [part for part in (select.args.get("from_"), *joins) if part is not None]
        sources: dict[str, Table] = {}
        for part in parts:
            node = part.this
            is_table = isinstance(node, exp.Table) and node.name.casefold() not in self._shadowed
            table = self._schema.find(node.name) if is_table else None
            if table is not None:
                sources[node.alias_or_name.casefold()] = _seen_through(table, self._schema)
        plain = all(
            join.side in ("", "LEFT") and not join.args.get("using") and not join.args.get("method")
            for join in joins
        )
        optional = {join.alias_or_name.casefold() for join in joins if join.side}
        return _Facts(sources, plain and len(sources) == len(parts), optional)

    def _read_conditions(self, select: exp.Select, facts: _Facts) -> None:
        joins = select.args.get("joins") or []
        where = select.args.get("where")
        facts.met += conjuncts(where.this) if where is not None else []
        for join in joins:
            on = join.args.get("on")
            if on is None:
                continue
            name = join.alias_or_name.casefold()
            if not join.side:
                facts.met += conjuncts(on)
            elif self.finds_one(join):
                needed = {self._name(column) for column in on.find_all(exp.Column)}
                others = {each for each in needed if each is not None and each[0] != name}
                if None not in needed:
                    facts.found_by.append((others, name))
        for condition in facts.met:
            if isinstance(condition, exp.EQ):
                sides = (condition.this.unnest(), condition.expression.unnest())
                names = [self._name_in(side, select) for side in sides]
                if names[0] and names[1] and self._compare_alike(*sides):
                    facts.equal.append((names[0], names[1]))
                for name_, other in ((names[0], sides[1]), (names[1], sides[0])):
                    if name_ and not self._is_own(other, select):
                        facts.constant.add(name_)

    def _compare_alike(self, *columns: exp.Expr) -> bool:
        """Says whether columns are equal only where their values are: 1 is equal to '1' and to '01'."""
        found = map(self.source, columns)
        return len({each and affinity(each[2]) for each in found}) == 1

    def _is_own(self, node: exp.Expr, select: exp.Select) -> bool:
        """Says whether a value may hang on the row of a SELECT."""
        if node.find(exp.Query) or not self._facts(select).complete:
            return True
        return any(self.source(column) or not column.table for column in node.find_all(exp.Column))

    def _name_in(self, node: exp.Expr, select: exp.Select) -> Name | None:
        return self._name(node) if node.find_ancestor(exp.Select) is select else None

    def _name(self, column: exp.Expr) -> Name | None:
        found = self.source(column)
        return (found[0], found[2].name.casefold()) if found else None

    def _names(self, columns: Iterable[exp.Expr]) -> set[Name]:
        return {name for name in map(self._name, columns) if name is not None}

    def _closure(self, facts: _Facts, start: Iterable[Name], known: Iterable[Name] = ()) -> set[Name]:
        """Gives all columns that are the same where those of `start` are; of `known` none is NULL."""
        reached = {*start, *facts.constant}
        before = -1
        while before < len(reached):
            before = len(reached)
            for one, other in facts.equal:
                if one in reached or other in reached:
                    reached |= {one, other}
            for name, table in facts.sources.items():
                is_found = any(source == name and needed <= reached for needed, source in facts.found_by)
                if is_found or any(key <= reached for key in _keys(name, table, known)):
                    reached |= {(name, column.name.casefold()) for column in table.columns}
        return reached

    def _pairs(self, on: exp.Expr | None, name: str, *, all_of_it: bool = True) -> list[tuple[str, exp.Expr]]:
        """Gives a source's columns that ON sets equal to something else, with that.

        None where ON says more, but without `all_of_it`.
        """
        pairs: list[tuple[str, exp.Expr]] = []
        for condition in conjuncts(on) if on is not None else ():
            sides = (condition.this, condition.expression) if isinstance(condition, exp.EQ) else ()
            mine = [side for side in sides if self.is_of(side, name)]
            others = [
                side for side in sides if not any(self.is_of(c, name) for c in side.find_all(exp.Column))
            ]
            if len(mine) == len(others) == 1:
                pairs.append((mine[0].name.casefold(), others[0]))
            elif all_of_it:
                return []
        return pairs

    def _refuses(self, condition: exp.Expr, wanted: tuple[str, Table, TableColumn]) -> bool:
        """Says whether a condition is not met where a column is NULL."""
        condition = condition.unnest()
        if isinstance(condition, exp.Or):
            return all(self._refuses(each, wanted) for each in condition.flatten())
        return any(
            self._name(column) == (wanted[0], wanted[2].name.casefold()) and _is_strict(column, condition)
            for column in condition.find_all(exp.Column)
        )


def conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    """Gives the conditions that are joined by AND."""
    inner = condition.unnest()
    if not isinstance(inner, exp.And):
        return [inner]
    return [each for part in inner.flatten() for each in conjuncts(part)]


def column_of(table: Table, name: str) -> TableColumn | None:
    """Gives a table's column by its name, without case."""
    folded = name.casefold()
    return next((each for each in table.columns if each.name.casefold() == folded), None)


def affinity(column: TableColumn) -> str:
    """Gives the sort of values that a declared type stands for (https://sqlite.org/datatype3.html#determination_of_columnaffinity)."""
    declared = column.declared_type.upper()
    if "INT" in declared:
        return "number"
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT", "DATE", "TIME")):
        return "text"
    return "blob" if not declared or "BLOB" in declared else "number"


def _seen_through(table: Table, schema: Schema) -> Table:
    """Gives what a view is known to be: where it shows columns of one table, that table's keys hold for it.

    One that shows all rows has the table's name, since what refers to that finds a row in it too.
    """
    if not table.definition:
        return table
    try:
        query = parsed(table.definition).expression
    except sqlglot.errors.SqlglotError:
        return table
    is_plain = isinstance(query, exp.Select) and not any(query.args.get(name) for name in _RESHAPING)
    source = query.args["from_"].this if is_plain and query.args.get("from_") else None
    base = schema.find(source.name) if isinstance(source, exp.Table) else None
    if base is None or base.is_view:
        return table
    shown = {each.name.casefold() for each in query.expressions if isinstance(each, exp.Column)}
    own = {column.name.casefold(): column for column in base.columns if column.name.casefold() in shown}
    has_key = all(c.name.casefold() in own for c in base.columns if c.primary_key_position)
    columns = (own.get(column.name.casefold(), column) for column in table.columns)
    return Table(
        table.name if query.args.get("where") else base.name,
        tuple(column if has_key else replace(column, primary_key_position=0) for column in columns),
        is_view=bool(query.args.get("where")),
        unique=tuple(key for key in base.unique if all(column.casefold() in own for column in key)),
    )


def _keys(name: str, table: Table, known: Iterable[Name] = ()) -> Iterator[set[Name]]:
    """Gives the sets of columns in which no two rows of a source are equal."""
    primary = {(name, each.name.casefold()) for each in table.columns if each.primary_key_position}
    if primary:
        yield primary
    filled = {(name, each.name.casefold()) for each in table.columns if each.not_null} | set(known)
    for key in table.unique:
        names = {(name, column.casefold()) for column in key}
        if names <= filled:
            yield names


def _is_filled(column: TableColumn) -> bool:
    return column.not_null or bool(column.primary_key_position)


def _is_strict(column: exp.Expr, condition: exp.Expr) -> bool:
    """Says whether a condition is not met where a column in it is NULL."""
    node = column
    while node is not condition:
        parent = node.parent
        if isinstance(parent, exp.Is):
            # IS NULL is met by NULL alone, IS NOT NULL by all else.
            is_null = isinstance(parent.expression, exp.Null) and node is parent.this
            return is_null and isinstance(parent.parent, exp.Not) and parent.parent is condition
        if isinstance(parent, exp.In):
            if node is not parent.this:
                return False
        elif isinstance(parent, exp.Not):
            # No value at all is in a query that finds nothing, not even NULL.
            if parent is not condition or (isinstance(node, exp.In) and node.args.get("query")):
                return False
        elif not isinstance(parent, _STRICT):
            return False
        assert parent is not None, "the column is in the condition"
        node = parent
    return node is not column  # a bare column is a condition too, but 0 does not meet it either
