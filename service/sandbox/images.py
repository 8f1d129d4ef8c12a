"""Databases as bytes: what a database is opened from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import apsw

from ..core.schema import Schema, Table, TableColumn, quoted_name
from .clock import open_frozen

_JOURNAL_VERSIONS: Final = slice(18, 20)  # of the file header: 1 is rollback, 2 is WAL
_MAGIC: Final = b"SQLite format 3\0"
_ROLLBACK: Final = b"\x01\x01"


@dataclass(frozen=True, slots=True, eq=False)
class DatabaseImages:
    """A database of the bank: its instances' images, the visible one first, and the schema they share."""

    database_id: str
    images: tuple[bytes, ...]
    schema: Schema

    @classmethod
    def of(cls, database_id: str, images: Sequence[bytes]) -> Self:
        """Reads the schema from the visible instance. Raises ValueError when it can't be read."""
        return cls(database_id, tuple(images), read_schema(images[0]))


def serialize(connection: apsw.Connection) -> bytes:
    """Gives the main database of a connection as an image."""
    return connection.serialize("main")


def read_file(path: Path) -> bytes:
    """Gives the image of a database file that nobody has open. Raises ValueError when it is none.

    A file in WAL mode can't be opened in memory, so the header of its image says rollback.
    """
    image = bytearray(path.read_bytes())
    if not image.startswith(_MAGIC):
        raise ValueError(f"{path} is no SQLite database")
    image[_JOURNAL_VERSIONS] = _ROLLBACK
    return bytes(image)


def read_schema(image: bytes) -> Schema:
    """Reads tables and views in the order of their creation, with the number of rows of each.

    Raises ValueError, which names the table, when the image is no database or a view can't be read.
    """
    connection = open_frozen()
    try:
        connection.deserialize("main", image)
        found = connection.execute(
            "SELECT name, iif(type = 'view', sql, NULL) FROM sqlite_schema"
            " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
        ).fetchall()
    except apsw.Error as error:
        raise ValueError(f"the image is no SQLite database: {error}") from error
    return Schema(
        tuple(
            _read_table(connection, str(name), None if definition is None else str(definition))
            for name, definition in found
        )
    )


def _read_table(connection: apsw.Connection, name: str, definition: str | None) -> Table:
    """Reads a table, or the view with that definition."""
    try:
        references = _read_references(connection, name)
        columns = tuple(
            TableColumn(column, declared_type or "", bool(not_null), position, references.get(column, ""))
            for column, declared_type, not_null, position in connection.execute(
                # hidden is 1 for a virtual table's hidden column, 2 and 3 for generated ones
                'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?) WHERE hidden <> 1',
                (name,),
            )
        )
        row_count = connection.execute(f"SELECT count(*) FROM {quoted_name(name)}").get
        unique = _read_unique(connection, name)
    except apsw.Error as error:
        raise ValueError(f"{name} can't be read: {error}") from error
    return Table(name, columns, row_count, definition is not None, unique, definition or "")


def _read_unique(connection: apsw.Connection, table: str) -> tuple[tuple[str, ...], ...]:
    """Gives the columns of each UNIQUE constraint or index that holds for all rows, the primary key aside."""
    columns: dict[str, list[str | None]] = {}
    for index, column in connection.execute(
        "SELECT list.name, info.name FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info"
        " WHERE list.\"unique\" AND NOT list.partial AND list.origin <> 'pk' ORDER BY list.seq, info.seqno",
        (table,),
    ):
        columns.setdefault(index, []).append(column)
    keys = [tuple(filter(None, names)) for names in columns.values() if None not in names]
    return tuple(sorted(keys))


def _read_references(connection: apsw.Connection, table: str) -> dict[str, str]:
    """Gives "table.column" by column. A key that names no column refers to the other table's primary key."""
    references: dict[str, str] = {}
    for parent, position, column, target in connection.execute(
        'SELECT "table", seq, "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq', (table,)
    ):
        if target is None:
            target = connection.execute(
                "SELECT name FROM pragma_table_info(?) WHERE pk = ?", (parent, position + 1)
            ).get
        references.setdefault(column, f"{parent}.{target}")
    return references
