"""The workers of a Ray cluster. Needs the extra [ray]."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

import ray

from ..sandbox.clock import set_process_time_zone

R = TypeVar("R")


@contextlib.contextmanager
def ray_workers(address: str) -> Iterator[_Cluster]:
    """Connects to the cluster at `address`; "local" starts one on this machine for as long as the block."""
    ray.init(None if address == "local" else address, log_to_driver=False, include_dashboard=False)
    try:
        yield _Cluster(max(1, int(ray.cluster_resources().get("CPU", 1))))
    finally:
        ray.shutdown()


class _Cluster:
    """Runs each call as a Ray task on one core."""

    def __init__(self, cores: int) -> None:
        self.ahead = 2 * cores
        self._call = ray.remote(_in_utc)

    def submit(self, function: Callable[[Any], R], argument: Any) -> Future[R]:
        future: Future[R] = self._call.remote(function, argument).future()
        return future


def _in_utc(function: Callable[[Any], R], argument: Any) -> R:
    set_process_time_zone()
    return function(argument)
