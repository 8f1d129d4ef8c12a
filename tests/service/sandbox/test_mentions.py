"""A denied table may be read through a view, as long as the statement does not name it itself."""

from __future__ import annotations

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.core.execution import ActionError, ErrorKind, Rows
from sqldojo.service.core.schema import Permissions
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.images import read_schema
from sqldojo.service.sandbox.limits import Limits

SCRIPT = """
CREATE TABLE Holder ("Holder ID" INTEGER PRIMARY KEY, pay REAL);
CREATE TABLE policy (id INTEGER PRIMARY KEY, "Holder ID" INTEGER REFERENCES Holder);
CREATE VIEW "Holder Directory" AS SELECT "Holder ID" FROM Holder;
INSERT INTO Holder VALUES (1, 777.5), (2, 888.5), (3, 999.5);
INSERT INTO policy VALUES (1, 1), (2, 1), (3, 3);
"""
SECRETS = {777.5, 888.5, 999.5}


@pytest.fixture(scope="module")
def database() -> Database:
    connection = apsw.Connection(":memory:")
    connection.execute(SCRIPT)
    image = connection.serialize("main")
    return Database(image, read_schema(image), Permissions(denied=frozenset({"Holder"})), Limits())


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ('SELECT count(*) FROM "Holder Directory"', [(3,)]),
        ('SELECT h."Holder ID" FROM "Holder Directory" AS h ORDER BY 1', [(1,), (2,), (3,)]),
        (
            'SELECT count(*) FROM "Holder Directory" AS h WHERE EXISTS'
            ' (SELECT 1 FROM policy AS p WHERE p."Holder ID" = h."Holder ID")',
            [(2,)],
        ),
        (
            'SELECT count(*) FROM "Holder Directory" AS h WHERE EXISTS (SELECT 1 FROM policy AS p'
            ' JOIN policy AS q ON q.id = p.id WHERE p."Holder ID" = h."Holder ID" AND q.id > 1)',
            [(2,)],
        ),
        ('SELECT count(*) /* Holder */ FROM "Holder Directory" -- Holder', [(3,)]),
        ("SELECT count(*), 'the Holder' FROM \"Holder Directory\"", [(3, "the Holder")]),
    ],
)
def test_the_view_may_be_read(sql: str, rows: list[tuple[object, ...]], database: Database) -> None:
    result = database.execute(sql)
    assert isinstance(result, Rows), result
    assert result.rows == rows


@pytest.mark.parametrize(
    "name",
    ["Holder", "HOLDER", '"Holder"', "[holder]", "`hOlDeR`", "'Holder'", "main.Holder", 'main."Holder"'],
)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pay FROM {}",
        "SELECT count(*) FROM {}",
        "SELECT 1 FROM policy WHERE EXISTS (SELECT 1 FROM {} WHERE pay > 800)",
        'WITH "Holder Directory" AS (SELECT * FROM {0}) SELECT * FROM "Holder Directory"',
        "WITH h AS (SELECT pay FROM {}) SELECT max(pay) FROM h",
        "SELECT 'it''s', \"Holder ID\" FROM policy UNION SELECT 1, pay FROM {}",
        "SELECT /* ' */ pay FROM {} -- '",
        "SELECT pay FROM (SELECT * FROM {})",
    ],
)
def test_the_table_may_not(name: str, sql: str, database: Database) -> None:
    result = database.execute(sql.format(name))
    assert isinstance(result, ActionError)
    assert result.kind is ErrorKind.DENIED


PIECES = [
    "Holder",
    '"',
    "'",
    "`",
    "[",
    "]",
    "--",
    "\n",
    "/*",
    "*/",
    " ",
    "pay",
    "*",
    "Holder ID",
    "FROM",
    "x",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.lists(st.sampled_from(PIECES), max_size=12))
def test_no_quotes_or_comments_let_its_values_out(
    database: Database, before: list[str], after: list[str]
) -> None:
    for source in ("Holder", '"Holder"', "[Holder]", "'Holder'"):
        result = database.execute(f"SELECT {' '.join(before)} , pay FROM {source} {' '.join(after)}")
        if isinstance(result, Rows):
            assert not SECRETS & {cell for row in result.rows for cell in row}
