"""`python -m benchmarks.frames`: single calls beside frames, by their size and how many are outstanding."""

from __future__ import annotations

import asyncio
import sys
from statistics import median

from . import report, server_load
from .figure import Benchmark, Figure, Picture, Shape
from .turns import rounds

SIZES = (1, 8, 32, 128, 256)
DEPTHS = (1, 2, 4)
IN_FLIGHT = 64
ROUNDS = 4
BEST = (128, 4)
REACH = 5.0
STREAMS, SHARE = 8, 32  # of a client's batch, and the sessions that each carries; see Dojo.batch


def measure(seconds: float) -> list[Figure]:
    """Measures each on one server, by turns."""
    with server_load.server() as server:
        return asyncio.run(_measure(server.address, *rounds(seconds, len(SIZES) * len(DEPTHS) + 2, ROUNDS)))


async def _measure(address: str, number: int, seconds: float) -> list[Figure]:
    async with server_load.channel(address) as channel:
        calls = server_load.CallLoad(channel, "light", in_flight=IN_FLIGHT)
        loads = {
            (size, depth): server_load.FrameLoad(channel, "light", frame=size, outstanding=depth)
            for depth in DEPTHS
            for size in SIZES
        }
        streams = [
            server_load.FrameLoad(channel, "light", frame=SHARE, outstanding=1, name=f"stream-{number}")
            for number in range(STREAMS)
        ]
        single: list[float] = []
        at_once: list[float] = []
        rates: dict[tuple[int, int], list[float]] = {way: [] for way in loads}
        for _ in range(number):
            single.append((await calls.play(seconds)).rate)
            for way, load in loads.items():
                rates[way].append((await load.play(seconds)).rate)
            played = await asyncio.gather(*(stream.play(seconds) for stream in streams))
            at_once.append(sum(each.rate for each in played))
    best = median(frame / call for frame, call in zip(rates[BEST], single, strict=True))
    return [
        *(
            Figure(
                f"frames of {size}, {depth} outstanding",
                median(found),
                "steps/s",
                series=f"{depth} outstanding",
                at=size,
            )
            for (size, depth), found in rates.items()
        ),
        Figure(
            f"single calls, {IN_FLIGHT} in flight",
            median(single),
            "steps/s",
            series=f"single calls, {IN_FLIGHT} in flight",
            at=1,
        ),
        Figure(f"frames of {BEST[0]}, {BEST[1]} outstanding, over single calls", best, "", REACH),
        Figure(f"frames of {SHARE} on each of {STREAMS} streams at once", median(at_once), "steps/s"),
    ]


BENCHMARK = Benchmark(
    "frames",
    "Light steps per second by frames and by single calls",
    "one stream or channel unless said, one player, guards on, journal on (NORMAL)",
    24.0,
    measure,
    Picture(Shape.LINES, "commands in a frame", "steps/s", log_x=True, log_y=True),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
