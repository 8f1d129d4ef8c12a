"""Plays a policy through a server's tasks and reports what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from importlib.metadata import version

from ..client.connection import Dojo
from ..client.policy import Policy
from ..client.sync import SyncDojo
from ..client.types import MAX_SEED, BankInfo, Episode, EpisodeSpec, Task
from .outcome import EpisodeResult, EvaluationResult, Run, StepRecord
from .tasks import ALL_TASKS, TaskFilter, draw

Progress = Callable[[int, int], None]
Tasks = TaskFilter | Sequence[Task]


async def evaluate(
    dojo: Dojo,
    policy: Policy,
    *,
    n_episodes: int,
    seed: int = 0,
    tasks: Tasks = ALL_TASKS,
    profile: str = "",
    budget: int = 0,
    concurrency: int = 64,
    label: str = "",
    progress: Progress | None = None,
) -> EvaluationResult:
    """Plays `n_episodes` episodes and gives all of them with their figures.

    Tasks are drawn by the seed, each once before any again; episode i is played with seed + i. A policy
    with `for_episode` gives the same result whatever the concurrency; so does one that decides by the
    observation alone. An episode that breaks (the policy raises, the server refuses a call) is kept with
    its error and does not end the run.

    `tasks` are those to draw from. An empty `profile` leaves the reward to each task's own, a `budget` of 0
    the number of steps to the profile. `concurrency` episodes are under way at once. `label` is the policy's
    name in tables and files; without it, its `label` or its class's name. `progress` is called after each
    episode with the number of those played and of all.

    Raises NoTasks when there is no task to play, ValueError when `n_episodes` is below 1 or a seed is not in
    0 to 2**64 - 1, DojoError when the server can't be reached or refuses to list its tasks.
    """
    pool = await dojo.tasks(**asdict(tasks)) if isinstance(tasks, TaskFilter) else tasks
    bank = await dojo.bank()
    run = _run(label or _label(policy), n_episodes, seed, profile, budget, tasks, pool, bank)
    drawn = draw(pool, n_episodes, seed)
    episodes: list[EpisodeResult] = []
    # Closed even when `progress` raises, so that no session is left behind.
    async with aclosing(dojo.rollouts(_specs(run, drawn), policy, concurrency=concurrency)) as rollouts:
        async for episode in rollouts:
            episodes.append(_result(episode, drawn[episode.index]))
            if progress:
                progress(len(episodes), n_episodes)
    return EvaluationResult(run, tuple(sorted(episodes, key=_index)))


def evaluate_sync(
    dojo: SyncDojo,
    policy: Policy,
    *,
    n_episodes: int,
    seed: int = 0,
    tasks: Tasks = ALL_TASKS,
    profile: str = "",
    budget: int = 0,
    concurrency: int = 64,
    label: str = "",
    progress: Progress | None = None,
) -> EvaluationResult:
    """Does what `evaluate` does, for programs without an event loop; the result is the same."""
    pool = dojo.tasks(**asdict(tasks)) if isinstance(tasks, TaskFilter) else tasks
    run = _run(label or _label(policy), n_episodes, seed, profile, budget, tasks, pool, dojo.bank())
    drawn = draw(pool, n_episodes, seed)
    episodes: list[EpisodeResult] = []
    for episode in dojo.rollouts(_specs(run, drawn), policy, concurrency=concurrency):
        episodes.append(_result(episode, drawn[episode.index]))
        if progress:
            progress(len(episodes), n_episodes)
    return EvaluationResult(run, tuple(sorted(episodes, key=_index)))


def _label(policy: Policy) -> str:
    return str(getattr(policy, "label", type(policy).__name__))


def _run(
    label: str,
    n_episodes: int,
    seed: int,
    profile: str,
    budget: int,
    tasks: Tasks,
    pool: Sequence[Task],
    bank: BankInfo,
) -> Run:
    return Run(
        policy=label,
        n_episodes=n_episodes,
        seed=seed,
        profile=profile,
        budget=budget,
        tasks=tasks if isinstance(tasks, TaskFilter) else None,
        task_count=len(pool),
        bank_digest=bank.digest,
        server_version=bank.server_version,
        package=version("sqldojo"),
    )


def _specs(run: Run, drawn: Sequence[Task]) -> list[EpisodeSpec]:
    last = run.seed + run.n_episodes - 1
    if run.seed < 0 or last > MAX_SEED:
        raise ValueError(f"the episodes' seeds, {run.seed} to {last}, must be in 0 to 2**64 - 1")
    return [
        EpisodeSpec(task.task_id, seed=run.seed + index, profile=run.profile, budget=run.budget)
        for index, task in enumerate(drawn)
    ]


def _result(episode: Episode, task: Task) -> EpisodeResult:
    return EpisodeResult(
        index=episode.index,
        task_id=task.task_id,
        kind=task.kind,
        difficulty=task.difficulty,
        family=task.family,
        seed=episode.spec.seed,
        steps=tuple(StepRecord(step.action, step.reward) for step in episode.steps),
        total_reward=episode.total_reward,
        outcome=episode.outcome,
        error=episode.error,
    )


def _index(episode: EpisodeResult) -> int:
    return episode.index
