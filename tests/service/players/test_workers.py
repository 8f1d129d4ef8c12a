from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from sqldojo.service.players.workers import Workers


def test_work_one_after_the_other_stays_on_one_thread() -> None:
    with Workers(8, "test") as workers:
        threads = {workers.submit(threading.get_ident).result() for _ in range(50)}
    assert len(threads) == 1


def test_work_at_once_takes_as_many_threads_as_there_may_be_and_the_rest_waits() -> None:
    barrier = threading.Barrier(3)

    def meet() -> int:
        barrier.wait(10)
        return threading.get_ident()

    with Workers(3, "test") as workers:
        futures: list[Future[int]] = [workers.submit(meet) for _ in range(9)]
        threads = [future.result(10) for future in futures]
    assert len(set(threads)) == 3


def test_an_exception_reaches_who_waits_and_the_thread_works_on() -> None:
    def fail() -> None:
        raise ValueError("no")

    with Workers(1, "test") as workers:
        with pytest.raises(ValueError, match="no"):
            workers.submit(fail).result(10)
        assert workers.submit(lambda: 7).result(10) == 7


def test_shutdown_does_what_was_submitted_and_takes_no_more() -> None:
    workers = Workers(2, "test")
    futures = [workers.submit(lambda value=value: value) for value in range(100)]
    workers.shutdown()
    assert [future.result(0) for future in futures] == list(range(100))
    with pytest.raises(RuntimeError):
        workers.submit(lambda: 1)
