"""What tasks are generated from: one database's words, its schema graph, and values that occur in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import apsw

from ..core.execution import Row, Rows, Value
from ..core.schema import Schema, Table, quoted_name
from ..core.task import Split
from .databases.lexicon import ColumnWords, Exclusion, Lexicon, Link, Role, Screen, TableWords
from .instances import Instances

KEPT = 4_096  # results that are kept, so that memory stays flat


@dataclass(frozen=True)
class Ground:
    """A database that questions and tickets are made for, under the names that its instances have.

    Answers about values are kept, so a ground serves any number of tasks, and those derived from it have
    the same ones. For one thread, as its instances are. `always` are conditions on `{t}.` that rows of a
    table must meet to count at all, by table; `views` are views that stand for their tables.
    """

    database_id: str
    split: Split
    lexicon: Lexicon
    instances: Instances
    always: tuple[tuple[str, str], ...] = ()
    views: tuple[tuple[str, str], ...] = ()
    _varying: dict[str, bool] = field(repr=False, compare=False, default_factory=dict)
    _derived: dict[str, Ground] = field(init=False, repr=False, compare=False, default_factory=dict)
    _words: dict[str, TableWords] = field(init=False, repr=False, compare=False, default_factory=dict)
    _links: list[Link] = field(init=False, repr=False, compare=False, default_factory=list)
    _kept: dict[tuple[str, int], tuple[Row, ...]] = field(repr=False, compare=False, default_factory=dict)
    _values: dict[tuple[str, str], tuple[tuple[Value, int], ...]] = field(
        repr=False, compare=False, default_factory=dict
    )
    _shared: dict[tuple[str, str], tuple[Value, ...]] = field(repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._words.update({words.table: words for words in self.lexicon.tables})
        filled = {name for name in self._words if self.table(name).row_count}
        self._links.extend(link for link in self.lexicon.links if {link.child, link.parent} <= filled)

    @property
    def schema(self) -> Schema:
        """The schema of all instances; row counts are the visible one's."""
        return self.instances.schema

    def table(self, name: str) -> Table:
        """Gives a table of the schema; raises LookupError when it has none of that name."""
        table = self.schema.find(name)
        if table is None:
            raise LookupError(f"{self.database_id} has no table {name!r}; its lexicon speaks of one")
        return table

    def words(self, table: str) -> TableWords | None:
        """Gives the words of a table, None where people have none for it."""
        return self._words.get(table)

    def tables(self) -> tuple[TableWords, ...]:
        """Gives the tables that have words and, in the visible instance, rows."""
        return tuple(words for words in self.lexicon.tables if self.table(words.table).row_count)

    def parents(self, table: str) -> tuple[Link, ...]:
        """Gives the links from a table to those it refers to, where both have words and rows."""
        return tuple(link for link in self._links if link.child == table)

    def children(self, table: str) -> tuple[Link, ...]:
        """Gives the links to a table from those that refer to it, where both have words and rows."""
        return tuple(link for link in self._links if link.parent == table)

    def key(self, table: str) -> tuple[str, ...]:
        """Gives the columns of a table's primary key in their order; empty where it has none."""
        shown = {column.name for column in self.table(table).columns}
        base = self.table(dict(self.views).get(table, table))
        columns = sorted(
            (column for column in base.columns if column.primary_key_position),
            key=lambda column: column.primary_key_position,
        )
        names = tuple(column.name for column in columns)
        return names if shown.issuperset(names) else ()

    def ruled(self, rule: Exclusion) -> Ground:
        """Gives the ground on which only those rows count that a rule lets count."""
        if rule.note not in self._derived:
            always = (*self.always, (rule.table, rule.condition))
            self._derived[rule.note] = replace(self, always=always)
        return self._derived[rule.note]

    def screened(self, screen: Screen) -> Ground:
        """Gives the ground on which a view stands for its table: with the columns and keys that it shows."""
        if screen.view not in self._derived:
            lexicon = _screened(self.lexicon, screen, {c.name for c in self.table(screen.view).columns})
            views = (*self.views, (screen.view, screen.table))
            self._derived[screen.view] = replace(self, lexicon=lexicon, views=views)
        return self._derived[screen.view]

    def columns(self, table: str, *roles: Role) -> tuple[ColumnWords, ...]:
        """Gives the words of a table's columns that have one of `roles`."""
        words = self.words(table)
        return tuple(c for c in words.columns if c.role in roles) if words is not None else ()

    def rows(self, sql: str, instance: int = 0) -> tuple[Row, ...]:
        """Gives a statement's rows and keeps them; none when it fails, which a generator takes as such."""
        kept = self._kept.get((sql, instance))
        if kept is None:
            result = self.instances.run(sql, instance)
            kept = tuple(result.rows) if isinstance(result, Rows) else ()
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[sql, instance] = kept
        return kept

    def count(self, sql: str, instance: int = 0) -> int:
        """Gives the whole number that a statement gives in its first cell; 0 when it gives none."""
        rows = self.rows(sql, instance)
        value = rows[0][0] if rows else None
        return value if isinstance(value, int) else 0

    def values(self, table: str, column: str) -> tuple[tuple[Value, int], ...]:
        """Gives a column's different values in the visible instance with their rows, the commonest first."""
        key = (table, column)
        if key not in self._values:
            self._values[key] = self._read_values(table, column, 0)
        return self._values[key]

    def shared_values(self, table: str, column: str) -> tuple[Value, ...]:
        """Gives the values that a column has in every instance, those commonest in the visible one first."""
        key = (table, column)
        if key not in self._shared:
            others = [
                {value for value, _ in self._read_values(table, column, instance)}
                for instance in range(1, len(self.instances))
            ]
            self._shared[key] = tuple(
                value for value, _ in self.values(table, column) if all(value in other for other in others)
            )
        return self._shared[key]

    def _read_values(self, table: str, column: str, instance: int) -> tuple[tuple[Value, int], ...]:
        name = quoted(column)
        sql = (
            f"SELECT {name}, count(*) FROM {quoted(table)} WHERE {name} IS NOT NULL"
            f" GROUP BY {name} ORDER BY count(*) DESC, {name}"
        )
        result = self.instances.run(sql, instance)
        if not isinstance(result, Rows):
            return ()
        return tuple((row[0], row[1]) for row in result.rows if isinstance(row[1], int))

    def varies(self, table: str) -> bool:
        """Says whether a table's rows are not the same in all instances, as those of a fixed list are."""
        if table not in self._varying:
            sql = f"SELECT * FROM {quoted(table)}"
            first = self.instances.run(sql)
            self._varying[table] = any(
                self.instances.run(sql, instance) != first for instance in range(1, len(self.instances))
            )
        return self._varying[table]

    def is_unique(self, table: str, columns: tuple[str, ...]) -> bool:
        """Says whether in no instance two rows share these values, case and outer spaces left aside."""
        cells = ", ".join(f"lower(trim({quoted(column)}))" for column in columns)
        sql = f"SELECT 1 FROM {quoted(table)} GROUP BY {cells} HAVING count(*) > 1 LIMIT 1"
        return not any(self.rows(sql, instance) for instance in range(len(self.instances)))

    def missing(self, table: str, column: str) -> int:
        """Gives the number of the visible instance's rows in which a column is NULL."""
        return self.count(f"SELECT count(*) FROM {quoted(table)} WHERE {quoted(column)} IS NULL")


def quoted(name: str) -> str:
    """Gives a name as SQL: bare where that is enough, else in double quotes."""
    plain = name.isascii() and name.isidentifier() and name.upper() not in apsw.keywords
    return name if plain else quoted_name(name)


def _screened(lexicon: Lexicon, screen: Screen, shown: set[str]) -> Lexicon:
    def stands_for(table: str) -> str:
        return screen.view if table == screen.table else table

    tables = tuple(
        replace(
            words,
            table=screen.view,
            columns=tuple(column for column in words.columns if column.column in shown),
            label=words.label if shown.issuperset(words.label) else (),
        )
        if words.table == screen.table
        else words
        for words in lexicon.tables
        if words.table != screen.view
    )
    links = tuple(
        replace(link, child=stands_for(link.child), parent=stands_for(link.parent))
        for link in lexicon.links
        if screen.view not in (link.child, link.parent)
        and (link.child != screen.table or shown.issuperset(link.columns))
        and (link.parent != screen.table or shown.issuperset(link.parent_columns))
    )
    return replace(lexicon, tables=tables, links=links)
