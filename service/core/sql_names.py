"""What the names in a statement mean: which table of the schema each table and column refers to.

A column is looked for as SQLite does: in the FROM clause of its own SELECT, then in those around it; then
among the names that the SELECT gives its results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from .schema import Schema, Table
from .sql_dialect import AGGREGATE_FUNCTIONS
from .sql_joins import Joins
from .sql_parsing import SqlText, UnreadableSqlError
from .sql_scopes import (
    ONE_ROW,
    ROW_IDS,
    UNKNOWN,
    ColumnUse,
    Key,
    Names,
    Relation,
    Scope,
    Source,
    TableUse,
    own_nodes,
)

MAX_SOURCES = 64  # https://sqlite.org/limits.html
MAX_COLUMNS = 2_000  # of one relation, likewise
SCHEMA_TABLES = frozenset({"sqlite_master", "sqlite_schema"})
_SCHEMA_ROWS = Relation(("type", "name", "tbl_name", "rootpage", "sql"))
_JSON_COLUMNS = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path", "json", "root")
_JSON_ROWS = Relation((*_JSON_COLUMNS, *sorted(ROW_IDS)))


def resolve_names(tree: exp.Expr, sql: SqlText, schema: Schema) -> Names:
    """Finds what each name in a statement means. Raises UnreadableSqlError beyond SQLite's own limits."""
    resolver = _Resolver(sql, schema)
    resolver.statement(tree)
    return resolver.names


def is_aggregate(node: exp.Expr) -> bool:
    """Says whether a node is an aggregate's call."""
    if isinstance(node, exp.Anonymous):
        return node.name.upper() in AGGREGATE_FUNCTIONS
    return isinstance(node, exp.AggFunc) and not isinstance(
        node, exp.RowNumber | exp.Rank | exp.DenseRank | exp.Lag | exp.Lead | exp.FirstValue | exp.LastValue
    )


class _Cte:
    """A query of a WITH clause, resolved when it is first used, for it may be named before its turn."""

    def __init__(self, node: exp.CTE, outer: Scope | None, ctes: _Ctes) -> None:
        self.node = node
        self.outer = outer
        self.ctes = ctes
        self.relation: Relation | None = None
        self.is_being_resolved = False


_Ctes = dict[str, _Cte]


class _Resolver:
    """Walks a statement from the outside in."""

    def __init__(self, sql: SqlText, schema: Schema) -> None:
        self.names = Names()
        self._sql = sql
        self._schema = schema

    def statement(self, tree: exp.Expr) -> None:
        if isinstance(tree, exp.Query):
            self.names.result = self._query(tree, None, {})
        elif isinstance(tree, exp.DML):
            self._write(tree)
        else:
            self._expressions(tree, Scope(tree, None), {}, frozenset())

    # ---- queries ----

    def _query(self, query: exp.Expr, outer: Scope | None, ctes: _Ctes) -> Relation:
        while isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query):
            ctes = self._with(query, outer, ctes)
            query = query.this
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, outer, ctes)
        if isinstance(query, exp.Select):
            return self._select(query, outer, ctes)
        for part in query.iter_expressions():
            self._expressions(part, Scope(query, outer), ctes, frozenset())
        return UNKNOWN

    def _set_operation(self, query: exp.SetOperation, outer: Scope | None, ctes: _Ctes) -> Relation:
        """Resolves the members of a chain of UNIONs, which leans to the left and may be long."""
        members: list[exp.Expr] = []
        adds_up = True  # the rows of all members are there
        node: exp.Expr = query
        while isinstance(node, exp.SetOperation):
            ctes = self._with(node, outer, ctes)
            adds_up &= isinstance(node, exp.Union) and not (node.args.get("distinct") or _limits(node))
            members.append(node.expression)
            node = node.this
        relations = [self._query(member, outer, ctes) for member in (node, *reversed(members))]
        if order := query.args.get("order"):
            self._compound_order(order, relations)
        whole = _largest(relation.whole for relation in relations) if adds_up else None
        return replace(relations[0], keys=(), foreign=frozenset(), table=None, whole=whole)

    def _compound_order(self, order: exp.Expr, relations: Sequence[Relation]) -> None:
        """Looks for what a compound sorts by: results of any member.

        A qualified column is left alone, for it may be there when a member gives just that.
        """
        names = frozenset(column for relation in relations for column in relation.columns)
        for node in own_nodes(order):
            if not isinstance(node, exp.Column) or node.table:
                continue
            if not any(relation.may_have(node) for relation in relations):
                self._column(node, Scope(order, None), names)

    def _select(self, select: exp.Select, outer: Scope | None, ctes: _Ctes) -> Relation:
        scope = Scope(select, outer)
        self.names.scopes.append(scope)
        ctes = self._with(select, outer, ctes)
        if from_ := select.args.get("from_"):
            self._from(from_.this, scope, ctes)
        self._joins(select, scope, ctes)
        for projection in select.expressions:
            self._expressions(projection, scope, ctes, frozenset())
        aliases = frozenset(item.alias.casefold() for item in select.expressions if item.alias)
        self._join_conditions(scope, ctes, aliases)
        for name, clause in select.args.items():
            if name not in {"expressions", "from_", "joins", "with_"}:
                for part in _expressions_of(clause):
                    self._expressions(part, scope, ctes, aliases)
        return self._relation(select, scope)

    def _with(self, node: exp.Expr, outer: Scope | None, ctes: _Ctes) -> _Ctes:
        with_ = node.args.get("with_")
        if with_ is None:
            return ctes
        ctes = dict(ctes)
        own = [_Cte(cte, outer, ctes) for cte in with_.expressions]
        ctes.update((cte.node.alias.casefold(), cte) for cte in own)
        for cte in own:
            self._cte(cte)
        return ctes

    def _cte(self, cte: _Cte) -> Relation:
        named = tuple(column.name.casefold() for column in cte.node.args["alias"].columns)
        if cte.relation is None:
            if cte.is_being_resolved:  # recursive: it reads itself
                return Relation(named, complete=bool(named))
            cte.is_being_resolved = True
            relation = self._query(cte.node.this, cte.outer, cte.ctes)
            cte.relation = relation.renamed(named) if named else relation
        return cte.relation

    # ---- statements that write ----

    def _write(self, tree: exp.Expr) -> None:
        scope = Scope(tree, None)
        self.names.scopes.append(scope)
        ctes = self._with(tree, None, {})
        target = tree.this
        columns: Iterable[exp.Expr] = ()
        if isinstance(target, exp.Schema):
            target, columns = target.this, target.expressions
        if not isinstance(target, exp.Table):
            return
        table = self._schema.find(target.name)
        self.names.tables.append(TableUse(target, target.name, table, is_written=True))
        source = Source(target.alias_or_name.casefold(), target, _table_relation(table, self._schema))
        scope.sources.append(source)
        for column in columns:
            self._named_column(column, [source])
        self._written_rows(tree, scope, ctes, source)

    def _written_rows(self, tree: exp.Expr, scope: Scope, ctes: _Ctes, target: Source) -> None:
        excluded = Scope(tree, scope, [target, Source("excluded", tree, target.relation)])
        if from_ := tree.args.get("from_"):
            self._from(from_.this, scope, ctes)
            self._join_conditions(scope, ctes, frozenset())
        for name, clause in tree.args.items():
            inside = excluded if name == "conflict" else scope
            if isinstance(tree, exp.Insert) and name == "expression":
                inside = Scope(tree, None)  # the rows that are put in know nothing of the table
            if name not in {"this", "from_", "with_"}:
                for part in _expressions_of(clause):
                    self._expressions(part, inside, ctes, frozenset())

    # ---- FROM ----

    def _joins(self, node: exp.Expr, scope: Scope, ctes: _Ctes) -> None:
        for join in node.args.get("joins") or ():
            if len(scope.sources) >= MAX_SOURCES:
                raise UnreadableSqlError(f"SQLite joins {MAX_SOURCES} tables at most; join fewer.")
            left = list(scope.sources)
            self._from(join.this, scope, ctes)
            if len(scope.sources) > len(left):
                scope.joins.append((join, scope.sources[len(left)], left))

    def _from(self, item: exp.Expr, scope: Scope, ctes: _Ctes) -> None:
        name = item.alias_or_name.casefold()
        if isinstance(item, exp.Table):
            scope.sources.append(Source(name, item, self._table(item, scope, ctes)))
        elif isinstance(item, exp.Subquery) and not isinstance(item.unnest(), exp.Query):
            self._from(item.this, scope, ctes)  # tables joined in parentheses
        elif isinstance(item, exp.Query):
            alias = item.alias.casefold()
            scope.sources.append(Source(alias, item, self._query(item, scope.outer, ctes)))
        else:
            self._expressions(item, scope, ctes, frozenset())
            scope.sources.append(Source(name, item, UNKNOWN))
        self._joins(item, scope, ctes)

    def _table(self, node: exp.Table, scope: Scope, ctes: _Ctes) -> Relation:
        if isinstance(node.this, exp.Func):
            return self._table_function(node, scope, ctes)
        cte = None if node.db else ctes.get(node.name.casefold())
        if cte is not None:
            return self._cte(cte)
        if node.name.casefold() in SCHEMA_TABLES:
            self.names.tables.append(TableUse(node, node.name, None))
            return _SCHEMA_ROWS
        table = self._schema.find(node.name) if node.db.casefold() in {"", "main"} else None
        self.names.tables.append(TableUse(node, node.name, table))
        return _table_relation(table, self._schema)

    def _table_function(self, node: exp.Table, scope: Scope, ctes: _Ctes) -> Relation:
        name = self._sql.quote(node).partition("(")[0].strip()
        for argument in node.this.iter_expressions():
            self._expressions(argument, scope, ctes, frozenset())
        if name.casefold() in {"json_each", "json_tree"}:
            return _JSON_ROWS
        self.names.tables.append(TableUse(node, name, None))
        return UNKNOWN

    def _join_conditions(self, scope: Scope, ctes: _Ctes, aliases: frozenset[str]) -> None:
        for join, right, left in scope.joins:
            if on := join.args.get("on"):
                self._expressions(on, scope, ctes, aliases)
            for column in join.args.get("using") or ():
                self._named_column(column, [right])
                self._named_column(column.copy(), left)

    # ---- expressions ----

    def _expressions(self, root: exp.Expr, scope: Scope, ctes: _Ctes, aliases: frozenset[str]) -> None:
        for node in own_nodes(root):
            if isinstance(node, exp.Query):
                self._query(node, scope, ctes)
            elif isinstance(node, exp.Column):
                if not (isinstance(node.parent, exp.In) and node.arg_key == "field"):
                    self._column(node, scope, aliases)
                elif node.name.casefold() not in ctes:  # `x IN t`
                    self.names.tables.append(TableUse(node, node.name, self._schema.find(node.name)))

    def _column(self, node: exp.Column, scope: Scope, aliases: frozenset[str]) -> None:
        name, qualifier = node.name.casefold(), node.table.casefold()
        if isinstance(node.this, exp.Star):
            if not any(source.name == qualifier for source in scope.sources):
                self._use(node, "*", None, is_known=False)
            return
        candidates = [source for source in _visible(scope) if not qualifier or source.name == qualifier]
        if source := next((each for each in candidates if each.relation.has(name)), None):
            self._use(node, name, source, is_known=True)
        elif not qualifier and name in aliases:
            return
        elif source := next((each for each in candidates if each.relation.may_have(node)), None):
            self._use(node, name, source, is_known=False, is_certain=False)
        else:
            only = candidates[0] if len(candidates) == 1 else None
            self._use(node, name, only, is_known=False)

    def _named_column(self, node: exp.Expr, sources: Sequence[Source]) -> None:
        """Looks for a column that stands where only a column of these sources can stand."""
        name = node.name.casefold()
        source = next((each for each in sources if each.relation.has(name)), None)
        open_source = next((each for each in sources if not each.relation.complete), None)
        first = source or open_source or (sources[0] if len(sources) == 1 else None)
        self._use(node, name, first, is_known=source is not None, is_certain=open_source is None)

    def _use(
        self, node: exp.Expr, name: str, source: Source | None, *, is_known: bool, is_certain: bool = True
    ) -> None:
        self.names.columns[id(node)] = ColumnUse(node, name, source, is_known, is_certain)

    # ---- what a SELECT gives ----

    def _relation(self, select: exp.Select, scope: Scope) -> Relation:
        columns: list[str] = []
        origins: dict[tuple[int, str], str] = {}  # (source, its column) -> the name that it has here
        starred: list[Relation] = []
        for item in select.expressions:
            starred.extend(source.relation for source in _starred(item, scope))
            for name, origin in self._results(item, scope):
                if len(columns) >= MAX_COLUMNS:
                    raise UnreadableSqlError(f"A SELECT has {MAX_COLUMNS:,} columns at most; select fewer.")
                columns.append(name)
                if origin:
                    origins[(id(origin[0]), origin[1])] = name
        keys = self._keys(select, scope, columns, origins)
        whole = None if ONE_ROW in keys else _whole(select, scope)
        return Relation(
            columns=tuple(filter(None, columns)),
            complete=all(relation.complete for relation in starred),
            keys=keys,
            foreign=_foreign(scope, origins) if whole else frozenset(),
            has_unnamed=not all(columns) or any(relation.has_unnamed for relation in starred),
            whole=whole,
        )

    def _results(self, item: exp.Expr, scope: Scope) -> Iterator[tuple[str, tuple[Source, str] | None]]:
        """Gives the name of each column that an item of a SELECT makes, and where it comes from.

        The name is empty for what SQLite names by its text.
        """
        inner = item.unalias()
        if _is_star(inner):
            for source in _starred(item, scope):
                yield from ((column, (source, column)) for column in source.relation.columns)
            return
        while isinstance(inner, exp.Paren | exp.Collate):
            inner = inner.this
        source_of = self.names.source_of(inner)
        origin = (source_of, inner.name.casefold()) if source_of else None
        name = item.alias or (inner.name if isinstance(inner, exp.Column) else "")
        yield name.casefold(), origin

    def _keys(
        self, select: exp.Select, scope: Scope, columns: Sequence[str], origins: dict[tuple[int, str], str]
    ) -> tuple[Key, ...]:
        joins = Joins(scope, self.names)
        group = select.args.get("group")
        scope.gives_one_row = joins.give_one_row() or (group is None and _sums_up(select))
        if scope.gives_one_row or _limit(select) in (0, 1):
            return (ONE_ROW,)
        if group is not None:
            names = [self._grouped(part, columns, origins) for part in group.expressions]
            return (frozenset(name for name in names if name),) if names and all(names) else ()
        if select.args.get("distinct"):
            return (frozenset(columns),) if all(columns) else ()
        if len(scope.sources) != 1:
            return ()
        source = scope.sources[0]
        keys = (key - joins.fixed(source) for key in source.relation.keys)
        return tuple(
            frozenset(origins[(id(source), column)] for column in key)
            for key in keys
            if all((id(source), column) in origins for column in key)
        )

    def _grouped(
        self, part: exp.Expr, columns: Sequence[str], origins: dict[tuple[int, str], str]
    ) -> str | None:
        """Gives the result column that a part of GROUP BY stands for."""
        if isinstance(part, exp.Literal) and part.name.isdigit():
            place = int(part.name) if len(part.name) < 6 else 0
            return columns[place - 1] if 0 < place <= len(columns) else None
        source = self.names.source_of(part)
        if source is not None:
            return origins.get((id(source), part.name.casefold()))
        name = part.name.casefold() if isinstance(part, exp.Column) else ""
        return name if name in columns else None


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star | exp.Column) and node.is_star


def _starred(item: exp.Expr, scope: Scope) -> list[Source]:
    """Gives the sources all of whose columns an item of a SELECT takes."""
    if not _is_star(item):
        return []
    qualifier = item.table.casefold() if isinstance(item, exp.Column) else ""
    return [source for source in scope.sources if not qualifier or source.name == qualifier]


def _foreign(scope: Scope, origins: dict[tuple[int, str], str]) -> frozenset[str]:
    """Gives the result columns that refer to another table, where a SELECT has one source."""
    if len(scope.sources) != 1:
        return frozenset()
    source = scope.sources[0]
    found = (origins.get((id(source), column)) for column in source.relation.foreign)
    return frozenset(name for name in found if name)


def _sums_up(select: exp.Select) -> bool:
    """Says whether a SELECT makes an aggregate, so that it has one row where it does not group."""
    return any(_groups_rows(node) for item in select.expressions for node in own_nodes(item))


def _groups_rows(node: exp.Expr) -> bool:
    """Says whether a node is an aggregate that makes one row of many, which one with OVER does not."""
    outside = node.parent.parent if isinstance(node.parent, exp.Filter) else node.parent
    return is_aggregate(node) and not isinstance(outside, exp.Window)


def _table_relation(table: Table | None, schema: Schema) -> Relation:
    if table is None:
        return UNKNOWN
    columns = tuple(column.name.casefold() for column in table.columns)
    primary = frozenset(column.name.casefold() for column in table.columns if column.primary_key_position)
    keys = {primary} if primary else set()
    keys.update(
        frozenset({name})
        for other in schema.tables
        for column in other.columns
        if column.references
        for owner, _, name in [column.references.casefold().rpartition(".")]
        # one part of a key of several columns is no key, though a foreign key of several names it
        if owner == table.name.casefold() and name in columns and not (name in primary and len(primary) > 1)
    )
    foreign = frozenset(column.name.casefold() for column in table.columns if column.references)
    return Relation(columns, True, tuple(sorted(keys, key=sorted)), foreign, table, whole=table)


def _whole(select: exp.Select, scope: Scope) -> Table | None:
    """Gives the largest table all of whose rows a SELECT gives; None where all are narrowed or summed up."""
    if any(select.args.get(part) for part in ("where", "group", "having", "distinct")) or _limits(select):
        return None
    kept = scope.sources[:1]
    for join, right, _ in scope.joins:
        conditioned = join.args.get("on") or join.args.get("using") or join.method
        if not conditioned:
            kept.append(right)
        elif join.side.upper() != "LEFT":
            return None
    return _largest(source.relation.whole for source in kept)


def _largest(tables: Iterable[Table | None]) -> Table | None:
    return max((table for table in tables if table), key=lambda table: table.row_count, default=None)


def _limits(query: exp.Expr) -> bool:
    return bool(query.args.get("limit") or query.args.get("offset"))


def _visible(scope: Scope | None) -> Iterator[Source]:
    """Gives the sources that a column may come from, the nearest first."""
    while scope is not None:
        yield from scope.sources
        scope = scope.outer


def _limit(select: exp.Expr) -> int | None:
    """Gives the number after LIMIT; None when there is none that can be read."""
    limit = select.args.get("limit")
    value = limit.args.get("expression") if isinstance(limit, exp.Limit) else None
    text = value.name if isinstance(value, exp.Literal) and not value.is_string else ""
    return int(text) if text.isdigit() and len(text) < 10 else None


def _expressions_of(clause: object) -> Iterator[exp.Expr]:
    if isinstance(clause, exp.Expr):
        yield clause
    elif isinstance(clause, list):
        yield from (part for part in clause if isinstance(part, exp.Expr))
