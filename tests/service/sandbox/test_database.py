"""What comes back from a statement: rows or a typed error, and never an exception."""

from __future__ import annotations

import threading
from collections.abc import Callable

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqldojo.service.core.execution import ActionError, Column, ErrorKind, Rows
from sqldojo.service.core.schema import READ_ALL, Permissions, Schema
from sqldojo.service.sandbox.clock import NOW
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.guard import TICK, Guard
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.sandbox.limits import Limits

Open = Callable[..., Database]
COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT {} FROM n"


def rows(result: Rows | ActionError) -> list[tuple[object, ...]]:
    assert isinstance(result, Rows), result
    return list(result.rows)


def error(result: Rows | ActionError) -> ActionError:
    assert isinstance(result, ActionError), result
    return result


def test_rows_come_with_names_and_declared_types(database: Database) -> None:
    result = database.execute("SELECT Name, Salary, Salary * 2 AS twice, Photo FROM employees WHERE Id = 3")
    assert result == Rows(
        (Column("Name", "TEXT"), Column("Salary", "REAL"), Column("twice"), Column("Photo", "BLOB")),
        [("O'Neil 3", 3.0, 6.0, b"\x03")],
    )


def test_an_empty_result_has_its_columns(database: Database) -> None:
    assert database.execute("SELECT Id FROM employees WHERE 0") == Rows((Column("Id", "INTEGER"),), [])


def test_equal_names_and_every_type_of_value(database: Database) -> None:
    result = database.execute("SELECT 1 AS a, 2.5 AS a, 'é“日本🎲' AS a, x'00ff' AS a, NULL AS a, 9e999 AS a")
    assert isinstance(result, Rows)
    assert [column.name for column in result.columns] == ["a"] * 6
    assert result.rows == [(1, 2.5, "é“日本🎲", b"\x00\xff", None, float("inf"))]


def test_text_that_is_not_utf8_is_shown_with_replacement_characters(database: Database) -> None:
    result = database.execute('SELECT "sel ect", 1, x\'ff\' FROM "odd ""name""" ORDER BY 1 DESC; -- both')
    assert result == Rows(
        (Column("sel ect", "TEXT"), Column("1"), Column("x'ff'")),
        [("\ufffd\ufffd(", 1, b"\xff"), (None, 1, b"\xff")],
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "SELECT 1 ; ;\n",
        "; SELECT 1",
        "SELECT 1 -- one; two",
        "/* a; b */ SELECT /* ; */ 1; /* unfinished",
        "SELECT 1; -- SELECT 2",
        "\ufeffSELECT 1",
    ],
)
def test_one_statement_may_have_comments_and_semicolons_around_it(database: Database, sql: str) -> None:
    assert rows(database.execute(sql)) == [(1,)]


@pytest.mark.parametrize("sql", ["", " \n\t", ";", ";;", "-- nothing", "/* nothing */", "/* unfinished"])
def test_text_without_a_statement_is_a_syntax_error(database: Database, sql: str) -> None:
    assert error(database.execute(sql)).kind is ErrorKind.SYNTAX


@pytest.mark.parametrize(
    "sql", ["SELECT 1; SELECT 2", "SELECT 1;;x", "SELECT ';'; /* */ SELECT 2;", "SELECT 1; garbage"]
)
def test_more_than_one_statement_is_refused(database: Database, sql: str) -> None:
    assert error(database.execute(sql)).kind is ErrorKind.MULTIPLE_STATEMENTS


def test_of_several_statements_not_even_the_first_is_run(open_database: Open) -> None:
    database = open_database(Permissions(writable=frozenset({"payroll"})))
    before = database.serialize()
    refused = error(database.execute("DELETE FROM payroll; DELETE FROM payroll"))
    assert refused.kind is ErrorKind.MULTIPLE_STATEMENTS
    assert database.serialize() == before


@pytest.mark.parametrize(
    ("sql", "kind", "message"),
    [
        ("SELECT Pay FROM employees", ErrorKind.NO_SUCH_COLUMN, "no such column: Pay"),
        ("SELECT * FROM staff", ErrorKind.NO_SUCH_TABLE, "no such table: staff"),
        ("SELECT left('a', 1)", ErrorKind.NO_SUCH_FUNCTION, "no such function: left"),
        ("SELECT nvl(1, 2)", ErrorKind.NO_SUCH_FUNCTION, "no such function: nvl"),
        ("SELECT *\nFROM employees\nWHER 1", ErrorKind.SYNTAX, 'near "1": syntax error (line 3, column 6)'),
        ("SELECT é é é", ErrorKind.SYNTAX, 'near "é": syntax error (line 1, column 12)'),
        ("SELECT 'a", ErrorKind.SYNTAX, 'unrecognized token: "\'a" (line 1, column 8)'),
        ("SELECT", ErrorKind.SYNTAX, "incomplete input"),
        ("SELECT Name FROM employees, departments", ErrorKind.AMBIGUOUS, "ambiguous column name: Name"),
        ("SELECT (SELECT 1, 2)", ErrorKind.OTHER, "sub-select returns 2 columns - expected 1"),
        ("SELECT abs(-9223372036854775808)", ErrorKind.OTHER, "integer overflow"),
        ("SELECT ?", ErrorKind.SYNTAX, "parameters have no value here: write the values into the statement"),
        ("SELECT '\0'", ErrorKind.SYNTAX, 'unrecognized token: "\\0": the text holds a NUL character'),
        ("SELECT '\ud800'", ErrorKind.SYNTAX, "the text is not valid Unicode: it holds half a character"),
    ],
)
def test_errors_keep_the_wording_of_sqlite(
    database: Database, sql: str, kind: ErrorKind, message: str
) -> None:
    found = error(database.execute(sql))
    assert (found.kind, found.message) == (kind, message)


def test_a_statement_may_call_so_many_functions_and_no_more(open_database: Open) -> None:
    database = open_database(limits=Limits(max_function_calls=3))
    calls = "abs(1), (SELECT max(Salary) FROM employees), Name LIKE 'a%'"
    assert rows(database.execute(f"SELECT {calls} FROM employees LIMIT 1"))
    found = error(database.execute(f"SELECT {calls}, '{{}}' -> 'a' FROM employees LIMIT 1"))
    assert (found.kind, found.message) == (ErrorKind.LIMIT, "the statement calls more than 3 functions")
    not_utf8 = "SELECT CAST(x'ff' AS TEXT), 1, 2, 3, 4"  # is run again in words that call functions
    assert rows(database.execute(not_utf8)) == [("\ufffd", 1, 2, 3, 4)]


def test_the_clock_of_a_statement_that_is_run_in_other_words_runs_on() -> None:
    guard = Guard(Schema(()), READ_ALL, Limits())
    guard.begin("SELECT 1")
    deadline = guard.deadline
    guard.begin_again("SELECT 2")
    assert guard.deadline == deadline


def test_what_is_refused_stays_refused_for_what_it_is_however_late() -> None:
    guard = Guard(Schema(()), READ_ALL, Limits())
    guard.begin("ATTACH 'x' AS x")
    guard.expire()  # as the alarm does, while SQLite still compiles
    guard.authorize(apsw.SQLITE_ATTACH, "x", None, None, None)
    guard.expire()
    assert guard.refusal is not None
    assert guard.refusal.kind is ErrorKind.DENIED


def test_a_statement_that_is_late_before_it_runs_is_late_and_nothing_else(open_database: Open) -> None:
    database = open_database(limits=Limits(deadline_seconds=0))
    nested = "WITH a AS (" * 300 + "SELECT 1" + ") SELECT * FROM a" * 300  # compiled for 40 ms
    result = database.execute(nested)
    assert isinstance(result, Rows) or result.kind is ErrorKind.TIMEOUT  # as the alarm was quick or slow


def test_a_misspelt_column_in_double_quotes_does_not_become_a_text(database: Database) -> None:
    assert error(database.execute('SELECT "Nmae" FROM employees')).kind is ErrorKind.NO_SUCH_COLUMN


@pytest.mark.parametrize(
    ("sql", "available"),
    [
        ("SELECT Salry FROM employees", ("Salary", "Name", "Id", "Photo", "DepartmentId")),
        ("SELECT departments.Nam FROM departments, employees", ("Name", "Id")),
        ("SELECT Name FROM employees JOIN departments", ("departments.Name", "employees.Name")),
        ("SELECT x FROM nowhere.staff, employees", None),
    ],
)
def test_errors_offer_the_names_that_exist(
    database: Database, sql: str, available: tuple[str, ...] | None
) -> None:
    found = error(database.execute(sql))
    if available is None:
        assert found.kind is ErrorKind.NO_SUCH_TABLE
    elif found.kind is ErrorKind.NO_SUCH_COLUMN:
        assert found.available[0] == available[0]
        assert set(found.available) == set(available)
    else:
        assert found.available == available


def test_tables_that_exist_are_offered_best_match_first_and_denied_ones_never(open_database: Open) -> None:
    database = open_database(Permissions(denied=frozenset({"payroll"})))
    available = error(database.execute("SELECT * FROM departmnt")).available
    assert available[0] == "departments"
    assert set(available) == {
        "departments", "employees", 'odd "name"',
        "payroll_totals", "payroll_size", "payroll_ones", "payroll_inner",
    }  # fmt: skip


def test_rows_beyond_the_cap_are_left_out_and_said_to_be(open_database: Open) -> None:
    database = open_database(limits=Limits(max_rows=1000))
    for count, complete in ((999, True), (1000, True), (1001, False), (5000, False)):
        result = database.execute(COUNT.format(count, "i"))
        assert isinstance(result, Rows)
        assert result.rows == [(i,) for i in range(1, min(count, 1000) + 1)]
        assert result.complete is complete


def test_a_result_of_too_many_bytes_is_a_limit_error(open_database: Open) -> None:
    database = open_database(limits=Limits(max_result_bytes=1_500_000))
    assert len(rows(database.execute(COUNT.format(149, "printf('%.9999c', 'x')")))) == 149
    assert error(database.execute(COUNT.format(151, "printf('%.9999c', 'x')"))).kind is ErrorKind.LIMIT
    assert error(database.execute(COUNT.format(9000, "printf('%.200c', 'x')"))).kind is ErrorKind.LIMIT


def test_the_size_of_a_statement_is_counted_in_utf8(open_database: Open) -> None:
    database = open_database(limits=Limits(max_sql_bytes=1000))
    assert rows(database.execute("SELECT '" + "é" * 400 + "'")) == [("é" * 400,)]
    assert error(database.execute("SELECT '" + "é" * 500 + "'")).kind is ErrorKind.LIMIT
    assert error(database.execute("SELECT 1 --" + "x" * 1_000_000)).kind is ErrorKind.LIMIT


def test_the_verdict_on_operations_does_not_depend_on_what_ran_before(open_database: Open) -> None:
    """Around the bound, in steps finer than a tick, a statement fares the same each time, cached or not."""
    limits = Limits(max_operations=5 * TICK, deadline_seconds=60)
    warm = open_database(limits=limits)
    verdicts = set()
    for count in range(1200, 2400, 37):
        sql = COUNT.format(count, "count(*)")
        alone = type(open_database(limits=limits).execute(sql))
        assert {type(warm.execute(sql)) for _ in range(4)} == {alone}
        verdicts.add(alone)
    assert verdicts == {Rows, ActionError}


@pytest.mark.parametrize("count", [100, 300, 600])
def test_a_short_statement_repeated_never_adds_up_to_the_bound(open_database: Open, count: int) -> None:
    database = open_database(limits=Limits(max_operations=3 * TICK, deadline_seconds=60))
    for _ in range(200):
        assert rows(database.execute(COUNT.format(count, "count(*)"))) == [(count,)]


def test_a_write_gives_the_number_of_rows_that_it_changed(open_database: Open) -> None:
    database = open_database(Permissions(writable=frozenset({"payroll"})))
    changes = (Column("changes"),)
    assert database.execute("DELETE FROM payroll WHERE Amount < 100") == Rows(changes, [(9,)])
    assert database.execute("DELETE FROM payroll WHERE 0") == Rows(changes, [(0,)])
    assert database.execute("INSERT INTO payroll SELECT 1, 2 UNION ALL SELECT 3, 4") == Rows(changes, [(2,)])
    returned = database.execute("UPDATE payroll SET Amount = 7 WHERE EmployeeId = 50 RETURNING *")
    assert rows(returned) == [(50, 7.0)]
    assert rows(database.execute("SELECT count(*) FROM payroll")) == [(93,)]


def test_a_write_that_fails_or_is_stopped_changes_nothing(open_database: Open) -> None:
    permissions = Permissions(writable=frozenset({"departments", "payroll"}))
    database = open_database(permissions, Limits(max_operations=2_000_000, deadline_seconds=60))
    before = database.serialize()
    twice = "INSERT INTO departments VALUES (11, 'new'), (12, 'new')"
    assert error(database.execute(twice)).kind is ErrorKind.CONSTRAINT
    orphan = "INSERT INTO payroll VALUES (12345, 1.0)"
    assert error(database.execute(orphan)).message == "FOREIGN KEY constraint failed"
    endless = "INSERT INTO payroll " + COUNT.format(-1, "1, i")
    assert error(database.execute(endless)).kind is ErrorKind.LIMIT
    assert rows(database.execute("SELECT count(*), max(Amount) FROM payroll")) == [(100, 1050.0)]
    assert rows(database.execute("SELECT count(*) FROM departments")) == [(10,)]
    assert len(database.serialize()) >= len(before)  # pages that were freed stay in the file


def test_returned_text_that_is_not_utf8_is_an_error_and_the_write_holds(open_database: Open) -> None:
    database = open_database(Permissions(writable=frozenset({"departments"})))
    sql = "UPDATE departments SET Name = CAST(x'ff' AS TEXT) WHERE Id = 1 RETURNING Name"
    assert error(database.execute(sql)).kind is ErrorKind.OTHER
    assert rows(database.execute("SELECT Name FROM departments WHERE Id = 1")) == [("\ufffd",)]


def test_the_clock_stands_still(database: Database) -> None:
    sql = "SELECT datetime('now'), CURRENT_TIMESTAMP, date(), strftime('%s', 'now'), unixepoch(CURRENT_DATE)"
    assert rows(database.execute(sql)) == [(NOW, NOW, NOW[:10], "1735689600", 1735689600)]


def test_statements_leave_nothing_behind(database: Database) -> None:
    good = "SELECT count(*) FROM employees"
    for bad in ("BEGIN", "SELECT 1 FROM", "PRAGMA foreign_keys = 0", "SELECT i", "SELECT 1; SELECT 2", "\0"):
        error(database.execute(bad))
        assert rows(database.execute(good)) == [(100,)]


WORDS = """
    SELECT FROM WHERE employees payroll Name * , ( ) ; -- /* */ ' " ` [ ] = 1 2.5 x'ff' NULL WITH AS n
    UNION ORDER BY GROUP HAVING LIMIT JOIN ON DELETE INSERT INTO VALUES UPDATE SET DROP TABLE PRAGMA
    query_only ATTACH VACUUM BEGIN COMMIT EXPLAIN count max printf('%s') json_each('[1,2]') datetime('now')
    random() ?
"""
FRAGMENTS = st.sampled_from(WORDS.split())
TEXTS = st.one_of(
    st.text(), st.lists(FRAGMENTS, max_size=12).map(" ".join), st.lists(FRAGMENTS).map("\n".join)
)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_any_text_gives_rows_or_an_error_and_changes_nothing(
    database: Database, images: DatabaseImages, sql: str
) -> None:
    result = database.execute(sql)
    assert isinstance(result, Rows | ActionError)
    assert database.execute(sql) == result
    assert database.serialize() == images.images[0]


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_a_statement_means_the_same_on_a_new_and_on_a_used_database(
    open_database: Open, texts: list[str]
) -> None:
    permissions = Permissions(denied=frozenset({"payroll"}))
    used = open_database(permissions)
    for sql in texts:
        assert used.execute(sql) == open_database(permissions).execute(sql)


def test_a_private_database_may_move_between_threads(open_database: Open) -> None:
    database = open_database(Permissions(writable=frozenset({"payroll"})))
    found: list[Rows | ActionError] = []

    def play() -> None:
        found.append(
            database.execute("DELETE FROM payroll WHERE EmployeeId = (SELECT min(EmployeeId) FROM payroll)")
        )

    for _ in range(3):
        thread = threading.Thread(target=play)
        thread.start()
        thread.join()
    assert [rows(result) for result in found] == [[(1,)]] * 3
    assert rows(database.execute("SELECT count(*) FROM payroll")) == [(97,)]


def test_a_private_copy_does_not_grow_without_bound(open_database: Open) -> None:
    database = open_database(
        Permissions(writable=frozenset({"employees"})), limits=Limits(max_growth_bytes=1_000_000)
    )
    before = len(database.serialize())
    grow = (
        "INSERT INTO employees (Id, Name) SELECT i + 1000 * {}, printf('%.9999c', 'x') "
        "FROM (WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT i FROM n)"
    )
    kinds = [getattr(database.execute(grow.format(turn)), "kind", None) for turn in range(1, 6)]
    assert kinds[0] is None
    assert kinds[-1] is ErrorKind.LIMIT
    assert len(database.serialize()) <= before + 1_000_000
