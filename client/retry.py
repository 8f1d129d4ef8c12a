"""When and how often a call that failed is tried again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import grpc

from .errors import DojoError

CLOSE_SECONDS = 5.0  # for the sessions of who has left, or was cancelled

_LONGEST_HINTED_WAIT = 30.0
_TRANSIENT = (
    frozenset(  # CANCELLED: by a server that has too much to do; what is cancelled here never comes so far
        {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
    )
)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Bounded exponential backoff: seconds to wait before the second, third, … try.

    A wait is drawn from the upper half of its bound, so that many clients that lost one server do not come
    back at one moment.
    """

    tries: int = 9
    first: float = 0.1
    factor: float = 2.0
    longest: float = 3.0

    def waits(self) -> Iterator[float]:
        """Gives `tries` - 1 waits in seconds."""
        bound = self.first
        for _ in range(self.tries - 1):
            yield bound * random.uniform(0.5, 1.0)
            bound = min(bound * self.factor, self.longest)


BACKOFF = Backoff()  # about 12 seconds in all: a server that is started anew comes back within it


def may_retry(error: DojoError) -> bool:
    """Says whether the same call may do better later.

    Every call of the contract can be repeated safely: a step by its index, a reset by its session id.
    """
    return error.code in _TRANSIENT or error.retry_after is not None


def wait_for(error: DojoError, wait: float) -> float:
    """Gives how long to wait after `error`: `wait`, or what the service asked for where that is longer."""
    return max(wait, min(error.retry_after or 0.0, _LONGEST_HINTED_WAIT))
