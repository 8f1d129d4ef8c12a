"""`python -m benchmarks.scaling`: steps per second by the number of processes that play."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import ExitStack
from statistics import median

from . import report, server_load
from .figure import Benchmark, Figure, Picture, Shape
from .turns import rounds

KINDS = ("heavy", "light")
ROUNDS = 6
REACH = 1.7  # times one player, for two on heavy queries


def measure(seconds: float) -> list[Figure]:
    """Measures by turns, each number of players on a server of its own."""
    counts = _counts(len(os.sched_getaffinity(0)))
    with ExitStack() as stack:
        addresses = {
            players: stack.enter_context(server_load.server("--players", str(players))).address
            for players in counts
        }
        return asyncio.run(_measure(addresses, *rounds(seconds / len(KINDS), len(counts), ROUNDS)))


async def _measure(addresses: dict[int, str], number: int, seconds: float) -> list[Figure]:
    figures: list[Figure] = []
    for kind in KINDS:
        loads = {
            players: server_load.FrameLoad(server_load.channel(address), kind)
            for players, address in addresses.items()
        }
        found = [
            {players: (await load.play(seconds)).rate for players, load in loads.items()}
            for _ in range(number)
        ]
        for players in addresses:
            rate = median(each[players] for each in found)
            figures.append(Figure(f"{kind}, players: {players}", rate, "steps/s", series=kind, at=players))
        for players in list(addresses)[1:]:
            ratio = median(each[players] / each[1] for each in found)
            reach = REACH if (kind, players) == ("heavy", 2) else None
            figures.append(Figure(f"{kind}, {players} players over one", ratio, "", reach))
    return figures


def _counts(cores: int) -> list[int]:
    """Gives 1, 2, 4, … up to the cores, and at least 2."""
    return [1 << power for power in range(max(2, cores.bit_length()))]


BENCHMARK = Benchmark(
    "scaling",
    "Steps per second by players",
    "frames of 128, 4 outstanding, one stream; client and server share the cores; guards on, "
    "journal on (NORMAL)",
    24.0,
    measure,
    Picture(Shape.LINES, "players", "steps/s"),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
