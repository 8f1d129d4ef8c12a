"""`python -m benchmarks.latency`: how long a light step takes while others are sent at a fixed rate.

The load is open: whether answers come or not, the next step is sent when it is due, and its time counts from
then. So a server that falls behind is seen to fall behind.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from statistics import quantiles

from . import report, server_load
from .figure import Benchmark, Figure, Picture, Shape

SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of what the server can do, which is measured before
FRAME = 32
IN_FLIGHT = 64  # single calls while that is measured
SESSIONS = 1024


def measure(seconds: float) -> list[Figure]:
    """Measures single calls, then frames of 32, on one server."""
    with server_load.server() as server:
        return asyncio.run(_measure(server.address, seconds / 2 / (len(SHARES) + 1)))


async def _measure(address: str, seconds: float) -> list[Figure]:
    async with server_load.channel(address) as channel:
        closed = server_load.CallLoad(channel, "light", in_flight=IN_FLIGHT, name="closed")
        calls = server_load.CallLoad(channel, "light", in_flight=SESSIONS)
        capacity = (await closed.play(seconds)).rate
        figures = [Figure(f"single calls, {IN_FLIGHT} in flight", capacity, "steps/s")]
        for share in SHARES:
            found = await _offer_calls(calls, share * capacity, seconds)
            figures += _figures("single calls", share, found)
        frames = server_load.FrameLoad(channel, "light", frame=FRAME, name="closed")
        capacity = (await frames.play(seconds)).rate
        figures.append(Figure(f"frames of {FRAME}, 4 outstanding", capacity, "steps/s"))
        load = server_load.FrameLoad(
            channel, "light", frame=FRAME, outstanding=0, sessions=SESSIONS, name="open"
        )
        for share in SHARES:
            found = await _offer_frames(load, share * capacity / FRAME, seconds)
            figures += _figures(f"frames of {FRAME}", share, found)
    return figures


async def _offer_calls(load: server_load.CallLoad, rate: float, seconds: float) -> list[float]:
    """Sends so many single calls a second; gives the seconds that each took."""
    found: list[float] = []
    busy: list[asyncio.Task[None]] = []

    async def step(place: int, due: float) -> None:
        await load.step(place)
        found.append(time.perf_counter() - due)

    async for number, due in _due(rate, seconds):
        busy.append(asyncio.create_task(step(number % SESSIONS, due)))
    await asyncio.gather(*busy)
    return found


async def _offer_frames(load: server_load.FrameLoad, rate: float, seconds: float) -> list[float]:
    """Sends so many frames a second; gives the seconds that each took."""
    found: list[float] = []
    waiting: deque[float] = deque()
    is_sent = asyncio.Semaphore(0)

    async def receive() -> None:
        while True:
            await is_sent.acquire()
            if not waiting:
                return
            await load.receive()
            found.append(time.perf_counter() - waiting.popleft())

    receiving = asyncio.create_task(receive())
    async for _, due in _due(rate, seconds):
        waiting.append(due)
        await load.send()
        is_sent.release()
    is_sent.release()
    await receiving
    return found


async def _due(rate: float, seconds: float) -> AsyncIterator[tuple[int, float]]:
    """Gives numbers, each with its time, when that has come."""
    began = time.perf_counter()
    for number in range(max(2, int(rate * seconds))):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        yield number, due


def _figures(way: str, share: float, found: list[float]) -> list[Figure]:
    cuts = quantiles(found, n=100, method="inclusive")
    return [
        Figure(
            f"{way} at {share:.0%} of that, {name}",
            seconds * 1e3,
            "ms",
            series=f"{way}, {name}",
            at=round(share * 100),
        )
        for name, seconds in (("p50", cuts[49]), ("p99", cuts[98]))
    ]


BENCHMARK = Benchmark(
    "latency",
    "Latency of a light step by offered load",
    f"sent at a fixed rate whether answers come or not, over {SESSIONS:,} sessions; a frame's latency is "
    "that of its steps; one player, guards on, journal on (NORMAL)",
    24.0,
    measure,
    Picture(Shape.LINES, "offered load, % of what the server can do", "ms", log_y=True),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
