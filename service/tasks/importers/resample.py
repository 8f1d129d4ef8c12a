"""Hidden instances of a database that others made: its own values, put together otherwise."""

from __future__ import annotations

import logging
from random import Random

import apsw

from ...core.schema import quoted_name
from ...core.sql_scopes import ROW_IDS
from ...sandbox.clock import open_frozen

HIDDEN = 3  # instances beside the one given
LARGEST = 64 * 1024 * 1024  # bytes of an image that is resampled
DROPPED = 0.2  # share of the rows that go, of tables to which none refers

log = logging.getLogger(__name__)


def resampled(image: bytes, instance: int, seed: str) -> bytes:
    """Gives an instance with the schema and the values of `image`, and other rows.

    In every table the values of each column that is no primary key are dealt out anew among the rows, each
    column by itself, foreign keys as well; and a share of the rows of tables to which no other refers is
    dropped. So each value stays in its column, keys stay keys, references stay sound, and a constant in a
    query means something still. A table whose constraints do not bear that, or whose rows have no number
    that can be named, stays as it is. Equal arguments give equal bytes.
    """
    connection = open_frozen()
    try:
        connection.deserialize("main", image)
        connection.execute("PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF")
        _drop_triggers(connection)
        rng = Random(f"{seed}/{instance}")
        tables = [
            str(name)
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"
                " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
            )
        ]
        referred = {
            str(parent).casefold()
            for table in tables
            for (parent,) in connection.execute('SELECT "table" FROM pragma_foreign_key_list(?)', (table,))
        }
        for table in tables:
            row_id = _row_id(connection, table)
            if not row_id:
                continue
            try:
                with connection:
                    _deal(connection, table, row_id, rng)
                    if table.casefold() not in referred:
                        _thin(connection, table, row_id, rng)
            except apsw.Error as error:
                log.debug("%s stays as it is: %s", table, error)
        connection.execute("VACUUM")
        return connection.serialize("main")
    finally:
        connection.close()


def _drop_triggers(connection: apsw.Connection) -> None:
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {quoted_name(str(name))}")


def _row_id(connection: apsw.Connection, table: str) -> str:
    """Gives the name of a table's row numbers that no column hides; empty where all are hidden."""
    query = "SELECT name FROM pragma_table_xinfo(?)"
    columns = {str(name).casefold() for (name,) in connection.execute(query, (table,))}
    return min(ROW_IDS - columns, default="")


def _deal(connection: apsw.Connection, table: str, row_id: str, rng: Random) -> None:
    """Deals each column's values out anew. Raises apsw.Error where a constraint stands against it."""
    name = quoted_name(table)
    rows = [row[0] for row in connection.execute(f"SELECT {row_id} FROM {name} ORDER BY {row_id}")]
    columns = connection.execute(
        "SELECT name FROM pragma_table_xinfo(?) WHERE pk = 0 AND hidden = 0", (table,)
    ).fetchall()
    for (column,) in columns:
        place = quoted_name(str(column))
        # A unique column cannot be rewritten row by row.
        if _is_unique(connection, table, str(column)):
            continue
        values = [
            row[0] for row in connection.execute(f"SELECT {place} FROM {name} ORDER BY {row_id}").fetchall()
        ]
        rng.shuffle(values)
        connection.executemany(
            f"UPDATE {name} SET {place} = ? WHERE {row_id} = ?", zip(values, rows, strict=True)
        )


def _thin(connection: apsw.Connection, table: str, row_id: str, rng: Random) -> None:
    name = quoted_name(table)
    rows = [row[0] for row in connection.execute(f"SELECT {row_id} FROM {name} ORDER BY {row_id}")]
    gone = [(row,) for row in rows if rng.random() < DROPPED]
    if len(gone) < len(rows):
        connection.executemany(f"DELETE FROM {name} WHERE {row_id} = ?", gone)


def _is_unique(connection: apsw.Connection, table: str, column: str) -> bool:
    query = (
        "SELECT 1 FROM pragma_index_list(?) AS l JOIN pragma_index_info(l.name) AS c"
        ' WHERE l."unique" AND c.name = ?'
    )
    return connection.execute(query, (table, column)).fetchone() is not None
