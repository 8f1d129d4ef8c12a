"""The baselines, played by a player: an episode is one call, and no session."""

from __future__ import annotations

import json
from random import Random
from typing import NamedTuple

from ..core.baselines import oracle_actions, random_action
from ..core.built_in_profiles import BUILT_IN_PROFILES
from ..core.episode import Episode, EpisodeState
from ..core.observation import Outcome
from ..core.review import Reviewer
from ..core.task import PreparedTask
from ..sandbox.pool import DatabasePool
from ..tasks.bank import TaskBank
from .errors import internal
from .link import Call

BASELINE = "Baseline"  # the method whose calls are such episodes


class BaselineEpisode(NamedTuple):
    """What is to be played: a task, by the oracle or else at random, from a seed."""

    task_id: str
    by_oracle: bool
    seed: int

    def encode(self) -> bytes:
        """Gives a call's data."""
        return json.dumps(self).encode()


class BaselinePlayed(NamedTuple):
    """What came of it."""

    reward: float
    steps: int
    solved: bool

    @classmethod
    def decode(cls, answer: bytes) -> BaselinePlayed:
        """Reads a call's answer."""
        return cls(*json.loads(answer))


class Baselines:
    """Plays episodes on a bank. For any thread."""

    def __init__(self, bank: TaskBank, pool: DatabasePool, reviewer: Reviewer) -> None:
        self._bank = bank
        self._pool = pool
        self._reviewer = reviewer

    def play(self, call: Call) -> bytes:
        """Plays one. Raises Refusal for one that brought down the player before this."""
        if call.cuts:
            raise internal()
        wanted = BaselineEpisode(*json.loads(call.data))
        prepared = self._bank.prepare(wanted.task_id)
        task = prepared.task
        world = self._pool.world(self._bank.images(task.database_id), task.permissions)
        episode = Episode(prepared, BUILT_IN_PROFILES.default(task.kind), world, self._reviewer)
        try:
            if wanted.by_oracle:
                state = _play_oracle(episode, prepared)
            else:
                state = _play_random(episode, prepared, Random(wanted.seed))
        finally:
            episode.close()
        played = BaselinePlayed(state.total_reward, state.steps_used, state.outcome is Outcome.SOLVED)
        return json.dumps(played).encode()


def _play_oracle(episode: Episode, prepared: PreparedTask) -> EpisodeState:
    state, _ = episode.start()
    for action in oracle_actions(prepared):
        state = episode.step(state, action).state
    return state


def _play_random(episode: Episode, prepared: PreparedTask, rng: Random) -> EpisodeState:
    state, observation = episode.start()
    while state.outcome is Outcome.RUNNING:
        transition = episode.step(state, random_action(rng, prepared, observation))
        state, observation = transition.state, transition.observation
    return state
