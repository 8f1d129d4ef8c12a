"""Values that are made once, however many threads ask for them, and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Keeps the `capacity` values that were asked for last."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._values: OrderedDict[str, Future[T]] = OrderedDict()

    def get(self, key: str, make: Callable[[], T]) -> T:
        """Gives the value of `key`, made by `make` if it is not there; other threads wait for that one call.

        What `make` raises is raised for all who wait, and not kept.
        """
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            else:
                mine = self._values[key] = Future()
                if len(self._values) > self._capacity:
                    self._values.popitem(last=False)
        return self._make(key, mine, make) if value is None else value.result()

    def _make(self, key: str, mine: Future[T], make: Callable[[], T]) -> T:
        try:
            mine.set_result(make())
        except BaseException as error:
            with self._lock:
                if self._values.get(key) is mine:
                    del self._values[key]
            mine.set_exception(error)
        return mine.result()
