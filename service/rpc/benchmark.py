"""BenchmarkService: the baselines, played by the players as all else is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from random import Random

from sqldojo.v1 import benchmark_pb2 as pb

from ..core.task import Split, Task, TaskKind
from ..players.baselines import BASELINE, BaselineEpisode, BaselinePlayed
from ..players.fleet import Fleet
from ..sessions.refusal import Reason, Refusal
from ..tasks.bank import TaskBank
from .access import Caller

PROGRESS_EVERY = 10  # episodes


class Benchmark:
    """Answers the requests of BenchmarkService."""

    def __init__(self, bank: TaskBank, fleet: Fleet) -> None:
        self._bank = bank
        self._fleet = fleet

    async def run(self, request: pb.RunRequest, caller: Caller) -> AsyncIterator[pb.RunResponse]:
        """Has the episodes played; gives a message now and then, and the result at last. Raises Refusal."""
        started = time.perf_counter()
        played: list[BaselinePlayed] = []
        by_oracle, drawn = request.baseline == pb.BASELINE_ORACLE, self._draw(request)
        for index in range(request.episodes):
            task = await asyncio.to_thread(next, drawn)
            episode = BaselineEpisode(task.task_id, by_oracle, request.seed + index)
            answer = await self._fleet.call(BASELINE, episode.encode(), "", caller.name, False)
            played.append(BaselinePlayed.decode(answer))
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
