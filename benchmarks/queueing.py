"""A discrete-event simulation of queues: stations that serve jobs, one after the other or in batches.

Times are in seconds. What arrives at a station waits in its order, is served and goes on by its callback.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count

Done = Callable[[], None]


class Clock:
    """Simulated time: what is to happen, in its order."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Done]] = []
        self._numbers = count()  # so that what is to happen at one time happens in the order it was asked for

    def after(self, seconds: float, then: Done) -> None:
        """Has something happen later."""
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), then))

    def run(self, until: float) -> None:
        """Lets happen what is to happen before a time; then it is that time."""
        while self._events and self._events[0][0] <= until:
            self.now, _, then = heapq.heappop(self._events)
            then()
        self.now = until


class Station:
    """A queue before `servers` that each serve one job at a time: a pool of cores, a link.

    `arrived` = `served` + `waiting` + `busy` at any time.
    """

    def __init__(self, clock: Clock, servers: int) -> None:
        self.servers = servers
        self.arrived = self.served = self.busy = 0
        self.waited = 0.0  # seconds, of all jobs whose service has begun
        self._clock = clock
        self._busy_seconds = 0.0
        self._changed = self._began = clock.now
        self._queue: deque[tuple[float, float, Done]] = deque()

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return len(self._queue)

    def arrive(self, service: float, then: Done) -> None:
        """Takes a job that needs `service` seconds of one server; afterwards `then` is called."""
        self.arrived += 1
        self._queue.append((self._clock.now, service, then))
        self._begin()

    def utilisation(self) -> float:
        """Gives the share of its servers' time that was spent serving since the last restart, 0 to 1."""
        self._account()
        passed = self._clock.now - self._began
        return self._busy_seconds / (passed * self.servers) if passed else 0.0

    def restart(self) -> None:
        """Forgets what was spent so far, so that a start from nothing does not count."""
        self._account()
        self._busy_seconds, self._began = 0.0, self._clock.now

    def _begin(self) -> None:
        while self._queue and self.busy < self.servers:
            came, service, then = self._queue.popleft()
            self.waited += self._clock.now - came
            self._account()
            self.busy += 1
            self._clock.after(service, lambda then=then: self._end(then))  # type: ignore[misc]

    def _end(self, then: Done) -> None:
        self._account()
        self.busy -= 1
        self.served += 1
        self._begin()
        then()

    def _account(self) -> None:
        self._busy_seconds += self.busy * (self._clock.now - self._changed)
        self._changed = self._clock.now


class Batches:
    """What came while one batch was dealt with goes together into the next, as in a group commit.

    `deal` gets a batch's units, summed, and what to call when it is done.
    """

    def __init__(self, deal: Callable[[int, Done], None]) -> None:
        self._deal = deal
        self._waiting: list[tuple[int, Done]] = []
        self._dealing = False

    def arrive(self, units: int, then: Done) -> None:
        """Takes a job of so many units."""
        self._waiting.append((units, then))
        if not self._dealing:
            self._next()

    def _next(self) -> None:
        batch, self._waiting = self._waiting, []
        self._dealing = bool(batch)
        if batch:
            self._deal(sum(units for units, _ in batch), lambda: self._done(batch))

    def _done(self, batch: list[tuple[int, Done]]) -> None:
        self._next()
        for _, then in batch:
            then()
