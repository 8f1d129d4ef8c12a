"""Images and the schemas that are read from them."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.schema import READ_ALL, Table, TableColumn
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.images import DatabaseImages, read_file, read_schema, serialize
from sqldojo.service.sandbox.limits import Limits


def image_of(sql: str) -> bytes:
    connection = apsw.Connection(":memory:")
    connection.execute(sql)
    return serialize(connection)


def test_a_schema_has_tables_and_views_in_order_with_keys_and_counts() -> None:
    image = image_of(
        "CREATE TABLE z (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);"
        "CREATE TABLE a (x INT, y INT, z_id INT REFERENCES z, other INT REFERENCES z (name),"
        " PRIMARY KEY (y, x));"
        "CREATE TABLE pair (p INT UNIQUE, q INT, FOREIGN KEY (p, q) REFERENCES a, UNIQUE (q, p));"
        "CREATE UNIQUE INDEX some ON pair (q) WHERE q > 0; CREATE UNIQUE INDEX made ON pair (q + 1);"
        "CREATE VIEW both AS SELECT name, count(*) AS n FROM z GROUP BY 1;"
        "CREATE TABLE free (anything, twice AS (anything * 2)); CREATE INDEX i ON free (anything);"
        "INSERT INTO z VALUES (1, 'x'), (2, 'x'), (3, 'y');"
    )
    assert read_schema(image).tables == (
        Table("z", (TableColumn("id", "INTEGER", False, 1), TableColumn("name", "VARCHAR(20)", True)), 3),
        Table(
            "a",
            (
                TableColumn("x", "INT", primary_key_position=2),
                TableColumn("y", "INT", primary_key_position=1),
                TableColumn("z_id", "INT", references="z.id"),
                TableColumn("other", "INT", references="z.name"),
            ),
        ),
        Table(
            "pair",
            (TableColumn("p", "INT", references="a.y"), TableColumn("q", "INT", references="a.x")),
            unique=(("p",), ("q", "p")),
        ),
        Table(
            "both",
            (TableColumn("name", "VARCHAR(20)"), TableColumn("n", "")),
            2,
            is_view=True,
            definition="CREATE VIEW both AS SELECT name, count(*) AS n FROM z GROUP BY 1",
        ),
        Table("free", (TableColumn("anything", ""), TableColumn("twice", ""))),
    )


def test_names_with_quotes_are_read() -> None:
    image = image_of('CREATE TABLE "a ""b""" ("c d" TEXT); INSERT INTO "a ""b""" VALUES (1)')
    assert read_schema(image).tables == (Table('a "b"', (TableColumn("c d", "TEXT"),), 1),)


@pytest.mark.parametrize("image", [b"no database", b"x" * 8192])
def test_what_is_no_database_is_refused(image: bytes) -> None:
    with pytest.raises(ValueError, match="the image is no SQLite database"):
        read_schema(image)


def test_a_view_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ValueError, match=r"^broken can't be read: no such table: main\.gone$"):
        read_schema(image_of("CREATE VIEW broken AS SELECT * FROM gone"))


def test_a_file_in_wal_mode_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "wal.sqlite"
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (7)").fetchall()
    connection.close()
    images = DatabaseImages.of("wal", [read_file(path)])
    result = Database(images.images[0], images.schema, READ_ALL, Limits()).execute("SELECT a FROM t")
    assert isinstance(result, Rows)
    assert result.rows == [(7,)]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(ValueError, match=r"notes\.txt is no SQLite database"):
        read_file(path)
