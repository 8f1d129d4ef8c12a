"""One session of the load on the episode core: what every rival wraps, and what is called in-process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.workload import TASK_ID
from sqldojo.service.core.action import Query
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.episode import Episode, Transition
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.tasks.bank import TaskBank

BUDGET = 15  # steps of an episode, as in server_load


class CoreSession:
    """Plays episodes of the benchmark's task, one after the other, on a guarded database."""

    def __init__(self, make: Callable[[], Episode]) -> None:
        self._make = make
        self.reset()

    def reset(self) -> None:
        """Begins an episode anew."""
        self._episode = self._make()
        self._state, self.first = self._episode.start(BUDGET)

    def step(self, sql: str) -> Transition:
        """Plays a query."""
        transition = self._episode.step(self._state, Query(sql))
        self._state = transition.state
        return transition


def core_sessions(bank: Path) -> Callable[[], CoreSession]:
    """Gives what makes sessions on a bank: they share its databases, as those of a server do."""
    opened = TaskBank.open(bank)
    prepared = opened.prepare(TASK_ID)
    images = opened.images(prepared.task.database_id)
    profile = BUILT_IN_PROFILES.default(prepared.task.kind)
    pool, reviewer = DatabasePool(Limits()), SqlReviewer()

    def make() -> Episode:
        world = pool.world(images, prepared.task.permissions)
        return Episode(prepared, profile, world, reviewer)

    return lambda: CoreSession(make)
