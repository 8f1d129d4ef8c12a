"""A database's schema as an agent may know it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its name, declared type and part in the keys."""

    name: str
    declared_type: str
    not_null: bool = False
    primary_key_position: int = 0  # from 1; 0: not part of it
    references: str = ""  # "table.column"; empty: no foreign key


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view with its columns, and the rows of its visible instance."""

    name: str
    columns: tuple[TableColumn, ...]
    row_count: int = 0
    is_view: bool = False
    unique: tuple[tuple[str, ...], ...] = ()  # columns of UNIQUE constraints and indexes
    definition: str = ""  # a view's CREATE VIEW


@dataclass(frozen=True)
class Schema:
    """All tables and views of a database, in the order in which they were created."""

    tables: tuple[Table, ...]

    @cached_property
    def _by_name(self) -> dict[str, Table]:
        return {table.name.casefold(): table for table in self.tables}

    def find(self, name: str) -> Table | None:
        """Gives the table of that name, without case, also in quotes; None when there is none."""
        exact = self._by_name.get(name.casefold())
        return exact or self._by_name.get(name.strip().strip('"`[]').casefold())


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a task lets an agent do beyond reading every table.

    Names are those of the schema. A denied table can still be read through a view that is not denied.
    """

    denied: frozenset[str] = frozenset()  # tables and views that may not be named
    writable: frozenset[str] = frozenset()  # tables that may be inserted into, updated, deleted from

    @property
    def read_only(self) -> bool:
        """No table may be written, so a shared database serves."""
        return not self.writable


READ_ALL = Permissions()  # every table may be read, none written


def quoted_name(name: str) -> str:
    """Gives a table's or column's name as SQL, in double quotes."""
    return '"' + name.replace('"', '""') + '"'
