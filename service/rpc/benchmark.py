"""BenchmarkService: the baselines, played inside the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from sqldojo.v1 import benchmark_pb2 as pb

from ..core.baselines import oracle_actions, random_action
from ..core.built_in_profiles import BUILT_IN_PROFILES
from ..core.episode import Episode
from ..core.observation import Outcome
from ..core.review import Reviewer
from ..core.task import PreparedTask, Split, Task, TaskKind
from ..sandbox.pool import DatabasePool
from ..sessions.refusal import Reason, Refusal
from ..tasks.bank import TaskBank
from .access import Caller

PROGRESS_EVERY = 10  # episodes


@dataclass(frozen=True, slots=True)
class _Played:
    reward: float
    steps: int
    solved: bool


class Benchmark:
    """Answers the requests of BenchmarkService. Blocking: every message is made on a worker thread."""

    def __init__(self, bank: TaskBank, pool: DatabasePool, reviewer: Reviewer) -> None:
        self._bank = bank
        self._pool = pool
        self._reviewer = reviewer

    def run(self, request: pb.RunRequest, _: Caller) -> Iterator[pb.RunResponse]:
        """Plays the episodes; gives a message now and then, and the result at last."""
        started = time.perf_counter()
        played: list[_Played] = []
        for index, task in enumerate(self._draw(request)):
            played.append(self._play(task, request.baseline, request.seed + index))
            if (index + 1) % PROGRESS_EVERY == 0:
                yield pb.RunResponse(
                    progress=pb.RunProgress(episodes_done=index + 1, episodes_total=request.episodes)
                )
        seconds = time.perf_counter() - started
        count = len(played)
        steps = sum(each.steps for each in played)
        yield pb.RunResponse(
            result=pb.RunResult(
                episodes=count,
                success_rate=sum(each.solved for each in played) / count,
                mean_reward=sum(each.reward for each in played) / count,
                mean_steps=steps / count,
                wall_seconds=seconds,
                steps_per_second=steps / seconds,
            )
        )

    def _draw(self, request: pb.RunRequest) -> Iterator[Task]:
        """Draws tasks by the seed, each once before any again."""
        tasks = self._bank.select(
            kind=TaskKind(request.kind) if request.kind else None,
            split=Split(request.split) if request.split else None,
        )
        if not tasks:
            raise Refusal(
                Reason.UNKNOWN_TASK,
                "no task passes the filters",
                hint="TaskService.ListTasks lists the tasks.",
            )
        rng, order = Random(request.seed), list(range(len(tasks)))
        for index in range(request.episodes):
            if index % len(order) == 0:
                rng.shuffle(order)
            yield tasks[order[index % len(order)]]

    def _play(self, task: Task, baseline: pb.Baseline.ValueType, seed: int) -> _Played:
        prepared = self._bank.prepare(task.task_id)
        world = self._pool.world(self._bank.images(task.database_id), task.permissions)
        episode = Episode(prepared, BUILT_IN_PROFILES.default(task.kind), world, self._reviewer)
        try:
            if baseline == pb.BASELINE_ORACLE:
                return _play_oracle(episode, prepared)
            return _play_random(episode, prepared, Random(seed))
        finally:
            episode.close()


def _play_oracle(episode: Episode, prepared: PreparedTask) -> _Played:
    state, _ = episode.start()
    for action in oracle_actions(prepared):
        state = episode.step(state, action).state
    return _Played(state.total_reward, state.steps_used, state.outcome is Outcome.SOLVED)


def _play_random(episode: Episode, prepared: PreparedTask, rng: Random) -> _Played:
    state, observation = episode.start()
    while state.outcome is Outcome.RUNNING:
        transition = episode.step(state, random_action(rng, prepared, observation))
        state, observation = transition.state, transition.observation
    return _Played(state.total_reward, state.steps_used, state.outcome is Outcome.SOLVED)
