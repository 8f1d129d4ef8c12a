"""`python -m benchmarks.rivals [--seconds S] [--check]`: sqldojo beside what a user would pick instead.

All play the same statements in equally many sessions, by turns in one run, on all cores of this machine, and
none answers from kept results. In wall time, and in CPU time of all processes, clients included.

frames, single calls: a sqldojo server with its journal, and a client over gRPC.
in-process: the episode core called in this process: no journal, no wire, one core.
OpenEnv, SQL: the same core in an Environment, behind OpenEnv's server and client over WebSocket; no journal.
OpenEnv, echo: the environment that `openenv init` writes, which only sends back what it gets.
Gymnasium, sync: SyncVectorEnv of the same core, in one process; no journal, no wire.
Gymnasium, async: AsyncVectorEnv, which takes a process for each session, so there are fewer.

The rivals run in a virtual environment of their own, build/rivals, that this makes from
rivals-requirements.txt. Where that cannot be made, it says so and goes on without them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from sqldojo.service.tasks.parallel import usable_cores

from . import report, server_load, workload
from .processes import cpu_seconds
from .rival_processes import (
    Load,
    RivalMissing,
    load,
    openenv_server,
    rivals_python,
    write_echo_environment,
)
from .rival_programs.core_session import BUDGET, core_sessions

RESULTS = Path("build/benchmarks/rivals.json")
PICTURE = Path("build/benchmarks/rivals.png")

SESSIONS = 512
FRAME = 128
PROCESSES = 64  # of Gymnasium's AsyncVectorEnv, one for each session
KINDS = ("light", "heavy")
ROUNDS = 5
FRAMES, CALLS, IN_PROCESS = "sqldojo, frames", "sqldojo, single calls", "in-process"
OPENENV, ECHO = "OpenEnv, SQL", "OpenEnv, echo"
SYNC, ASYNC = "Gymnasium, sync", "Gymnasium, async"
REACH = {("light", OPENENV): 10.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a rival plays one kind of statement: medians over all rounds.

    `rate` is in steps a second, `cpu` in microseconds a step. `ratio` is by how much sqldojo's frames are
    faster, and `cpu_ratio` by how much less CPU time they take; `reach` is what `ratio` should be at least.
    """

    rival: str
    kind: str
    sessions: int
    rate: float
    cpu: float
    ratio: float
    cpu_ratio: float
    reach: float | None

    @property
    def reached(self) -> bool:
        """The ratio is what it should be."""
        return self.reach is None or self.ratio >= self.reach


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rates, each rival's configuration in words, and why some rivals are missing."""

    rates: list[Rate]
    configurations: dict[str, str]
    missing: dict[str, str]


class _Played(NamedTuple):
    """A rival's turn. `steps` are all that the processes played, `rate` is of those that were timed."""

    steps: int
    rate: float


@dataclass(frozen=True, slots=True)
class _Rival:
    name: str
    sessions: int
    configuration: str
    play: Callable[[str, float], Awaitable[_Played]]
    cpu: Callable[[], float]  # seconds of CPU time that all its processes have taken


def measure(seconds: float) -> Comparison:
    """Measures for about `seconds`, after the minute that it takes to make the rivals' environment once."""
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "benchmark.sqlite"
        workload.write_benchmark_bank(bank)
        return asyncio.run(_measure(bank, Path(folder), seconds))


async def _measure(bank: Path, folder: Path, seconds: float) -> Comparison:
    async with AsyncExitStack() as stack:
        rivals = [*await stack.enter_async_context(_sqldojo()), _in_process(bank)]
        others, missing = _others(bank, folder, stack)
        rivals += others
        turn = seconds / ROUNDS / len(rivals) / len(KINDS)
        played: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for _ in range(ROUNDS):
            for kind in KINDS:
                for rival in rivals:
                    before = rival.cpu()
                    steps, rate = await rival.play(kind, turn)
                    spent = rival.cpu() - before
                    played.setdefault((rival.name, kind), []).append((rate, spent / steps * 1e6))
    rates = [_rate(rival, kind, played) for kind in KINDS for rival in rivals]
    return Comparison(rates, {rival.name: rival.configuration for rival in rivals}, missing)


def _rate(rival: _Rival, kind: str, played: dict[tuple[str, str], list[tuple[float, float]]]) -> Rate:
    own, best = played[rival.name, kind], played[FRAMES, kind]
    return Rate(
        rival.name,
        kind,
        rival.sessions,
        rate=median(rate for rate, _ in own),
        cpu=median(cpu for _, cpu in own),
        ratio=median(by[0] / its[0] for by, its in zip(best, own, strict=True)),
        cpu_ratio=median(its[1] / by[1] for by, its in zip(best, own, strict=True)),
        reach=REACH.get((kind, rival.name)),
    )


@asynccontextmanager
async def _sqldojo() -> AsyncIterator[list[_Rival]]:
    """Runs a server with a journal; the client is this process."""
    players = usable_cores()
    with server_load.server("--result-memory", "0", "--players", str(players)) as server:
        async with server_load.channel(server.address) as channel:
            outstanding = SESSIONS // FRAME
            frames = {kind: server_load.FrameLoad(channel, kind, frame=FRAME) for kind in KINDS}
            calls = {kind: server_load.CallLoad(channel, kind, in_flight=SESSIONS) for kind in KINDS}

            async def by_frames(kind: str, seconds: float) -> _Played:
                load = frames[kind]
                before = load.steps
                played = await load.play(seconds)
                return _Played(load.steps - before, played.rate)

            async def by_calls(kind: str, seconds: float) -> _Played:
                played = await calls[kind].play(seconds)
                return _Played(played.steps, played.rate)

            common = (
                f"sqldojo {version('sqldojo')}, grpcio {version('grpcio')}; {players} players, journal "
                "on SQLite (synchronous normal), guards on, results not kept"
            )

            def cpu() -> float:
                return time.process_time() + cpu_seconds(server.pid)

            yield [
                _Rival(
                    FRAMES,
                    SESSIONS,
                    f"{common}; one stream, frames of {FRAME}, {outstanding} outstanding",
                    by_frames,
                    cpu,
                ),
                _Rival(CALLS, SESSIONS, f"{common}; a call in flight a session", by_calls, cpu),
            ]


def _in_process(bank: Path) -> _Rival:
    """Calls the core here."""
    make = core_sessions(bank)
    sessions = [make() for _ in range(SESSIONS)]
    numbers, turns = count(), count()

    async def play(kind: str, seconds: float) -> _Played:
        steps, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            anew = next(turns) % BUDGET == 0
            for session in sessions:
                if anew:
                    session.reset()
                seen = session.step(workload.statement(kind, next(numbers))).observation
                assert seen.result is not None, seen
                assert seen.result.row_count == 20, seen
            steps += len(sessions)
        return _Played(steps, steps / elapsed)

    return _Rival(
        IN_PROCESS, SESSIONS, "the episode core in this process, on one core", play, time.process_time
    )


def _others(bank: Path, folder: Path, stack: AsyncExitStack) -> tuple[list[_Rival], dict[str, str]]:
    """Starts the rivals from elsewhere; gives them, and why some are missing."""
    try:
        python = rivals_python()
    except RivalMissing as why:
        return [], dict.fromkeys((OPENENV, ECHO, SYNC, ASYNC), str(why))
    starts = (
        (OPENENV, _openenv(python, bank, folder, OPENENV, "openenv_server", "sql")),
        (ECHO, _openenv(python, bank, folder, ECHO, "openenv_echo", "echo")),
        (SYNC, _gymnasium(python, bank, SYNC, SESSIONS, "sync")),
        (ASYNC, _gymnasium(python, bank, ASYNC, PROCESSES, "async")),
    )
    rivals, missing = [], {}
    for name, start in starts:
        try:
            rivals.append(stack.enter_context(start))
        except RivalMissing as why:
            missing[name] = str(why)
    return rivals, missing


@contextmanager
def _openenv(
    python: Path, bank: Path, folder: Path, name: str, app: str, environment: str
) -> Iterator[_Rival]:
    """Runs an OpenEnv server with a worker for each core, as OpenEnv's documentation recommends."""
    workers = usable_cores()
    if environment == "echo":
        write_echo_environment(python, folder)
    settings = {"BANK": str(bank), "MAX_CONCURRENT_ENVS": str(SESSIONS)}
    what = {
        "sql": "the episode core in an Environment, its steps played on the event loop",
        "echo": "the environment that `openenv init` writes",
    }
    with (
        openenv_server(python, app, workers, settings, folder) as (address, pid),
        load(python, "openenv_load", address, str(SESSIONS), environment) as program,
    ):
        configuration = (
            f"{_versions(program)}; {what[environment]}; uvicorn, {workers} workers, uvloop, httptools, "
            f"no compression, no access log, MAX_CONCURRENT_ENVS={SESSIONS}; a GenericEnvClient with its "
            "WebSocket for each session, on one uvloop"
        )
        yield _rival(name, SESSIONS, configuration, program, pid)


@contextmanager
def _gymnasium(python: Path, bank: Path, name: str, sessions: int, way: str) -> Iterator[_Rival]:
    with load(python, "gymnasium_load", str(bank), str(sessions), way) as program:
        what = {
            "sync": "SyncVectorEnv, one process, observations not copied",
            "async": "AsyncVectorEnv, a forked process for each session, observations pickled, not copied",
        }
        yield _rival(name, sessions, f"{_versions(program)}; {what[way]}", program)


def _rival(name: str, sessions: int, configuration: str, program: Load, *servers: int) -> _Rival:
    async def play(kind: str, seconds: float) -> _Played:
        steps, took = program.play(kind, seconds)
        return _Played(steps, steps / took)

    def cpu() -> float:
        return sum(map(cpu_seconds, (program.process.pid, *servers)))

    return _Rival(name, sessions, configuration, play, cpu)


def _versions(program: Load) -> str:
    return ", ".join(f"{name} {number}" for name, number in program.versions.items())


def show(comparison: Comparison, console: Console) -> None:
    """Prints the table, each rival's configuration, and what is missing."""
    table = Table(
        title="Steps per second, CPU time a step of all processes, and how much better sqldojo's frames are"
    )
    for heading in ("query", "rival", "sessions", "steps/s", "ratio", "µs CPU", "CPU ratio", "reach"):
        table.add_column(
            heading, justify="left" if heading in {"query", "rival"} else "right", no_wrap=heading == "rival"
        )
    for each in comparison.rates:
        colour = "green" if each.reached else "red"
        table.add_row(
            each.kind,
            each.rival,
            f"{each.sessions:,}",
            f"{each.rate:,.0f}",
            f"[{colour}]{each.ratio:.2f}[/]",
            f"{each.cpu:,.0f}",
            f"{each.cpu_ratio:.2f}",
            "" if each.reach is None else f"≥ {each.reach:.0f}",
        )
    console.print(table)
    for name, words in comparison.configurations.items():
        console.print(f"[bold]{name}[/]: {words}", highlight=False)
    for name, why in comparison.missing.items():
        console.print(f"[bold red]{name} is missing[/]: {why}", highlight=False)


def draw(comparison: Comparison, path: Path) -> None:
    """Draws the rates as bars, one picture for each kind of query."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(KINDS)), KINDS, strict=True):
        rates = [each for each in comparison.rates if each.kind == kind]
        colours = ["#2b6cb0" if each.rival.startswith("sqldojo") else "#a0aec0" for each in rates]
        bars = axes.barh([each.rival for each in rates], [each.rate for each in rates], color=colours)
        axes.bar_label(bars, [f"{each.rate:,.0f}" for each in rates], padding=4, size=8)
        axes.invert_yaxis()
        axes.set_xlim(0, max(each.rate for each in rates) * 1.18)
        axes.set_title(f"{kind} queries", loc="left", size=11)
        axes.set_xlabel(f"steps/s, {SESSIONS} sessions (Gymnasium async: {PROCESSES})", size=8)
        axes.tick_params(length=0, labelsize=8)
        axes.spines[["top", "right", "left"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> int:
    """Runs the comparison; with --check, ends with 1 when a ratio is below its reach or could not be had."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it measures in all")
    parser.add_argument("--check", action="store_true", help="fail when a ratio is below its reach")
    options = parser.parse_args()
    comparison = measure(options.seconds)
    show(comparison, Console())
    draw(comparison, PICTURE)
    written = {
        "rates": [{**asdict(each), "reached": each.reached} for each in comparison.rates],
        "configurations": comparison.configurations,
        "missing": comparison.missing,
    }
    report.write(RESULTS, written)
    print(f"written to {RESULTS} and {PICTURE}")
    claimed = {(each.kind, each.rival) for each in comparison.rates if each.reached}
    return int(options.check and not REACH.keys() <= claimed)


if __name__ == "__main__":
    sys.exit(main())
