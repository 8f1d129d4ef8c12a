"""The deterministic reviewer: judges a statement by its text and the schema, without running it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

from sqlglot import exp

from .review import Finding, FindingKind, Review, Severity
from .schema import Permissions, Schema, Table
from .sql_dialect import foreign_idioms
from .sql_joins import CrossJoin, FanOut, Joins
from .sql_mentions import mentioned_share, mentions
from .sql_names import SCHEMA_TABLES, resolve_names
from .sql_parsing import SqlText, Statement, UnreadableSqlError, read_sql, shortened
from .sql_scopes import ColumnUse, Names, Source, TableUse

MAX_CROSS_JOIN_ROWS = 1_000_000  # a cross join that makes more is rejected
LARGE_TABLE = 3_000  # rows; to select them all is flagged
MAX_CACHED_REVIEWS = 4_096
MAX_CACHED_LENGTH = 4_096  # characters; a longer statement is reviewed anew each time


class SqlReviewer:
    """A `Reviewer`. One statement costs 0.5 to 2 ms, or nothing when it was reviewed before.

    The same object may be used by several threads. A schema is told from others by identity, so pass the
    same object for the same database.
    """

    def __init__(self) -> None:
        self._cached = lru_cache(MAX_CACHED_REVIEWS)(_review_known)

    def review(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
        """Gives the findings, gravest first and then as the text goes, and the schema share.

        The schema share is 0 for a statement that names no table, such as `SELECT 1`: it shows no knowledge
        of the schema. Of what is not parsed, because it is no SQL or is not permitted, the names that it
        mentions count, see `mentioned_share`.
        """
        if len(sql) > MAX_CACHED_LENGTH:
            return _review(sql, schema, permissions)
        return self._cached(sql, _ByIdentity(schema), permissions)


class _ByIdentity:
    """A schema as a key: hashing one by its value costs as much as a review."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.schema is self.schema


def _review_known(sql: str, key: _ByIdentity, permissions: Permissions) -> Review:
    return _review(sql, key.schema, permissions)


def _review(sql: str, schema: Schema, permissions: Permissions) -> Review:
    try:
        text = read_sql(sql)
    except UnreadableSqlError as error:
        return _unreadable(error, mentioned_share(sql, schema, permissions))
    try:
        statements = text.statements()
        reviews = [_StatementReview(text, statement, schema, permissions) for statement in statements]
        findings = [finding for review in reviews for finding in review.findings()]
        if len(statements) > 1:
            findings.append(_several(text, statements[1]))
        known = {key: good for review in reviews for key, good in review.references()}
    except UnreadableSqlError as error:
        # Why it does not parse is often an idiom of another dialect.
        hints = [_foreign(where, message) for where, message in foreign_idioms(text.tokens, text.text)]
        return _unreadable(error, mentioned_share(sql, schema, permissions), *hints)
    except RecursionError:
        return _unreadable(UnreadableSqlError("The SQL is nested too deeply; use WITH instead."), 0.0)
    has_table = any(kind in {"table", "mention"} for kind, _, _ in known)
    share = sum(known.values()) / len(known) if has_table else 0.0
    return Review(_sorted(findings), share)


def _unreadable(error: UnreadableSqlError, share: float, *hints: Finding) -> Review:
    finding = Finding(FindingKind.SYNTAX, Severity.ERROR, error.where, error.message)
    return Review(_sorted([finding, *hints]), share)


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sorts the gravest first, by kind, else as found; each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: (-finding.severity, finding.kind)))


def _several(text: SqlText, second: Statement) -> Finding:
    start = second.tokens[0].start
    return Finding(
        FindingKind.MULTIPLE_STATEMENTS,
        Severity.ERROR,
        shortened(text.text[start : second.tokens[-1].end + 1]),
        "There is more than one statement; send one at a time.",
    )


def _foreign(where: str, message: str) -> Finding:
    return Finding(FindingKind.DIALECT, Severity.WARNING, shortened(where), message)


class _StatementReview:
    """The review of one statement of the text."""

    def __init__(self, text: SqlText, statement: Statement, schema: Schema, permissions: Permissions) -> None:
        self._text = text
        self._statement = statement
        self._schema = schema
        self._permissions = permissions
        self._denied = {name.casefold() for name in permissions.denied}
        self._writable = {name.casefold() for name in permissions.writable}
        self._names = resolve_names(statement.tree, text, schema) if statement.tree else Names()
        self._single = {id(scope.node) for scope in self._names.scopes if scope.gives_one_row}

    def findings(self) -> Iterator[Finding]:
        if self._statement.tree is None:
            yield self._not_permitted()
            return
        yield from self._tables()
        yield from self._columns()
        yield from self._joins()
        yield from self._scans()
        yield from self._selects()
        for where, message in foreign_idioms(self._statement.tokens, self._text.text):
            yield _foreign(where, message)

    def references(self) -> Iterator[tuple[tuple[str, str, str], bool]]:
        """Gives ("table", name, "") or ("column", table, name) and whether it exists and is permitted.

        A statement that is not permitted at all gives itself, and ("mention", name, "") for its names.
        """
        if self._statement.tree is None:
            yield ("statement", self._statement.keyword, ""), False
            for name, is_known in mentions(self._own_text(), self._schema, self._permissions):
                yield ("mention", name, ""), is_known
        for use in self._names.tables:
            name = use.name.casefold()
            if name in SCHEMA_TABLES and not self._denied:
                continue  # it may be read, but is no table of the task's
            good = use.table is not None and name not in self._denied
            yield ("table", name, ""), good and (not use.is_written or name in self._writable)
        for column in self._names.columns.values():
            table = column.source.relation.table if column.source else None
            if table is not None:
                name = table.name.casefold()
                yield ("column", name, column.name), column.is_known and name not in self._denied
            elif not column.is_known and (column.is_certain or not _is_derived(column.source)):
                yield ("column", column.source.name if column.source else "", column.name), False

    # ---- what is not permitted ----

    def _not_permitted(self) -> Finding:
        message = f"{self._statement.keyword} is not permitted; query the tables with SELECT."
        return Finding(FindingKind.DDL, Severity.ERROR, shortened(self._own_text()), message)

    def _own_text(self) -> str:
        start, end = self._statement.tokens[0].start, self._statement.tokens[-1].end
        return self._text.text[start : end + 1]

    def _tables(self) -> Iterator[Finding]:
        for use in self._names.tables:
            name, where = use.name.casefold(), self._text.quote(use.node)
            if use.is_written and name not in self._writable:
                message = f"{use.name} may not be written; {self._may_be_written()}."
                yield Finding(FindingKind.WRITE, Severity.ERROR, where, message)
            if name in SCHEMA_TABLES:
                if self._denied:
                    message = f"{use.name} may not be read, for it shows what is denied; describe a table."
                    yield Finding(FindingKind.DENIED_TABLE, Severity.ERROR, where, message)
            elif name in self._denied:
                message = f"The table {use.name} may not be read; find what you need in another table."
                yield Finding(FindingKind.DENIED_TABLE, Severity.ERROR, where, message)
            elif name.startswith("pragma_"):
                message = f"{use.name} is a PRAGMA, which is not permitted; describe the table instead."
                yield Finding(FindingKind.DDL, Severity.ERROR, where, message)
            elif use.table is None:
                yield Finding(FindingKind.UNKNOWN_TABLE, Severity.WARNING, where, self._no_such_table(use))

    def _may_be_written(self) -> str:
        writable = [table.name for table in self._schema.tables if table.name.casefold() in self._writable]
        return f"only {_listed(writable)} may" if writable else "this task only reads"

    # ---- what does not exist ----

    def _no_such_table(self, use: TableUse) -> str:
        names = [table.name for table in self._schema.tables if table.name.casefold() not in self._denied]
        return f"There is no table {use.name}; {_suggestion(use.name, names)}."

    def _columns(self) -> Iterator[Finding]:
        for use in self._names.columns.values():
            table = use.source.relation.table if use.source else None
            is_denied = table is not None and table.name.casefold() in self._denied
            if not use.is_known and use.is_certain and not is_denied:
                where = self._text.quote(use.node)
                yield Finding(FindingKind.UNKNOWN_COLUMN, Severity.WARNING, where, self._no_such_column(use))

    def _no_such_column(self, use: ColumnUse) -> str:
        name = use.node.name
        if self._text.is_double_quoted(use.node):
            return f'No column is named "{name}"; if it is a text, write it in single quotes.'
        if use.source is not None:
            columns = _column_names(use.source)
            owner = use.source.relation.table.name if use.source.relation.table else use.source.name
            return f"{owner or 'The sub-query'} has no column {name}; {_suggestion(name, columns)}."
        qualifier = use.node.args.get("table")
        sources = [source for scope in self._names.scopes for source in scope.sources]
        if qualifier is not None and all(source.name != qualifier.name.casefold() for source in sources):
            names = [source.node.alias_or_name for source in sources]
            return f"Nothing in FROM is named {qualifier.name}; {_suggestion(qualifier.name, names)}."
        columns = [
            column
            for source in sources
            if source.relation.table is None or source.relation.table.name.casefold() not in self._denied
            for column in _column_names(source)
        ]
        return f"No table in FROM has a column {name}; {_suggestion(name, columns)}."

    # ---- joins ----

    def _joins(self) -> Iterator[Finding]:
        for scope in self._names.scopes:
            if len(scope.sources) < 2:
                continue
            joins = Joins(scope, self._names)
            if cross := joins.cross_join():
                yield self._cross_join(cross)
            for fan_out in joins.fan_outs():
                yield self._fan_out(fan_out)

    def _cross_join(self, cross: CrossJoin) -> Finding:
        severity = Severity.ERROR if cross.rows > MAX_CROSS_JOIN_ROWS else Severity.WARNING
        one, other = (_name(group[0]) for group in cross.groups[:2])
        size = f" (at least {cross.rows:,} rows)" if cross.rows > 1 else ""
        message = f"No condition joins {one} and {other}{size}; join them with ON."
        node = cross.groups[1][0].node
        return Finding(
            FindingKind.CROSS_JOIN, severity, node.alias_or_name or self._text.quote(node), message
        )

    def _fan_out(self, fan_out: FanOut) -> Finding:
        one, other = _name(fan_out.repeated), _name(fan_out.repeating)
        where = self._text.quote(fan_out.aggregate)
        message = (
            f"{where} counts rows of {one} again for every row of {other} that is joined to them; "
            f"aggregate before joining, or count DISTINCT."
        )
        return Finding(FindingKind.FAN_OUT, Severity.WARNING, where, message)

    # ---- rows that nobody reads ----

    def _scans(self) -> Iterator[Finding]:
        """Finds all rows of a large table among a query's, and a write without WHERE to such a table."""
        tree = self._statement.tree
        table, done = self._names.result.whole, "selected"
        if isinstance(tree, exp.Update | exp.Delete) and not tree.args.get("where"):
            table = next((use.table for use in self._names.tables if use.is_written), None)
            done = "deleted" if isinstance(tree, exp.Delete) else "updated"
        if table is None or table.row_count < LARGE_TABLE:
            return
        where = next(self._text.quote(use.node) for use in self._names.tables if use.table is table)
        instead = "add WHERE, sum them up, or keep a few with ORDER BY and LIMIT"
        message = (
            f"All {table.row_count:,} rows of {table.name} are {done}; "
            f"{instead if done == 'selected' else 'add WHERE'}."
        )
        yield Finding(FindingKind.FULL_SCAN, Severity.WARNING, where, message)

    # ---- the form of a SELECT ----

    def _selects(self) -> Iterator[Finding]:
        tree = self._statement.tree
        for select in tree.find_all(exp.Select, exp.SetOperation, bfs=False) if tree else ():
            if isinstance(select.parent, exp.Exists):
                continue
            yield from self._stars(select)
            yield from self._unordered_limit(select)
            if select.args.get("into"):
                yield _foreign("INTO", "SQLite has no SELECT INTO; select the rows alone.")

    def _stars(self, select: exp.Expr) -> Iterator[Finding]:
        for item in select.expressions:
            inner = item.this if isinstance(item, exp.Column) else item
            if isinstance(inner, exp.Star):
                where = self._text.quote(item) if item is not inner else "*"
                message = f"{where} selects every column; name those that you need."
                yield Finding(FindingKind.SELECT_STAR, Severity.INFO, where, message)

    def _unordered_limit(self, select: exp.Expr) -> Iterator[Finding]:
        limit = select.args.get("limit")
        if limit is None or select.args.get("order") or id(select) in self._single:
            return
        keeps_all = isinstance(limit.expression, exp.Neg) and not select.args.get("offset")
        if keeps_all or _bounds_recursion(select):
            return
        where = shortened(limit.sql("sqlite"))
        message = f"{where} without ORDER BY keeps rows that nothing decides; add ORDER BY."
        yield Finding(FindingKind.UNORDERED_LIMIT, Severity.WARNING, where, message)


def _bounds_recursion(query: exp.Expr) -> bool:
    """Says whether a query is a CTE's that reads itself, so that its LIMIT ends it."""
    cte = query.parent
    return isinstance(cte, exp.CTE) and any(
        table.name.casefold() == cte.alias.casefold() for table in query.find_all(exp.Table)
    )


def _is_derived(source: Source | None) -> bool:
    """Says whether a source is a sub-query or a CTE, whose columns are not the schema's."""
    return source is not None and (bool(source.relation.columns) or isinstance(source.node, exp.Query))


def _name(source: Source) -> str:
    table = source.relation.table
    name = source.node.alias_or_name or "a sub-query"
    return f"{table.name} ({name})" if table and table.name.casefold() != source.name else name


def _column_names(source: Source) -> list[str]:
    table: Table | None = source.relation.table
    return [column.name for column in table.columns] if table else list(source.relation.columns)


def _suggestion(wrong: str, right: list[str]) -> str:
    """Says what there is instead: the name that is much like it, else the names."""
    by_folded = {name.casefold(): name for name in right}
    close = get_close_matches(wrong.casefold(), by_folded, n=1, cutoff=0.7)
    if close:
        return f"did you mean {by_folded[close[0]]}"
    return f"there is {_listed(list(dict.fromkeys(right)))}" if right else "there is none here"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
