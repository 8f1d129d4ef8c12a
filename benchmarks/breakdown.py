"""`python -m benchmarks.breakdown`: what a step costs, layer by layer, in the processor's time.

The whole is what all processes of a plain server take a step, as the kernel counts it. The layers are from
a server, measured by turns with it, whose functions are timed (see `layers`). So the two agree only if the
timing is right: the remainder is what they differ by.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import apsw

from . import layers, processes, report, server_load, workload
from .figure import Benchmark, Figure, Picture, Shape
from .server_load import Server
from .turns import rounds

KINDS = ("light", "heavy")
ROUNDS = 8
STATEMENTS = 200  # that a bare connection runs at a time
REACH = 10.0  # % of the whole

GRPC, STATEMENT, GUARDS, REST = "gRPC and event loop", "SQL statement", "guards", "remainder"
ORDER = (
    GRPC,
    layers.LINK,
    layers.DECODE,
    layers.DISPATCH,
    layers.EPISODE,
    STATEMENT,
    GUARDS,
    layers.GRADE,
    layers.REWARD,
    layers.ENCODE,
    layers.JOURNAL,
    layers.RESET,
)


def measure(seconds: float) -> list[Figure]:
    """Measures both servers by turns, and the same statements on a bare connection."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "layers"
        layers.create(file)
        timed = (sys.executable, "-m", "benchmarks.layers", str(file))
        with server_load.server() as plain, server_load.server(command=timed) as wrapped:
            return asyncio.run(_measure(plain, wrapped, file, *rounds(seconds / len(KINDS), 2, ROUNDS)))


async def _measure(plain: Server, wrapped: Server, file: Path, number: int, seconds: float) -> list[Figure]:
    figures: list[Figure] = []
    async with (
        server_load.channel(plain.address) as to_plain,
        server_load.channel(wrapped.address) as to_wrapped,
    ):
        for kind in KINDS:
            whole_load = server_load.FrameLoad(to_plain, kind)
            load = server_load.FrameLoad(to_wrapped, kind)
            bare = _Bare(kind)
            found = []
            for _ in range(number):
                whole = (await whole_load.play(seconds, plain.cpu_seconds)).cost
                found.append((whole, await _layers(load, wrapped, file, seconds, bare.cost())))
            figures += _figures(kind, found)
    return figures


async def _layers(
    load: server_load.FrameLoad, server: Server, file: Path, seconds: float, statement: float
) -> dict[str, float]:
    """Gives the seconds that a step takes in each layer. `statement` are those of one without guards."""
    snapshots: list[tuple[layers.Times, dict[int, float], float]] = []
    *_, player = processes.family(server.pid)

    def look() -> float:
        own = processes.threads_seconds(server.pid)
        reader = processes.threads_seconds(player)[player]
        snapshots.append((layers.read(file), own, reader))
        return 0.0

    steps = (await load.play(seconds, look)).steps
    (times, threads, reader), (times_after, threads_after, reader_after) = snapshots
    in_server, in_player = times_after.since(times)
    took = {thread: total - threads.get(thread, 0.0) for thread, total in threads_after.items()}
    writer = took.pop(times_after.journal_thread, 0.0)
    found = {
        layer: in_server.get(layer, 0.0) + in_player.get(layer, 0.0) for layer in (*ORDER, layers.SANDBOX)
    }
    found[GRPC] = sum(took.values()) - sum(in_server.values())
    found[layers.LINK] += reader_after - reader  # the thread that takes messages does nothing else
    found[layers.JOURNAL] += writer
    found[STATEMENT] = statement * steps
    found[GUARDS] = found.pop(layers.SANDBOX) - found[STATEMENT]
    return {layer: value / steps for layer, value in found.items()}


class _Bare:
    """The same statements on a connection without guards."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._number = 0
        connection = apsw.Connection(":memory:")
        connection.deserialize("main", workload.image())
        self._cursor = connection.cursor()

    def cost(self) -> float:
        """Gives the processor's seconds that a statement takes."""
        began = time.thread_time()
        for _ in range(STATEMENTS):
            self._cursor.execute(workload.statement(self._kind, self._number))
            self._cursor.get_description()
            self._cursor.fetchall()
            self._number += 1
        return (time.thread_time() - began) / STATEMENTS


def _figures(kind: str, found: list[tuple[float, dict[str, float]]]) -> list[Figure]:
    whole = median(each for each, _ in found)
    layer_by_layer = {layer: median(parts[layer] for _, parts in found) for layer in ORDER}
    rest = whole - sum(layer_by_layer.values())
    return [
        *(
            Figure(f"{kind}: {layer}", seconds * 1e6, "µs of CPU a step", series=layer, at=kind)
            for layer, seconds in layer_by_layer.items()
        ),
        Figure(f"{kind}: {REST}", rest * 1e6, "µs of CPU a step", series=REST, at=kind),
        Figure(f"{kind}: the whole", whole * 1e6, "µs of CPU a step"),
        Figure(f"{kind}: {REST}", abs(rest) / whole * 100, "% of the whole", REACH, at_most=True),
    ]


BENCHMARK = Benchmark(
    "breakdown",
    "What a step costs, by layer",
    "all processes of the server; frames of 128, 4 outstanding, one stream, one player, guards on, journal "
    "on (NORMAL); guards are what the sandbox takes beyond the statement on a bare connection",
    30.0,
    measure,
    Picture(Shape.STACK, "query", "µs of CPU a step"),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
