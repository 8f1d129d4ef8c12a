"""Databases whose texts are not all UTF-8, as old exports are: mended before anything reads them."""

from __future__ import annotations

import apsw

from ...sandbox.images import serialize


def utf8_image(image: bytes) -> tuple[bytes, int]:
    """Gives an image with every text in UTF-8, and the number of values that were not.

    Such a value is read as Windows-1252, or as Latin-1 where it holds what Windows-1252 lacks. An image
    that needs no mending is given back as it is. Raises apsw.Error when the image is no database.
    """
    connection = apsw.Connection(":memory:")
    try:
        connection.deserialize("main", image)
        if connection.pragma("encoding") != "UTF-8":
            return image, 0  # UTF-16, which SQLite itself turns into valid UTF-8
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        connection.create_scalar_function("as_utf8", _as_text, 1, deterministic=True)
        connection.create_scalar_function("is_utf8", _is_utf8, 1, deterministic=True)
        mended = sum(_mend(connection, table, column) for table, column in _columns(connection))
        return (serialize(connection) if mended else image), mended
    finally:
        connection.close()


def _columns(connection: apsw.Connection) -> list[tuple[str, str]]:
    """Gives the table and name of every stored column."""
    query = (
        "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_xinfo(t.name) AS c"
        " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND c.hidden = 0"
    )
    return [(str(table), str(column)) for table, column in connection.execute(query)]


def _mend(connection: apsw.Connection, table: str, column: str) -> int:
    name, owner = (f'"{part.replace(chr(34), chr(34) * 2)}"' for part in (column, table))
    connection.execute(
        f"UPDATE {owner} SET {name} = as_utf8(CAST({name} AS BLOB))"
        f" WHERE typeof({name}) = 'text' AND NOT is_utf8(CAST({name} AS BLOB))"
    )
    return connection.changes()


def _is_utf8(*values: apsw.SQLiteValue) -> bool:
    (value,) = values
    assert isinstance(value, bytes)
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_text(*values: apsw.SQLiteValue) -> str:
    (value,) = values
    assert isinstance(value, bytes)
    try:
        return value.decode("cp1252")
    except UnicodeDecodeError:
        return value.decode("latin-1")
