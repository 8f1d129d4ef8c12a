"""`python -m benchmarks.costs`: what it costs that sessions survive, are guarded and are shared.

Each beside the same without it.

journal: wall time of a light step in frames of 128 on a server with a journal, less that on one without.
guards: a light statement in the sandbox, less the same on a bare connection.
opening: a session, in frames of 128 that open nothing but sessions, four of them under way.
greedy: by how much another caller's eight streams of heavy frames slow one caller's stream of light ones.
crowd: 10,000 live sessions: their memory, and how long a single light step takes while 200 of them step
every two seconds, beside one alone.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import apsw

from sqldojo.cli.token import entry
from sqldojo.service.core.schema import READ_ALL
from sqldojo.service.sandbox.images import DatabaseImages
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.v1 import action_pb2
from sqldojo.v1 import environment_pb2 as pb

from . import report, server_load, workload
from .figure import Benchmark, Figure, Picture, Shape
from .server_load import SERVICE
from .turns import rounds

FRAME = 128
OPENINGS = 4 * FRAME  # whose frames are under way together
LIVE, ACTIVE = 10_000, 200
STEPS = 90  # of an episode
THINK = 2.0  # seconds between two steps of an active session


def measure(seconds: float) -> list[Figure]:
    """Measures everything."""
    return [
        *asyncio.run(_journal(seconds * 0.4)),
        _guards(seconds * 0.05),
        asyncio.run(_opening(seconds * 0.05)),
        asyncio.run(_greedy(seconds * 0.2)),
        *asyncio.run(_crowd(seconds * 0.3)),
    ]


async def _journal(seconds: float, most: int = 8) -> list[Figure]:
    kinds = ("none", "normal", "full")
    with ExitStack() as stack:
        channels = {
            kind: server_load.channel(stack.enter_context(server_load.server(journal=kind)).address)
            for kind in kinds
        }
        loads = {name: server_load.FrameLoad(channel, "light") for name, channel in channels.items()}
        number, each = rounds(seconds, len(kinds), most)
        rates = [{name: (await load.play(each)).rate for name, load in loads.items()} for _ in range(number)]
        for channel in channels.values():
            await channel.close()
    return [
        Figure(
            f"journal, synchronous {kind}",
            median(1e6 / rate[kind] - 1e6 / rate["none"] for rate in rates),
            "µs a step",
            15.0 if kind == "normal" else None,
            at_most=True,
            series="a step or statement",
            at=f"journal, {kind}",
        )
        for kind in ("normal", "full")
    ]


def _guards(seconds: float, statements: int = 50) -> Figure:
    images = DatabaseImages.of("benchmark", [workload.image()])
    guarded = DatabasePool(Limits()).open_private(images, 0, READ_ALL)
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", workload.image())
    cursor = connection.cursor()

    def microseconds(guard: bool) -> float:
        texts = [workload.new_statement("light") for _ in range(statements)]
        began = time.perf_counter()
        for sql in texts:
            if guard:
                guarded.execute(sql)
            else:
                cursor.execute(sql)
                cursor.get_description()
                cursor.fetchall()
        return (time.perf_counter() - began) / statements * 1e6

    found: dict[bool, list[float]] = {True: [], False: []}
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for guard, each in found.items():
            each.append(microseconds(guard))
    # What else the machine does only ever slows: the turns that it left alone tell what the code costs.
    quickest = {guard: quantiles(each, n=10)[0] for guard, each in found.items()}
    return Figure(
        "guards",
        quickest[True] - quickest[False],
        "µs a statement",
        15.0,
        at_most=True,
        series="a step or statement",
        at="guards",
    )


async def _opening(seconds: float) -> Figure:
    with server_load.server() as server:
        async with server_load.channel(server.address) as channel:
            stream: server_load.Stream = channel.stream_stream(SERVICE + "Rollout")()
            opened, spent = 0, 0.0
            while spent < seconds:
                names = [f"o{opened + place}" for place in range(OPENINGS)]
                spent += await _play(stream, [pb.Command(reset=_reset(name)) for name in names])
                opened += len(names)
                closings = (pb.CloseSessionRequest(session_id=name) for name in names)
                await _play(stream, [pb.Command(close=closing) for closing in closings])
    return Figure(
        "opening a session",
        spent / opened * 1e6,
        "µs",
        100.0,
        at_most=True,
        series="a step or statement",
        at="opening a session",
    )


async def _greedy(seconds: float, most: int = 2) -> Figure:
    number, each = rounds(seconds, 2, most)
    tokens = {name: secrets.token_urlsafe(16) for name in ("polite", "greedy")}
    context = get_context("spawn")
    with (
        _tokens_file(tokens) as file,
        # The greedy one is a process anew each time, which plays the same statements.
        server_load.server("--tokens", str(file), "--result-memory", "0") as server,
    ):
        async with server_load.channel(server.address) as channel:
            polite = server_load.FrameLoad(channel, "light", frame=16, outstanding=1, token=tokens["polite"])
            ratios = []
            for _ in range(number):
                alone = (await polite.play(each)).rate
                begun = context.Event()
                other = context.Process(
                    target=_play_greedily, args=(server.address, tokens["greedy"], begun), daemon=True
                )
                other.start()
                if not await asyncio.to_thread(begun.wait, 60.0):
                    raise RuntimeError("the greedy caller's process did not begin; its error is above")
                ratios.append(alone / (await polite.play(each)).rate)
                other.terminate()
                other.join()
    return Figure("a polite caller beside a greedy one", median(ratios), "times slower", 2.0, at_most=True)


@contextmanager
def _tokens_file(tokens: dict[str, str]) -> Iterator[Path]:
    """Writes a file of tokens, each by its name, for as long as the block takes."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "tokens.toml"
        file.write_text("".join(entry(name, "trainer", token) for name, token in tokens.items()))
        yield file


def _play_greedily(address: str, token: str, begun: Event) -> None:
    """Keeps eight streams of heavy frames busy, until this process is ended."""

    async def play() -> None:
        async with server_load.channel(address) as channel:
            loads = [
                server_load.FrameLoad(channel, "heavy", token=token, name=f"greedy-{number}")
                for number in range(8)
            ]
            for load in loads:  # opens their sessions
                await load.play(0.0)
            begun.set()
            await asyncio.gather(*(load.play(1e9) for load in loads))

    asyncio.run(play())


async def _crowd(seconds: float) -> list[Figure]:
    """A light step's p99 while one session plays, and while 200 do, with 10,000 live both times."""
    with server_load.server("--idle-seconds", "3600") as server:
        async with server_load.channel(server.address) as channel:
            stream: server_load.Stream = channel.stream_stream(SERVICE + "Rollout")()
            for at in range(0, LIVE, FRAME):
                opened = [_reset(f"c{n}", budget=STEPS) for n in range(at, min(at + FRAME, LIVE))]
                await _play(stream, [pb.Command(reset=reset) for reset in opened])
            step: server_load.Call = channel.unary_unary(SERVICE + "Step")
            alone = await _latencies(step, 1, 0.0, seconds / 2)
            among = await _latencies(step, ACTIVE, THINK, seconds / 2)
            held = server.resident_bytes()
    more = _p99(among) / _p99(alone)
    return [
        Figure(f"{LIVE:,} live sessions", held / 2**20, "MB", 2048.0, at_most=True),
        Figure("p99 of a light step, one session active", _p99(alone) * 1e3, "ms"),
        Figure(f"p99 of a light step, {ACTIVE} active", more, "times that", 5.0, at_most=True),
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
                query = action_pb2.Query(sql=workload.new_statement("light"))
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


async def _play(stream: server_load.Stream, commands: list[pb.Command]) -> float:
    """Sends commands in frames, all at once; gives the seconds from the first frame to the last answer."""
    frames = [commands[at : at + FRAME] for at in range(0, len(commands), FRAME)]
    sent = [pb.RolloutRequest(commands=frame).SerializeToString() for frame in frames]
    began = time.perf_counter()
    for frame in sent:
        await stream.write(frame)
    replies = [await stream.read() for _ in sent]
    elapsed = time.perf_counter() - began
    for reply in replies:
        assert isinstance(reply, bytes), "the server ended the stream"
        for result in pb.RolloutResponse.FromString(reply).results:
            assert not result.HasField("error"), result
    return elapsed


BENCHMARK = Benchmark(
    "costs",
    "What journal, guards, openings and other callers cost",
    "light steps in frames of 128, 4 outstanding, one player; guards without a server; the polite caller has "
    f"one frame of 16 under way; {LIVE:,} sessions by single calls",
    40.0,
    measure,
    Picture(Shape.BARS, "", "µs"),
)

if __name__ == "__main__":
    sys.exit(report.run_one(BENCHMARK))
