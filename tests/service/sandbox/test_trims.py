"""The replaced trims give what SQLite's own give, and end in time for long texts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

import apsw
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sqldojo.service.core.execution import ActionError, Column, ErrorKind, Rows
from sqldojo.service.core.schema import READ_ALL
from sqldojo.service.sandbox.database import Database
from sqldojo.service.sandbox.images import read_schema, serialize
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.trims import replace_trims

NAMES = ("trim", "ltrim", "rtrim")
ALL_THREE = ", ".join(f"{name}(?1, ?2), typeof({name}(?1, ?2))" for name in NAMES)

few = st.text("ab \0é€𝄞", max_size=8)
texts = st.one_of(few, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
values = st.one_of(
    texts,
    texts.map(str.encode),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.none(),
)

SQLITE = apsw.Connection(":memory:")
REPLACED = apsw.Connection(":memory:")
replace_trims(REPLACED)


def both(sql: str, arguments: tuple[object, ...]) -> tuple[object, object]:
    return SQLITE.execute(sql, arguments).fetchall(), REPLACED.execute(sql, arguments).fetchall()


@given(values, values)
@example(b"", "a")
@example("abc", b"")
@example("aba", "a\0b")
@example(-0.0, "-")
@example(5e-324, "4")
@example(float("inf"), "If")
def test_the_results_are_those_of_sqlite(value: object, characters: object) -> None:
    own, replaced = both(f"SELECT {ALL_THREE}", (value, characters))
    assert replaced == own


@given(few, few)
def test_texts_that_are_stripped_whole_and_in_part(value: str, characters: str) -> None:
    own, replaced = both(f"SELECT {ALL_THREE}", (characters + value + characters, characters))
    assert replaced == own


@pytest.mark.parametrize("name", NAMES)
def test_one_argument_and_three_are_left_to_sqlite(name: str) -> None:
    own, replaced = both(f"SELECT {name}(?)", ("  a b  ",))
    assert replaced == own
    with pytest.raises(apsw.SQLError, match=rf"wrong number of arguments to function {name}\(\)"):
        REPLACED.execute(f"SELECT {name}('a', 'b', 'c')")


WIDE = (
    "WITH RECURSIVE n(i) AS (SELECT 13312 UNION ALL SELECT i + 1 FROM n WHERE i < 41311),"
    " w AS (SELECT group_concat(char(i), '') AS letters FROM n) "
)
BOMBS = {
    "one letter": "SELECT {}(printf('%.99998c', 'a') || 'x', printf('%.7999c', 'b') || 'a')",
    "many letters": WIDE + "SELECT {}(letters || 'x', letters) FROM w",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_long_text_and_many_characters_end_in_time(database: Database, bomb: str, name: str) -> None:
    """SQLite's own take seconds for the first, which is TIMEOUT, and refuse the second for its size."""
    result = database.execute(BOMBS[bomb].format(name))
    assert isinstance(result, Rows), result
    ((rest,),) = result.rows
    assert (len(str(rest)) > 20_000) if name == "rtrim" else rest == "x"


@pytest.fixture
def bare_image() -> bytes:
    connection = apsw.Connection(":memory:")
    connection.execute(
        "CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('aba'), ('ac');"
        "CREATE INDEX by_bare ON t (trim(name, 'a'));"
        "CREATE VIEW bare AS SELECT trim(name, 'a') AS name FROM t"
    )
    return serialize(connection)


def test_views_and_indexes_may_call_them(bare_image: bytes) -> None:
    schema = read_schema(bare_image)
    database = Database(bare_image, schema, READ_ALL, Limits())
    assert database.execute("SELECT * FROM bare") == Rows((Column("name"),), [("b",), ("c",)])
    plan = database.execute("EXPLAIN QUERY PLAN SELECT 1 FROM t WHERE trim(name, 'a') = 'b'")
    assert isinstance(plan, Rows)
    assert "INDEX by_bare" in str(plan.rows)


def test_what_is_no_utf_8(database: Database) -> None:
    text = database.execute("SELECT trim(CAST(x'ff61' AS TEXT), 'a')")
    assert isinstance(text, ActionError)
    assert text.kind is ErrorKind.OTHER
    blob = database.execute("SELECT trim(x'ff61', 'a')")
    assert isinstance(blob, Rows)
    assert blob.rows == [("\ufffd",)]


def test_several_threads_at_once() -> None:
    def run(seed: int) -> list[object]:
        connection = apsw.Connection(":memory:")
        replace_trims(connection)
        random = Random(seed)
        numbers = [random.uniform(-1e6, 1e6) for _ in range(300)]
        return [connection.execute("SELECT trim(?, '')", (number,)).get for number in numbers]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(run, range(8)))
    assert together == [run(seed) for seed in range(8)]
