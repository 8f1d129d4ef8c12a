"""`python -m benchmarks.grading`: what grading an answer or a submission costs, beside a light step."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from itertools import count
from statistics import median

from sqldojo.v1 import action_pb2, observation_pb2
from sqldojo.v1 import environment_pb2 as pb

from . import report, server_load, workload
from .figure import Benchmark, Figure, Picture, Shape

FRAME = 128
ROUNDS = 6
FAR = 1_000_000  # as many light steps, times 60, are never played
REACH = 3.0  # times a light step, when the results are known
LIGHT, ANSWER, SUBMISSION, NEW = (
    "a light step",
    "an answer",
    "a submission",
    "a submission, never seen before",
)


def measure(seconds: float) -> list[Figure]:
    """Measures by turns, in frames of new sessions' first steps."""
    with server_load.server() as server:
        return asyncio.run(_measure(server.address, seconds))


async def _measure(address: str, seconds: float) -> list[Figure]:
    actions: dict[str, Callable[[int], action_pb2.Action]] = {
        LIGHT: lambda _: action_pb2.Action(query=action_pb2.Query(sql=workload.new_statement("light"))),
        ANSWER: lambda _: action_pb2.Action(answer=action_pb2.Answer(value="1200")),
        SUBMISSION: lambda _: _submit(workload.statement("light", 0)),
        NEW: lambda n: _submit(workload.statement("light", 60 * (n + FAR))),
    }
    async with server_load.channel(address) as channel:
        stream: server_load.Stream = channel.stream_stream(server_load.SERVICE + "Rollout")()
        numbers = count()
        found: dict[str, list[float]] = {what: [] for what in actions}
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or len(found[NEW]) < ROUNDS:
            for what, action in actions.items():
                task_id = workload.REPAIR_ID if what in {SUBMISSION, NEW} else workload.TASK_ID
                resets = [
                    pb.Command(reset=pb.ResetRequest(task_id=task_id, session_id=f"g{place}"))
                    for place in range(FRAME)
                ]
                await server_load.exchange(stream, resets)
                steps = [
                    pb.Command(
                        step=pb.StepRequest(
                            session_id=f"g{place}", step_index=1, action=action(next(numbers))
                        )
                    )
                    for place in range(FRAME)
                ]
                began = time.perf_counter()
                reply = await server_load.exchange(stream, steps)
                found[what].append((time.perf_counter() - began) / FRAME)
                solved = {result.step.observation.outcome for result in reply.results}
                assert what == LIGHT or solved == {observation_pb2.OUTCOME_SOLVED}, (what, reply.results[0])
    figures = [
        Figure(what, median(each) * 1e6, "µs a step", series="a step", at=what)
        for what, each in found.items()
    ]
    for what in (ANSWER, SUBMISSION):
        ratio = median(each / light for each, light in zip(found[what], found[LIGHT], strict=True))
        figures.append(Figure(f"{what} over {LIGHT}", ratio, "times", REACH, at_most=True))
    return figures


def _submit(sql: str) -> action_pb2.Action:
    return action_pb2.Action(submit=action_pb2.Submit(sql=sql))


BENCHMARK = Benchmark(
    "grading",
    "What grading costs",
    f"first steps of new sessions, one frame of {FRAME} under way; submissions are run and "
    f"compared on all {workload.INSTANCES} instances; one player, guards on, journal on (NORMAL)",
    10.0,
    measure,
    Picture(Shape.BARS, "", "µs"),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
