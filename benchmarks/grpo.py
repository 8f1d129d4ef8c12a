"""`python -m benchmarks.grpo`: how much of a GRPO trainer's time goes by while it waits for the environment.

A step of the trainer opens 32 prompts of the default bank, 8 rollouts each, and plays 4 turns of all of them
in lock step. Between turns the model thinks, for as long as its tokens take; the processor is free then, as
it is beside a GPU. What the rollouts of a prompt ask is drawn as a policy's is: mostly the same, sometimes
wrong. What the trainer does with the rewards is left out, so the share is that of rollouts alone. The first
step, in which the server opens its databases, is not counted: a training has thousands.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from random import Random
from statistics import median
from typing import NamedTuple

from sqldojo import Action, Answer, Describe, DojoError, Query, Sample, Submit, connect
from sqldojo.client import Dojo, EpisodeSpec, Split, Step, Task, TaskKind

from . import report, server_load
from .figure import Benchmark, Figure, Picture, Shape

PROMPTS, GROUP, TURNS = 32, 8, 4
TOKENS, SPEED = 256, 50  # in a turn of one rollout, and a second
OTHER_TOKENS = (64, 128, 512, 1024)
REACH = 2.0  # % of the trainer's wall time


class _Waited(NamedTuple):
    """Seconds that one step of the trainer waited: to open sessions, for its turns, and to close them."""

    opening: float
    turns: float
    closing: float


def measure(seconds: float) -> list[Figure]:
    """Plays steps of the trainer; with less time than one takes, the model thinks for less."""
    token = secrets.token_urlsafe(16)
    with server_load.server("--oracle-token", token, default_bank=True) as server:
        return asyncio.run(_measure(server.address, token, seconds))


async def _measure(address: str, token: str, seconds: float) -> list[Figure]:
    rng = Random(0)
    think = min(TOKENS / SPEED, seconds / TURNS)
    steps = max(1, round(seconds / (TURNS * think)))
    async with connect(address, token=token, oracle=True) as dojo:
        tasks = await dojo.tasks(split=Split.TRAIN, gold=True)
        await _step(dojo, rng.sample(tasks, PROMPTS), rng, 0.0)  # the first of thousands opens the databases
        waited = [await _step(dojo, rng.sample(tasks, PROMPTS), rng, think) for _ in range(steps)]
    return _figures(waited)


async def _step(dojo: Dojo, tasks: list[Task], rng: Random, think: float) -> _Waited:
    """Plays one step of the trainer."""
    rollouts = [task for task in tasks for _ in range(GROUP)]
    turns = 0.0
    began = time.perf_counter()
    async with dojo.batch() as batch:
        opened = await batch.reset(EpisodeSpec(task.task_id, seed=n) for n, task in enumerate(rollouts))
        opening = time.perf_counter() - began
        for turn in range(TURNS):
            await asyncio.sleep(think)
            actions = {
                session: _action(task, turn, rng)
                for session, task in zip(opened, rollouts, strict=True)
                if not isinstance(session, DojoError)
            }
            assert len(actions) == len(rollouts), "a session could not be opened"
            began = time.perf_counter()
            played = await batch.step_many(actions)
            turns += time.perf_counter() - began
            assert all(isinstance(step, Step) for step in played.values()), "a step failed"
        began = time.perf_counter()
    return _Waited(opening, turns, time.perf_counter() - began)


def _action(task: Task, turn: int, rng: Random) -> Action:
    """Draws what one rollout of a prompt does in a turn: look, look again, query, answer or submit."""
    gold = task.gold
    assert gold is not None
    table = gold.tables[0] if rng.random() < 0.8 else rng.choice(gold.tables)
    is_right = rng.random() < 0.5
    if turn == 0:
        return Describe(table)
    if turn == 1:
        return Sample(table) if is_right else Query(f'SELECT COUNT(*) FROM "{table}"')
    if turn == 2:
        wrong = (f'SELECT * FROM "{table}" LIMIT {rng.randint(1, 9)}', f'SELECT nmae FROM "{table}"')
        return Query(gold.sql if is_right else rng.choice(wrong))
    if task.kind is TaskKind.REPAIR:
        return Submit(gold.sql if is_right else f'SELECT * FROM "{table}"')
    return Answer(gold.answer if is_right else str(rng.randint(0, 9)))


def _figures(waited: list[_Waited]) -> list[Figure]:
    """Gives shares of the time that the waiting and the model's whole thinking make."""

    def share(tokens: int) -> float:
        thinking = TURNS * tokens / SPEED
        return median(100 * sum(each) / (sum(each) + thinking) for each in waited)

    return [
        Figure("a turn of all rollouts", median(each.turns for each in waited) / TURNS * 1e3, "ms"),
        Figure("opening their sessions", median(each.opening for each in waited) * 1e3, "ms"),
        Figure("closing them", median(each.closing for each in waited) * 1e3, "ms"),
        *(
            Figure(
                f"waiting, {tokens} tokens a turn",
                share(tokens),
                "% of wall time",
                REACH if tokens == TOKENS else None,
                at_most=True,
                series="waiting",
                at=tokens,
            )
            for tokens in sorted((TOKENS, *OTHER_TOKENS))
        ),
    ]


BENCHMARK = Benchmark(
    "grpo",
    "Share of a GRPO trainer's time spent waiting for the environment",
    f"{PROMPTS} prompts of the default bank, {GROUP} rollouts each, {TURNS} turns in lock step (dojo.batch), "
    f"a model of {SPEED} tokens/s per rollout; opening and closing count as waiting; one player, guards on, "
    "journal on (NORMAL)",
    41.0,
    measure,
    Picture(Shape.LINES, "tokens a turn", "% of wall time", log_x=True),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
