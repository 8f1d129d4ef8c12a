"""`python -m benchmarks.simulation`: sqldojo on up to 100 servers, simulated.

The costs of a step are measured here, see simulation_costs.py; how machines queue is simulated from them:
sessions think, and step in frames of 128 through a proxy, a server's front and its players, and the journal,
one transaction at a time for each server, into PostgreSQL's cores and its log. It says which resource is the
fullest, and at how many steps per second it would be full.
"""

from __future__ import annotations

import random
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from statistics import quantiles

from . import report, simulation_costs
from .figure import Benchmark, Figure, Picture, Shape
from .queueing import Batches, Clock, Done, Station
from .simulation_costs import FRAME, Costs

SESSIONS = 10_000  # of one server: what `sqldojo serve` takes by default
PLAYERS = 7  # of a server with 8 cores; the front has the other one
SERVER_MEMORY = 32e9  # bytes
DATABASE_CORES = 16
LOG_BYTES_PER_SECOND = 500e6  # of a database's disk
LOG_FLUSH = 200e-6  # seconds, for the transactions that wait for it together
PROXY_BYTES_PER_SECOND = 25e9 / 8
ROUND_TRIP = 500e-6  # seconds, between a server and its database
FRAMES = 20_000  # simulated for each row of the table, about
ALL_WORK = (
    *((servers, 1, 10.0) for servers in (1, 10, 30, 100)),
    *((servers, 1, 1.0) for servers in (1, 10, 30, 100)),
    *((100, journals, 1.0) for journals in (2, 4, 8, 0)),
)  # servers, journals, think-time


@dataclass(frozen=True, slots=True)
class Simulated:
    """A deployment: `journals` databases, sessions spread over them; 0: a SQLite file for each server.

    Sessions play `rate` steps a second. `used` are shares of each resource, 0 to 1; `fullest` is the one with
    most, and it would be full at `full_at` steps a second. `p99` is of a frame's time from its sending to its
    answer, in seconds.
    """

    servers: int
    journals: int
    think: float
    rate: float
    used: dict[str, float]
    p99: float

    @property
    def fullest(self) -> str:
        """The resource that is used most."""
        return max(self.used, key=self.used.__getitem__)

    @property
    def full_at(self) -> float:
        """Steps a second at which it would be full."""
        return self.rate / self.used[self.fullest]


class Deployment:
    """Servers, their journals and the clients' frames, on a clock of their own."""

    def __init__(self, costs: Costs, servers: int, journals: int, think: float, *, frames: int) -> None:
        self.clock = Clock()
        self.sent = self.answered = 0
        self.times: list[float] = []
        self._random = random.Random(servers * 1_000 + journals)
        self._think = think
        self._player = costs.player / 1e6
        self._front = (costs.front_postgres if journals else costs.front_sqlite) / 1e6
        self._wire = costs.wire_bytes / PROXY_BYTES_PER_SECOND
        self.proxy = Station(self.clock, 1)
        self.fronts = [Station(self.clock, 1) for _ in range(servers)]
        self.players = [Station(self.clock, PLAYERS) for _ in range(servers)]
        shards = [_Database(self.clock, costs) for _ in range(journals)]
        self.databases = [shard.cores for shard in shards]
        # Sessions are spread over the shards, so a frame's steps are; one transaction at a time into each.
        self._journals = [[Batches(shard.commit) for shard in shards] for _ in range(servers)]
        for number in range(frames):
            self._think_first(number % servers)

    def run(self, seconds: float) -> None:
        """Goes on for so long."""
        self.clock.run(self.clock.now + seconds)

    def restart(self) -> None:
        """Counts from here on."""
        self.times.clear()
        for station in (self.proxy, *self.fronts, *self.players, *self.databases):
            station.restart()

    def used(self) -> dict[str, float]:
        """Gives each resource's share of use, the mean over equal ones."""
        groups = {
            "proxy": [self.proxy],
            "front": self.fronts,
            "players": self.players,
            "database": self.databases,
        }
        return {
            name: sum(station.utilisation() for station in stations) / len(stations)
            for name, stations in groups.items()
            if stations
        }

    def _think_first(self, server: int) -> None:
        self.clock.after(self._random.expovariate(1 / self._think), lambda: self._send(server))

    def _send(self, server: int) -> None:
        self.sent += 1
        sent = self.clock.now

        def answered() -> None:
            self.answered += 1
            self.times.append(self.clock.now - sent)
            self._think_first(server)

        def journal() -> None:
            shards = self._journals[server]
            if not shards:
                answered()
                return
            written = _after_all(len(shards), answered)
            for shard in shards:
                shard.arrive(FRAME // len(shards), written)

        def play() -> None:
            played = _after_all(PLAYERS, journal)
            for _ in range(PLAYERS):
                self.players[server].arrive(FRAME / PLAYERS * self._player, played)

        self.proxy.arrive(FRAME * self._wire, lambda: self.fronts[server].arrive(FRAME * self._front, play))


class _Database:
    """PostgreSQL: its cores, and its log, which is flushed for all that waits for it at once."""

    def __init__(self, clock: Clock, costs: Costs) -> None:
        self.cores = Station(clock, DATABASE_CORES)
        self._log = Station(clock, 1)
        self._clock = clock
        self._costs = costs
        self._flushes = Batches(self._flush)

    def commit(self, steps: int, then: Done) -> None:
        """Writes a transaction of so many steps."""
        cpu = (self._costs.transaction + self._costs.row * steps) / 1e6

        def start() -> None:
            self.cores.arrive(cpu, lambda: self._flushes.arrive(steps, then))

        self._clock.after(ROUND_TRIP, start)

    def _flush(self, steps: int, then: Done) -> None:
        self._log.arrive(LOG_FLUSH + steps * self._costs.log_bytes / LOG_BYTES_PER_SECOND, then)


def _after_all(parts: int, then: Done) -> Done:
    """Gives what is called for each of some parts, and calls `then` for the last."""
    left = parts

    def one() -> None:
        nonlocal left
        left -= 1
        if not left:
            then()

    return one


def simulate(costs: Costs, servers: int, journals: int, think: float) -> Simulated:
    """Simulates a deployment with SESSIONS on each server, which think for `think` seconds in the mean."""
    sessions = servers * SESSIONS
    deployment = Deployment(costs, servers, journals, think, frames=sessions // FRAME)
    asked = sessions / think
    deployment.run(2 * think + 2)  # until what queues has queued
    deployment.restart()
    seconds = max(FRAMES * FRAME / asked, 2 * think)
    deployment.run(seconds)
    rate = len(deployment.times) * FRAME / seconds
    used = deployment.used()
    if journals:  # by its bytes alone: the busier it is, the more transactions share a flush
        used["log"] = rate * costs.log_bytes / LOG_BYTES_PER_SECOND / journals
    used["memory"] = SESSIONS * costs.session_bytes / SERVER_MEMORY
    return Simulated(servers, journals, think, rate, used, quantiles(deployment.times, n=100)[98])


def measure(seconds: float) -> list[Figure]:
    """Measures the costs, and simulates every deployment. Raises NotMeasurable without PostgreSQL."""
    costs = simulation_costs.measure(seconds)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        deployments = list(pool.map(simulate, repeat(costs), *zip(*ALL_WORK, strict=True)))
    return [
        Figure("a step: player", costs.player, "µs of CPU"),
        Figure("a step: front, journal on SQLite", costs.front_sqlite, "µs of CPU"),
        Figure("a step: front, journal on PostgreSQL", costs.front_postgres, "µs of CPU"),
        Figure("a step: PostgreSQL", costs.row, "µs of CPU"),
        Figure("a step: PostgreSQL's log", costs.log_bytes, "bytes"),
        Figure("a step: on the wire", costs.wire_bytes, "bytes"),
        Figure("a transaction: PostgreSQL", costs.transaction, "µs of CPU"),
        Figure("a live session", costs.session_bytes, "bytes"),
        *(figure for each in deployments for figure in _figures(each)),
    ]


def _figures(found: Simulated) -> list[Figure]:
    what = f"servers: {found.servers}, journals: {found.journals or 'files'}, think {found.think:g} s"
    is_drawn = found.journals == 1
    return [
        Figure(what, found.rate, "steps/s", series=f"think {found.think:g} s" * is_drawn, at=found.servers),
        Figure(f"{what}: {found.fullest}", 100 * found.used[found.fullest], "%, the fullest"),
        Figure(f"{what}: full at", found.full_at, "steps/s"),
        Figure(f"{what}: a frame", 1e3 * found.p99, "ms, p99"),
    ]


BENCHMARK = Benchmark(
    "simulation",
    "Steps per second of many servers, simulated from measured costs",
    f"{SESSIONS:,} sessions on each server of {PLAYERS + 1} cores, frames of {FRAME}; PostgreSQL with "
    f"{DATABASE_CORES} cores and a log of {LOG_BYTES_PER_SECOND / 1e6:g} MB/s; light steps; costs by servers "
    "with one player, guards on, results not kept",
    12.0,
    measure,
    Picture(Shape.LINES, "servers on one journal", "steps/s", log_x=True, log_y=True),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
