"""`python -m benchmarks.rivals`: sqldojo beside what a user would pick instead.

All play the same statements in equally many sessions, by turns in one run, on all cores of this machine, and
none answers from kept results. In wall time, and in CPU time of all processes, clients included. The rivals
from elsewhere run in a virtual environment of their own: see rival_processes.py.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from sqldojo.service.tasks.parallel import usable_cores

from . import report, server_load, workload
from .figure import Benchmark, Figure, Picture, Shape
from .processes import cpu_seconds
from .rival_processes import Load, load, openenv_server, pinned, rivals_python, write_echo_environment
from .rival_programs.core_session import BUDGET, core_sessions
from .turns import rounds

SESSIONS = 512
FRAME = 128
PROCESSES = 64  # of Gymnasium's AsyncVectorEnv, one for each session
KINDS = ("light", "heavy")
ROUNDS = 2
FRAMES, CALLS, IN_PROCESS = "sqldojo, frames", "sqldojo, single calls", "in-process"
OPENENV, ECHO = "OpenEnv, SQL", "OpenEnv, echo"
SYNC, ASYNC = "Gymnasium, sync", "Gymnasium, async"
REACH = {("light", OPENENV): 10.0}


class _Played(NamedTuple):
    """A rival's turn. `steps` are all that the processes played, `rate` is of those that were timed."""

    steps: int
    rate: float


@dataclass(frozen=True, slots=True)
class _Rival:
    name: str
    play: Callable[[str, float], Awaitable[_Played]]
    cpu: Callable[[], float]  # seconds of CPU time that all its processes have taken


class _Turn(NamedTuple):
    rate: float  # steps a second
    cpu: float  # microseconds a step


def measure(seconds: float) -> list[Figure]:
    """Measures by turns, after the minute that it takes to make the rivals' environment once.

    Raises NotMeasurable when a rival cannot be run.
    """
    python = rivals_python()
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "benchmark.sqlite"
        workload.write_benchmark_bank(bank)
        return asyncio.run(_measure(python, bank, Path(folder), seconds))


async def _measure(python: Path, bank: Path, folder: Path, seconds: float) -> list[Figure]:
    async with AsyncExitStack() as stack:
        rivals = [
            *await stack.enter_async_context(_sqldojo()),
            _in_process(bank),
            stack.enter_context(_openenv(python, bank, folder, OPENENV, "openenv_server", "sql")),
            stack.enter_context(_openenv(python, bank, folder, ECHO, "openenv_echo", "echo")),
            stack.enter_context(_gymnasium(python, bank, SYNC, SESSIONS, "sync")),
            stack.enter_context(_gymnasium(python, bank, ASYNC, PROCESSES, "async")),
        ]
        number, turn = rounds(seconds, len(rivals) * len(KINDS), ROUNDS)
        played: dict[tuple[str, str], list[_Turn]] = {}
        for _ in range(number):
            for kind in KINDS:
                for rival in rivals:
                    before = rival.cpu()
                    steps, rate = await rival.play(kind, turn)
                    spent = rival.cpu() - before
                    played.setdefault((kind, rival.name), []).append(_Turn(rate, spent / steps * 1e6))
    return _figures(played)


def _figures(played: dict[tuple[str, str], list[_Turn]]) -> list[Figure]:
    """Gives medians over all rounds."""
    figures: list[Figure] = []
    for (kind, name), turns in played.items():
        rate, cpu = (median(each) for each in zip(*turns, strict=True))
        figures += [
            Figure(f"{kind}, {name}", rate, "steps/s", series=kind, at=name),
            Figure(f"{kind}, {name}", cpu, "µs of CPU a step"),
        ]
    for (kind, name), turns in played.items():
        if name != FRAMES:
            own = played[kind, FRAMES]
            ratio = median(by.rate / its.rate for by, its in zip(own, turns, strict=True))
            figures.append(Figure(f"{kind}, {FRAMES} over {name}", ratio, "", REACH.get((kind, name))))
    return figures


@asynccontextmanager
async def _sqldojo() -> AsyncIterator[list[_Rival]]:
    """Runs a server with a journal; the client is this process."""
    players = usable_cores()
    with server_load.server("--result-memory", "0", "--players", str(players)) as server:
        async with server_load.channel(server.address) as channel:
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

            def cpu() -> float:
                return time.process_time() + cpu_seconds(server.pid)

            yield [_Rival(FRAMES, by_frames, cpu), _Rival(CALLS, by_calls, cpu)]


def _in_process(bank: Path) -> _Rival:
    """Calls the core here."""
    make = core_sessions(bank)
    sessions = [make() for _ in range(SESSIONS)]
    turns = count()

    async def play(kind: str, seconds: float) -> _Played:
        steps, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            anew = next(turns) % BUDGET == 0
            for session in sessions:
                if anew:
                    session.reset()
                seen = session.step(workload.new_statement(kind)).observation
                assert seen.result is not None, seen
                assert seen.result.row_count == 20, seen
            steps += len(sessions)
        return _Played(steps, steps / elapsed)

    return _Rival(IN_PROCESS, play, time.process_time)


@contextmanager
def _openenv(
    python: Path, bank: Path, folder: Path, name: str, app: str, environment: str
) -> Iterator[_Rival]:
    """Runs an OpenEnv server with a worker for each core, as OpenEnv's documentation recommends."""
    if environment == "echo":
        write_echo_environment(python, folder)
    settings = {"BANK": str(bank), "MAX_CONCURRENT_ENVS": str(SESSIONS)}
    with (
        openenv_server(python, app, usable_cores(), settings, folder) as (address, pid),
        load(python, "openenv_load", address, str(SESSIONS), environment) as program,
    ):
        yield _rival(name, program, pid)


@contextmanager
def _gymnasium(python: Path, bank: Path, name: str, sessions: int, way: str) -> Iterator[_Rival]:
    with load(python, "gymnasium_load", str(bank), str(sessions), way) as program:
        yield _rival(name, program)


def _rival(name: str, program: Load, *servers: int) -> _Rival:
    async def play(kind: str, seconds: float) -> _Played:
        steps, took = program.play(kind, seconds)
        return _Played(steps, steps / took)

    def cpu() -> float:
        return sum(map(cpu_seconds, (program.process.pid, *servers)))

    return _Rival(name, play, cpu)


def _configurations() -> str:
    """Says how each is configured, a line each."""
    cores, gymnasium = usable_cores(), pinned("gymnasium", "numpy")
    own = (
        f"sqldojo {version('sqldojo')}, grpcio {version('grpcio')}; {cores} players, journal on SQLite "
        "(NORMAL), guards on, results not kept"
    )
    openenv = (
        f"{pinned('openenv', 'websockets', 'uvicorn', 'uvloop', 'httptools')}; {cores} workers, no "
        f"compression, no access log, MAX_CONCURRENT_ENVS={SESSIONS}; a GenericEnvClient with its WebSocket "
        "for each session, on one uvloop; no journal"
    )
    return f"""{SESSIONS} sessions, {PROCESSES} of {ASYNC}; CPU is that of all processes, the client's too
{FRAMES}: {own}; one stream, frames of {FRAME}, {SESSIONS // FRAME} outstanding
{CALLS}: {own}; a call in flight a session
{IN_PROCESS}: the episode core in this process, on one core; no journal, no wire
{OPENENV}: {openenv}; the core in an Environment, its steps played on the event loop
{ECHO}: {openenv}; the environment that `openenv init` writes, which sends back what it gets
{SYNC}: {gymnasium}; SyncVectorEnv of the core in one process, observations not copied; no journal, no wire
{ASYNC}: {gymnasium}; AsyncVectorEnv of the core, a forked process a session, observations pickled"""


BENCHMARK = Benchmark(
    "rivals",
    "Steps per second beside what a user would pick instead",
    _configurations(),
    16.0,
    measure,
    Picture(Shape.BARS, "", "steps/s"),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
