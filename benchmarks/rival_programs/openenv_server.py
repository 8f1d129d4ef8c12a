"""An OpenEnv server around the episode core, for uvicorn: `benchmarks.rival_programs.openenv_server:app`.

BANK names the bank, MAX_CONCURRENT_ENVS the most sessions of one worker.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from openenv.core.env_server.http_server import create_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, Observation, State

from .core_session import CoreSession, core_sessions


class SqlAction(Action):  # type: ignore[misc]
    """A query."""

    sql: str


class SqlObservation(Observation):  # type: ignore[misc]
    """What a step shows: less than sqldojo's own answer, which also has types and the reward's terms."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    row_count: int = 0
    error: str = ""
    steps_left: int = 0


class SqlEnvironment(Environment):  # type: ignore[misc]
    """A session. Its steps are played on the event loop: that saves OpenEnv a thread's hop for each."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self) -> None:
        super().__init__()
        self._session: CoreSession = _make_session()

    def reset(self, **_: Any) -> SqlObservation:
        """Begins an episode anew."""
        self._session.reset()
        return SqlObservation(steps_left=self._session.first.steps_left)

    async def reset_async(self, **_: Any) -> SqlObservation:
        """Begins an episode anew."""
        return self.reset()

    def step(self, action: SqlAction, **_: Any) -> SqlObservation:
        """Plays a query."""
        transition = self._session.step(action.sql)
        seen, result = transition.observation, transition.observation.result
        return SqlObservation(
            columns=() if result is None else tuple(column.name for column in result.columns),
            rows=() if result is None else result.rows,
            row_count=0 if result is None else result.row_count,
            error="" if seen.error is None else seen.error.message,
            steps_left=seen.steps_left,
            reward=transition.reward.total,
            done=seen.done,
        )

    async def step_async(self, action: SqlAction, **_: Any) -> SqlObservation:
        """Plays a query."""
        return self.step(action)

    @property
    def state(self) -> State:
        """Nothing that the load asks for."""
        return State()


_make_session = core_sessions(Path(os.environ["BANK"]))
app = create_app(
    SqlEnvironment,
    SqlAction,
    SqlObservation,
    env_name="sqldojo",
    max_concurrent_envs=int(os.environ["MAX_CONCURRENT_ENVS"]),
)
