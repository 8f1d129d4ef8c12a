from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sqldojo.service.tasks.once import Once


def test_threads_that_ask_together_get_the_one_value() -> None:
    values: Once[object] = Once(4)
    barrier = threading.Barrier(8)
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask(_: int) -> object:
        barrier.wait()
        return values.get("key", make)

    with ThreadPoolExecutor(8) as threads:
        got = set(threads.map(ask, range(8)))
    assert got == set(made)
    assert len(made) == 1


def test_the_value_asked_for_least_recently_goes_first() -> None:
    values: Once[int] = Once(2)
    assert values.get("a", lambda: 1) == 1
    assert values.get("b", lambda: 2) == 2
    assert values.get("a", lambda: 3) == 1
    assert values.get("c", lambda: 4) == 4
    assert values.get("a", lambda: 5) == 1
    assert values.get("b", lambda: 6) == 6


def test_a_failure_is_raised_and_not_kept() -> None:
    values: Once[int] = Once(2)
    with pytest.raises(ZeroDivisionError):
        values.get("a", lambda: 1 // 0)
    assert values.get("a", lambda: 7) == 7
