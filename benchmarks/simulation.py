"""`python -m benchmarks.simulation [--seconds S] [--costs FILE]`: sqldojo on up to 100 servers, simulated.

The costs of a step are measured here, see simulation_costs.py; how machines queue is simulated from them:
sessions think, and step in frames of 128 through a proxy, a server's front and its players, and the journal,
one transaction at a time for each server, into PostgreSQL's cores and its log. The table says which resource
is the fullest, and at how many steps per second it would be full.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from . import report, simulation_costs
from .queueing import Batches, Clock, Done, Station
from .simulation_costs import FRAME, Costs, NoPostgres

RESULTS = Path("build/benchmarks/simulation.json")
PICTURE = Path("build/benchmarks/simulation.png")

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

    `asked` is what its sessions would play if nothing took time, `rate` what they do, in steps a second.
    `used` are shares of each resource, 0 to 1; `fullest` is the one with most, and it would be full at
    `full_at` steps a second. `p50` and `p99` are a frame's time from its sending to its answer, in seconds.
    """

    servers: int
    journals: int
    think: float
    asked: float
    rate: float
    used: dict[str, float]
    p50: float
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
    cuts = quantiles(deployment.times, n=100)
    return Simulated(servers, journals, think, asked, rate, used, cuts[49], cuts[98])


def measure(seconds: float) -> tuple[Costs, list[Simulated]]:
    """Measures the costs for about `seconds`, and simulates. Raises NoPostgres."""
    costs = simulation_costs.measure(seconds)
    return costs, simulate_all(costs)


def simulate_all(costs: Costs) -> list[Simulated]:
    """Simulates every deployment of the table."""
    return [simulate(costs, *work) for work in ALL_WORK]


def show(costs: Costs, rows: Sequence[Simulated], console: Console) -> None:
    """Prints what a step costs, and the table."""
    console.print("  ".join(f"{name} {value:,.1f}" for name, value in asdict(costs).items()), style="dim")
    resources = list(rows[0].used)
    table = Table(title=f"{SESSIONS:,} sessions on each server, frames of {FRAME}; shares of each resource")
    for heading in ("servers", "journals", "think s", "steps/s", *resources, "p50 ms", "p99 ms", "fullest",
                    "full at"):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "fullest" else "right")
    for each in rows:
        table.add_row(
            str(each.servers),
            str(each.journals) if each.journals else "files",
            f"{each.think:g}",
            f"{each.rate:,.0f}",
            *(f"{each.used[name]:.0%}" if name in each.used else "" for name in resources),
            f"{each.p50 * 1e3:,.0f}",
            f"{each.p99 * 1e3:,.0f}",
            each.fullest,
            f"{each.full_at:,.0f}",
        )
    console.print(table)


def draw(rows: Sequence[Simulated], path: Path) -> None:
    """Draws the steps per second of 1 to 100 servers, those asked for beside those played."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    rates, shares = figure.subplots(1, 2)
    for think, colour in ((10.0, "#2b6cb0"), (1.0, "#dd6b20")):
        some = [each for each in rows if each.think == think and each.journals == 1]
        servers = [each.servers for each in some]
        rates.plot(servers, [each.asked for each in some], "--", color=colour, alpha=0.5)
        rates.plot(servers, [each.rate for each in some], "o-", color=colour, label=f"think {think:g} s")
    rates.set_xscale("log")
    rates.set_yscale("log")
    rates.set_xlabel("servers on one journal", size=8)
    rates.set_title("steps/s; dashed: as asked for", loc="left", size=10)
    rates.legend(frameon=False, fontsize=8)
    last = [each for each in rows if each.servers == 100 and each.think == 1.0]
    places = range(len(last))
    for number, name in enumerate(("front", "players", "database", "log")):
        heights = [each.used.get(name, 0.0) for each in last]
        shares.bar([place + number * 0.2 for place in places], heights, 0.2, label=name)
    shares.set_xticks([place + 0.3 for place in places], [str(each.journals) or "files" for each in last])
    shares.set_xlabel("journals of 100 servers, think 1 s; 0: a file each", size=8)
    shares.set_title("share of each resource that is used", loc="left", size=10)
    shares.legend(frameon=False, fontsize=8)
    for axes in (rates, shares):
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> int:
    """Runs the simulation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long costs are measured in all")
    parser.add_argument("--costs", type=Path, help="a JSON file as this writes it: its costs, not measured")
    options = parser.parse_args()
    try:
        if options.costs:
            costs = Costs(**json.loads(options.costs.read_text(encoding="utf-8"))["costs"])
            rows = simulate_all(costs)
        else:
            costs, rows = measure(options.seconds)
    except NoPostgres as why:
        print(why, file=sys.stderr)
        return 1
    show(costs, rows, Console(width=150))
    draw(rows, PICTURE)
    written = [{**asdict(each), "fullest": each.fullest, "full_at": each.full_at} for each in rows]
    report.write(RESULTS, {"costs": asdict(costs), "rows": written})
    print(f"written to {RESULTS} and {PICTURE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
