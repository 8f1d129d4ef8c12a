"""Statements made to hang or to fill the machine end with an observation, and the next one runs."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from sqldojo.service.core.execution import ActionError, Column, ErrorKind, Rows
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.limits import Limits

Open = Callable[..., Database]
K = ErrorKind
PAIRS = "FROM employees a, employees b, employees c, employees d, employees e"
STOPPED = {K.TIMEOUT, K.LIMIT}
NUMBERS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
A, B = "printf('%.99998c', 'a')", "printf('%.49998c', 'a') || 'b'"
BIG, LONG = "printf('%.50000c', 'a') || x", "printf('%.99000c', 'a') || x"

BOMBS: dict[str, tuple[str, set[ErrorKind]]] = {
    "recursive count": (NUMBERS + "SELECT count(*) FROM c", STOPPED),
    "recursive union": (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION SELECT x + 1 FROM c) SELECT count(*) FROM c",
        STOPPED,
    ),
    "recursive big rows": (NUMBERS + f"SELECT {BIG} FROM c", {K.LIMIT}),
    "recursive sort": (NUMBERS + "SELECT max(x) FROM c ORDER BY x", STOPPED),
    "cross join": ("SELECT count(*) FROM employees, employees, employees, employees, employees", STOPPED),
    "zeroblob": ("SELECT zeroblob(1000000000)", {K.NO_SUCH_FUNCTION}),
    "hex of zeroblob": ("SELECT hex(zeroblob(1000000000))", {K.NO_SUCH_FUNCTION}),
    "randomblob": ("SELECT randomblob(1000000000)", {K.NO_SUCH_FUNCTION}),
    "hex of text": (f"SELECT hex({A})", {K.LIMIT}),
    "group_concat": ("SELECT group_concat(a.Name || b.Name) " + PAIRS, STOPPED),
    "json_group_array": (NUMBERS + "SELECT json_group_array(x) FROM c", STOPPED),
    "sort spill": ("SELECT a.Name || b.Name " + PAIRS + " ORDER BY 1", STOPPED),
    "sort of big rows": (NUMBERS + f"SELECT {BIG} FROM c ORDER BY 1", STOPPED),
    "distinct big rows": (NUMBERS + f"SELECT DISTINCT {BIG} FROM c ORDER BY 1", STOPPED),
    "window of big rows": (
        NUMBERS + f"SELECT count(*) FROM (SELECT max({BIG}) OVER (ORDER BY x DESC) FROM c)",
        STOPPED,
    ),
    "replace nest": (
        f"SELECT length(replace(replace(replace({A}, 'a', {A}), 'a', {A}), 'a', {A}))",
        {K.LIMIT},
    ),
    "concatenation": (f"SELECT length({A} || {A} || {A})", {K.LIMIT}),
    "unhex": (f"SELECT unhex({A}, {A})", {K.NO_SUCH_FUNCTION}),
    "long pattern": (f"SELECT {A} LIKE replace(printf('%.9998c', 'x'), 'x', '%a')", {K.LIMIT}),
    "deep expression": ("SELECT " + "(" * 5000 + "1" + ")" * 5000, {K.LIMIT, K.SYNTAX}),
    "long sum": ("SELECT " + "+".join("1" * 2000), {K.LIMIT}),
    "many selects": ("SELECT 1 " + "UNION SELECT 1 " * 5000, {K.LIMIT}),
    "many columns": ("SELECT " + "1," * 5000 + "1", {K.LIMIT}),
    "many arguments": ("SELECT max(" + "1," * 5000 + "1)", {K.LIMIT}),
    "many joins": ("SELECT 1 FROM employees" + ", employees" * 100, {K.LIMIT}),
    "many parameters": ("SELECT ?32000", {K.LIMIT, K.SYNTAX}),
    "long text": ("SELECT '" + "x" * 1_000_000 + "'", {K.LIMIT}),
    "attach": ("ATTACH 'bomb.db' AS bomb", {K.DENIED}),
}
SLOW = {
    "instr in a loop": f"SELECT sum(instr({LONG}, {B})) FROM c",
    "replace in a loop": f"SELECT sum(length(replace({LONG}, {B}, ''))) FROM c",
}
BOUNDED = {
    "recursive rows": NUMBERS + "SELECT x FROM c",
    "printf": "SELECT printf('%1000000000d', 1)",  # SQLite gives NULL for what is too long
    "instr": f"SELECT instr({A}, {B})",
    "instr of 900 KB": "SELECT instr(printf('%.900000c', 'a'), printf('%.449999c', 'a') || 'b')",
    "replace": f"SELECT length(replace({A}, {B}, 'x'))",
    "trim": f"SELECT length(trim({A}, printf('%.7998c', 'b') || 'a'))",
    "like": f"SELECT {A} LIKE replace(printf('%.499c', 'x'), 'x', '%a') || 'b'",
}


@pytest.fixture
def guarded(open_database: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.chdir(tmp_path)
    return open_database(limits=Limits(deadline_seconds=0.1))


def run(database: Database, sql: str, folder: Path) -> Rows | ActionError:
    """Runs a bomb; without a guard each of them would take minutes, or a gigabyte."""
    apsw.memory_high_water(True)
    started = time.monotonic()
    result = database.execute(sql)
    assert time.monotonic() - started < 5
    assert apsw.memory_high_water() < 400_000_000
    assert database.execute("SELECT count(*) AS n FROM employees") == Rows((Column("n"),), [(100,)])
    assert list(folder.iterdir()) == []
    return result


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_with_an_error(guarded: Database, tmp_path: Path, name: str) -> None:
    sql, kinds = BOMBS[name]
    result = run(guarded, sql, tmp_path)
    assert isinstance(result, ActionError), result
    assert result.kind in kinds, result


@pytest.mark.parametrize("name", SLOW)
def test_costly_operations_end_between_two_ticks(guarded: Database, tmp_path: Path, name: str) -> None:
    result = run(guarded, NUMBERS + SLOW[name], tmp_path)
    assert isinstance(result, ActionError), result
    assert result.kind is ErrorKind.TIMEOUT


@pytest.mark.parametrize("name", BOUNDED)
def test_a_bomb_that_is_kept_small_ends_with_rows(guarded: Database, tmp_path: Path, name: str) -> None:
    assert isinstance(run(guarded, BOUNDED[name], tmp_path), Rows | ActionError)


def test_rows_without_end_are_cut(guarded: Database) -> None:
    result = guarded.execute(BOUNDED["recursive rows"])
    assert isinstance(result, Rows)
    assert (len(result.rows), result.complete) == (10_000, False)


def test_all_bombs_together_take_little_memory(guarded: Database) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for sql in [sql for sql, _ in BOMBS.values()] + list(BOUNDED.values()):
        guarded.execute(sql)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000  # KiB


def test_passing_the_deadline_is_a_timeout(open_database: Open) -> None:
    database = open_database(limits=Limits(deadline_seconds=0.01, max_operations=10**12))
    result = database.execute(BOMBS["recursive count"][0])
    assert result == ActionError(K.TIMEOUT, "the statement took longer than 0.01 seconds", by_machine=True)


def test_passing_the_operations_is_a_limit(open_database: Open) -> None:
    database = open_database(limits=Limits(deadline_seconds=60, max_operations=1_000_000))
    result = database.execute(BOMBS["recursive count"][0])
    assert result == ActionError(K.LIMIT, "the statement takes more than 1,000,000 operations")


def test_passing_the_memory_is_a_limit(open_database: Open) -> None:
    limits = Limits(deadline_seconds=60, max_operations=10**12, max_memory_bytes=20_000_000)
    result = open_database(limits=limits).execute(BOMBS["sort of big rows"][0])
    assert result == ActionError(
        K.LIMIT, "the statement takes more than 20,000,000 bytes of memory", by_machine=True
    )


def test_a_large_sort_that_is_within_the_limits_spills_into_memory(
    open_database: Open, tmp_path: Path
) -> None:
    database = open_database(limits=Limits(deadline_seconds=60))
    sql = (
        NUMBERS
        + "SELECT printf('%.999c', 'a') || x FROM (SELECT x FROM c LIMIT 20000) ORDER BY x * 7919 % 20011"
    )
    result = database.execute(sql + " LIMIT 2")
    assert isinstance(result, Rows), result
    first, second = sorted(range(1, 20_001), key=lambda x: x * 7919 % 20011)[:2]
    assert result.rows == [("a" * 999 + str(first),), ("a" * 999 + str(second),)]
