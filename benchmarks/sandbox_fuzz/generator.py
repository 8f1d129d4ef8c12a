"""Makes statements: queries of the task bank taken apart and put together wrongly, a grammar, and garbage."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Final

import apsw
from sqlglot import exp, parse_one
from sqlglot.errors import ErrorLevel, SqlglotError

from sqldojo.service.core.schema import Schema

FUNCTIONS: Final = sorted(
    {
        (str(name), int(str(arguments)))
        for name, arguments in apsw.Connection(":memory:").execute(
            "SELECT DISTINCT name, narg FROM pragma_function_list"
        )
    }
    | {("readfile", 1), ("writefile", 2), ("edit", 1), ("eval", 1), ("regexp", 2), ("decimal", 1)}
)
"""Functions of this SQLite, and some of others, with how many arguments they take; below 0: any number."""

TABLES: Final = (
    *("sqlite_schema", "sqlite_temp_master", "sqlite_sequence", "sqlite_stat1", "dbstat", "sqlite_dbpage"),
    *("json_each", "json_tree", "generate_series", "carray", "bytecode", "tables_used", "completion"),
    *("fts5vocab", "sqlite_stmt", "pragma_table_info", "pragma_database_list", "pragma_function_list"),
    *("pragma_query_only", "no_such_table"),
)
"""Tables that are not the database's own."""

_LONG: Final = "printf('%.{}c', '{}')"
WILD: Final = (
    *(
        "NULL",
        "0",
        "-1",
        "1e308",
        "-1e-308",
        "9223372036854775807",
        "-9223372036854775808",
        "0xffff",
        "1e999",
    ),
    *(
        "''",
        "'%'",
        "'_%' || char(0)",
        "x''",
        "x'00ff'",
        "x'cb0c0c'",
        "'[1,{\"a\":[]}]'",
        "'$.a[#-1]'",
        "'now'",
    ),
    *(
        "'+9e9 days'",
        "'localtime'",
        "'%J%f%s%%'",
        "'%*.*f%n%s'",
        "char(55296, 1114111)",
        "CAST(x'fffe' AS TEXT)",
    ),
    *("'9999-12-31 23:59:59'", "-4713", "'\u202e\ufeff\u0130'", "current_timestamp", "TRUE", "('a', 1)"),
    *(
        _LONG.format(size, letter)
        for size, letter in ((999, "x"), (99_998, "a"), (50_000, "1"), (99_999, " "))
    ),
    "replace(printf('%.900c', 'x'), 'x', '[') || replace(printf('%.900c', 'x'), 'x', ']')",
    "'[' || replace(printf('%.49000c', 'x'), 'x', '1,') || '1]'",
    "replace(printf('%.60c', 'x'), 'x', '%a') || 'b'",
)
"""Values at the ends of their ranges."""

WORDS: Final = """
    SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET UNION ALL EXCEPT INTERSECT WITH RECURSIVE
    AS MATERIALIZED VALUES INSERT INTO REPLACE UPDATE SET DELETE RETURNING ON CONFLICT DO NOTHING
    CREATE TEMP TABLE VIEW INDEX TRIGGER VIRTUAL USING DROP ALTER RENAME COLUMN ADD BEGIN COMMIT
    ROLLBACK SAVEPOINT RELEASE ATTACH DETACH VACUUM PRAGMA ANALYZE REINDEX EXPLAIN QUERY PLAN CASE
    WHEN THEN ELSE END CAST COLLATE NOCASE IN EXISTS NOT NULL IS LIKE GLOB MATCH REGEXP ESCAPE
    BETWEEN AND OR DISTINCT NATURAL LEFT FULL CROSS JOIN OVER PARTITION ROWS RANGE GROUPS UNBOUNDED
    PRECEDING FOLLOWING EXCLUDE TIES FILTER WINDOW INDEXED RAISE ABORT GENERATED STRICT main temp
""".split()  # noqa: SIM905 - a list of so many would be long
OPERATORS: Final = "+ - * / % || = <> < >= AND OR << & IS LIKE GLOB MATCH -> ->>".split()  # noqa: SIM905
SIGNS: Final = (
    *"( ) , ; . * + - / % || = == <> <= >= << >> & | ~ -> ->> ? ?1 :a @a $a [ ] -- /* */ { } # !".split(),  # noqa: SIM905
    *("'", '"', "`", "''", '""', "\\", "x'", "0x", "1e", "1_0", "\n", "\t", "\x0c", "\0", "\ufeff", "\u00a0"),
    *("\u202e", "\ud800", "é", "𝄞"),
)
ORDERS: Final = ("", "DESC", "NULLS LAST", "COLLATE NOCASE")
FRAMES: Final = ("", "ROWS 1 PRECEDING", "RANGE BETWEEN 1e9 PRECEDING AND CURRENT ROW", "GROUPS 2 PRECEDING")
CONFLICTS: Final = ("REPLACE", "IGNORE", "FAIL", "ROLLBACK")
MODULES: Final = ("fts5", "rtree", "dbstat", "geopoly")
_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|\s+|.", re.DOTALL)
_MOST_BYTES: Final = 120_000  # a little more than a statement may have


@cache
def _parsed(sql: str) -> exp.Expr | None:
    try:
        return parse_one(sql, dialect="sqlite")
    except SqlglotError:
        return None


class Generator:
    """Makes statements about one database, by a source of randomness."""

    def __init__(self, schema: Schema, queries: Sequence[str], random: Random) -> None:
        """Takes valid queries on the database to start from."""
        self._random = random
        self._queries = [sql for sql in queries if _parsed(sql) is not None]
        self._here: list[str] = []  # columns of the tables that a query reads
        self._tables = [(table.name, [column.name for column in table.columns]) for table in schema.tables]

    def statement(self) -> str:
        """Makes one."""
        most = (
            self._mutated,
            self._mutated,
            self._mutated,
            self._mutated,
            self._grown,
            self._grown,
            self._grown,
        )
        ways = (*most, self._command, self._command, self._garbage)
        sql = self._random.choice(ways)()
        if self._one_in(30):
            sql = self._garbled(sql)
        if self._one_in(40):
            sql = self._random.choice(
                (
                    "EXPLAIN {}",
                    "EXPLAIN QUERY PLAN {}",
                    "{};{}",
                    "/*{}*/{}",
                    "{} -- {}",
                    "CREATE VIEW v AS {}",
                )
            ).replace("{}", sql)
        return sql[:_MOST_BYTES]

    # ---- queries taken apart ----

    def _mutated(self) -> str:
        random = self._random
        for _ in range(20):
            parsed = _parsed(random.choice(self._queries))
            assert parsed is not None
            tree = parsed.copy()
            for _ in range(random.choice((1, 1, 1, 2, 4))):
                tree = random.choice(self._changes)(self, tree)
            try:
                return tree.sql(dialect="sqlite", unsupported_level=ErrorLevel.IGNORE)
            except Exception:
                continue
        return self._garbage()

    def _one(self, tree: exp.Expr, *kinds: type[exp.Expr]) -> exp.Expr | None:
        found = list(tree.find_all(*kinds))
        return self._random.choice(found) if found else None

    def _swap(self, tree: exp.Expr) -> exp.Expr:
        """Puts one part where another is, and that one where it was."""
        one, other = self._one(tree, exp.Expr), self._one(tree, exp.Expr)
        if one is None or other is None or one is tree or other is tree:
            return tree
        left, right = one.copy(), other.copy()
        one.replace(right)
        if other.root() is tree:
            other.replace(left)
        return tree

    def _graft(self, tree: exp.Expr) -> exp.Expr:
        """Puts a part of another query in."""
        other = _parsed(self._random.choice(self._queries))
        part = other and self._one(other, exp.Condition, exp.Query, exp.Join, exp.Table, exp.With)
        place = self._one(tree, exp.Condition, exp.Table)
        if part is not None and place is not None and place is not tree:
            place.replace(part.copy())
        return tree

    def _nest(self, tree: exp.Expr) -> exp.Expr:
        place = self._one(tree, exp.Condition)
        if place is None or place is tree:
            return tree
        depth = self._random.choice((1, 2, 5, 60, 300))
        way = self._random.randrange(4)
        inner = place.copy()
        for _ in range(min(depth, 60)):  # sqlglot itself takes a stack frame a level
            if way == 0:
                inner = exp.Paren(this=inner)
            elif way == 1:
                inner = exp.Not(this=exp.Paren(this=inner))
            elif way == 2:
                inner = exp.Case(ifs=[exp.If(this=inner, true=exp.Literal.number(1))])
            else:
                inner = exp.Subquery(this=exp.Select(expressions=[inner]))
        place.replace(inner)
        return tree

    def _duplicate(self, tree: exp.Expr) -> exp.Expr:
        """Has a list hold one of its parts more often, or a query stand beside itself."""
        random = self._random
        if random.random() < 0.3 and isinstance(tree, exp.Query):
            kind = random.choice((exp.Union, exp.Except, exp.Intersect))
            return kind(this=tree.copy(), expression=tree.copy(), distinct=random.random() < 0.5)
        place = self._one(tree, exp.Select)
        if place is not None:
            key = random.choice(("expressions", "joins"))
            parts = place.args.get(key) or []
            if parts:
                part = random.choice(parts)
                place.set(key, [*parts, *(part.copy() for _ in range(random.choice((1, 2, 30, 600))))])
        return tree

    def _rename(self, tree: exp.Expr) -> exp.Expr:
        place = self._one(tree, exp.Identifier)
        if place is not None:
            names = [name for table, columns in self._tables for name in (table, *columns)]
            odd = (
                "rowid",
                "",
                "\0",
                "é",
                'a"b',
                "a" * 2_000,
                *TABLES,
                "OLD",
                "excluded",
                "sqlite_autoindex_x_1",
            )
            name = self._random.choice(names if self._random.random() < 0.7 else odd)
            place.replace(exp.Identifier(this=name, quoted=self._random.random() < 0.5))
        return tree

    def _call(self, tree: exp.Expr) -> exp.Expr:
        """Has a function called with what stands there, and with wild values."""
        place = self._one(tree, exp.Condition)
        if place is None or place is tree:
            return tree
        name, count = self._function()
        arguments = [place.copy(), *(exp.Var(this=self._wild()) for _ in range(count - 1))][:count]
        self._random.shuffle(arguments)
        place.replace(exp.Anonymous(this=name, expressions=arguments))
        return tree

    def _value(self, tree: exp.Expr) -> exp.Expr:
        place = self._one(tree, exp.Literal) or self._one(tree, exp.Column)
        if place is not None and place is not tree:
            place.replace(exp.Var(this=self._wild()))
        return tree

    def _drop(self, tree: exp.Expr) -> exp.Expr:
        place = self._one(
            tree, exp.Where, exp.Join, exp.Group, exp.Having, exp.Order, exp.Limit, exp.Condition
        )
        if place is not None and place is not tree:
            place.pop()
        return tree

    _changes: Final = (_swap, _graft, _nest, _duplicate, _rename, _call, _call, _value, _drop)

    # ---- a grammar ----

    def _grown(self) -> str:
        return self._query(self._random.choice((1, 2, 3, 4)))

    def _query(self, depth: int) -> str:
        random = self._random
        if depth <= 0 or self._one_in(12):
            return random.choice(("SELECT 1", "VALUES (1), (2)", f"SELECT * FROM {self._table()}"))
        if self._one_in(5):
            operator = random.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT"))
            return f" {operator} ".join(self._query(depth - 1) for _ in range(random.choice((2, 2, 3, 101))))
        if self._one_in(5):
            return self._recursive(depth)
        source = self._source(depth)
        columns = ", ".join(self._expression(depth) for _ in range(random.choice((1, 1, 2, 4))))
        sql = f"SELECT {random.choice(('', '', 'DISTINCT '))}{columns} FROM {source}"
        if random.random() < 0.5:
            sql += f" WHERE {self._expression(depth)}"
        if random.random() < 0.25:
            sql += f" GROUP BY {self._expression(depth - 1)} HAVING {self._expression(depth - 1)}"
        if random.random() < 0.3:
            sql += f" ORDER BY {self._expression(depth - 1)} {random.choice(ORDERS)}"
        if random.random() < 0.3:
            sql += f" LIMIT {self._wild()} OFFSET {self._wild()}"
        return sql

    def _recursive(self, depth: int) -> str:
        random = self._random
        step = random.choice(("x + 1", "x", "x || x", "-x", self._expression(0)))
        stop = random.choice(("", " WHERE x < 100", " WHERE x < 100000", " LIMIT 1000", " ORDER BY 1"))
        union = random.choice(("UNION", "UNION ALL"))
        materialized = random.choice(("", "", " MATERIALIZED", " NOT MATERIALIZED"))
        return (
            f"WITH RECURSIVE c(x) AS{materialized} (SELECT {self._wild()} {union} SELECT {step} FROM c{stop})"
            f" SELECT {random.choice(('count(*)', 'x', 'max(x)', self._expression(depth - 1)))}"
            f" FROM c{random.choice(('', ', c AS d', ', ' + self._table()))}"
        )

    def _source(self, depth: int) -> str:
        random = self._random
        join = random.choice((", ", " JOIN ", " LEFT JOIN ", " NATURAL JOIN ", " CROSS JOIN ", " FULL JOIN "))
        sources = [
            f"({self._query(depth - 1)})" if depth > 1 and self._one_in(4) else self._table()
            for _ in range(random.choice((1, 1, 1, 2, 2, 3, 6)))
        ]
        return join.join(f"{source} AS t{place}" for place, source in enumerate(sources))

    def _expression(self, depth: int) -> str:
        random = self._random
        if depth <= 0 or self._one_in(4):
            return random.choice((self._column, self._column, self._wild))()
        inner = depth - 1
        one, other = self._expression(inner), self._expression(inner)
        return random.choice(
            (
                lambda: f"({one} {random.choice(OPERATORS)} {other})",
                lambda: self._called(one, other),
                lambda: self._called(other, one),
                lambda: self._called(self._wild(), one),
                lambda: f"{random.choice(('NOT', '-', '~', '+', 'EXISTS'))} ({one})",
                lambda: f"CASE {one} WHEN {other} THEN {self._wild()} ELSE {one} END",
                lambda: f"({self._query(inner)})",
                lambda: f"{one} IN ({self._query(inner)})",
                lambda: f"{one} IN ({', '.join([other] * random.choice((0, 1, 3, 400)))})",
                lambda: f"{one} BETWEEN {other} AND {self._wild()}",
                lambda: f"CAST({one} AS {random.choice(('TEXT', 'BLOB', 'INTEGER', 'REAL', 'x(1, 2)'))})",
                lambda: (
                    f"{self._called(one, other)} FILTER (WHERE {other})"
                    f" OVER (PARTITION BY {other} ORDER BY {one} {random.choice(FRAMES)})"
                ),
                lambda: f"{one} COLLATE {random.choice(('NOCASE', 'RTRIM', 'BINARY', 'no_such'))}",
            )
        )()

    def _function(self) -> tuple[str, int]:
        """Draws a function and a number of arguments, which is mostly one that it takes."""
        name, count = self._random.choice(FUNCTIONS)
        if count < 0 or self._one_in(10):
            count = self._random.choice((0, 1, 1, 2, 2, 3, 4, 101))
        return name, count

    def _called(self, *arguments: str) -> str:
        name, count = self._function()
        wild = (self._wild() for _ in range(count - len(arguments)))
        return f"{name}({', '.join((*arguments[:count], *wild))})"

    def _table(self) -> str:
        random = self._random
        if self._one_in(8):
            return random.choice(TABLES) + random.choice(("", f"({self._wild()})"))
        name, self._here = random.choice(self._tables)
        return _quoted(name)

    def _column(self) -> str:
        if self._one_in(6):
            return self._random.choice(("rowid", "*", "t0.rowid", "x", "no_such_column", "value", "sql"))
        columns = self._here if self._here and not self._one_in(6) else self._random.choice(self._tables)[1]
        return _quoted(self._random.choice(columns))

    def _wild(self) -> str:
        return self._random.choice(WILD)

    # ---- statements that are no queries ----

    def _command(self) -> str:
        random, query = self._random, self._query(2)
        name, self._here = random.choice(self._tables)
        wild, some = self._wild(), random.choice(("1", "rowid % 7 = 0", "rowid < 5"))
        table, column, one = _quoted(name), self._column(), self._expression(2)
        row = ", ".join(random.choice((self._wild, lambda: self._expression(1)))() for _ in self._here)
        wheres = ("", f" WHERE {one}", f" FROM ({query})")
        alters = ("RENAME TO x", f"ADD COLUMN x DEFAULT ({one})", f"DROP {column}")
        copy = f"SELECT {row} FROM {table}"
        returning = random.choice(("", "", f" RETURNING {self._expression(1)}"))
        ways: tuple[Callable[[], str], ...] = (
            lambda: f"INSERT INTO {table} {random.choice((query, copy))}{returning}",
            lambda: f"INSERT OR {random.choice(CONFLICTS)} INTO {table} VALUES ({row})",
            lambda: (
                f"INSERT INTO {table} ({column}) VALUES ({one}) ON CONFLICT DO UPDATE SET {column} = {one}"
            ),
            lambda: f"INSERT INTO {table} DEFAULT VALUES{returning}",
            lambda: f"INSERT OR {random.choice(CONFLICTS)} INTO {table} SELECT * FROM {table} WHERE {some}",
            lambda: (
                f"UPDATE OR {random.choice(CONFLICTS)} {table} SET {column} = {wild} WHERE {some}{returning}"
            ),
            lambda: f"DELETE FROM {table} WHERE {some}{returning}",
            lambda: f"UPDATE {table} SET {column} = {one}{random.choice(wheres)}{returning}",
            lambda: f"DELETE FROM {table}{random.choice(('', f' WHERE {one}'))}{returning}",
            lambda: f"WITH c(x) AS ({query}) DELETE FROM {table} WHERE {column} IN c",
            lambda: f"PRAGMA {random.choice(_pragmas())}{random.choice(('', f' = {one}', f'({column})'))}",
            lambda: f"SELECT * FROM pragma_{random.choice(_pragmas())}({self._wild()})",
            lambda: f"ATTACH {self._wild()} AS {random.choice(('x', 'main', 'temp'))}",
            lambda: f"VACUUM {random.choice(('', 'main'))} INTO {one}",
            lambda: f"CREATE {random.choice(('', 'TEMP'))} TABLE x ({column} DEFAULT ({one}), CHECK ({one}))",
            lambda: f"CREATE {random.choice(('', 'TEMP'))} TABLE x AS {query}",
            lambda: f"CREATE {random.choice(('', 'TEMP'))} VIEW x AS {query}",
            lambda: f"CREATE TEMP TRIGGER x AFTER UPDATE ON {table} BEGIN {query}; END",
            lambda: f"CREATE VIRTUAL TABLE x USING {random.choice(MODULES)}({column})",
            lambda: f"CREATE INDEX x ON {table} ({one}) WHERE {one}",
            lambda: f"ALTER TABLE {table} {random.choice(alters)}",
            lambda: f"DROP {random.choice(('TABLE', 'VIEW', 'INDEX', 'TRIGGER'))} IF EXISTS {table}",
            lambda: random.choice(
                ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT x", "RELEASE x", "END", "ANALYZE", "REINDEX")
            ),
        )
        return random.choice(ways)()

    # ---- garbage ----

    def _garbage(self) -> str:
        random = self._random
        if random.random() < 0.6:
            return self._garbled(random.choice(self._queries))
        names = [name for table, columns in self._tables for name in (table, *columns)]
        pools: tuple[Sequence[str], ...] = (WORDS, WORDS, SIGNS, WILD, names)
        return random.choice((" ", "")).join(
            random.choice(random.choice(pools)) for _ in range(random.choice((3, 8, 20, 60)))
        )

    def _garbled(self, sql: str) -> str:
        """Drops, doubles, swaps and replaces tokens."""
        random = self._random
        tokens = _TOKEN.findall(sql)
        for _ in range(random.choice((1, 2, 4, 10))):
            if not tokens:
                break
            place = random.randrange(len(tokens))
            match random.randrange(5):
                case 0:
                    del tokens[place]
                case 1:
                    tokens.insert(place, tokens[place])
                case 2:
                    tokens[place] = random.choice(random.choice((WORDS, SIGNS, WILD)))
                case 3:
                    tokens.insert(place, random.choice(SIGNS))
                case _:
                    other = random.randrange(len(tokens))
                    tokens[place], tokens[other] = tokens[other], tokens[place]
        return "".join(tokens)

    def _one_in(self, count: int) -> bool:
        return self._random.randrange(count) == 0


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@cache
def _pragmas() -> tuple[str, ...]:
    return tuple(str(name) for (name,) in apsw.Connection(":memory:").execute("PRAGMA pragma_list"))
