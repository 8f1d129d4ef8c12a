"""What it costs that sessions survive, are guarded and are shared, each beside the same without it.

journal: wall time of a light step in frames of 128 on a server with a journal, less that on one without.
guards: a light statement in the sandbox, less the same on a bare connection.
opening: a session, in frames of 128 that open nothing but sessions.
greedy: by how much another caller's eight streams of heavy frames slow one caller's stream of light ones.
crowd: 10,000 live sessions: their memory, and how long a single light step takes while 200 of them step
every two seconds, beside one alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles

import apsw
from rich.console import Console
from rich.table import Table

from sqldojo.service.core.schema import READ_ALL
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.v1 import action_pb2
from sqldojo.v1 import environment_pb2 as pb

from . import server_load, workload
from .server_load import SERVICE

LIVE, ACTIVE = 10_000, 200
STEPS = 90  # of an episode
THINK = 2.0  # seconds between two steps of an active session


@dataclass(frozen=True, slots=True)
class Cost:
    """A figure that should be `reach` at most; None: no claim."""

    what: str
    value: float
    unit: str
    reach: float | None

    @property
    def reached(self) -> bool:
        """It is what it should be."""
        return self.reach is None or self.value <= self.reach


def measure(seconds: float) -> list[Cost]:
    """Measures everything, in about `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        bank = Path(folder) / "benchmark.sqlite"
        workload.write_benchmark_bank(bank)
        return [
            *asyncio.run(_journal(bank, Path(folder), seconds * 0.4)),
            _guards(seconds * 0.05),
            asyncio.run(_opening(bank, seconds * 0.05)),
            asyncio.run(_greedy(bank, Path(folder), seconds * 0.2)),
            *asyncio.run(_crowd(bank, seconds * 0.3)),
        ]


async def _journal(bank: Path, folder: Path, seconds: float, rounds: int = 8) -> list[Cost]:
    kinds = {
        "none": ["--journal", "none"],
        "NORMAL": ["--journal", str(folder / "normal.sqlite"), "--synchronous", "normal"],
        "FULL": ["--journal", str(folder / "full.sqlite"), "--synchronous", "full"],
    }
    with ExitStack() as stack:
        channels = {
            name: server_load.channel(stack.enter_context(server_load.server(bank, *options)).address)
            for name, options in kinds.items()
        }
        loads = {name: server_load.FrameLoad(channel, "light") for name, channel in channels.items()}
        for load in loads.values():
            await load.start()
        each = seconds / rounds / len(kinds)
        rates = [
            {name: await load.steps_per_second(each) for name, load in loads.items()} for _ in range(rounds)
        ]
        for channel in channels.values():
            await channel.close()
    return [
        Cost(
            f"journal, synchronous {name}",
            median(1e6 / rate[name] - 1e6 / rate["none"] for rate in rates),
            "µs a step",
            15.0 if name == "NORMAL" else None,
        )
        for name in ("NORMAL", "FULL")
    ]


def _guards(seconds: float, rounds: int = 10) -> Cost:
    images = DatabaseImages.of("benchmark", [workload.image()])
    guarded = DatabasePool(Limits()).world(images, READ_ALL).visible
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", workload.image())
    cursor = connection.cursor()
    number = 0

    def microseconds(guard: bool) -> float:
        nonlocal number
        began = time.perf_counter()
        first = number
        while (elapsed := time.perf_counter() - began) < seconds / rounds / 2:
            for _ in range(50):
                sql = workload.statement("light", number)
                number += 1
                if guard:
                    guarded.execute(sql)
                else:
                    cursor.execute(sql)
                    cursor.get_description()
                    cursor.fetchall()
        return elapsed / (number - first) * 1e6

    return Cost(
        "guards",
        median(microseconds(True) - microseconds(False) for _ in range(rounds)),
        "µs a statement",
        15.0,
    )


async def _opening(bank: Path, seconds: float) -> Cost:
    with server_load.server(bank) as server:
        async with server_load.channel(server.address) as channel:
            stream: server_load.Stream = channel.stream_stream(SERVICE + "Rollout")()
            opened, spent = 0, 0.0
            while spent < seconds:
                names = [f"o{opened + place}" for place in range(128)]
                began = time.perf_counter()
                await _frame(stream, [pb.Command(reset=_reset(name)) for name in names])
                spent += time.perf_counter() - began
                opened += len(names)
                await _frame(stream, [pb.Command(close=pb.CloseSessionRequest(session_id=n)) for n in names])
    return Cost("opening a session", spent / opened * 1e6, "µs", 100.0)


async def _greedy(bank: Path, folder: Path, seconds: float, rounds: int = 4) -> Cost:
    tokens = {name: secrets.token_urlsafe(16) for name in ("polite", "greedy")}
    file = folder / "tokens.toml"
    file.write_text(
        "".join(
            f'[[token]]\nname = "{name}"\nscope = "trainer"\n'
            f'sha256 = "{hashlib.sha256(token.encode()).hexdigest()}"\n'
            for name, token in tokens.items()
        )
    )
    context = get_context("spawn")
    with server_load.server(bank, "--tokens", str(file)) as server:
        async with server_load.channel(server.address) as channel:
            polite = server_load.FrameLoad(channel, "light", frame=16, outstanding=1, token=tokens["polite"])
            await polite.start()
            ratios = []
            for _ in range(rounds):
                alone = await polite.steps_per_second(seconds / rounds / 2)
                begun = context.Event()
                other = context.Process(
                    target=_play_greedily, args=(server.address, tokens["greedy"], begun), daemon=True
                )
                other.start()
                await asyncio.to_thread(begun.wait)
                ratios.append(alone / await polite.steps_per_second(seconds / rounds / 2))
                other.terminate()
                other.join()
    return Cost("a polite caller beside a greedy one", median(ratios), "times slower", 2.0)


def _play_greedily(address: str, token: str, begun: Event) -> None:
    """Keeps eight streams of heavy frames busy, until this process is ended."""

    async def play() -> None:
        async with server_load.channel(address) as channel:
            loads = [
                server_load.FrameLoad(channel, "heavy", token=token, name=f"greedy-{number}")
                for number in range(8)
            ]
            for load in loads:
                await load.start()
            begun.set()
            await asyncio.gather(*(load.steps_per_second(1e9) for load in loads))

    asyncio.run(play())


async def _crowd(bank: Path, seconds: float) -> list[Cost]:
    """A light step's p99 while one session plays, and while 200 do, with 10,000 live both times."""
    with server_load.server(bank, "--idle-seconds", "3600") as server:
        async with server_load.channel(server.address) as channel:
            stream: server_load.Stream = channel.stream_stream(SERVICE + "Rollout")()
            for at in range(0, LIVE, 250):
                opened = [_reset(f"c{n}", budget=STEPS) for n in range(at, at + 250)]
                await _frame(stream, [pb.Command(reset=reset) for reset in opened])
            step: server_load.Call = channel.unary_unary(SERVICE + "Step")
            alone = await _latencies(step, 1, 0.0, seconds / 2)
            among = await _latencies(step, ACTIVE, THINK, seconds / 2)
            held = sum(_resident(pid) for pid in _family(server.pid))
    return [
        Cost(f"{LIVE:,} live sessions", held / 2**20, "MB", 2048.0),
        Cost("p99 of a light step, one session active", _p99(alone) * 1e3, "ms", None),
        Cost(f"p99 of a light step, {ACTIVE} active", _p99(among) / _p99(alone), "times that", 5.0),
    ]


async def _latencies(step: server_load.Call, active: int, think: float, seconds: float) -> list[float]:
    """Has so many sessions step every `think` seconds; gives all latencies.

    Each goes on as another session of the 10,000 when its episode is over, half of them for either call.
    """
    found: list[float] = []
    until = time.perf_counter() + seconds

    async def play(place: int) -> None:
        await asyncio.sleep(think * place / active)
        for session in range(place + (LIVE // 2 if active == 1 else 0), LIVE, active):
            for index in range(1, STEPS + 1):
                if time.perf_counter() > until:
                    return
                query = action_pb2.Query(sql=workload.statement("light", session * STEPS + index))
                action = action_pb2.Action(query=query)
                request = pb.StepRequest(session_id=f"c{session}", step_index=index, action=action)
                began = time.perf_counter()
                await step(request.SerializeToString())
                found.append(time.perf_counter() - began)
                await asyncio.sleep(think)

    await asyncio.gather(*map(play, range(active)))
    return found


def _p99(latencies: list[float]) -> float:
    return quantiles(latencies, n=100)[98]


def _reset(session_id: str, budget: int = 0) -> pb.ResetRequest:
    return pb.ResetRequest(task_id=workload.TASK_ID, session_id=session_id, budget=budget)


async def _frame(stream: server_load.Stream, commands: list[pb.Command]) -> pb.RolloutResponse:
    await stream.write(pb.RolloutRequest(commands=commands).SerializeToString())
    reply = await stream.read()
    assert isinstance(reply, bytes), "the server ended the stream"
    answered = pb.RolloutResponse.FromString(reply)
    assert not any(result.HasField("error") for result in answered.results), answered.results[0]
    return answered


def _family(pid: int) -> list[int]:
    """Gives a process and all that come from it."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    children = (child for file in files for child in file.read_text().split())
    return [pid, *(each for child in children for each in _family(int(child)))]


def _resident(pid: int) -> int:
    """Gives the memory that a process does not share with files, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def show(costs: list[Cost], console: Console) -> None:
    """Prints the table."""
    table = Table("what", "figure", "", "reach", title="What it costs")
    table.columns[1].justify = table.columns[3].justify = "right"
    for each in costs:
        colour = "green" if each.reached else "red"
        reach = f"≤ {each.reach:g}" if each.reach is not None else ""
        table.add_row(each.what, f"[{colour}]{each.value:.1f}[/]", each.unit, reach)
    console.print(table)
