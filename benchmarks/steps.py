"""`python -m benchmarks.steps`: steps per second by frames, beside the bare loop that does nothing else."""

from __future__ import annotations

import asyncio
import sys
from statistics import median

from . import report, server_load, workload
from .bare_loop import FRAME, BareLoop
from .figure import Benchmark, Figure, Picture, Shape
from .server_load import Played, Server
from .turns import rounds

ROUNDS = 10
REACH = {"light": 0.75, "heavy": 0.90}


def measure(seconds: float) -> list[Figure]:
    """Measures by turns."""
    with server_load.server() as server:
        return asyncio.run(_measure(server, *rounds(seconds / len(workload.KINDS), 2, ROUNDS)))


async def _measure(server: Server, number: int, seconds: float) -> list[Figure]:
    figures: list[Figure] = []
    async with server_load.channel(server.address) as channel:
        for kind in workload.KINDS:
            load = server_load.FrameLoad(channel, kind, frame=FRAME)
            with BareLoop(kind) as bare:
                found = [
                    (bare.play(seconds), await load.play(seconds, server.cpu_seconds)) for _ in range(number)
                ]
            figures += _figures(kind, found)
    return figures


def _figures(kind: str, found: list[tuple[Played, Played]]) -> list[Figure]:
    bare = median(each.rate for each, _ in found)
    frames = median(each.rate for _, each in found)
    ratio = median(framed.rate / alone.rate for alone, framed in found)
    bare_cost = median(each.cost for each, _ in found)
    cost = median(each.cost for _, each in found)
    return [
        Figure(f"{kind}, by frames", frames, "steps/s", series="by frames", at=kind),
        Figure(f"{kind}, bare loop", bare, "steps/s", series="bare loop", at=kind),
        Figure(f"{kind}, by frames over bare loop", ratio, "", REACH.get(kind)),
        Figure(f"{kind}, the server's processes", cost * 1e6, "µs of CPU a step"),
        Figure(f"{kind}, bare loop's process", bare_cost * 1e6, "µs of CPU a step"),
    ]


BENCHMARK = Benchmark(
    "steps",
    "Steps per second",
    f"frames of {FRAME}, 4 outstanding, {4 * FRAME} sessions, one stream, one player, guards on, journal on "
    f"(NORMAL); mixed is one heavy query in {workload.MIX}",
    30.0,
    measure,
    Picture(Shape.BARS, "query", "steps/s"),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
