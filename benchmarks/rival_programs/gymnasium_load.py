"""Gymnasium's vector environments: `… gymnasium_load BANK SESSIONS sync|async`.

sync: all sessions in this process. async: a process for each, which is how Gymnasium uses cores.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

from benchmarks.workload import statement

from .core_session import CoreSession, core_sessions
from .turns import READY, Played, tell, turns


class Whatever(gymnasium.Space[Any]):  # type: ignore[misc]
    """A space of anything: Gymnasium hands its members on as they are."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Whatever)

    def __hash__(self) -> int:
        return hash(Whatever)

    def contains(self, _: Any) -> bool:
        """All there is."""
        return True

    @property
    def is_np_flattenable(self) -> bool:
        """No."""
        return False


class SqlEnv(gymnasium.Env[Any, str]):  # type: ignore[misc]
    """A session: a query in, the core's observation out."""

    observation_space = Whatever()
    action_space = Whatever()

    def __init__(self, make: Callable[[], CoreSession]) -> None:
        self._session = make()

    def reset(self, **_: Any) -> tuple[Any, Any]:
        """Begins an episode anew."""
        self._session.reset()
        return self._session.first, {}

    def step(self, action: str) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Plays a query."""
        transition = self._session.step(action)
        seen = transition.observation
        return seen, transition.reward.total, seen.done, False, {}


def main(bank: Path, sessions: int, way: str) -> None:
    """Plays when it is told to; each turn of the vector environment steps all sessions."""
    make = core_sessions(bank)
    envs: list[Callable[[], SqlEnv]] = [lambda: SqlEnv(make)] * sessions
    if way == "sync":
        vector = SyncVectorEnv(envs, copy=False)
    else:
        vector = AsyncVectorEnv(envs, shared_memory=False, copy=False, context="fork")
    vector.reset()
    tell(READY)
    numbers = count()
    over = 0  # environments whose episode is over: the next step begins them anew instead
    for turn in turns():
        began, steps = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - began) < turn.seconds:
            sqls = tuple(statement(turn.kind, next(numbers)) for _ in range(sessions))
            seen, _, ended, _, _ = vector.step(sqls)
            assert over or all(each.result.row_count == 20 for each in seen), seen[0]
            steps += sessions - over
            over = int(ended.sum())
        tell(Played(steps, elapsed))
    vector.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
