"""What the clauses of a statement hold: sources with their columns and rows, in scopes, under names."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from sqlglot import exp

from .schema import Table

Key = frozenset[str]  # names of columns, casefolded, whose values no two rows share

ROW_IDS = frozenset({"rowid", "oid", "_rowid_"})
ONE_ROW: Key = frozenset()  # the key of what has one row at most


@dataclass(frozen=True, slots=True)
class Relation:
    """Columns and rows, as far as they can be told without running anything.

    `columns` are casefolded. `complete` is False when there may be others, `has_unnamed` says that there are
    some which SQLite names by their text, as count(*). `keys` holds the keys that are known, `foreign` the
    columns that refer to another table. `table` is the table of the schema, if it is one; `whole` a table all
    of whose rows are there.
    """

    columns: tuple[str, ...]
    complete: bool = True
    keys: tuple[Key, ...] = ()
    foreign: frozenset[str] = frozenset()
    table: Table | None = None
    has_unnamed: bool = False
    whole: Table | None = None

    def may_have(self, node: exp.Column) -> bool:
        """Says whether a column that is not among those known may be there."""
        return not self.complete or (self.has_unnamed and not node.name.isidentifier())

    def has(self, column: str) -> bool:
        """Says whether it has this column, given casefolded."""
        if column in self.columns:
            return True
        return self.table is not None and not self.table.is_view and column in ROW_IDS

    def is_keyed_by(self, columns: Set[str]) -> bool:
        """Says whether there is one row at most for values of these columns."""
        if any(key <= columns for key in self.keys):
            return True
        return self.table is not None and not self.table.is_view and not ROW_IDS.isdisjoint(columns)

    def renamed(self, names: tuple[str, ...]) -> Relation:
        """Gives it with these names for its columns."""
        are_all_known = self.complete and not self.has_unnamed and len(names) == len(self.columns)
        new = dict(zip(self.columns, names, strict=True)) if are_all_known else {}
        return Relation(
            names,
            keys=tuple(frozenset(new[column] for column in key) for key in self.keys if key <= new.keys()),
            foreign=frozenset(new[column] for column in self.foreign & new.keys()),
            whole=self.whole,
        )


UNKNOWN = Relation((), complete=False)


@dataclass(eq=False, slots=True)
class Source:
    """One entry of a FROM clause under the name (casefolded) by which its columns are qualified."""

    name: str
    node: exp.Expr
    relation: Relation


@dataclass(eq=False, slots=True)
class Scope:
    """A SELECT, or a statement that writes, with the sources and joins of its own FROM clause.

    `gives_one_row` says of a SELECT that it has one row at most, whatever its LIMIT.
    """

    node: exp.Expr
    outer: Scope | None
    sources: list[Source] = field(default_factory=list)
    joins: list[tuple[exp.Join, Source, list[Source]]] = field(
        default_factory=list
    )  # with what is left of it
    gives_one_row: bool = False


@dataclass(frozen=True, slots=True)
class TableUse:
    """A table that is named in the statement; `table` is None when the schema has none of that name."""

    node: exp.Expr
    name: str
    table: Table | None
    is_written: bool = False


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column that is named in the statement.

    `source` is where it was found, or where it had to be; None when that is nowhere. `is_known` says that
    it exists. `is_certain` is False when its source may have any column (it is an unknown table).
    """

    node: exp.Expr
    name: str
    source: Source | None
    is_known: bool
    is_certain: bool = True


@dataclass(slots=True)
class Names:
    """All names of a statement, in the order of its text within each clause."""

    scopes: list[Scope] = field(default_factory=list)
    tables: list[TableUse] = field(default_factory=list)
    columns: dict[int, ColumnUse] = field(default_factory=dict)  # by the id of its node
    result: Relation = UNKNOWN  # what the statement gives, if it is a query

    def source_of(self, node: exp.Expr) -> Source | None:
        """Gives the source in which a column was found."""
        use = self.columns.get(id(node))
        return use.source if use and use.is_known else None


def own_nodes(root: exp.Expr) -> Iterator[exp.Expr]:
    """Gives `root` and the nodes under it in the text's order, but not the insides of queries."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, exp.Query):
            stack.extend(reversed(list(node.iter_expressions())))
