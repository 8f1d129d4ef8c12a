"""The replaced instr and replace give what SQLite's own give, and end in time for long texts."""

from __future__ import annotations

import apsw
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sqldojo.service.core.execution import ActionError, ErrorKind, Rows
from sqldojo.service.core.schema import READ_ALL
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.images import read_schema, serialize
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.searches import replace_searches

MAX_BYTES = 60

few = st.text("ab \0é𝄞", max_size=8)
texts = st.one_of(few, st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
values = st.one_of(
    texts,
    texts.map(str.encode),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.none(),
)

SQLITE = apsw.Connection(":memory:")
SQLITE.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_BYTES)
REPLACED = apsw.Connection(":memory:")
REPLACED.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_BYTES)
replace_searches(REPLACED, MAX_BYTES)


def both(sql: str, arguments: tuple[object, ...]) -> list[object]:
    found: list[object] = []
    for connection in (SQLITE, REPLACED):
        try:
            found.append(connection.execute(sql, arguments).fetchall())
        except apsw.TooBigError:
            found.append("too big")
    return found


@given(values, values)
@example("a\0b", "b")
@example("éa", "a")
@example("éa".encode(), b"a")
@example("éa".encode(), "a")
@example(b"", b"")
@example(1.5, 5)
@example(1e300, "e")
def test_instr_is_that_of_sqlite(value: object, sought: object) -> None:
    own, replaced = both("SELECT instr(?1, ?2), typeof(instr(?1, ?2))", (value, sought))
    assert replaced == own


@given(values, values, values)
@example(b"abc", "", None)
@example(12.5, "\0", "x")
@example("aaa", "aa", "b")
@example("a" * 30, "a", "bb")
@example("a" * 31, "a", "bb")
@example("a" * 30, "a", "é")
def test_replace_is_that_of_sqlite(value: object, sought: object, other: object) -> None:
    own, replaced = both("SELECT replace(?1, ?2, ?3), typeof(replace(?1, ?2, ?3))", (value, sought, other))
    assert replaced == own


@given(st.text("ab", max_size=20), st.text("ab", max_size=3), st.text("abc", max_size=3))
def test_texts_that_hold_what_is_sought_more_than_once(value: str, sought: str, other: str) -> None:
    own, replaced = both("SELECT instr(?1, ?2), replace(?1, ?2, ?3)", (value, sought, other))
    assert replaced == own


@pytest.mark.parametrize("call", ["instr(a, b)", "length(replace(a, b, ''))"])
def test_many_searches_in_long_texts_end_in_time(database: Database, call: str) -> None:
    """SQLite's own take 0.1 s for one of them, and none of the two looks at the clock between them."""
    found = database.execute(
        f"SELECT {'+'.join([call] * 90)} FROM"
        " (SELECT printf('%.99998c', 'a') AS a, printf('%.49998c', 'a') || 'b' AS b LIMIT 1)"
    )
    assert isinstance(found, Rows), found
    assert found.rows in ([(0,)], [(90 * 99_998,)])


def test_what_grows_too_large_is_refused_before_it_is_made(database: Database) -> None:
    found = database.execute("SELECT replace(printf('%.99998c', 'a'), 'a', printf('%.99998c', 'b'))")
    assert isinstance(found, ActionError)
    assert found.kind is ErrorKind.LIMIT


def test_views_and_indexes_may_call_them() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(
        "CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('aba'), ('ac');"
        "CREATE INDEX by_place ON t (instr(name, 'c'));"
        "CREATE VIEW other AS SELECT replace(name, 'a', 'o') AS name FROM t"
    )
    image = serialize(connection)
    database = Database(image, read_schema(image), READ_ALL, Limits())
    other = database.execute("SELECT * FROM other")
    assert isinstance(other, Rows)
    assert other.rows == [("obo",), ("oc",)]
    plan = database.execute("EXPLAIN QUERY PLAN SELECT 1 FROM t WHERE instr(name, 'c') = 2")
    assert isinstance(plan, Rows)
    assert "INDEX by_place" in str(plan.rows)
