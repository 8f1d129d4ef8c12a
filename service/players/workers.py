"""The threads that statements run on."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_Resolve = Callable[[], None]  # tells who waits what came of it
_Work = Callable[[], _Resolve]


class Workers(Executor):
    """At most `count` threads. Of those idle, the one that worked last works next.

    Each thread has databases of its own open, so the fewer take part, the warmer their caches are: one
    stream of frames stays on one thread. `ThreadPoolExecutor` would hand its frames round.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._idle: list[SimpleQueue[_Work | None]] = []  # their inboxes, the last to become idle at the end
        self._waiting: deque[_Work] = deque()
        self._closed = False

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Has `fn(*args, **kwargs)` called on a thread. Raises RuntimeError after shutdown."""
        future: Future[R] = Future()

        def work() -> _Resolve:
            if not future.set_running_or_notify_cancel():
                return lambda: None
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                return partial(future.set_exception, error)
            return partial(future.set_result, result)

        with self._lock:
            if self._closed:
                raise RuntimeError("work for workers that were shut down")
            if self._idle:
                self._idle.pop().put(work)
            elif len(self._threads) < self._count:
                self._start(work)
            else:
                self._waiting.append(work)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the threads once all work that was submitted is done; `cancel_futures` drops what waits."""
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._waiting.clear()
            for inbox in self._idle:
                inbox.put(None)
            self._idle.clear()
        if wait:
            for thread in self._threads:
                thread.join()

    def _start(self, work: _Work) -> None:
        inbox: SimpleQueue[_Work | None] = SimpleQueue()
        inbox.put(work)
        thread = threading.Thread(
            target=self._run, args=(inbox,), name=f"{self._name}-{len(self._threads)}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _run(self, inbox: SimpleQueue[_Work | None]) -> None:
        work = inbox.get()
        while work is not None:
            resolve = work()
            # Idle before it tells, so that whoever waited finds this thread for the next work.
            with self._lock:
                if self._waiting:
                    inbox.put(self._waiting.popleft())
                elif self._closed:
                    inbox.put(None)
                else:
                    self._idle.append(inbox)
            resolve()
            del work, resolve  # or what they hold would live on while this thread is idle
            work = inbox.get()
