"""Values that are made once, however many threads ask for them, and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Keeps the `capacity` values that were asked for last."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._under_way: dict[Hashable, Future[T]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Gives the value of `key`, made by `make` if it is not there; other threads wait for that one call.

        What `make` raises is raised for all who wait, and not kept.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            others = self._under_way.get(key)
            if others is None:
                mine = self._under_way[key] = Future()
        return self._make(key, mine, make) if others is None else others.result()

    def _make(self, key: Hashable, mine: Future[T], make: Callable[[], T]) -> T:
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._under_way[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._under_way[key]
            self._values[key] = value
            if len(self._values) > self._capacity:
                self._values.popitem(last=False)
        mine.set_result(value)
        return value
