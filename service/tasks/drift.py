"""Schema drift: a database as a later release has it, with tables and columns renamed, moved and split.

All instances drift alike, by SQL, so that keys, indexes, views and triggers go along; the words of its people
stay as they are, for they never named columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

import apsw

from .databases.lexicon import (
    ColumnWords,
    Conversion,
    Exclusion,
    Lexicon,
    Link,
    Role,
    Rule,
    TableWords,
)
from .drift_names import STYLES, Style
from .ground import quoted

_MOVABLE = (Role.AMOUNT, Role.LEVEL, Role.CATEGORY)
_MOST_CODES = 12  # different values of a column that is a code list
_ALIAS = "drifting"


@dataclass(frozen=True, slots=True)
class Drifted:
    """A database after its schema drifted; `changes` says in a sentence each what is where now."""

    lexicon: Lexicon
    images: tuple[bytes, ...]
    changes: tuple[str, ...]


def drift(lexicon: Lexicon, images: Sequence[bytes], seed: str) -> Drifted:
    """Gives a database whose schema drifted; equal arguments give equal bytes.

    Some columns move to a table of their own, a moment is split into day and time, and a code list is spelt
    anew, where nothing in the schema or in the business rules hangs on them; then tables and columns are
    renamed in one of several styles. Raises apsw.Error when the images are no database.
    """
    connections = [_open(image) for image in images]
    try:
        drifting = _Drifting(connections, lexicon, Random(f"drift/{seed}"))
        drifting.restructure()
        drifting.rename()
        for connection in connections:
            connection.execute("VACUUM")
        return Drifted(
            drifting.lexicon,
            tuple(connection.serialize("main") for connection in connections),
            tuple(drifting.changes),
        )
    finally:
        for connection in connections:
            connection.close()


def _open(image: bytes) -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", image)
    return connection


class _Drifting:
    """The instances of one database while they drift."""

    def __init__(self, connections: Sequence[apsw.Connection], lexicon: Lexicon, rng: Random) -> None:
        self.lexicon = lexicon
        self.changes: list[str] = []
        self._connections = connections
        self._rng = rng

    def restructure(self) -> None:
        """Moves, splits and recodes columns, at most one of each; what cannot be done is left as it is."""
        rules = _RuleViews(self._connections, self.lexicon.rules)  # so that no rule's column is touched
        for change in (self._move, self._split, self._recode):
            tables = [words for words in self.lexicon.tables if not self._is_view(words.table)]
            self._rng.shuffle(tables)
            for words in tables:
                if change(words):
                    break
        rules.drop()

    def rename(self) -> None:
        """Renames tables and columns, and with them all that the lexicon names."""
        style = STYLES[self._rng.randrange(len(STYLES))]
        rules = _RuleViews(self._connections, self.lexicon.rules)
        before = self._schema()
        tables = {table: columns for table, columns in before.items() if not self._is_view(table)}
        names = _new_names(style, tables, self.lexicon)
        for table, columns in names.columns.items():
            for old, new in columns.items():
                # A view that joins USING a column keeps it from getting another name.
                if old != new and self._attempt(
                    f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(old)} TO {quoted(new)}"
                ):
                    self.changes.append(f"{table}.{old} is {names.tables[table]}.{new}")
        for old, new in names.tables.items():
            if old != new:
                self._rename_table(old, new)
                self.changes.append(f"{old} is {new}")
        after = self._schema()
        for table, found in before.items():
            # A view keeps its name, and its columns follow those that it reads.
            now = names.tables.setdefault(table, table)
            names.columns[table] = dict(zip(found, after[now], strict=True))
        self.lexicon = _mapped(self.lexicon, names, rules.read())
        rules.drop()

    def _rename_table(self, old: str, new: str) -> None:
        if old.casefold() == new.casefold():  # SQLite takes them for one name
            self._all(f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new + '_')}")
            old = new + "_"
        self._all(f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}")

    def _move(self, words: TableWords) -> bool:
        """Moves columns of a table to a new one, which has a row for each of its rows."""
        key = self._rowid_key(words.table)
        movable = [
            column
            for column in words.columns
            if column.role in _MOVABLE and column.column not in words.label and not column.having
        ]
        if not key or not movable:
            return False
        self._rng.shuffle(movable)
        name, table = f"{words.table}_detail", words.table
        moved = [column for column in movable if self._try_move(table, key, column.column, name)][:3]
        if not moved:
            return False
        self.changes += [f"{table}.{column.column} moved to {name}.{column.column}" for column in moved]
        left = tuple(column for column in words.columns if column not in moved)
        new = TableWords(name, f"{words.singular} record", f"{words.singular} records", tuple(moved))
        self.lexicon = replace(
            self.lexicon,
            tables=tuple(
                part
                for each in self.lexicon.tables
                for part in ((replace(each, columns=left), new) if each is words else (each,))
            ),
            links=(*self.lexicon.links, Link(name, (key,), table, (key,), of="of {}")),
        )
        return True

    def _try_move(self, table: str, key: str, column: str, new: str) -> bool:
        moved = self._count(f"SELECT count(*) FROM pragma_table_info('{_text(new)}')")
        if moved > 3:  # the key, and enough
            return False
        kind = self._declared_type(table, column)
        into, source = quoted(new), quoted(table)
        create = (
            f"CREATE TABLE {into} ({quoted(key)} INTEGER PRIMARY KEY REFERENCES {source} ({quoted(key)}));"
            f"INSERT INTO {into} SELECT {quoted(key)} FROM {source}; "
        )
        return self._attempt(
            f"{create if not moved else ''}"
            f"ALTER TABLE {into} ADD COLUMN {quoted(column)} {kind}; "
            f"UPDATE {into} SET {quoted(column)} = (SELECT s.{quoted(column)} FROM {source} AS s"
            f" WHERE s.{quoted(key)} = {into}.{quoted(key)}); "
            f"ALTER TABLE {source} DROP COLUMN {quoted(column)}"
        )

    def _split(self, words: TableWords) -> bool:
        """Splits a moment into a day and a time."""
        for column in words.columns:
            if column.role is not Role.MOMENT or column.column in words.label:
                continue
            stem = column.column
            for ending in ("_at", "_ts", "_time", " at"):
                stem = stem.removesuffix(ending)
            day, time = f"{stem}_date", f"{stem}_time"
            table, old = quoted(words.table), quoted(column.column)
            odd = f"SELECT count(*) FROM {table} WHERE {old} NOT GLOB '????-??-?? ??:??*'"
            if any(connection.execute(odd).get for connection in self._connections) or not self._attempt(
                f"ALTER TABLE {table} ADD COLUMN {quoted(day)} TEXT; "
                f"ALTER TABLE {table} ADD COLUMN {quoted(time)} TEXT; "
                f"UPDATE {table} SET {quoted(day)} = substr({old}, 1, 10),"
                f" {quoted(time)} = substr({old}, 12); "
                f"ALTER TABLE {table} DROP COLUMN {old}"
            ):
                continue
            self.changes.append(f"{words.table}.{column.column} is split into {day} and {time}")
            phrase = column.phrase.replace(" and time", "")
            dated = replace(column, column=day, role=Role.DATE, phrase=phrase)
            self._replace_column(words, column, dated)
            return True
        return False

    def _recode(self, words: TableWords) -> bool:
        """Spells a code list anew: in capitals, and without blanks."""
        for column in words.columns:
            if column.role is not Role.CATEGORY or column.column in words.label:
                continue
            table, name = quoted(words.table), quoted(column.column)
            coded = f"replace(replace(upper({name}), ' ', '_'), '-', '_')"
            if (
                self._is_code_list(table, name, coded)
                and not self._is_key(words.table, column.column)
                and self._attempt(f"UPDATE {table} SET {name} = {coded} WHERE {name} IS NOT NULL")
            ):
                self.changes.append(f"the values of {words.table}.{column.column} are in capitals")
                return True
        return False

    def _is_code_list(self, table: str, name: str, coded: str) -> bool:
        """Says whether a column has few, plain values in small letters that no SQL of the schema names."""
        schema = " ".join(
            str(sql)
            for (sql,) in self._connections[0].execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
        )
        for connection in self._connections:
            values = connection.execute(
                f"SELECT DISTINCT {name}, {coded} FROM {table} WHERE {name} IS NOT NULL"
            ).fetchall()
            plain = all(
                isinstance(old, str) and old.isascii() and f"'{_text(old)}'" not in schema
                for old, _ in values
            )
            lowered = any(isinstance(old, str) and old.islower() for old, _ in values)
            distinct = len({new for _, new in values}) == len(values)
            if not (plain and lowered and distinct and len(values) <= _MOST_CODES):
                return False
        return True

    def _is_key(self, table: str, column: str) -> bool:
        """Says whether a column refers to another one, or is referred to."""
        links = self._connections[0].execute(
            'SELECT t.name, f."from", f."table", f."to" FROM sqlite_schema AS t'
            " JOIN pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'"
        )
        this = (table.casefold(), column.casefold())
        ends = (end for link in links for end in (link[:2], link[2:]))
        return this in {(str(owner).casefold(), str(name).casefold()) for owner, name in ends}

    def _replace_column(self, words: TableWords, old: ColumnWords, new: ColumnWords) -> None:
        columns = tuple(new if column is old else column for column in words.columns)
        tables = tuple(
            replace(each, columns=columns) if each is words else each for each in self.lexicon.tables
        )
        self.lexicon = replace(self.lexicon, tables=tables)

    def _attempt(self, script: str) -> bool:
        """Runs statements on all instances, or on none where one refuses: something hangs on the column."""
        for connection in self._connections:
            connection.execute("SAVEPOINT attempt")
        try:
            self._all(script)
            done = True
        except apsw.Error:
            done = False
        for connection in self._connections:
            connection.execute("RELEASE attempt" if done else "ROLLBACK TO attempt; RELEASE attempt")
        return done

    def _all(self, script: str) -> None:
        for connection in self._connections:
            connection.execute(script)

    def _count(self, sql: str) -> int:
        return int(self._connections[0].execute(sql).get or 0)

    def _is_view(self, table: str) -> bool:
        sql = f"SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name = '{_text(table)}'"
        return bool(self._count(sql))

    def _rowid_key(self, table: str) -> str:
        """Gives a table's primary key where it is one whole number, else nothing."""
        rows = self._connections[0].execute(
            "SELECT name, upper(type) FROM pragma_table_info(?) WHERE pk > 0", (table,)
        )
        keys = rows.fetchall()
        return str(keys[0][0]) if len(keys) == 1 and keys[0][1] == "INTEGER" else ""

    def _declared_type(self, table: str, column: str) -> str:
        sql = "SELECT type FROM pragma_table_xinfo(?) WHERE name = ?"
        return str(self._connections[0].execute(sql, (table, column)).get or "")

    def _schema(self) -> dict[str, list[str]]:
        """Gives the columns of every table and view."""
        rows = self._connections[0].execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_xinfo(t.name) AS c"
            " WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            f" AND t.name NOT LIKE '{_RuleViews.PREFIX}%' AND c.hidden <> 1 ORDER BY t.rowid, c.cid"
        )
        schema: dict[str, list[str]] = {}
        for table, column in rows:
            schema.setdefault(str(table), []).append(str(column))
        return schema


class _RuleViews:
    """The SQL of business rules as views, so that SQLite itself renames what is in it."""

    PREFIX = "drift_rule_"

    def __init__(self, connections: Sequence[apsw.Connection], rules: Sequence[Rule]) -> None:
        self._connections = connections
        self._rules = rules
        for place, rule in enumerate(rules):
            sql = _rule_sql(rule)
            self._all(
                f"CREATE VIEW {self.PREFIX}{place} AS SELECT 1 FROM {quoted(rule.table)} AS {_ALIAS}"
                f" WHERE {sql.replace('{t}', _ALIAS)}"
            )

    def read(self) -> dict[int, str]:
        """Gives the SQL as it is now, by the rule's place, with `{t}` for the table."""
        found: dict[int, str] = {}
        for place in range(len(self._rules)):
            sql = (
                self._connections[0]
                .execute("SELECT sql FROM sqlite_schema WHERE name = ?", (f"{self.PREFIX}{place}",))
                .get
            )
            found[place] = str(sql).split(f" AS {_ALIAS} WHERE ", 1)[1].replace(f"{_ALIAS}.", "{t}.")
        return found

    def drop(self) -> None:
        """Removes the views."""
        for place in range(len(self._rules)):
            self._all(f"DROP VIEW {self.PREFIX}{place}")

    def _all(self, sql: str) -> None:
        for connection in self._connections:
            connection.execute(sql)


def _rule_sql(rule: Rule) -> str:
    if isinstance(rule, Exclusion):
        return rule.condition
    return rule.expression if isinstance(rule, Conversion) else f"{{t}}.{quoted(rule.column)}"


@dataclass(frozen=True, slots=True)
class _Names:
    """New names of tables by old ones, and of columns by the old table's and column's."""

    tables: dict[str, str]
    columns: dict[str, dict[str, str]]


def _new_names(style: Style, schema: dict[str, list[str]], lexicon: Lexicon) -> _Names:
    """Names everything in a style; where two would get one name, the later keeps its old one."""
    words = {each.table: each for each in lexicon.tables}
    nouns = {
        table: (words[table].singular, words[table].plural) if table in words else (table, table)
        for table in schema
    }
    tables = _distinct(list(schema), lambda table: style.table(table, nouns[table][1]))
    columns = {
        table: _distinct(found, lambda column, noun=nouns[table][0]: style.column(column, noun))  # type: ignore[misc]
        for table, found in schema.items()
    }
    return _Names(tables, columns)


def _distinct(old_names: list[str], renamed: Callable[[str], str]) -> dict[str, str]:
    taken = {name.casefold() for name in old_names}
    names: dict[str, str] = {}
    for old in old_names:
        new = renamed(old)
        same = new.casefold() == old.casefold()
        names[old] = new if same or new.casefold() not in taken else old
        taken.add(names[old].casefold())
    return names


def _mapped(lexicon: Lexicon, names: _Names, rules: dict[int, str]) -> Lexicon:
    """Gives the lexicon with the new names."""

    def column(table: str, old: str) -> str:
        return names.columns[table][old]

    def rule(place: int, old: Rule) -> Rule:
        table = names.tables[old.table]
        if isinstance(old, Exclusion):
            return replace(old, table=table, condition=rules[place])
        if isinstance(old, Conversion):
            return replace(old, table=table, column=column(old.table, old.column), expression=rules[place])
        return replace(old, table=table, column=column(old.table, old.column))

    return Lexicon(
        tables=tuple(
            replace(
                words,
                table=names.tables[words.table],
                columns=tuple(replace(c, column=column(words.table, c.column)) for c in words.columns),
                label=tuple(column(words.table, name) for name in words.label),
            )
            for words in lexicon.tables
        ),
        links=tuple(
            replace(
                link,
                child=names.tables[link.child],
                columns=tuple(column(link.child, name) for name in link.columns),
                parent=names.tables[link.parent],
                parent_columns=tuple(column(link.parent, name) for name in link.parent_columns),
            )
            for link in lexicon.links
        ),
        rules=tuple(rule(place, old) for place, old in enumerate(lexicon.rules)),
        screens=tuple(
            replace(screen, view=names.tables[screen.view], table=names.tables[screen.table])
            for screen in lexicon.screens
        ),
    )


def _text(name: str) -> str:
    return name.replace("'", "''")
