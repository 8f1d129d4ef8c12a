"""Load on a real server process: frames over one stream, and single calls."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import grpc

from sqldojo.v1 import action_pb2
from sqldojo.v1 import environment_pb2 as pb

from . import processes, workload

BUDGET = 15  # steps of an episode; then its session begins anew
SERVICE = "/sqldojo.v1.EnvironmentService/"
SQLDOJO = (sys.executable, "-m", "sqldojo.cli")

Call = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
Stream = grpc.aio.StreamStreamCall[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: where it serves, and its process."""

    address: str
    pid: int

    def cpu_seconds(self) -> float:
        """Gives the processor's time that all of its processes have taken."""
        return sum(sum(processes.threads_seconds(pid).values()) for pid in processes.family(self.pid))

    def resident_bytes(self) -> int:
        """Gives the memory that all of its processes have."""
        return sum(map(processes.resident_bytes, processes.family(self.pid)))


class Played(NamedTuple):
    """How many steps were played in how many seconds, and in how many of the processor's, where counted."""

    steps: int
    seconds: float
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Steps per second."""
        return self.steps / self.seconds

    @property
    def cost(self) -> float:
        """Seconds of the processor's time that a step took."""
        return self.cpu_seconds / self.steps


@contextmanager
def server(
    *options: str,
    journal: str = "normal",
    default_bank: bool = False,
    command: Sequence[str] = SQLDOJO,
) -> Iterator[Server]:
    """Runs a server of its own, with further options of `sqldojo serve`; it ends with the block.

    It plays the benchmark's bank, or the default one. `journal` is how a journal in a file is written,
    normal or full, or none, or a database's URL. `command` runs the command line.
    """
    with TemporaryDirectory() as folder:
        arguments = ["serve", "--address", "127.0.0.1:0", "--embedded", *options]
        arguments += ["--statement-deadline", "60"]  # that of a machine which others use as well
        if journal == "none" or "://" in journal:
            arguments += ["--journal", journal]
        else:
            arguments += ["--journal", str(Path(folder) / "journal.sqlite"), "--synchronous", journal]
        if not default_bank:
            bank = Path(folder) / "benchmark.sqlite"
            workload.write_benchmark_bank(bank)
            arguments += ["--bank", str(bank)]
        log = Path(folder) / "log"
        with log.open("w", encoding="utf-8") as stderr:
            process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert process.stdout is not None
        try:
            if not (ready := process.stdout.readline()):
                raise RuntimeError(f"the server did not start:\n{log.read_text(encoding='utf-8')}")
            yield Server(json.loads(ready)["address"], process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def channel(address: str) -> grpc.aio.Channel:
    """Opens a channel with the options that the client package uses for its streams."""
    return grpc.aio.insecure_channel(
        address,
        [("grpc.max_receive_message_length", -1), ("grpc.http2.lookahead_bytes", 4 * 1024 * 1024)],
    )


class Session:
    """One session of a load: gives its next command, and begins anew when its episode is over.

    The first episode of the `number`-th session is shorter, so that not all of them begin anew at once.
    """

    def __init__(self, name: str, kind: str, number: int) -> None:
        self._name = name
        self._kind = kind
        self._last = 1 + number % BUDGET
        self._step = -1  # not opened

    def next(self) -> pb.Command:
        """Gives the next command: a reset where the episode is over, else a step."""
        if self._step < 0 or self._step == self._last:
            self._last = BUDGET if self._step > 0 else self._last
            self._step = 0
            return pb.Command(
                reset=pb.ResetRequest(task_id=workload.TASK_ID, session_id=self._name, budget=BUDGET)
            )
        self._step += 1
        query = action_pb2.Query(sql=workload.new_statement(self._kind))
        return pb.Command(
            step=pb.StepRequest(
                session_id=self._name, step_index=self._step, action=action_pb2.Action(query=query)
            )
        )


class FrameLoad:
    """Sessions over one stream, in turn, `outstanding` frames of `frame` commands under way at a time.

    There are as many `sessions` as commands are under way, unless another number is given. `steps` is how
    many were played in all.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        kind: str,
        *,
        frame: int = 128,
        outstanding: int = 4,
        sessions: int = 0,
        name: str = "frames",
        token: str = "",
    ) -> None:
        self._frame = frame
        self._outstanding = outstanding
        self._name = f"{name}-{kind}-{frame}x{outstanding}"
        self._kind = kind
        self._sessions: list[Session] = []
        self._add(sessions or frame * outstanding)
        self._place = 0
        self.steps = 0
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._stream: Stream = channel.stream_stream(SERVICE + "Rollout")(metadata=metadata)

    async def grow(self, sessions: int) -> None:
        """Opens more sessions, so that there are so many, and gives each its turn."""
        self._add(sessions - len(self._sessions))
        for _ in range(-(-sessions // self._frame)):
            await self.send()
            await self.receive()

    async def play(self, seconds: float, cpu: Callable[[], float] | None = None) -> Played:
        """Plays for about `seconds`, one step at least, and leaves nothing under way.

        Resets are played as well, but not counted. `cpu` tells how much of the processor's time was taken
        until now.
        """
        for _ in range(self._outstanding):
            await self.send()
        await self._turn_over()  # from now on the server has work all the time
        steps = 0
        began = cpu() if cpu else 0.0
        started = time.perf_counter()
        while (elapsed := time.perf_counter() - started) < seconds or not steps:
            steps += await self._turn_over()
        taken = cpu() - began if cpu else 0.0
        for _ in range(self._outstanding):
            await self.receive()
        return Played(steps, elapsed, taken)

    async def send(self) -> None:
        """Sends the next frame."""
        sessions = self._sessions
        places = range(self._place, self._place + self._frame)
        self._place = places.stop % len(sessions)
        commands = [sessions[place % len(sessions)].next() for place in places]
        await self._stream.write(pb.RolloutRequest(commands=commands).SerializeToString())

    async def receive(self) -> int:
        """Takes the next reply; gives how many steps were played."""
        reply = await self._stream.read()
        assert isinstance(reply, bytes), "the server ended the stream"
        steps = _count(reply)
        self.steps += steps
        return steps

    def _add(self, sessions: int) -> None:
        known = len(self._sessions)
        self._sessions += [
            Session(f"{self._name}-{number}", self._kind, number) for number in range(known, known + sessions)
        ]

    async def _turn_over(self) -> int:
        steps = await self.receive()
        await self.send()
        return steps


class CallLoad:
    """Sessions that play by single calls, `in_flight` of them at once."""

    def __init__(
        self, channel: grpc.aio.Channel, kind: str, *, in_flight: int = 64, name: str = "calls"
    ) -> None:
        self._sessions = [Session(f"{name}-{kind}-{number}", kind, number) for number in range(in_flight)]
        self._step: Call = channel.unary_unary(SERVICE + "Step")
        self._reset: Call = channel.unary_unary(SERVICE + "Reset")

    async def play(self, seconds: float) -> Played:
        """Plays for about `seconds`. Resets are played as well, but not counted."""
        started = time.perf_counter()
        places = range(len(self._sessions))
        steps = sum(await asyncio.gather(*(self._play(place, started + seconds) for place in places)))
        return Played(steps, time.perf_counter() - started)

    async def step(self, place: int) -> None:
        """Plays a step of the session at a place, opening it before where that is due."""
        command = self._sessions[place].next()
        if command.WhichOneof("kind") == "reset":
            await self._reset(command.reset.SerializeToString())
            command = self._sessions[place].next()
        data = await self._step(command.step.SerializeToString())
        assert pb.StepResponse.FromString(data).observation.result.row_count == workload.ROWS

    async def _play(self, place: int, until: float) -> int:
        steps = 0
        while time.perf_counter() < until:
            await self.step(place)
            steps += 1
        return steps


async def exchange(stream: Stream, commands: Sequence[pb.Command]) -> pb.RolloutResponse:
    """Sends a frame over a stream on which none is under way; gives its answer."""
    await stream.write(pb.RolloutRequest(commands=commands).SerializeToString())
    reply = await stream.read()
    assert isinstance(reply, bytes), "the server ended the stream"
    return pb.RolloutResponse.FromString(reply)


def _count(data: bytes) -> int:
    steps = 0
    for result in pb.RolloutResponse.FromString(data).results:
        if result.WhichOneof("kind") == "step":
            assert result.step.observation.result.row_count == workload.ROWS, result
            steps += 1
        else:
            assert result.WhichOneof("kind") == "reset", result
    return steps
