"""What a task permits, and the ways around it that must not work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from sqldojo.service.core.execution import ActionError, ErrorKind, Rows
from sqldojo.service.core.schema import READ_ALL, Permissions
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.images import DatabaseImages, serialize
from sqldojo.service.sandbox.limits import Limits

Open = Callable[..., Database]
NO_PAYROLL = Permissions(denied=frozenset({"payroll"}))


@pytest.fixture(scope="module")
def restricted(open_database: Open) -> Database:
    return open_database(NO_PAYROLL)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM payroll",
        "SELECT Amount FROM PayRoll AS p",
        'SELECT 1 FROM "payroll"',
        "SELECT 1 FROM [payroll]",
        "SELECT 1 FROM `payroll`",
        "SELECT 1 FROM 'payroll'",
        "SELECT 1 FROM main.payroll",
        "SELECT count(*) FROM payroll",
        "SELECT rowid FROM payroll",
        "SELECT EXISTS (SELECT 1 FROM payroll)",
        "SELECT 1 IN payroll FROM employees",
        "SELECT (SELECT max(Amount) FROM payroll)",
        "SELECT Id FROM employees UNION SELECT EmployeeId FROM payroll",
        "SELECT 1 FROM employees LEFT JOIN payroll ON 1",
        "SELECT * FROM employees NATURAL JOIN payroll",
        "SELECT Id FROM employees ORDER BY (SELECT count(*) FROM payroll)",
        "SELECT * FROM (SELECT * FROM payroll) payroll_totals",
        "EXPLAIN QUERY PLAN SELECT * FROM payroll",
        # A common table expression with the name of a view looks to SQLite's authorizer as that view does.
        "WITH payroll_totals AS (SELECT * FROM payroll) SELECT * FROM payroll_totals",
        "WITH payroll_totals AS (SELECT * FROM payroll) SELECT 1 FROM payroll_totals, main.payroll_totals",
        "WITH payroll_ones AS (SELECT 1 FROM payroll) SELECT count(*) FROM payroll_ones",
        "SELECT * FROM (WITH payroll_totals AS (SELECT * FROM [payroll]) SELECT * FROM payroll_totals)",
        "WITH p AS (SELECT * FROM payroll) SELECT * FROM p",
        "WITH RECURSIVE payroll_size AS (SELECT 1 UNION SELECT 2 FROM payroll) SELECT * FROM payroll_size",
        "wItH/**/payroll_totals/**/aS(SELECT*FROM/**/payroll)SELECT*FROM/**/payroll_totals",
        # A byte order mark before a name is a space to SQLite, and a letter to most who read names.
        "SELECT Amount FROM \ufeffpayroll",
        "SELECT Amount FROM \ufeff\ufeffmain.\ufeffpayroll",
        "SELECT Id FROM employees WHERE Id IN (SELECT EmployeeId FROM/**/\ufeffpayroll)",
        # Nor by the name that it has meanwhile.
        'SELECT * FROM "payroll (denied)"',
        "WITH payroll_totals AS (SELECT * FROM [Payroll (DENIED)]) SELECT * FROM payroll_totals",
    ],
)
def test_a_denied_table_cannot_be_read(restricted: Database, sql: str) -> None:
    result = restricted.execute(sql)
    assert isinstance(result, ActionError), result
    assert result.kind is ErrorKind.DENIED


@pytest.mark.parametrize(
    ("sql", "first"),
    [
        ("SELECT * FROM payroll_totals", (1, 5775.0)),
        ("SELECT Size FROM payroll_size", (100,)),
        ("SELECT * FROM payroll_ones", (1,)),
        ("SELECT count(*) FROM payroll_ones", (100,)),
        ("SELECT Highest FROM payroll_inner", (1050.0,)),
        ("SELECT Total AS payroll FROM payroll_totals", (5775.0,)),
        ("WITH t AS (SELECT * FROM payroll_totals) SELECT max(Total) FROM t", (5775.0,)),
        ("WITH p AS (SELECT Highest AS payroll_max FROM payroll_inner) SELECT * FROM p", (1050.0,)),
        ("WITH n AS (SELECT 1) SELECT count(*) FROM n", (1,)),
        # What else bears the name is another thing.
        ("SELECT count(*) AS payroll FROM payroll_totals", (10,)),
        ("WITH payroll AS (SELECT Total FROM payroll_totals) SELECT max(Total) FROM payroll", (5775.0,)),
        ("WITH n AS (SELECT 1) SELECT payroll.Total FROM payroll_totals AS payroll", (5775.0,)),
        ("SELECT count(*) AS payroll FROM payroll_totals WHERE 'with' = 'with'", (10,)),
        ("SELECT Name FROM employees", ("O'Neil 1",)),
    ],
)
def test_a_denied_table_can_be_read_through_a_permitted_view(
    restricted: Database, sql: str, first: tuple[object, ...]
) -> None:
    result = restricted.execute(sql)
    assert isinstance(result, Rows), result
    assert result.rows[0] == first


@pytest.mark.parametrize("tail", ["[" * 99_000, "`[" * 49_000, "'\"" * 49_000, "/*" * 49_000])
def test_what_is_denied_is_told_in_linear_time(restricted: Database, tail: str) -> None:
    result = restricted.execute(f"SELECT count(*) FROM payroll_totals;{tail}")
    assert isinstance(result, ActionError | Rows)
    assert not isinstance(result, ActionError) or result.kind is not ErrorKind.TIMEOUT


def test_a_denied_view_cannot_be_read_but_another_view_may_read_it(open_database: Open) -> None:
    database = open_database(Permissions(denied=frozenset({"payroll_size"})))
    for sql in (
        "SELECT Size FROM payroll_size",
        "SELECT count(*) FROM payroll_size",
        "SELECT 1 FROM Payroll_Size",
    ):
        result = database.execute(sql)
        assert isinstance(result, ActionError), sql
        assert result.kind is ErrorKind.DENIED
    assert isinstance(database.execute("SELECT * FROM payroll"), Rows)


def test_a_denied_name_with_quotes_is_found_however_it_is_quoted(open_database: Open) -> None:
    database = open_database(Permissions(denied=frozenset({'odd "name"'})))
    for quoted in ('"odd ""name"""', '[odd "name"]', '`odd "name"`', "'ODD \"name\"'"):
        for sql in (
            f"SELECT * FROM {quoted}",
            f"WITH payroll_size AS (SELECT * FROM {quoted}) SELECT * FROM payroll_size",
        ):
            result = database.execute(sql)
            assert isinstance(result, ActionError), sql
            assert result.kind is ErrorKind.DENIED


def test_the_schema_table_is_read_only_where_nothing_is_denied(
    open_database: Open, restricted: Database
) -> None:
    for sql in ("SELECT name, sql FROM sqlite_schema", "SELECT count(*) FROM SQLite_Master"):
        assert isinstance(open_database().execute(sql), Rows)
        result = restricted.execute(sql)
        assert isinstance(result, ActionError)
        assert result.kind is ErrorKind.DENIED


FORBIDDEN = [
    "PRAGMA table_info(employees)",
    "PRAGMA query_only = 0",
    "PRAGMA writable_schema = 1",
    "SELECT * FROM pragma_table_info('employees')",
    "SELECT count(*) FROM pragma_database_list",
    "SELECT * FROM sqlite_temp_schema",
    "SELECT * FROM sqlite_sequence",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT s",
    "RELEASE s",
    "DETACH main",
    "ANALYZE",
    "REINDEX",
    "VACUUM",
    "CREATE TABLE t (a)",
    "CREATE TEMP TABLE t (a)",
    "CREATE TEMP VIEW v AS SELECT 1",
    "CREATE TEMP TRIGGER t AFTER DELETE ON payroll BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE t USING fts5(a)",
    "CREATE INDEX i ON payroll (Amount)",
    "DROP TABLE payroll",
    "DROP VIEW payroll_size",
    "ALTER TABLE payroll RENAME TO p",
    "ALTER TABLE payroll ADD COLUMN a",
    "INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, '')",
    "DELETE FROM sqlite_sequence",
    "UPDATE employees SET Name = ''",
    "INSERT INTO departments VALUES (11, 'x')",
    "REPLACE INTO departments VALUES (1, 'x')",
    "DELETE FROM employees",
    "WITH x AS (SELECT 1) DELETE FROM employees WHERE Id IN x",
    "INSERT INTO payroll_size VALUES (1)",
    "EXPLAIN SELECT 1",
    "EXPLAIN DELETE FROM employees",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
@pytest.mark.parametrize(
    "permissions", [READ_ALL, Permissions(writable=frozenset({"payroll"}))], ids=["read", "write"]
)
def test_what_no_task_permits(open_database: Open, permissions: Permissions, sql: str) -> None:
    database = open_database(permissions)
    before = database.serialize()
    result = database.execute(sql)
    assert isinstance(result, ActionError), result
    assert result.kind is ErrorKind.DENIED or "INTO payroll_size" in sql  # a view can't be modified at all
    assert database.serialize() == before


def test_a_statement_that_sqlite_asks_no_permission_for_is_refused() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE plain (a)")  # without an index, REINDEX does nothing and asks nothing
    images = DatabaseImages.of("plain", [serialize(connection)])
    database = Database(images.images[0], images.schema, Permissions(writable=frozenset({"plain"})), Limits())
    for sql in ("REINDEX", "/* DELETE */ REINDEX plain", "VACUUM"):
        result = database.execute(sql)
        assert isinstance(result, ActionError), sql
        assert result.kind is ErrorKind.DENIED


@pytest.mark.parametrize(
    "call",
    [
        "random()",
        "randomblob(4)",
        "changes()",
        "total_changes()",
        "last_insert_rowid()",
        "sqlite_version()",
        "sqlite_source_id()",
        "sqlite_compileoption_get(1)",
        "sqlite_log(1, 'x')",
        "load_extension('x')",
        "zeroblob(1)",
        "readfile('x')",
        "writefile('x', 'y')",
        "edit('x')",
        "eval('SELECT 1')",
        "fts5(1)",
        "fts3_tokenizer('x')",
        "rtreecheck('x')",
        "geopoly_area('x')",
        "1 MATCH 2",
        "unhex('00')",
        "json_pretty('[]')",
        "jsonb_group_array(1)",
        "jsonb_group_object('a', 1)",
        "json_patch('{}', '{}')",
        "jsonb_patch('{}', '{}')",
        "subtype(1)",
    ],
)
def test_functions_that_are_not_a_matter_of_their_arguments_are_refused(
    database: Database, call: str
) -> None:
    result = database.execute(f"SELECT {call}")
    assert isinstance(result, ActionError), result
    assert result.kind is ErrorKind.NO_SUCH_FUNCTION


@pytest.mark.parametrize(
    "table",
    ["dbstat", "sqlite_dbpage", "fts5vocab", "carray", "generate_series(1, 2)", "bytecode('SELECT 1')"],
)
def test_tables_that_are_made_by_modules_do_not_exist(database: Database, table: str) -> None:
    for columns in ("*", "count(*)"):
        assert isinstance(database.execute(f"SELECT {columns} FROM {table}"), ActionError)


def test_what_a_task_permits_to_write(open_database: Open) -> None:
    database = open_database(
        Permissions(writable=frozenset({"payroll", "employees"}), denied=frozenset({"departments"}))
    )
    for sql in (
        "INSERT INTO payroll VALUES (1, 2.0)",
        "INSERT INTO employees (Name) VALUES ('new')",  # AUTOINCREMENT writes sqlite_sequence itself
        "INSERT INTO employees (Name, DepartmentId) VALUES ('new', 3)",  # its key is looked up there
        "REPLACE INTO payroll VALUES (1, 2.0)",
        "UPDATE payroll SET Amount = Amount * 2 WHERE EmployeeId = 1",
        "DELETE FROM payroll",
        "WITH x AS (SELECT 1 AS i) INSERT INTO payroll SELECT i, i FROM x",
    ):
        assert isinstance(database.execute(sql), Rows), sql
    leak = "INSERT INTO payroll SELECT Id, Id FROM departments"
    result = database.execute(leak)
    assert isinstance(result, ActionError)
    assert result.kind is ErrorKind.DENIED


def test_a_cascade_into_a_table_that_may_not_be_written_is_refused(open_database: Open) -> None:
    database = open_database(Permissions(writable=frozenset({"departments"})))
    before = database.serialize()
    result = database.execute("DELETE FROM departments")
    assert isinstance(result, ActionError)
    assert result.kind is ErrorKind.DENIED
    assert database.serialize() == before


@pytest.mark.parametrize(
    "permissions", [READ_ALL, Permissions(writable=frozenset({"payroll"}))], ids=["read", "write"]
)
@pytest.mark.parametrize(
    "sql", ["ATTACH '{}' AS other", "ATTACH 'file:{}?vfs=unix' AS other", "VACUUM INTO '{}'"]
)
def test_no_statement_makes_a_file(
    open_database: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, permissions: Permissions, sql: str
) -> None:
    monkeypatch.chdir(tmp_path)
    database = open_database(permissions)
    for name in (tmp_path / "absolute.db", "relative.db"):
        assert isinstance(database.execute(sql.format(name)), ActionError)
    assert list(tmp_path.iterdir()) == []
