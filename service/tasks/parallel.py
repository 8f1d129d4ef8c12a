"""Where the work of a build or a verification runs: in this process, in several, or on a Ray cluster."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, Protocol, TypeVar

from ..sandbox.clock import set_process_time_zone

T = TypeVar("T")
R = TypeVar("R")


class WorkersLost(Exception):
    """A worker process ended without a result: it was killed, or the machine ran out of memory."""


class Workers(Protocol):
    """Runs a function on an argument, both of which can be pickled, and gives its result in time.

    `ahead` is how many calls keep all of them busy.
    """

    ahead: int

    def submit(self, function: Callable[[Any], R], argument: Any, /) -> Future[R]:
        """Starts a call, or leaves it for later."""
        ...


def usable_cores() -> int:
    """Gives the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def workers(jobs: int, ray_address: str = "") -> Iterator[Workers]:
    """Gives `jobs` processes, for 1 this process itself, or with an address ("auto": this machine's) Ray.

    Calls that have not begun when the block is left are dropped. Raises ModuleNotFoundError without Ray.
    """
    if ray_address:
        from .ray_workers import ray_workers

        with ray_workers(ray_address) as cluster:
            yield cluster
        return
    if jobs <= 1:
        set_process_time_zone()
        yield _Here()
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        yield _Processes(pool, jobs)
    except BrokenProcessPool as broken:
        raise WorkersLost(
            "a worker process was killed, perhaps for want of memory; the same command goes on from here, "
            "with fewer --jobs if memory is short"
        ) from broken
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order(pool: Workers, function: Callable[[T], R], arguments: Iterable[T]) -> Iterator[R]:
    """Gives the results in the order of the arguments, of which only the next few are in work."""
    pending: deque[Future[R]] = deque()
    for argument in arguments:
        pending.append(pool.submit(function, argument))
        if len(pending) >= pool.ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _start_worker() -> None:
    """Leaves Ctrl-C to the process that gathers, and has SQLite see UTC."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_process_time_zone()
    gc.set_threshold(20_000, 20, 20)  # a statement's tree is some hundred objects, and soon gone
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the one that started it is gone, however that came."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


class _Here:
    """The process itself: a call is made when its result is asked for."""

    ahead = 1

    def submit(self, function: Callable[[Any], R], argument: Any) -> Future[R]:
        return _Later(lambda: function(argument))


class _Later(Future[R]):
    def __init__(self, call: Callable[[], R]) -> None:
        super().__init__()
        self._call = call

    def result(self, timeout: float | None = None) -> R:
        if not self.done():
            self.set_result(self._call())
        return super().result(timeout)


class _Processes:
    """Processes of this machine."""

    def __init__(self, pool: ProcessPoolExecutor, jobs: int) -> None:
        self._pool = pool
        self.ahead = 4 * jobs

    def submit(self, function: Callable[[Any], R], argument: Any) -> Future[R]:
        return self._pool.submit(function, argument)
