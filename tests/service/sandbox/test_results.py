from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.core.execution import ActionError, Column, ErrorKind, Rows
from sqldojo.service.sandbox.results import Result, Results

ROWS = Rows((Column("a"),), [(1,), ("text",)])


def add_twice(results: Results, key: tuple[int, str], result: Result) -> None:
    results.add(key, result)
    results.add(key, result)


def test_a_result_is_known_from_the_second_time_on() -> None:
    results = Results(1 << 20)
    key = (1, "SELECT 1")
    assert results.find(key) is None
    results.add(key, ROWS)
    assert results.find(key) is None
    results.add(key, ROWS)
    assert results.find(key) is ROWS
    assert results.find((2, "SELECT 1")) is None
    assert (results.found, results.asked) == (1, 4)


def test_what_time_or_memory_ended_is_run_again() -> None:
    results = Results(1 << 20)
    late = ActionError(ErrorKind.TIMEOUT, "late", by_machine=True)
    add_twice(results, (1, "late"), late)
    assert results.find((1, "late")) is None
    wrong = ActionError(ErrorKind.SYNTAX, "wrong")
    add_twice(results, (1, "wrong"), wrong)
    assert results.find((1, "wrong")) is wrong


def test_without_room_nothing_is_known() -> None:
    results = Results(0)
    add_twice(results, (1, "SELECT 1"), ROWS)
    assert results.find((1, "SELECT 1")) is None


@given(st.lists(st.integers(0, 40), max_size=300))
def test_what_was_not_asked_for_longest_goes_first(asked: Sequence[int]) -> None:
    results = Results(30_000)  # about 30 of them
    last: list[int] = []
    for number in asked:
        key = (1, f"SELECT {number}")
        found = results.find(key)
        if found is None:
            add_twice(results, key, Rows((Column("a"),), [(number,)]))
        else:
            assert isinstance(found, Rows)
            assert found.rows == [(number,)]
        last = [*(each for each in last if each != number), number][-20:]
        assert all(results.find((1, f"SELECT {each}")) is not None for each in last)
    assert results._bytes <= 30_000
