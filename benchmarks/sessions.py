"""`python -m benchmarks.sessions`: memory and steps per second by the number of live sessions."""

from __future__ import annotations

import asyncio
import sys
from statistics import median

from . import report, server_load
from .figure import Benchmark, Figure, Picture, Shape
from .server_load import Played, Server
from .turns import rounds

FEW, MANY = 10, 10_000
GROWTH = (100, 1_000, MANY)
ROUNDS = 8
REACH = 1.15  # times the cost of a step with few sessions


def measure(seconds: float) -> list[Figure]:
    """Measures by turns a server with few sessions and one whose sessions become many."""
    with server_load.server() as few, server_load.server() as growing:
        return asyncio.run(_measure(few, growing, *rounds(seconds / len(GROWTH), 2, ROUNDS)))


async def _measure(few: Server, growing: Server, number: int, seconds: float) -> list[Figure]:
    async with (
        server_load.channel(few.address) as to_few,
        server_load.channel(growing.address) as to_growing,
    ):
        beside = server_load.FrameLoad(to_few, "light", sessions=FEW)
        load = server_load.FrameLoad(to_growing, "light", sessions=FEW)
        await load.grow(FEW)
        before = growing.resident_bytes()
        found: dict[int, list[tuple[Played, Played]]] = {}
        for sessions in GROWTH:
            await load.grow(sessions)
            after = growing.resident_bytes()
            found[sessions] = [
                (
                    await beside.play(seconds, few.cpu_seconds),
                    await load.play(seconds, growing.cpu_seconds),
                )
                for _ in range(number)
            ]
    all_few = [played for pairs in found.values() for played, _ in pairs]
    more = median(many.cost / some.cost for some, many in found[MANY])
    return [
        _rate(FEW, all_few),
        *(_rate(sessions, [played for _, played in pairs]) for sessions, pairs in found.items()),
        Figure("a session's memory", (after - before) / (MANY - FEW), "bytes"),
        Figure(f"CPU of a step, {MANY:,} sessions over {FEW}", more, "times", REACH, at_most=True),
    ]


def _rate(sessions: int, found: list[Played]) -> Figure:
    rate = median(played.rate for played in found)
    return Figure(f"{sessions:,} sessions", rate, "steps/s", series="light", at=sessions)


BENCHMARK = Benchmark(
    "sessions",
    "Steps per second by live sessions",
    "frames of 128, 4 outstanding, every session in turn; memory after each session was opened and "
    "played for a step or two; one player, guards on, journal on (NORMAL)",
    24.0,
    measure,
    Picture(Shape.LINES, "live sessions", "steps/s", log_x=True),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
